//! Manifests and indexes (OCI image specification v1.1; Docker schema 2 by its media types).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Digest, Platform};

/// Media types this project reads and writes.
pub mod media_type {
    /// OCI image manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image index.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI image configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// OCI empty JSON object.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// OCI layer, plain tar.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// OCI layer, gzip.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// OCI layer, zstd.
    pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// Docker schema 2 manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker manifest list.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker image configuration.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker layer, gzip.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Sigstore bundle v0.3.
    pub const SIGSTORE_BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
}

/// The bytes of the OCI empty configuration blob.
pub const EMPTY_CONFIG: &[u8] = b"{}";

/// The largest manifest or index read, in bytes: the limit registries themselves apply (distribution specification).
pub const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;

/// A typed pointer to content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: String,
    /// Digest of the content.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Platform, on the entries of an index.
    pub platform: Option<Platform>,
    /// Artifact type, on referrers.
    pub artifact_type: Option<String>,
    /// Annotations, sorted.
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A descriptor of `bytes` with nothing optional set.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::sha256(bytes), bytes.len() as u64)
    }

    /// A descriptor with nothing optional set.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            platform: None,
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The descriptor as a JSON value, fields in the order of the specification.
    pub fn to_json(&self) -> serde_json::Value {
        let mut map = serde_json::Map::new();
        map.insert("mediaType".into(), self.media_type.clone().into());
        map.insert("digest".into(), self.digest.to_string().into());
        map.insert("size".into(), self.size.into());
        if !self.annotations.is_empty() {
            map.insert("annotations".into(), annotations_json(&self.annotations));
        }
        if let Some(artifact_type) = &self.artifact_type {
            map.insert("artifactType".into(), artifact_type.clone().into());
        }
        if let Some(platform) = &self.platform {
            let mut p = serde_json::Map::new();
            p.insert("architecture".into(), platform.architecture.clone().into());
            p.insert("os".into(), platform.os.clone().into());
            if let Some(variant) = &platform.variant {
                p.insert("variant".into(), variant.clone().into());
            }
            map.insert("platform".into(), p.into());
        }
        map.into()
    }
}

fn annotations_json(annotations: &BTreeMap<String, String>) -> serde_json::Value {
    annotations.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect::<serde_json::Map<_, _>>().into()
}

/// An image manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Media type of the manifest itself.
    pub media_type: String,
    /// Artifact type, when this is an artefact rather than an image.
    pub artifact_type: Option<String>,
    /// The configuration blob.
    pub config: Descriptor,
    /// The layers, base first.
    pub layers: Vec<Descriptor>,
    /// What this manifest refers to.
    pub subject: Option<Descriptor>,
    /// Annotations, sorted.
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest's canonical bytes, as this project writes them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut map = serde_json::Map::new();
        map.insert("schemaVersion".into(), 2.into());
        map.insert("mediaType".into(), self.media_type.clone().into());
        if let Some(artifact_type) = &self.artifact_type {
            map.insert("artifactType".into(), artifact_type.clone().into());
        }
        map.insert("config".into(), self.config.to_json());
        map.insert("layers".into(), self.layers.iter().map(Descriptor::to_json).collect());
        if let Some(subject) = &self.subject {
            map.insert("subject".into(), subject.to_json());
        }
        if !self.annotations.is_empty() {
            map.insert("annotations".into(), annotations_json(&self.annotations));
        }
        serde_json::Value::Object(map).to_string().into_bytes()
    }
}

/// An image index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Media type of the index itself.
    pub media_type: String,
    /// The manifests it lists.
    pub manifests: Vec<Descriptor>,
    /// What this index refers to.
    pub subject: Option<Descriptor>,
    /// Annotations, sorted.
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// The index's canonical bytes, as this project writes them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut map = serde_json::Map::new();
        map.insert("schemaVersion".into(), 2.into());
        map.insert("mediaType".into(), self.media_type.clone().into());
        map.insert("manifests".into(), self.manifests.iter().map(Descriptor::to_json).collect());
        if let Some(subject) = &self.subject {
            map.insert("subject".into(), subject.to_json());
        }
        if !self.annotations.is_empty() {
            map.insert("annotations".into(), annotations_json(&self.annotations));
        }
        serde_json::Value::Object(map).to_string().into_bytes()
    }
}

/// A manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "documents are few and short-lived")]
pub enum Document {
    /// An image manifest.
    Manifest(Manifest),
    /// An image index.
    Index(Index),
}

