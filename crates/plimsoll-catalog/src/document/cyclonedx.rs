//! CycloneDX 1.2 to 1.7 in JSON.

use serde::Deserialize;

use super::{MAX_COMPONENTS, Records, SCOPE, line, short};
use crate::facts::{Facts, Record};
use crate::{digest, license};

#[derive(Deserialize)]
struct Bom {
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Option<Vec<Component>>,
    #[serde(default)]
    dependencies: Option<Vec<Dependency>>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: Option<String>,
    version: Option<String>,
    purl: Option<String>,
    cpe: Option<String>,
    scope: Option<String>,
    description: Option<String>,
    author: Option<String>,
    publisher: Option<String>,
    supplier: Option<Named>,
    authors: Option<Vec<Named>>,
    hashes: Option<Vec<Digest>>,
    licenses: Option<Vec<Licence>>,
    #[serde(rename = "externalReferences")]
    external: Option<Vec<External>>,
    components: Option<Vec<Self>>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Digest {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct Licence {
    expression: Option<String>,
    license: Option<LicenceName>,
}

#[derive(Deserialize)]
struct LicenceName {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct External {
    #[serde(rename = "type")]
    kind: String,
    url: String,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn")]
    depends_on: Option<Vec<String>>,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let bom: Bom = match serde_json::from_slice(bytes) {
        Ok(bom) => bom,
        Err(error) => return out.trouble(line(&error), format!("is not the CycloneDX that is read: {error}")),
    };
    let mut records = Records::new(out);
    let mut about = Vec::new();
    // Nested components, each with the record that holds it. serde_json bounds the depth.
    let mut open: Vec<(Component, Option<u32>, Option<String>)> = Vec::new();
    let top = bom.components.unwrap_or_default();
    open.extend(top.into_iter().rev().map(|c| (c, None, None)));
    if let Some(mut root) = bom.metadata.and_then(|m| m.component) {
        let inner = root.components.take().unwrap_or_default();
        let purl = root.purl.clone();
        let index = add(root, &mut records);
        about.extend(index);
        open.extend(inner.into_iter().rev().map(|c| (c, index, purl.clone())));
    }
    while let Some((mut component, holder, whole)) = open.pop() {
        let inner = component.components.take().unwrap_or_default();
        let purl = component.purl.clone();
        // What has the package URL of the whole and a path in it is a target of the build, not a package.
        let is_target = match (&purl, &whole) {
            (Some(own), Some(whole)) => own.split('#').next() == whole.split('#').next(),
            _ => false,
        };
        let index = if is_target {
            if let (Some(reference), Some(holder)) = (component.reference, holder) {
                records.by_reference.insert(reference, holder);
            }
            holder
        } else {
            let index = add(component, &mut records);
            if let (Some(inner), Some(outer)) = (index, holder) {
                records.within(inner, outer);
            }
            index.or(holder)
        };
        open.extend(inner.into_iter().rev().map(|c| (c, index, purl.clone())));
    }
    for dependency in bom.dependencies.unwrap_or_default() {
        for on in dependency.depends_on.unwrap_or_default().iter().take(MAX_COMPONENTS) {
            records.needs(&dependency.reference, on);
        }
    }
    records.finish(about);
}

/// Adds one component, if it is something that is installed: files, data and keys are not.
fn add(component: Component, records: &mut Records<'_>) -> Option<u32> {
    let kind = component.kind.as_deref().unwrap_or_default();
    if matches!(kind, "file" | "data" | "cryptographic-asset" | "machine-learning-model") && component.purl.is_none() {
        return None;
    }
    let name = component.name.unwrap_or_default();
    let name = match component.group.filter(|g| !g.is_empty()) {
        Some(group) if component.purl.is_none() => format!("{group}/{name}"),
        _ => name,
    };
    let licences = component.licenses.unwrap_or_default().into_iter().take(256);
    let licences = licences.filter_map(|l| l.expression.or(l.license.and_then(|l| l.id.or(l.name))));
    let external = component.external.unwrap_or_default();
    let link = |kind: &str| external.iter().find(|e| e.kind == kind).map(|e| short(&e.url)).filter(|u| !u.is_empty());
    let supplier = component.supplier.and_then(|s| s.name).or(component.publisher).or(component.author);
    let author = component.authors.and_then(|a| a.into_iter().next()).and_then(|a| a.name);
    let record = Record {
        cpes: component.cpe.into_iter().filter(|c| c.starts_with("cpe:2.3:")).collect(),
        licenses: licences.map(|l| short(&l)).filter(|l| !l.is_empty()).flat_map(|l| license::list(&l)).collect(),
        maintainer: supplier.or(author).map(|s| short(&s)).filter(|s| !s.is_empty()),
        description: component.description.map(|d| short(&d)).filter(|d| !d.is_empty()),
        homepage: link("website"),
        download: link("distribution"),
        hashes: component.hashes.unwrap_or_default().iter().filter_map(|h| digest::hex(&h.alg, &h.content)).collect(),
        properties: match component.scope.as_deref() {
            Some(scope @ ("excluded" | "optional")) => vec![(SCOPE.to_owned(), scope.to_owned())],
            _ => Vec::new(),
        },
        ..Record::default()
    };
    let version = component.version.unwrap_or_default();
    records.add(component.reference.as_deref(), component.purl.as_deref(), (&name, &version), record)
}
