//! Images written as OCI layouts, in a directory or an archive, whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use plimsoll_layer::{BlobWriter, Entry, EntryKind, LayerError, TarWriter, WrittenBlob};
use plimsoll_oci::{Algorithm, Descriptor, Digest, Image, Index, MAX_MANIFEST_BYTES, media_type};
use tempfile::{NamedTempFile, TempDir};

use crate::layout::{check_marker, open_regular, parse_index, read_small};
use crate::{SourceError, VerifyingReader};

const MARKER: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Writes a layout. Nothing is visible under the target's name before [`LayoutWriter::finish`]; in a layout that existed
/// before, blobs come first and `index.json` is replaced last.
pub struct LayoutWriter {
    root: PathBuf,
    target: Target,
    index: Index,
}

enum Target {
    NewDir { temporary: TempDir, path: PathBuf },
    Archive { temporary: TempDir, path: PathBuf },
    Existing,
}

impl LayoutWriter {
    /// A layout directory at `path`: made if nothing or an empty directory is there, added to if it is a layout already.
    pub fn directory(path: &Path) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        if path.join("oci-layout").is_file() {
            let read = |name: &str| {
                read_small(&path.join(name), MAX_MANIFEST_BYTES).map_err(SourceError::io(format!("read '{shown}'")))
            };
            check_marker(&read("oci-layout")?)?;
            let index = parse_index(&read("index.json")?)?;
            return Ok(Self { root: path.to_owned(), target: Target::Existing, index });
        }
        if path.exists() && fs::read_dir(path).map_err(SourceError::io(format!("open '{shown}'")))?.next().is_some() {
            return Err(SourceError::Io {
                what: format!("write a layout to '{shown}'"),
                source: io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is not a layout"),
            });
        }
        let temporary = temporary_beside(path)?;
        let root = temporary.path().join("layout");
        Self::begin(root, Target::NewDir { temporary, path: path.to_owned() })
    }

    /// A layout in a tar file at `path`, which is replaced if it exists.
    pub fn archive(path: &Path) -> Result<Self, SourceError> {
        let temporary = temporary_beside(path)?;
        let root = temporary.path().join("layout");
        Self::begin(root, Target::Archive { temporary, path: path.to_owned() })
    }

    fn begin(root: PathBuf, target: Target) -> Result<Self, SourceError> {
        fs::create_dir_all(root.join("blobs").join("sha256")).map_err(SourceError::io("make a layout"))?;
        fs::write(root.join("oci-layout"), MARKER).map_err(SourceError::io("make a layout"))?;
        let index = Index {
            media_type: media_type::INDEX.to_owned(),
            manifests: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
        };
        Ok(Self { root, target, index })
    }

    /// Adds a blob held in memory.
    pub fn bytes(&mut self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, SourceError> {
        let descriptor = Descriptor::of(media_type, bytes);
        self.blob(&descriptor, bytes)?;
        Ok(descriptor)
    }

    /// Adds a blob, checking it against its descriptor.
    pub fn blob(&mut self, descriptor: &Descriptor, reader: impl Read) -> Result<(), SourceError> {
        let what = format!("blob {}", descriptor.digest);
        let io = || SourceError::io(format!("write {what}"));
        let mut file = self.temporary()?;
        let mut reader = VerifyingReader::new(reader, descriptor, &what);
        if let Err(error) = io::copy(&mut reader, &mut file) {
            return Err(match error.downcast::<plimsoll_oci::ImageError>() {
                Ok(error) => error.into(),
                Err(error) => io()(error),
            });
        }
        self.keep(file, &descriptor.digest)
    }

    /// Adds a layer: `write` gives its members in order. The blob is the same for the same members.
    pub fn layer<E: From<SourceError>>(
        &mut self,
        write: impl FnOnce(&mut TarWriter<&mut dyn Write>) -> Result<(), E>,
    ) -> Result<WrittenBlob, E> {
        let file = self.temporary()?;
        let mut blob = BlobWriter::new(BufWriter::with_capacity(128 * 1024, file));
        {
            let mut tar = TarWriter::new(&mut blob as &mut dyn Write);
            write(&mut tar)?;
            tar.finish().map_err(|e| SourceError::io("write a layer")(e.into_io()))?;
        }
        let (buffer, written) = blob.finish().map_err(SourceError::io("write a layer"))?;
        let file = buffer.into_inner().map_err(|e| SourceError::io("write a layer")(e.into_error()))?;
        self.keep(file, &written.descriptor.digest)?;
        Ok(written)
    }

    /// Lists a manifest or an index that was added as a blob, under `name`. What had the name before loses its entry.
    pub fn manifest(&mut self, mut descriptor: Descriptor, name: Option<&str>) {
        if let Some(name) = name {
            descriptor.annotations.insert(REF_NAME.to_owned(), name.to_owned());
        }
        let named = |d: &Descriptor| d.annotations.get(REF_NAME).cloned();
        self.index.manifests.retain(|d| match name {
            Some(name) => named(d).as_deref() != Some(name),
            None => d.digest != descriptor.digest || named(d).is_some(),
        });
        self.index.manifests.push(descriptor);
    }

    /// Writes `index.json` and puts the layout in its place.
    pub fn finish(self) -> Result<(), SourceError> {
        let bytes = self.index.to_bytes();
        match self.target {
            Target::Existing => replace(&self.root.join("index.json"), |file| file.write_all(&bytes)),
            Target::NewDir { temporary, path } => {
                let shown = path.display().to_string();
                fs::write(self.root.join("index.json"), &bytes).map_err(SourceError::io("write index.json"))?;
                // Renaming onto an empty directory replaces it.
                fs::rename(&self.root, &path).map_err(SourceError::io(format!("write '{shown}'")))?;
                drop(temporary);
                Ok(())
            }
            Target::Archive { temporary, path } => {
                fs::write(self.root.join("index.json"), &bytes).map_err(SourceError::io("write index.json"))?;
                replace(&path, |file| pack(&self.root, file).map_err(LayerError::into_io))?;
                drop(temporary);
                Ok(())
            }
        }
    }

    fn temporary(&self) -> Result<NamedTempFile, SourceError> {
        tempfile::Builder::new()
            .prefix(".blob-")
            .tempfile_in(self.root.join("blobs"))
            .map_err(SourceError::io(format!("write to '{}'", self.root.display())))
    }

    fn keep(&self, file: NamedTempFile, digest: &Digest) -> Result<(), SourceError> {
        let directory = self.root.join("blobs").join(digest.algorithm().name());
        let io = || SourceError::io(format!("write blob {digest}"));
        fs::create_dir_all(&directory).map_err(io())?;
        readable(file.as_file()).map_err(io())?;
        file.persist(directory.join(digest.hex())).map_err(|e| io()(e.error))?;
        Ok(())
    }
}

