//! Where the dynamic loader of an image finds a library (rule R2).

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_tree::{NodeKind, Tree};

use crate::elf::Elf;
use crate::ldcache;
use crate::read::Reader;
use crate::{HardenError, glob};

/// Directories remembered from `DT_RPATH`; real images have a handful.
const MAX_INHERITED: usize = 256;

/// The loader's view of an image.
pub(crate) struct Linker<'a> {
    tree: &'a Tree,
    cache: BTreeMap<String, Vec<String>>,
    environment: Vec<String>,
    configured: Vec<String>,
    musl: Vec<String>,
    /// Every file and link of the image by its file name: what is not here need not be searched for.
    index: BTreeMap<&'a str, Vec<&'a str>>,
    /// `DT_RPATH` of files loaded so far: the loader also asks those of the loading chain.
    inherited: BTreeSet<String>,
}

impl<'a> Linker<'a> {
    pub(crate) fn new(tree: &'a Tree, reader: &Reader<'a>, library_path: Option<&str>) -> Result<Self, HardenError> {
        let mut cache: BTreeMap<String, Vec<String>> = BTreeMap::new();
        if let Some(bytes) = reader.read("/etc/ld.so.cache")? {
            for (name, path) in ldcache::read(&bytes).unwrap_or_default() {
                cache.entry(name).or_default().push(path);
            }
        }
        let mut configured = Vec::new();
        read_conf(tree, reader, "/etc/ld.so.conf", 0, &mut configured)?;
        for (path, _) in tree.children("/etc/ld.so.conf.d").collect::<Vec<_>>() {
            read_conf(tree, reader, path, 1, &mut configured)?;
        }
        let mut musl = Vec::new();
        let mut has_musl = false;
        for (path, _) in tree.children("/etc").collect::<Vec<_>>() {
            if path.starts_with("/etc/ld-musl-")
                && path.ends_with(".path")
                && let Some(bytes) = reader.read(path)?
            {
                has_musl = true;
                let text = String::from_utf8_lossy(&bytes);
                musl.extend(text.split([':', '\n']).map(str::trim).filter(|d| d.starts_with('/')).map(str::to_owned));
            }
        }
        if !has_musl {
            musl = ["/lib", "/usr/local/lib", "/usr/lib"].map(str::to_owned).into();
        }
        let mut index: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, node) in tree.iter() {
            let name = path.rsplit('/').next().unwrap_or(path);
            if !matches!(node.kind, NodeKind::Directory) {
                index.entry(name).or_default().push(path);
            }
        }
        let environment = library_path.unwrap_or_default().split(':').filter(|p| p.starts_with('/')).map(str::to_owned);
        Ok(Self {
            tree,
            cache,
            environment: environment.collect(),
            configured,
            musl,
            index,
            inherited: BTreeSet::new(),
        })
    }

    /// Remembers the `DT_RPATH` of a file that is part of the closure.
    pub(crate) fn inherit(&mut self, elf: &Elf, path: &str) {
        let room = MAX_INHERITED.saturating_sub(self.inherited.len());
        self.inherited.extend(elf.rpath.iter().take(room).map(|p| expand(p, path, elf)));
    }

    /// Every path that satisfies `name` for the file `elf` at `path`: what the loader takes, and its hardware variants.
    /// The flag says that only the index over the whole image knew it.
    pub(crate) fn find(&self, name: &str, elf: &Elf, path: &str, reader: &Reader<'_>) -> Option<(Vec<String>, bool)> {
        if name.contains('/') {
            let place = expand(name, path, elf);
            let place = if place.starts_with('/') { place } else { format!("{}/{place}", parent(path)) };
            return self.fits(&place, elf, reader).then(|| (vec![place], false));
        }
        if !self.index.contains_key(name) && !self.cache.contains_key(name) {
            return None;
        }
        let own = |list: &[String]| list.iter().map(|p| expand(p, path, elf)).collect::<Vec<_>>();
        let before = own(&elf.rpath).into_iter().chain(self.inherited.iter().cloned());
        let early = before.chain(self.environment.iter().cloned()).chain(own(&elf.runpath));
        if let Some(found) = early.into_iter().find_map(|d| self.in_directory(&d, name, elf, reader)) {
            return Some((found, false));
        }
        let musl = elf.interpreter.as_deref().is_some_and(|i| i.contains("ld-musl")) || name.contains("musl");
        if !musl {
            for place in self.cache.get(name).into_iter().flatten() {
                if self.fits(place, elf, reader) {
                    return Some((self.with_variants(place.clone(), name), false));
                }
            }
        }
        let defaults = default_directories(elf);
        let late: Vec<&String> = if musl {
            self.musl.iter().collect()
        } else {
            self.configured.iter().chain(&defaults).chain(&self.musl).collect()
        };
        if let Some(found) = late.into_iter().find_map(|d| self.in_directory(d, name, elf, reader)) {
            return Some((found, false));
        }
        let found = self.index.get(name)?.iter().find(|p| self.fits(p, elf, reader))?;
        Some((vec![(*found).to_owned()], true))
    }

    /// Paths with the file name of `path`.
    pub(crate) fn named(&self, path: &str) -> impl Iterator<Item = &'a str> + '_ {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        self.index.get(name.as_str()).into_iter().flatten().copied()
    }

    /// Symbolic links with the file name of `path`.
    pub(crate) fn links(&self, path: &str) -> impl Iterator<Item = &'a str> + '_ {
        self.named(path).filter(|p| matches!(self.tree.get(p).map(|n| &n.kind), Some(NodeKind::Symlink { .. })))
    }

    /// How many places a search for `name` may look at.
    pub(crate) fn effort(&self, name: &str) -> usize {
        match self.index.get(name) {
            Some(places) => places.len() + self.inherited.len() + self.configured.len() + 512,
            None => 1,
        }
    }

    fn in_directory(&self, dir: &str, name: &str, elf: &Elf, reader: &Reader<'_>) -> Option<Vec<String>> {
        let place = format!("{dir}/{name}");
        self.fits(&place, elf, reader).then(|| self.with_variants(place, name))
    }

    /// The library and its `glibc-hwcaps` variants, which another processor would prefer.
    fn with_variants(&self, place: String, name: &str) -> Vec<String> {
        let wanted =
            format!("{}/glibc-hwcaps/*/{name}", parent(&self.tree.resolve(&place).unwrap_or_else(|| place.clone())));
        let variants = self.index.get(name).into_iter().flatten().filter(|p| glob::matches(&wanted, p));
        std::iter::once(place.clone()).chain(variants.map(|p| (*p).to_owned())).collect()
    }

    /// Whether a library of the same class and machine stands at `place`. An unreadable one does not fit.
    fn fits(&self, place: &str, elf: &Elf, reader: &Reader<'_>) -> bool {
        let Some((real, node)) = self.tree.lookup(place) else { return false };
        if !matches!(node.kind, NodeKind::File { .. }) {
            return false;
        }
        reader.elf_class(&real).is_some_and(|(wide, machine)| wide == elf.wide && machine == elf.machine)
    }
}

