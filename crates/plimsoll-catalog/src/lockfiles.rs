//! Lock files and manifests that only a directory holds: they say what would be built, not what an image holds. The
//! records of Conan and vcpkg are of what was installed, and are read in images too.

pub(crate) mod cocoapods;
pub(crate) mod conan;
pub(crate) mod dart;
pub(crate) mod gomod;
pub(crate) mod haskell;
pub(crate) mod julia;
pub(crate) mod swift;
pub(crate) mod vcpkg;

use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};

/// The most packages read of one file.
const MOST: usize = 65_536;

/// A package of a lock file; its dependencies are looked for beside it.
fn record(file: &File<'_>, ecosystem: Ecosystem, name: &str, version: &str) -> Option<Record> {
    let (name, version) = (plain::token(name)?, plain::token(version).unwrap_or_default());
    let purl = plain::purl(ecosystem.purl_type(), "", &name, &version);
    Some(Record { ecosystem, name, version, purl, scope: file.dir().to_owned(), ..Record::default() })
}

/// Adds a record, or tells why there is none.
fn add(out: &mut Facts, line: Option<u32>, record: Option<Record>) {
    match record {
        Some(record) if out.records.len() < MOST => out.records.push(record),
        Some(_) => full(out),
        None => out.trouble(line, "a package has a malformed name or version; left out"),
    }
}

fn full(out: &mut Facts) {
    const WHY: &str = "holds more packages than are read";
    if out.troubles.last().is_none_or(|(_, w)| w != WHY) {
        out.trouble(None, WHY);
    }
}

/// A JSON document, or a told trouble.
fn json(file: &File<'_>, out: &mut Facts) -> Option<serde_json::Value> {
    match serde_json::from_slice(file.bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            out.trouble(u32::try_from(error.line()).ok(), format!("is not JSON: {error}"));
            None
        }
    }
}

#[cfg(test)]
fn read_all(read: fn(&File<'_>, &mut Facts), which: usize, bytes: &[u8]) -> Facts {
    let file = |bytes| File { path: "/src/lock", root: "/src", which, bytes };
    for cut in 0..bytes.len() {
        read(&file(&bytes[..cut]), &mut Facts::default());
    }
    let mut out = Facts::default();
    read(&file(bytes), &mut out);
    out
}
