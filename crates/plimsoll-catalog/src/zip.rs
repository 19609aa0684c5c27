//! ZIP archives (JARs, wheels, eggs, NuGet packages) read where they lie, by their central directory.
//!
//! Nothing an archive announces is believed: sizes and counts never allocate, what a member inflates to is counted as it
//! comes, and everything handed out is charged to a [`Budget`], members that overlap or stand twice included. Stored
//! members are slices of the archive, so that archives within archives cost nothing.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR64: [u8; 4] = *b"PK\x06\x07";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const SIGNATURE: [u8; 4] = *b"PK\x05\x05";

const END_LEN: usize = 22;
const END64_LEN: usize = 56;
const LOCATOR64_LEN: usize = 20;
const ENTRY_LEN: usize = 46;
const LOCAL_LEN: usize = 30;

/// The longest comment that can follow the end of an archive.
const MAX_COMMENT: usize = u16::MAX as usize;

/// Why an archive or a member cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no end of a central directory, or it does not lead to one.
    NotZip,
    /// The central directory breaks off in the middle.
    Directory,
    /// The member's bytes are not where the directory says.
    Member,
    /// The member's compressed data are damaged.
    Damaged,
    /// The member is encrypted.
    Encrypted,
    /// The member is compressed by a method that archives of packages do not use.
    Method,
    /// The member is larger than is read of one.
    TooLarge,
    /// The archive's members are larger together than is read of one file.
    Exhausted,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotZip => "is not a ZIP archive, or is cut off",
            Self::Directory => "the archive's directory is damaged",
            Self::Member => "lies outside of the archive",
            Self::Damaged => "its compressed data are damaged",
            Self::Encrypted => "is encrypted",
            Self::Method => "is compressed by an unknown method",
            Self::TooLarge => "is larger than is read",
            Self::Exhausted => "holds more than is read of one file",
        })
    }
}

/// How many bytes may still be taken out of an archive and all archives in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Fault::Exhausted)
    }
}

/// An archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    /// What stands before the archive: a launch script. Offsets count from here.
    base: usize,
    directory: &'a [u8],
}

/// What the central directory says of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// Its name as recorded; not a path to be trusted.
    pub(crate) name: &'a [u8],
    /// How large it claims to be.
    pub(crate) size: u64,
    packed: u64,
    offset: u64,
    method: u16,
    flags: u16,
}

impl<'a> Member<'a> {
    /// Its name as text. Names that are not UTF-8 lose what is not.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.name)
    }

    /// Whether it is a directory.
    pub(crate) fn is_dir(&self) -> bool {
        self.name.ends_with(b"/")
    }
}

