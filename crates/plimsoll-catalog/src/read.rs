//! The catalogue of an image: every root file system in it, every record of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use plimsoll_tree::{ContentId, Contents, NodeKind, Tree};

use crate::evidence::{self, Kind};
use crate::link::{self, Record};
use crate::owned::Owned;
use crate::{Catalog, Distro, Ecosystem, Package, Problem, apk, copyright, dpkg, release};

/// The most problems told of one file; a last one says that there were more.
const MAX_PROBLEMS: usize = 50;

/// Catalogues what the package managers of an image recorded. Reads the files that [`crate::wants`] asked for.
pub fn catalog(tree: &Tree, contents: &dyn Contents) -> Catalog {
    let mut reader = Reader { tree, contents, problems: Problems::default(), licenses: BTreeMap::new() };
    let roots = roots(tree);
    let own = reader.distro("");
    let mut merged: BTreeMap<Key, Package> = BTreeMap::new();
    for (root, records) in &roots {
        let distro = if root.is_empty() { own.clone() } else { reader.distro(root).or_else(|| own.clone()) };
        for package in reader.root(root, records, distro.as_ref()) {
            match merged.entry(Key::of(&package)) {
                std::collections::btree_map::Entry::Vacant(slot) => {
                    slot.insert(package);
                }
                std::collections::btree_map::Entry::Occupied(mut slot) => merge(slot.get_mut(), package),
            }
        }
    }
    Catalog { distro: own, packages: merged.into_values().collect(), problems: reader.problems.finish() }
}

/// What makes a package one package, in the order of the catalogue.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key(Ecosystem, String, String, String);

impl Key {
    fn of(p: &Package) -> Self {
        Self(p.ecosystem, p.name.clone(), p.version.clone(), p.arch.clone())
    }
}

/// The same package recorded twice, in `status` and `status.d` or in two roots: one package with both records.
fn merge(into: &mut Package, other: Package) {
    into.first_layer = into.first_layer.min(other.first_layer);
    into.layer = into.layer.max(other.layer);
    for (list, more) in [
        (&mut into.files, other.files),
        (&mut into.evidence, other.evidence),
        (&mut into.depends, other.depends),
        (&mut into.licenses, other.licenses),
    ] {
        list.extend(more);
        list.sort();
        list.dedup();
    }
}

/// Records of package managers, by the root file system they describe.
fn roots(tree: &Tree) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut roots: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, node) in tree.iter() {
        if matches!(node.kind, NodeKind::File { .. } | NodeKind::Symlink { .. })
            && let Some((Kind::DpkgStatus | Kind::DpkgRecord | Kind::ApkInstalled, root)) = evidence::classify(path)
            && !is_script(path)
        {
            roots.entry(root).or_default().insert(path);
        }
    }
    // A database behind a link to its directory is not met above. Its bytes were kept only if its real path is evidence
    // too; if they were not, that is a problem to be told.
    for path in ["/var/lib/dpkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed"] {
        if tree.get(path).is_none()
            && let Some(real) = tree.resolve(path)
            && evidence::classify(&real).is_none()
        {
            roots.entry("").or_default().insert(path);
        }
    }
    roots
}

/// Files that lie beside the records of `status.d` and are none.
fn is_script(path: &str) -> bool {
    const OTHER: &[&str] = &[
        ".list",
        ".conffiles",
        ".preinst",
        ".postinst",
        ".prerm",
        ".postrm",
        ".triggers",
        ".shlibs",
        ".symbols",
        ".templates",
        ".config",
    ];
    path.contains("/status.d/") && OTHER.iter().any(|o| path.ends_with(o))
}

struct Reader<'a> {
    tree: &'a Tree,
    contents: &'a dyn Contents,
    problems: Problems,
    /// Licences by content: many packages of one source share one file.
    licenses: BTreeMap<ContentId, Vec<String>>,
}