/// Why a manifest or index was refused; the document is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// More bytes than [`MAX_MANIFEST_BYTES`].
    #[error("manifest is {0} bytes; at most 4194304 are read")]
    TooLarge(usize),
    /// Not JSON of the expected shape.
    #[error("manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A schema version other than 2.
    #[error("manifest schemaVersion {0} is not supported; expected 2")]
    SchemaVersion(u64),
    /// The body carries both `manifests` and `layers`/`config`, so two readers could see two things (CVE-2021-41190).
    #[error("manifest is ambiguous: it has the fields of an image manifest and of an index")]
    Ambiguous,
    /// Neither a manifest nor an index.
    #[error("document is neither an image manifest nor an index")]
    Neither,
    /// The media type inside disagrees with the shape.
    #[error("manifest says media type '{0}', which its fields contradict")]
    MediaType(String),
    /// A descriptor's digest is malformed.
    #[error("manifest holds a malformed digest: {0}")]
    Digest(#[from] crate::DigestError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDescriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    platform: Option<WirePlatform>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WirePlatform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDocument {
    schema_version: u64,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    config: Option<WireDescriptor>,
    #[serde(default)]
    layers: Option<Vec<WireDescriptor>>,
    #[serde(default)]
    manifests: Option<Vec<WireDescriptor>>,
    #[serde(default)]
    subject: Option<WireDescriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl TryFrom<WireDescriptor> for Descriptor {
    type Error = ManifestError;

    fn try_from(wire: WireDescriptor) -> Result<Self, ManifestError> {
        Ok(Self {
            media_type: wire.media_type,
            digest: wire.digest.parse()?,
            size: wire.size,
            platform: wire.platform.map(|p| Platform { os: p.os, architecture: p.architecture, variant: p.variant }),
            artifact_type: wire.artifact_type,
            annotations: wire.annotations.unwrap_or_default(),
        })
    }
}

/// Reads a manifest or an index, telling them apart by their fields and refusing a body that could be read as both.
/// Duplicate keys are refused.
pub fn parse_document(bytes: &[u8]) -> Result<Document, ManifestError> {
    if bytes.len() > MAX_MANIFEST_BYTES {
        return Err(ManifestError::TooLarge(bytes.len()));
    }
    let wire: WireDocument = serde_json::from_slice(bytes)?;
    if wire.schema_version != 2 {
        return Err(ManifestError::SchemaVersion(wire.schema_version));
    }
    let subject = wire.subject.map(Descriptor::try_from).transpose()?;
    let annotations = wire.annotations.unwrap_or_default();
    let descriptors = |list: Vec<WireDescriptor>| {
        list.into_iter().map(Descriptor::try_from).collect::<Result<Vec<_>, ManifestError>>()
    };
    match (wire.manifests, wire.config, wire.layers) {
        (Some(manifests), None, None) => {
            let media_type = wire.media_type.unwrap_or_else(|| media_type::INDEX.to_owned());
            if !matches!(media_type.as_str(), media_type::INDEX | media_type::DOCKER_LIST) {
                return Err(ManifestError::MediaType(media_type));
            }
            Ok(Document::Index(Index { media_type, manifests: descriptors(manifests)?, subject, annotations }))
        }
        (None, Some(config), Some(layers)) => {
            let media_type = wire.media_type.unwrap_or_else(|| media_type::MANIFEST.to_owned());
            if !matches!(media_type.as_str(), media_type::MANIFEST | media_type::DOCKER_MANIFEST) {
                return Err(ManifestError::MediaType(media_type));
            }
            Ok(Document::Manifest(Manifest {
                media_type,
                artifact_type: wire.artifact_type,
                config: config.try_into()?,
                layers: descriptors(layers)?,
                subject,
                annotations,
            }))
        }
        (None, _, _) => Err(ManifestError::Neither),
        _ => Err(ManifestError::Ambiguous),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            media_type: media_type::MANIFEST.into(),
            artifact_type: None,
            config: Descriptor::of(media_type::CONFIG, b"{}"),
            layers: vec![Descriptor::of(media_type::LAYER_GZIP, b"x")],
            subject: None,
            annotations: BTreeMap::from([("a".into(), "b".into())]),
        }
    }

    #[test]
    fn round_trips() {
        let bytes = manifest().to_bytes();
        assert_eq!(parse_document(&bytes).unwrap(), Document::Manifest(manifest()));
        let mut entry = Descriptor::of(media_type::MANIFEST, &bytes);
        entry.platform = Some(Platform::new("linux", "amd64"));
        let index = Index {
            media_type: media_type::INDEX.into(),
            manifests: vec![entry],
            subject: None,
            annotations: BTreeMap::new(),
        };
        assert_eq!(parse_document(&index.to_bytes()).unwrap(), Document::Index(index));
    }

    #[test]
    fn refuses_a_body_that_reads_two_ways() {
        let mut value: serde_json::Value = serde_json::from_slice(&manifest().to_bytes()).unwrap();
        value["manifests"] = serde_json::json!([]);
        assert!(matches!(parse_document(value.to_string().as_bytes()), Err(ManifestError::Ambiguous)));
        let doubled = br#"{"schemaVersion":2,"schemaVersion":2,"manifests":[]}"#;
        assert!(matches!(parse_document(doubled), Err(ManifestError::Json(_))));
        let lying = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::MANIFEST);
        assert!(matches!(parse_document(lying.as_bytes()), Err(ManifestError::MediaType(_))));
    }
}
