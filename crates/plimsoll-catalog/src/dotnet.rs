//! .NET: NuGet packages that an application's `deps.json` names, joined with the assemblies that are there, and the files
//! that name packages in a source tree.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_tree::{NodeKind, Tree};
use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

mod deps;
mod project;

#[cfg(test)]
mod tests;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "dotnet",
    about: "NuGet packages of .NET applications and runtimes; packages.lock.json, packages.config and Directory.Packages.props in directories",
    evidence: &[
        Evidence::Path { glob: "**/*.deps.json", limit: 32 * MIB },
        Evidence::Directory { glob: "**/packages.lock.json", limit: 32 * MIB },
        Evidence::Directory { glob: "**/packages.config", limit: 4 * MIB },
        Evidence::Directory { glob: "**/*Packages.props", limit: 4 * MIB },
    ],
    purls: &["nuget"],
    gives: &[Gives::Dependencies, Gives::Hashes],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    match file.name() {
        "packages.lock.json" => project::lock(file.bytes, out),
        "packages.config" => project::config(file.bytes, out),
        name if name.ends_with(".props") => project::central(file.bytes, out),
        _ => deps::read(file.bytes, out),
    }
}

/// `pkg:nuget/Name@version`.
pub(crate) fn purl(name: &str, version: &str) -> String {
    Purl::new("nuget", name).map(|p| p.with_version(version).to_string()).unwrap_or_default()
}

/// A package's identifier.
fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= 256 && name.bytes().all(legal)
}

/// Places packages. The files of a package that lie beside the `deps.json` are its evidence too; a package none of whose
/// files is there is only declared.
fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let installed = path.ends_with(".deps.json");
        let assets: Vec<Vec<String>> =
            (0..read.facts.records.len()).map(|i| read.facts.noted(&deps::assets(i)).to_vec()).collect();
        read.root = if installed { String::new() } else { dir.to_owned() };
        let first = join.place_all(read);
        let mut open = Vec::new();
        for (index, assets) in (first..).zip(&assets) {
            let found: BTreeSet<String> = assets.iter().filter_map(|a| file(join.tree, dir, a)).collect();
            let placed = &mut join.placed[index];
            placed.record.declared = installed && found.is_empty();
            placed.evidence.extend(found);
            if !placed.record.declared {
                open.push(index);
            }
        }
        if installed {
            grouping(join, first, &assets, open);
        }
    }
}

/// A package without files of its own, which only groups others, is there as soon as one of these is.
fn grouping(join: &mut Join<'_>, first: usize, assets: &[Vec<String>], mut open: Vec<usize>) {
    let mut dependents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, _) in (first..).zip(assets).filter(|(_, assets)| assets.is_empty()) {
        for need in &join.placed[index].needs {
            dependents.entry(*need).or_default().push(index);
        }
    }
    while let Some(index) = open.pop() {
        for dependent in dependents.remove(&index).into_iter().flatten() {
            if std::mem::take(&mut join.placed[dependent].record.declared) {
                open.push(dependent);
            }
        }
    }
}

/// Where the publishing tool puts an asset: its file name beside the `deps.json`, in a directory for its culture, or its
/// whole path where it belongs to one platform of several.
fn file(tree: &Tree, dir: &str, asset: &str) -> Option<String> {
    let name = asset.rsplit('/').next()?;
    let mut places = vec![format!("{dir}/{name}")];
    if let Some((culture, _)) = asset.rsplit_once('/').filter(|_| asset.ends_with(".resources.dll")) {
        places.insert(0, format!("{dir}/{}/{name}", culture.rsplit('/').next().unwrap_or_default()));
    }
    let whole = format!("{dir}/{asset}");
    // Beside the `deps.json` lies another file of that name, which is for every platform or for none.
    places.insert(if asset.starts_with("runtimes/") { 0 } else { places.len() }, whole);
    places.into_iter().find(|path| tree.get(path).is_some_and(|n| matches!(n.kind, NodeKind::File { .. })))
}
