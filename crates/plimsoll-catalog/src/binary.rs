//! Programs without a package manager, known by the version that their own bytes state. Each is a row of data: the names
//! of its files, where the version stands, and what it is called elsewhere.

mod find;
mod rows;

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Format, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, glob, link};
use find::Find;
use rows::TABLES;

/// A program.
pub(crate) struct Row {
    /// Its name, and the end of its package URL where that has no other.
    name: &'static str,
    /// Type, namespace and name of its package URL: `generic/haskell/ghc`.
    purl: Option<&'static str>,
    paths: &'static [&'static str],
    /// `vendor:product`
    cpes: &'static [&'static str],
    find: &'static [Find],
    /// What else must stand in the file, and what must not: evidence has to fit the file.
    with: &'static [&'static str],
    without: &'static [&'static str],
    /// Scripts and text files rather than executables.
    text: bool,
}

const fn row(
    name: &'static str,
    paths: &'static [&'static str],
    cpes: &'static [&'static str],
    find: &'static [Find],
) -> Row {
    Row { name, purl: None, paths, cpes, find, with: &[], without: &[], text: false }
}

impl Row {
    const fn purl(self, purl: &'static str) -> Self {
        Self { purl: Some(purl), ..self }
    }

    const fn with(self, with: &'static [&'static str]) -> Self {
        Self { with, ..self }
    }

    const fn without(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }

    const fn text(self) -> Self {
        Self { text: true, ..self }
    }
}

const LIMIT: u64 = 512 * MIB;

const fn count() -> usize {
    let (mut sum, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            sum += TABLES[table][row].paths.len();
            row += 1;
        }
        table += 1;
    }
    sum
}

/// The patterns of all rows.
static EVIDENCE: [Evidence; count()] = {
    let mut all = [Evidence::Path { glob: "", limit: LIMIT }; count()];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            let paths = TABLES[table][row].paths;
            let mut path = 0;
            while path < paths.len() {
                all[at] = Evidence::Path { glob: paths[path], limit: LIMIT };
                at += 1;
                path += 1;
            }
            row += 1;
        }
        table += 1;
    }
    all
};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "binary",
    about: "Programs known by the version in their bytes",
    evidence: &EVIDENCE,
    purls: &["generic", "golang"],
    gives: &[],
    read,
    join: Some(join),
};

/// Reads a file whose name is that of a known program.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let executable = Format::of(file.bytes).is_some();
    for row in TABLES.iter().copied().flatten().filter(|r| r.text != executable) {
        if !row.paths.iter().any(|p| glob::root(p, file.path).is_some()) {
            continue;
        }
        let holds = |text: &&'static str| memchr::memmem::find(file.bytes, text.as_bytes()).is_some();
        let Some(version) = find::version(row, file) else { continue };
        if row.with.iter().all(holds) && !row.without.iter().any(holds) {
            out.records.extend(record(row, file, &version));
        }
    }
}

fn record(row: &Row, file: &File<'_>, version: &str) -> Option<Record> {
    let version = link::token(version.as_bytes())?;
    // A row for many extensions of one program is completed by the file's name.
    let stem = file.name().split('.').next().unwrap_or_default();
    let name = row.name.replace('*', stem);
    let full = row.purl.map_or_else(|| format!("generic/{name}"), |p| p.replace('*', stem));
    let (kind, path) = full.split_once('/')?;
    let (namespace, last) = path.rsplit_once('/').unwrap_or(("", path));
    let purl = Purl::new(kind, last).ok()?.with_namespace(namespace).with_version(&version).to_string();
    let cpes = row.cpes.iter().map(|c| format!("cpe:2.3:a:{c}:{}:*:*:*:*:*:*:*", escaped(&version)));
    Some(Record {
        ecosystem: Ecosystem::Binary,
        name,
        version: version.clone(),
        purl,
        cpes: cpes.collect(),
        ..Record::default()
    })
}

/// A version as CPE names write it: what is neither letter, digit nor one of `._-` is escaped.
fn escaped(version: &str) -> String {
    let mut out = String::with_capacity(version.len());
    for c in version.chars() {
        if !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A Java runtime with a `release` file is told by that.
fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        let home = path.rsplit_once("/bin/").map_or("", |(home, _)| home);
        if !home.is_empty() && join.tree.get(&format!("{home}/release")).is_some() {
            read.facts.records.retain(|r| !r.purl.starts_with("pkg:generic/java/"));
        }
        join.place_all(read);
    }
}

#[cfg(test)]
mod tests;
