//! Sources opened as images.

use std::sync::Arc;

use plimsoll_layer::Limits;
use plimsoll_oci::{Descriptor, Platform};

use crate::archive::Archive;
use crate::layout::{BlobStore, check_marker, open_dir, parse_index};
use crate::{BlobImage, SourceError, SourceRef, docker_archive, select};

/// How a source is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The platform wanted.
    pub platform: Platform,
    /// Whether the caller asked for it: then an only image of another platform is refused instead of taken.
    pub explicit: bool,
    /// Limits on archives.
    pub limits: Limits,
}

/// An opened image, and how it was found.
#[derive(Debug)]
pub struct Opened {
    /// The image.
    pub image: BlobImage,
    /// The index that lists it, if one does.
    pub index: Option<Descriptor>,
    /// The name it has in its layout or archive.
    pub name: Option<String>,
}

/// Opens a layout or an archive. Registries, directories, SBOMs and reports are not images of files:
/// [`SourceError::NotAnImage`].
pub fn open(source: &SourceRef, options: &OpenOptions) -> Result<Opened, SourceError> {
    match source {
        SourceRef::OciDir { path, name } => {
            let (store, index) = open_dir(path)?;
            select::select(&store, &index, name.as_deref(), options)
        }
        SourceRef::OciArchive { path, name } => {
            let archive = Archive::open(path, &options.limits)?;
            check_marker(&archive.document("oci-layout")?)?;
            let index = parse_index(&archive.document("index.json")?)?;
            let store: Arc<dyn BlobStore> = Arc::new(archive);
            select::select(&store, &index, name.as_deref(), options)
        }
        SourceRef::DockerArchive { path, name } => {
            docker_archive::open(Archive::open(path, &options.limits)?, name.as_deref(), options)
        }
        other => Err(SourceError::NotAnImage(other.to_string())),
    }
}

/// Opens every image of an index in a layout or an archive of one, with the index's descriptor.
pub fn open_index(source: &SourceRef, options: &OpenOptions) -> Result<(Descriptor, Vec<Opened>), SourceError> {
    match source {
        SourceRef::OciDir { path, name } => {
            let (store, index) = open_dir(path)?;
            select::all(&store, &index, name.as_deref())
        }
        SourceRef::OciArchive { path, name } => {
            let archive = Archive::open(path, &options.limits)?;
            check_marker(&archive.document("oci-layout")?)?;
            let index = parse_index(&archive.document("index.json")?)?;
            let store: Arc<dyn BlobStore> = Arc::new(archive);
            select::all(&store, &index, name.as_deref())
        }
        other => Err(SourceError::NotAnImage(other.to_string())),
    }
}
