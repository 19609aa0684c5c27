//! A root file system in a directory, read as a tree.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;

use plimsoll_layer::{Entry, EntryKind, HashingReader, Limits, path_from_bytes};
use plimsoll_oci::Digest;
use plimsoll_tree::{Builder, ContentId, ContentSink, NodeKind, Tree};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fgetxattr, flistxattr, openat, readlinkat, statat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::SourceError;

/// Directories below directories; beyond it a tree is taken for hostile.
const MAX_DEPTH: usize = 256;

/// A directory read as a tree.
#[derive(Debug)]
pub struct DirectoryTree {
    /// The tree; everything is of layer 0.
    pub tree: Tree,
    /// A digest over paths, metadata but for times, and contents: equal for equal trees, and no registry's digest.
    pub digest: Digest,
}

/// Reads the root file system at `path`, contents going to `sink`. Symbolic links are recorded and never followed, also
/// not while another process swaps them in. What cannot be read is an error: nothing is skipped silently.
pub fn open_directory(path: &Path, sink: &mut dyn ContentSink, limits: &Limits) -> Result<DirectoryTree, SourceError> {
    let shown = path.display();
    let root = File::open(path).map_err(SourceError::io(format!("open '{shown}'")))?;
    if !root.metadata().map_err(SourceError::io(format!("open '{shown}'")))?.is_dir() {
        return Err(SourceError::NotAnImage(format!("dir:{shown}")));
    }
    let mut walk = Walk {
        builder: Builder::new(limits),
        sink: Hashed { inner: sink, wanted: false, digests: HashMap::new() },
        linked: HashMap::new(),
        limits,
    };
    let root = Rc::new(OwnedFd::from(root));
    walk.root(&root)?;
    let mut pending = vec![Pending { fd: root, path: String::new(), depth: 0 }];
    while let Some(directory) = pending.pop() {
        walk.directory(&directory, &mut pending)?;
    }
    let tree = walk.builder.finish();
    let digest = digest(&tree, &walk.sink.digests);
    Ok(DirectoryTree { tree, digest })
}

struct Pending {
    fd: Rc<OwnedFd>,
    path: String,
    depth: usize,
}

struct Walk<'a> {
    builder: Builder,
    sink: Hashed<'a>,
    /// First path of each file that has more than one name.
    linked: HashMap<(u64, u64), String>,
    limits: &'a Limits,
}

impl Walk<'_> {
    fn root(&mut self, fd: &OwnedFd) -> Result<(), SourceError> {
        let stat = rustix::fs::fstat(fd).map_err(|e| wrong("/", e))?;
        let entry = entry("/".to_owned(), EntryKind::Directory, &stat, xattrs(fd, "/")?);
        self.insert(entry, &mut io::empty())
    }

    fn directory(&mut self, directory: &Pending, pending: &mut Vec<Pending>) -> Result<(), SourceError> {
        let here = if directory.path.is_empty() { "/" } else { &directory.path };
        let mut names: Vec<CString> = Vec::new();
        for item in Dir::read_from(directory.fd.as_ref()).map_err(|e| wrong(here, e))? {
            let name = item.map_err(|e| wrong(here, e))?.file_name().to_owned();
            if !matches!(name.as_bytes(), b"." | b"..") {
                names.push(name);
            }
            if names.len() as u64 > self.limits.max_entries {
                return Err(SourceError::Directory { path: here.to_owned(), why: "it is too large".into() });
            }
        }
        names.sort();
        for name in names {
            let path = format!("{}/{}", directory.path, path_from_bytes(name.as_bytes()));
            self.entry(directory, &name, path, pending)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        directory: &Pending,
        name: &CStr,
        path: String,
        pending: &mut Vec<Pending>,
    ) -> Result<(), SourceError> {
        let stat = statat(directory.fd.as_ref(), name, AtFlags::SYMLINK_NOFOLLOW).map_err(|e| wrong(&path, e))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let open = |flags: OFlags| {
            let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let fd = openat(directory.fd.as_ref(), name, flags, Mode::empty()).map_err(|e| wrong(&path, e))?;
            // What was opened must still be what was seen.
            let now = rustix::fs::fstat(&fd).map_err(|e| wrong(&path, e))?;
            if FileType::from_raw_mode(now.st_mode) != kind {
                return Err(SourceError::Directory { path: path.clone(), why: "it changed while it was read".into() });
            }
            Ok((fd, now))
        };
        let (major, minor) = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        let other = match kind {
            FileType::Directory => {
                if directory.depth + 1 > MAX_DEPTH {
                    return Err(SourceError::Directory { path, why: "it is nested too deeply".into() });
                }
                let (fd, stat) = open(OFlags::DIRECTORY)?;
                let attributes = xattrs(&fd, &path)?;
                self.insert(entry(path.clone(), EntryKind::Directory, &stat, attributes), &mut io::empty())?;
                pending.push(Pending { fd: Rc::new(fd), path, depth: directory.depth + 1 });
                return Ok(());
            }
            FileType::RegularFile => {
                let key = (stat.st_dev, stat.st_ino);
                if let Some(target) = self.linked.get(&key).filter(|_| stat.st_nlink > 1) {
                    let kind = EntryKind::HardLink { target: target.clone() };
                    return self.insert(entry(path, kind, &stat, Vec::new()), &mut io::empty());
                }
                let (fd, stat) = open(OFlags::empty())?;
                let attributes = xattrs(&fd, &path)?;
                let entry = entry(path.clone(), EntryKind::File, &stat, attributes);
                let mut file = Exactly { inner: File::from(fd), left: entry.size };
                self.insert(entry, &mut file)?;
                if stat.st_nlink > 1 {
                    self.linked.insert(key, path);
                }
                return Ok(());
            }
            FileType::Symlink => {
                let target = readlinkat(directory.fd.as_ref(), name, Vec::new()).map_err(|e| wrong(&path, e))?;
                EntryKind::Symlink { target: path_from_bytes(target.as_bytes()) }
            }
            FileType::CharacterDevice => EntryKind::Character { major, minor },
            FileType::BlockDevice => EntryKind::Block { major, minor },
            // Sockets live as long as their process: they are no content, and no layer can hold them.
            FileType::Socket => return Ok(()),
            FileType::Fifo => EntryKind::Fifo,
            FileType::Unknown => {
                return Err(SourceError::Directory { path, why: "its type is unknown".into() });
            }
        };
        self.insert(entry(path, other, &stat, Vec::new()), &mut io::empty())
    }

    fn insert(&mut self, entry: Entry, data: &mut dyn Read) -> Result<(), SourceError> {
        self.builder.insert(0, entry, data, &mut self.sink).map_err(|source| SourceError::Layer { layer: 0, source })
    }
}

