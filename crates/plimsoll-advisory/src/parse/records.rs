//! plimsoll's own record format: JSON Lines, canonical, for small extracts that are checked in or embedded.
//!
//! The first line is a header, `{"schema":"plimsoll-records/1","feeds":[…],"lifetimes":[…]}`; each other line is one
//! record. Written with sorted records and a fixed order of fields, so that equal data are equal bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Bad, Parsed, eol::Lifetime, lines};
use crate::{End, Feed, FixState, Range, Rating, Record, Severity};

/// Name of the schema.
pub const SCHEMA: &str = "plimsoll-records/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
    #[serde(default)]
    feeds: Vec<FeedLine>,
    #[serde(default)]
    lifetimes: Vec<LifetimeLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeedLine {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LifetimeLine {
    namespace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codename: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regular: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "longTerm")]
    long_term: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Line {
    namespace: String,
    package: String,
    id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    state: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<RangeLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<RatingLine>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kev: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RangeLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    introduced: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_affected: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RatingLine {
    severity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vector: Option<String>,
    source: String,
}

/// What a file in this format holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    /// Its records and what was wrong.
    pub parsed: Parsed,
    /// The feeds they come from.
    pub feeds: Vec<Feed>,
    /// Lifetimes of releases.
    pub lifetimes: Vec<Lifetime>,
}

/// Whether the bytes begin as this format does.
pub fn is_records(bytes: &[u8]) -> bool {
    lines(bytes).next().is_some_and(|(_, l)| serde_json::from_slice::<Header>(l).is_ok_and(|h| h.schema == SCHEMA))
}

/// Reads a file.
pub fn parse(bytes: &[u8]) -> Extract {
    let mut extract = Extract::default();
    let mut rows = lines(bytes);
    let header = rows.next().ok_or("the file is empty".to_owned());
    match header.and_then(|(_, l)| serde_json::from_slice::<Header>(l).map_err(|e| e.to_string())) {
        Ok(header) if header.schema == SCHEMA => {
            let time = |t: Option<String>| t.and_then(|t| t.parse().ok());
            let date = |t: Option<String>| t.and_then(|t| t.parse().ok());
            extract.feeds = header
                .feeds
                .into_iter()
                .map(|f| Feed { name: f.name, snapshot: time(f.snapshot), records: 0, bad: 0 })
                .collect();
            extract.lifetimes = header
                .lifetimes
                .into_iter()
                .map(|l| Lifetime {
                    namespace: l.namespace,
                    codename: l.codename,
                    regular: date(l.regular),
                    long_term: date(l.long_term),
                })
                .collect();
        }
        Ok(header) => {
            extract.parsed.refuse("line 1", format!("schema '{}' is not {SCHEMA}", header.schema.escape_debug()))
        }
        Err(e) => extract.parsed.refuse("line 1", e),
    }
    if !extract.parsed.bad.is_empty() {
        return extract;
    }
    for (number, row) in rows {
        match serde_json::from_slice::<Line>(row).map_err(|e| e.to_string()).and_then(read) {
            Ok(record) => {
                extract.parsed.saw(record.modified);
                extract.parsed.records.push(record);
            }
            Err(why) => extract.parsed.bad.push(Bad { place: format!("line {number}"), why }),
        }
    }
    extract
}

fn read(line: Line) -> Result<Record, String> {
    let time = |t: Option<String>| t.map(|t| t.parse::<Timestamp>().map_err(|e| e.to_string())).transpose();
    let range = |r: RangeLine| match (r.fixed, r.last_affected) {
        (Some(_), Some(_)) => Err("a range has both fixed and lastAffected".to_owned()),
        (Some(v), None) => Ok(Range { introduced: r.introduced, end: End::Fixed(v) }),
        (None, Some(v)) => Ok(Range { introduced: r.introduced, end: End::LastAffected(v) }),
        (None, None) => Ok(Range { introduced: r.introduced, end: End::Open }),
    };
    let rating = |r: RatingLine| {
        let severity =
            Severity::from_word(&r.severity).ok_or_else(|| format!("no severity '{}'", r.severity.escape_debug()))?;
        if r.score.is_some_and(|s| s > 100) {
            return Err("a score is above 10.0".to_owned());
        }
        Ok(Rating { severity, score: r.score, vector: r.vector, source: r.source })
    };
    Ok(Record {
        state: FixState::from_word(&line.state).ok_or_else(|| format!("no state '{}'", line.state.escape_debug()))?,
        namespace: line.namespace,
        package: line.package,
        id: line.id,
        aliases: line.aliases,
        ranges: line.ranges.into_iter().map(range).collect::<Result<_, _>>()?,
        versions: line.versions,
        ratings: line.ratings.into_iter().map(rating).collect::<Result<_, _>>()?,
        kev: line.kev,
        published: time(line.published)?,
        modified: time(line.modified)?,
        summary: line.summary,
        url: line.url,
        evidence: line.evidence,
    })
}

/// Writes records in canonical order and spelling.
pub fn write(records: &[Record], feeds: &[Feed], lifetimes: &[Lifetime]) -> Vec<u8> {
    let mut sorted: Vec<&Record> = records.iter().collect();
    sorted.sort_by(|a, b| a.key().cmp(&b.key()));
    let header = Header {
        schema: SCHEMA.to_owned(),
        feeds: feeds
            .iter()
            .map(|f| FeedLine { name: f.name.clone(), snapshot: f.snapshot.map(|t| t.to_string()) })
            .collect(),
        lifetimes: lifetimes
            .iter()
            .map(|l| LifetimeLine {
                namespace: l.namespace.clone(),
                codename: l.codename.clone(),
                regular: l.regular.map(|d| d.to_string()),
                long_term: l.long_term.map(|d| d.to_string()),
            })
            .collect(),
    };
    let mut out = Vec::new();
    push(&mut out, &header);
    sorted.into_iter().for_each(|r| push(&mut out, &line(r)));
    out
}

fn line(r: &Record) -> Line {
    let range = |r: &Range| {
        let (fixed, last_affected) = match &r.end {
            End::Fixed(v) => (Some(v.clone()), None),
            End::LastAffected(v) => (None, Some(v.clone())),
            End::Open => (None, None),
        };
        RangeLine { introduced: r.introduced.clone(), fixed, last_affected }
    };
    let rating = |r: &Rating| RatingLine {
        severity: r.severity.name().to_owned(),
        score: r.score,
        vector: r.vector.clone(),
        source: r.source.clone(),
    };
    Line {
        namespace: r.namespace.clone(),
        package: r.package.clone(),
        id: r.id.clone(),
        aliases: r.aliases.clone(),
        state: r.state.name().to_owned(),
        ranges: r.ranges.iter().map(range).collect(),
        versions: r.versions.clone(),
        ratings: r.ratings.iter().map(rating).collect(),
        kev: r.kev,
        published: r.published.map(|t| t.to_string()),
        modified: r.modified.map(|t| t.to_string()),
        summary: r.summary.clone(),
        url: r.url.clone(),
        evidence: r.evidence.clone(),
    }
}

fn push<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    // These types hold only strings, numbers and lists: they always serialise.
    if let Ok(mut text) = serde_json::to_vec(value) {
        out.append(&mut text);
        out.push(b'\n');
    }
}
