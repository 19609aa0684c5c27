//! SPDX 2.2 and 2.3 JSON.

use std::collections::BTreeMap;

use plimsoll_catalog::Distro;
use serde::Deserialize;
use serde_json::Value;

use super::collect::{self, Collect, Found};
use crate::{Sbom, Tool};

#[derive(Deserialize)]
struct Document {
    name: Option<String>,
    #[serde(rename = "creationInfo")]
    creation: Option<Creation>,
    packages: Option<Vec<Package>>,
    relationships: Option<Vec<Relationship>>,
    #[serde(rename = "documentDescribes")]
    describes: Option<Vec<String>>,
    #[serde(rename = "hasExtractedLicensingInfos")]
    extracted: Option<Vec<Extracted>>,
    annotations: Option<Vec<Annotation>>,
}

#[derive(Deserialize)]
struct Creation {
    created: Option<String>,
    creators: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: Option<String>,
    #[serde(rename = "versionInfo")]
    version: Option<String>,
    originator: Option<String>,
    #[serde(rename = "licenseDeclared")]
    license: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    #[serde(rename = "sourceInfo")]
    source: Option<String>,
    comment: Option<String>,
    #[serde(rename = "primaryPackagePurpose")]
    purpose: Option<String>,
    checksums: Option<Vec<Checksum>>,
    #[serde(rename = "externalRefs")]
    references: Option<Vec<Reference>>,
}

#[derive(Deserialize)]
struct Checksum {
    algorithm: Option<String>,
    #[serde(rename = "checksumValue")]
    value: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "referenceType")]
    kind: Option<String>,
    #[serde(rename = "referenceLocator")]
    locator: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    #[serde(rename = "spdxElementId")]
    from: String,
    #[serde(rename = "relationshipType")]
    kind: String,
    #[serde(rename = "relatedSpdxElement")]
    to: String,
}

#[derive(Deserialize)]
struct Extracted {
    #[serde(rename = "licenseId")]
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Annotation {
    comment: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    let document: Document = serde_json::from_slice(bytes)?;
    let mut out = Collect::default();
    if let Some(creation) = document.creation {
        out.created = creation.created;
        for creator in creation.creators.into_iter().flatten() {
            if let Some(tool) = creator.strip_prefix("Tool: ").filter(|_| out.tool.name.is_empty()) {
                let (name, version) = split_tool(tool);
                out.tool = Tool { name: name.to_owned(), version: version.to_owned() };
            } else if let Some(author) = creator.strip_prefix("Organization: ") {
                out.author.get_or_insert(maintainer(author));
            }
        }
    }
    let mut described: Vec<String> = document.describes.unwrap_or_default();
    for relationship in document.relationships.into_iter().flatten() {
        match relationship.kind.as_str() {
            "DESCRIBES" => described.push(relationship.to),
            "DEPENDS_ON" => {
                out.edges.entry(relationship.from).or_default().insert(relationship.to);
            }
            // Syft writes an edge the other way round.
            "DEPENDENCY_OF" => {
                out.edges.entry(relationship.to).or_default().insert(relationship.from);
            }
            _ => {}
        }
    }
    let extracted = document.extracted.into_iter().flatten().filter_map(|e| Some((e.id?, e.name?))).collect();
    out.subject.name = document.name.unwrap_or_default();
    for package in document.packages.into_iter().flatten() {
        let purl = purl(&package);
        let is_image = purl.as_deref().is_none_or(|p| p.starts_with("pkg:oci/") || p.starts_with("pkg:docker/"));
        match package.purpose.as_deref() {
            Some("CONTAINER") => subject(&package, purl.as_deref(), &mut out),
            Some("OPERATING-SYSTEM" | "OPERATING_SYSTEM") => system(package, &mut out),
            _ if described.contains(&package.id) && is_image => subject(&package, purl.as_deref(), &mut out),
            // A file, a lock file, a root: without a package URL or a version there is nothing to match.
            _ if purl.is_none() && package.version.is_none() => {}
            _ => out.found.push(found(package, purl, &extracted)),
        }
    }
    for comment in document.annotations.into_iter().flatten().filter_map(|a| a.comment) {
        let Ok(note) = serde_json::from_str::<Value>(&comment) else { continue };
        out.removed.extend(note.get("plimsoll:removed").and_then(collect::removed));
        out.problems.extend(note.get("plimsoll:problem").and_then(collect::problem));
    }
    Ok(out.finish())
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
    let hash = { checksums }.find_map(|(algorithm, hex)| match algorithm {
        "SHA256" => Some(format!("sha256:{hex}")),
        "SHA512" => Some(format!("sha512:{hex}")),
        _ => None,
    });
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

fn found(package: Package, purl: Option<String>, extracted: &BTreeMap<String, String>) -> Found {
    let mut found = Found { purl, ..Found::default() };
    let said = package.source.as_deref().and_then(|s| s.strip_prefix("built package from: "));
    if let Some((name, version)) = said.and_then(|s| s.split_once(' ')) {
        found.source = (Some(name.to_owned()), Some(version.to_owned()));
    }
    let asserted = |text: Option<String>| text.filter(|t| !matches!(t.as_str(), "NOASSERTION" | "NONE" | ""));
    found.maintainer =
        asserted(package.originator.clone()).map(|o| maintainer(o.split_once(": ").map_or(&*o, |(_, n)| n)));
    if let Some(note) = note(&package) {
        let text = |key: &str| note.get(key).and_then(Value::as_str);
        let number = |key: &str| note.get(key).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        found.first_layer = number("plimsoll:firstLayer").unwrap_or_default();
        found.layer = number("plimsoll:layer").unwrap_or_default();
        let evidence = note.get("plimsoll:evidence").and_then(Value::as_array).into_iter().flatten();
        found.evidence = evidence.filter_map(|e| e.as_str().map(str::to_owned)).collect();
        if let Some(maintainer) = text("plimsoll:maintainer") {
            found.maintainer = Some(maintainer.to_owned());
        }
    }
    found.licenses = asserted(package.license).map(|l| licenses(&l, extracted)).unwrap_or_default();
    found.reference = package.id;
    found.name = package.name.unwrap_or_default();
    found.version = package.version.unwrap_or_default();
    found.description = package.summary.or(package.description);
    found.homepage = asserted(package.homepage);
    found
}

/// `Name (mail)` as `Name <mail>`.
fn maintainer(text: &str) -> String {
    match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
        Some((name, mail)) if mail.contains('@') => format!("{name} <{mail}>"),
        _ => text.trim_end_matches("()").trim().to_owned(),
    }
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
