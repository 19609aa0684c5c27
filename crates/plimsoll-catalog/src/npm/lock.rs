//! npm's lock files: `package-lock.json` and `npm-shrinkwrap.json` of versions 1 to 3, and the copy of what was installed
//! that npm keeps as `node_modules/.package-lock.json`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields};

/// The note of a lock file beside installed packages: four values for each.
pub(super) const LOCKED: &str = "locked";
/// How many values that note has for each package: key, version, origin, integrity.
pub(super) const WIDTH: usize = 4;

/// The most packages of one lock file that are read.
pub(super) const MAX_PACKAGES: usize = 200_000;

/// An entry of a lock file, whatever wrote it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// What the package is called; its place may have another name.
    pub(super) name: String,
    pub(super) version: String,
    pub(super) resolved: String,
    pub(super) hashes: Vec<crate::Hash>,
    pub(super) licenses: Vec<String>,
    pub(super) develops: bool,
    pub(super) application: bool,
}

impl Entry {
    /// The record of the entry; lock files only declare what would be installed, but are all the evidence there is.
    pub(super) fn record(self) -> Record {
        let mut properties = Vec::new();
        if self.develops {
            properties.push(("npm:dev".to_owned(), "true".to_owned()));
        }
        if self.application {
            properties.push(("npm:role".to_owned(), "application".to_owned()));
        }
        Record {
            ecosystem: Ecosystem::Npm,
            purl: super::purl(&self.name, &self.version),
            name: self.name,
            version: self.version,
            licenses: self.licenses,
            download: Some(self.resolved).filter(|r| r.contains("://")),
            hashes: self.hashes,
            properties,
            ..Record::default()
        }
    }
}

/// Reads the copy beside installed packages.
pub(super) fn hidden(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, &["packages"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a lock file: {error}")),
    };
    let packages = map.get("packages").and_then(Value::as_object);
    let mut values = Vec::new();
    for (key, package) in packages.into_iter().flatten().filter(|(key, _)| !key.is_empty()).take(MAX_PACKAGES) {
        let text = |field| fields::member(package, field).unwrap_or_default();
        values.extend([key.clone(), text("version"), text("resolved"), text("integrity")]);
    }
    if !values.is_empty() {
        out.note(LOCKED, values);
    }
}

/// Reads a lock file.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, &["name", "version", "packages", "dependencies"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a lock file: {error}")),
    };
    let mut places = Places::default();
    match map.get("packages").and_then(Value::as_object) {
        Some(packages) => second(packages, &mut places, out),
        None => first(map.get("dependencies").and_then(Value::as_object), &mut places, out),
    }
    places.finish(out);
}

/// Records by their place (`node_modules/a/node_modules/b`), and what each asks for.
#[derive(Default)]
struct Places {
    by_place: HashMap<String, u32>,
    asks: Vec<(u32, String, Vec<String>)>,
    links: Vec<(String, String)>,
}

impl Places {
    fn add(&mut self, place: &str, entry: Entry, asks: Vec<String>, out: &mut Facts) {
        let index = out.records.len() as u32;
        out.records.push(entry.record());
        self.by_place.insert(place.to_owned(), index);
        self.asks.push((index, place.to_owned(), asks));
    }

    /// Resolves as Node.js does, among the places of the file.
    fn finish(mut self, out: &mut Facts) {
        for (place, target) in std::mem::take(&mut self.links) {
            if let Some(index) = self.by_place.get(&target).copied() {
                self.by_place.entry(place).or_insert(index);
            }
        }
        for (index, place, asks) in self.asks {
            let needs = asks.iter().filter_map(|name| {
                let mut at = Some(place.as_str());
                while let Some(dir) = at {
                    let slash = if dir.is_empty() { "" } else { "/" };
                    if let Some(found) = self.by_place.get(&format!("{dir}{slash}node_modules/{name}")) {
                        return Some(*found);
                    }
                    at = (!dir.is_empty()).then(|| super::paths::parent(dir));
                }
                None
            });
            let mut needs: Vec<u32> = needs.filter(|n| *n != index).collect();
            needs.sort_unstable();
            needs.dedup();
            if let Some(record) = out.records.get_mut(index as usize) {
                record.needs = needs;
            }
        }
    }
}

