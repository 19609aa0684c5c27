//! The catalogue of a tree whose contents were kept.

use std::collections::HashMap;

use plimsoll_tree::{Contents, NodeKind, Tree};

use crate::assemble::{FactsByContent, assemble};
use crate::extract::{Extracted, Extractor};
use crate::facts::Facts;
use crate::{Catalog, Mode, evidence};

/// Catalogues an image from its tree and the contents that [`crate::wants`] asked for.
pub fn catalog(tree: &Tree, contents: &dyn Contents) -> Catalog {
    let mut extractor = Extractor::new(Mode::Image);
    let mut facts: FactsByContent = HashMap::new();
    for (path, node) in tree.iter() {
        let NodeKind::File { size, content } = node.kind else { continue };
        if facts.contains_key(&content) || !crate::wants(path, size) {
            continue;
        }
        let read = contents.get(content).and_then(|bytes| match bytes {
            Some(bytes) => extractor.read(path, bytes.len() as u64, &mut &*bytes),
            None => Ok(unread(path, "was not read")),
        });
        let read = read.unwrap_or_else(|error| unread(path, &format!("cannot be read: {error}")));
        if !read.is_empty() {
            facts.insert(content, read);
        }
    }
    assemble(tree, facts)
}

/// Facts that only say why a file that is evidence by its name was not read.
fn unread(path: &str, why: &str) -> Vec<Extracted> {
    let matches = evidence::by_path(path, Mode::Image).into_iter();
    let told = matches.map(|m| {
        let mut facts = Facts::default();
        facts.trouble(None, why);
        Extracted { cataloger: m.cataloger as u16, which: m.which as u16, root: m.root.to_owned(), facts }
    });
    told.take(1).collect()
}
