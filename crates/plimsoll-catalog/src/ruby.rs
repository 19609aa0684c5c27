//! Ruby: gems installed under `specifications/`, default gems among them, and `Gemfile.lock`.

use std::collections::{BTreeSet, HashMap};

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

mod gemspec;
mod lock;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "ruby",
    about: "gems: installed and default ones, and Gemfile.lock in directories",
    evidence: &[
        Evidence::Path { glob: "**/specifications/*.gemspec", limit: MIB },
        Evidence::Path { glob: "**/specifications/default/*.gemspec", limit: MIB },
        Evidence::Directory { glob: "**/Gemfile.lock", limit: 16 * MIB },
        Evidence::Directory { glob: "**/gems.locked", limit: 16 * MIB },
    ],
    purls: &["gem"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes, Gives::Supplier],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    if file.name().ends_with(".gemspec") { gemspec::read(file.bytes, out) } else { lock::read(file.bytes, out) }
}

/// `pkg:gem/name@version`.
fn purl(name: &str, version: &str) -> String {
    Purl::new("gem", name).map(|p| p.with_version(version).to_string()).unwrap_or_default()
}

/// A gem's name.
fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= 256 && name.bytes().all(legal) && !name.starts_with('.')
}

/// Places gems. What they depend on is looked for in their own gem home first, then in the others: Debian spreads the
/// gems of one Ruby over several.
fn join(join: &mut Join<'_>) {
    let mut placed: Vec<(usize, String, Vec<String>)> = Vec::new();
    for (path, mut read) in std::mem::take(&mut join.files) {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let Some(file) = path.rsplit('/').next().and_then(|f| f.strip_suffix(".gemspec")) else {
            read.root = dir.to_owned();
            join.place_all(read);
            continue;
        };
        let home = dir.strip_suffix("/default").unwrap_or(dir).to_owned();
        for mut record in std::mem::take(&mut read.facts.records) {
            if record.version.is_empty() {
                // A version that the file computes stands in its name.
                let version = file.strip_prefix(record.name.as_str()).and_then(|f| f.strip_prefix('-'));
                let version = version.and_then(|v| v.split('-').next()).unwrap_or_default();
                if !version.starts_with(|c: char| c.is_ascii_digit()) {
                    join.tell(path, None, &format!("gem {} names no version; left out", record.name));
                    continue;
                }
                record.version = version.to_owned();
                record.purl = purl(&record.name, version);
            }
            let wants = std::mem::take(&mut record.wants).into_iter().flatten().collect();
            let index = join.place(record, "", path, read.node);
            placed.push((index, home.clone(), wants));
        }
    }
    let mut homes: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let mut anywhere: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut found: Vec<(usize, BTreeSet<usize>)> = Vec::new();
    for (index, home, _) in &placed {
        let Some(own) = join.placed.get(*index) else { continue };
        homes.entry((home, &own.record.name)).or_default().push(*index);
        anywhere.entry(&own.record.name).or_default().push(*index);
    }
    for (index, home, wants) in &placed {
        let needs = wants
            .iter()
            .filter_map(|want| homes.get(&(home.as_str(), want.as_str())).or_else(|| anywhere.get(want.as_str())));
        let needs = needs.flat_map(|list| list.iter().take(16)).copied().filter(|n| n != index).collect();
        found.push((*index, needs));
    }
    for (index, needs) in found {
        join.placed[index].needs.extend(needs);
    }
}
