//! Sparse files: GNU's old type `S`, and its PAX formats 0.0, 0.1 and 1.0.

use std::io::{self, Read};

use crate::header::{BLOCK, number};
use crate::pax::unsigned;

/// Where a sparse file's stored bytes belong, and how far it was read.
pub(crate) struct Sparse {
    parts: Vec<(u64, u64)>,
    size: u64,
    next: usize,
    at: u64,
}

impl Sparse {
    /// A sparse file of logical `size` whose `parts` (offset, length) hold exactly `stored` bytes, in order and apart.
    pub(crate) fn new(parts: Vec<(u64, u64)>, size: u64, stored: u64) -> Result<Self, &'static str> {
        let (mut end, mut sum) = (0_u64, 0_u64);
        for (offset, len) in &parts {
            if *offset < end {
                return Err("sparse parts overlap or are out of order");
            }
            end = offset.checked_add(*len).filter(|e| *e <= size).ok_or("sparse part lies beyond the file's end")?;
            sum += len;
        }
        if sum != stored {
            return Err("sparse map does not account for the stored bytes");
        }
        Ok(Self { parts, size, next: 0, at: 0 })
    }

    /// Reads from the file as it would be unpacked; `stored` gives the stored bytes.
    pub(crate) fn read(&mut self, buf: &mut [u8], mut stored: impl Read) -> io::Result<usize> {
        while self.parts.get(self.next).is_some_and(|(offset, len)| self.at >= offset + len) {
            self.next += 1;
        }
        let (until, is_data) = match self.parts.get(self.next) {
            Some((offset, len)) if self.at >= *offset => (offset + len, true),
            Some((offset, _)) => (*offset, false),
            None => (self.size, false),
        };
        let len = buf.len().min(usize::try_from(until - self.at).unwrap_or(usize::MAX));
        let n = if is_data {
            stored.read(&mut buf[..len])?
        } else {
            buf[..len].fill(0);
            len
        };
        self.at += n as u64;
        Ok(n)
    }
}

/// Adds the (offset, length) pairs of an old GNU header or extension block; `false` once an empty pair ends the list.
pub(crate) fn old_gnu_parts(fields: &[u8], parts: &mut Vec<(u64, u64)>, max: usize) -> Result<bool, &'static str> {
    for pair in fields.as_chunks::<24>().0 {
        if pair[0] == 0 || pair[12] == 0 {
            return Ok(false);
        }
        parts.push((field(&pair[..12])?, field(&pair[12..])?));
        if parts.len() > max {
            return Err("sparse file has too many parts");
        }
    }
    Ok(true)
}

pub(crate) fn field(bytes: &[u8]) -> Result<u64, &'static str> {
    number(bytes).and_then(|n| u64::try_from(n).ok()).ok_or("sparse field is not a number")
}

/// Pairs up the numbers of a PAX 0.0 or 0.1 map.
pub(crate) fn pairs(numbers: &[u64], max: usize) -> Result<Vec<(u64, u64)>, &'static str> {
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("sparse map has an odd number of fields");
    }
    if pairs.len() > max {
        return Err("sparse file has too many parts");
    }
    Ok(pairs.iter().map(|[offset, len]| (*offset, *len)).collect())
}

/// Reads a PAX 1.0 map from the head of the stored bytes, block by block: the number of parts, then offset and length of
/// each, one decimal number a line.
pub(crate) fn read_pax_1_0<E>(
    max: usize,
    mut block: impl FnMut() -> Result<[u8; BLOCK], E>,
    bad: impl Fn(&'static str) -> E,
) -> Result<Vec<(u64, u64)>, E> {
    let mut wanted = 1;
    let mut numbers = Vec::new();
    let mut line = Vec::new();
    while numbers.len() < wanted {
        for byte in block()? {
            if byte != b'\n' {
                line.push(byte);
                if line.len() > 20 {
                    return Err(bad("sparse map is not a list of numbers"));
                }
                continue;
            }
            let number = unsigned(&line).ok_or_else(|| bad("sparse map is not a list of numbers"))?;
            line.clear();
            if numbers.is_empty() {
                if number > max as u64 {
                    return Err(bad("sparse file has too many parts"));
                }
                wanted = 1 + 2 * number as usize;
            }
            numbers.push(number);
            if numbers.len() == wanted {
                break;
            }
        }
    }
    pairs(&numbers[1..], max).map_err(bad)
}
