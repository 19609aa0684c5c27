//! An image's layers merged into a tree.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use plimsoll_layer::{HashingReader, LayerError, Limits, decompress};
use plimsoll_oci::{Image, ImageError};
use plimsoll_tree::{Builder, ContentSink, Tree, TreeError};

use crate::SourceError;

const CHUNK: usize = 256 * 1024;
/// Chunks in flight: bounds what decompression may run ahead by.
const AHEAD: usize = 16;

enum Piece {
    Data(Vec<u8>),
    Failed(io::Error),
    EndOfLayer,
}

/// Merges every layer of `image`, base first, contents going to `sink`. Each blob is checked against its digest and each
/// uncompressed layer against its diffID.
///
/// One thread reads and decompresses, across layers; the calling one hashes and merges.
pub fn load(image: &dyn Image, sink: &mut dyn ContentSink, limits: &Limits) -> Result<Tree, SourceError> {
    let (send, receive) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for index in 0..image.layers().len() {
                let end = match decompress_layer(image, index, limits, &send) {
                    Ok(true) => Piece::EndOfLayer,
                    Ok(false) => return,
                    Err(error) => Piece::Failed(error),
                };
                if send.send(end).is_err() {
                    return;
                }
            }
        });
        // Owned here, so that it is dropped, and the other thread stops, as soon as this returns.
        let receive = receive;
        let mut builder = Builder::new(limits);
        for (layer, source) in image.layers().iter().enumerate() {
            let number = u32::try_from(layer).map_err(|_| SourceError::malformed("image", "it has too many layers"))?;
            let mut tar = HashingReader::new(Pieces { receive: &receive, current: Vec::new(), at: 0, ended: false });
            builder.layer(number, &mut tar, sink).map_err(|error| layer_error(layer, error))?;
            let (found, _) = tar.finish();
            if found != source.diff_id {
                return Err(SourceError::DiffId { layer, expected: source.diff_id.clone(), found });
            }
        }
        Ok(builder.finish())
    })
}

/// Sends a layer's uncompressed bytes; `false` if nobody takes them any more.
fn decompress_layer(image: &dyn Image, index: usize, limits: &Limits, send: &SyncSender<Piece>) -> io::Result<bool> {
    let blob = image.open_layer(index).map_err(io::Error::other)?;
    let mut tar = decompress(blob, limits).map_err(LayerError::into_io)?;
    loop {
        let mut chunk = vec![0; CHUNK];
        let mut len = 0;
        while len < CHUNK {
            match tar.read(&mut chunk[len..]) {
                Ok(0) => break,
                Ok(n) => len += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        let last = len < CHUNK;
        chunk.truncate(len);
        if !chunk.is_empty() && send.send(Piece::Data(chunk)).is_err() {
            return Ok(false);
        }
        if last {
            return Ok(true);
        }
    }
}

/// An error that travelled through `Read`s as what it was: content that does not match is not a malformed layer.
fn layer_error(layer: usize, error: TreeError) -> SourceError {
    match error {
        TreeError::Layer(LayerError::Io(source)) => match source.downcast::<ImageError>() {
            Ok(error) => error.into(),
            Err(source) => SourceError::Layer { layer, source: LayerError::Io(source).into() },
        },
        source => SourceError::Layer { layer, source },
    }
}

struct Pieces<'a> {
    receive: &'a Receiver<Piece>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.current.len() && !self.ended && !buf.is_empty() {
            match self.receive.recv() {
                Ok(Piece::Data(data)) => (self.current, self.at) = (data, 0),
                Ok(Piece::EndOfLayer) => self.ended = true,
                Ok(Piece::Failed(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                // The other thread always says how a layer ended, unless it died.
                Err(_) => return Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            }
        }
        let left = &self.current[self.at..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Ok(n)
    }
}
