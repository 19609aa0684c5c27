//! Readers: which format a document is in, and what all of them end in.

mod collect;
mod cyclonedx;
mod markup;
mod plimsoll;
mod spdx;
mod syft;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::Sbom;

/// The largest document that is read. The largest real one met had 64 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// A document's format, with the version it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// SPDX JSON, or JSON-LD since 3.0: `2.3`.
    Spdx(String),
    /// SPDX tag-value: `2.3`.
    SpdxTagValue(String),
    /// CycloneDX JSON: `1.6`.
    CycloneDx(String),
    /// CycloneDX XML: `1.6`.
    CycloneDxXml(String),
    /// Syft's own JSON, with its schema version.
    Syft(String),
    /// This program's own JSON, with its schema version.
    Plimsoll(String),
}

impl Format {
    /// The format's name as decisions write it: `spdx`, `cyclonedx`, `syft`, `plimsoll`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Spdx(_) | Self::SpdxTagValue(_) => "spdx",
            Self::CycloneDx(_) | Self::CycloneDxXml(_) => "cyclonedx",
            Self::Syft(_) => "syft",
            Self::Plimsoll(_) => "plimsoll",
        }
    }
}

/// Why a document was refused; its writer is at fault, unless it is in a format that is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Larger than any real document; whoever gave it is at fault.
    #[error("the SBOM has {0} bytes, more than the 256 MiB that are read")]
    TooLarge(usize),
    /// Neither a JSON object nor a text format that is known; whoever gave it is at fault.
    #[error("the SBOM is neither CycloneDX XML nor SPDX tag-value, and it is not a JSON object: {0}")]
    Json(serde_json::Error),
    /// JSON of some other kind; whoever gave it is at fault.
    #[error("the document is not an SBOM this program knows: expected SPDX, CycloneDX, Syft JSON or plimsoll JSON")]
    UnknownFormat,
    /// A version of a known format that is not read; the document is not wrong.
    #[error("{format} {version} is not read; expected {expected}")]
    UnsupportedVersion {
        /// The format.
        format: &'static str,
        /// The version it names.
        version: String,
        /// The versions that are read.
        expected: &'static str,
    },
    /// A field is missing, stands twice or has the wrong type; the document's writer is at fault.
    #[error("the {format} document is malformed: {source}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// The same of XML and tag-value.
    #[error("the {format} document is malformed at byte {at}: {why}")]
    MalformedText {
        /// The format.
        format: &'static str,
        /// Where.
        at: u64,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(rename = "specVersion")]
    spec_version: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<Value>,
    #[serde(rename = "schemaVersion")]
    own: Option<String>,
    packages: Option<IgnoredAny>,
    artifacts: Option<IgnoredAny>,
    schema: Option<Value>,
}

/// Tells which format a document is in, without reading its packages.
pub fn sniff(bytes: &[u8]) -> Result<Format, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge(bytes.len()));
    }
    let bytes = trimmed(bytes);
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if let Ok(text) = std::str::from_utf8(bytes) {
        if first == Some(&b'<') {
            let version = cyclonedx::xml_version(text).ok_or(ReadError::UnknownFormat)?;
            return Ok(Format::CycloneDxXml(version));
        }
        if let Some(version) = spdx::tag_version(text) {
            return Ok(Format::SpdxTagValue(version));
        }
    }
    let head: Head = serde_json::from_slice(bytes).map_err(ReadError::Json)?;
    if head.bom_format.as_deref() == Some("CycloneDX") {
        return Ok(Format::CycloneDx(head.spec_version.unwrap_or_default()));
    }
    if let Some(version) = head.spdx_version {
        let version = version.strip_prefix("SPDX-").unwrap_or(&version).to_owned();
        return Ok(Format::Spdx(version));
    }
    if let Some(context) = head.context {
        let version = context.as_str().and_then(|c| c.strip_prefix("https://spdx.org/rdf/")?.split('/').next());
        return Ok(Format::Spdx(version.unwrap_or("3").to_owned()));
    }
    if let (Some(version), Some(_)) = (head.own, head.packages) {
        return Ok(Format::Plimsoll(version));
    }
    let schema = head.schema.as_ref().and_then(|s| s.get("version")).and_then(Value::as_str);
    match (head.artifacts, schema) {
        (Some(_), Some(version)) => Ok(Format::Syft(version.to_owned())),
        _ => Err(ReadError::UnknownFormat),
    }
}

/// Reads a document in any format that [`Format`] names: SPDX 2.2, 2.3 and 3.0, CycloneDX 1.4 to 1.7, Syft JSON and
/// this program's own.
pub fn read(bytes: &[u8]) -> Result<Sbom, ReadError> {
    let format = sniff(bytes)?;
    let bytes = trimmed(bytes);
    let name = format.name();
    let malformed = |source| ReadError::Malformed { format: name, source };
    let torn = |fault: markup::Fault| ReadError::MalformedText { format: name, at: fault.at, why: fault.why };
    let unsupported = |format, version: &String, expected| {
        Err(ReadError::UnsupportedVersion { format, version: version.clone(), expected })
    };
    // Where the format is one of text, these are UTF-8: sniffing has found that.
    let text = || std::str::from_utf8(bytes).unwrap_or_default();
    match &format {
        Format::CycloneDx(v) if is_cyclonedx(v) => cyclonedx::read(bytes).map_err(malformed),
        Format::CycloneDxXml(v) if is_cyclonedx(v) => cyclonedx::read_xml(text()).map_err(torn),
        Format::CycloneDx(v) | Format::CycloneDxXml(v) => unsupported("CycloneDX", v, "1.4 to 1.7"),
        Format::Spdx(v) if is_spdx2(v) => spdx::read(bytes).map_err(malformed),
        Format::Spdx(v) if matches!(v.as_str(), "3.0.0" | "3.0.1") => spdx::read_3(bytes).map_err(malformed),
        Format::SpdxTagValue(v) if is_spdx2(v) => spdx::read_tags(text()).map_err(torn),
        Format::Spdx(v) | Format::SpdxTagValue(v) => unsupported("SPDX", v, "2.2, 2.3 or 3.0"),
        Format::Syft(_) => syft::read(bytes).map_err(malformed),
        Format::Plimsoll(v) if v.split('.').next() == Some("1") => plimsoll::read(bytes).map_err(malformed),
        Format::Plimsoll(v) => unsupported("plimsoll JSON", v, "1"),
    }
}

fn is_cyclonedx(version: &str) -> bool {
    matches!(version, "1.4" | "1.5" | "1.6" | "1.7")
}

fn is_spdx2(version: &str) -> bool {
    matches!(version, "2.2" | "2.3")
}

/// Without the byte order mark that some Windows tools put in front.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
