//! Packages as units (rule R5): who owns what, and which dependencies a unit takes along.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_catalog::{Catalog, Ecosystem, Package};
use plimsoll_tree::{NodeKind, Tree};

use crate::HardenError;
use crate::deny::below;
use crate::linker::parent;
use crate::read::Reader;

/// Packages whose data any process may ask for; followed wherever a unit depends on them.
const DATA: &[&str] =
    &["tzdata", "tzdata-legacy", "ca-certificates", "media-types", "mime-support", "netbase", "locales"];
/// Suffixes by which a package says that it holds the other half of its sibling.
const HALVES: &[&str] = &["-common", "-data", "-base", "-core", "-config", "-bin", "-minimal", "-stdlib"];
/// Packages of a base system: a program of theirs is kept alone, never the whole package.
const BASE: &[&str] = &[
    "alpine-baselayout",
    "base-files",
    "base-passwd",
    "bash",
    "bsdutils",
    "busybox",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "findutils",
    "gawk",
    "grep",
    "gzip",
    "hostname",
    "init-system-helpers",
    "iproute2",
    "libc-bin",
    "libc-utils",
    "login",
    "mawk",
    "mount",
    "musl-utils",
    "ncurses-bin",
    "passwd",
    "procps",
    "sed",
    "sysvinit-utils",
    "tar",
    "util-linux",
    "openssl",
    "curl",
    "wget",
];

/// Ownership of paths and the units taken so far.
pub(crate) struct Units<'a> {
    catalog: &'a Catalog,
    tree: &'a Tree,
    owners: BTreeMap<String, usize>,
    files: Vec<Vec<String>>,
    listed: Vec<Vec<String>>,
    directories: BTreeMap<String, BTreeSet<usize>>,
    by_name: BTreeMap<&'a str, usize>,
    taken: BTreeSet<usize>,
    /// Packages of which no path is known.
    pathless: BTreeSet<usize>,
}

impl<'a> Units<'a> {
    pub(crate) fn new(tree: &'a Tree, catalog: &'a Catalog, reader: &Reader<'a>) -> Result<Self, HardenError> {
        let mut owners = BTreeMap::new();
        let mut directories: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        let mut by_name = BTreeMap::new();
        let mut pathless = BTreeSet::new();
        for (index, package) in catalog.packages.iter().enumerate() {
            by_name.entry(package.name.as_str()).or_insert(index);
            // Directories that hold no file of the package are only in the package manager's own lists.
            let listed = listed_directories(package, reader)?;
            if package.files.is_empty() && listed.is_empty() {
                pathless.insert(index);
            }
            for path in package.files.iter().chain(&listed) {
                let place = canonical(tree, path);
                match tree.get(&place).map(|n| &n.kind) {
                    // `/lib` is listed as a directory; where it is a link of a merged root it is nobody's.
                    Some(NodeKind::Symlink { .. }) if place.matches('/').count() == 1 => {}
                    Some(NodeKind::Directory) => {
                        directories.entry(place).or_default().insert(index);
                    }
                    Some(_) => {
                        let mut dir = parent(&place);
                        while dir != "/" && directories.entry(dir.to_owned()).or_default().insert(index) {
                            dir = parent(dir);
                        }
                        owners.entry(place).or_insert(index);
                    }
                    None => {}
                }
            }
        }
        apk_directories(tree, reader, &by_name, &mut directories)?;
        // Turned round once: asking package by package must not cost the whole image each time.
        let mut files = vec![Vec::new(); catalog.packages.len()];
        for (path, index) in &owners {
            if let Some(list) = files.get_mut(*index) {
                list.push(path.clone());
            }
        }
        let mut listed = vec![Vec::new(); catalog.packages.len()];
        for (path, who) in &directories {
            for index in who {
                if let Some(list) = listed.get_mut(*index) {
                    list.push(path.clone());
                }
            }
        }
        Ok(Self { catalog, tree, owners, files, listed, directories, by_name, taken: BTreeSet::new(), pathless })
    }

    /// The package that owns a path, which is given with no link in its directory part.
    pub(crate) fn owner(&self, path: &str) -> Option<usize> {
        self.owners.get(&canonical(self.tree, path)).copied()
    }

