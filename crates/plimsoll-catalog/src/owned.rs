//! Owned paths: what a package manager recorded, found again in the tree.

use std::collections::BTreeMap;

use plimsoll_tree::{NodeKind, Tree};

/// Finds recorded paths in a tree. dpkg records `/bin/x` where a merged-usr tree holds `/usr/bin/x`.
pub(crate) struct Owned<'t> {
    tree: &'t Tree,
    root: String,
    /// Real path of each parent met; lists name one directory many times.
    parents: BTreeMap<String, Option<String>>,
}

impl<'t> Owned<'t> {
    /// A finder for the root file system at `root` (empty for the image's own).
    pub(crate) fn new(tree: &'t Tree, root: String) -> Self {
        Self { tree, root, parents: BTreeMap::new() }
    }

    /// The real path of a recorded file, or `None` if the tree does not hold it or it is a directory.
    pub(crate) fn real(&mut self, recorded: &str) -> Option<String> {
        let recorded = recorded.trim_matches('/');
        if recorded.is_empty() {
            return None;
        }
        let (dir, name) = recorded.rsplit_once('/').unwrap_or(("", recorded));
        if matches!(name, "." | "..") {
            return None;
        }
        let parent = match self.parents.get(dir) {
            Some(known) => known.clone(),
            None => {
                let full = format!("{}/{dir}", self.root);
                let real = if full == "/" { Some(full) } else { self.tree.resolve(&full) };
                self.parents.insert(dir.to_owned(), real.clone());
                real
            }
        }?;
        let path = if parent == "/" { format!("/{name}") } else { format!("{parent}/{name}") };
        let node = self.tree.get(&path)?;
        (node.kind != NodeKind::Directory).then_some(path)
    }
}

/// A path from bytes, as the tree spells it: a byte that is not UTF-8 stands as the private character U+10FF00 + byte.
pub(crate) fn path(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().filter_map(|&b| char::from_u32(0x0010_FF00 + u32::from(b))));
    }
    out
}
