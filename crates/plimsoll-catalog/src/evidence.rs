//! Which files of an image are evidence, and of what.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::cataloger::{CATALOGERS, Evidence, Format};
use crate::glob;

/// What is being scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An image, where lock files say nothing about what is installed.
    #[default]
    Image,
    /// A directory, where they are what there is.
    Directory,
}

/// A pattern that a file matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match<'p> {
    /// Index in [`CATALOGERS`].
    pub(crate) cataloger: usize,
    /// Index in its evidence.
    pub(crate) which: usize,
    pub(crate) root: &'p str,
    pub(crate) limit: u64,
    /// Whether `limit` bytes from the beginning are enough, rather than all that a larger file must not exceed.
    pub(crate) head: bool,
}

/// How many bytes from a file's beginning tell its format.
pub(crate) const HEAD: usize = 8;

/// Files shorter than this are no executables.
const LEAST_EXECUTABLE: u64 = 64;

#[derive(Clone, Copy)]
struct Entry {
    cataloger: usize,
    which: usize,
    glob: &'static str,
    limit: u64,
    directory_only: bool,
    head: bool,
}

/// Patterns by what their last component says, so that a path meets few of them.
#[derive(Default)]
struct Index {
    by_name: HashMap<&'static str, Vec<Entry>>,
    by_extension: HashMap<&'static str, Vec<Entry>>,
    by_parent: HashMap<&'static str, Vec<Entry>>,
    by_first: HashMap<u8, Vec<Entry>>,
    rest: Vec<Entry>,
    executables: Vec<(usize, usize, Format, u64)>,
    largest_executable: u64,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index::default();
    for (cataloger, c) in CATALOGERS.iter().enumerate() {
        for (which, evidence) in c.evidence.iter().enumerate() {
            let (glob, limit, directory_only, head) = match *evidence {
                Evidence::Path { glob, limit } => (glob, limit, false, false),
                Evidence::Directory { glob, limit } => (glob, limit, true, false),
                Evidence::Head { glob, bytes } => (glob, bytes, false, true),
                Evidence::Executable { format, limit } => {
                    index.executables.push((cataloger, which, format, limit));
                    index.largest_executable = index.largest_executable.max(limit);
                    continue;
                }
            };
            index.add(Entry { cataloger, which, glob, limit, directory_only, head });
        }
    }
    index
});

impl Index {
    fn add(&mut self, entry: Entry) {
        let (above, last) = entry.glob.rsplit_once('/').unwrap_or(("", entry.glob));
        let parent = above.rsplit('/').next().unwrap_or_default();
        let extension = last.rsplit_once('.').map(|(_, e)| e).filter(|e| !e.contains('*'));
        if !last.contains('*') {
            self.by_name.entry(last).or_default().push(entry);
        } else if !parent.is_empty() && !parent.contains('*') {
            self.by_parent.entry(parent).or_default().push(entry);
        } else if let Some(extension) = extension {
            self.by_extension.entry(extension).or_default().push(entry);
        } else if let Some(first) = last.bytes().next().filter(|&b| b != b'*') {
            self.by_first.entry(first).or_default().push(entry);
        } else {
            self.rest.push(entry);
        }
    }

    fn candidates(&self, path: &str) -> impl Iterator<Item = &Entry> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = above.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
        let first = name.bytes().next().unwrap_or_default();
        let found = [
            self.by_name.get(name),
            self.by_parent.get(parent),
            self.by_extension.get(extension),
            self.by_first.get(&first),
        ];
        found.into_iter().flatten().flatten().chain(&self.rest)
    }
}

/// What `path` is evidence of, by its name.
pub(crate) fn by_path(path: &str, mode: Mode) -> Vec<Match<'_>> {
    let fits = |e: &&Entry| mode == Mode::Directory || !e.directory_only;
    let found = INDEX.candidates(path).filter(fits).filter_map(|e| {
        let root = glob::root(e.glob, path)?;
        Some(Match { cataloger: e.cataloger, which: e.which, root, limit: e.limit, head: e.head })
    });
    found.collect()
}

/// What a file that begins with `head` is evidence of, whatever its name.
pub(crate) fn by_head<'p>(head: &[u8]) -> Vec<Match<'p>> {
    let format = Format::of(head);
    let found = INDEX.executables.iter().filter(|(_, _, f, _)| Some(*f) == format);
    found.map(|&(cataloger, which, _, limit)| Match { cataloger, which, root: "", limit, head: false }).collect()
}

/// Whether the catalogers may need the bytes of the file at `path`, of `size` bytes: by its name, or because only its
/// first bytes will tell. What is evidence and too big is wanted too, so that it is told.
pub fn wants(path: &str, size: u64) -> bool {
    might_be_executable(size) || !by_path(path, Mode::Image).is_empty()
}

pub(crate) fn might_be_executable(size: u64) -> bool {
    size >= LEAST_EXECUTABLE && INDEX.largest_executable > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_known_by_its_path() {
        let found = |path: &str| -> Vec<(&str, String)> {
            by_path(path, Mode::Image).iter().map(|m| (CATALOGERS[m.cataloger].name, m.root.to_owned())).collect()
        };
        let one = |name: &'static str, root: &str| vec![(name, root.to_owned())];
        for (path, expected) in [
            ("/etc/os-release", one("release", "")),
            ("/var/lib/dpkg/status", one("dpkg", "")),
            ("/opt/root/var/lib/dpkg/status", one("dpkg", "/opt/root")),
            ("/notvar/lib/dpkg/status", vec![]),
            ("/var/lib/dpkg/status-old", vec![]),
            ("/var/lib/dpkg/info/libc6:amd64.list", one("dpkg", "")),
            ("/var/lib/dpkg/info/libc6:amd64.postinst", vec![]),
            ("/lib/apk/db/installed", one("apk", "")),
            ("status", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(path), expected, "{path}");
        }
    }

    #[test]
    fn every_pattern_is_found_through_the_index() {
        for cataloger in CATALOGERS {
            for evidence in cataloger.evidence {
                let (Evidence::Path { glob, .. } | Evidence::Directory { glob, .. } | Evidence::Head { glob, .. }) =
                    evidence
                else {
                    continue;
                };
                let path = format!("/{}", glob.trim_start_matches('/').replace("**/", "r/").replace('*', "x1"));
                let found = by_path(&path, Mode::Directory);
                assert!(found.iter().any(|m| CATALOGERS[m.cataloger].name == cataloger.name), "{glob}: {path}");
            }
        }
    }
}
