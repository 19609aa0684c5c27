//! Facts of single files put together: which survive in the merged tree, whose they are, and what depends on what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_tree::{ContentId, Node, NodeKind, Tree};

use crate::cataloger::CATALOGERS;
use crate::extract::Extracted;
use crate::facts::{Facts, Record};
use crate::owned::Owned;
use crate::problems::Problems;
use crate::{Catalog, Distro, evidence, link, merge, release, system};

/// Facts by the content they were read from.
pub type FactsByContent = HashMap<ContentId, Vec<Extracted>>;

/// A file of a cataloger that the merged tree holds.
#[derive(Debug)]
pub struct Read<'t> {
    /// Its path in the tree.
    pub path: &'t str,
    /// The root file system it belongs to; empty for the image's own.
    pub root: String,
    /// Which of the cataloger's patterns it matched.
    pub which: usize,
    /// Its node, for the layers.
    pub node: &'t Node,
    /// What was read.
    pub facts: Facts,
}

/// A record with its place in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The record.
    pub record: Record,
    /// The root file system it belongs to.
    pub root: String,
    /// Paths of its evidence, `outer!inner` for what stands inside a file.
    pub evidence: Vec<String>,
    /// Index of the layer that first introduced it.
    pub first_layer: u32,
    /// Index of the layer that last changed it.
    pub layer: u32,
    /// Records it depends on, by their index among all placed.
    pub needs: Vec<usize>,
    /// The record that holds it, likewise.
    pub within: Option<usize>,
}

/// All files of one cataloger, and what it makes of them.
pub struct Join<'t> {
    /// The merged tree.
    pub tree: &'t Tree,
    /// The cataloger's files, by path. A join may take them out.
    pub files: BTreeMap<&'t str, Read<'t>>,
    /// Everything placed so far, by this cataloger and those before it.
    pub placed: Vec<Placed>,
    distros: Distros,
    problems: Problems,
}

impl<'t> Join<'t> {
    /// Places a record whose evidence is `path`, with the layers of `node`. Gives its index in [`Join::placed`].
    pub fn place(&mut self, record: Record, root: &str, path: &str, node: &Node) -> usize {
        let evidence = if record.inner.is_empty() { path.to_owned() } else { format!("{path}!{}", record.inner) };
        self.placed.push(Placed {
            record,
            root: root.to_owned(),
            evidence: vec![evidence],
            first_layer: node.first_layer,
            layer: node.layer,
            needs: Vec::new(),
            within: None,
        });
        self.placed.len() - 1
    }

    /// Places every record of a file as it is. Gives the index of the first.
    pub fn place_all(&mut self, read: Read<'t>) -> usize {
        let base = self.placed.len();
        let count = read.facts.records.len();
        for record in read.facts.records {
            let inside = |i: u32| Some(i as usize).filter(|i| *i < count).map(|i| base + i);
            let needs = record.needs.iter().filter_map(|i| inside(*i)).collect();
            let within = record.within.and_then(inside);
            let index = self.place(record, &read.root, read.path, read.node);
            let own = &mut self.placed[index];
            own.needs = needs;
            own.within = within.filter(|w| *w != index);
        }
        base
    }

    /// Tells that something could not be read.
    pub fn tell(&mut self, path: &str, line: Option<u32>, why: &str) {
        self.problems.tell(path, line, why);
    }

    /// The distribution of a root file system, or the image's own.
    pub fn distro(&self, root: &str) -> Option<&Distro> {
        self.distros.of(root)
    }
}

/// The distributions of an image, by root file system.
#[derive(Debug, Default)]
pub(crate) struct Distros(BTreeMap<String, Distro>);

impl Distros {
    pub(crate) fn of(&self, root: &str) -> Option<&Distro> {
        self.0.get(root).or_else(|| self.0.get(""))
    }
}

/// The catalogue of a tree, from the facts that were read from its contents.
pub fn assemble(tree: &Tree, facts: FactsByContent) -> Catalog {
    joined(tree, facts).catalog()
}

/// [`assemble`] for who needs the tree no longer: it is given up as soon as it was asked everything, which halves what is
/// needed of memory at the most.
pub fn assemble_and_drop(tree: Tree, facts: FactsByContent) -> Catalog {
    let joined = joined(&tree, facts);
    drop(tree);
    joined.catalog()
}

/// Everything the tree is needed for, done.
struct Joined {
    placed: Vec<Placed>,
    files: Vec<Vec<String>>,
    distro: Option<Distro>,
    problems: Problems,
}

impl Joined {
    fn catalog(self) -> Catalog {
        let Self { placed, files, distro, problems } = self;
        Catalog { distro, packages: merge::merge(placed, files), problems: problems.finish() }
    }
}