fn asks(package: &Value, tables: &[&str]) -> Vec<String> {
    tables.iter().flat_map(|t| fields::keys(package.get(*t))).collect()
}

/// Versions 2 and 3: a flat table of places.
fn second(packages: &Map<String, Value>, places: &mut Places, out: &mut Facts) {
    for (place, package) in packages.iter().take(MAX_PACKAGES) {
        let text = |field| fields::member(package, field);
        if package.get("link").and_then(Value::as_bool) == Some(true) {
            places.links.push((place.clone(), text("resolved").unwrap_or_default()));
            continue;
        }
        let own = place.rsplit_once("node_modules/").map(|(_, name)| name.to_owned());
        let application = own.is_none();
        // The lock file tells the name only where the place has another.
        let name = text("name").or(own).filter(|n| super::is_name(n));
        let version = text("version").and_then(|v| super::version(&v));
        let (Some(name), Some(version)) = (name, version) else {
            if !application {
                out.trouble(None, format!("{place} has no name or no version; left out"));
            }
            continue;
        };
        let mut licenses = Vec::new();
        fields::licenses(package.get("license"), &mut licenses);
        let flag = |field| package.get(field).and_then(Value::as_bool) == Some(true);
        let entry = Entry {
            name,
            version,
            resolved: text("resolved").unwrap_or_default(),
            hashes: text("integrity").map(|i| fields::integrity(&i)).unwrap_or_default(),
            licenses,
            develops: flag("dev") || flag("devOptional"),
            application,
        };
        let mut tables = vec!["dependencies", "optionalDependencies", "peerDependencies"];
        if application {
            tables.push("devDependencies");
        }
        places.add(place, entry, asks(package, &tables), out);
    }
}

/// Version 1: tables inside tables. The JSON reader bounds their depth.
fn first(table: Option<&Map<String, Value>>, places: &mut Places, out: &mut Facts) {
    let mut open: Vec<(String, &Map<String, Value>)> = table.map(|t| (String::new(), t)).into_iter().collect();
    let mut count = 0;
    while let Some((above, table)) = open.pop() {
        for (key, package) in table {
            count += 1;
            if count > MAX_PACKAGES {
                return out.trouble(None, format!("more than {MAX_PACKAGES} packages; the rest is left out"));
            }
            let slash = if above.is_empty() { "" } else { "/" };
            let place = format!("{above}{slash}node_modules/{key}");
            if let Some(inner) = package.get("dependencies").and_then(Value::as_object) {
                open.push((place.clone(), inner));
            }
            let written = fields::member(package, "version").unwrap_or_default();
            let (name, version, origin) = first_version(key, &written);
            if !super::is_name(name) || written.is_empty() {
                out.trouble(None, format!("{key} has no name or no version; left out"));
                continue;
            }
            let entry = Entry {
                name: name.to_owned(),
                version,
                resolved: fields::member(package, "resolved").or(origin).unwrap_or_default(),
                hashes: fields::member(package, "integrity").map(|i| fields::integrity(&i)).unwrap_or_default(),
                develops: package.get("dev").and_then(Value::as_bool) == Some(true),
                ..Entry::default()
            };
            places.add(&place, entry, asks(package, &["requires"]), out);
        }
    }
}

/// Version 1 writes an alias (`npm:name@1.0.0`) or an address where the version would be. An address names a version only if
/// it is of a tarball.
fn first_version<'a>(key: &'a str, written: &'a str) -> (&'a str, String, Option<String>) {
    if let Some((name, version)) = written.strip_prefix("npm:").and_then(super::split_at) {
        return (name, super::version(version).unwrap_or_default(), None);
    }
    if written.contains(':') || written.contains('/') {
        return (key, of_tarball(key, written), Some(written.to_owned()));
    }
    (key, super::version(written).unwrap_or_default(), None)
}

/// The version in `https://host/name/-/name-1.0.0.tgz`.
pub(super) fn of_tarball(name: &str, address: &str) -> String {
    let bare = name.rsplit('/').next().unwrap_or_default();
    let file = address.split(['?', '#']).next().and_then(|a| a.rsplit('/').next()).unwrap_or_default();
    let version = file.strip_prefix(bare).and_then(|f| f.strip_prefix('-')).and_then(|f| f.strip_suffix(".tgz"));
    version.filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).and_then(super::version).unwrap_or_default()
}
