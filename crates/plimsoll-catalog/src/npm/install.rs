//! Which manifests are of installed packages, and what each package loads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_tree::{NodeKind, Tree};

use super::{lock, manifest, paths};
use crate::Hash;
use crate::assemble::{Join, Read};
use crate::facts::Facts;
use crate::fields;

/// The property of an application's own manifest, and its value.
const ROLE: (&str, &str) = ("npm:role", "application");

/// What an installation's lock file says of a package: version, where it came from, its digests.
struct Locked {
    version: String,
    resolved: String,
    hashes: Vec<Hash>,
}

/// A placed package, and what it asks for.
struct Installed {
    index: usize,
    dir: String,
    depends: Vec<String>,
}

/// Places installed packages and applications; what else is called `package.json` is no evidence.
pub(super) fn join(join: &mut Join<'_>) {
    let mut manifests: BTreeMap<&str, Read<'_>> = BTreeMap::new();
    let mut locked: HashMap<String, Locked> = HashMap::new();
    let mut keyed: HashMap<String, Vec<Hash>> = HashMap::new();
    for (path, mut read) in std::mem::take(&mut join.files) {
        let dir = paths::parent(path);
        match path.rsplit('/').next().unwrap_or_default() {
            "package.json" => {
                manifests.insert(dir, read);
            }
            ".package-lock.json" => lock_of_npm(paths::parent(dir), &read.facts, &mut locked),
            "lock.yaml" => {
                for entry in read.facts.noted(lock::LOCKED).chunks_exact(lock::WIDTH) {
                    keyed.entry(entry[0].clone()).or_insert_with(|| fields::integrity(&entry[3]));
                }
            }
            _ => {
                read.root = dir.to_owned();
                join.place_all(read);
            }
        }
    }
    let linked = linked(join.tree, &manifests);
    let names = linked_manifests(join.tree, &manifests);
    let mut installed = Vec::new();
    for (dir, read) in manifests {
        let also = names.get(dir).map(Vec::as_slice).unwrap_or_default();
        let role = role(join.tree, dir, &read.facts, &linked);
        let Some(role) = role.or((!also.is_empty()).then_some(Role::Package)) else { continue };
        if let Some(package) = place(join, dir, read, role, &mut locked, &keyed) {
            join.placed[package.index].evidence.extend(also.iter().cloned());
            installed.push(package);
        }
    }
    connect(join, &installed);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Package,
    Application,
}

/// What the manifest in `dir` stands for; `None` where it is no evidence.
fn role(tree: &Tree, dir: &str, facts: &Facts, linked: &BTreeSet<String>) -> Option<Role> {
    if paths::is_installed(dir) || linked.contains(dir) {
        return Some(Role::Package);
    }
    let record = facts.records.first()?;
    if paths::is_kept(dir, &record.name, &record.version) {
        return Some(Role::Package);
    }
    let application = !record.version.is_empty() && !paths::is_inside(dir) && has_modules(tree, dir);
    application.then_some(Role::Application)
}

fn has_modules(tree: &Tree, dir: &str) -> bool {
    tree.lookup(&format!("{dir}/node_modules")).is_some_and(|(_, node)| node.kind == NodeKind::Directory)
}

/// Directories that links in modules directories lead to: members of a workspace, `npm link`, `file:` dependencies.
fn linked(tree: &Tree, manifests: &BTreeMap<&str, Read<'_>>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if manifests.is_empty() {
        return out;
    }
    for (path, node) in tree.iter() {
        if matches!(node.kind, NodeKind::Symlink { .. })
            && paths::is_installed(path)
            && let Some(real) = tree.resolve(path)
            && manifests.contains_key(real.as_str())
        {
            out.insert(real);
        }
    }
    out
}

/// Manifests in installed directories that are links to another's, by the directory that they lead to: Debian's
/// `lodash-es` has the one of `lodash`.
fn linked_manifests(tree: &Tree, manifests: &BTreeMap<&str, Read<'_>>) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if manifests.is_empty() {
        return out;
    }
    for (path, node) in tree.iter() {
        if matches!(node.kind, NodeKind::Symlink { .. })
            && let Some(dir) = path.strip_suffix("/package.json")
            && paths::is_installed(dir)
            && let Some((real, _)) = tree.lookup(path)
            && let Some(read) = manifests.get(paths::parent(&real))
            && read.path == real
        {
            out.entry(paths::parent(&real).to_owned()).or_default().push(path.to_owned());
        }
    }
    out
}