fn joined(tree: &Tree, mut facts: FactsByContent) -> Joined {
    let mut problems = Problems::default();
    let mut files: Vec<BTreeMap<&str, Read<'_>>> = CATALOGERS.iter().map(|_| BTreeMap::new()).collect();
    let mut links = Vec::new();
    let shared = shared_contents(tree, &facts);
    for (path, node) in tree.iter() {
        let content = match &node.kind {
            NodeKind::File { content, .. } => content,
            NodeKind::Symlink { .. } => {
                links.push(path);
                continue;
            }
            _ => continue,
        };
        let found = match shared.contains(content) {
            true => facts.get(content).cloned(),
            false => facts.remove(content),
        };
        for mut extracted in found.into_iter().flatten() {
            if shared.contains(content) && !extracted.renamed(path) {
                continue;
            }
            for (line, why) in &extracted.facts.troubles {
                problems.tell(path, *line, why);
            }
            let Extracted { cataloger, which, root, facts } = extracted;
            if let Some(own) = files.get_mut(usize::from(cataloger)) {
                own.insert(path, Read { path, root, which: usize::from(which), node, facts });
            }
        }
    }
    drop(facts);
    unread_links(tree, &links, &files, &mut problems);
    let distros = Distros(release::distros(&mut files));
    let mut join = Join { tree, files: BTreeMap::new(), placed: Vec::new(), distros, problems };
    for (cataloger, own) in CATALOGERS.iter().zip(files) {
        join.files = own;
        match cataloger.join {
            Some(run) => run(&mut join),
            None => {
                for (_, read) in std::mem::take(&mut join.files) {
                    join.place_all(read);
                }
            }
        }
    }
    let Join { mut placed, distros, mut problems, .. } = join;
    link::link(&mut placed);
    let files = own_files(tree, &mut placed);
    system::name(&mut placed, &distros, &mut problems);
    let distro = distros.0.get("").cloned();
    Joined { placed, files, distro, problems }
}

/// Contents with facts that stand under several names.
fn shared_contents(tree: &Tree, facts: &FactsByContent) -> BTreeSet<ContentId> {
    let (mut seen, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for (_, node) in tree.iter() {
        if let NodeKind::File { content, .. } = node.kind
            && facts.contains_key(&content)
            && !seen.insert(content)
        {
            shared.insert(content);
        }
    }
    shared
}

/// Databases of package managers behind symbolic links: their bytes were read only if their real path is evidence too.
fn unread_links(tree: &Tree, links: &[&str], files: &[BTreeMap<&str, Read<'_>>], problems: &mut Problems) {
    let is_system = |cataloger: usize| CATALOGERS[cataloger].gives.contains(&crate::cataloger::Gives::Files);
    for path in links {
        for found in evidence::by_path(path, evidence::Mode::Image).iter().filter(|m| is_system(m.cataloger)) {
            match tree.lookup(path) {
                Some((real, node)) if matches!(node.kind, NodeKind::File { .. }) => {
                    if !files[found.cataloger].contains_key(real.as_str()) {
                        problems.tell(path, None, &format!("leads to {real}, which was not read"));
                    }
                }
                _ => problems.tell(path, None, "does not lead to a regular file"),
            }
        }
    }
    for path in system::DATABASES {
        if tree.get(path).is_none()
            && let Some(real) = tree.resolve(path)
            && evidence::by_path(&real, evidence::Mode::Image).is_empty()
        {
            problems.tell(path, None, &format!("leads to {real}, which was not read"));
        }
    }
}

/// The files of each placed record that the tree holds, and on each record of another ecosystem the packages that own
/// all of its evidence.
fn own_files(tree: &Tree, placed: &mut [Placed]) -> Vec<Vec<String>> {
    let mut finders: BTreeMap<String, Owned<'_>> = BTreeMap::new();
    placed
        .iter_mut()
        .map(|p| {
            let recorded = std::mem::take(&mut p.record.owned);
            if recorded.is_empty() {
                return Vec::new();
            }
            let finder = finders.entry(p.root.clone()).or_insert_with(|| Owned::new(tree, p.root.clone()));
            files(finder, &recorded)
        })
        .collect()
}

/// The recorded files that the tree holds. A recorded path with others below it was a directory; that the tree has a
/// link there (`/bin` after the usr merge) does not make it a file of every package.
fn files(owned: &mut Owned<'_>, recorded: &[String]) -> Vec<String> {
    let directories: BTreeSet<&str> = recorded.iter().filter_map(|f| f.rsplit_once('/')).map(|(dir, _)| dir).collect();
    let files = recorded.iter().filter(|f| !directories.contains(f.as_str()));
    let files: BTreeSet<String> = files.filter_map(|f| owned.real(f)).collect();
    files.into_iter().collect()
}
