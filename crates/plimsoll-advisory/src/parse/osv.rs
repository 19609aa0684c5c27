//! OSV records (schema 1.7.5, JSON).
//!
//! `withdrawn` records say nothing. GIT ranges are not read: no package version can be decided by them. A record with
//! one CVE among its aliases is named by it; one that is derived from several (`upstream` of a DSA) becomes a record for
//! each. Every record's severity is also kept by id, so that distribution records of the same CVE can use it.

use serde::Deserialize;

use super::{Parsed, is_cve, lines, moment};
use crate::{End, FixState, Range, Rating, Record, Scheme};

#[derive(Deserialize)]
struct Osv {
    id: String,
    modified: Option<String>,
    published: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    upstream: Option<Vec<String>>,
    summary: Option<String>,
    severity: Option<Vec<Severity>>,
    affected: Option<Vec<Affected>>,
    references: Option<Vec<Reference>>,
    database_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Severity {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: String,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<Package>,
    ranges: Option<Vec<OsvRange>>,
    versions: Option<Vec<String>>,
    severity: Option<Vec<Severity>>,
    ecosystem_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// Reads one record.
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    read(&mut parsed, bytes, "record");
    parsed
}

/// Reads one record a line.
pub fn parse_lines(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in lines(bytes) {
        read(&mut parsed, line, &format!("line {number}"));
    }
    parsed
}

fn read(parsed: &mut Parsed, bytes: &[u8], place: &str) {
    let osv: Osv = match serde_json::from_slice(bytes) {
        Ok(osv) => osv,
        Err(e) => return parsed.refuse(place, e),
    };
    if osv.id.is_empty() || osv.id.len() > 200 {
        return parsed.refuse(place, "the id is empty or too long");
    }
    parsed.saw(moment(osv.modified.as_deref()));
    if osv.withdrawn.is_some() {
        return;
    }
    let top = ratings(osv.severity.as_deref(), osv.database_specific.as_ref(), &osv.id);
    let aliases = osv.aliases.clone().unwrap_or_default();
    let upstream = osv.upstream.clone().unwrap_or_default();
    let derived_from_one = upstream.len() == 1;
    for rating in &top {
        let same = aliases.iter().chain(upstream.iter().filter(|_| derived_from_one)).chain([&osv.id]);
        parsed.ratings.extend(same.map(|id| (id.clone(), rating.clone())));
    }
    let names = names(&osv.id, &aliases, &upstream);
    for affected in osv.affected.as_deref().unwrap_or_default() {
        let Some(package) = &affected.package else {
            parsed.passed_over += 1;
            continue;
        };
        let Some((namespace, scheme)) = namespace(&package.ecosystem) else {
            parsed.passed_over += 1;
            continue;
        };
        let mut ranges = Vec::new();
        let mut fault = None;
        for range in affected.ranges.iter().flatten().filter(|r| matches!(r.kind.as_str(), "SEMVER" | "ECOSYSTEM")) {
            match pair(&range.events, scheme) {
                Ok(mut paired) => ranges.append(&mut paired),
                Err(why) => fault = Some(why),
            }
        }
        if let Some(why) = fault {
            parsed.refuse(format!("{} {}", osv.id, package.name), why);
            continue;
        }
        let mut versions = affected.versions.clone().unwrap_or_default();
        if ranges.is_empty() && versions.is_empty() {
            parsed.passed_over += 1;
            continue;
        }
        ranges.sort_unstable();
        ranges.dedup();
        versions.sort_unstable();
        versions.dedup();
        let own = ratings(affected.severity.as_deref(), affected.ecosystem_specific.as_ref(), &osv.id);
        for (id, others) in &names {
            let mut record = Record::new(&*namespace, &*package.name, id);
            record.aliases.clone_from(others);
            record.state =
                if ranges.iter().any(|r| matches!(r.end, End::Fixed(_))) { FixState::Fixed } else { FixState::NoFix };
            record.evidence = vec![format!("{}: {}", osv.id, describe(&ranges, &versions))];
            record.ranges.clone_from(&ranges);
            record.versions.clone_from(&versions);
            record.ratings = if own.is_empty() { top.clone() } else { own.clone() };
            record.published = moment(osv.published.as_deref());
            record.modified = moment(osv.modified.as_deref());
            record.summary = osv.summary.clone().filter(|s| !s.is_empty());
            record.url = url(osv.references.as_deref());
            parsed.records.push(record);
        }
    }
}

/// The ids the record stands under, each with its other names.
fn names(id: &str, aliases: &[String], upstream: &[String]) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<&str> = aliases.iter().map(String::as_str).chain([id]).collect();
    all.sort_unstable();
    all.dedup();
    let others = |name: &str| all.iter().filter(|a| **a != name).map(|a| (*a).to_owned()).collect();
    let cves: Vec<&str> = upstream.iter().map(String::as_str).filter(|u| is_cve(u)).collect();
    let own = all.iter().find(|a| is_cve(a)).copied();
    match (own, cves.is_empty()) {
        (Some(cve), _) => vec![(cve.to_owned(), others(cve))],
        (None, false) => cves.into_iter().map(|c| (c.to_owned(), others(c))).collect(),
        (None, true) => vec![(id.to_owned(), others(id))],
    }
}