impl<'a> Archive<'a> {
    /// Finds the central directory.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Fault> {
        let from = bytes.len().saturating_sub(END_LEN + MAX_COMMENT);
        let tail = bytes.get(from..).unwrap_or_default();
        // The last one that leads to a directory: a comment may hold the same four bytes.
        memchr::memmem::rfind_iter(tail, &END).find_map(|at| Self::at(bytes, from + at)).ok_or(Fault::NotZip)
    }

    /// The archive whose end record stands at `end`.
    fn at(bytes: &'a [u8], end: usize) -> Option<Self> {
        let record = bytes.get(end..)?;
        let comment = usize::from(u16_at(record, 20)?);
        if record.len() < END_LEN + comment {
            return None;
        }
        // As Java has it: where something follows the comment, only a directory that is there will do.
        let is_last = record.len() == END_LEN + comment;
        let plain = (end, u64::from(u32_at(record, 12)?), u64::from(u32_at(record, 16)?));
        let wide = end64(bytes, end);
        [wide, Some(plain)].into_iter().flatten().find_map(|(stop, size, offset)| {
            let (size, offset) = (usize::try_from(size).ok()?, usize::try_from(offset).ok()?);
            // The directory ends where its end record begins; where it claims to begin tells what stands before the
            // archive. Some writers leave a gap, and then the claim itself is tried.
            let start = stop.checked_sub(size)?;
            let counted = start.checked_sub(offset).map(|base| (base, start));
            [counted, Some((0, offset))].into_iter().flatten().find_map(|(base, start)| {
                let directory = bytes.get(start..start.checked_add(size)?)?;
                let legal = (is_last && directory.is_empty()) || directory.starts_with(&ENTRY);
                legal.then_some(Self { bytes, base, directory })
            })
        })
    }

    /// What the directory lists, in its order. A directory that breaks off gives a fault and then nothing more.
    pub(crate) fn members(&self) -> Members<'a> {
        Members { rest: self.directory }
    }

    /// The member's bytes, at most `limit`.
    pub(crate) fn read(&self, member: &Member<'a>, limit: u64, budget: &mut Budget) -> Result<Cow<'a, [u8]>, Fault> {
        if member.flags & 1 != 0 {
            return Err(Fault::Encrypted);
        }
        let packed = self.packed(member).ok_or(Fault::Member)?;
        match member.method {
            0 if packed.len() as u64 > limit => Err(Fault::TooLarge),
            0 => budget.spend(packed.len()).map(|()| Cow::Borrowed(packed)),
            8 => inflate(packed, member.size, limit, budget).map(Cow::Owned),
            _ => Err(Fault::Method),
        }
    }

    /// The first bytes of the member, at most `most`: for files whose beginning says enough.
    pub(crate) fn start(&self, member: &Member<'a>, most: u64, budget: &mut Budget) -> Result<Vec<u8>, Fault> {
        if member.flags & 1 != 0 {
            return Err(Fault::Encrypted);
        }
        let packed = self.packed(member).ok_or(Fault::Member)?;
        let most = most.min(budget.0);
        let mut out = Vec::new();
        let result = match member.method {
            0 => packed.take(most).read_to_end(&mut out),
            8 => flate2::bufread::DeflateDecoder::new(packed).take(most).read_to_end(&mut out),
            _ => return Err(Fault::Method),
        };
        budget.spend(out.len().max(1))?;
        result.map(|_| out).map_err(|_| Fault::Damaged)
    }

    /// The member's bytes as they are stored.
    fn packed(&self, member: &Member<'_>) -> Option<&'a [u8]> {
        let start = self.base.checked_add(usize::try_from(member.offset).ok()?)?;
        let local = self.bytes.get(start..)?;
        if !local.starts_with(&LOCAL) {
            return None;
        }
        // Only the lengths of name and extra field are taken from here: they may differ from the directory's.
        let skip = LOCAL_LEN + usize::from(u16_at(local, 26)?) + usize::from(u16_at(local, 28)?);
        local.get(skip..skip.checked_add(usize::try_from(member.packed).ok()?)?)
    }
}

/// Where the directory stops, its size and its offset, from the end record of ZIP64.
fn end64(bytes: &[u8], end: usize) -> Option<(usize, u64, u64)> {
    let locator = end.checked_sub(LOCATOR64_LEN)?;
    let claim = bytes.get(locator..end).filter(|l| l.starts_with(&LOCATOR64)).and_then(|l| u64_at(l, 8))?;
    // It usually stands right before its locator; the claim is wrong if something was put before the archive.
    let candidates = [locator.checked_sub(END64_LEN), usize::try_from(claim).ok()];
    candidates.into_iter().flatten().find_map(|at| {
        let record = bytes.get(at..locator).filter(|r| r.starts_with(&END64))?;
        Some((at, u64_at(record, 40)?, u64_at(record, 48)?))
    })
}

/// Iterator over a central directory.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.rest.starts_with(&SIGNATURE) {
            return None;
        }
        match entry(self.rest) {
            Some((member, rest)) => {
                self.rest = rest;
                Some(Ok(member))
            }
            None => {
                self.rest = &[];
                Some(Err(Fault::Directory))
            }
        }
    }
}

/// The first entry of a directory, and what follows it.
fn entry(bytes: &[u8]) -> Option<(Member<'_>, &[u8])> {
    if !bytes.starts_with(&ENTRY) {
        return None;
    }
    let (flags, method) = (u16_at(bytes, 8)?, u16_at(bytes, 10)?);
    let mut wide = [u32_at(bytes, 24)?, u32_at(bytes, 20)?, u32_at(bytes, 42)?].map(u64::from);
    let [name, extra, comment] = [u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?].map(usize::from);
    let rest = bytes.get(ENTRY_LEN..)?;
    let (name, rest) = rest.split_at_checked(name)?;
    let (extra, rest) = rest.split_at_checked(extra)?;
    let rest = rest.get(comment..)?;
    if wide.contains(&u64::from(u32::MAX)) {
        widen(extra, &mut wide);
    }
    let [size, packed, offset] = wide;
    Some((Member { name, size, packed, offset, method, flags }, rest))
}

/// Sizes and offset that did not fit, from the extra field of ZIP64, where they stand in this order if at all.
fn widen(mut extra: &[u8], wide: &mut [u64; 3]) {
    while let (Some(id), Some(len)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(rest) = extra.get(4..) else { return };
        let Some((mut field, rest)) = rest.split_at_checked(usize::from(len)) else { return };
        if id == 1 {
            for slot in wide.iter_mut().filter(|s| **s == u64::from(u32::MAX)) {
                let Some(value) = u64_at(field, 0) else { return };
                *slot = value;
                field = field.get(8..).unwrap_or_default();
            }
            return;
        }
        extra = rest;
    }
}

fn inflate(packed: &[u8], announced: u64, limit: u64, budget: &mut Budget) -> Result<Vec<u8>, Fault> {
    // What is really there bounds what is set aside at once.
    let likely = usize::try_from(announced.min(limit)).unwrap_or(usize::MAX).min(packed.len().saturating_mul(8));
    let mut out = Vec::with_capacity(likely);
    let most = limit.min(budget.0).saturating_add(1);
    let result = flate2::bufread::DeflateDecoder::new(packed).take(most).read_to_end(&mut out);
    let is_too_large = out.len() as u64 > limit;
    budget.spend(out.len())?;
    match result {
        _ if is_too_large => Err(Fault::TooLarge),
        Ok(_) => Ok(out),
        Err(_) => Err(Fault::Damaged),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

#[cfg(test)]
pub(crate) mod tests;
