//! `package.json`: what a package says of itself.

use serde_json::{Map, Value};

use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields};

const FIELDS: &[&str] = &[
    "name",
    "version",
    "license",
    "licence",
    "licenses",
    "author",
    "authors",
    "maintainers",
    "contributors",
    "description",
    "homepage",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "devDependencies",
    "_resolved",
    "_integrity",
    "_shasum",
];

/// What it depends on when it runs.
pub(super) const DEPENDS: &str = "depends";
/// What an application's developers need besides.
pub(super) const DEVELOPS: &str = "develops";
/// Why it cannot be read. Only of interest where a package is installed: fixtures of tests are broken on purpose.
pub(super) const BROKEN: &str = "broken";
/// Its name, where that is all it says.
pub(super) const NAMED: &str = "named";

/// Reads a manifest. One without a name says nothing.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, FIELDS) {
        Ok(map) => map,
        Err(error) => return out.note(BROKEN, vec![format!("not a manifest: {error}")]),
    };
    let Some(name) = map.get("name").and_then(Value::as_str).map(str::trim).filter(|n| !n.is_empty()) else { return };
    if !super::is_name(name) {
        return out.note(BROKEN, vec!["its name is not a package name".into()]);
    }
    let version = map.get("version").and_then(Value::as_str).and_then(super::version);
    if version.is_none() {
        out.note(NAMED, vec![name.to_owned()]);
    }
    out.records.push(record(&map, name, version.unwrap_or_default()));
    let mut depends: Vec<String> = ["dependencies", "optionalDependencies", "peerDependencies"]
        .iter()
        .flat_map(|field| fields::keys(map.get(*field)))
        .filter(|n| super::is_name(n))
        .collect();
    depends.sort();
    depends.dedup();
    if !depends.is_empty() {
        out.note(DEPENDS, depends);
    }
    let develops: Vec<String> =
        fields::keys(map.get("devDependencies")).into_iter().filter(|n| super::is_name(n)).collect();
    if !develops.is_empty() {
        out.note(DEVELOPS, develops);
    }
}

fn record(map: &Map<String, Value>, name: &str, version: String) -> Record {
    let mut licenses = Vec::new();
    for field in ["license", "licence", "licenses"] {
        if licenses.is_empty() {
            fields::licenses(map.get(field), &mut licenses);
        }
    }
    let people = ["author", "authors", "maintainers", "contributors"];
    let homepage = fields::text(map.get("homepage"))
        .or_else(|| map.get("homepage").and_then(|h| fields::member(h, "url")))
        .filter(|h| h.contains("://"));
    // npm before version 7 wrote into the manifest where the package came from.
    let mut hashes = fields::text(map.get("_integrity")).map(|i| fields::integrity(&i)).unwrap_or_default();
    let sha1 = fields::text(map.get("_shasum"));
    hashes.extend(sha1.and_then(|s| fields::hex(crate::HashAlgorithm::Sha1, &s)));
    Record {
        ecosystem: Ecosystem::Npm,
        purl: super::purl(name, &version),
        name: name.to_owned(),
        version,
        licenses,
        maintainer: people.iter().find_map(|field| fields::person(map.get(*field))),
        description: fields::text(map.get("description")),
        homepage,
        download: fields::text(map.get("_resolved")).filter(|d| d.contains("://")),
        hashes,
        ..Record::default()
    }
}
