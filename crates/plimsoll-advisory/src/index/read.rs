//! Reading the index in place. Everything is checked once, in [`Index::open`]; hostile bytes are an error there.

use jiff::{Timestamp, civil::Date};
use plimsoll_oci::Digest;

use super::{Feed, HEADER, MAGIC, NO_TIME, ROWS, TABLE_ROW, VERSION, xxh::xxh64};
use crate::parse::eol::Lifetime;
use crate::{End, FixState, Range, Rating, Record, Severity};

/// Why an index cannot be used; whoever made or carried the file is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The file is something else.
    #[error("this is no advisory index (it does not begin with PLMSLADV)")]
    NotAnIndex,
    /// It was written by another version of plimsoll.
    #[error("the advisory index has format version {0}; this plimsoll reads version 1: build it again")]
    Version(u32),
    /// It ends early or goes on too long.
    #[error("the advisory index is cut short or too long: {0} bytes where its header says {1}")]
    Length(u64, u64),
    /// A checksum does not match.
    #[error("the advisory index is damaged: section {0} does not match its checksum")]
    Checksum(u32),
    /// A value points nowhere.
    #[error("the advisory index is malformed: {0}")]
    Malformed(&'static str),
    /// Too much to write.
    #[error("the advisory index would have a section of more than 4 GiB")]
    TooLarge,
}

/// An open index.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    bytes: &'a [u8],
    pool: &'a str,
    sections: [&'a [u8]; 9],
    built_at: Timestamp,
}

/// One row of a section. Reads past its end give zeros; [`Index::open`] has made sure there are none.
#[derive(Clone, Copy)]
struct Row<'a>(&'a [u8]);

impl Row<'_> {
    fn u32(self, at: usize) -> u32 {
        self.0.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
    }

    fn u64(self, at: usize) -> u64 {
        self.0.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
    }

    fn i64(self, at: usize) -> i64 {
        self.u64(at).cast_signed()
    }

    fn byte(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or_default()
    }

    fn time(self, at: usize) -> Option<Timestamp> {
        Some(self.i64(at)).filter(|s| *s != NO_TIME).and_then(|s| Timestamp::from_second(s).ok())
    }

    fn date(self, at: usize) -> Option<Date> {
        let n = self.u32(at);
        let (year, month, day) = (n / 10_000, n / 100 % 100, n % 100);
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| n != 0)
    }
}

impl<'a> Index<'a> {
    /// Opens an index in place, checking all of it.
    ///
    /// # Errors
    /// If the bytes are not a whole, undamaged, well-formed index of this version.
    pub fn open(bytes: &'a [u8]) -> Result<Self, IndexError> {
        if !bytes.starts_with(MAGIC) {
            return Err(IndexError::NotAnIndex);
        }
        let header = Row(bytes);
        let here = bytes.len() as u64;
        if header.u32(8) != VERSION && bytes.len() >= 12 {
            return Err(IndexError::Version(header.u32(8)));
        }
        let tables = HEADER + TABLE_ROW * ROWS.len();
        if bytes.len() < tables || header.u64(24) != here {
            return Err(IndexError::Length(here, header.u64(24)));
        }
        if header.u32(12) as usize != ROWS.len() {
            return Err(IndexError::Malformed("it has another number of sections"));
        }
        if xxh64(&[&bytes[..32], &bytes[HEADER..tables]].concat()) != header.u64(32) {
            return Err(IndexError::Checksum(0));
        }
        let mut sections = [&bytes[..0]; 9];
        let mut end = tables;
        for (n, (section, size)) in sections.iter_mut().zip(ROWS).enumerate() {
            let row = Row(&bytes[HEADER + TABLE_ROW * n..]);
            let malformed = IndexError::Malformed("its sections do not follow each other");
            let len = usize::try_from(row.u64(16)).map_err(|_| malformed.clone())?;
            let shaped = row.u32(0) as usize == n + 1 && row.u32(4) as usize == size && row.u64(8) == end as u64;
            let stop = end.checked_add(len).filter(|s| shaped && *s <= bytes.len() && len.is_multiple_of(size));
            let stop = stop.ok_or(malformed.clone())?;
            *section = &bytes[end..stop];
            if xxh64(section) != row.u64(24) {
                return Err(IndexError::Checksum(row.u32(0)));
            }
            end = stop.next_multiple_of(8);
            if !bytes.get(stop..end).ok_or(malformed)?.iter().all(|b| *b == 0) {
                return Err(IndexError::Malformed("its padding is not zero"));
            }
        }
        if end != bytes.len() {
            return Err(IndexError::Malformed("something follows the last section"));
        }
        let built_at =
            Timestamp::from_second(header.i64(16)).map_err(|_| IndexError::Malformed("its build time is no time"))?;
        let pool = std::str::from_utf8(sections[super::STRINGS])
            .map_err(|_| IndexError::Malformed("its strings are not UTF-8"))?;
        let index = Self { bytes, pool, sections, built_at };
        index.validate().map_err(IndexError::Malformed)?;
        Ok(index)
    }

