//! Placed records become packages: what stands in several places is listed once, with all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::assemble::Placed;
use crate::{Ecosystem, Package, SourcePackage, cpe, licenses};

/// What makes a package one package, in the order of the catalogue.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Ecosystem, String, String, String, String);

/// Packages of all placed records; `files` holds each record's own.
pub(crate) fn merge(placed: Vec<Placed>, files: Vec<Vec<String>>) -> Vec<Package> {
    let owners = owners(&placed, &files);
    let ids: Vec<String> = placed.iter().map(|p| id(&p.record.purl, &p.record.name, &p.record.version)).collect();
    let mut merged: BTreeMap<Key, Package> = BTreeMap::new();
    for ((placed, files), owners) in placed.into_iter().zip(files).zip(owners) {
        let package = package(placed, files, owners, &ids);
        let key = Key(
            package.ecosystem,
            package.name.clone(),
            package.version.clone(),
            package.arch.clone(),
            package.purl.clone(),
        );
        match merged.entry(key) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(package);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => unite(slot.get_mut(), package),
        }
    }
    let mut packages: Vec<Package> = merged.into_values().collect();
    leave_out_repeated(&mut packages);
    for package in &mut packages {
        let own = package.id();
        package.depends.retain(|d| *d != own);
        package.within = package.within.take().filter(|w| *w != own);
        // What the evidence states comes first, then what the package may be listed under.
        for candidate in cpe::of(package.ecosystem, &package.name, &package.version, &package.source.name) {
            if !package.cpes.contains(&candidate) {
                package.cpes.push(candidate);
            }
        }
        licence_from_table(package);
    }
    packages
}

/// A program that the system's packages own, in the version that they have, is those packages and nothing beside them.
/// One of another version is kept: a vendor's package may bring programs of others.
fn leave_out_repeated(packages: &mut Vec<Package>) {
    let system: HashMap<String, String> = packages
        .iter()
        .filter(|p| p.ecosystem.is_system())
        .map(|p| (id(&p.purl, &p.name, &p.version), p.version.clone()))
        .collect();
    packages.retain(|p| {
        let same = |owner: &String| system.get(owner).is_some_and(|version| holds_release(version, &p.version));
        p.ecosystem != Ecosystem::Binary || p.owners.is_empty() || !p.owners.iter().all(same)
    });
}

/// Whether a distribution's version is of the release that a program tells: `5:7.0.15-1~deb12u10` is of `7.0.15`, and
/// `3.1.7+really3.1.2-0` of `3.1.2p20`.
fn holds_release(version: &str, told: &str) -> bool {
    let numbers = |b: char| b.is_ascii_digit() || b == '.';
    let release = told.split(|c| !numbers(c)).next().unwrap_or_default().trim_end_matches('.');
    !release.is_empty() && version.split(|c| !numbers(c)).any(|run| run.trim_end_matches('.') == release)
}

fn id(purl: &str, name: &str, version: &str) -> String {
    if purl.is_empty() { format!("{name}@{version}") } else { purl.to_owned() }
}

/// Whether packages of an ecosystem own the files that they list, and with them the packages of languages inside.
fn is_owner(ecosystem: Ecosystem) -> bool {
    ecosystem.is_system() || ecosystem == Ecosystem::Conda
}

/// For each record of a language the packages of the system, or of conda, that own its evidence; `None` where any of it
/// is nobody's. Where both own it, the system's package does.
fn owners(placed: &[Placed], files: &[Vec<String>]) -> Vec<Option<BTreeSet<usize>>> {
    // Where a file stands, whatever is inside it.
    fn outer(evidence: &str) -> &str {
        evidence.split('!').next().unwrap_or_default()
    }
    let others = placed.iter().filter(|p| !p.record.ecosystem.is_system());
    let mut of_path: HashMap<&str, Option<usize>> =
        others.flat_map(|p| &p.evidence).map(|e| (outer(e), None)).collect();
    let owning = placed.iter().zip(files).enumerate().filter(|(_, (p, _))| is_owner(p.record.ecosystem));
    let (system, others): (Vec<_>, Vec<_>) = owning.partition(|(_, (p, _))| p.record.ecosystem.is_system());
    for (index, (_, files)) in system.into_iter().chain(others) {
        for file in files {
            if let Some(owner) = of_path.get_mut(file.as_str()) {
                owner.get_or_insert(index);
            }
        }
    }
    let owners = placed.iter().map(|p| {
        if p.record.ecosystem.is_system() {
            return None;
        }
        p.evidence.iter().map(|e| of_path.get(outer(e)).copied().flatten()).collect()
    });
    owners.collect()
}

