//! A tar archive of blobs, indexed by offset and read in place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use plimsoll_layer::{Compression, EntryKind, LayerError, Limits, TarReader, decompress};
use plimsoll_oci::{Digest, ImageError};

use crate::SourceError;
use crate::layout::BlobStore;

/// Links from member to member that are followed.
const MAX_LINKS: usize = 8;
/// The largest JSON document read from an archive.
const MAX_DOCUMENT: u64 = 8 << 20;

/// A plain tar file, its members' places known. A compressed archive is first decompressed to a file without a name.
pub(crate) struct Archive {
    file: Arc<File>,
    members: BTreeMap<String, Member>,
}

enum Member {
    File { at: u64, len: u64 },
    Link(String),
}

impl Archive {
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, SourceError> {
        let shown = path.display().to_string();
        let wrong = |source| SourceError::Archive { path: shown.clone(), source };
        let file = File::open(path).map_err(SourceError::io(format!("open '{shown}'")))?;
        if !file.metadata().map_err(SourceError::io(format!("open '{shown}'")))?.is_file() {
            return Err(SourceError::Unrecognised(shown));
        }
        let mut stream = decompress(&file, limits).map_err(wrong)?;
        let file = if stream.compression() == Compression::None {
            drop(stream);
            file
        } else {
            let mut plain = tempfile::tempfile().map_err(SourceError::io("make a temporary file"))?;
            io::copy(&mut stream, &mut plain).map_err(|e| wrong(e.into()))?;
            drop(stream);
            plain
        };
        Self::index(file, limits).map_err(wrong)
    }

    fn index(mut file: File, limits: &Limits) -> Result<Self, LayerError> {
        let total = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        let mut members = BTreeMap::new();
        {
            let mut tar = TarReader::seeking(BufReader::new(&file), limits);
            while let Some(entry) = tar.next_entry()? {
                let (at, len) = (tar.position(), entry.size);
                let member = match entry.kind {
                    EntryKind::File if !tar.is_contiguous() => continue,
                    EntryKind::File if at.checked_add(len).is_none_or(|end| end > total) => {
                        return Err(LayerError::Truncated { at, what: "a member's content" });
                    }
                    EntryKind::File => Member::File { at, len },
                    EntryKind::Symlink { target } => match beside(&entry.path, &target) {
                        Some(target) => Member::Link(target),
                        None => continue,
                    },
                    EntryKind::HardLink { target } => Member::Link(target),
                    _ => continue,
                };
                // Two members of one name are two readings of one archive.
                if members.insert(entry.path, member).is_some() {
                    return Err(LayerError::Malformed { at, why: "two members have the same name" });
                }
            }
        }
        Ok(Self { file: Arc::new(file), members })
    }

    /// Whether there is a file called `name` (relative, as archives write it).
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = plimsoll_layer::normalise(name.as_bytes(), 4096).ok()?;
        for _ in 0..MAX_LINKS {
            match self.members.get(&name)? {
                Member::File { at, len } => return Some((*at, *len)),
                Member::Link(target) => name = target.clone(),
            }
        }
        None
    }

    /// The member called `name` and its size.
    pub(crate) fn member(&self, name: &str) -> Result<(Slice, u64), ImageError> {
        let (at, len) = self.find(name).ok_or_else(|| ImageError::Missing(format!("archive member '{name}'")))?;
        Ok((Slice { file: Arc::clone(&self.file), at, end: at + len }, len))
    }

    /// The bytes of the JSON document called `name`.
    pub(crate) fn document(&self, name: &str) -> Result<Vec<u8>, ImageError> {
        let (slice, len) = self.member(name)?;
        let what = format!("archive member '{name}'");
        if len > MAX_DOCUMENT {
            return Err(ImageError::Malformed { what, why: format!("it is {len} bytes long") });
        }
        let mut bytes = Vec::new();
        slice.take(len).read_to_end(&mut bytes).map_err(|source| ImageError::Io { what, source })?;
        Ok(bytes)
    }
}

impl BlobStore for Archive {
    fn blob(&self, digest: &Digest) -> Result<Box<dyn Read + Send>, ImageError> {
        let (slice, _) = self.member(&format!("blobs/{}/{}", digest.algorithm().name(), digest.hex()))?;
        Ok(Box::new(slice))
    }
}

/// Where a relative link from `path` leads inside the archive. `docker save` links equal layers so.
fn beside(path: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// A part of a file, read without moving the file's own position.
pub(crate) struct Slice {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Slice {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        if len == 0 {
            return Ok(0);
        }
        let n = self.file.read_at(&mut buf[..len], self.at)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += n as u64;
        Ok(n)
    }
}
