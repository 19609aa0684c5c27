//! Image sources: layouts, archives and directories opened as images, images loaded as trees and written as layouts.
//!
//! Every blob is checked against digest and size while it is read, and every layer against its diffID by [`load`]. Names
//! inside an archive or layout are only ever keys: none is joined to a path of the host, apart from a digest's own hex.

mod archive;
mod blob_image;
mod cache;
mod directory;
mod docker_archive;
mod error;
mod layers;
mod layout;
mod load;
mod open;
mod pipe;
mod reference;
mod select;
mod spool;
mod writer;

pub use blob_image::{BlobImage, OpenBlob, VerifyingReader};
pub use cache::Cache;
pub use directory::{DirectoryTree, open_directory};
pub use error::SourceError;
pub use layers::read_layers;
pub use load::load;
pub use open::{OpenOptions, Opened, open, open_index};
pub use reference::{SourceRef, parse_source};
pub use spool::SpoolContents;
pub use writer::{LayoutWriter, copy_image};
