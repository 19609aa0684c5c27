//! Why a layer was refused.

use std::io;

/// Why a layer could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The medium failed, or the compressed stream is corrupt (the decompressor reports through the same channel).
    #[error("cannot read layer: {0}")]
    Io(#[source] io::Error),
    /// The layer costs more than a limit allows; the layer is at fault, or the limit is too low for it.
    #[error("layer exceeds {limit} ({max}); it looks like a decompression bomb")]
    Limit {
        /// Name of the field of [`crate::Limits`].
        limit: &'static str,
        /// The limit's value.
        max: u64,
    },
    /// The layer is compressed by something runtimes are not required to read; the layer is at fault.
    #[error("layer is compressed with {0}; gzip, zstd and plain tar are read")]
    Compression(&'static str),
    /// The archive ends inside a header or a file; the layer is at fault.
    #[error("layer is truncated at byte {at}: {what}")]
    Truncated {
        /// Offset in the uncompressed archive.
        at: u64,
        /// What was being read.
        what: &'static str,
    },
    /// A header is malformed; the layer is at fault.
    #[error("layer is malformed at byte {at}: {why}")]
    Malformed {
        /// Offset in the uncompressed archive of the header, or of the entry it belongs to.
        at: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A member's type is none that a container runtime unpacks; the layer is at fault.
    #[error("layer is malformed at byte {at}: member type {flag:#04x} is not supported")]
    Type {
        /// Offset of the header.
        at: u64,
        /// The type flag.
        flag: u8,
    },
    /// A path is unsafe; the layer is at fault, and probably hostile.
    #[error("layer names an unsafe path '{path}': {why}")]
    Path {
        /// The path, shortened, as a readable text.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What was to be written cannot be: the caller is at fault.
    #[error("cannot write '{path}' to a layer: {why}")]
    Write {
        /// The path.
        path: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl LayerError {
    pub(crate) fn path(name: &[u8], why: &'static str) -> Self {
        let shown = &name[..name.len().min(256)];
        Self::Path { path: shown.escape_ascii().to_string(), why }
    }

    /// An `io::Error` that carries this error through a `Read`.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}

impl From<io::Error> for LayerError {
    /// Recovers a [`LayerError`] that travelled through a `Read`.
    fn from(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}
