//! OCI image layouts, in a directory or in an archive (OCI image specification, "Image Layout").

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_oci::{Descriptor, Digest, Document, ImageError, Index, MAX_MANIFEST_BYTES, parse_document};

use crate::{SourceError, VerifyingReader};

/// The largest image configuration read.
pub(crate) const MAX_CONFIG_BYTES: usize = 8 << 20;

/// Where blobs are found by digest. Content is not checked here.
pub(crate) trait BlobStore: Send + Sync {
    fn blob(&self, digest: &Digest) -> Result<Box<dyn Read + Send>, ImageError>;
}

/// A layout directory.
pub(crate) struct LayoutDir(pub(crate) PathBuf);

impl BlobStore for LayoutDir {
    fn blob(&self, digest: &Digest) -> Result<Box<dyn Read + Send>, ImageError> {
        // A parsed digest is hex digits only, so that the path stays inside.
        let path = self.0.join("blobs").join(digest.algorithm().name()).join(digest.hex());
        match open_regular(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(ImageError::Missing(format!("blob {digest}"))),
            Err(source) => Err(ImageError::Io { what: format!("blob {digest}"), source }),
        }
    }
}

/// Opens a regular file; a FIFO or a device would block or never end.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    File::open(path)
}

/// Reads a file of at most `max` bytes.
pub(crate) fn read_small(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok(bytes)
}

/// The blob of `descriptor`, checked, if it is at most `max` bytes long.
pub(crate) fn read_blob(
    store: &dyn BlobStore,
    descriptor: &Descriptor,
    what: &str,
    max: usize,
) -> Result<Vec<u8>, ImageError> {
    let what = format!("{what} {}", descriptor.digest);
    if descriptor.size > max as u64 {
        return Err(ImageError::Malformed { what, why: format!("it is {} bytes long", descriptor.size) });
    }
    let mut bytes = Vec::new();
    let mut reader = VerifyingReader::new(store.blob(&descriptor.digest)?, descriptor, what.clone());
    match reader.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => match error.downcast::<ImageError>() {
            Ok(error) => Err(error),
            Err(source) => Err(ImageError::Io { what, source }),
        },
    }
}

/// Reads `index.json`'s bytes.
pub(crate) fn parse_index(bytes: &[u8]) -> Result<Index, SourceError> {
    match parse_document(bytes).map_err(|e| SourceError::malformed("index.json", e))? {
        Document::Index(index) => Ok(index),
        Document::Manifest(_) => Err(SourceError::malformed("index.json", "it is a manifest, not an index")),
    }
}

/// Opens a layout directory.
pub(crate) fn open_dir(path: &Path) -> Result<(Arc<dyn BlobStore>, Index), SourceError> {
    let read = |name: &str| {
        let file = path.join(name);
        read_small(&file, MAX_MANIFEST_BYTES).map_err(SourceError::io(format!("read '{}'", file.display())))
    };
    check_marker(&read("oci-layout")?)?;
    let index = parse_index(&read("index.json")?)?;
    Ok((Arc::new(LayoutDir(path.to_owned())), index))
}

/// Checks the `oci-layout` file.
pub(crate) fn check_marker(bytes: &[u8]) -> Result<(), SourceError> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|e| SourceError::malformed("oci-layout", e))?;
    match value.get("imageLayoutVersion").and_then(|v| v.as_str()) {
        Some(version) if version.starts_with("1.") => Ok(()),
        Some(version) => Err(SourceError::malformed("oci-layout", format!("version {version} is not supported"))),
        None => Err(SourceError::malformed("oci-layout", "imageLayoutVersion is missing")),
    }
}
