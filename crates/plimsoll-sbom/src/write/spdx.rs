//! SPDX 2.3 JSON.

use std::collections::BTreeMap;

use plimsoll_catalog::Package;
use plimsoll_oci::{Algorithm, Digest};
use serde_json::{Map, Value, json};

use super::shared::{self, Party};
use crate::Sbom;

const ROOT: &str = "SPDXRef-Image";
const SYSTEM: &str = "SPDXRef-OperatingSystem";

/// Writes SPDX 2.3 JSON.
pub fn write_spdx(sbom: &Sbom) -> Vec<u8> {
    let ids: Vec<String> =
        shared::references(sbom).iter().zip(&sbom.packages).map(|(r, p)| identifier(&p.name, r)).collect();
    let created = shared::time(sbom.created);
    let mut extracted = BTreeMap::new();
    let mut packages = vec![image(sbom)];
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", ROOT)];
    if sbom.distro.is_some() {
        packages.push(system(sbom));
        relationships.push(relation(ROOT, "CONTAINS", SYSTEM));
    }
    packages.extend(sbom.packages.iter().zip(&ids).map(|(p, id)| package(p, id, sbom, &mut extracted)));
    relationships.extend(ids.iter().map(|id| relation(ROOT, "CONTAINS", id)));
    for (id, targets) in ids.iter().zip(shared::edges(sbom)) {
        relationships.extend(targets.into_iter().map(|t| relation(id, "DEPENDS_ON", &ids[t])));
    }
    let version = if sbom.tool.version.is_empty() { String::new() } else { format!("-{}", sbom.tool.version) };
    let tool = format!("{}{version}", sbom.tool.name);
    let mut creators = vec![format!("Tool: {tool}")];
    creators
        .extend(sbom.author.as_deref().and_then(shared::party).map(|p| written(&Party { is_organisation: true, ..p })));

    let name = if sbom.subject.name.is_empty() { "image" } else { &sbom.subject.name };
    let mut document = Map::new();
    let mut set = |key: &str, value: Value| document.insert(key.to_owned(), value);
    set("spdxVersion", json!("SPDX-2.3"));
    set("dataLicense", json!("CC0-1.0"));
    set("SPDXID", json!("SPDXRef-DOCUMENT"));
    set("name", json!(name));
    set("documentNamespace", json!(""));
    set("creationInfo", json!({"created": created, "creators": creators}));
    set("packages", Value::Array(packages));
    if !extracted.is_empty() {
        let info = |(id, text): (String, String)| json!({"licenseId": id, "name": text, "extractedText": text});
        set("hasExtractedLicensingInfos", extracted.into_iter().map(info).collect());
    }
    set("relationships", Value::Array(relationships));
    let notes: Vec<Value> = notes(sbom).into_iter().map(|n| annotation(&tool, &created, &n)).collect();
    if !notes.is_empty() {
        set("annotations", Value::Array(notes));
    }
    let unique = shared::uuid(&shared::bytes(&document));
    let namespace = format!("https://github.com/plimsoll-dev/plimsoll/spdx/{}-{unique}", slug(name));
    document.insert("documentNamespace".to_owned(), json!(namespace));
    shared::bytes(&document)
}

fn notes(sbom: &Sbom) -> Vec<Value> {
    let removed = sbom.removed.iter().map(
        |r| json!({"plimsoll:removed": {"name": r.name, "version": r.version, "purl": r.purl, "reason": r.reason}}),
    );
    let problems = sbom.problems.iter();
    let problems = problems.map(|p| json!({"plimsoll:problem": {"path": p.path, "line": p.line, "why": p.why}}));
    removed.chain(problems).collect()
}

fn annotation(tool: &str, created: &str, note: &Value) -> Value {
    json!({
        "annotationType": "OTHER",
        "annotator": format!("Tool: {tool}"),
        "annotationDate": created,
        "comment": note.to_string(),
    })
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}

/// Letters, digits, dots and hyphens: what identifiers may hold.
fn slug(text: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    text.chars().take(64).map(legal).collect()
}

fn identifier(name: &str, reference: &str) -> String {
    format!("SPDXRef-Package-{}-{}", slug(name), Digest::sha256(reference.as_bytes()).short())
}

fn written(party: &Party) -> String {
    let word = if party.is_organisation { "Organization" } else { "Person" };
    match &party.mail {
        Some(mail) if *mail != party.name => format!("{word}: {} ({mail})", party.name),
        _ => format!("{word}: {}", party.name),
    }
}

fn checksum(digest: &Digest) -> Value {
    let algorithm = match digest.algorithm() {
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha512 => "SHA512",
    };
    json!([{"algorithm": algorithm, "checksumValue": digest.hex()}])
}