impl<'a> Reader<'a> {
    /// The bytes of a file that is there, or a problem that says why not; `None` without a problem if it is absent.
    fn bytes(&mut self, path: &str) -> Option<Cow<'a, [u8]>> {
        let real = self.tree.resolve(path);
        let node = real.as_deref().and_then(|r| self.tree.get(r));
        let Some(NodeKind::File { size, content }) = node.map(|n| &n.kind) else {
            if self.tree.get(path).is_some() {
                self.problems.tell(path, None, "does not lead to a regular file");
            }
            return None;
        };
        match self.contents.get(*content) {
            Ok(Some(bytes)) => Some(bytes),
            Ok(None) => {
                let limit = evidence::classify(path).map_or(0, |(kind, _)| kind.limit());
                let why = match real {
                    _ if *size > limit => format!("{size} bytes are more than the {limit} that are read"),
                    Some(real) if real != path => format!("leads to {real}, which was not read"),
                    _ => "was not read".to_owned(),
                };
                self.problems.tell(path, None, &why);
                None
            }
            Err(error) => {
                self.problems.tell(path, None, &format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn distro(&mut self, root: &str) -> Option<Distro> {
        for path in ["etc/os-release", "usr/lib/os-release"] {
            let path = format!("{root}/{path}");
            if let Some(bytes) = self.bytes(&path) {
                match release::os_release(&bytes) {
                    Some(distro) => return Some(distro),
                    None => self.problems.tell(&path, None, "names no distribution (ID)"),
                }
            }
        }
        let old = self.bytes(&format!("{root}/etc/alpine-release")).and_then(|b| release::alpine_release(&b));
        old.or_else(|| self.bytes(&format!("{root}/etc/debian_version")).and_then(|b| release::debian_version(&b)))
    }

    /// The packages of one root file system.
    fn root(&mut self, root: &str, paths: &BTreeSet<&str>, distro: Option<&Distro>) -> Vec<Package> {
        let mut owned = Owned::new(self.tree, root);
        let (mut debs, mut apks) = (Vec::new(), Vec::new());
        for path in paths {
            let Some(bytes) = self.bytes(path) else { continue };
            let is_apk = path.ends_with("/installed");
            let (records, problems) = if is_apk {
                apk::parse(&bytes, path, distro)
            } else {
                dpkg::parse(&bytes, path, !path.ends_with("/status"), distro)
            };
            self.problems.extend(path, problems);
            for mut record in records {
                self.place(&mut record, path);
                if !is_apk {
                    self.dpkg_files(&mut record, root, path);
                    record.package.licenses = self.copyright(root, &record.package.name);
                }
                record.package.files = files(&mut owned, &record.owned);
                record.owned.clear();
                if is_apk { &mut apks } else { &mut debs }.push(record);
            }
        }
        [debs, apks]
            .into_iter()
            .flat_map(|mut records: Vec<Record>| {
                link::link(&mut records);
                records.into_iter().map(|r| r.package)
            })
            .collect()
    }

    /// The layers of a package are those of its narrowest record: a status file changes with every package.
    fn place(&self, record: &mut Record, path: &str) {
        if let Some(node) = self.tree.get(path).or_else(|| self.tree.lookup(path).map(|(_, n)| n)) {
            record.package.first_layer = node.first_layer;
            record.package.layer = node.layer;
        }
    }

    /// The files a dpkg package owns: `info/NAME[:ARCH].list`, or checksums where there is no list.
    fn dpkg_files(&mut self, record: &mut Record, root: &str, path: &str) {
        let (name, arch) = (record.package.name.clone(), record.package.arch.clone());
        let info = format!("{root}/var/lib/dpkg/info/{name}");
        let mut candidates = vec![
            format!("{info}:{arch}.list"),
            format!("{info}.list"),
            format!("{info}:{arch}.md5sums"),
            format!("{info}.md5sums"),
        ];
        if !path.ends_with("/status") {
            candidates.insert(0, format!("{path}.md5sums"));
        }
        for candidate in candidates {
            if self.tree.get(&candidate).is_none() {
                continue;
            }
            let Some(bytes) = self.bytes(&candidate) else { continue };
            record.owned = match candidate.ends_with(".list") {
                true => dpkg::list(&bytes).collect(),
                false => dpkg::md5sums(&bytes).collect(),
            };
            self.place(record, &candidate);
            record.package.evidence.push(candidate);
            record.package.evidence.sort();
            return;
        }
    }

    /// Licences from the package's `copyright`, which may be a link to another package's.
    fn copyright(&mut self, root: &str, name: &str) -> Vec<String> {
        let path = format!("{root}/usr/share/doc/{name}/copyright");
        let Some((_, node)) = self.tree.lookup(&path) else { return Vec::new() };
        let NodeKind::File { content, .. } = node.kind else { return Vec::new() };
        if let Some(known) = self.licenses.get(&content) {
            return known.clone();
        }
        let found = self.bytes(&path).map(|b| copyright::licenses(&b)).unwrap_or_default();
        if found.len() >= copyright::MAX_LICENSES {
            self.problems.tell(&path, None, "names more licences than are listed");
        }
        self.licenses.insert(content, found.clone());
        found
    }
}

/// The recorded files that the tree holds. A recorded path with others below it was a directory; that the tree has a
/// link there (`/bin` after the usr merge) does not make it a file of every package.
fn files(owned: &mut Owned<'_>, recorded: &[String]) -> Vec<String> {
    let directories: BTreeSet<&str> = recorded.iter().filter_map(|f| f.rsplit_once('/')).map(|(dir, _)| dir).collect();
    let files = recorded.iter().filter(|f| !directories.contains(f.as_str()));
    let files: BTreeSet<String> = files.filter_map(|f| owned.real(f)).collect();
    files.into_iter().collect()
}

/// Problems, bounded for each file.
#[derive(Default)]
struct Problems {
    list: BTreeSet<Problem>,
    told: BTreeMap<String, usize>,
}

impl Problems {
    fn tell(&mut self, path: &str, line: Option<u32>, why: &str) {
        let told = self.told.entry(path.to_owned()).or_default();
        *told += 1;
        if *told <= MAX_PROBLEMS {
            self.list.insert(Problem { path: path.to_owned(), line, why: why.to_owned() });
        }
    }

    fn extend(&mut self, path: &str, problems: Vec<Problem>) {
        for problem in problems {
            self.tell(path, problem.line, &problem.why);
        }
    }

    fn finish(mut self) -> Vec<Problem> {
        for (path, told) in std::mem::take(&mut self.told) {
            if told > MAX_PROBLEMS {
                let why = format!("and {} more problems", told - MAX_PROBLEMS);
                self.list.insert(Problem { path, line: None, why });
            }
        }
        self.list.into_iter().collect()
    }
}
