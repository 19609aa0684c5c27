//! Recognising feed files by path and content.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::parse::{Bad, Parsed, debian, eol, kev, lines, moment, osv, records, secdb};
use crate::{Feed, IndexBuilder, Standing};

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// Ready to be built.
    pub builder: IndexBuilder,
    /// Files that are no feed plimsoll reads, sorted.
    pub unknown: Vec<String>,
    /// Records that could not be read: file, and where and why; sorted.
    pub bad: Vec<(String, Bad)>,
    /// Records of ecosystems without an ordering: only their severities are used.
    pub passed_over: usize,
}

/// Debian releases by codename, for files that name the release so.
const CODENAMES: &[(&str, &str)] =
    &[("trixie", "13"), ("bookworm", "12"), ("bullseye", "11"), ("buster", "10"), ("stretch", "9"), ("forky", "14")];

/// Reads feed files: decompressed bytes, each with its path relative to the directory that was given; a member of an
/// archive as `feed/feed.tar.zst/member`. A file that is no feed is named and nothing else.
pub fn read_feeds(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Feeds {
    let mut feeds = Feeds::default();
    let mut snapshots: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
    for (path, bytes) in files {
        let name = feed_name(&path);
        let file = file_name(&path);
        if file == "SOURCE.txt" {
            snapshots.extend(source_date(&bytes).map(|t| (name, t)));
        } else if file == "debian.csv" {
            let (lifetimes, parsed) = eol::debian(&bytes);
            feeds.builder.lifetimes(lifetimes);
            feeds.bad.extend(parsed.bad.into_iter().map(|b| (path.clone(), b)));
        } else if let Some((feed, standing, parsed)) = read(&mut feeds.builder, &path, &bytes, name) {
            let (records, bad) = (count(parsed.records.len() + parsed.exploited.len()), count(parsed.bad.len()));
            if let Some(moment) = parsed.newest.filter(|_| !feed.is_empty()) {
                let known = newest.entry(feed.clone()).or_insert(moment);
                *known = moment.max(*known);
            }
            feeds.builder.add(standing, parsed.records).rate(parsed.ratings).exploited(parsed.exploited);
            if !feed.is_empty() {
                feeds.builder.feed(Feed { name: feed, snapshot: None, records, bad });
            }
            feeds.bad.extend(parsed.bad.into_iter().map(|b| (path.clone(), b)));
            feeds.passed_over += parsed.passed_over;
        } else {
            feeds.unknown.push(path);
        }
    }
    // What the publisher's snapshot says of itself comes before the newest thing a record speaks of.
    for (name, time) in newest.into_iter().filter(|(name, _)| !snapshots.contains_key(name)).collect::<Vec<_>>() {
        feeds.builder.feed(Feed { name, snapshot: Some(time), records: 0, bad: 0 });
    }
    for (name, time) in snapshots {
        feeds.builder.snapshot(&name, time);
    }
    feeds.builder.lifetimes(eol::alpine());
    feeds.unknown.sort_unstable();
    feeds.bad.sort_unstable();
    feeds
}

fn read(builder: &mut IndexBuilder, path: &str, bytes: &[u8], feed: String) -> Option<(String, Standing, Parsed)> {
    let vendor = |feed, parsed| Some((feed, Standing::Vendor, parsed));
    if path.ends_with(".jsonl") || path.ends_with(".jsonl.zst") {
        if records::is_records(bytes) {
            // An extract speaks for the feeds its header names; without any it is a feed of its own.
            let extract = records::parse(bytes);
            let feed = if extract.feeds.is_empty() { feed } else { String::new() };
            extract.feeds.into_iter().for_each(|f| _ = builder.feed(f));
            builder.lifetimes(extract.lifetimes);
            return vendor(feed, extract.parsed);
        }
        return match shape(lines(bytes).next()?.1)? {
            Shape::Debian => {
                let release = CODENAMES.iter().find(|(name, _)| path.contains(name))?.1;
                let oval = file_name(path).starts_with("oval");
                let (feed, standing) =
                    if oval { ("debian-oval", Standing::Vendor) } else { ("debian-changelogs", Standing::Derived) };
                let mut parsed = debian::parse(bytes, &format!("debian:{release}"), feed);
                if oval {
                    parsed.newest = parsed.newest.max(date_in(file_name(path)));
                }
                Some((feed.to_owned(), standing, parsed))
            }
            Shape::Osv => vendor(feed, osv::parse_lines(bytes)),
            Shape::Secdb | Shape::Kev => None,
        };
    }
    if !path.ends_with(".json") {
        return None;
    }
    match shape(bytes)? {
        Shape::Secdb => vendor(feed, secdb::parse(bytes)),
        Shape::Kev => vendor(feed, kev::parse(bytes)),
        Shape::Osv => vendor(feed, osv::parse(bytes)),
        Shape::Debian => None,
    }
}

enum Shape {
    Debian,
    Osv,
    Secdb,
    Kev,
}

/// What a JSON object looks like, by its keys.
fn shape(bytes: &[u8]) -> Option<Shape> {
    #[derive(Deserialize)]
    struct Keys {
        id: Option<IgnoredAny>,
        affected: Option<IgnoredAny>,
        modified: Option<IgnoredAny>,
        source: Option<IgnoredAny>,
        cve: Option<IgnoredAny>,
        fixed: Option<IgnoredAny>,
        distroversion: Option<IgnoredAny>,
        packages: Option<IgnoredAny>,
        #[serde(rename = "catalogVersion")]
        catalogue: Option<IgnoredAny>,
        vulnerabilities: Option<IgnoredAny>,
    }
    let keys: Keys = serde_json::from_slice(bytes).ok()?;
    if keys.distroversion.is_some() && keys.packages.is_some() {
        Some(Shape::Secdb)
    } else if keys.catalogue.is_some() && keys.vulnerabilities.is_some() {
        Some(Shape::Kev)
    } else if keys.source.is_some() && keys.cve.is_some() && keys.fixed.is_some() {
        Some(Shape::Debian)
    } else if keys.id.is_some() && (keys.affected.is_some() || keys.modified.is_some()) {
        Some(Shape::Osv)
    } else {
        None
    }
}

/// The feed a file belongs to: its archive's name, or its topmost folder, or its own name.
fn feed_name(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let stem = |p: &str| p.split('.').next().unwrap_or(p).to_owned();
    match (parts.iter().find(|p| p.contains(".tar")), &parts[..]) {
        (Some(archive), _) => stem(archive),
        (None, ["advisories", folder, _, ..]) => (*folder).to_owned(),
        (None, [folder, _, ..]) => (*folder).to_owned(),
        (None, [file]) => stem(file),
        (None, []) => String::new(),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The commit's date in a `SOURCE.txt` (`repository @ commit date`).
fn source_date(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().next()?.split_whitespace().find_map(|word| moment(Some(word)))
}

/// The first `YYYY-MM-DD` in a file's name, as a moment.
fn date_in(name: &str) -> Option<Timestamp> {
    let at = |i: usize| name.get(i..i + 10)?.parse::<jiff::civil::Date>().ok();
    let date = (0..name.len().saturating_sub(9)).find_map(at)?;
    moment(Some(&format!("{date}T00:00:00Z")))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised_by_what_they_hold() {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        let feeds = read_feeds([
            file("debian-bookworm-derived/fixes.jsonl", r#"{"source":"a","cve":"CVE-2020-0001","fixed":"1-1"}"#),
            file(
                "debian-bookworm-derived/oval-2023-07-14-bookworm.jsonl",
                r#"{"source":"a","cve":"CVE-2020-0001","fixed":"0"}"#,
            ),
            file(
                "alpine-secdb/alpine-secdb.tar.zst/alpine/v3.10/main.json",
                r#"{"distroversion":"v3.10","reponame":"main","packages":[]}"#,
            ),
            file("alpine-secdb/SOURCE.txt", "github:x/y @ abcdef 2024-12-31T03:23:08-05:00\nmore"),
            file("kev/kev.json", r#"{"catalogVersion":"1","vulnerabilities":[{"cveID":"CVE-2020-0001"}]}"#),
            file("pypa/pypa.tar.zst/vulns/a.yaml", "id: x"),
            file("eol/debian.csv", "version,codename,series,created,release,eol\n12,B,bookworm,,,2026-07-11\n"),
            file("broken.json", "{"),
        ]);
        assert_eq!(feeds.unknown, ["broken.json", "pypa/pypa.tar.zst/vulns/a.yaml"]);
        let index = feeds.builder.build("2026-11-23T00:00:00Z".parse().unwrap()).unwrap();
        let index = crate::Index::open(&index).unwrap();
        let names: Vec<_> = index.feeds().into_iter().map(|f| (f.name, f.snapshot.map(|s| s.to_string()))).collect();
        let when = |t: &str| Some(t.to_owned());
        assert_eq!(
            names,
            [
                ("alpine-secdb".to_owned(), when("2024-12-31T08:23:08Z")),
                ("debian-changelogs".to_owned(), None),
                ("debian-oval".to_owned(), when("2023-07-14T00:00:00Z")),
                ("kev".to_owned(), None),
            ]
        );
        let record = index.lookup("debian:12", "a").next().unwrap().to_record();
        assert!(record.kev);
        assert_eq!(record.evidence, ["debian-changelogs: fixed in 1-1", "debian-oval: affected, no fix stated"]);
        assert!(index.lifetimes().any(|l| l.namespace == "debian:12" && l.codename.as_deref() == Some("bookworm")));
    }
}
