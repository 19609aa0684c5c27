//! Rust crates: the list that `cargo auditable` leaves in a program, and `Cargo.lock` where a directory is scanned.

mod lock;

use std::io::Read;

use flate2::read::ZlibDecoder;
use plimsoll_version::purl::Purl;
use serde::Deserialize;

use crate::cataloger::{Cataloger, Evidence, Format, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, elf, link};

const LIMIT: u64 = 512 * MIB;
/// The longest list that is unpacked. That of a program with a thousand crates has 150 KB.
const MAX_JSON: u64 = 32 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "rust",
    about: "Rust crates in programs built by `cargo auditable`; Cargo.lock of a directory",
    evidence: &[
        Evidence::Executable { format: Format::Elf, limit: LIMIT },
        Evidence::Executable { format: Format::Pe, limit: LIMIT },
        Evidence::Executable { format: Format::MachO, limit: LIMIT },
        Evidence::Executable { format: Format::Wasm, limit: LIMIT },
        Evidence::Directory { glob: "**/Cargo.lock", limit: 32 * MIB },
    ],
    purls: &["cargo"],
    gives: &[Gives::Dependencies, Gives::Hashes],
    read,
    join: None,
};

const LOCK: usize = 4;

#[derive(Deserialize)]
struct List {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    dependencies: Vec<u32>,
}

/// Reads an executable or a lock file.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    if file.which == LOCK {
        return lock::read(file.bytes, out);
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    for executable in elf::parse(file.bytes) {
        let Some(packed) = executable.section(b".dep-v0").filter(|p| !p.is_empty() && !seen.contains(p)) else {
            continue;
        };
        seen.push(packed);
        let mut json = Vec::new();
        if let Err(error) = ZlibDecoder::new(packed).take(MAX_JSON + 1).read_to_end(&mut json) {
            out.trouble(None, format!("its list of crates cannot be unpacked: {error}"));
            continue;
        }
        if json.len() as u64 > MAX_JSON {
            out.trouble(None, format!("its list of crates is longer than the {MAX_JSON} bytes that are read"));
            continue;
        }
        match serde_json::from_slice::<List>(&json) {
            Ok(list) => crates(&list, out),
            Err(error) => out.trouble(None, format!("its list of crates cannot be read: {error}")),
        }
    }
}

/// Crates that only the build needed are not in the program, and neither is what only they needed; the list marks both.
fn crates(list: &List, out: &mut Facts) {
    let mut places: Vec<Option<u32>> = Vec::with_capacity(list.packages.len());
    let mut next = out.records.len() as u32;
    for package in &list.packages {
        let linked =
            package.kind.as_deref().is_none_or(|k| k == "runtime") && link::name(package.name.as_bytes()).is_some();
        places.push(linked.then_some(next));
        next += u32::from(linked);
    }
    for (package, _) in list.packages.iter().zip(&places).filter(|(_, place)| place.is_some()) {
        let mut record = record(&package.name, &package.version);
        let needs = package.dependencies.iter().filter_map(|i| places.get(*i as usize).copied().flatten());
        record.needs = needs.collect();
        if !matches!(package.source.as_str(), "" | "crates.io" | "registry") {
            record.properties.push(("rust:source".to_owned(), package.source.chars().take(1024).collect()));
        }
        out.records.push(record);
    }
    let nameless = list.packages.iter().filter(|p| link::name(p.name.as_bytes()).is_none()).count();
    if nameless > 0 {
        out.trouble(None, format!("{nameless} crates in its list have no legal name"));
    }
}

fn record(name: &str, version: &str) -> Record {
    let purl = Purl::new(Ecosystem::Cargo.purl_type(), name).map(|p| p.with_version(version).to_string());
    Record {
        ecosystem: Ecosystem::Cargo,
        name: name.to_owned(),
        version: version.to_owned(),
        purl: purl.unwrap_or_default(),
        ..Record::default()
    }
}

#[cfg(test)]
mod tests;
