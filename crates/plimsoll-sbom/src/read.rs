//! Readers: which format a document is in, and what all of them end in.

mod collect;
mod cyclonedx;
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
    /// SPDX JSON: `2.3`.
    Spdx(String),
    /// CycloneDX JSON: `1.6`.
    CycloneDx(String),
    /// Syft's own JSON, with its schema version.
    Syft(String),
}

impl Format {
    /// The format's name as decisions write it: `spdx`, `cyclonedx`, `syft`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Spdx(_) => "spdx",
            Self::CycloneDx(_) => "cyclonedx",
            Self::Syft(_) => "syft",
        }
    }
}

/// Why a document was refused; its writer is at fault, unless it is in a format that is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Larger than any real document; whoever gave it is at fault.
    #[error("the SBOM has {0} bytes, more than the 256 MiB that are read")]
    TooLarge(usize),
    /// Not a JSON object; whoever gave it is at fault.
    #[error("the SBOM is not a JSON object: {0}")]
    Json(serde_json::Error),
    /// JSON of some other kind; whoever gave it is at fault.
    #[error("the document is not an SBOM this program knows: expected SPDX 2 JSON, CycloneDX JSON or Syft JSON")]
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
    context: Option<IgnoredAny>,
    artifacts: Option<IgnoredAny>,
    schema: Option<Value>,
}

/// Tells which format a document is in, without reading its packages.
pub fn sniff(bytes: &[u8]) -> Result<Format, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge(bytes.len()));
    }
    let head: Head = serde_json::from_slice(trimmed(bytes)).map_err(ReadError::Json)?;
    if head.bom_format.as_deref() == Some("CycloneDX") {
        return Ok(Format::CycloneDx(head.spec_version.unwrap_or_default()));
    }
    if let Some(version) = head.spdx_version {
        let version = version.strip_prefix("SPDX-").unwrap_or(&version).to_owned();
        return Ok(Format::Spdx(version));
    }
    if head.context.is_some() {
        return Ok(Format::Spdx("3".to_owned()));
    }
    let schema = head.schema.as_ref().and_then(|s| s.get("version")).and_then(Value::as_str);
    match (head.artifacts, schema) {
        (Some(_), Some(version)) => Ok(Format::Syft(version.to_owned())),
        _ => Err(ReadError::UnknownFormat),
    }
}

/// Reads a document: SPDX 2.x JSON, CycloneDX JSON 1.4 to 1.7, Syft JSON.
pub fn read(bytes: &[u8]) -> Result<Sbom, ReadError> {
    let format = sniff(bytes)?;
    let bytes = trimmed(bytes);
    let malformed = |source| ReadError::Malformed { format: format.name(), source };
    match &format {
        Format::CycloneDx(v) if matches!(v.as_str(), "1.4" | "1.5" | "1.6" | "1.7") => {
            cyclonedx::read(bytes).map_err(malformed)
        }
        Format::CycloneDx(version) => {
            Err(ReadError::UnsupportedVersion { format: "CycloneDX", version: version.clone(), expected: "1.4 to 1.7" })
        }
        Format::Spdx(v) if matches!(v.as_str(), "2.2" | "2.3") => spdx::read(bytes).map_err(malformed),
        Format::Spdx(version) => {
            Err(ReadError::UnsupportedVersion { format: "SPDX", version: version.clone(), expected: "2.2 or 2.3" })
        }
        Format::Syft(_) => syft::read(bytes).map_err(malformed),
    }
}

/// Without the byte order mark that some Windows tools put in front.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}
