//! Layers: streaming decompression and tar reading under limits, deterministic tar writing.
//!
//! A layer is read as a container runtime reads it: where tar dialects leave room, the reading of Go's `archive/tar`
//! (which containerd, Docker and Podman use) is followed, and where two readers could see two different file systems the
//! layer is refused. Memory and time are bounded by [`Limits`], never by a number the layer announces.

mod compress;
mod entry;
mod error;
mod hash;
mod header;
mod limits;
mod path;
mod pax;
mod read;
mod sparse;
mod write;
mod write_blob;

pub use compress::{Compression, Decompressed, decompress, detect};
pub use entry::{Entry, EntryKind};
pub use error::LayerError;
pub use hash::{HashingReader, HashingWriter};
pub use limits::Limits;
pub use path::{normalise, path_from_bytes, path_to_bytes};
pub use read::TarReader;
pub use write::TarWriter;
pub use write_blob::{BlobWriter, COMPRESSOR, WrittenBlob};
