//! rpm's header: an index of tags over a store of data, the same in databases and in package files.

/// Tags that are read.
pub(super) mod tag {
    pub(crate) const SHA256_HEADER: u32 = 273;
    pub(crate) const NAME: u32 = 1000;
    pub(crate) const VERSION: u32 = 1001;
    pub(crate) const RELEASE: u32 = 1002;
    pub(crate) const EPOCH: u32 = 1003;
    pub(crate) const SUMMARY: u32 = 1004;
    pub(crate) const VENDOR: u32 = 1011;
    pub(crate) const LICENSE: u32 = 1014;
    pub(crate) const PACKAGER: u32 = 1015;
    pub(crate) const URL: u32 = 1020;
    pub(crate) const ARCH: u32 = 1022;
    pub(crate) const OLD_FILE_NAMES: u32 = 1027;
    pub(crate) const FILE_STATES: u32 = 1029;
    pub(crate) const FILE_MODES: u32 = 1030;
    pub(crate) const SOURCE_RPM: u32 = 1044;
    pub(crate) const PROVIDE_NAME: u32 = 1047;
    pub(crate) const REQUIRE_FLAGS: u32 = 1048;
    pub(crate) const REQUIRE_NAME: u32 = 1049;
    pub(crate) const REQUIRE_VERSION: u32 = 1050;
    pub(crate) const SOURCE_PACKAGE: u32 = 1106;
    pub(crate) const PROVIDE_VERSION: u32 = 1113;
    pub(crate) const DIR_INDEXES: u32 = 1116;
    pub(crate) const BASE_NAMES: u32 = 1117;
    pub(crate) const DIR_NAMES: u32 = 1118;
    pub(crate) const PAYLOAD_DIGEST: u32 = 5092;
    pub(crate) const PAYLOAD_DIGEST_ALGORITHM: u32 = 5093;
    pub(crate) const MODULARITY_LABEL: u32 = 5096;
}

/// Bytes of one entry of the index: tag, type, offset, count.
const ENTRY: usize = 16;

/// A header, not copied.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    index: &'a [u8],
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// The header that `blob` begins with: two counts, the index, the store. What follows is returned.
    pub(super) fn parse(blob: &'a [u8]) -> Result<(Self, &'a [u8]), &'static str> {
        let (entries, rest) = take_u32(blob).ok_or("is shorter than a header")?;
        let (size, rest) = take_u32(rest).ok_or("is shorter than a header")?;
        // rpm's own limits; they also keep the product below from overflowing.
        if entries == 0 || entries > 0xffff || size > 0x0fff_ffff {
            return Err("is no header");
        }
        let (index, rest) = rest.split_at_checked(entries as usize * ENTRY).ok_or("ends within its index")?;
        let (store, rest) = rest.split_at_checked(size as usize).ok_or("ends within its data")?;
        Ok((Self { index, store }, rest))
    }

    /// Its length, for bounds.
    pub(super) fn len(&self) -> usize {
        self.index.len() + self.store.len()
    }

    /// Type, data from its beginning to the store's end, and count. A package that is installed has entries appended
    /// that replace those of the same tag before them, so the last one counts.
    fn entry(&self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let (entries, _) = self.index.as_chunks::<ENTRY>();
        let entry = entries.iter().rev().find(|e| e.starts_with(&tag.to_be_bytes()))?;
        let (kind, rest) = take_u32(entry.get(4..)?)?;
        let (offset, rest) = take_u32(rest)?;
        let (count, _) = take_u32(rest)?;
        Some((kind, self.store.get(offset as usize..)?, count as usize))
    }

    /// Whether a tag is there.
    pub(super) fn has(&self, tag: u32) -> bool {
        self.entry(tag).is_some()
    }

    /// A text, or the first of several; an empty one is none.
    pub(super) fn text(&self, tag: u32) -> Option<&'a [u8]> {
        self.texts(tag).next().filter(|t| !t.is_empty())
    }

    /// All texts of a tag. One that the store ends within is left out.
    pub(super) fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (mut data, count) = match self.entry(tag) {
            // A string, an array of them, a string in several languages.
            Some((6, data, _)) => (data, 1),
            Some((8 | 9, data, count)) => (data, count),
            _ => (&[][..], 0),
        };
        let next = move || {
            let end = memchr::memchr(0, data)?;
            let text = data.get(..end)?;
            data = data.get(end + 1..)?;
            Some(text)
        };
        std::iter::from_fn(next).take(count)
    }

    /// All numbers of a tag, whatever their width.
    pub(super) fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (width, data, count) = match self.entry(tag) {
            Some((1 | 2, data, count)) => (1, data, count),
            Some((3, data, count)) => (2, data, count),
            Some((4, data, count)) => (4, data, count),
            _ => (1, &[][..], 0),
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, b| n << 8 | u32::from(*b));
        data.chunks_exact(width).take(count).map(number)
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u32) -> Option<u32> {
        self.numbers(tag).next()
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}
