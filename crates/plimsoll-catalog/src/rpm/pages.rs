//! A file of pages, none of which is read twice: that bounds every walk by the file, whatever its pointers say.

use std::borrow::Cow;

/// What a database holds for one package: a header's bytes, or why they could not be read.
pub(super) type Blob<'a> = Result<Cow<'a, [u8]>, String>;

pub(super) struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    seen: Vec<bool>,
}

impl<'a> Pages<'a> {
    /// Pages of `size` bytes; the last may be cut short.
    pub(super) fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { bytes, size, seen: vec![false; bytes.len().div_ceil(size.max(1))] }
    }

    /// The page at an index from 0.
    pub(super) fn take(&mut self, index: usize) -> Result<&'a [u8], String> {
        let seen = self.seen.get_mut(index).ok_or_else(|| format!("page {index} lies beyond the file's end"))?;
        if std::mem::replace(seen, true) {
            return Err(format!("page {index} is pointed to twice"));
        }
        let start = index * self.size;
        let end = self.bytes.len().min(start + self.size);
        Ok(self.bytes.get(start..end).unwrap_or_default())
    }

    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }
}

/// The number at an offset, most significant byte first.
pub(super) fn big<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let number: &[u8; N] = bytes.get(at..)?.first_chunk()?;
    Some(number.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// The number at an offset, least significant byte first.
pub(super) fn little<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let number: &[u8; N] = bytes.get(at..)?.first_chunk()?;
    Some(number.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
}
