//! Debian's `/usr/share/maven-repo`: links from coordinates to the archives, and the poms they were built with.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_tree::NodeKind;

use super::coordinates::{Coordinates, part, version};
use super::{LOCKS, PROJECT_POM, REPOSITORY_POM, archive, pom};
use crate::assemble::{Join, Read};
use crate::facts::{Facts, File};

const DIR: &str = "/usr/share/maven-repo";

/// The version under which Debian installs what has no other: it says nothing.
const NO_VERSION: &str = "debian";

/// Reads a pom of the repository: a record that is not placed by itself, for an archive may be it.
pub(super) fn read(file: &File<'_>, out: &mut Facts) {
    let (pom, fault) = pom::parse(file.bytes);
    if let Some(fault) = fault {
        out.trouble(None, fault);
    }
    if let Some(original) = &pom.original_version {
        out.note("version", vec![original.clone()]);
    }
    let mut record = archive::record(&pom.own, "maven-repo", "", None);
    pom.describe(&mut record);
    out.records.push(record);
}

/// A file of the repository that leads to an archive.
#[derive(Clone, Debug)]
struct Entry {
    coordinates: Coordinates,
    pom: String,
}

/// Places every archive; one that the repository leads to by its coordinates there.
pub(super) fn join(join: &mut Join<'_>) {
    let files = std::mem::take(&mut join.files);
    let (poms, archives): (BTreeMap<&str, Read<'_>>, BTreeMap<&str, Read<'_>>) =
        files.into_iter().partition(|(_, r)| r.which == REPOSITORY_POM);
    let mut roots: BTreeSet<String> = poms.values().map(|r| r.root.clone()).collect();
    roots.insert(String::new());
    let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for root in &roots {
        for (path, node) in join.tree.under(&format!("{root}{DIR}")) {
            if matches!(node.kind, NodeKind::File { .. } | NodeKind::Symlink { .. })
                && let Some(entry) = entry(root, path)
                && let Some((real, _)) = join.tree.lookup(path)
            {
                entries.entry(real).or_default().push(entry);
            }
        }
    }
    for (path, mut read) in archives {
        if let Some(found) = entries.get(path).filter(|_| read.which != PROJECT_POM && !LOCKS.contains(&read.which)) {
            rename(&mut read.facts, found, &poms);
        }
        // An archive lies anywhere: what it depends on is looked for in the root file system, not beside it.
        let within = |root: &&String| path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'));
        read.root = roots.iter().rev().find(within).cloned().unwrap_or_default();
        join.place_all(read);
    }
}

/// The coordinates that a path below the repository stands for.
fn entry(root: &str, path: &str) -> Option<Entry> {
    let below = path.strip_prefix(root)?.strip_prefix(DIR)?.strip_prefix('/')?;
    let (above, name) = below.rsplit_once('/')?;
    let (above, v) = above.rsplit_once('/')?;
    let (group, artifact) = above.rsplit_once('/')?;
    let rest = name.strip_suffix(".jar")?.strip_prefix(artifact)?.strip_prefix('-')?.strip_prefix(v)?;
    let is_named = rest.is_empty() || rest.starts_with('-');
    let group = part(&group.replace('/', "."));
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    (is_named && !group.is_empty() && !part(artifact).is_empty()).then(|| Entry {
        coordinates: Coordinates::new(&group, artifact, &version(v)),
        pom: format!("{dir}/{artifact}-{v}.pom"),
    })
}

/// Gives the archive the coordinates of the repository.
fn rename(facts: &mut Facts, entries: &[Entry], poms: &BTreeMap<&str, Read<'_>>) {
    let Some(own) = facts.records.first_mut() else { return };
    let file = own.name.rsplit(':').next().unwrap_or_default().to_owned();
    let is_relocated = |e: &Entry| {
        // A pom that only leads elsewhere describes nothing: its coordinates are there for old names' sake.
        poms.get(e.pom.as_str()).and_then(|r| r.facts.records.first()).is_none_or(|r| r.name != e.coordinates.name())
    };
    let best = entries.iter().max_by_key(|e| {
        let c = &e.coordinates;
        (
            c.name() == own.name,
            c.artifact == file,
            !is_relocated(e),
            c.version == own.version,
            c.version != NO_VERSION,
            std::cmp::Reverse(c),
        )
    });
    let Some(best) = best else { return };
    let pom = poms.get(best.pom.as_str()).map(|r| &r.facts);
    let same = |e: &&Entry| e.coordinates.name() == best.coordinates.name();
    let is_real = |v: &&str| !v.is_empty() && *v != NO_VERSION && !v.ends_with(".x");
    let original = pom.and_then(|p| p.noted("version").first()).map(String::as_str);
    let versions = entries.iter().filter(same).map(|e| e.coordinates.version.as_str());
    // What the archive itself says is the version of what was built; the repository's directory may be rounded. A file's
    // name is Debian's: `1.0` of what its author released as `1`.
    let is_named = own.properties.iter().any(|(_, from)| matches!(from.as_str(), "table" | "file name"));
    let is_stated = !is_named || versions.clone().any(|v| v == own.version);
    let told = Some(own.version.as_str()).filter(|_| own.name == best.coordinates.name() && is_stated);
    let version =
        told.into_iter().chain(original).chain(versions).find(is_real).unwrap_or(own.version.as_str()).to_owned();
    let coordinates = Coordinates { version, ..best.coordinates.clone() };
    let record = archive::record(&coordinates, "maven-repo", "", None);
    let old = std::mem::replace(&mut own.name, record.name);
    (own.version, own.purl, own.properties) = (record.version, record.purl, record.properties);
    if let Some(more) = pom.and_then(|p| p.records.first()) {
        if old != own.name || own.wants.is_empty() {
            own.wants.extend(more.wants.iter().cloned());
        }
        if own.licenses.is_empty() {
            own.licenses.clone_from(&more.licenses);
        }
        own.description = own.description.take().or_else(|| more.description.clone());
        own.homepage = own.homepage.take().or_else(|| more.homepage.clone());
    }
}
