//! Why a source could not be opened, loaded or written.

use plimsoll_layer::LayerError;
use plimsoll_oci::{Digest, ImageError, Platform, ReferenceError};
use plimsoll_tree::TreeError;

/// Why a source could not be opened, loaded or written.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The text names no source; the caller is at fault.
    #[error("source '{text}' is malformed: {why}")]
    Malformed {
        /// The text given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// The text is no image reference; the caller is at fault.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The source is a daemon; it is never asked, silently or otherwise.
    #[error(
        "'{0}' names an image of a local daemon, which is not supported yet; save it to a file and use docker-archive:FILE or oci-archive:FILE"
    )]
    Daemon(String),
    /// A path exists and is nothing that is known; the caller is at fault.
    #[error("'{0}' is not an image layout, an image archive, a report, an SBOM or a directory")]
    Unrecognised(String),
    /// The source is not one that opens as an image from files; the caller is at fault.
    #[error("'{0}' does not open as an image here")]
    NotAnImage(String),
    /// A file could not be read or written; the machine or the caller is at fault.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The image is missing content, or content does not match its digest; the image or its medium is at fault.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An archive is malformed; the archive is at fault.
    #[error("archive '{path}': {source}")]
    Archive {
        /// The archive.
        path: String,
        /// What is wrong with it.
        source: LayerError,
    },
    /// No image of the source has the name or digest; the caller is at fault.
    #[error("there is no image '{wanted}'; there is: {found}")]
    NoSuchImage {
        /// The name or digest asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
    /// Several images could be meant; the caller must choose.
    #[error("there are several images, name one of: {0}")]
    Ambiguous(String),
    /// No image of the source is for the platform.
    #[error("there is no image for {wanted}; there is: {found}")]
    NoPlatform {
        /// The platform asked for.
        wanted: Platform,
        /// The platforms there are.
        found: String,
    },
    /// A layer's uncompressed content does not have the digest the configuration states; the image is at fault.
    #[error("layer {layer} does not match its diffID: expected {expected}, found {found}")]
    DiffId {
        /// Index of the layer, base first.
        layer: usize,
        /// The diffID of the configuration.
        expected: Digest,
        /// The digest of what the layer holds.
        found: Digest,
    },
    /// A layer could not be merged; the layer is at fault.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Index of the layer, base first.
        layer: usize,
        /// What is wrong with it.
        source: TreeError,
    },
    /// A directory changed while it was read, or holds what cannot be read.
    #[error("directory entry '{path}': {why}")]
    Directory {
        /// The path inside the directory.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl SourceError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn malformed(what: impl Into<String>, why: impl ToString) -> Self {
        ImageError::Malformed { what: what.into(), why: why.to_string() }.into()
    }
}
