//! Debian: fixes read from changelogs, and the parsed official OVAL; JSON Lines of `source`, `cve`, `fixed`.
//!
//! A changelog's `urgency` tells how fast an upload should migrate; it is no severity and is not read. In the OVAL data
//! a fixed version of `0` is an entry the tracker holds open: affected, and no fix stated.

use serde::Deserialize;

use super::{Parsed, lines, moment};
use crate::{FixState, Record};

#[derive(Deserialize)]
struct Line {
    source: String,
    cve: String,
    fixed: String,
    date: Option<String>,
    dist: Option<String>,
}

/// Reads either file. `namespace` is the release (`debian:12`), `feed` the name its evidence carries.
pub fn parse(bytes: &[u8], namespace: &str, feed: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in lines(bytes) {
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(e) => {
                parsed.refuse(format!("line {number}"), e);
                continue;
            }
        };
        if line.source.is_empty() || line.cve.is_empty() {
            parsed.refuse(format!("line {number}"), "source or cve is empty");
            continue;
        }
        let record = Record::new(namespace, &*line.source, &*line.cve);
        let mut record = if line.fixed == "0" {
            record.open()
        } else if let Err(e) = plimsoll_version::dpkg::check(&line.fixed) {
            parsed.refuse(format!("line {number}"), e);
            continue;
        } else {
            record.fixed_in(line.fixed)
        };
        record.modified = moment(line.date.as_deref());
        parsed.saw(record.modified);
        let place = line.dist.map_or_else(String::new, |d| format!(" ({d})"));
        record.evidence = vec![match (record.state, record.ranges.first()) {
            (FixState::Fixed, Some(crate::Range { end: crate::End::Fixed(v), .. })) => {
                format!("{feed}: fixed in {v}{place}")
            }
            _ => format!("{feed}: affected, no fix stated"),
        }];
        parsed.records.push(record);
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{End, Range};

    #[test]
    fn urgency_is_no_severity_and_zero_is_open() {
        let text = br#"{"source":"openssl","cve":"CVE-2023-0286","fixed":"3.0.8-1","date":"2023-02-07T20:00:00Z","dist":"unstable","urgency":"critical"}
{"source":"apt","cve":"CVE-2011-3374","fixed":"0"}
{"source":"x","cve":"CVE-2020-1","fixed":"not a version"}
{"source":"x"
"#;
        let parsed = parse(text, "debian:12", "debian-test");
        assert_eq!(parsed.records.len(), 2);
        assert_eq!(parsed.records[0].ranges, [Range::until("3.0.8-1")]);
        assert!(parsed.records[0].ratings.is_empty());
        assert_eq!(parsed.records[0].evidence, ["debian-test: fixed in 3.0.8-1 (unstable)"]);
        assert_eq!((parsed.records[1].state, &parsed.records[1].ranges[0].end), (FixState::NoFix, &End::Open));
        assert_eq!(parsed.bad.iter().map(|b| b.place.as_str()).collect::<Vec<_>>(), ["line 3", "line 4"]);
        assert_eq!(parsed.newest.unwrap().to_string(), "2023-02-07T20:00:00Z");
    }
}
