//! Layers merged into a tree, as a container runtime unpacks them one over the other.

use std::collections::HashSet;
use std::io::Read;

use plimsoll_layer::{Entry, EntryKind, LayerError, Limits, TarReader};

use crate::nodes::Nodes;
use crate::{ContentId, ContentSink, Node, NodeKind, Tree};

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..opq";
const MAX_LINKS: u32 = 40;

/// Why a layer could not be merged.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The archive is malformed, or costs too much; the layer is at fault (or its medium, for an IO error).
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A hard link's target is not there; the layer is at fault.
    #[error("hard link '{path}' names '{target}', which is not there")]
    HardLinkMissing {
        /// The link.
        path: String,
        /// What it names.
        target: String,
    },
    /// A hard link names a directory; the layer is at fault.
    #[error("hard link '{path}' names the directory '{target}'")]
    HardLinkToDirectory {
        /// The link.
        path: String,
        /// What it names.
        target: String,
    },
    /// A path leads through something that is neither a directory nor a link to one; the layer is at fault.
    #[error("'{path}' lies below '{parent}', which is not a directory")]
    ParentNotDirectory {
        /// The path.
        path: String,
        /// What is in the way.
        parent: String,
    },
    /// A path leads through more than 40 symbolic links (`ELOOP`); the layer is at fault.
    #[error("'{0}' leads through too many symbolic links")]
    LinkLoop(String),
    /// A whiteout names nothing, its own directory or the one above; the layer is at fault.
    #[error("'{0}' is not a usable whiteout")]
    BadWhiteout(String),
    /// The root is something other than a directory; the layer is at fault.
    #[error("the layer's root is not a directory")]
    RootNotDirectory,
    /// Where the contents go failed; the machine is at fault.
    #[error("cannot keep the content of '{path}': {source}")]
    Sink {
        /// The file.
        path: String,
        /// The sink's error.
        source: std::io::Error,
    },
    /// The tree costs more than a limit allows; the image is at fault, or the limit is too low for it.
    #[error("image exceeds {limit} ({max}) while its layers are merged")]
    Limit {
        /// Name of the limit.
        limit: &'static str,
        /// The limit's value.
        max: u64,
    },
}

/// Merges layers, base first. Whiteouts apply to lower layers only, wherever in the archive they stand. Layers are
/// numbered by the caller, in rising order.
#[derive(Debug, Default)]
pub struct Builder {
    nodes: Nodes,
    limits: Limits,
    next_content: u32,
    entries: u64,
    metadata: u64,
    /// Steps that no archive byte pays for: see [`Builder::work`].
    work: u64,
    /// The last parent that was not found under its own name: as written, and where it really is.
    parent: Option<(String, String)>,
}

