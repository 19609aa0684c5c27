//! Parsers of feeds: bytes to [`Record`]s. A record that cannot be read is named in [`Parsed::bad`] and loses no other.

pub mod debian;
pub mod eol;
pub mod kev;
pub mod osv;
pub mod records;
pub mod secdb;

use jiff::Timestamp;

use crate::{Rating, Record};

/// What a file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Records of the namespaces that plimsoll can match.
    pub records: Vec<Record>,
    /// Opinions on the severity of an id, whatever package it was about.
    pub ratings: Vec<(String, Rating)>,
    /// Ids known to be exploited.
    pub exploited: Vec<String>,
    /// Records that could not be read: where, and why.
    pub bad: Vec<Bad>,
    /// How many records the file holds for ecosystems plimsoll has no ordering for (their ratings are used).
    pub passed_over: usize,
    /// The newest moment the file itself speaks of.
    pub newest: Option<Timestamp>,
}

/// A record that could not be read; its publisher is at fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bad {
    /// Line, id or path inside the file.
    pub place: String,
    /// Why.
    pub why: String,
}

impl Parsed {
    /// A file that as a whole cannot be read.
    pub(crate) fn broken(place: &str, why: impl std::fmt::Display) -> Self {
        let mut parsed = Self::default();
        parsed.refuse(place, why);
        parsed
    }

    pub(crate) fn refuse(&mut self, place: impl Into<String>, why: impl std::fmt::Display) {
        self.bad.push(Bad { place: place.into(), why: why.to_string() });
    }

    pub(crate) fn saw(&mut self, moment: Option<Timestamp>) {
        self.newest = self.newest.max(moment);
    }
}

/// An RFC 3339 time; absent or nonsense (year 1 stands for "unknown" in govulndb) is `None`.
pub(crate) fn moment(text: Option<&str>) -> Option<Timestamp> {
    text?.parse::<Timestamp>().ok().filter(|t| t.as_second() > 0)
}

/// Whether `text` reads `CVE-YYYY-N…`.
pub(crate) fn is_cve(text: &str) -> bool {
    text.strip_prefix("CVE-").and_then(|t| t.split_once('-')).is_some_and(|(year, number)| {
        year.len() == 4 && number.len() >= 4 && year.bytes().chain(number.bytes()).all(|b| b.is_ascii_digit())
    })
}

/// The lines of a JSON Lines file, numbered from 1, empty ones left out.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    bytes.split(|&b| b == b'\n').enumerate().map(|(n, l)| (n + 1, l.trim_ascii())).filter(|(_, l)| !l.is_empty())
}
