//! SPDX 2.2 and 2.3, JSON and tag-value, and SPDX 3.0.

mod model;
mod tag;
mod v3;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_catalog::Distro;
use serde_json::Value;

use self::model::{Document, Package};
use super::collect::{self, Collect, Found};
use super::markup::Fault;
use crate::identity::{maintainer, unquoted, untrimmed};
use crate::{Sbom, Tool};

pub(super) use self::tag::version as tag_version;

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    serde_json::from_slice(bytes).map(sbom)
}

pub(super) fn read_tags(text: &str) -> Result<Sbom, Fault> {
    tag::read(text).map(sbom)
}

pub(super) fn read_3(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    v3::read(bytes).map(sbom)
}

fn sbom(document: Document) -> Sbom {
    let mut out = Collect::default();
    if let Some(creation) = document.creation {
        out.created = creation.created;
        for creator in creation.creators.into_iter().flatten() {
            if let Some(tool) = creator.strip_prefix("Tool: ").filter(|_| out.tool.name.is_empty()) {
                let (name, version) = split_tool(tool);
                out.tool = Tool { name: name.to_owned(), version: version.to_owned() };
            } else if let Some(author) = creator.strip_prefix("Organization: ") {
                out.author.get_or_insert(maintainer(&format!("Organization: {author}")));
            }
        }
    }
    let mut described: Vec<String> = document.describes.unwrap_or_default();
    let mut within: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for relationship in document.relationships.into_iter().flatten() {
        let (from, to) = (relationship.from, relationship.to);
        match relationship.kind.as_str() {
            "DESCRIBES" => described.push(to),
            "DEPENDS_ON" => _ = out.edges.entry(from).or_default().insert(to),
            // Syft writes an edge the other way round.
            "DEPENDENCY_OF" => _ = out.edges.entry(to).or_default().insert(from),
            "CONTAINS" => within.entry(to).or_default().push(from),
            "CONTAINED_BY" => within.entry(from).or_default().push(to),
            "OTHER" if relationship.comment.is_some_and(|c| c.starts_with("ownership-by-file-overlap")) => {
                owners.entry(to).or_default().push(from);
            }
            _ => {}
        }
    }
    let notes = document.packages.iter().flatten().filter_map(note);
    let is_lines = { notes }.any(|n| n.get("plimsoll:format").and_then(Value::as_u64).is_some_and(|f| f >= 3));
    let extracted = document.extracted.into_iter().flatten().filter_map(|e| Some((e.id?, e.name?))).collect();
    out.subject.name = document.name.unwrap_or_default();
    for package in document.packages.into_iter().flatten() {
        let purl = purl(&package);
        let is_image = purl.as_deref().is_none_or(|p| p.starts_with("pkg:oci/") || p.starts_with("pkg:docker/"));
        match package.purpose.as_deref() {
            Some("CONTAINER") if described.is_empty() || described.contains(&package.id) => {
                subject(&package, purl.as_deref(), &mut out);
            }
            // An image that the document is not about: one of an index.
            Some("CONTAINER") => {}
            Some("OPERATING-SYSTEM" | "OPERATING_SYSTEM") => system(package, &mut out),
            _ if described.contains(&package.id) && is_image => subject(&package, purl.as_deref(), &mut out),
            // A file, a lock file, a root: without a package URL or a version there is nothing to match.
            _ if !is_lines && purl.is_none() && package.version.is_none() => {}
            _ => out.found.push(found(package, purl, &extracted, is_lines)),
        }
    }
    // Only a package can hold another: what the image or the system contains is nested in nothing.
    let packages: BTreeSet<String> = out.found.iter().map(|f| f.reference.clone()).collect();
    for found in &mut out.found {
        let holders = within.remove(&found.reference).into_iter().flatten();
        found.within = found.within.take().or_else(|| { holders }.find(|h| packages.contains(h)));
        found.owners.extend(owners.remove(&found.reference).into_iter().flatten());
    }
    for comment in document.annotations.into_iter().flatten().filter_map(|a| a.comment) {
        let Ok(note) = serde_json::from_str::<Value>(&comment) else { continue };
        out.removed.extend(note.get("plimsoll:removed").and_then(collect::removed));
        out.problems.extend(note.get("plimsoll:problem").and_then(collect::problem));
    }
    out.finish()
}

/// `name-version`: the version begins after the last hyphen that a digit follows.
fn split_tool(text: &str) -> (&str, &str) {
    let at = text.match_indices('-').find(|(i, _)| text[i + 1..].starts_with(|c: char| c.is_ascii_digit()));
    at.map_or((text, ""), |(i, _)| (&text[..i], &text[i + 1..]))
}

fn purl(package: &Package) -> Option<String> {
    let references = package.references.iter().flatten();
    references.filter(|r| r.kind.as_deref().is_some_and(|k| k.ends_with("purl"))).find_map(|r| r.locator.clone())
}

fn note(package: &Package) -> Option<Value> {
    serde_json::from_str(package.comment.as_deref()?).ok()
}

