//! A tree written to a directory.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use plimsoll_tree::{Contents, Node, NodeKind, Tree};

/// Why a tree could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The directory holds something; the caller is at fault. Writing over files could follow links out of it.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The tree is not one: a path lies below something that is no directory, or has a part that climbs; the image is at
    /// fault.
    #[error("{0} cannot be written safely: {1}")]
    Unsafe(String, &'static str),
    /// A file's bytes are not held; the caller is at fault.
    #[error("the bytes of {0} are not held")]
    NotHeld(String),
    /// The file system failed.
    #[error("cannot write {path}: {source}")]
    Io {
        /// The path inside the image.
        path: String,
        /// The system's error.
        source: io::Error,
    },
}

/// Writes `tree` below `dir`, which must be empty or absent. No link is followed: every directory is made here, every
/// file is new. Device nodes and FIFOs are left out, setuid and setgid bits are not set.
///
/// A user namespace with one user makes that user the owner of everything, which would hide files that are closed to it.
/// So each file gets, as its owner's bits, those that `uid` and `gid` would have on it.
pub fn extract(tree: &Tree, contents: &dyn Contents, dir: &Path, uid: u32, gid: u32) -> Result<(), ExtractError> {
    let io = |path: &str| {
        let path = path.to_owned();
        move |source| ExtractError::Io { path, source }
    };
    fs::create_dir_all(dir).map_err(io("/"))?;
    if fs::read_dir(dir).map_err(io("/"))?.next().is_some() {
        return Err(ExtractError::NotEmpty(dir.to_owned()));
    }
    fs::set_permissions(dir, Permissions::from_mode(0o755)).map_err(io("/"))?;
    let mut directories: Vec<(PathBuf, u32, String)> = Vec::new();
    let mut links: std::collections::BTreeMap<plimsoll_tree::ContentId, (PathBuf, u32)> = Default::default();
    for (path, node) in tree.iter().filter(|(p, _)| *p != "/") {
        let place = place(tree, dir, path)?;
        let mode = effective(node, uid, gid);
        match &node.kind {
            NodeKind::Directory => {
                fs::create_dir(&place).map_err(io(path))?;
                directories.push((place, mode, path.to_owned()));
            }
            NodeKind::Symlink { target } => {
                let target = plimsoll_tree_bytes(target);
                symlink(std::ffi::OsStr::from_bytes(&target), &place).map_err(io(path))?;
            }
            NodeKind::File { content, .. } => {
                if let Some((first, first_mode)) = links.get(content)
                    && *first_mode == mode
                {
                    fs::hard_link(first, &place).map_err(io(path))?;
                    continue;
                }
                let bytes = contents.get(*content).map_err(io(path))?;
                let bytes = bytes.ok_or_else(|| ExtractError::NotHeld(path.to_owned()))?;
                let mut file =
                    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&place).map_err(io(path))?;
                file.write_all(&bytes).map_err(io(path))?;
                file.set_permissions(Permissions::from_mode(mode)).map_err(io(path))?;
                links.insert(*content, (place, mode));
            }
            NodeKind::Special { .. } => {}
        }
    }
    // Children first: a directory closed to its owner could not be filled.
    for (place, mode, path) in directories.into_iter().rev() {
        fs::set_permissions(&place, Permissions::from_mode(mode)).map_err(io(&path))?;
    }
    Ok(())
}

fn place(tree: &Tree, dir: &Path, path: &str) -> Result<PathBuf, ExtractError> {
    let unsafe_path = |why| ExtractError::Unsafe(path.to_owned(), why);
    let relative = path.strip_prefix('/').ok_or_else(|| unsafe_path("it is not absolute"))?;
    if relative.is_empty() || relative.split('/').any(|p| matches!(p, "" | "." | "..")) || relative.contains('\0') {
        return Err(unsafe_path("it is not normalised"));
    }
    let parent = path.rfind('/').map_or("", |at| &path[..at]);
    if !parent.is_empty() && !tree.get(parent).is_some_and(|n| n.kind == NodeKind::Directory) {
        return Err(unsafe_path("what it lies in is no directory"));
    }
    Ok(dir.join(std::ffi::OsStr::from_bytes(&plimsoll_tree_bytes(relative))))
}

/// The bytes of a path: private characters stand for bytes that are not UTF-8.
fn plimsoll_tree_bytes(path: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for c in path.chars() {
        match u32::from(c).checked_sub(0x0010_FF00).and_then(|b| u8::try_from(b).ok()) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

fn effective(node: &Node, uid: u32, gid: u32) -> u32 {
    let bits = if node.uid == uid {
        node.mode >> 6
    } else if node.gid == gid {
        node.mode >> 3
    } else {
        node.mode
    } & 0o7;
    bits << 6 | bits << 3 | bits | (node.mode & 0o1000)
}
