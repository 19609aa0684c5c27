//! Where the bytes of files go while a tree is built, and how they are read back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::{ContentId, NodeKind, Tree};

/// Receives file contents while a tree is built.
pub trait ContentSink {
    /// Whether the bytes of the file at `path` are wanted. What is not wanted is skipped without being held.
    fn wants(&mut self, path: &str, size: u64) -> bool;

    /// Takes the bytes of `id`; exactly the announced size can be read.
    fn put(&mut self, id: ContentId, size: u64, data: &mut dyn Read) -> io::Result<()>;
}

/// Gives file contents back.
pub trait Contents: Send + Sync {
    /// The bytes of `id`, or `None` if they were not wanted when the tree was built.
    fn get(&self, id: ContentId) -> io::Result<Option<Cow<'_, [u8]>>>;

    /// The bytes of the regular file that `path` leads to, symbolic links followed.
    fn read(&self, tree: &Tree, path: &str) -> io::Result<Option<Cow<'_, [u8]>>> {
        match tree.lookup(path).map(|(_, node)| &node.kind) {
            Some(NodeKind::File { content, .. }) => self.get(*content),
            _ => Ok(None),
        }
    }
}

/// Contents held in memory: those a predicate over (path, size) asks for.
pub struct MemoryContents<W> {
    wants: W,
    blobs: BTreeMap<ContentId, Vec<u8>>,
}

impl<W: FnMut(&str, u64) -> bool> MemoryContents<W> {
    /// Holds the files that `wants` names.
    pub fn new(wants: W) -> Self {
        Self { wants, blobs: BTreeMap::new() }
    }
}

impl<W: FnMut(&str, u64) -> bool> ContentSink for MemoryContents<W> {
    fn wants(&mut self, path: &str, size: u64) -> bool {
        (self.wants)(path, size)
    }

    fn put(&mut self, id: ContentId, _size: u64, data: &mut dyn Read) -> io::Result<()> {
        // Not pre-sized by the announced size: a lying header must not reserve memory.
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes)?;
        self.blobs.insert(id, bytes);
        Ok(())
    }
}

impl<W: Send + Sync> Contents for MemoryContents<W> {
    fn get(&self, id: ContentId) -> io::Result<Option<Cow<'_, [u8]>>> {
        Ok(self.blobs.get(&id).map(|b| Cow::Borrowed(b.as_slice())))
    }
}