/// Writes `image`, manifest, configuration and layers as they are, and lists it under `name`.
pub fn copy_image(image: &dyn Image, writer: &mut LayoutWriter, name: Option<&str>) -> Result<Descriptor, SourceError> {
    for (index, layer) in image.layers().iter().enumerate() {
        writer.blob(&layer.descriptor, image.open_layer(index)?)?;
    }
    writer.blob(&image.manifest().config, image.config_bytes())?;
    let size = image.manifest_bytes().len() as u64;
    let mut descriptor = Descriptor::new(&image.manifest().media_type, image.digest().clone(), size);
    writer.blob(&descriptor, image.manifest_bytes())?;
    let platform = &image.config().platform;
    descriptor.platform = (!platform.os.is_empty() && !platform.architecture.is_empty()).then(|| platform.clone());
    writer.manifest(descriptor.clone(), name);
    Ok(descriptor)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary_beside(path: &Path) -> Result<TempDir, SourceError> {
    tempfile::Builder::new()
        .prefix(".plimsoll-")
        .tempdir_in(parent(path))
        .map_err(SourceError::io(format!("write beside '{}'", path.display())))
}

/// Writes a file beside `path` and renames it into place.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), SourceError> {
    let io = || SourceError::io(format!("write '{}'", path.display()));
    let mut file = tempfile::Builder::new().prefix(".plimsoll-").tempfile_in(parent(path)).map_err(io())?;
    write(file.as_file_mut()).map_err(io())?;
    readable(file.as_file()).map_err(io())?;
    file.persist(path).map_err(|e| io()(e.error))?;
    Ok(())
}

/// Temporary files are the owner's alone; what is published is readable as an image is.
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

/// The layout as a tar: sorted, at time 0, owned by nobody in particular.
fn pack(root: &Path, file: &mut File) -> Result<(), LayerError> {
    let mut members = BTreeMap::new();
    members.insert("/blobs".to_owned(), None);
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let directory = root.join("blobs").join(algorithm.name());
        if !directory.is_dir() {
            continue;
        }
        members.insert(format!("/blobs/{}", algorithm.name()), None);
        for item in fs::read_dir(&directory)? {
            let item = item?;
            let name = item.file_name().to_string_lossy().into_owned();
            members.insert(format!("/blobs/{}/{name}", algorithm.name()), Some(item.path()));
        }
    }
    for name in ["oci-layout", "index.json"] {
        members.insert(format!("/{name}"), Some(root.join(name)));
    }
    let mut tar = TarWriter::new(BufWriter::new(file));
    for (path, source) in members {
        match source {
            None => tar.append(&Entry::new(path, EntryKind::Directory, 0o755, 0), &mut io::empty())?,
            Some(source) => {
                let mut file = open_regular(&source)?;
                let size = file.metadata()?.len();
                tar.append(&Entry::new(path, EntryKind::File, 0o644, size), &mut file)?;
            }
        }
    }
    tar.finish()?;
    Ok(())
}