/// `node_modules/.package-lock.json` names packages by their place below the directory that holds `node_modules`.
fn lock_of_npm(holder: &str, facts: &Facts, locked: &mut HashMap<String, Locked>) {
    for entry in facts.noted(lock::LOCKED).chunks_exact(lock::WIDTH) {
        let [key, version, resolved, integrity] = entry else { continue };
        let hashes = fields::integrity(integrity);
        locked
            .insert(format!("{holder}/{key}"), Locked { version: version.clone(), resolved: resolved.clone(), hashes });
    }
}

fn place(
    join: &mut Join<'_>,
    dir: &str,
    mut read: Read<'_>,
    role: Role,
    locked: &mut HashMap<String, Locked>,
    keyed: &HashMap<String, Vec<Hash>>,
) -> Option<Installed> {
    if let Some(why) = read.facts.noted(manifest::BROKEN).first() {
        join.tell(read.path, None, &format!("{why}; an installed package is left out"));
        return None;
    }
    let mut depends = read.facts.noted(manifest::DEPENDS).to_vec();
    let develops = read.facts.noted(manifest::DEVELOPS).to_vec();
    let named = !read.facts.noted(manifest::NAMED).is_empty();
    let mut record = (!read.facts.records.is_empty()).then(|| read.facts.records.swap_remove(0))?;
    if let Some(lock) = locked.remove(dir) {
        if record.version.is_empty() && !lock.version.is_empty() {
            record.purl = super::purl(&record.name, &lock.version);
            record.version = lock.version;
            record.hashes.extend(lock.hashes);
        } else if record.version == lock.version {
            // A manifest changed since is another package, which the lock file says nothing of.
            record.hashes.extend(lock.hashes);
            record.download = record.download.take().or(Some(lock.resolved).filter(|r| r.contains("://")));
        }
    }
    if named && record.version.is_empty() {
        join.tell(read.path, None, &format!("{} is installed without a version; left out", record.name));
        return None;
    }
    if record.hashes.is_empty()
        && let Some(hashes) = keyed.get(&format!("{}@{}", record.name, record.version))
    {
        record.hashes.clone_from(hashes);
    }
    if role == Role::Application {
        record.properties.push((ROLE.0.into(), ROLE.1.into()));
    }
    // What an application or a member of its workspace needs for development is there too, if it was installed.
    if !paths::is_inside(dir) {
        depends.extend(develops);
    }
    let index = join.place(record, "", read.path, read.node);
    Some(Installed { index, dir: dir.to_owned(), depends })
}

/// Resolves what each package asks for as Node.js does: in the `node_modules` of its own directory and of every directory
/// above, then in Debian's directories.
fn connect(join: &mut Join<'_>, installed: &[Installed]) {
    let by_dir: HashMap<&str, usize> = installed.iter().map(|i| (i.dir.as_str(), i.index)).collect();
    let mut debian: Vec<&str> = installed.iter().filter_map(|i| paths::module(&i.dir)).map(|(m, _)| m).collect();
    debian.retain(|m| paths::is_debian(m));
    debian.sort_unstable();
    debian.dedup();
    for package in installed {
        let mut needs = BTreeSet::new();
        for name in &package.depends {
            let above = Above(Some(&package.dir)).map(|dir| format!("{dir}/node_modules/{name}"));
            let system = debian.iter().take(8).map(|modules| format!("{modules}/{name}"));
            let found = above.chain(system).find_map(|dir| match by_dir.get(dir.as_str()) {
                Some(index) => Some(*index),
                None => join.tree.resolve(&dir).and_then(|real| by_dir.get(real.as_str()).copied()),
            });
            needs.extend(found.filter(|f| *f != package.index));
        }
        join.placed[package.index].needs.extend(needs);
    }
}

/// A directory and all above it but those called `node_modules`.
struct Above<'a>(Option<&'a str>);

impl<'a> Iterator for Above<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let dir = self.0?;
            self.0 = (!dir.is_empty()).then(|| paths::parent(dir));
            if !dir.ends_with("/node_modules") {
                return Some(dir);
            }
        }
    }
}
