//! `bun.lock` and `deno.lock`: JSON, Bun's with commas where JSON has none.

use std::collections::HashMap;

use serde_json::Value;

use super::lock::{Entry, MAX_PACKAGES};
use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields};

/// Reads `bun.lock`: `"packages": {"parent/name": ["name@1.0.0", "", {"dependencies": {…}}, "sha512-…"]}`.
pub(super) fn bun(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(&without_trailing_commas(bytes), &["packages"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a lock file: {error}")),
    };
    let packages = map.get("packages").and_then(Value::as_object);
    let mut by_place: HashMap<&str, u32> = HashMap::new();
    let mut asks = Vec::new();
    for (place, value) in packages.into_iter().flatten().take(MAX_PACKAGES) {
        let parts: &[Value] = value.as_array().map_or(&[], Vec::as_slice);
        let found = parts.first().and_then(Value::as_str).and_then(super::split_at);
        let Some((name, version)) = found.filter(|(name, _)| super::is_name(name)) else {
            out.trouble(None, format!("{place} has no name or no version; left out"));
            continue;
        };
        if version.starts_with("workspace:") {
            continue;
        }
        // Packages from Git and files name an address where the version would be.
        let plain = super::version(version).filter(|v| !v.contains([':', '/']));
        let resolved = if plain.is_none() { version } else { "" };
        let entry = Entry {
            name: name.to_owned(),
            version: plain.unwrap_or_default(),
            resolved: resolved.to_owned(),
            hashes: parts.iter().skip(1).filter_map(Value::as_str).flat_map(fields::integrity).collect(),
            ..Entry::default()
        };
        let tables = parts.iter().filter(|p| p.is_object()).flat_map(|info| {
            ["dependencies", "optionalDependencies", "peerDependencies"].map(|t| fields::keys(info.get(t)))
        });
        let index = out.records.len() as u32;
        by_place.insert(place, index);
        asks.push((index, place.as_str(), tables.flatten().collect::<Vec<String>>()));
        out.records.push(entry.record());
    }
    for (own, place, asks) in asks {
        let needs = asks.iter().filter_map(|name| {
            let mut at = place;
            loop {
                if let Some(found) = by_place.get(format!("{at}/{name}").as_str()) {
                    return Some(*found);
                }
                match at.rsplit_once('/') {
                    Some((above, _)) => at = above,
                    None => return by_place.get(name.as_str()).copied(),
                }
            }
        });
        set_needs(&mut out.records, own, needs.collect());
    }
}

fn set_needs(records: &mut [Record], own: u32, mut needs: Vec<u32>) {
    needs.retain(|n| *n != own);
    needs.sort_unstable();
    needs.dedup();
    if let Some(record) = records.get_mut(own as usize) {
        record.needs = needs;
    }
}

/// Leaves out commas before a closing bracket, outside of strings.
fn without_trailing_commas(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let (mut quoted, mut escaped) = (false, false);
    // Where a comma stands with only white space behind it.
    let mut comma: Option<usize> = None;
    for &byte in bytes {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b'"' => (quoted, comma) = (true, None),
                b',' => comma = Some(out.len()),
                b'}' | b']' => {
                    if let Some(slot) = comma.take().and_then(|at| out.get_mut(at)) {
                        *slot = b' ';
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => comma = None,
            }
        }
        out.push(byte);
    }
    out
}

/// Reads `deno.lock`: packages of npm and of JSR, below `packages` up to version 3, at the top since.
pub(super) fn deno(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, &["packages", "npm", "jsr"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a lock file: {error}")),
    };
    let table = |name: &str| {
        let below = map.get("packages").and_then(|p| p.get(name));
        map.get(name).or(below).and_then(Value::as_object).into_iter().flatten().take(MAX_PACKAGES)
    };
    let mut by_key: HashMap<&str, u32> = HashMap::new();
    for (key, value) in table("npm") {
        // Peers follow the version: `a@1.0.0_b@2.0.0`.
        let found = super::split_at(key).map(|(name, rest)| (name, rest.split('_').next().unwrap_or_default()));
        let Some((name, version)) = found.filter(|(name, version)| super::is_name(name) && !version.is_empty()) else {
            out.trouble(None, format!("{key} has no name or no version; left out"));
            continue;
        };
        let entry = Entry {
            name: name.to_owned(),
            version: super::version(version).unwrap_or_default(),
            resolved: fields::member(value, "tarball").unwrap_or_default(),
            hashes: fields::member(value, "integrity").map(|i| fields::integrity(&i)).unwrap_or_default(),
            ..Entry::default()
        };
        by_key.insert(key, out.records.len() as u32);
        out.records.push(entry.record());
    }
    // A dependency is named by its key, or by its name alone where the file holds one version of it.
    let mut by_name: HashMap<&str, u32> = HashMap::new();
    for (key, index) in &by_key {
        if let Some((name, _)) = super::split_at(key) {
            by_name.insert(name, *index);
        }
    }
    for (key, value) in table("npm") {
        let Some(&own) = by_key.get(key.as_str()) else { continue };
        let named: Vec<&str> = match value.get("dependencies") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).take(fields::MAX_ENTRIES).collect(),
            Some(Value::Object(list)) => list.values().filter_map(Value::as_str).take(fields::MAX_ENTRIES).collect(),
            _ => Vec::new(),
        };
        let needs = named.into_iter().filter_map(|n| by_key.get(n).or_else(|| by_name.get(n)).copied());
        set_needs(&mut out.records, own, needs.collect());
    }
    for (key, value) in table("jsr") {
        let Some((name, version)) = super::split_at(key).filter(|(name, _)| super::is_name(name)) else { continue };
        let integrity = fields::member(value, "integrity");
        let purl = plimsoll_version::purl::Purl::new("jsr", name.rsplit('/').next().unwrap_or_default());
        let scope = name.split_once('/').map_or("", |(scope, _)| scope);
        out.records.push(Record {
            ecosystem: Ecosystem::Other,
            name: name.to_owned(),
            version: version.to_owned(),
            purl: purl.map(|p| p.with_namespace(scope).with_version(version).to_string()).unwrap_or_default(),
            hashes: integrity.and_then(|i| fields::hex(crate::HashAlgorithm::Sha256, &i)).into_iter().collect(),
            ..Record::default()
        });
    }
}
