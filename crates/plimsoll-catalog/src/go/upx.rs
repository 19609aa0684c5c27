//! ELF files packed by UPX: a stub, and the segments of the original as a chain of compressed blocks. Only what a search
//! for data needs is undone; the filter over machine code is left in place.

use std::io::Read;

use super::nrv;

const MAGIC: &[u8] = b"UPX!";
/// The header follows the stub's program headers.
const WHERE: usize = 4096;
/// The most that is unpacked, and the most that one byte can stand for in any of the methods.
const MAX_TOTAL: usize = 256 << 20;
const MAX_RATIO: usize = 8192;
const MAX_BLOCKS: usize = 65_536;

/// Bytes with the address that they are loaded at.
type Segments = Vec<(u64, Vec<u8>)>;

/// The loaded segments of the original file with their addresses; `None` where the file is not packed.
pub(crate) fn unpack(file: &[u8]) -> Result<Option<Segments>, &'static str> {
    let head = file.get(..file.len().min(WHERE)).unwrap_or_default();
    let Some(at) = memchr::memmem::find(head, MAGIC) else { return Ok(None) };
    let big = file.get(5) == Some(&2);
    // The rest of the loader's header and the program's own: what they say, the blocks say again.
    let mut rest = file.get(at + 8 + 12..).ok_or("it is truncated")?;
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut total = 0;
    while let Some((header, after)) = rest.split_at_checked(12) {
        let number = |from: usize| {
            let bytes = header.get(from..).and_then(|b| b.first_chunk::<4>().copied()).unwrap_or_default();
            (if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }) as usize
        };
        let (unpacked, packed) = (number(0), number(4));
        if unpacked == 0 || packed == 0 || packed > unpacked || blocks.len() >= MAX_BLOCKS {
            break;
        }
        let Some((data, after)) = after.split_at_checked(packed) else { break };
        total += unpacked;
        if total > MAX_TOTAL || unpacked / packed > MAX_RATIO {
            return Err("it is larger than is unpacked");
        }
        let method = header.get(8).copied().unwrap_or_default();
        blocks.push(if packed == unpacked { data.to_vec() } else { block(method, data, unpacked)? });
        rest = after;
    }
    segments(blocks, big).map(Some)
}

fn block(method: u8, data: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    let mut out = Vec::new();
    let most = size as u64;
    match method {
        // The little-endian 32-bit forms, the bytewise ones and the 16-bit ones.
        2..=4 => nrv::decode(nrv::Variant::B, [32, 8, 16][usize::from(method - 2)], data, size, &mut out),
        5..=7 => nrv::decode(nrv::Variant::D, [32, 8, 16][usize::from(method - 5)], data, size, &mut out),
        8..=10 => nrv::decode(nrv::Variant::E, [32, 8, 16][usize::from(method - 8)], data, size, &mut out),
        14 => {
            let (&[first, second], stream) = data.split_first_chunk().ok_or("a block is truncated")?;
            let (lc, lp, pb) = (second & 15, second >> 4, first & 7);
            let dictionary = size.max(4096) as u32;
            let reader = lzma_rust2::LzmaReader::new(stream, most, lc.into(), lp.into(), pb.into(), dictionary, None);
            let mut reader = reader.map_err(|_| "a block's LZMA properties are wrong")?;
            reader.by_ref().take(most).read_to_end(&mut out).ok();
        }
        15 => {
            flate2::read::DeflateDecoder::new(data).take(most).read_to_end(&mut out).ok();
        }
        _ => return Err("its method is not known"),
    }
    if out.len() == size { Ok(out) } else { Err("a block is damaged") }
}

/// The first block is the original's header; the others are its loaded segments, one after the other.
fn segments(mut blocks: Vec<Vec<u8>>, big: bool) -> Result<Segments, &'static str> {
    if blocks.len() < 2 {
        return Err("it holds no blocks");
    }
    let header = blocks.remove(0);
    let mut loads = loads(&header, big);
    // Blocks end where a segment does. In some versions the first lacks the header that stands before it.
    let first = blocks.first().map_or(0, Vec::len) as u64;
    if let Some((address, size)) = loads.first_mut()
        && first != *size
        && first == size.saturating_sub(header.len() as u64)
    {
        *address += header.len() as u64;
        *size = first;
    }
    let mut out: Segments = Vec::new();
    let mut loads = loads.into_iter();
    let mut left = 0;
    for block in blocks {
        match out.last_mut() {
            Some((_, data)) if left >= block.len() as u64 => {
                left -= block.len() as u64;
                data.extend(block);
            }
            _ => {
                let (address, size) = loads.next().unwrap_or((u64::MAX / 2, u64::MAX / 2));
                left = size.saturating_sub(block.len() as u64);
                out.push((address, block));
            }
        }
    }
    Ok(out)
}

/// Address and size of each loaded segment that the header names.
fn loads(header: &[u8], big: bool) -> Vec<(u64, u64)> {
    let wide = header.get(4) == Some(&2);
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = header.get(at..at.checked_add(length)?)?;
        let add = |sum: u64, b: &u8| (sum << 8) | u64::from(*b);
        Some(if big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    };
    let word = if wide { 8 } else { 4 };
    let (table, size, count) = if wide { (32, 54, 56) } else { (28, 42, 44) };
    let (address, length) = if wide { (16, 32) } else { (8, 16) };
    let (Some(table), Some(size), Some(count)) = (number(table, word), number(size, 2), number(count, 2)) else {
        return Vec::new();
    };
    let entry = |i: u64| {
        let at = usize::try_from(table.checked_add(i * size)?).ok()?;
        let load = number(at, 4)? == 1;
        let found = (number(at.checked_add(address)?, word)?, number(at.checked_add(length)?, word)?);
        Some(found).filter(|(_, size)| load && *size > 0)
    };
    (0..count).filter_map(entry).collect()
}
