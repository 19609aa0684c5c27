//! rpm: its database in three formats, the manifest of images without one, package files, and Red Hat's build information.
//!
//! All three databases hold one header for each package, as the package file does; they differ in what is around it.

mod archive;
mod bdb;
mod buildinfo;
mod deps;
mod header;
mod license;
mod manifest;
mod ndb;
pub(crate) mod package;
mod pages;
mod sqlite;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::assemble::{Join, Read};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

use self::pages::Blob;

/// A database of 1,000 packages has about 100 MiB.
const LIMIT: u64 = 512 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "rpm",
    about: "RPM packages (SQLite, ndb and Berkeley DB)",
    evidence: &[
        Evidence::Path { glob: "**/var/lib/rpm/rpmdb.sqlite", limit: LIMIT },
        Evidence::Path { glob: "**/usr/share/rpm/rpmdb.sqlite", limit: LIMIT },
        Evidence::Path { glob: "**/usr/lib/sysimage/rpm/rpmdb.sqlite", limit: LIMIT },
        Evidence::Path { glob: "**/var/lib/rpm/Packages.db", limit: LIMIT },
        Evidence::Path { glob: "**/usr/share/rpm/Packages.db", limit: LIMIT },
        Evidence::Path { glob: "**/usr/lib/sysimage/rpm/Packages.db", limit: LIMIT },
        Evidence::Path { glob: "**/var/lib/rpm/Packages", limit: LIMIT },
        Evidence::Path { glob: "**/usr/share/rpm/Packages", limit: LIMIT },
        Evidence::Path { glob: "**/usr/lib/sysimage/rpm/Packages", limit: LIMIT },
        Evidence::Path { glob: "**/var/lib/rpm/rpmdb.sqlite-wal", limit: LIMIT },
        Evidence::Path { glob: "**/usr/share/rpm/rpmdb.sqlite-wal", limit: LIMIT },
        Evidence::Path { glob: "**/usr/lib/sysimage/rpm/rpmdb.sqlite-wal", limit: LIMIT },
        Evidence::Path { glob: "**/var/lib/rpmmanifest/container-manifest-2", limit: 16 * MIB },
        Evidence::Path { glob: "**/root/buildinfo/content_manifests/*.json", limit: 16 * MIB },
        Evidence::Path { glob: "**/usr/share/buildinfo/*.json", limit: 16 * MIB },
        Evidence::Path { glob: "**/root/buildinfo/Dockerfile-*", limit: MIB },
        Evidence::Directory { glob: "**/*.rpm", limit: LIMIT },
    ],
    purls: &["rpm"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files, Gives::Hashes, Gives::Supplier],
    read,
    join: Some(join),
};

/// The most troubles told of one database; the last says that there were more.
const MAX_TROUBLES: usize = 100;

/// The kind of a file, by the index of its pattern.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    // In the order in which rpm looks for them in a directory.
    Sqlite,
    Ndb,
    Bdb,
    Log,
    Manifest,
    ContentSets,
    Dockerfile,
    Archive,
}

fn kind(which: usize) -> Kind {
    match which {
        0..=2 => Kind::Sqlite,
        3..=5 => Kind::Ndb,
        6..=8 => Kind::Bdb,
        9..=11 => Kind::Log,
        12 => Kind::Manifest,
        13 | 14 => Kind::ContentSets,
        15 => Kind::Dockerfile,
        _ => Kind::Archive,
    }
}

/// Reads one of rpm's files.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    match kind(file.which) {
        Kind::Sqlite => database(file.bytes, sqlite::blobs, out),
        Kind::Ndb => database(file.bytes, ndb::blobs, out),
        Kind::Bdb => database(file.bytes, bdb::blobs, out),
        Kind::Log if sqlite::is_pending(file.bytes) => {
            out.trouble(None, "may hold changes that have not reached the database; they were not read");
        }
        Kind::Log => {}
        Kind::Manifest => manifest::read(file.bytes, out),
        Kind::ContentSets => buildinfo::content_sets(file.bytes, out),
        Kind::Dockerfile => buildinfo::build(file.name(), file.bytes, out),
        Kind::Archive => archive::read(file, out),
    }
}

