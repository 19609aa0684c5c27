//! `rpmdb.sqlite`: the rows of table `Packages`, read from the pages of an SQLite file.
//!
//! Only what the table's tree reaches is read: freed pages still hold packages that were removed.

use std::borrow::Cow;
use std::ops::Range;

use super::pages::{Blob, Pages, big};

/// Where the first page's own header begins; before it stands the file's.
const FILE_HEADER: usize = 100;

/// Gives the blob of every row of table `Packages`: its columns are a number, kept as the row's key, and the blob.
pub(super) fn blobs<'a>(bytes: &'a [u8], each: &mut dyn FnMut(Blob<'a>)) -> Result<(), String> {
    let mut database = Database::open(bytes)?;
    let (mut root, mut trouble) = (None, None);
    database.rows(1, &mut |row| match row {
        // The schema's rows: type, name, table, root page, statement.
        Ok(row) => {
            let text = |n| column(&row, n).and_then(|(_, range)| row.get(range));
            if text(0) == Some(b"table") && text(1) == Some(b"Packages") {
                root = text(3).filter(|t| t.len() <= 4).map(|t| t.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
            }
        }
        Err(why) => trouble = Some(why),
    });
    let root = root.ok_or_else(|| trouble.unwrap_or_else(|| "has no table Packages".to_owned()))?;
    database.rows(root, &mut |row| {
        each(row.and_then(|row| match (column(&row, 1), row) {
            (Some((Kind::Blob, range)), Cow::Borrowed(row)) => {
                Ok(Cow::Borrowed(row.get(range).ok_or("a row ends within its blob")?))
            }
            (Some((Kind::Blob, range)), Cow::Owned(mut row)) if range.end <= row.len() => {
                row.truncate(range.end);
                row.drain(..range.start);
                Ok(Cow::Owned(row))
            }
            _ => Err("a row of Packages holds no blob".to_owned()),
        }));
    });
    Ok(())
}

/// Whether a write-ahead log holds pages that were committed and may not have reached the database yet.
pub(super) fn is_pending(log: &[u8]) -> bool {
    let page = big::<4>(log, 8).unwrap_or_default();
    let frames = log.get(32..).unwrap_or_default().chunks(page.saturating_add(24));
    // Frames of an earlier round carry other salts.
    let current = frames.take_while(|f| f.get(8..16).is_some() && f.get(8..16) == log.get(16..24));
    matches!(log, [0x37, 0x7f, 0x06, 0x82 | 0x83, ..]) && current.into_iter().any(|f| big::<4>(f, 4) != Some(0))
}

struct Database<'a> {
    pages: Pages<'a>,
    /// Bytes of each page that are used.
    usable: usize,
}

