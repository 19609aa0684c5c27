//! One layer of a test image.

use std::io::Write;

use plimsoll_layer::{Entry, EntryKind, TarWriter};
use plimsoll_oci::{Descriptor, Digest, media_type};

/// How a layer is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stored {
    /// Plain tar.
    Plain,
    /// gzip.
    #[default]
    Gzip,
    /// zstd.
    Zstd,
}

/// A layer: its members, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    members: Vec<(Entry, Vec<u8>)>,
    stored: Stored,
    raw: Option<Vec<u8>>,
}

impl Layer {
    /// An empty layer, stored with gzip.
    pub fn new() -> Self {
        Self::default()
    }

    /// A layer that is exactly these uncompressed bytes.
    pub fn raw(tar: Vec<u8>) -> Self {
        Self { raw: Some(tar), ..Self::default() }
    }

    /// Stores the layer otherwise.
    #[must_use]
    pub fn stored(mut self, stored: Stored) -> Self {
        self.stored = stored;
        self
    }

    /// Adds any member. A path may leave out its leading slash.
    #[must_use]
    pub fn member(mut self, mut entry: Entry, content: impl Into<Vec<u8>>) -> Self {
        if !entry.path.starts_with('/') {
            entry.path.insert(0, '/');
        }
        let content = content.into();
        entry.size = content.len() as u64;
        self.members.push((entry, content));
        self
    }

    /// Adds a file of root's, mode 0644.
    #[must_use]
    pub fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.file_with(path, 0o644, 0, 0, content)
    }

    /// Adds a file of root's, mode 0755.
    #[must_use]
    pub fn executable(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.file_with(path, 0o755, 0, 0, content)
    }

    /// Adds a file.
    #[must_use]
    pub fn file_with(self, path: &str, mode: u32, uid: u32, gid: u32, content: impl Into<Vec<u8>>) -> Self {
        let mut entry = Entry::new(path, EntryKind::File, mode, 0);
        (entry.uid, entry.gid) = (uid, gid);
        self.member(entry, content)
    }

    /// Adds a directory of root's, mode 0755.
    #[must_use]
    pub fn dir(self, path: &str) -> Self {
        self.dir_with(path, 0o755, 0, 0)
    }

    /// Adds a directory.
    #[must_use]
    pub fn dir_with(self, path: &str, mode: u32, uid: u32, gid: u32) -> Self {
        let mut entry = Entry::new(path, EntryKind::Directory, mode, 0);
        (entry.uid, entry.gid) = (uid, gid);
        self.member(entry, Vec::new())
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.member(Entry::new(path, EntryKind::Symlink { target: target.into() }, 0o777, 0), Vec::new())
    }

    /// Adds a hard link.
    #[must_use]
    pub fn hardlink(self, path: &str, target: &str) -> Self {
        self.member(Entry::new(path, EntryKind::HardLink { target: target.into() }, 0o644, 0), Vec::new())
    }

    /// Hides `path` of the layers below.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.file(&format!("{above}/.wh.{name}"), Vec::new())
    }

    /// Hides everything in the directory `path` of the layers below.
    #[must_use]
    pub fn opaque(self, path: &str) -> Self {
        self.file(&format!("{}/.wh..wh..opq", path.trim_end_matches('/')), Vec::new())
    }

    /// The uncompressed tar.
    pub fn tar(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut tar = TarWriter::new(Vec::new());
        for (entry, content) in &self.members {
            tar.append(entry, &mut content.as_slice()).expect("a member that can be written");
        }
        tar.finish().expect("memory does not fail")
    }

    /// The blob as stored.
    pub fn blob(&self) -> Vec<u8> {
        let tar = self.tar();
        match self.stored {
            Stored::Plain => tar,
            Stored::Gzip => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gzip.write_all(&tar).expect("memory does not fail");
                gzip.finish().expect("memory does not fail")
            }
            Stored::Zstd => zstd::encode_all(tar.as_slice(), 1).expect("memory does not fail"),
        }
    }

    /// Descriptor of the blob, and the blob.
    pub fn described(&self) -> (Descriptor, Vec<u8>) {
        let blob = self.blob();
        let kind = match self.stored {
            Stored::Plain => media_type::LAYER,
            Stored::Gzip => media_type::LAYER_GZIP,
            Stored::Zstd => media_type::LAYER_ZSTD,
        };
        (Descriptor::of(kind, &blob), blob)
    }

    /// Digest of the uncompressed tar.
    pub fn diff_id(&self) -> Digest {
        Digest::sha256(&self.tar())
    }
}