fn wrong(path: &str, error: Errno) -> SourceError {
    SourceError::Directory { path: path.to_owned(), why: error.to_string() }
}

fn entry(path: String, kind: EntryKind, stat: &Stat, xattrs: Vec<(String, Vec<u8>)>) -> Entry {
    let size = if kind == EntryKind::File { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
    Entry {
        path,
        kind,
        size,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stat.st_mtime,
        xattrs,
    }
}

/// The extended attributes; those a file system cannot have or this user may not list are none.
fn xattrs(fd: impl AsFd, path: &str) -> Result<Vec<(String, Vec<u8>)>, SourceError> {
    let none = |e: Errno| matches!(e, Errno::NOTSUP | Errno::NODATA | Errno::PERM);
    // Most files have none, which a call without a buffer tells.
    match flistxattr(&fd, &mut [0_u8; 0][..]) {
        Ok(0) => return Ok(Vec::new()),
        Ok(_) => {}
        Err(e) if none(e) => return Ok(Vec::new()),
        Err(e) => return Err(wrong(path, e)),
    }
    let mut names = vec![0_u8; 64 * 1024];
    let len = flistxattr(&fd, &mut names[..]).map_err(|e| wrong(path, e))?;
    let mut found = Vec::new();
    for name in names[..len].split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let c_name = CString::new(name).unwrap_or_default();
        let mut value = vec![0_u8; 64 * 1024];
        match fgetxattr(&fd, &c_name, &mut value[..]) {
            Ok(len) => {
                value.truncate(len);
                found.push((path_from_bytes(name), value));
            }
            Err(e) if none(e) => {}
            Err(e) => return Err(wrong(path, e)),
        }
    }
    found.sort();
    Ok(found)
}

/// Reads exactly as many bytes as were seen before.
struct Exactly {
    inner: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if len == 0 {
            return Ok(0);
        }
        let n = self.inner.read(&mut buf[..len])?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file shrank while it was read"));
        }
        self.left -= n as u64;
        Ok(n)
    }
}

/// Takes the digest of every content on its way to a sink, and of those the sink does not want.
struct Hashed<'a> {
    inner: &'a mut dyn ContentSink,
    /// What the sink answered for the file that is about to come.
    wanted: bool,
    digests: HashMap<ContentId, Digest>,
}

impl ContentSink for Hashed<'_> {
    fn wants(&mut self, path: &str, size: u64) -> bool {
        self.wanted = self.inner.wants(path, size);
        true
    }

    fn put(&mut self, id: ContentId, size: u64, data: &mut dyn Read) -> io::Result<()> {
        let mut hashing = HashingReader::new(data);
        if self.wanted {
            self.inner.put(id, size, &mut hashing)?;
        }
        io::copy(&mut hashing, &mut io::sink())?;
        self.digests.insert(id, hashing.finish().0);
        Ok(())
    }
}

fn digest(tree: &Tree, contents: &HashMap<ContentId, Digest>) -> Digest {
    let mut hash = Sha256::new();
    // Every part is preceded by its length, so that no two trees are written alike.
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (path, node) in tree.iter() {
        part(path.as_bytes());
        part(format!("{:o} {} {}", node.mode, node.uid, node.gid).as_bytes());
        match &node.kind {
            NodeKind::Directory => part(b"directory"),
            NodeKind::File { content, .. } => {
                part(contents.get(content).map(Digest::to_string).unwrap_or_default().as_bytes());
            }
            NodeKind::Symlink { target } => part(format!("link {target}").as_bytes()),
            NodeKind::Special { flag, major, minor } => part(format!("special {flag} {major} {minor}").as_bytes()),
        }
        part(&(node.xattrs.len() as u64).to_be_bytes());
        for (name, value) in &node.xattrs {
            part(name.as_bytes());
            part(value);
        }
    }
    Digest::from_sha256(hash.finalize().into())
}
