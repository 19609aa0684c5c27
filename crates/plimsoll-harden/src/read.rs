//! Reading an image's files, each error naming its path.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use plimsoll_tree::{ContentId, Contents, NodeKind, Tree};

use crate::HardenError;

/// Reads files of one tree.
pub(crate) struct Reader<'a> {
    tree: &'a Tree,
    contents: &'a dyn Contents,
    classes: RefCell<BTreeMap<ContentId, Option<(bool, u16)>>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(tree: &'a Tree, contents: &'a dyn Contents) -> Self {
        Self { tree, contents, classes: RefCell::default() }
    }

    /// The bytes of the regular file `path` leads to; `None` if there is none. Bytes that exist and are not held are an
    /// error: a file that is not looked at could hide what it needs.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Cow<'a, [u8]>>, HardenError> {
        let Some((real, node)) = self.tree.lookup(path) else { return Ok(None) };
        match node.kind {
            NodeKind::File { content, .. } => self.content(&real, content).map(Some),
            _ => Ok(None),
        }
    }

    /// The bytes of a content, `path` being its name in errors.
    pub(crate) fn content(&self, path: &str, id: ContentId) -> Result<Cow<'a, [u8]>, HardenError> {
        match self.contents.get(id) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(HardenError::NotHeld { path: path.to_owned() }),
            Err(source) => Err(HardenError::Read { path: path.to_owned(), source }),
        }
    }

    /// Class and machine of the ELF file at `path`.
    pub(crate) fn elf_class(&self, path: &str) -> Option<(bool, u16)> {
        let NodeKind::File { content, .. } = self.tree.get(path)?.kind else { return None };
        if let Some(known) = self.classes.borrow().get(&content) {
            return *known;
        }
        let class = self.content(path, content).ok().and_then(|b| class(&b));
        self.classes.borrow_mut().insert(content, class);
        class
    }
}

fn class(bytes: &[u8]) -> Option<(bool, u16)> {
    if !crate::elf::is_elf(bytes) {
        return None;
    }
    let raw = [*bytes.get(18)?, *bytes.get(19)?];
    let machine = if bytes.get(5) == Some(&2) { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) };
    Some((bytes.get(4) == Some(&2), machine))
}