    fn validate(&self) -> Result<(), &'static str> {
        let texts = |section: usize, at: &[usize]| {
            self.rows(section).all(|row| at.iter().all(|&at| self.try_text(row, at).is_some()))
        };
        for (section, at) in [
            (super::FEEDS, &[0][..]),
            (super::LIFETIMES, &[0, 8]),
            (super::NAMESPACES, &[0]),
            (super::KEYS, &[0, 8]),
            (super::RECORDS, &[0, 48, 56]),
            (super::RANGES, &[0, 8]),
            (super::RATINGS, &[8, 16]),
            (super::LISTS, &[0]),
        ] {
            if !texts(section, at) {
                return Err("a text lies outside the string pool");
            }
        }
        let mut next = 0;
        for row in self.rows(super::KEYS) {
            if row.u32(16) != next || row.u32(20) == 0 {
                return Err("the keys do not partition the records");
            }
            next = row.u32(16).checked_add(row.u32(20)).ok_or("the keys do not partition the records")?;
        }
        if next as usize != self.count(super::RECORDS) {
            return Err("the keys do not partition the records");
        }
        if !self.rows(super::KEYS).is_sorted_by(|a, b| self.key(*a) < self.key(*b)) {
            return Err("the keys are not sorted");
        }
        if !self.rows(super::NAMESPACES).is_sorted_by(|a, b| self.text(*a, 0) < self.text(*b, 0)) {
            return Err("the namespaces are not sorted");
        }
        for row in self.rows(super::RECORDS) {
            let lists =
                [(8, super::LISTS), (16, super::RANGES), (24, super::LISTS), (32, super::RATINGS), (40, super::LISTS)];
            let inside = |(at, section): (usize, usize)| {
                u64::from(row.u32(at)) + u64::from(row.u32(at + 4)) <= self.count(section) as u64
            };
            if !lists.into_iter().all(inside) {
                return Err("a list lies outside its section");
            }
            if state(row.byte(80)).is_none() || row.byte(81) > 1 {
                return Err("a record's state is none");
            }
        }
        // A range that ends with no version, or that has no end although it says so, would match nothing or everything.
        let ends = |row: Row<'_>| matches!((row.u32(16), row.u32(12)), (0 | 1, 1..) | (2, 0));
        if !self.rows(super::RANGES).all(ends) {
            return Err("a range's end is none");
        }
        let rated = |row: Row<'_>| Severity::from_byte(row.byte(0)).is_some() && row.byte(1) <= 1 && row.byte(2) <= 100;
        if !self.rows(super::RATINGS).all(rated) {
            return Err("a rating is none");
        }
        Ok(())
    }

    fn count(&self, section: usize) -> usize {
        self.sections[section].len() / ROWS[section]
    }

    fn rows(&self, section: usize) -> impl Iterator<Item = Row<'a>> + use<'a> {
        self.sections[section].chunks_exact(ROWS[section]).map(Row)
    }

    fn slice(&self, section: usize, first: u32, count: u32) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let size = ROWS[section];
        let (start, len) = ((first as usize).saturating_mul(size), (count as usize).saturating_mul(size));
        let bytes = self.sections[section].get(start..start.saturating_add(len)).unwrap_or_default();
        bytes.chunks_exact(size).map(Row)
    }

    fn try_text(&self, row: Row<'_>, at: usize) -> Option<&'a str> {
        let start = row.u32(at) as usize;
        self.pool.get(start..start.checked_add(row.u32(at + 4) as usize)?)
    }

    fn text(&self, row: Row<'_>, at: usize) -> &'a str {
        self.try_text(row, at).unwrap_or_default()
    }

    fn key(&self, row: Row<'_>) -> (&'a str, &'a str) {
        (self.text(row, 0), self.text(row, 8))
    }

    /// SHA-256 of the whole file: what a signature or a pin names.
    pub fn digest(&self) -> Digest {
        Digest::sha256(self.bytes)
    }

    /// When it was built.
    pub fn built_at(&self) -> Timestamp {
        self.built_at
    }

    /// The feeds it was built from.
    pub fn feeds(&self) -> Vec<Feed> {
        let feed = |row: Row<'_>| Feed {
            name: self.text(row, 0).to_owned(),
            snapshot: row.time(8),
            records: row.u32(16),
            bad: row.u32(20),
        };
        self.rows(super::FEEDS).map(feed).collect()
    }

    /// Namespaces with their number of records, sorted.
    pub fn namespaces(&self) -> impl Iterator<Item = (&'a str, u32)> + use<'a, '_> {
        self.rows(super::NAMESPACES).map(|row| (self.text(row, 0), row.u32(8)))
    }

    /// Whether any record is in `namespace`.
    pub fn knows(&self, namespace: &str) -> bool {
        self.namespaces().any(|(name, _)| name == namespace)
    }

    /// Lifetimes of releases.
    pub fn lifetimes(&self) -> impl Iterator<Item = Lifetime> + use<'a, '_> {
        self.rows(super::LIFETIMES).map(|row| Lifetime {
            namespace: self.text(row, 0).to_owned(),
            codename: some(self.text(row, 8)),
            regular: row.date(16),
            long_term: row.date(20),
        })
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.count(super::RECORDS)
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records on a package of a namespace, sorted by id.
    pub fn lookup(&self, namespace: &str, package: &str) -> impl Iterator<Item = RecordRef<'a>> + use<'a> {
        let keys = self.sections[super::KEYS];
        let row = |n: usize| Row(keys.get(n * ROWS[super::KEYS]..).unwrap_or_default());
        let (mut low, mut high) = (0, self.count(super::KEYS));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(row(middle)) < (namespace, package) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = Some(row(low)).filter(|r| low < self.count(super::KEYS) && self.key(*r) == (namespace, package));
        let (first, count) = found.map_or((0, 0), |r| (r.u32(16), r.u32(20)));
        let index = *self;
        let key = found.map_or(("", ""), |r| self.key(r));
        self.slice(super::RECORDS, first, count).map(move |row| RecordRef {
            index,
            row,
            namespace: key.0,
            package: key.1,
        })
    }
}

fn state(byte: u8) -> Option<FixState> {
    [FixState::Fixed, FixState::NoFix, FixState::WillNotFix, FixState::NotAffected].get(usize::from(byte)).copied()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A record where it lies.
#[derive(Clone, Copy)]
pub struct RecordRef<'a> {
    index: Index<'a>,
    row: Row<'a>,
    namespace: &'a str,
    package: &'a str,
}

/// A range where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeRef<'a> {
    /// First affected version; `None` from the beginning.
    pub introduced: Option<&'a str>,
    /// First version that is fixed.
    pub fixed: Option<&'a str>,
    /// Last affected version.
    pub last_affected: Option<&'a str>,
}

