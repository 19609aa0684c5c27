//! SPDX 2.2 and 2.3 in JSON.

use serde::Deserialize;

use super::{Records, SCOPE, line, short};
use crate::facts::{Facts, Record};
use crate::{digest, license};

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "documentDescribes", default)]
    describes: Vec<String>,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    supplier: Option<String>,
    originator: Option<String>,
    download_location: Option<String>,
    homepage: Option<String>,
    summary: Option<String>,
    license_declared: Option<String>,
    license_concluded: Option<String>,
    primary_package_purpose: Option<String>,
    #[serde(default)]
    external_refs: Vec<Reference>,
    #[serde(default)]
    checksums: Vec<Checksum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    related_spdx_element: String,
    relationship_type: String,
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let document: Document = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(error) => return out.trouble(line(&error), format!("is not the SPDX that is read: {error}")),
    };
    let mut records = Records::new(out);
    for package in document.packages {
        add(package, &mut records);
    }
    let mut about = document.describes;
    for Relationship { spdx_element_id: from, related_spdx_element: to, relationship_type: kind } in
        document.relationships
    {
        match kind.as_str() {
            "DESCRIBES" => about.push(to),
            "DESCRIBED_BY" => about.push(from),
            "DEPENDS_ON" | "HAS_PREREQUISITE" | "DYNAMIC_LINK" | "STATIC_LINK" => records.needs(&from, &to),
            "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "PREREQUISITE_FOR" => records.needs(&to, &from),
            "CONTAINS" => within(&mut records, &to, &from),
            "CONTAINED_BY" => within(&mut records, &from, &to),
            // What something was made from or with is not in it.
            "GENERATED_FROM" => excluded(&mut records, &to),
            "GENERATES"
            | "BUILD_TOOL_OF"
            | "BUILD_DEPENDENCY_OF"
            | "DEV_TOOL_OF"
            | "DEV_DEPENDENCY_OF"
            | "TEST_TOOL_OF"
            | "TEST_DEPENDENCY_OF" => excluded(&mut records, &from),
            _ => {}
        }
    }
    let mut about: Vec<u32> = about.iter().filter_map(|a| records.of(a)).collect();
    about.sort_unstable();
    about.dedup();
    records.finish(about);
}

fn within(records: &mut Records<'_>, inner: &str, outer: &str) {
    if let (Some(inner), Some(outer)) = (records.of(inner), records.of(outer)) {
        records.within(inner, outer);
    }
}

fn excluded(records: &mut Records<'_>, reference: &str) {
    if let Some(record) = records.of(reference).and_then(|i| records.get(i))
        && record.properties.is_empty()
    {
        record.properties.push((SCOPE.to_owned(), "excluded".to_owned()));
    }
}

/// A value that says something: SPDX has two words for nothing.
fn said(value: Option<String>) -> Option<String> {
    value.map(|v| short(&v)).filter(|v| !v.is_empty() && v != "NOASSERTION" && v != "NONE")
}

fn add(package: Package, records: &mut Records<'_>) {
    let purpose = package.primary_package_purpose.unwrap_or_default();
    let purl = package.external_refs.iter().find(|r| r.reference_type == "purl").map(|r| r.reference_locator.clone());
    if purpose == "FILE" && purl.is_none() {
        return;
    }
    let licence = said(package.license_declared).or_else(|| said(package.license_concluded));
    let who = said(package.supplier).or_else(|| said(package.originator));
    let person = |w: String| ["Organization: ", "Person: "].iter().find_map(|p| w.strip_prefix(p)).map(str::to_owned);
    let sums = package.checksums.iter().filter_map(|c| digest::hex(&c.algorithm, &c.checksum_value));
    let cpes =
        package.external_refs.iter().filter(|r| r.reference_type == "cpe23Type").map(|r| r.reference_locator.clone());
    let record = Record {
        cpes: cpes.filter(|c| c.starts_with("cpe:2.3:") && c.len() <= super::MAX_LEN).take(64).collect(),
        licenses: licence.map(|l| license::list(&l)).unwrap_or_default(),
        maintainer: who.and_then(|w| person(w.clone()).or(Some(w))),
        description: said(package.summary),
        homepage: said(package.homepage),
        download: said(package.download_location),
        hashes: sums.collect(),
        properties: match purpose.as_str() {
            "SOURCE" => vec![(SCOPE.to_owned(), "excluded".to_owned())],
            _ => Vec::new(),
        },
        ..Record::default()
    };
    let version = said(package.version_info).unwrap_or_default();
    records.add(Some(&package.id), purl.as_deref(), (&package.name, &version), record);
}
