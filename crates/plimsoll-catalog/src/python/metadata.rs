//! The core metadata of a distribution: fields of a mail's header, and what stands in `RECORD` and `direct_url.json`.

use serde::Deserialize;

use super::{license, name, text};
use crate::Ecosystem;
use crate::facts::{Facts, Record};

/// Fields of one kind that are read at most.
const MAX_FIELDS: usize = 4096;

/// A folded field longer than this is prose, and its rest is left out.
const MAX_FIELD: usize = 16 << 10;

/// Reads `METADATA` or `PKG-INFO`. The record's name stays empty where the file has none: a join knows the directory's.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let fields = fields(bytes);
    if fields.is_empty() {
        out.trouble(None, "holds no field of core metadata");
        return;
    }
    let first = |name: &str| {
        let found = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        found.filter(|v| !v.is_empty() && *v != "UNKNOWN")
    };
    let all = |name: &'static str| {
        fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str()).take(MAX_FIELDS)
    };
    let stated = first("Name");
    let normal = stated.and_then(name::normal);
    if let (Some(stated), None) = (stated, &normal) {
        out.trouble(None, format!("Name is not one: {}", text(stated).unwrap_or_default()));
    }
    let version = first("Version").filter(|v| v.len() <= 256 && v.bytes().all(|b| b.is_ascii_graphic()));
    if let (Some(version), None) = (first("Version"), version) {
        out.trouble(None, format!("Version is not one: {}", text(version).unwrap_or_default()));
    }
    let classifiers: Vec<&str> = all("Classifier").collect();
    let mut record = Record {
        ecosystem: Ecosystem::Pypi,
        name: normal.clone().unwrap_or_default(),
        version: version.unwrap_or_default().to_owned(),
        licenses: license::of(first("License-Expression"), first("License"), &classifiers),
        maintainer: person(first("Author"), first("Author-email"))
            .or_else(|| person(first("Maintainer"), first("Maintainer-email"))),
        description: first("Summary").and_then(text),
        homepage: first("Home-page").and_then(text).or_else(|| homepage(all("Project-URL"))),
        ..Record::default()
    };
    if let (Some(stated), Some(normal)) = (stated, &normal)
        && stated != normal
    {
        record.properties.push(("python:name".to_owned(), stated.to_owned()));
    }
    out.records.push(record);
    let requires: Vec<String> = all("Requires-Dist").map(str::to_owned).collect();
    if !requires.is_empty() {
        out.note("requires", requires);
    }
    // The `Requires` of metadata 1.1 names modules, not distributions: no edges follow from it.
}

/// The header's fields: folded lines joined by a line feed, up to the first empty line.
fn fields(bytes: &[u8]) -> Vec<(String, String)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in bytes.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            if fields.is_empty() {
                continue;
            }
            break;
        }
        let line = String::from_utf8_lossy(line);
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut()
                && value.len() < MAX_FIELD
            {
                value.push('\n');
                value.push_str(line.trim());
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    fields
}

/// `Name <mail>` of the two fields that state a person; the second may hold both.
fn person(name: Option<&str>, mail: Option<&str>) -> Option<String> {
    let (name, mail) = (name.and_then(text), mail.and_then(text));
    match (name, mail) {
        (Some(name), Some(mail)) if !mail.contains('<') && !mail.contains(',') && !name.contains('@') => {
            Some(format!("{name} <{mail}>"))
        }
        (Some(name), _) => Some(name),
        (None, mail) => mail,
    }
}

fn homepage<'a>(urls: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for url in urls {
        let Some((label, url)) = url.split_once(',') else { continue };
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let rank =
            ["homepage", "home", "repository", "source", "sourcecode", "github"].iter().position(|l| *l == label);
        if let Some(rank) = rank
            && best.is_none_or(|(b, _)| rank < b)
        {
            best = Some((rank, url));
        }
    }
    best.and_then(|(_, url)| text(url))
}

/// The path in a line of `RECORD` or `installed-files.txt`, if it is another distribution's metadata, or this one's own
/// in a directory by itself.
pub(super) fn listed(line: &str) -> Option<String> {
    let path = match line.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        // Digest and size follow; a path with a comma is quoted.
        None => line.split(',').next().unwrap_or_default(),
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_metadata = matches!(name, "METADATA" | "PKG-INFO") || name.ends_with(".egg-info");
    is_metadata.then(|| path.to_owned())
}

/// `direct_url.json`: where a distribution that is not an index's comes from.
#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    dir_info: Option<DirInfo>,
    vcs_info: Option<VcsInfo>,
    archive_info: Option<ArchiveInfo>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
struct VcsInfo {
    vcs: String,
    #[serde(default)]
    commit_id: String,
}

#[derive(Deserialize)]
struct ArchiveInfo {
    hash: Option<String>,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

/// Notes `url` (with `editable`), `vcs` and `digest`.
pub(super) fn direct_url(bytes: &[u8], out: &mut Facts) {
    let read: DirectUrl = match serde_json::from_slice(bytes) {
        Ok(read) => read,
        Err(error) => return out.trouble(None, format!("is not a direct URL's record: {error}")),
    };
    if let Some(url) = text(&without_credentials(&read.url)) {
        let editable = read.dir_info.is_some_and(|d| d.editable);
        out.note(if editable { "editable" } else { "url" }, vec![url.clone()]);
        if let Some(vcs) = read.vcs_info.filter(|v| !v.vcs.is_empty()) {
            let (vcs, commit) = (text(&vcs.vcs).unwrap_or_default(), text(&vcs.commit_id).unwrap_or_default());
            out.note("vcs", vec![format!("{vcs}+{url}@{commit}")]);
        }
    }
    if let Some(archive) = read.archive_info {
        let named = archive.hashes.into_iter().map(|(a, h)| format!("{a}={h}"));
        out.note("digest", named.chain(archive.hash).take(16).collect());
    }
}

/// A URL without the user and password that it may hold.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_at_an_empty_line() {
        let found = fields(b"Name: a\r\nLicense: x\r\n        y\r\n\r\nVersion: 2\n");
        assert_eq!(found, [("Name".into(), "a".into()), ("License".into(), "x\ny".to_owned())]);
        assert!(fields(b"").is_empty() && fields(b"\n\n").is_empty() && fields(b" x: y\n").is_empty());
    }

    #[test]
    fn lists() {
        assert_eq!(
            listed("a/_vendor/b-1.dist-info/METADATA,sha256=x,1").as_deref(),
            Some("a/_vendor/b-1.dist-info/METADATA")
        );
        assert_eq!(listed("\"a,b/c.dist-info/METADATA\",,").as_deref(), Some("a,b/c.dist-info/METADATA"));
        assert_eq!(listed("a/b.py,,"), None);
        assert_eq!(listed("\""), None);
    }

    #[test]
    fn secrets_of_urls_stay_out() {
        assert_eq!(without_credentials("https://u:p@x.org/a@b"), "https://x.org/a@b");
        assert_eq!(without_credentials("file:///src/a"), "file:///src/a");
    }
}