impl<'a> Database<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        if !bytes.starts_with(b"SQLite format 3\0") {
            return Err("is no SQLite database".to_owned());
        }
        let (size, reserved) = (big::<2>(bytes, 16).unwrap_or_default(), big::<1>(bytes, 20).unwrap_or_default());
        let size = if size == 1 { 65536 } else { size };
        if !size.is_power_of_two() || size < 512 || bytes.len() < FILE_HEADER {
            return Err("is an SQLite database with a broken header".to_owned());
        }
        if big::<4>(bytes, 56) > Some(1) {
            return Err("is an SQLite database in UTF-16, which rpm does not write".to_owned());
        }
        // The format asks for at least 480 bytes; the sums below rely on it.
        let usable = size.checked_sub(reserved).filter(|u| *u >= 480);
        Ok(Self { pages: Pages::new(bytes, size), usable: usable.ok_or("reserves too much of each page")? })
    }

    /// Gives the rows of the table whose tree begins at page `root` (from 1), in the order of their keys.
    fn rows(&mut self, root: usize, each: &mut dyn FnMut(Blob<'a>)) {
        let mut stack = vec![root];
        while let Some(number) = stack.pop() {
            if let Err(why) = self.page(number, &mut stack, each) {
                each(Err(why));
            }
        }
    }

    /// Reads one page: of an inner one its children go on the stack, of a leaf its rows are given.
    fn page(&mut self, number: usize, stack: &mut Vec<usize>, each: &mut dyn FnMut(Blob<'a>)) -> Result<(), String> {
        let page = number.checked_sub(1).ok_or("page 0 is pointed to")?;
        let page = self.pages.take(page)?;
        let start = if number == 1 { FILE_HEADER } else { 0 };
        let short = || format!("page {number} is malformed");
        let count = big::<2>(page, start + 3).ok_or_else(short)?;
        let cell = |first: usize, n: usize| big::<2>(page, start + first + 2 * n).ok_or_else(short);
        match page.get(start) {
            Some(5) => {
                let from = stack.len();
                for n in 0..count {
                    stack.push(big::<4>(page, cell(12, n)?).ok_or_else(short)?);
                }
                stack.push(big::<4>(page, start + 8).ok_or_else(short)?);
                if let Some(children) = stack.get_mut(from..) {
                    children.reverse();
                }
            }
            Some(13) => {
                // Cells do not overlap: pointers that all lead to one long cell would make much out of little.
                let mut room = self.usable;
                for n in 0..count {
                    let (row, used) = self.row(page, cell(8, n)?, number);
                    each(row);
                    room = room.checked_sub(used).ok_or_else(|| format!("cells of page {number} overlap"))?;
                }
            }
            _ => return Err(format!("page {number} is no page of a table")),
        }
        Ok(())
    }

    /// A row's content, put together from its overflow pages, and how much of its own page it takes.
    fn row(&mut self, page: &'a [u8], at: usize, number: usize) -> (Blob<'a>, usize) {
        let local = || {
            let (len, rest) = varint(page.get(at..)?)?;
            let (_key, rest) = varint(rest)?;
            let len = usize::try_from(len).ok()?;
            let (most, least) = (self.usable - 35, (self.usable - 12) * 32 / 255 - 23);
            if len <= most {
                return Some((rest.get(..len)?, 0, 0));
            }
            let kept = least + (len - least) % (self.usable - 4);
            let (kept, rest) = rest.split_at_checked(if kept <= most { kept } else { least })?;
            Some((kept, len - kept.len(), big::<4>(rest, 0)?))
        };
        let Some((kept, mut missing, mut next)) = local() else {
            return (Err(format!("a row of page {number} is malformed")), 4);
        };
        if missing == 0 {
            return (Ok(Cow::Borrowed(kept)), kept.len() + 2);
        }
        let mut row = kept.to_vec();
        while missing > 0 {
            let content = match next.checked_sub(1).ok_or_else(|| format!("a row of page {number} ends early")) {
                Ok(index) => self.pages.take(index),
                Err(why) => Err(why),
            };
            let content = match content {
                Ok(content) => content,
                Err(why) => return (Err(why), kept.len() + 6),
            };
            next = big::<4>(content, 0).unwrap_or_default();
            let content = content.get(4..content.len().min(self.usable)).unwrap_or_default();
            let content = content.get(..content.len().min(missing)).unwrap_or_default();
            missing -= content.len();
            row.extend_from_slice(content);
        }
        (Ok(Cow::Owned(row)), kept.len() + 6)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Blob,
    Other,
}

/// What column `n` of a row is and where it stands.
fn column(row: &[u8], n: usize) -> Option<(Kind, Range<usize>)> {
    let (header, mut types) = varint(row)?;
    let mut start = usize::try_from(header).ok()?;
    for index in 0.. {
        // The header says how long it is; what stands behind it is no type.
        if row.len() - types.len() >= usize::try_from(header).ok()? {
            return None;
        }
        let (serial, rest) = varint(types)?;
        types = rest;
        let (kind, len) = match serial {
            0 | 8 | 9 => (Kind::Other, 0),
            1..=4 => (Kind::Other, serial),
            5 => (Kind::Other, 6),
            6 | 7 => (Kind::Other, 8),
            10 | 11 => return None,
            _ if serial % 2 == 0 => (Kind::Blob, (serial - 12) / 2),
            _ => (Kind::Text, (serial - 13) / 2),
        };
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        if index == n {
            return Some((kind, start..end));
        }
        start = end;
    }
    None
}

/// A number in one to nine bytes, seven bits in each, all eight in the ninth.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((number << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}