fn package(placed: Placed, files: Vec<String>, owners: Option<BTreeSet<usize>>, ids: &[String]) -> Package {
    let Placed { record, mut evidence, first_layer, layer, needs, within, .. } = placed;
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list.dedup();
        list
    };
    let owners: Vec<String> = owners.into_iter().flatten().filter_map(|i| ids.get(i).cloned()).collect();
    evidence = sorted(evidence);
    let mut hashes = record.hashes;
    hashes.sort();
    hashes.dedup();
    Package {
        ecosystem: record.ecosystem,
        source: record
            .source
            .unwrap_or_else(|| SourcePackage { name: record.name.clone(), version: record.version.clone() }),
        name: record.name,
        version: record.version,
        arch: record.arch,
        purl: record.purl,
        cpes: sorted(record.cpes),
        licenses: sorted(record.licenses),
        maintainer: record.maintainer,
        description: record.description,
        homepage: record.homepage,
        download: record.download,
        hashes,
        depends: sorted(needs.into_iter().filter_map(|n| ids.get(n).cloned()).collect()),
        within: within.and_then(|w| ids.get(w).cloned()),
        owners: sorted(owners),
        declared: record.declared,
        files,
        evidence,
        first_layer,
        layer,
        properties: record.properties,
    }
}

/// Binaries of Go and Rust name their modules and crates without licences; the table knows those of the usual ones.
fn licence_from_table(package: &mut Package) {
    if package.licenses.is_empty()
        && let Some(license) = licenses::of(package.ecosystem, &package.name)
    {
        package.licenses.push(license.to_owned());
        package.properties.push(("plimsoll:licence:source".to_owned(), "table".to_owned()));
        package.properties.sort();
    }
}

/// The same package found twice: one package with both pieces of evidence. It is somebody's only if all of it is, and
/// only declared if nothing else shows it. What was examined says more than what a document declares.
fn unite(into: &mut Package, mut other: Package) {
    if into.declared && !other.declared {
        std::mem::swap(into, &mut other);
    }
    if other.declared && !into.declared {
        other.within.clone_from(&into.within);
        if !into.licenses.is_empty() {
            other.licenses.clear();
        }
    }
    into.first_layer = into.first_layer.min(other.first_layer);
    into.layer = into.layer.max(other.layer);
    if into.owners.is_empty() || other.owners.is_empty() {
        into.owners.clear();
    } else {
        into.owners.extend(other.owners);
    }
    into.declared &= other.declared;
    if into.within != other.within {
        into.within = None;
    }
    for (list, more) in [
        (&mut into.files, other.files),
        (&mut into.evidence, other.evidence),
        (&mut into.depends, other.depends),
        (&mut into.licenses, other.licenses),
        (&mut into.cpes, other.cpes),
        (&mut into.owners, Vec::new()),
    ] {
        list.extend(more);
        list.sort();
        list.dedup();
    }
    into.hashes.extend(other.hashes);
    into.hashes.sort();
    into.hashes.dedup();
    into.properties.extend(other.properties);
    into.properties.sort();
    into.properties.dedup();
    for (slot, more) in [
        (&mut into.maintainer, other.maintainer),
        (&mut into.description, other.description),
        (&mut into.homepage, other.homepage),
        (&mut into.download, other.download),
    ] {
        if slot.is_none() {
            *slot = more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_in_versions() {
        for (version, told, expected) in [
            ("5:7.0.15-1~deb12u10", "7.0.15", true),
            ("1:3.1.7+really3.1.2-0+deb12u1", "3.1.2p20", true),
            ("17.0.21.1+2-1~deb12u1", "17.0.21.1+2-1-deb12u1-Debian", true),
            ("5.2.15-2+b13", "5.2.15", true),
            ("7.50.1-1", "3.0.15", false),
            ("11.2.15-1", "1.2.15", false),
            ("1.2.15-1", "1.2.1", false),
            ("1.2.15-1", "1.2", false),
            ("1.2-1", "unknown", false),
        ] {
            assert_eq!(holds_release(version, told), expected, "{version} {told}");
        }
    }
}
