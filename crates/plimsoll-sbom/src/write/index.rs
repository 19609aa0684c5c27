//! A document for an image index: it ties the SBOMs of its platforms together, and repeats nothing of them.

use std::io::{self, Write};

use jiff::Timestamp;
use plimsoll_oci::{Digest, Platform};
use serde_json::json;

use super::cyclonedx::{self, Component, External, Property, Version};
use super::{into_bytes, shared, spdx, stream};
use crate::{Form, Sbom, Subject, Tool};

/// An image index and the SBOMs of what it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSbom {
    /// Repository (`registry.example.org/shop/web`).
    pub name: String,
    /// Tag or version.
    pub version: Option<String>,
    /// Digest of the index.
    pub digest: Digest,
    /// Its manifests, in its order.
    pub entries: Vec<IndexEntry>,
    /// The program that writes the document.
    pub tool: Tool,
    /// The organisation that answers for it.
    pub author: Option<String>,
    /// When.
    pub created: Timestamp,
}

/// One platform of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The platform.
    pub platform: Platform,
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Its SBOM's serial number (`urn:uuid:…`), of a CycloneDX document, or namespace, of an SPDX document.
    pub serial: String,
    /// Digest of its SBOM's bytes.
    pub sbom: Digest,
}

/// The serial number or namespace of a document that this crate wrote, as [`IndexEntry::serial`] wants it.
fn serial(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "serialNumber")]
        serial: Option<String>,
        #[serde(rename = "documentNamespace")]
        namespace: Option<String>,
    }
    let head: Head = serde_json::from_slice(bytes).ok()?;
    head.serial.or(head.namespace)
}

impl IndexEntry {
    /// The entry of a platform whose SBOM has these bytes (CycloneDX JSON or SPDX 2.3 JSON). `None` where they name no
    /// identifier.
    pub fn of(platform: Platform, manifest: Digest, sbom: &[u8]) -> Option<Self> {
        Some(Self { platform, manifest, serial: serial(sbom)?, sbom: Digest::sha256(sbom) })
    }
}

/// A format that an index's document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexOutput {
    /// CycloneDX 1.6 JSON: a component per platform, with a BOM-Link to its SBOM.
    CycloneDxJson,
    /// SPDX 2.3 JSON: a package per platform, and its SBOM as an external document.
    SpdxJson,
}

/// Writes the document of an index.
pub fn write_index(index: &IndexSbom, output: IndexOutput) -> Vec<u8> {
    let sbom = about(index);
    into_bytes(|out| match output {
        IndexOutput::CycloneDxJson => cyclonedx(index, &sbom, out),
        IndexOutput::SpdxJson => spdx(index, &sbom, out),
    })
}

/// The index as the subject of an SBOM without packages: who wrote it, when, and about what.
fn about(index: &IndexSbom) -> Sbom {
    Sbom {
        subject: Subject {
            name: index.name.clone(),
            version: index.version.clone(),
            digest: Some(index.digest.clone()),
            ..Subject::default()
        },
        distro: None,
        packages: Vec::new(),
        removed: Vec::new(),
        problems: Vec::new(),
        tool: index.tool.clone(),
        author: index.author.clone(),
        created: index.created,
        form: Form::Full,
    }
}

/// The image of one platform.
fn image(index: &IndexSbom, entry: &IndexEntry) -> Subject {
    Subject {
        name: index.name.clone(),
        version: index.version.clone(),
        digest: Some(entry.manifest.clone()),
        platform: Some(entry.platform.clone()),
        ..Subject::default()
    }
}

