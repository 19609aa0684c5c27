//! The merged file tree of an image, every path knowing its layer.
//!
//! Paths are absolute (`/usr/bin/env`; the root is `/`) and `String`s: a byte that is not UTF-8 stands as the private
//! character U+10FF00 + byte, and is put back when the path is written, so that no name is lost or merged.

mod build;
mod contents;
mod nodes;

pub use build::{Builder, TreeError};
pub use contents::{ContentSink, Contents, MemoryContents};

use nodes::Nodes;

/// Identity of a file's content. Hard links share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub u32);

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A directory.
    Directory,
    /// A regular file.
    File {
        /// Size in bytes.
        size: u64,
        /// Identity of the content; equal for hard links.
        content: ContentId,
    },
    /// A symbolic link, its target as written.
    Symlink {
        /// Target, absolute or relative.
        target: String,
    },
    /// A character or block device, or a FIFO.
    Special {
        /// The tar type flag: `b'3'` character, `b'4'` block, `b'6'` FIFO.
        flag: u8,
        /// Device numbers.
        major: u32,
        /// Device numbers.
        minor: u32,
    },
}

/// A path's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with setuid, setgid and sticky (`0o7777`).
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Modification time, seconds since 1970.
    pub mtime: i64,
    /// Extended attributes, sorted by name.
    pub xattrs: Vec<(String, Vec<u8>)>,
    /// Index of the layer that first introduced the path.
    pub first_layer: u32,
    /// Index of the layer that last changed it.
    pub layer: u32,
}

/// The merged tree: sorted by path, parents before children.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Nodes,
    /// Slots of `nodes`, sorted by path.
    order: Vec<u32>,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Tree {}

impl Tree {
    fn of(nodes: Nodes) -> Self {
        let order = nodes.sorted();
        Self { nodes, order }
    }

    /// The node at exactly `path`, symbolic links not followed.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Every path, sorted by byte, parents before children.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.order.iter().map(|id| (self.nodes.path(*id), self.nodes.node(*id)))
    }

    /// Every path strictly below `dir`.
    pub fn under<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let prefix = if dir == "/" { "/".to_owned() } else { format!("{dir}/") };
        let from = self.order.partition_point(|id| self.nodes.path(*id) <= prefix.as_str());
        self.order[from..]
            .iter()
            .map(|id| (self.nodes.path(*id), self.nodes.node(*id)))
            .take_while(move |(p, _)| p.starts_with(&prefix))
    }

    /// Every path directly in `dir`.
    pub fn children<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let skip = if dir == "/" { 1 } else { dir.len() + 1 };
        self.under(dir).filter(move |(p, _)| !p[skip..].contains('/'))
    }

    /// Number of paths.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no path at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Follows every symbolic link of `path` inside the root, as the kernel would after a chroot, and gives the real
    /// path of the node at its end. `None` if a part is absent, is not a directory where one is needed, or more than 40
    /// links are met (`ELOOP`).
    pub fn resolve(&self, path: &str) -> Option<String> {
        self.resolve_with(path, |_| {})
    }

    /// [`Tree::resolve`], telling `on_link` the real path of each symbolic link that was followed.
    pub fn resolve_with(&self, path: &str, mut on_link: impl FnMut(&str)) -> Option<String> {
        let mut rest: Vec<String> =
            path.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect();
        let mut real = String::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == ".." {
                real.truncate(real.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{real}/{part}");
            match &self.nodes.get(&next)?.kind {
                NodeKind::Symlink { target } => {
                    links += 1;
                    if links > 40 {
                        return None;
                    }
                    on_link(&next);
                    if target.starts_with('/') {
                        real.clear();
                    }
                    rest.extend(target.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(str::to_owned));
                }
                NodeKind::Directory => real = next,
                _ if rest.is_empty() => real = next,
                _ => return None,
            }
        }
        Some(if real.is_empty() { "/".to_owned() } else { real })
    }

    /// The node `path` leads to once links are followed.
    pub fn lookup(&self, path: &str) -> Option<(String, &Node)> {
        let real = self.resolve(path)?;
        let node = self.nodes.get(&real)?;
        Some((real, node))
    }
}
