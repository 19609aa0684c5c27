//! Layers read independently of each other, several at a time.

use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_layer::{HashingReader, LayerError, Limits};
use plimsoll_oci::Image;

use crate::SourceError;
use crate::load::layer_error;
use crate::pipe::pipe;

/// Reads the layers of `image` numbered in `wanted`, `jobs` at a time, the largest first. `read` is given a layer's
/// number and its uncompressed stream, and must read it to its end. Each blob is checked against its digest and each
/// stream against its diffID. The results stand in the order of `wanted`, whatever order they came in; of several
/// errors the lowest layer's is told.
///
/// Every job decompresses on a thread of its own.
pub fn read_layers<T: Send>(
    image: &dyn Image,
    wanted: &[usize],
    jobs: usize,
    limits: &Limits,
    read: &(dyn Fn(usize, &mut dyn Read) -> Result<T, LayerError> + Sync),
) -> Result<Vec<T>, SourceError> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    let size = |i: &usize| wanted.get(*i).and_then(|l| image.layers().get(*l)).map_or(0, |l| l.descriptor.size);
    order.sort_by_key(|i| (std::cmp::Reverse(size(i)), *i));
    let slots: Vec<Mutex<Option<Result<T, SourceError>>>> = wanted.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, order.len().max(1)) {
            scope.spawn(|| {
                while let Some(&slot) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = one(image, wanted[slot], limits, read);
                    if result.is_err() {
                        // Nothing else is worth starting.
                        next.store(order.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut place) = slots[slot].lock() {
                        *place = Some(result);
                    }
                }
            });
        }
    });
    let done: Vec<T> = slots.into_iter().filter_map(|s| s.into_inner().ok().flatten()).collect::<Result<_, _>>()?;
    // A layer is only passed over where another one's error ends everything: what is missing here is never left out.
    if done.len() == wanted.len() { Ok(done) } else { Err(SourceError::malformed("image", "not every layer was read")) }
}

fn one<T>(
    image: &dyn Image,
    layer: usize,
    limits: &Limits,
    read: &(dyn Fn(usize, &mut dyn Read) -> Result<T, LayerError> + Sync),
) -> Result<T, SourceError> {
    let (mut sender, pieces) = pipe();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.layer(image, layer, limits));
        let mut tar = HashingReader::new(pieces);
        let value = read(layer, &mut tar).map_err(|error| layer_error(layer, error.into()))?;
        let (found, _) = tar.finish();
        match image.layers().get(layer) {
            Some(source) if found != source.diff_id => {
                Err(SourceError::DiffId { layer, expected: source.diff_id.clone(), found })
            }
            _ => Ok(value),
        }
    })
}