fn cyclonedx(index: &IndexSbom, sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let builder = cyclonedx::builder(sbom, Version::V1_6);
    let images: Vec<Subject> = index.entries.iter().map(|entry| image(index, entry)).collect();
    let references: Vec<String> =
        index.entries.iter().map(|e| format!("image:{}@{}", e.platform, e.manifest)).collect();
    stream::identified(out, |unique, out| {
        let mut document = cyclonedx::head(Version::V1_6, unique, out)?;
        let metadata = builder.metadata();
        document.member("metadata", &metadata)?;
        let components = index.entries.iter().zip(&images).zip(&references).map(|((entry, image), reference)| {
            // BOM-Link: the serial number without `uuid:`, and the version, which is always the first.
            let link = entry.serial.strip_prefix("urn:uuid:").map(|uuid| format!("urn:cdx:{uuid}/1"));
            Component {
                reference: reference.as_str().into(),
                kind: "container",
                name: spdx::document_name(sbom).into(),
                version: entry.manifest.to_string().into(),
                hashes: vec![cyclonedx::digest(&entry.manifest)],
                purl: shared::image_purl(image).unwrap_or_default().into(),
                external: vec![External {
                    kind: "bom",
                    url: link.unwrap_or_else(|| entry.serial.clone()).into(),
                    hashes: vec![cyclonedx::digest(&entry.sbom)],
                }],
                properties: vec![Property::new("plimsoll:image:platform", entry.platform.to_string())],
                ..Component::default()
            }
        });
        document.list("components", components)?;
        let root = metadata.component.reference.as_ref();
        let nodes = std::iter::once(json!({"ref": root, "dependsOn": references}));
        document.list("dependencies", nodes.chain(references.iter().map(|r| json!({"ref": r}))))?;
        // An index names all it holds.
        document.list("compositions", [json!({"aggregate": "complete", "assemblies": [root]})].into_iter())?;
        document.end()
    })?;
    Ok(())
}

fn spdx(index: &IndexSbom, sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    const INDEX: &str = "SPDXRef-Index";
    let name = spdx::document_name(sbom);
    let author = shared::author(sbom).map(|party| spdx::written(&party));
    let mut creators = vec![format!("Tool: {}", spdx::tool(sbom))];
    creators.extend(author.clone());
    let supplier = author.unwrap_or_else(|| "NOASSERTION".to_owned());
    let ids: Vec<String> = (0..index.entries.len()).map(|number| format!("SPDXRef-Image-{number}")).collect();
    // Only an SPDX document can be an external document of this one; others are named in a comment.
    let external =
        |number: usize, entry: &IndexEntry| entry.serial.starts_with("http").then(|| format!("DocumentRef-{number}"));
    let package = |subject: &Subject, id: &str, entry: Option<&IndexEntry>| {
        let purl = shared::image_purl(subject).map(|p| spdx::purl_reference(p.into()));
        let comment = entry.map(|e| {
            let platform = e.platform.to_string();
            json!({"plimsoll:platform": platform, "plimsoll:sbom": e.serial, "plimsoll:sbomDigest": e.sbom.to_string()})
                .to_string()
        });
        json!(spdx::Package {
            version: subject.digest.as_ref().map(ToString::to_string).unwrap_or_default().into(),
            supplier: supplier.clone(),
            checksums: shared::digests(subject).map(spdx::checksum).collect(),
            references: purl.into_iter().collect(),
            purpose: Some("CONTAINER"),
            comment,
            ..spdx::base(name, id)
        })
    };
    stream::identified(out, |unique, out| {
        let mut document = spdx::head(name, unique, out)?;
        let creation = spdx::Creation { created: shared::time(sbom.created), creators: creators.clone() };
        document.member("creationInfo", &creation)?;
        let entries = || index.entries.iter().enumerate();
        document.some(
            "externalDocumentRefs",
            entries().filter_map(|(number, entry)| {
                let checksum = spdx::checksum(&entry.sbom);
                let id = external(number, entry)?;
                Some(json!({"externalDocumentId": id, "spdxDocument": entry.serial, "checksum": checksum}))
            }),
        )?;
        let images = entries().map(|(number, entry)| package(&image(index, entry), &ids[number], Some(entry)));
        document.list("packages", std::iter::once(package(&sbom.subject, INDEX, None)).chain(images))?;
        let described = std::iter::once(json!(spdx::relation(spdx::DOCUMENT, "DESCRIBES", INDEX)));
        let contains = ids.iter().map(|id| json!(spdx::relation(INDEX, "CONTAINS", id)));
        let documents = entries().filter_map(|(number, entry)| {
            let described = format!("{}:{}", external(number, entry)?, spdx::DOCUMENT);
            Some(json!(spdx::relation(&ids[number], "DESCRIBED_BY", &described)))
        });
        document.list("relationships", described.chain(contains).chain(documents))?;
        document.end()
    })?;
    Ok(())
}
