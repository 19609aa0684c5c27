//! CycloneDX 1.6 JSON.

use plimsoll_catalog::Package;
use plimsoll_oci::Algorithm;
use serde_json::{Map, Value, json};

use super::shared::{self, Party};
use crate::Sbom;

/// Writes CycloneDX 1.6 JSON.
pub fn write_cyclonedx(sbom: &Sbom) -> Vec<u8> {
    let references = shared::references(sbom);
    let root = shared::image_purl(&sbom.subject).unwrap_or_else(|| "plimsoll:subject".to_owned());
    let os = sbom.distro.as_ref().map(|d| format!("os:{}@{}", d.id, d.version_id));
    let mut components: Vec<Value> = os.iter().map(|reference| system(sbom, reference)).collect();
    components.extend(sbom.packages.iter().zip(&references).map(|(p, r)| component(p, r, sbom)));

    let all: Vec<&String> = os.iter().chain(&references).collect();
    let mut dependencies = vec![json!({"ref": root, "dependsOn": all})];
    dependencies.extend(os.iter().map(|reference| json!({"ref": reference})));
    for (reference, targets) in references.iter().zip(shared::edges(sbom)) {
        let targets: Vec<&String> = targets.iter().map(|t| &references[*t]).collect();
        dependencies.push(if targets.is_empty() {
            json!({"ref": reference})
        } else {
            json!({"ref": reference, "dependsOn": targets})
        });
    }
    // What package managers recorded is complete where all of it was read. Whether the image holds anything besides is
    // not known, and the document says so.
    let known = if sbom.problems.is_empty() { "complete" } else { "incomplete" };
    let image = if sbom.problems.is_empty() { "unknown" } else { "incomplete" };
    let mut compositions = vec![json!({"aggregate": image, "assemblies": [root], "dependencies": [root]})];
    if !references.is_empty() {
        compositions.push(json!({"aggregate": known, "dependencies": references}));
    }

    let mut document = Map::new();
    let mut set = |key: &str, value: Value| document.insert(key.to_owned(), value);
    set("$schema", json!("http://cyclonedx.org/schema/bom-1.6.schema.json"));
    set("bomFormat", json!("CycloneDX"));
    set("specVersion", json!("1.6"));
    set("serialNumber", json!(""));
    set("version", json!(1));
    set("metadata", metadata(sbom, &root));
    set("components", Value::Array(components));
    set("dependencies", Value::Array(dependencies));
    set("compositions", Value::Array(compositions));
    let notes = notes(sbom);
    if !notes.is_empty() {
        set("properties", Value::Array(notes));
    }
    let serial = format!("urn:uuid:{}", shared::uuid(&shared::bytes(&document)));
    document.insert("serialNumber".to_owned(), json!(serial));
    shared::bytes(&document)
}

fn property(name: &str, value: impl Into<String>) -> Value {
    json!({"name": name, "value": value.into()})
}

fn notes(sbom: &Sbom) -> Vec<Value> {
    let removed = sbom.removed.iter().map(|r| {
        let value = json!({"name": r.name, "version": r.version, "purl": r.purl, "reason": r.reason});
        property("plimsoll:removed", value.to_string())
    });
    let problems = sbom.problems.iter().map(|p| {
        let value = json!({"path": p.path, "line": p.line, "why": p.why});
        property("plimsoll:problem", value.to_string())
    });
    removed.chain(problems).collect()
}

fn metadata(sbom: &Sbom, root: &str) -> Value {
    let subject = &sbom.subject;
    let digest = subject.digest.as_ref();
    let mut component = Map::new();
    let mut set = |key: &str, value: Value| component.insert(key.to_owned(), value);
    set("bom-ref", json!(root));
    set("type", json!("container"));
    set("name", json!(if subject.name.is_empty() { "image" } else { &subject.name }));
    if let Some(version) = digest.map(ToString::to_string).or_else(|| subject.version.clone()) {
        set("version", json!(version));
    }
    if let Some(digest) = digest {
        let alg = match digest.algorithm() {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha512 => "SHA-512",
        };
        set("hashes", json!([{"alg": alg, "content": digest.hex()}]));
    }
    if let Some(purl) = shared::image_purl(subject) {
        set("purl", json!(purl));
    }
    let mut properties = Vec::new();
    properties.extend(subject.version.as_ref().map(|v| property("plimsoll:image:tag", v)));
    properties.extend(subject.platform.as_ref().map(|p| property("plimsoll:image:platform", p.to_string())));
    properties.extend(subject.layers.iter().map(|l| property("plimsoll:image:layer", l.to_string())));
    if !properties.is_empty() {
        set("properties", Value::Array(properties));
    }
    let mut metadata = Map::new();
    let mut set = |key: &str, value: Value| metadata.insert(key.to_owned(), value);
    set("timestamp", json!(shared::time(sbom.created)));
    // Generation context: the image was built when this was written.
    set("lifecycles", json!([{"phase": "post-build"}]));
    let mut tool = json!({"type": "application", "name": sbom.tool.name});
    if !sbom.tool.version.is_empty() {
        tool["version"] = json!(sbom.tool.version);
    }
    set("tools", json!({"components": [tool]}));
    if let Some(author) = &sbom.author {
        set("authors", json!([{"name": author}]));
        set("manufacturer", json!({"name": author}));
    }
    set("component", Value::Object(component));
    Value::Object(metadata)
}

