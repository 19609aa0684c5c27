//! The advisory index: one flat, sorted file that is searched where it lies.
//!
//! # Format, version 1
//! All numbers are little-endian. A *text* is `offset u32, length u32` into the string pool; a *list* is
//! `first u32, count u32` into another section.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | magic `PLMSLADV` |
//! | 8..12 | version, `1` |
//! | 12..16 | number of sections, `9` |
//! | 16..24 | build time, seconds since 1970 (i64) |
//! | 24..32 | length of the file |
//! | 32..40 | XXH64 of bytes 0..32 and of the section table |
//! | 40.. | section table: for each section, in this order, `number u32, row size u32, offset u64, length u64, XXH64 u64` |
//!
//! Sections follow each other in the order of the table, each padded with zeros to a multiple of eight:
//!
//! | no. | section | row |
//! |---|---|---|
//! | 1 | strings | UTF-8, sorted, without separators |
//! | 2 | feeds | name text, snapshot i64, records u32, bad u32 |
//! | 3 | lifetimes | namespace text, codename text, regular u32, long-term u32 (`YYYYMMDD`, 0 for none) |
//! | 4 | namespaces | name text, records u32, zero u32; sorted |
//! | 5 | keys | namespace text, package text, list of records; sorted, searched by halving |
//! | 6 | records | id text, lists of aliases, ranges, versions, ratings, evidence, summary text, url text, published i64, modified i64, state u8, exploited u8, zero u16, zero u32 |
//! | 7 | ranges | introduced text (empty for none), end text, kind u32 (0 fixed, 1 last affected, 2 open), zero u32 |
//! | 8 | ratings | severity u8, has score u8, score u8, zero u8, zero u32, vector text, source text |
//! | 9 | lists | text |
//!
//! A time of `i64::MIN` is none. Equal contents are equal bytes: rows are sorted and strings stand once. XXH64 finds
//! damage; what vouches for the file is its SHA-256 ([`Index::digest`]), which a signature or a pin names.

mod read;
mod write;
mod xxh;

use jiff::Timestamp;

pub use read::{Index, IndexError, RangeRef, RecordRef};
pub use write::IndexBuilder;

/// A feed that went into an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Feed {
    /// Its name: `alpine-secdb`.
    pub name: String,
    /// The moment its contents speak of.
    pub snapshot: Option<Timestamp>,
    /// Records read; 0 for a feed known only from the header of an extract.
    pub records: u32,
    /// Records that could not be read.
    pub bad: u32,
}

const MAGIC: &[u8; 8] = b"PLMSLADV";
const VERSION: u32 = 1;
const HEADER: usize = 40;
const TABLE_ROW: usize = 32;
/// Row sizes of the sections, in order; the string pool's is 1.
const ROWS: [usize; 9] = [1, 24, 24, 16, 24, 88, 24, 24, 8];
const STRINGS: usize = 0;
const FEEDS: usize = 1;
const LIFETIMES: usize = 2;
const NAMESPACES: usize = 3;
const KEYS: usize = 4;
const RECORDS: usize = 5;
const RANGES: usize = 6;
const RATINGS: usize = 7;
const LISTS: usize = 8;
/// Stands for "no time".
const NO_TIME: i64 = i64::MIN;
