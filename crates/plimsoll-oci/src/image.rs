//! The read-only image every source gives.

use std::io::Read;

use crate::{Config, Descriptor, Digest, Manifest};

/// An image, whatever medium holds it. Implementations check every blob against its digest as it is read: a reader of
/// a layer that does not match ends in an error, never in a silent end of file.
pub trait Image: Send + Sync {
    /// Digest of the manifest: the image's identity.
    fn digest(&self) -> &Digest;

    /// The manifest's exact bytes.
    fn manifest_bytes(&self) -> &[u8];

    /// The manifest.
    fn manifest(&self) -> &Manifest;

    /// The configuration blob's exact bytes.
    fn config_bytes(&self) -> &[u8];

    /// The configuration.
    fn config(&self) -> &Config;

    /// The layers, base first.
    fn layers(&self) -> &[LayerSource];

    /// The layer's blob as stored (compressed if it is), checked against its digest while it is read.
    fn open_layer(&self, index: usize) -> Result<Box<dyn Read + Send + '_>, ImageError>;
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSource {
    /// Descriptor of the stored blob.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// The build instruction that made it, if the history says.
    pub created_by: Option<String>,
}

/// Why image content could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The medium failed.
    #[error("cannot read {what}: {source}")]
    Io {
        /// What was being read.
        what: String,
        /// The medium's error.
        source: std::io::Error,
    },
    /// The content does not have the digest it was asked by; the medium is at fault.
    #[error("{what} does not match its digest: expected {expected}, found {found}")]
    DigestMismatch {
        /// What was being read.
        what: String,
        /// The digest asked for.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// The content is absent.
    #[error("{0} is not there")]
    Missing(String),
    /// The content is there and malformed.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// What was being read.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}
