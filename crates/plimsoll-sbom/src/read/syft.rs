//! Syft's own JSON.

use std::collections::BTreeMap;

use plimsoll_catalog::Distro;
use serde::Deserialize;
use serde_json::Value;

use super::collect::{self, Collect, Found};
use crate::{Sbom, Tool};

#[derive(Deserialize)]
struct Document {
    artifacts: Option<Vec<Artifact>>,
    #[serde(rename = "artifactRelationships")]
    relationships: Option<Vec<Relationship>>,
    source: Option<Source>,
    distro: Option<SyftDistro>,
    descriptor: Option<Descriptor>,
}

#[derive(Deserialize)]
struct Artifact {
    id: Option<String>,
    name: Option<String>,
    version: Option<String>,
    purl: Option<String>,
    locations: Option<Vec<Location>>,
    /// Strings in old versions, objects with `cpe` since.
    cpes: Option<Vec<Value>>,
    /// Strings in old versions, objects with `value` since.
    licenses: Option<Vec<Value>>,
    /// Its shape depends on the cataloger.
    metadata: Option<Value>,
}

#[derive(Deserialize)]
struct Location {
    path: Option<String>,
    #[serde(rename = "layerID")]
    layer: Option<String>,
}

#[derive(Deserialize)]
struct Relationship {
    parent: String,
    child: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Source {
    name: Option<String>,
    version: Option<String>,
    metadata: Option<Value>,
}

#[derive(Deserialize)]
struct SyftDistro {
    id: Option<String>,
    #[serde(rename = "versionID")]
    version_id: Option<String>,
    #[serde(rename = "versionCodename")]
    codename: Option<String>,
    #[serde(rename = "prettyName")]
    pretty_name: Option<String>,
}

#[derive(Deserialize)]
struct Descriptor {
    name: Option<String>,
    version: Option<String>,
    timestamp: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    let document: Document = serde_json::from_slice(bytes)?;
    let mut out = Collect::default();
    if let Some(descriptor) = document.descriptor {
        let (name, version) = (descriptor.name.unwrap_or_default(), descriptor.version.unwrap_or_default());
        out.tool = Tool { name, version };
        out.created = descriptor.timestamp;
    }
    if let Some(source) = document.source {
        let text = |key: &str| source.metadata.as_ref()?.get(key)?.as_str().map(str::to_owned);
        out.subject.name = source.name.or_else(|| text("userInput")).unwrap_or_default();
        out.subject.digest = collect::image_digest(text("manifestDigest"), None, None);
        out.subject.version = source.version.filter(|v| !v.contains(':'));
        let layers = source.metadata.as_ref().and_then(|m| m.get("layers")?.as_array()).into_iter().flatten();
        out.subject.layers = layers.filter_map(|l| l.get("digest")?.as_str()?.parse().ok()).collect();
    }
    out.distro = document.distro.and_then(|d| {
        Some(Distro {
            id: d.id.filter(|id| !id.is_empty())?,
            version_id: d.version_id.unwrap_or_default(),
            codename: d.codename,
            pretty_name: d.pretty_name,
        })
    });
    let mut within: BTreeMap<String, String> = BTreeMap::new();
    let mut owners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Relationship { parent, child, kind } in document.relationships.into_iter().flatten() {
        match kind.as_str() {
            "dependency-of" => _ = out.edges.entry(child).or_default().insert(parent),
            "ownership-by-file-overlap" => owners.entry(child).or_default().push(parent),
            // The image contains everything; only what a package contains is resolved to one.
            "contains" => _ = within.insert(child, parent),
            _ => {}
        }
    }
    out.found = document.artifacts.into_iter().flatten().map(found).collect();
    for found in &mut out.found {
        found.within = within.remove(&found.reference);
        found.owners = owners.remove(&found.reference).unwrap_or_default();
    }
    Ok(out.finish())
}

fn found(artifact: Artifact) -> Found {
    let text = |keys: &[&str]| {
        let metadata = artifact.metadata.as_ref()?;
        let value = keys.iter().find_map(|k| metadata.get(k)?.as_str())?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    let license = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("spdxExpression")?.as_str().filter(|s| !s.is_empty()));
        text.or_else(|| value.get("value")?.as_str()).map(str::to_owned)
    };
    let cpe = |value: &Value| value.as_str().or_else(|| value.get("cpe")?.as_str()).map(str::to_owned);
    let mut found = Found {
        source: (text(&["source", "originPackage"]), text(&["sourceVersion"])),
        cpes: artifact.cpes.iter().flatten().filter_map(cpe).collect(),
        licenses: artifact.licenses.iter().flatten().filter_map(license).collect(),
        maintainer: text(&["maintainer", "author"]),
        description: text(&["description"]).and_then(|d| d.lines().next().map(str::to_owned)),
        homepage: text(&["url", "homepage"]),
        evidence: artifact.locations.iter().flatten().filter_map(|l| l.path.clone()).collect(),
        layers: artifact.locations.iter().flatten().filter_map(|l| l.layer.clone()).collect(),
        ..Found::default()
    };
    // Archives of Java: digests of the package's own file.
    let digests = artifact.metadata.as_ref().and_then(|m| m.get("digest")?.as_array()).into_iter().flatten();
    for (algorithm, hex) in digests.filter_map(|d| Some((d.get("algorithm")?.as_str()?, d.get("value")?.as_str()?))) {
        found.hash(algorithm, hex);
    }
    found.reference = artifact.id.unwrap_or_default();
    found.name = artifact.name.unwrap_or_default();
    found.version = artifact.version.unwrap_or_default();
    found.purl = artifact.purl;
    found
}
