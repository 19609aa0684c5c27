//! An image's layers merged into a tree.

use plimsoll_layer::{HashingReader, LayerError, Limits};
use plimsoll_oci::{Image, ImageError};
use plimsoll_tree::{Builder, ContentSink, Tree, TreeError};

use crate::SourceError;
use crate::pipe::pipe;

/// Merges every layer of `image`, base first, contents going to `sink`. Each blob is checked against its digest and each
/// uncompressed layer against its diffID.
///
/// One thread reads and decompresses, across layers; the calling one hashes and merges.
pub fn load(image: &dyn Image, sink: &mut dyn ContentSink, limits: &Limits) -> Result<Tree, SourceError> {
    let (mut sender, pieces) = pipe();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for index in 0..image.layers().len() {
                if !sender.layer(image, index, limits) {
                    return;
                }
            }
        });
        // Moved in here, so that it is dropped, and the other thread stops, as soon as this returns.
        let mut pieces = pieces;
        let mut builder = Builder::new(limits);
        for (layer, source) in image.layers().iter().enumerate() {
            let number = u32::try_from(layer).map_err(|_| SourceError::malformed("image", "it has too many layers"))?;
            let mut tar = HashingReader::new(&mut pieces);
            builder.layer(number, &mut tar, sink).map_err(|error| layer_error(layer, error))?;
            let (found, _) = tar.finish();
            pieces.next_layer();
            if found != source.diff_id {
                return Err(SourceError::DiffId { layer, expected: source.diff_id.clone(), found });
            }
        }
        Ok(builder.finish())
    })
}

/// An error that travelled through `Read`s as what it was: content that does not match is not a malformed layer.
pub(crate) fn layer_error(layer: usize, error: TreeError) -> SourceError {
    match error {
        TreeError::Layer(LayerError::Io(source)) => match source.downcast::<ImageError>() {
            Ok(error) => error.into(),
            Err(source) => SourceError::Layer { layer, source: LayerError::Io(source).into() },
        },
        source => SourceError::Layer { layer, source },
    }
}
