//! `Packages.db`: rpm's own format, a table of slots that say where each package's blob lies.

use std::borrow::Cow;

use super::pages::{Blob, little};

/// Slots are kept in pages of this size.
const PAGE: usize = 4096;

/// The unit of offsets and lengths.
const BLOCK: usize = 16;

/// Gives the blob of every slot that is in use.
pub(super) fn blobs<'a>(bytes: &'a [u8], each: &mut dyn FnMut(Blob<'a>)) -> Result<(), String> {
    if !bytes.starts_with(b"RpmP") {
        return Err("is no ndb database".to_owned());
    }
    if little::<4>(bytes, 4) != Some(0) {
        return Err("is an ndb database of an unknown version".to_owned());
    }
    let pages = little::<4>(bytes, 12).filter(|p| *p > 0).ok_or("is an ndb database with a broken header")?;
    let table = pages.checked_mul(PAGE).and_then(|end| bytes.get(..end)).ok_or("ends within its table of slots")?;
    // Blobs do not overlap: slots that all lead to one long blob would make much out of little.
    let mut room = bytes.len();
    // The header takes the first two slots.
    for slot in table.chunks_exact(BLOCK).skip(2) {
        if !slot.starts_with(b"Slot") {
            each(Err("a slot is malformed".to_owned()));
            continue;
        }
        let field = |at| little::<4>(slot, at).unwrap_or_default();
        let (package, offset, blocks) = (field(4), field(8), field(12));
        if package == 0 || offset == 0 {
            continue;
        }
        let used = blocks.saturating_mul(BLOCK);
        room = room.checked_sub(used).ok_or("blobs overlap")?;
        let place = bytes.get(offset.saturating_mul(BLOCK)..).and_then(|b| b.get(..used));
        each(match place.and_then(|place| blob(place, package)) {
            Some(blob) => Ok(Cow::Borrowed(blob)),
            None => Err(format!("the blob of package {package} is malformed")),
        });
    }
    Ok(())
}

/// A blob between its head (mark, package, generation, length) and its tail (checksum, length, mark).
fn blob(place: &[u8], package: usize) -> Option<&[u8]> {
    let len = little::<4>(place, 12)?;
    let tail = place.len().checked_sub(12)?;
    let whole = place.starts_with(b"BlbS")
        && little::<4>(place, 4) == Some(package)
        && little::<4>(place, tail + 4) == Some(len)
        && place.ends_with(b"BlbE");
    place.get(..tail)?.get(16..)?.get(..len).filter(|_| whole)
}
