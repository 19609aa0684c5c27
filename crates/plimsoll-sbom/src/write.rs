//! Writers: the formats, and what they share.

mod cyclonedx;
mod files;
mod index;
mod lean;
mod note;
mod plimsoll;
mod shared;
mod spdx;
mod spdx3;
mod stream;
mod view;

use std::io::{self, Write};

pub use cyclonedx::Version;
pub use files::write_files;
pub use index::{IndexEntry, IndexOutput, IndexSbom, write_index};

use crate::Sbom;

/// A format that an SBOM is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// CycloneDX JSON.
    CycloneDxJson(Version),
    /// CycloneDX 1.6 XML.
    CycloneDxXml,
    /// SPDX 2.3 JSON.
    SpdxJson,
    /// SPDX 2.3 tag-value.
    SpdxTagValue,
    /// SPDX 3.0.1 JSON-LD.
    Spdx3,
    /// This program's own JSON, which holds everything; its schema is `schemas/plimsoll-sbom.v1.schema.json`.
    PlimsollJson,
    /// The package URLs, one a line.
    Purls,
}

impl Output {
    /// The name and version that users write after `-o`, each with the output it means. A format's first version is
    /// what its bare name means.
    pub const NAMES: &[(&'static str, &'static str, Self)] = &[
        ("cyclonedx-json", "1.6", Self::CycloneDxJson(Version::V1_6)),
        ("cyclonedx-json", "1.5", Self::CycloneDxJson(Version::V1_5)),
        ("cyclonedx-json", "1.7", Self::CycloneDxJson(Version::V1_7)),
        ("cyclonedx-xml", "1.6", Self::CycloneDxXml),
        ("spdx-json", "2.3", Self::SpdxJson),
        ("spdx-json", "3.0", Self::Spdx3),
        ("spdx-json", "3.0.1", Self::Spdx3),
        ("spdx-tag-value", "2.3", Self::SpdxTagValue),
        ("plimsoll-json", "1", Self::PlimsollJson),
        ("purls", "", Self::Purls),
    ];

    /// The output that a name and, where given, a version mean.
    pub fn named(name: &str, version: Option<&str>) -> Option<Self> {
        let mut known = Self::NAMES.iter().filter(|(n, _, _)| *n == name);
        known.find(|(_, v, _)| version.is_none_or(|wanted| wanted == *v)).map(|(_, _, output)| *output)
    }

    /// The media type of the document.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDxJson(_) => "application/vnd.cyclonedx+json",
            Self::CycloneDxXml => "application/vnd.cyclonedx+xml",
            Self::SpdxJson => "application/spdx+json",
            Self::SpdxTagValue => "text/spdx",
            Self::Spdx3 => "application/spdx+json",
            Self::PlimsollJson => "application/json",
            Self::Purls => "text/plain",
        }
    }

    /// The type of the in-toto predicate that holds the document, for formats that have one.
    pub fn predicate_type(self) -> Option<&'static str> {
        match self {
            Self::CycloneDxJson(_) => Some("https://cyclonedx.org/bom"),
            Self::SpdxJson => Some("https://spdx.dev/Document/v2.3"),
            Self::Spdx3 => Some("https://spdx.dev/Document/v3.0.1"),
            Self::CycloneDxXml | Self::SpdxTagValue | Self::PlimsollJson | Self::Purls => None,
        }
    }
}

/// Writes a document part by part; a failure is the writer's.
pub fn write_to(sbom: &Sbom, output: Output, out: &mut dyn Write) -> io::Result<()> {
    match output {
        Output::CycloneDxJson(version) => cyclonedx::json(sbom, version, out),
        Output::CycloneDxXml => cyclonedx::xml(sbom, out),
        Output::SpdxJson => spdx::json(sbom, out),
        Output::SpdxTagValue => spdx::tag_value(sbom, out),
        Output::Spdx3 => spdx3::json(sbom, out),
        Output::PlimsollJson => plimsoll::json(sbom, out),
        Output::Purls => purls(sbom, out),
    }
}

/// A document's bytes.
pub fn write(sbom: &Sbom, output: Output) -> Vec<u8> {
    into_bytes(|out| write_to(sbom, output, out))
}

/// Writes CycloneDX 1.6 JSON.
pub fn write_cyclonedx(sbom: &Sbom) -> Vec<u8> {
    write(sbom, Output::CycloneDxJson(Version::V1_6))
}

/// Writes SPDX 2.3 JSON.
pub fn write_spdx(sbom: &Sbom) -> Vec<u8> {
    write(sbom, Output::SpdxJson)
}

/// Writes the package URLs, one a line, sorted.
pub fn write_purls(sbom: &Sbom) -> Vec<u8> {
    write(sbom, Output::Purls)
}

/// Memory takes every byte, and what is written here has text for keys and finite numbers: there is nothing to fail.
fn into_bytes(render: impl Fn(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    let mut out = Vec::new();
    match render(&mut out) {
        Ok(()) => out,
        Err(_) => Vec::new(),
    }
}

fn purls(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let mut purls: Vec<&str> = sbom.packages.iter().map(|p| p.purl.as_str()).filter(|p| !p.is_empty()).collect();
    purls.sort_unstable();
    purls.dedup();
    purls.into_iter().try_for_each(|purl| writeln!(out, "{purl}"))
}