fn subject(package: &Package, purl: Option<&str>, out: &mut Collect) {
    let checksums = package.checksums.iter().flatten();
    let checksums = checksums.filter_map(|c| Some((c.algorithm.as_deref()?, c.value.as_deref()?)));
    let (hash, sha512) = collect::image_hashes(checksums);
    out.subject.sha512 = sha512;
    let version = package.version.as_deref();
    if let Some(name) = &package.name {
        out.subject.name.clone_from(name);
    }
    out.subject.digest = collect::image_digest(hash, version, purl);
    out.subject.version = version.filter(|v| v.parse::<plimsoll_oci::Digest>().is_err()).map(str::to_owned);
    let Some(note) = note(package) else { return };
    let text = |key: &str| note.get(key).and_then(Value::as_str);
    if let Some(tag) = text("plimsoll:tag") {
        out.subject.version = Some(tag.to_owned());
    }
    out.form = collect::form(text("plimsoll:form"));
    out.subject.platform = text("plimsoll:platform").and_then(|p| p.parse().ok());
    let layers = note.get("plimsoll:layers").and_then(Value::as_array).into_iter().flatten();
    out.subject.layers = layers.filter_map(|l| l.as_str()?.parse().ok()).collect();
}

fn system(package: Package, out: &mut Collect) {
    let id = package.name.clone().unwrap_or_default().to_lowercase();
    if id.is_empty() || out.distro.is_some() {
        return;
    }
    let codename = note(&package).and_then(|n| Some(n.get("plimsoll:codename")?.as_str()?.to_owned()));
    let version_id = package.version.unwrap_or_default();
    out.distro = Some(Distro { id, version_id, codename, pretty_name: package.summary });
}

/// `is_lines` says that this program wrote the document, and comments as lines.
fn found(package: Package, purl: Option<String>, extracted: &BTreeMap<String, String>, is_lines: bool) -> Found {
    let mut found = Found { purl, ..Found::default() };
    let said = package.source.as_deref().and_then(|s| s.strip_prefix("built package from: "));
    if let Some((name, version)) = said.and_then(|s| s.split_once(' ')) {
        found.source = (Some(name.to_owned()), Some(version.to_owned()));
    }
    let asserted = |text: Option<String>| text.filter(|t| !matches!(t.as_str(), "NOASSERTION" | "NONE" | ""));
    found.maintainer = asserted(package.originator.clone()).map(|o| maintainer(&o));
    let references = package.references.iter().flatten();
    let cpes = references.filter(|r| r.kind.as_deref().is_some_and(|k| k.ends_with("cpe23Type")));
    found.cpes = cpes.filter_map(|r| r.locator.clone()).collect();
    for checksum in package.checksums.iter().flatten() {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        found.hash(&text(&checksum.algorithm), &text(&checksum.value));
    }
    found.homepage = asserted(package.homepage.clone());
    found.download = asserted(package.download.clone());
    let notes = package.annotations.iter().flatten();
    found.declared = { notes }.any(|a| a.comment.as_deref().is_some_and(|c| c.contains("\"plimsoll:declared\"")));
    if is_lines {
        lines(&package, &mut found);
    } else if let Some(Value::Object(note)) = note(&package) {
        for (key, value) in note {
            let Some(key) = key.strip_prefix("plimsoll:") else { continue };
            match (key, value) {
                ("evidence", Value::Array(list)) => found.evidence.extend(list.into_iter().filter_map(text)),
                ("cpes", Value::Array(list)) => found.cpes.extend(list.into_iter().filter_map(text)),
                ("properties", list) => found.properties = serde_json::from_value(list).unwrap_or_default(),
                (key, Value::String(value)) => _ = found.own(key, &value),
                (key, Value::Number(value)) => _ = found.own(key, &value.to_string()),
                _ => {}
            }
        }
    }
    found.licenses = asserted(package.license).map(|l| licenses(&l, extracted)).unwrap_or_default();
    found.reference = package.id;
    found.name = package.name.unwrap_or_default();
    found.version = package.version.unwrap_or_default();
    found.description = package.summary.or(package.description);
    found
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// What this program wrote into a comment since its third format: a key and a value a line.
fn lines(package: &Package, found: &mut Found) {
    let asserted = |text: &String| !matches!(text.as_str(), "NOASSERTION" | "NONE" | "");
    let mut supplier = package.supplier.as_ref().filter(|s| asserted(s)).map(|s| maintainer(s));
    for line in package.comment.as_deref().unwrap_or_default().lines() {
        let Some((key, value)) = line.split_once(' ') else { continue };
        let value = unquoted(value);
        match key {
            "depends" => found.depends.extend(value.split(',').map(|id| format!("SPDXRef-{id}"))),
            "as" => {
                let version = package.version.as_deref().unwrap_or_default();
                found.cpes.push(untrimmed(&format!("{value}:{version}")));
            }
            "cpe" => found.cpes.push(untrimmed(&value)),
            "supplier" => supplier = None,
            "property" => {
                let (name, value) = value.split_once('=').unwrap_or((&value, ""));
                found.properties.push((unquoted(name), unquoted(value)));
            }
            key => _ = found.own(key, &value),
        }
    }
    found.maintainer = found.maintainer.take().or(supplier);
}

/// An expression with references becomes the names it refers to where all of them hold; any other stands as it is.
fn licenses(expression: &str, extracted: &BTreeMap<String, String>) -> Vec<String> {
    let named = expression.contains("LicenseRef-") && (extracted.keys().any(|id| expression.contains(id.as_str())));
    if !named {
        return vec![expression.to_owned()];
    }
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for word in expression.split(' ') {
        depth += word.matches('(').count();
        depth = depth.saturating_sub(word.matches(')').count());
        if depth == 0 && word == "OR" {
            return vec![expression.to_owned()];
        }
        if depth == 0 && word == "AND" {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(if part.is_empty() { "" } else { " " });
            part.push_str(word);
        }
    }
    let bare = |part: String| match part.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
        Some(inner) if !inner.contains(['(', ')']) => inner.to_owned(),
        _ => part,
    };
    parts.into_iter().map(bare).map(|part| extracted.get(&part).cloned().unwrap_or(part)).collect()
}
