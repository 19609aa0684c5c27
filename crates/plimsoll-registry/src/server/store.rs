//! The registry on disk.
//!
//! `blobs/<algorithm>/<hex>` holds content once; `repositories/<name>/` says what a repository has: `_blobs`, `_manifests`
//! (the bytes themselves), `_tags` (each file holds a digest), `_referrers/<subject>` (empty files) and `_uploads`. A
//! component of a name never starts with `_`, so nothing collides. Files appear by rename, whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use plimsoll_oci::{Algorithm, Digest};

use super::route::Name;

/// The store below one directory.
pub(super) struct Store {
    root: PathBuf,
    /// Held by every change of more than one file, and by conditional writes of a tag.
    change: Mutex<()>,
    count: AtomicU64,
}

fn file_name(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm().name(), digest.hex())
}

fn from_file_name(name: &str) -> Option<Digest> {
    name.replacen('-', ":", 1).parse().ok()
}

impl Store {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        for part in ["tmp", "blobs", "repositories"] {
            fs::create_dir_all(root.join(part))?;
        }
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            fs::create_dir_all(root.join("blobs").join(algorithm.name()))?;
        }
        // What a stopped registry was writing was never acknowledged.
        for entry in fs::read_dir(root.join("tmp"))? {
            let _ = fs::remove_file(entry?.path());
        }
        Ok(Self { root: root.to_owned(), change: Mutex::new(()), count: AtomicU64::new(0) })
    }

    /// The lock on changes.
    pub(super) fn lock(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn repository(&self, name: &Name) -> PathBuf {
        self.root.join("repositories").join(name.as_str())
    }

    /// Where the content of a blob is.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.algorithm().name()).join(digest.hex())
    }

    pub(super) fn upload_path(&self, name: &Name, id: &str) -> PathBuf {
        self.repository(name).join("_uploads").join(id)
    }

    fn marker(&self, name: &Name, digest: &Digest) -> PathBuf {
        self.repository(name).join("_blobs").join(file_name(digest))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let part = self.root.join("tmp").join(self.count.fetch_add(1, Ordering::Relaxed).to_string());
        let result =
            fs::File::create(&part).and_then(|mut f| f.write_all(bytes)).and_then(|()| fs::rename(&part, path));
        if result.is_err() {
            let _ = fs::remove_file(&part);
        }
        result
    }

    /// The size of a blob, if the repository has it.
    pub(super) fn blob_size(&self, name: &Name, digest: &Digest) -> io::Result<Option<u64>> {
        if !self.marker(name, digest).is_file() {
            return Ok(None);
        }
        Ok(optional(fs::metadata(self.blob_path(digest)))?.map(|meta| meta.len()))
    }

    /// Makes a finished, checked upload a blob of the repository.
    pub(super) fn adopt(&self, name: &Name, upload: &Path, digest: &Digest) -> io::Result<()> {
        let _held = self.lock();
        fs::rename(upload, self.blob_path(digest))?;
        self.write(&self.marker(name, digest), b"")
    }

    /// Gives a repository a blob that another has; `false` when it does not.
    pub(super) fn mount(&self, name: &Name, from: &Name, digest: &Digest) -> io::Result<bool> {
        let _held = self.lock();
        if self.blob_size(from, digest)?.is_none() {
            return Ok(false);
        }
        self.write(&self.marker(name, digest), b"").map(|()| true)
    }

    /// Takes a blob from a repository, and from the disk when no other repository has it.
    pub(super) fn delete_blob(&self, name: &Name, digest: &Digest) -> io::Result<bool> {
        let _held = self.lock();
        if optional(fs::remove_file(self.marker(name, digest)))?.is_none() {
            return Ok(false);
        }
        let mut used = false;
        self.each_repository(&mut |name| used |= self.marker(name, digest).is_file())?;
        if !used {
            optional(fs::remove_file(self.blob_path(digest)))?;
        }
        Ok(true)
    }

    pub(super) fn manifest(&self, name: &Name, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        optional(fs::read(self.repository(name).join("_manifests").join(file_name(digest))))
    }

    /// Stores a manifest and that it refers to `subject`.
    pub(super) fn put_manifest(
        &self,
        name: &Name,
        digest: &Digest,
        bytes: &[u8],
        subject: Option<&Digest>,
    ) -> io::Result<()> {
        let repository = self.repository(name);
        self.write(&repository.join("_manifests").join(file_name(digest)), bytes)?;
        match subject {
            Some(subject) => {
                self.write(&repository.join("_referrers").join(file_name(subject)).join(file_name(digest)), b"")
            }
            None => Ok(()),
        }
    }

    /// Removes a manifest, what points to it, and its entry with its subject.
    pub(super) fn delete_manifest(&self, name: &Name, digest: &Digest, subject: Option<&Digest>) -> io::Result<bool> {
        let _held = self.lock();
        let repository = self.repository(name);
        if optional(fs::remove_file(repository.join("_manifests").join(file_name(digest))))?.is_none() {
            return Ok(false);
        }
        if let Some(subject) = subject {
            optional(fs::remove_file(repository.join("_referrers").join(file_name(subject)).join(file_name(digest))))?;
        }
        for tag in self.tags(name)?.unwrap_or_default() {
            if self.tag(name, &tag)?.as_ref() == Some(digest) {
                self.delete_tag(name, &tag)?;
            }
        }
        Ok(true)
    }

    pub(super) fn tag(&self, name: &Name, tag: &str) -> io::Result<Option<Digest>> {
        let text = optional(fs::read_to_string(self.repository(name).join("_tags").join(tag)))?;
        Ok(text.and_then(|t| t.trim().parse().ok()))
    }

    pub(super) fn put_tag(&self, name: &Name, tag: &str, digest: &Digest) -> io::Result<()> {
        self.write(&self.repository(name).join("_tags").join(tag), digest.to_string().as_bytes())
    }

    pub(super) fn delete_tag(&self, name: &Name, tag: &str) -> io::Result<bool> {
        Ok(optional(fs::remove_file(self.repository(name).join("_tags").join(tag)))?.is_some())
    }

    /// The tags, sorted; `None` when there is no such repository.
    pub(super) fn tags(&self, name: &Name) -> io::Result<Option<Vec<String>>> {
        if !self.is_repository(&self.repository(name)) {
            return Ok(None);
        }
        names(&self.repository(name).join("_tags")).map(Some)
    }

    /// The digests of what refers to `subject`, sorted.
    pub(super) fn referrers(&self, name: &Name, subject: &Digest) -> io::Result<Vec<Digest>> {
        let dir = self.repository(name).join("_referrers").join(file_name(subject));
        Ok(names(&dir)?.iter().filter_map(|n| from_file_name(n)).collect())
    }

    /// The repositories that hold anything, sorted.
    pub(super) fn repositories(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        self.each_repository(&mut |name| found.push(name.as_str().to_owned()))?;
        found.sort();
        Ok(found)
    }

    /// A name no other upload has; not a secret.
    pub(super) fn new_upload(&self, name: &Name) -> io::Result<String> {
        use std::hash::{BuildHasher as _, Hasher as _};
        let random = || std::collections::hash_map::RandomState::new().build_hasher().finish();
        let id = format!("{:016x}{:016x}", random(), random());
        let path = self.upload_path(name, &id);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::File::create_new(path)?;
        Ok(id)
    }

    fn is_repository(&self, dir: &Path) -> bool {
        ["_manifests", "_blobs"].iter().any(|part| dir.join(part).is_dir())
    }

    fn each_repository(&self, each: &mut impl FnMut(&Name)) -> io::Result<()> {
        let mut open = vec![String::new()];
        while let Some(prefix) = open.pop() {
            let dir = self.root.join("repositories").join(&prefix);
            for entry in names(&dir)?.into_iter().filter(|n| !n.starts_with('_')) {
                let path = if prefix.is_empty() { entry } else { format!("{prefix}/{entry}") };
                // A name is at most 255 bytes, which bounds the depth of this walk.
                let Some(name) = Name::parse(&path) else { continue };
                if self.is_repository(&self.repository(&name)) {
                    each(&name);
                }
                open.push(path);
            }
        }
        Ok(())
    }
}

/// The entries of a directory, sorted; an absent one is empty.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let Some(entries) = optional(fs::read_dir(dir))? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// `None` for what is not there.
pub(super) fn optional<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}