impl<'a> RecordRef<'a> {
    /// Its id.
    pub fn id(&self) -> &'a str {
        self.index.text(self.row, 0)
    }

    /// What the source says about a fix.
    pub fn state(&self) -> FixState {
        // Checked by `open`; what affects is the safe reading of a byte that is none.
        state(self.row.byte(80)).unwrap_or(FixState::NoFix)
    }

    /// Affected ranges.
    pub fn ranges(&self) -> impl Iterator<Item = RangeRef<'a>> + use<'a> {
        let index = self.index;
        index.slice(super::RANGES, self.row.u32(16), self.row.u32(20)).map(move |row| {
            let end = index.text(row, 8);
            RangeRef {
                introduced: Some(index.text(row, 0)).filter(|t| !t.is_empty()),
                fixed: (row.u32(16) == 0).then_some(end),
                last_affected: (row.u32(16) == 1).then_some(end),
            }
        })
    }

    /// Versions named one by one.
    pub fn versions(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.texts(24)
    }

    fn texts(&self, at: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let index = self.index;
        index.slice(super::LISTS, self.row.u32(at), self.row.u32(at + 4)).map(move |row| index.text(row, 0))
    }

    /// A copy that stands by itself.
    pub fn to_record(&self) -> Record {
        let own = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::to_owned).collect::<Vec<_>>();
        let range = |r: RangeRef<'_>| Range {
            introduced: r.introduced.map(str::to_owned),
            end: match (r.fixed, r.last_affected) {
                (Some(v), _) => End::Fixed(v.to_owned()),
                (None, Some(v)) => End::LastAffected(v.to_owned()),
                (None, None) => End::Open,
            },
        };
        let rating = |row: Row<'_>| Rating {
            severity: Severity::from_byte(row.byte(0)).unwrap_or_default(),
            score: (row.byte(1) == 1).then_some(row.byte(2)),
            vector: some(self.index.text(row, 8)),
            source: self.index.text(row, 16).to_owned(),
        };
        Record {
            namespace: self.namespace.to_owned(),
            package: self.package.to_owned(),
            id: self.id().to_owned(),
            aliases: own(&mut self.texts(8)),
            state: self.state(),
            ranges: self.ranges().map(range).collect(),
            versions: own(&mut self.versions()),
            ratings: self.index.slice(super::RATINGS, self.row.u32(32), self.row.u32(36)).map(rating).collect(),
            kev: self.row.byte(81) == 1,
            published: self.row.time(64),
            modified: self.row.time(72),
            summary: some(self.index.text(self.row, 48)),
            url: some(self.index.text(self.row, 56)),
            evidence: own(&mut self.texts(40)),
        }
    }
}
