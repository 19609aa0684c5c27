//! Dependencies of package records, resolved to the names of installed packages.

use std::collections::{BTreeMap, BTreeSet};

use crate::Package;

/// The most providers of one virtual name that are followed; `mail-transport-agent` has about ten.
const MAX_PROVIDERS: usize = 32;

/// A package as its record gives it, before its dependencies are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The package; [`Package::depends`] and [`Package::files`] are still empty.
    pub package: Package,
    /// What it depends on: groups of alternatives, names only.
    pub wants: Vec<Vec<String>>,
    /// The virtual names it provides.
    pub provides: Vec<String>,
    /// The files it owns as recorded; for dpkg they stand in files of their own.
    pub owned: Vec<String>,
}

/// Fills [`Package::depends`] of every record: each alternative that is installed; where none is by that name, those that
/// provide it. What is not installed is left out, for the record says what was wanted, not what is there.
pub(crate) fn link(records: &mut [Record]) {
    let installed: BTreeSet<String> = records.iter().map(|r| r.package.name.clone()).collect();
    let mut providers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in records.iter() {
        for name in &record.provides {
            let list = providers.entry(name.clone()).or_default();
            if list.len() < MAX_PROVIDERS {
                list.insert(record.package.name.clone());
            }
        }
    }
    for record in records {
        let mut depends = BTreeSet::new();
        for name in record.wants.iter().flatten() {
            if installed.contains(name) {
                depends.insert(name.clone());
            } else if let Some(list) = providers.get(name) {
                depends.extend(list.iter().cloned());
            }
        }
        depends.remove(&record.package.name);
        record.package.depends = depends.into_iter().collect();
    }
}

/// A field's text: one line, no control characters, at most 1,024 characters; `None` if nothing is left.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|&b| b == b'\n').next()?;
    let line = line.get(..line.len().min(8192))?;
    let text: String = String::from_utf8_lossy(line).trim().chars().filter(|c| !c.is_control()).take(1024).collect();
    (!text.is_empty()).then_some(text)
}

/// A name or version: printable ASCII without white space, at most 256 bytes.
pub(crate) fn token(bytes: &[u8]) -> Option<String> {
    let plain = !bytes.is_empty() && bytes.len() <= 256 && bytes.iter().all(u8::is_ascii_graphic);
    plain.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A package name: letters, digits and `+-._`, as every package manager here requires.
pub(crate) fn name(bytes: &[u8]) -> Option<String> {
    let legal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
    token(bytes).filter(|_| bytes.iter().all(legal) && !matches!(bytes, b"." | b".."))
}