type Reader = for<'a> fn(&'a [u8], &mut dyn FnMut(Blob<'a>)) -> Result<(), String>;

/// Reads a database: every blob is a package's header.
fn database(bytes: &[u8], blobs: Reader, out: &mut Facts) {
    let mut dependencies = deps::Dependencies::default();
    let mut troubles = Vec::new();
    let mut count = 0usize;
    let mut tell = |why: String| {
        count += 1;
        if count <= MAX_TROUBLES {
            troubles.push((None, why));
        }
    };
    let records = &mut out.records;
    let end = blobs(bytes, &mut |blob| {
        let blob = match blob {
            Ok(blob) => blob,
            Err(why) => return tell(why),
        };
        let header = header::Header::parse(&blob).map_err(|why| format!("a package's header {why}; left out"));
        match header.and_then(|(header, _)| Ok((header, package::record(&header)?))) {
            Ok((header, Some((record, why)))) => {
                dependencies.add(&header, &record);
                records.push(record);
                why.into_iter().for_each(&mut tell);
            }
            Ok((_, None)) => {}
            Err(why) => tell(why),
        }
    });
    if let Err(why) = end {
        tell(why);
    }
    if count > MAX_TROUBLES {
        troubles.push((None, format!("and {} more troubles", count - MAX_TROUBLES)));
    }
    out.troubles.extend(troubles);
    // What makes a system Red Hat's, for the build information.
    let release = dependencies.offers("system-release").into_iter().chain(dependencies.offers("redhat-release"));
    let release: Vec<String> = release.map(|index| index.to_string()).collect();
    dependencies.link(records);
    if !release.is_empty() {
        out.note("release", release);
    }
}

/// Places packages, of each directory those of one database.
fn join(join: &mut Join<'_>) {
    let files = std::mem::take(&mut join.files);
    let (mut databases, mut others, mut known) = (BTreeMap::new(), Vec::new(), Vec::new());
    for read in files.into_values() {
        match kind(read.which) {
            Kind::Sqlite | Kind::Ndb | Kind::Bdb => {
                let directory = read.path.rsplit_once('/').map_or("", |(dir, _)| dir);
                databases.entry(directory).or_insert_with(Vec::new).push(read);
            }
            Kind::Log => {}
            Kind::ContentSets | Kind::Dockerfile => known.push(read),
            Kind::Manifest | Kind::Archive => others.push(read),
        }
    }
    for read in others {
        join.place_all(read);
    }
    for mut beside in databases.into_values() {
        // An older format is left behind when a system moves to another: rpm reads the one that it finds first.
        beside.sort_by_key(|r: &Read<'_>| (r.facts.records.is_empty(), kind(r.which)));
        let mut beside = beside.into_iter();
        let Some(current) = beside.next() else { continue };
        for left in beside.filter(|r| !r.facts.records.is_empty()) {
            let why = format!("lies beside {}, from which the packages were read; not listed", current.path);
            join.tell(left.path, None, &why);
        }
        let (root, release) = (current.root.clone(), current.facts.noted("release").to_vec());
        let base = join.place_all(current);
        for index in release.iter().filter_map(|i| i.parse::<usize>().ok()) {
            describe(join, base + index, &root, &known);
        }
    }
}

/// Adds the build information of a root file system to the package that makes it a release.
fn describe(join: &mut Join<'_>, index: usize, root: &str, known: &[Read<'_>]) {
    let Some(placed) = join.placed.get_mut(index) else { return };
    for note in known.iter().filter(|r| r.root == root).flat_map(|r| &r.facts.notes) {
        placed.record.properties.extend(note.values.iter().map(|v| (note.kind.clone(), v.clone())));
    }
    placed.record.properties.sort();
    placed.record.properties.dedup();
}