fn system(sbom: &Sbom, reference: &str) -> Value {
    let mut component = Map::new();
    let mut set = |key: &str, value: Value| component.insert(key.to_owned(), value);
    set("bom-ref", json!(reference));
    set("type", json!("operating-system"));
    if let Some(distro) = &sbom.distro {
        set("supplier", json!({"name": distro.id}));
        set("name", json!(distro.id));
        if !distro.version_id.is_empty() {
            set("version", json!(distro.version_id));
        }
        if let Some(pretty) = &distro.pretty_name {
            set("description", json!(pretty));
        }
        if let Some(codename) = &distro.codename {
            set("properties", json!([property("plimsoll:distro:codename", codename)]));
        }
    }
    Value::Object(component)
}

fn organisation(party: &Party) -> Value {
    match &party.mail {
        Some(mail) => json!({"name": party.name, "contact": [{"name": party.name, "email": mail}]}),
        None => json!({"name": party.name}),
    }
}

fn component(package: &Package, reference: &str, sbom: &Sbom) -> Value {
    let mut component = Map::new();
    let mut set = |key: &str, value: Value| component.insert(key.to_owned(), value);
    set("bom-ref", json!(reference));
    set("type", json!("library"));
    if let Some(supplier) = shared::supplier(package, sbom) {
        set("supplier", organisation(&supplier));
    }
    if let Some(maintainer) = &package.maintainer {
        set("publisher", json!(maintainer));
    }
    set("name", json!(package.name));
    if !package.version.is_empty() {
        set("version", json!(package.version));
    }
    if let Some(description) = &package.description {
        set("description", json!(description));
    }
    if !package.licenses.is_empty() {
        set("licenses", Value::Array(licenses(&package.licenses)));
    }
    if !package.purl.is_empty() {
        set("purl", json!(package.purl));
    }
    if let Some(address) = shared::web(package.homepage.as_ref()) {
        set("externalReferences", json!([{"type": "website", "url": address}]));
    }
    let layer = |index: u32| sbom.subject.layers.get(index as usize);
    let mut properties = Vec::new();
    if !package.evidence.is_empty() {
        properties.push(property("plimsoll:layer:first", package.first_layer.to_string()));
        properties.extend(layer(package.first_layer).map(|d| property("plimsoll:layer:first:diffId", d.to_string())));
        properties.push(property("plimsoll:layer:last", package.layer.to_string()));
        properties.extend(layer(package.layer).map(|d| property("plimsoll:layer:diffId", d.to_string())));
    }
    properties.push(property("plimsoll:source:name", &package.source.name));
    properties.push(property("plimsoll:source:version", &package.source.version));
    set("properties", Value::Array(properties));
    if !package.evidence.is_empty() {
        let places: Vec<Value> = package.evidence.iter().map(|path| json!({"location": path})).collect();
        set("evidence", json!({"occurrences": places}));
    }
    Value::Object(component)
}

/// One expression where all are SPDX's; the format does not allow an expression beside others, so that otherwise each
/// stands for itself.
fn licenses(licenses: &[String]) -> Vec<Value> {
    if licenses.iter().all(|l| shared::is_spdx(l)) {
        let expression = shared::all_of(licenses.iter().map(String::as_str));
        return vec![json!({"expression": expression, "acknowledgement": "declared"})];
    }
    let one = |license: &String| {
        let is_id = !license.contains(' ') && shared::is_spdx(license);
        let key = if is_id { "id" } else { "name" };
        json!({"license": {key: license, "acknowledgement": "declared"}})
    };
    licenses.iter().map(one).collect()
}
