//! `yarn.lock`: Yarn 1's own format, and the YAML of later versions.

use std::collections::HashMap;

use super::lock::{Entry, MAX_PACKAGES};
use super::yaml;
use crate::facts::Facts;
use crate::fields;

/// Reads either format.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let later = bytes.split(|&b| b == b'\n').any(|line| line.starts_with(b"__metadata:"));
    let entries = if later { berry(bytes, out) } else { classic(bytes, out) };
    let mut by_pattern: HashMap<String, u32> = HashMap::new();
    for (index, found) in (0u32..).zip(&entries) {
        for pattern in &found.patterns {
            by_pattern.insert(pattern.clone(), index);
        }
    }
    for (index, found) in (0u32..).zip(entries) {
        let mut needs: Vec<u32> = found.asks.iter().filter_map(|ask| by_pattern.get(ask).copied()).collect();
        needs.retain(|n| *n != index);
        needs.sort_unstable();
        needs.dedup();
        let mut record = found.entry.record();
        record.needs = needs;
        out.records.push(record);
    }
}

/// An entry, the patterns that it stands for, and those it asks for.
#[derive(Default)]
struct Found {
    entry: Entry,
    patterns: Vec<String>,
    asks: Vec<String>,
}

/// The name that a pattern installs: of `alias@npm:name@^1.0.0` the name behind `npm:`.
fn name_of(pattern: &str) -> Option<&str> {
    let (name, range) = super::split_at(pattern)?;
    let aliased = range.strip_prefix("npm:").and_then(super::split_at).map(|(name, _)| name);
    Some(aliased.unwrap_or(name)).filter(|n| super::is_name(n))
}

/// Yarn 1: keys at the margin, fields below them, dependencies below those.
fn classic(bytes: &[u8], out: &mut Facts) -> Vec<Found> {
    let text = String::from_utf8_lossy(bytes);
    let mut entries: Vec<Found> = Vec::new();
    let mut in_table = false;
    let mut begun = 0;
    for (number, line) in (1u32..).zip(text.lines()) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        match line.len() - line.trim_start().len() {
            0 => {
                close(&mut entries, begun, out);
                begun = number;
                in_table = false;
                if entries.len() >= MAX_PACKAGES {
                    out.trouble(Some(number), format!("more than {MAX_PACKAGES} packages; the rest is left out"));
                    return entries;
                }
                let patterns: Vec<String> =
                    bare.trim_end_matches(':').split(", ").map(|p| p.trim_matches('"').to_owned()).collect();
                let name = patterns.first().and_then(|p| name_of(p)).unwrap_or_default().to_owned();
                entries.push(Found { entry: Entry { name, ..Entry::default() }, patterns, asks: Vec::new() });
            }
            2 => {
                in_table = bare == "dependencies:" || bare == "optionalDependencies:";
                let Some(found) = entries.last_mut() else { continue };
                let Some((field, value)) = bare.split_once(' ') else { continue };
                let value = value.trim_matches('"');
                match field {
                    "version" => found.entry.version = super::version(value).unwrap_or_default(),
                    "resolved" => {
                        let (address, sha1) = value.split_once('#').unwrap_or((value, ""));
                        found.entry.resolved = address.to_owned();
                        found.entry.hashes.extend(fields::hex(crate::HashAlgorithm::Sha1, sha1));
                    }
                    "integrity" => found.entry.hashes.extend(fields::integrity(value)),
                    _ => {}
                }
            }
            _ if in_table => {
                if let (Some(found), Some((name, range))) = (entries.last_mut(), bare.split_once(' '))
                    && found.asks.len() < fields::MAX_ENTRIES
                {
                    found.asks.push(format!("{}@{}", name.trim_matches('"'), range.trim_matches('"')));
                }
            }
            _ => {}
        }
    }
    close(&mut entries, begun, out);
    entries
}

/// Takes the last entry out again if it lacks what makes it a package.
fn close(entries: &mut Vec<Found>, line: u32, out: &mut Facts) {
    if entries.last().is_some_and(|f| f.entry.name.is_empty() || f.entry.version.is_empty()) {
        out.trouble(Some(line), "an entry has no name or no version; left out");
        entries.pop();
    }
}

/// Later versions. Their checksum is of Yarn's own archive, not of what npm publishes, and is not told.
fn berry(bytes: &[u8], out: &mut Facts) -> Vec<Found> {
    let document = match yaml::read(bytes) {
        Ok(document) => document,
        Err(line) => {
            out.trouble(Some(line), "not YAML as Yarn writes it; nothing was read");
            return Vec::new();
        }
    };
    let mut entries = Vec::new();
    for (key, value) in document.entries().iter().filter(|(k, _)| k != "__metadata").take(MAX_PACKAGES) {
        let resolution = value.member("resolution");
        let workspace = resolution.contains("@workspace:") || value.member("linkType") == "soft";
        let name = super::split_at(resolution).map(|(name, _)| name).filter(|n| super::is_name(n));
        let version = super::version(value.member("version")).filter(|v| v != "0.0.0-use.local");
        let (Some(name), Some(version)) = (name, version) else {
            // Members of the workspace have no version of their own here.
            if !workspace {
                out.trouble(None, format!("{key} has no name or no version; left out"));
            }
            continue;
        };
        let asks = value.get("dependencies").into_iter().flat_map(yaml::Yaml::entries);
        entries.push(Found {
            entry: Entry { name: name.to_owned(), version, application: workspace, ..Entry::default() },
            patterns: key.split(", ").map(str::to_owned).collect(),
            asks: asks
                .take(fields::MAX_ENTRIES)
                .map(|(n, range)| format!("{n}@{}", range.text().unwrap_or_default()))
                .collect(),
        });
    }
    entries
}