impl Builder {
    /// A builder with other limits than the default.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, ..Self::default() }
    }

    /// Merges one layer: `tar` is the *uncompressed* stream, and is read to its end. Whiteouts and opaque directories are
    /// applied.
    pub fn layer(&mut self, index: u32, tar: impl Read, sink: &mut dyn ContentSink) -> Result<(), TreeError> {
        let mut tar = TarReader::new(tar, &self.limits);
        self.root(index)?;
        while let Some(entry) = tar.next_entry()? {
            self.insert(index, entry, &mut tar, sink)?;
        }
        tar.drain()?;
        Ok(())
    }

    /// Merges one entry of layer `index`, as [`Builder::layer`] does for each. `data` gives a file's content.
    pub fn insert(
        &mut self,
        index: u32,
        entry: Entry,
        data: &mut dyn Read,
        sink: &mut dyn ContentSink,
    ) -> Result<(), TreeError> {
        self.root(index)?;
        if entry.path == "/" {
            return self.set_root(index, entry);
        }
        let (above, name) = split(&entry.path);
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            return self.whiteout(index, &entry.path, above, hidden);
        }
        let path = match self.parent(index, above, &entry.path, true)? {
            Some(parent) => join(&parent, name),
            None => return Ok(()),
        };
        let before = self.nodes.get(&path).map(|n| (matches!(n.kind, NodeKind::Directory), n.first_layer));
        let first_layer = before.map_or(index, |(_, first)| first);
        match before {
            Some((true, _)) if entry.kind != EntryKind::Directory => self.remove(&path),
            // It may be a link that the remembered parent leads through.
            Some((false, _)) => self.parent = None,
            _ => {}
        }
        let kind = match entry.kind {
            EntryKind::Directory => NodeKind::Directory,
            EntryKind::File => {
                NodeKind::File { size: entry.size, content: self.content(&path, entry.size, data, sink)? }
            }
            EntryKind::Symlink { target } => {
                self.parent = None;
                NodeKind::Symlink { target }
            }
            EntryKind::Character { major, minor } => NodeKind::Special { flag: b'3', major, minor },
            EntryKind::Block { major, minor } => NodeKind::Special { flag: b'4', major, minor },
            EntryKind::Fifo => NodeKind::Special { flag: b'6', major: 0, minor: 0 },
            EntryKind::HardLink { target } => {
                // What stood under the new name goes first, so that a link to itself has nothing to name.
                if let Some(id) = self.nodes.find(&path) {
                    self.nodes.remove(id);
                }
                let node = self.linked(index, &path, target, first_layer)?;
                return self.put(path, node);
            }
        };
        let node = Node {
            kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: entry.xattrs,
            first_layer,
            layer: index,
        };
        self.put(path, node)
    }

    /// The merged tree.
    pub fn finish(self) -> Tree {
        Tree::of(self.nodes)
    }

    fn root(&mut self, index: u32) -> Result<(), TreeError> {
        if self.nodes.is_empty() { self.put("/".to_owned(), implicit(index)) } else { Ok(()) }
    }

    fn set_root(&mut self, index: u32, entry: Entry) -> Result<(), TreeError> {
        if entry.kind != EntryKind::Directory {
            return Err(TreeError::RootNotDirectory);
        }
        let first_layer = self.nodes.get("/").map_or(index, |n| n.first_layer);
        let node = Node {
            kind: NodeKind::Directory,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: entry.xattrs,
            first_layer,
            layer: index,
        };
        self.put("/".to_owned(), node)
    }

    fn content(
        &mut self,
        path: &str,
        size: u64,
        data: &mut dyn Read,
        sink: &mut dyn ContentSink,
    ) -> Result<ContentId, TreeError> {
        let id = ContentId(self.next_content);
        self.next_content =
            id.0.checked_add(1).ok_or(TreeError::Limit { limit: "number of files", max: u32::MAX.into() })?;
        if sink.wants(path, size) {
            let mut data = Source { inner: data.take(size), failure: None };
            let put = sink.put(id, size, &mut data);
            // Whether the layer could not be read or the content not be kept decides who is at fault.
            if let Some(failure) = data.failure {
                return Err(failure.into());
            }
            put.map_err(|source| TreeError::Sink { path: path.to_owned(), source })?;
        }
        Ok(id)
    }

    fn linked(&mut self, index: u32, path: &str, target: String, first_layer: u32) -> Result<Node, TreeError> {
        let (above, name) = split(&target);
        let real = match self.parent(index, above, &target, false)? {
            Some(parent) if !name.is_empty() => join(&parent, name),
            _ => target.clone(),
        };
        match self.nodes.get(&real) {
            None => Err(TreeError::HardLinkMissing { path: path.to_owned(), target }),
            Some(Node { kind: NodeKind::Directory, .. }) => {
                Err(TreeError::HardLinkToDirectory { path: path.to_owned(), target })
            }
            Some(node) => {
                if matches!(node.kind, NodeKind::Symlink { .. }) {
                    self.parent = None;
                }
                Ok(Node { first_layer, layer: index, ..node.clone() })
            }
        }
    }

    /// The real path of the directory `above`, symbolic links followed inside the root. What is missing is made (`create`)
    /// or answered by `None`.
    fn parent(&mut self, index: u32, above: &str, path: &str, create: bool) -> Result<Option<String>, TreeError> {
        // What stands in the tree stands under its real path: a directory found by name needs no walk.
        if matches!(self.nodes.get(above), Some(Node { kind: NodeKind::Directory, .. })) {
            return Ok(Some(above.to_owned()));
        }
        if let Some((written, real)) = &self.parent
            && written == above
        {
            return Ok(Some(real.clone()));
        }
        let real = self.walk(index, above, path, create)?;
        if let Some(real) = &real {
            self.parent = Some((above.to_owned(), real.clone()));
        }
        Ok(real)
    }

    fn walk(&mut self, index: u32, above: &str, path: &str, create: bool) -> Result<Option<String>, TreeError> {
        let parts = |text: &str| -> Vec<String> {
            text.split('/').rev().filter(|p| !p.is_empty() && *p != ".").map(str::to_owned).collect()
        };
        let mut rest = parts(above);
        let mut real = String::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            self.work(1)?;
            if part == ".." {
                real.truncate(real.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{real}/{part}");
            match self.nodes.get(&next).map(|n| &n.kind) {
                Some(NodeKind::Directory) => real = next,
                Some(NodeKind::Symlink { target }) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TreeError::LinkLoop(path.to_owned()));
                    }
                    if target.starts_with('/') {
                        real.clear();
                    }
                    let target = parts(target);
                    rest.extend(target);
                }
                Some(_) if create => {
                    return Err(TreeError::ParentNotDirectory { path: path.to_owned(), parent: next });
                }
                None if create => {
                    if next.len() > self.limits.max_path_bytes {
                        return Err(TreeError::Limit {
                            limit: "max_path_bytes",
                            max: self.limits.max_path_bytes as u64,
                        });
                    }
                    self.put(next.clone(), implicit(index))?;
                    real = next;
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(if real.is_empty() { "/".to_owned() } else { real }))
    }

    fn whiteout(&mut self, index: u32, path: &str, above: &str, hidden: &str) -> Result<(), TreeError> {
        if matches!(hidden, "" | "." | "..") {
            return Err(TreeError::BadWhiteout(path.to_owned()));
        }
        // Other names with the doubled prefix are bookkeeping of aufs, not files.
        if hidden.starts_with(WHITEOUT) && hidden != OPAQUE {
            return Ok(());
        }
        let Some(parent) = self.parent(index, above, path, false)? else { return Ok(()) };
        if hidden == OPAQUE { self.hide(index, &parent, false) } else { self.hide(index, &join(&parent, hidden), true) }
    }

    /// Removes what lower layers put below `path`, and `path` itself if `itself`. A lower directory that holds something of
    /// this layer stays, as if this layer had made it.
    fn hide(&mut self, index: u32, path: &str, itself: bool) -> Result<(), TreeError> {
        self.parent = None;
        let Some(top) = self.nodes.find(path) else { return Ok(()) };
        let mut ids = self.nodes.below(top);
        if itself {
            ids.insert(0, top);
        }
        let mut needed: HashSet<u32> = HashSet::new();
        // Children come after their parents, so that backwards a directory's survivors are known before it is met.
        for id in ids.into_iter().rev() {
            let node = self.nodes.node_mut(id);
            if node.layer < index && !needed.contains(&id) {
                self.nodes.remove(id);
                continue;
            }
            if node.layer < index {
                *node = implicit(index);
            }
            node.first_layer = index;
            needed.extend(self.nodes.parent(id));
            self.work(1)?;
        }
        Ok(())
    }

    fn remove(&mut self, path: &str) {
        self.parent = None;
        let below = self.nodes.find(path).map(|id| self.nodes.below(id)).unwrap_or_default();
        for id in below.into_iter().rev() {
            self.nodes.remove(id);
        }
    }

    fn put(&mut self, path: String, node: Node) -> Result<(), TreeError> {
        let link = if let NodeKind::Symlink { target } = &node.kind { target.len() } else { 0 };
        let xattrs: usize = node.xattrs.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.entries += 1;
        self.metadata += (path.len() + link + xattrs) as u64;
        self.within("max_entries", self.entries, self.limits.max_entries)?;
        self.within("max_metadata_bytes", self.metadata, self.limits.max_metadata_bytes)?;
        self.within("max_path_bytes", path.len() as u64, self.limits.max_path_bytes as u64 + 1)?;
        let parent = (path != "/").then(|| split(&path).0);
        let put = self.nodes.put(&path, parent, node);
        put.ok_or(TreeError::Limit { limit: "bytes of all paths", max: u32::MAX.into() })
    }

    /// Accounts for steps a hostile layer could ask for without paying in bytes: long ways through links, and whiteouts
    /// over directories of its own.
    fn work(&mut self, steps: u64) -> Result<(), TreeError> {
        self.work += steps;
        self.within("10 × max_entries steps", self.work, self.limits.max_entries.saturating_mul(10))
    }

    fn within(&self, limit: &'static str, value: u64, max: u64) -> Result<(), TreeError> {
        if value > max { Err(TreeError::Limit { limit, max }) } else { Ok(()) }
    }
}

/// Remembers the error of the inner reader, which a sink would otherwise report as its own.
struct Source<R> {
    inner: R,
    failure: Option<LayerError>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buf).map_err(|error| {
            if error.kind() == std::io::ErrorKind::Interrupted {
                return error;
            }
            self.failure = Some(error.into());
            std::io::Error::other("the layer could not be read")
        })
    }
}

pub(crate) fn implicit(layer: u32) -> Node {
    Node {
        kind: NodeKind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: Vec::new(),
        first_layer: layer,
        layer,
    }
}

/// A path's parent and name; the root's are `/` and nothing.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((above, name)) => (above, name),
        None => ("/", path),
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent == "/" { format!("/{name}") } else { format!("{parent}/{name}") }
}