/// Namespace and ordering of an OSV ecosystem; `None` where plimsoll has no ordering.
pub(crate) fn namespace(ecosystem: &str) -> Option<(String, Scheme)> {
    let namespace = match ecosystem.split_once(':') {
        Some(("Debian", release)) if !release.is_empty() => format!("debian:{release}"),
        Some(("Alpine", release)) if !release.is_empty() => format!("alpine:{release}"),
        None => match ecosystem {
            "Go" => "go".to_owned(),
            "npm" => "npm".to_owned(),
            "crates.io" => "cargo".to_owned(),
            _ => return None,
        },
        Some(_) => return None,
    };
    let scheme = Scheme::of(&namespace)?;
    Some((namespace, scheme))
}

/// Pairs events to ranges: sorted by version, `introduced` opens, `fixed` and `last_affected` close.
fn pair(events: &[Event], scheme: Scheme) -> Result<Vec<Range>, &'static str> {
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Kind {
        Fixed,
        Introduced,
        LastAffected,
    }
    let mut marks: Vec<(&str, Kind)> = Vec::with_capacity(events.len());
    for event in events {
        let parts = [
            (&event.introduced, Kind::Introduced),
            (&event.fixed, Kind::Fixed),
            (&event.last_affected, Kind::LastAffected),
        ];
        marks.extend(parts.into_iter().filter_map(|(v, kind)| v.as_deref().map(|v| (v, kind))));
    }
    // Events need not be in order. "0" is before everything. Versions that have no order are left where they stand.
    marks.sort_by(|a, b| {
        let by_version = match (a.0 == "0", b.0 == "0") {
            (true, true) => std::cmp::Ordering::Equal,
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
            (false, false) => scheme.compare(a.0, b.0).unwrap_or(std::cmp::Ordering::Equal),
        };
        by_version.then(a.1.cmp(&b.1))
    });
    let mut ranges = Vec::new();
    let mut open: Option<Option<String>> = None;
    for (version, kind) in marks {
        match (kind, open.take()) {
            (Kind::Introduced, None) => open = Some((version != "0").then(|| version.to_owned())),
            (Kind::Introduced, Some(earlier)) => open = Some(earlier),
            (Kind::Fixed, Some(introduced)) => ranges.push(Range { introduced, end: End::Fixed(version.to_owned()) }),
            (Kind::LastAffected, Some(introduced)) => {
                ranges.push(Range { introduced, end: End::LastAffected(version.to_owned()) });
            }
            // A second close of the same range adds nothing; a close with nothing ever opened is a fault.
            (_, None) if ranges.is_empty() => return Err("a range ends before it begins"),
            (_, None) => {}
        }
    }
    ranges.extend(open.map(|introduced| Range { introduced, end: End::Open }));
    Ok(ranges)
}