fn purl_reference(purl: &str) -> Value {
    json!([{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}])
}

fn image(sbom: &Sbom) -> Value {
    let subject = &sbom.subject;
    let name = if subject.name.is_empty() { "image" } else { &subject.name };
    let mut package = base(name, ROOT);
    let mut set = |key: &str, value: Value| package.insert(key.to_owned(), value);
    let version = subject.digest.as_ref().map(ToString::to_string).or_else(|| subject.version.clone());
    if let Some(version) = version {
        set("versionInfo", json!(version));
    }
    let supplier = sbom.author.as_deref().and_then(shared::party);
    set(
        "supplier",
        json!(supplier.map_or_else(|| "NOASSERTION".to_owned(), |p| written(&Party { is_organisation: true, ..p }))),
    );
    if let Some(digest) = &subject.digest {
        set("checksums", checksum(digest));
    }
    if let Some(purl) = shared::image_purl(subject) {
        set("externalRefs", purl_reference(&purl));
    }
    set("primaryPackagePurpose", json!("CONTAINER"));
    let layers: Vec<String> = subject.layers.iter().map(ToString::to_string).collect();
    let comment = json!({
        "plimsoll:tag": subject.version,
        "plimsoll:platform": subject.platform.as_ref().map(ToString::to_string),
        "plimsoll:layers": layers,
    });
    set("comment", json!(comment.to_string()));
    Value::Object(package)
}

fn system(sbom: &Sbom) -> Value {
    let Some(distro) = &sbom.distro else { return Value::Null };
    let mut package = base(&distro.id, SYSTEM);
    let mut set = |key: &str, value: Value| package.insert(key.to_owned(), value);
    if !distro.version_id.is_empty() {
        set("versionInfo", json!(distro.version_id));
    }
    set("supplier", json!(format!("Organization: {}", distro.id)));
    if let Some(pretty) = &distro.pretty_name {
        set("summary", json!(pretty));
    }
    set("primaryPackagePurpose", json!("OPERATING-SYSTEM"));
    set("comment", json!(json!({"plimsoll:codename": distro.codename}).to_string()));
    Value::Object(package)
}

/// What every package says, in the order it is written.
fn base(name: &str, id: &str) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in [
        ("name", json!(name)),
        ("SPDXID", json!(id)),
        ("downloadLocation", json!("NOASSERTION")),
        ("filesAnalyzed", json!(false)),
        ("licenseConcluded", json!("NOASSERTION")),
        ("licenseDeclared", json!("NOASSERTION")),
        ("copyrightText", json!("NOASSERTION")),
    ] {
        map.insert(key.to_owned(), value);
    }
    map
}

fn package(package: &Package, id: &str, sbom: &Sbom, extracted: &mut BTreeMap<String, String>) -> Value {
    let mut map = base(&package.name, id);
    let mut set = |key: &str, value: Value| map.insert(key.to_owned(), value);
    if !package.version.is_empty() {
        set("versionInfo", json!(package.version));
    }
    let supplier = shared::supplier(package, sbom);
    set("supplier", json!(supplier.map_or_else(|| "NOASSERTION".to_owned(), |p| written(&p))));
    if let Some(party) = package.maintainer.as_deref().and_then(shared::party) {
        set("originator", json!(written(&party)));
    }
    if let Some(address) = shared::web(package.homepage.as_ref()) {
        set("homepage", json!(address));
    }
    if let Some(description) = &package.description {
        set("summary", json!(description));
    }
    set("sourceInfo", json!(format!("built package from: {} {}", package.source.name, package.source.version)));
    if !package.licenses.is_empty() {
        set("licenseDeclared", json!(declared(&package.licenses, extracted)));
    }
    if !package.purl.is_empty() {
        set("externalRefs", purl_reference(&package.purl));
    }
    let note = json!({
        "plimsoll:maintainer": package.maintainer,
        "plimsoll:evidence": package.evidence,
        "plimsoll:firstLayer": package.first_layer,
        "plimsoll:layer": package.layer,
    });
    set("comment", json!(note.to_string()));
    Value::Object(map)
}

/// An expression over SPDX's licences and, for what SPDX does not know, references that the document explains.
fn declared(licenses: &[String], extracted: &mut BTreeMap<String, String>) -> String {
    let parts = licenses.iter().map(|license| {
        if shared::is_spdx(license) {
            return license.clone();
        }
        let digest = Digest::sha256(license.as_bytes());
        let id = format!("LicenseRef-plimsoll-{}-{}", slug(license), &digest.hex()[..8]);
        extracted.insert(id.clone(), license.clone());
        id
    });
    let parts: Vec<String> = parts.collect();
    shared::all_of(parts.iter().map(String::as_str))
}