    pub(crate) fn name(&self, index: usize) -> &'a str {
        self.catalog.packages.get(index).map_or("", |p| p.name.as_str())
    }

    /// Paths of a package that are no directories.
    pub(crate) fn files(&self, index: usize) -> &[String] {
        self.files.get(index).map_or(&[], Vec::as_slice)
    }

    /// Marks a package as a unit; false if it is one already, or is a base package whose programs stand alone.
    pub(crate) fn take(&mut self, index: usize) -> bool {
        !self.is_base(index) && self.taken.insert(index)
    }

    fn is_base(&self, index: usize) -> bool {
        BASE.contains(&self.name(index))
    }

    /// Whether a path belongs to a unit that was taken, or to no package at all.
    pub(crate) fn is_taken_file(&self, path: &str) -> bool {
        self.owner(path).is_none_or(|i| self.taken.contains(&i))
    }

    /// Packages whose files nobody recorded: that they are gone cannot be shown, so they stay listed.
    pub(crate) fn pathless(&self) -> impl Iterator<Item = usize> + '_ {
        self.pathless.iter().copied()
    }

    pub(crate) fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        self.taken.iter().copied()
    }

    /// Directories of `/etc`, `/usr/lib` and `/usr/share` that only this package's family has files in: all below is its.
    pub(crate) fn private_directories(&self, index: usize) -> Vec<String> {
        let source = self.source(index);
        let rooted = |dir: &str| {
            let depth = dir.matches('/').count();
            (below(dir, "/etc") && depth == 2)
                || ((below(dir, "/usr/share") || below(dir, "/usr/lib")) && depth >= 3 && !dir.ends_with("-linux-gnu"))
                || (below(dir, "/var/www") && depth >= 2)
                || (below(dir, "/opt") && depth == 2)
        };
        let own = |dir: &&String| {
            rooted(dir) && self.directories.get(*dir).is_some_and(|who| self.family_only(who, source, dir))
        };
        self.directories(index).iter().filter(own).cloned().collect()
    }

    fn source(&self, index: usize) -> &'a str {
        self.catalog.packages.get(index).map_or("", |p| p.source.name.as_str())
    }

    /// Modules of other sources that put files into a package's own directory do not make it a shared one, if the
    /// directory is called like a package of the source.
    fn family_only(&self, who: &BTreeSet<usize>, source: &str, dir: &str) -> bool {
        let name = dir.rsplit('/').next().unwrap_or(dir);
        who.iter().all(|i| self.source(*i) == source) || (name == source && below(dir, "/etc"))
    }

    /// Directories a package lists or has files below.
    pub(crate) fn directories(&self, index: usize) -> &[String] {
        self.listed.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether every package that lists this directory is a unit that was taken.
    pub(crate) fn is_private(&self, dir: &str) -> bool {
        self.directories.get(dir).is_some_and(|who| who.iter().all(|i| self.taken.contains(i)))
    }

    /// Whether no package lists this path.
    pub(crate) fn is_unowned(&self, path: &str) -> bool {
        !self.directories.contains_key(path) && !self.owners.contains_key(path)
    }

    /// Dependencies that come along with a unit: its other half, data, and its own language.
    pub(crate) fn followed(&self, index: usize) -> Vec<usize> {
        let Some(package) = self.catalog.packages.get(index) else { return Vec::new() };
        let mut out = Vec::new();
        for name in &package.depends {
            let Some(&other) = self.by_name.get(name.as_str()) else { continue };
            let same_source = self.source(other) == package.source.name;
            let half = same_source
                && (HALVES.iter().any(|h| name.ends_with(h))
                    || self.catalog.packages.get(other).is_some_and(|p| p.arch == "all" || p.arch == "noarch"));
            if half || DATA.contains(&name.as_str()) || same_language(&package.name, name) {
                out.push(other);
            }
        }
        out
    }
}

/// Paths of dpkg's list of a package, directories among them.
fn listed_directories(package: &Package, reader: &Reader<'_>) -> Result<Vec<String>, HardenError> {
    if package.ecosystem != Ecosystem::Deb || package.name.contains('/') {
        return Ok(Vec::new());
    }
    for name in [package.name.clone(), format!("{}:{}", package.name, package.arch)] {
        if let Some(bytes) = reader.read(&format!("/var/lib/dpkg/info/{name}.list"))? {
            let text = String::from_utf8_lossy(&bytes);
            return Ok(text.lines().filter(|l| l.starts_with('/') && l.len() > 2).map(str::to_owned).collect());
        }
    }
    Ok(Vec::new())
}

/// Directories of apk's database (`F:` lines).
fn apk_directories(
    tree: &Tree,
    reader: &Reader<'_>,
    by_name: &BTreeMap<&str, usize>,
    directories: &mut BTreeMap<String, BTreeSet<usize>>,
) -> Result<(), HardenError> {
    for place in ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"] {
        let Some(bytes) = reader.read(place)? else { continue };
        let mut current = None;
        for line in bytes.split(|b| *b == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            if let Some(name) = line.strip_prefix("P:") {
                current = by_name.get(name).copied();
            } else if let (Some(dir), Some(index)) = (line.strip_prefix("F:"), current) {
                let real = canonical(tree, &format!("/{dir}"));
                if matches!(tree.get(&real).map(|n| &n.kind), Some(NodeKind::Directory)) {
                    directories.entry(real).or_default().insert(index);
                }
            }
        }
    }
    Ok(())
}

/// Whether two packages are of one language's runtime or libraries.
fn same_language(from: &str, to: &str) -> bool {
    language(from).is_some_and(|l| language(to) == Some(l))
}

fn language(name: &str) -> Option<&'static str> {
    let starts = |list: &[&str]| list.iter().any(|p| name.starts_with(p));
    if starts(&["python3", "libpython3", "gunicorn", "uwsgi-plugin-python", "py3-"]) {
        Some("python")
    } else if starts(&["node-", "nodejs", "libnode"]) {
        Some("node")
    } else if starts(&["openjdk", "java-common", "ca-certificates-java", "default-jre", "jre-"])
        || (name.starts_with("lib") && name.ends_with("-java"))
    {
        Some("java")
    } else if starts(&["ruby", "libruby"]) {
        Some("ruby")
    } else if starts(&["perl", "libperl"]) || (name.starts_with("lib") && name.ends_with("-perl")) {
        Some("perl")
    } else if starts(&["php", "libphp"]) {
        Some("php")
    } else if starts(&["postgresql"]) {
        Some("postgresql")
    } else {
        None
    }
}

/// A path with the links of its directory part followed: dpkg lists `/bin/ls` where the file is `/usr/bin/ls`.
pub(crate) fn canonical(tree: &Tree, path: &str) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    if dir.is_empty() {
        return path.to_owned();
    }
    match tree.resolve(dir) {
        Some(real) if real == "/" => format!("/{name}"),
        Some(real) => format!("{real}/{name}"),
        None => path.to_owned(),
    }
}

/// Whether scanners find a package of this manager by records in the image.
pub(crate) fn has_records(ecosystem: Ecosystem) -> bool {
    matches!(ecosystem, Ecosystem::Deb | Ecosystem::Apk)
}
