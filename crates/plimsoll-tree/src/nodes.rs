//! Nodes by path, in one block of memory each for paths and nodes: an image may hold millions of both.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

use crate::Node;

/// No node.
const NONE: u32 = u32::MAX;

/// Nodes under their paths. A path that is removed keeps its slot, for it often comes back in a later layer.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    paths: String,
    slots: Vec<Slot>,
    table: HashTable<u32>,
    hasher: RandomState,
    len: usize,
}

#[derive(Clone, Debug)]
struct Slot {
    node: Node,
    at: u32,
    length: u32,
    alive: bool,
    // The tree's edges, so that what lies below a directory is found without looking at anything else.
    parent: u32,
    child: u32,
    before: u32,
    after: u32,
}

impl Default for Nodes {
    fn default() -> Self {
        let (paths, slots, table) = (String::new(), Vec::new(), HashTable::new());
        Self { paths, slots, table, hasher: RandomState::new(), len: 0 }
    }
}

impl Nodes {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The path of a slot.
    pub(crate) fn path(&self, id: u32) -> &str {
        let slot = &self.slots[id as usize];
        &self.paths[slot.at as usize..(slot.at + slot.length) as usize]
    }

    /// The node of a slot.
    pub(crate) fn node(&self, id: u32) -> &Node {
        &self.slots[id as usize].node
    }

    pub(crate) fn node_mut(&mut self, id: u32) -> &mut Node {
        &mut self.slots[id as usize].node
    }

    fn slot(&self, path: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(path);
        self.table.find(hash, |id| self.path(*id) == path).copied()
    }

    /// The slot of a path that is there.
    pub(crate) fn find(&self, path: &str) -> Option<u32> {
        self.slot(path).filter(|id| self.slots[*id as usize].alive)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        self.find(path).map(|id| self.node(id))
    }

    /// Puts a node under a path, below `parent` (a path that is there; none for the root). `None` if there is no room for
    /// more paths: their bytes are counted in 32 bits.
    pub(crate) fn put(&mut self, path: &str, parent: Option<&str>, node: Node) -> Option<()> {
        let id = match self.slot(path) {
            Some(id) => {
                self.slots[id as usize].node = node;
                id
            }
            None => {
                let at = u32::try_from(self.paths.len()).ok()?;
                let length = u32::try_from(path.len()).ok()?;
                at.checked_add(length)?;
                let id = u32::try_from(self.slots.len()).ok().filter(|id| *id != NONE)?;
                self.paths.push_str(path);
                let alive = false;
                let slot = Slot { node, at, length, alive, parent: NONE, child: NONE, before: NONE, after: NONE };
                self.slots.push(slot);
                let hash = self.hasher.hash_one(path);
                let Self { table, hasher, paths, slots, .. } = self;
                table.insert_unique(hash, id, |other| {
                    let slot = &slots[*other as usize];
                    hasher.hash_one(&paths[slot.at as usize..(slot.at + slot.length) as usize])
                });
                id
            }
        };
        if !self.slots[id as usize].alive {
            let parent = parent.and_then(|p| self.find(p)).filter(|p| *p != id).unwrap_or(NONE);
            self.link(id, parent);
        }
        Some(())
    }

    fn link(&mut self, id: u32, parent: u32) {
        let after = if parent == NONE { NONE } else { self.slots[parent as usize].child };
        let slot = &mut self.slots[id as usize];
        (slot.alive, slot.parent, slot.before, slot.after) = (true, parent, NONE, after);
        if after != NONE {
            self.slots[after as usize].before = id;
        }
        if parent != NONE {
            self.slots[parent as usize].child = id;
        }
        self.len += 1;
    }

    /// Takes one node out. What lies below it must have been taken out before.
    pub(crate) fn remove(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        if !slot.alive {
            return;
        }
        slot.alive = false;
        slot.child = NONE;
        let (parent, before, after) = (slot.parent, slot.before, slot.after);
        if after != NONE {
            self.slots[after as usize].before = before;
        }
        if before != NONE {
            self.slots[before as usize].after = after;
        } else if parent != NONE {
            self.slots[parent as usize].child = after;
        }
        self.len -= 1;
    }

    /// Everything below a node, parents before children.
    pub(crate) fn below(&self, id: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut next = self.slots[id as usize].child;
        while next != NONE {
            found.push(next);
            let slot = &self.slots[next as usize];
            next = slot.child;
            let mut at = found[found.len() - 1];
            // Up until there is a sibling, but not above where this began.
            while next == NONE {
                let slot = &self.slots[at as usize];
                if slot.after != NONE {
                    next = slot.after;
                } else if slot.parent == id || slot.parent == NONE {
                    break;
                } else {
                    at = slot.parent;
                }
            }
        }
        found
    }

    /// The parent's slot.
    pub(crate) fn parent(&self, id: u32) -> Option<u32> {
        Some(self.slots[id as usize].parent).filter(|p| *p != NONE)
    }

    /// Every slot in use, sorted by path.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let alive = |id: &u32| self.slots[*id as usize].alive;
        let mut order: Vec<u32> = (0..self.slots.len() as u32).filter(alive).collect();
        // Archives are mostly sorted already, which this sort is quick with.
        order.sort_by(|a, b| self.path(*a).cmp(self.path(*b)));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::implicit;

    fn below(nodes: &Nodes, path: &str) -> Vec<String> {
        nodes.below(nodes.find(path).unwrap()).iter().map(|id| nodes.path(*id).to_owned()).collect()
    }

    #[test]
    fn paths_come_and_go() {
        let mut nodes = Nodes::default();
        nodes.put("/", None, implicit(0)).unwrap();
        for (path, parent) in [("/a", "/"), ("/a/b", "/a"), ("/a/b/c", "/a/b"), ("/a/d", "/a"), ("/e", "/")] {
            nodes.put(path, Some(parent), implicit(0)).unwrap();
        }
        assert_eq!(nodes.len(), 6);
        assert_eq!(below(&nodes, "/"), ["/e", "/a", "/a/d", "/a/b", "/a/b/c"]);
        assert_eq!(below(&nodes, "/a/b"), ["/a/b/c"]);
        assert!(below(&nodes, "/e").is_empty());
        for path in ["/a/b/c", "/a/b"] {
            nodes.remove(nodes.find(path).unwrap());
        }
        assert_eq!(below(&nodes, "/"), ["/e", "/a", "/a/d"]);
        nodes.put("/a/b", Some("/a"), implicit(1)).unwrap();
        assert_eq!(below(&nodes, "/a"), ["/a/b", "/a/d"], "what lay below it did not come back");
        let sorted: Vec<&str> = nodes.sorted().into_iter().map(|id| nodes.path(id)).collect();
        assert_eq!(sorted, ["/", "/a", "/a/b", "/a/d", "/e"]);
        assert!(nodes.get("/a/b/c").is_none());
    }
}