/// The newest CVSS version of the list, or the word of the database.
fn ratings(list: Option<&[Severity]>, specific: Option<&serde_json::Value>, source: &str) -> Vec<Rating> {
    let mut vectors: Vec<&Severity> = list.unwrap_or_default().iter().collect();
    vectors.sort_by(|a, b| b.kind.cmp(&a.kind));
    let vector = vectors.iter().find_map(|s| match s.kind.as_str() {
        "CVSS_V2" | "CVSS_V3" | "CVSS_V4" => Rating::from_vector(&s.score, source),
        _ => Rating::from_word(&s.score, source),
    });
    let word = || {
        let word = ["severity", "urgency"].into_iter().find_map(|key| specific?.get(key)?.as_str())?;
        Rating::from_word(word, source)
    };
    vector.or_else(word).into_iter().collect()
}

fn url(references: Option<&[Reference]>) -> Option<String> {
    let references = references.unwrap_or_default();
    let advisory = references.iter().find(|r| r.kind.as_deref() == Some("ADVISORY"));
    advisory.or(references.first()).map(|r| r.url.clone()).filter(|u| u.len() < 500)
}

fn describe(ranges: &[Range], versions: &[String]) -> String {
    let mut parts: Vec<String> = ranges.iter().take(4).map(ToString::to_string).collect();
    if ranges.len() > 4 {
        parts.push(format!("{} more ranges", ranges.len() - 4));
    }
    if !versions.is_empty() {
        parts.push(format!("{} versions by name", versions.len()));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity as Word;

    const DSA: &str = r#"{"id":"DSA-5439-1","modified":"2023-06-24T00:00:00Z","upstream":["CVE-2023-2828","CVE-2023-2911"],
        "affected":[{"package":{"ecosystem":"Debian:12","name":"bind9"},
        "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:9.18.16-1~deb12u1"}]}],
        "ecosystem_specific":{"urgency":"not yet assigned"}}]}"#;

    #[test]
    fn one_record_for_each_upstream_cve() {
        let parsed = parse(DSA.as_bytes());
        assert_eq!(
            parsed.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(),
            ["CVE-2023-2828", "CVE-2023-2911"]
        );
        assert_eq!(parsed.records[0].aliases, ["DSA-5439-1"]);
        assert_eq!(parsed.records[0].ranges, [Range::until("1:9.18.16-1~deb12u1")]);
        assert!(parsed.records[0].ratings.is_empty(), "not yet assigned is unknown");
    }

    #[test]
    fn withdrawn_says_nothing() {
        let text = DSA.replacen("\"modified\"", "\"withdrawn\":\"2024-01-01T00:00:00Z\",\"modified\"", 1);
        assert!(parse(text.as_bytes()).records.is_empty());
    }

    #[test]
    fn events_in_any_order_and_severity_by_id() {
        let text = r#"{"id":"GHSA-x","aliases":["CVE-2024-0001"],"severity":[
            {"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected":[{"package":{"ecosystem":"Go","name":"example.com/a"},"ranges":[{"type":"SEMVER","events":[
            {"fixed":"2.0.5"},{"introduced":"2.0.0"},{"fixed":"1.2.0"},{"introduced":"0"}]}]},
            {"package":{"ecosystem":"Go","name":"example.com/b"},"ranges":[{"type":"SEMVER","events":[
            {"introduced":"1.0.0"},{"last_affected":"1.4.0"},{"introduced":"2.0.0"}]}]},
            {"package":{"ecosystem":"Go","name":"c"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]},
            {"package":{"ecosystem":"Go","name":"d"},"ranges":[{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}]},
            {"package":{"ecosystem":"Maven","name":"e:f"},"versions":["1"]}]}"#;
        let parsed = parse(text.as_bytes());
        let range = |from: Option<&str>, end| Range { introduced: from.map(str::to_owned), end };
        assert_eq!(parsed.records.len(), 2);
        assert_eq!(
            parsed.records[0].ranges,
            [range(None, End::Fixed("1.2.0".into())), range(Some("2.0.0"), End::Fixed("2.0.5".into()))]
        );
        assert_eq!(
            parsed.records[1].ranges,
            [range(Some("1.0.0"), End::LastAffected("1.4.0".into())), range(Some("2.0.0"), End::Open)]
        );
        assert_eq!(parsed.records[0].ratings[0].severity, Word::Critical);
        assert_eq!(parsed.passed_over, 2);
        assert_eq!(parsed.bad[0].place, "GHSA-x d");
        assert!(parsed.ratings.iter().any(|(id, r)| id == "CVE-2024-0001" && r.score == Some(98)));
    }
}
