//! `pnpm-lock.yaml` of versions 5 to 9, and the copy that pnpm keeps as `node_modules/.pnpm/lock.yaml`.

use std::collections::HashMap;

use super::lock::{self, Entry, MAX_PACKAGES};
use super::yaml::{self, Yaml};
use crate::facts::Facts;
use crate::fields;

/// Reads the copy beside installed packages: `name@version` and integrity.
pub(super) fn hidden(bytes: &[u8], out: &mut Facts) {
    let Some(document) = document(bytes, out) else { return };
    let mut values = Vec::new();
    for (key, package) in table(&document, "packages") {
        let Some((name, version)) = identity(key, package) else { continue };
        let integrity = package.get("resolution").map(|r| r.member("integrity")).unwrap_or_default();
        if !integrity.is_empty() {
            values.extend([format!("{name}@{version}"), version, String::new(), integrity.to_owned()]);
        }
    }
    if !values.is_empty() {
        out.note(lock::LOCKED, values);
    }
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let Some(document) = document(bytes, out) else { return };
    let mut by_key: HashMap<String, u32> = HashMap::new();
    for (key, package) in table(&document, "packages") {
        let Some((name, version)) = identity(key, package) else {
            out.trouble(None, format!("{key} has no name or no version; left out"));
            continue;
        };
        let resolution = package.get("resolution");
        let member = |field| resolution.map(|r| r.member(field)).unwrap_or_default();
        let entry = Entry {
            name,
            version,
            resolved: member("tarball").to_owned(),
            hashes: fields::integrity(member("integrity")),
            develops: package.member("dev") == "true",
            ..Entry::default()
        };
        by_key.insert(bare(key).to_owned(), out.records.len() as u32);
        out.records.push(entry.record());
    }
    // From version 9 on, what a package depends on stands apart, once for each set of peers.
    for (key, package) in table(&document, "packages").chain(table(&document, "snapshots")) {
        let Some(&own) = by_key.get(bare(key)) else { continue };
        let tables = ["dependencies", "optionalDependencies"].map(|t| package.get(t));
        let asks = tables.into_iter().flatten().flat_map(Yaml::entries).take(fields::MAX_ENTRIES);
        let needs: Vec<u32> =
            asks.filter_map(|(name, version)| target(&by_key, name, version.text()?)).filter(|n| *n != own).collect();
        if let Some(record) = out.records.get_mut(own as usize) {
            record.needs.extend(needs);
            record.needs.sort_unstable();
            record.needs.dedup();
        }
    }
}

fn document(bytes: &[u8], out: &mut Facts) -> Option<Yaml> {
    match yaml::read(bytes) {
        Ok(document) => Some(document),
        Err(line) => {
            out.trouble(Some(line), "not YAML as pnpm writes it; nothing was read");
            None
        }
    }
}

fn table<'y>(document: &'y Yaml, name: &str) -> impl Iterator<Item = (&'y str, &'y Yaml)> {
    let table = document.get(name).into_iter().flat_map(Yaml::entries);
    table.take(MAX_PACKAGES).map(|(key, value)| (key.as_str(), value))
}

/// A key without the leading slash of old versions and without its peers: `(react@18.2.0)`, before version 6
/// `_react@18.2.0`.
fn bare(key: &str) -> &str {
    let key = key.strip_prefix('/').unwrap_or(key);
    key.split('(').next().unwrap_or_default()
}

/// Name and version: `/@s/a/1.0.0_react@18.2.0`, `/@s/a@1.0.0(react@18.2.0)`, `@s/a@1.0.0`. Packages from elsewhere tell
/// them in fields of their own.
fn identity(key: &str, package: &Yaml) -> Option<(String, String)> {
    let told = |field| Some(package.member(field)).filter(|t| !t.is_empty());
    let (name, version) = match split(key) {
        Some((name, version)) => (told("name").unwrap_or(name), told("version").unwrap_or(version)),
        None => (told("name")?, told("version").unwrap_or_default()),
    };
    let version = super::version(version).unwrap_or_default();
    // An address is no version; what it leads to is not known here.
    let version = if version.contains([':', '/']) { String::new() } else { version };
    super::is_name(name).then(|| (name.to_owned(), version))
}

fn split(key: &str) -> Option<(&str, &str)> {
    let bare = bare(key);
    // Version 5 separates by a slash, and writes peers behind an underscore.
    let from = if bare.starts_with('@') { bare.find('/')? + 1 } else { 0 };
    let rest = bare.get(from..)?;
    let at = rest.find(['@', '/'])?;
    let version = rest.get(at + 1..)?;
    let version = if rest.as_bytes().get(at) == Some(&b'/') { version.split('_').next()? } else { version };
    Some((bare.get(..from + at)?, version))
}

/// The package that `name: version` leads to: a version of that name, or a key of its own where it is an alias.
fn target(by_key: &HashMap<String, u32>, name: &str, version: &str) -> Option<u32> {
    let plain = bare(version);
    let keys = [format!("{name}@{plain}"), format!("{name}/{plain}"), plain.to_owned()];
    keys.iter().find_map(|key| by_key.get(key.as_str()).copied())
}