fn read_conf(
    tree: &Tree,
    reader: &Reader<'_>,
    path: &str,
    depth: u8,
    out: &mut Vec<String>,
) -> Result<(), HardenError> {
    let Some(bytes) = reader.read(path)? else { return Ok(()) };
    for line in String::from_utf8_lossy(&bytes).lines().take(4_096) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include ") {
            // The directory of includes is read by the caller; anything else is followed to a small depth.
            if depth < 4 && !pattern.trim().starts_with("/etc/ld.so.conf.d/") {
                for found in crate::conf::expand_glob(tree, pattern.trim()) {
                    read_conf(tree, reader, &found, depth + 1, out)?;
                }
            }
        } else if line.starts_with('/') {
            out.push(line.trim_end_matches('/').to_owned());
        }
    }
    Ok(())
}

fn expand(text: &str, path: &str, elf: &Elf) -> String {
    let lib = if elf.wide { "lib64" } else { "lib" };
    let mut out = text.to_owned();
    for (name, value) in [("ORIGIN", parent(path)), ("LIB", lib), ("PLATFORM", "x86_64")] {
        out = out.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    out
}

/// The directory part of an absolute path; `/` for the root's children.
pub(crate) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// The multiarch directory name of a machine.
pub(crate) fn multiarch(machine: u16) -> Option<&'static str> {
    Some(match machine {
        3 => "i386-linux-gnu",
        21 => "powerpc64le-linux-gnu",
        22 => "s390x-linux-gnu",
        40 => "arm-linux-gnueabihf",
        62 => "x86_64-linux-gnu",
        183 => "aarch64-linux-gnu",
        243 => "riscv64-linux-gnu",
        _ => return None,
    })
}

fn default_directories(elf: &Elf) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(triplet) = multiarch(elf.machine) {
        out.push(format!("/lib/{triplet}"));
        out.push(format!("/usr/lib/{triplet}"));
    }
    let plain: &[&str] = if elf.wide {
        &["/lib64", "/usr/lib64", "/lib", "/usr/lib"]
    } else {
        &["/lib", "/usr/lib", "/lib32", "/usr/lib32"]
    };
    out.extend(plain.iter().map(|d| (*d).to_owned()));
    out
}
