//! What .NET source trees name: `packages.lock.json`, `packages.config`, `Directory.Packages.props`.

use std::collections::{BTreeMap, HashMap};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields, link};

/// The most packages of one file that are read.
const MAX_PACKAGES: usize = 50_000;

fn record(name: &str, version: &str) -> Record {
    let version = link::token(version.as_bytes()).unwrap_or_default();
    Record {
        ecosystem: Ecosystem::Nuget,
        purl: super::purl(name, &version),
        name: name.to_owned(),
        version,
        ..Record::default()
    }
}

/// `packages.lock.json`: resolved packages by target framework.
pub(super) fn lock(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, &["dependencies"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a lock file: {error}")),
    };
    for (_, target) in map.get("dependencies").and_then(Value::as_object).into_iter().flatten().take(64) {
        let mut by_name: HashMap<String, u32> = HashMap::new();
        let mut asks: Vec<(u32, Vec<String>)> = Vec::new();
        for (name, value) in target.as_object().into_iter().flatten().take(MAX_PACKAGES) {
            // Projects of the same solution.
            if fields::member(value, "type").is_some_and(|t| t.eq_ignore_ascii_case("project")) {
                continue;
            }
            let version = fields::member(value, "resolved").unwrap_or_default();
            if !super::is_name(name) || version.is_empty() {
                out.trouble(None, format!("{name} has no name or no version; left out"));
                continue;
            }
            let index = out.records.len() as u32;
            let hash = fields::member(value, "contentHash").map(|h| format!("sha512-{h}"));
            let hashes = hash.map(|h| fields::integrity(&h)).unwrap_or_default();
            out.records.push(Record { hashes, ..record(name, &version) });
            by_name.insert(name.to_lowercase(), index);
            asks.push((index, fields::keys(value.get("dependencies"))));
        }
        for (index, asks) in asks {
            let mut needs: Vec<u32> = asks.iter().filter_map(|a| by_name.get(&a.to_lowercase()).copied()).collect();
            needs.sort_unstable();
            needs.dedup();
            if let Some(record) = out.records.get_mut(index as usize) {
                record.needs = needs;
            }
        }
    }
}

/// `packages.config`: `<package id="A" version="1.0.0" />`.
pub(super) fn config(bytes: &[u8], out: &mut Facts) {
    let done = elements(bytes, |tag, attributes, _| {
        if tag == "package" {
            let get = |key: &str| attributes.get(key).map(String::as_str).unwrap_or_default();
            let (name, version) = (get("id"), get("version"));
            if super::is_name(name) && out.records.len() < MAX_PACKAGES {
                let mut record = record(name, version);
                if get("developmentDependency") == "true" {
                    record.properties.push(("dotnet:dev".into(), "true".into()));
                }
                out.records.push(record);
            }
        }
    });
    if let Err(why) = done {
        out.trouble(None, format!("not XML: {why}"));
    }
}

/// `Directory.Packages.props`: `<PackageVersion Include="A" Version="1.0.0" />`, versions perhaps as `$(Name)` of a property
/// that stands above.
pub(super) fn central(bytes: &[u8], out: &mut Facts) {
    let mut properties: HashMap<String, String> = HashMap::new();
    let mut open: Option<(String, String)> = None;
    let mut found: Vec<(String, String)> = Vec::new();
    let done = elements(bytes, |tag, attributes, text| match (tag, text) {
        ("PackageVersion" | "GlobalPackageReference" | "PackageReference", None) => {
            let get = |key: &str| attributes.get(key).cloned().unwrap_or_default();
            let name = if get("Include").is_empty() { get("Update") } else { get("Include") };
            open = Some((name.clone(), String::new()));
            if found.len() < MAX_PACKAGES {
                found.push((name, get("Version")));
            }
        }
        // The version may be an element of its own.
        ("Version", Some(text)) => {
            if let (Some(_), Some(last)) = (&open, found.last_mut())
                && last.1.is_empty()
            {
                text.clone_into(&mut last.1);
            }
        }
        (name, Some(text)) if properties.len() < MAX_PACKAGES => {
            properties.insert(name.to_owned(), text.to_owned());
        }
        _ => {}
    });
    if let Err(why) = done {
        return out.trouble(None, format!("not XML: {why}"));
    }
    for (name, version) in found {
        let variable = version.strip_prefix("$(").and_then(|v| v.strip_suffix(')'));
        let version = variable.map_or(Some(version.as_str()), |v| properties.get(v).map(String::as_str));
        // A range or a pattern is no version, `[1.0.0]` is.
        let version = version.unwrap_or_default().trim();
        let exact = version.strip_prefix('[').and_then(|v| v.strip_suffix(']')).unwrap_or(version);
        let plain = !exact.contains(['[', ']', '(', ')', ',', '*', '$']);
        if super::is_name(&name) {
            out.records.push(record(&name, if plain { exact } else { "" }));
        } else {
            out.trouble(None, "a package has no name; left out");
        }
    }
}

/// Calls `each` with the name and attributes of every element, and with the name and text of every one that holds text.
fn elements(bytes: &[u8], mut each: impl FnMut(&str, &BTreeMap<String, String>, Option<&str>)) -> Result<(), String> {
    let mut reader = Reader::from_reader(fields::without_bom(bytes));
    let none = BTreeMap::new();
    let mut name = String::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => {
                name = tag.local_name().as_ref().to_owned();
                each(&name, &attributes(&tag), None);
            }
            Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                each(&name, &attributes(&tag), None);
            }
            Event::Text(text) => {
                let text = text.trim().to_owned();
                if !text.is_empty() && text.len() <= 1024 && !name.is_empty() {
                    each(&name, &none, Some(&text));
                }
            }
            Event::End(_) => name.clear(),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Attributes as written: identifiers and versions hold nothing that XML escapes.
fn attributes(tag: &BytesStart<'_>) -> BTreeMap<String, String> {
    let mut list = tag.attributes();
    let found = list.with_checks(false).take(64).flatten();
    found.map(|a| (a.key.local_name().as_ref().to_owned(), a.value.trim().to_owned())).collect()
}
