//! Installed Python distributions: `*.dist-info`, `*.egg-info` and eggs, and what lies beside their metadata.
//!
//! A distribution whose metadata another one lists among its files, or that lies inside a package below `site-packages`,
//! is vendored: its code is really there, so it is listed, with the distribution that holds it. Where a directory on the
//! way down is one of tests or fixtures, it is data of a test suite and not listed.

mod join;
mod license;
pub(crate) mod lock;

mod marker;
mod metadata;
pub(crate) mod name;
mod requirement;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};
use crate::link;
use crate::zip::{Archive, Budget};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "python",
    about: "installed Python distributions",
    evidence: &[
        Evidence::Path { glob: "**/*.dist-info/METADATA", limit: 16 * MIB },
        Evidence::Path { glob: "**/*.egg-info/PKG-INFO", limit: 16 * MIB },
        Evidence::Path { glob: "**/EGG-INFO/PKG-INFO", limit: 16 * MIB },
        Evidence::Path { glob: "**/*.egg-info", limit: 16 * MIB },
        Evidence::Path { glob: "**/*.dist-info/RECORD", limit: 64 * MIB },
        Evidence::Path { glob: "**/*.dist-info/direct_url.json", limit: MIB },
        Evidence::Path { glob: "**/*.dist-info/INSTALLER", limit: MIB },
        Evidence::Path { glob: "**/*.egg-info/installed-files.txt", limit: 64 * MIB },
        Evidence::Path { glob: "**/*.egg-info/requires.txt", limit: 4 * MIB },
        Evidence::Path { glob: "**/EGG-INFO/requires.txt", limit: 4 * MIB },
        Evidence::Path { glob: "**/*.egg-info/top_level.txt", limit: MIB },
        Evidence::Path { glob: "**/*.dist-info/top_level.txt", limit: MIB },
        Evidence::Path { glob: "**/*.egg-link", limit: MIB },
        Evidence::Path { glob: "**/*.egg", limit: 64 * MIB },
    ],
    purls: &["pypi"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Supplier],
    read,
    join: Some(join::join),
};

/// Lines that are noted of one file at most; what names more is told.
const MAX_NOTED: usize = 10_000;

/// Reads one of the files. What depends on where the file stands is left to the join: files with the same bytes are read
/// once, whatever they are called.
fn read(file: &File<'_>, out: &mut Facts) {
    match file.name() {
        "RECORD" | "installed-files.txt" => {
            let lines = lines(file.bytes).filter_map(|l| metadata::listed(&l));
            noted("lists", lines, out);
        }
        "direct_url.json" => metadata::direct_url(file.bytes, out),
        "INSTALLER" => noted("installer", lines(file.bytes).take(1), out),
        "requires.txt" => noted("requires", requirement::of_egg(file.bytes), out),
        "top_level.txt" => noted("top", lines(file.bytes), out),
        name if name.ends_with(".egg-link") => noted("link", lines(file.bytes).take(1), out),
        name if name.ends_with(".egg") => egg(file.bytes, out),
        _ => metadata::read(file.bytes, out),
    }
}

/// Reads an egg that was left zipped.
fn egg(bytes: &[u8], out: &mut Facts) {
    let archive = match Archive::open(bytes) {
        Ok(archive) => archive,
        Err(fault) => return out.trouble(None, fault.to_string()),
    };
    let mut budget = Budget::new(32 * MIB);
    for member in archive.members().filter_map(Result::ok) {
        let is_metadata = member.name == b"EGG-INFO/PKG-INFO";
        if !is_metadata && member.name != b"EGG-INFO/requires.txt" {
            continue;
        }
        match archive.read(&member, 16 * MIB, &mut budget) {
            Ok(bytes) if is_metadata && out.records.is_empty() => {
                metadata::read(&bytes, out);
                for record in &mut out.records {
                    record.inner = member.text().into_owned();
                }
            }
            Ok(_) if is_metadata => {}
            Ok(bytes) => noted("requires", requirement::of_egg(&bytes), out),
            Err(fault) => out.trouble(None, format!("{}: {fault}", member.text())),
        }
    }
    if out.records.is_empty() && out.troubles.is_empty() {
        out.trouble(None, "is an archive without an egg's metadata");
    }
}

/// The lines of a file that hold something, as text.
fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let lines = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|l| !l.is_empty() && l.len() <= 8192).map(crate::owned::path)
}

fn noted(kind: &str, lines: impl Iterator<Item = String>, out: &mut Facts) {
    let mut lines = lines;
    let values: Vec<String> = lines.by_ref().take(MAX_NOTED).collect();
    if lines.next().is_some() {
        out.trouble(None, format!("more than {MAX_NOTED} entries; the first are read"));
    }
    // An empty list says something too: that the file is there.
    out.note(kind, values);
}

/// A field as text on one line.
fn text(value: &str) -> Option<String> {
    link::text(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As setuptools 65 made it (`bdist_egg`).
    const EGG: &[u8] = include_bytes!("../tests/data/python/legacy_Two-1.2-py3.11.egg");

    #[test]
    fn a_zipped_egg() {
        let mut out = Facts::default();
        let path = "/usr/lib/python3.11/site-packages/legacy_Two-1.2-py3.11.egg";
        let file = File { path, root: "", which: 13, bytes: EGG };
        read(&file, &mut out);
        let record = &out.records[0];
        assert_eq!((record.name.as_str(), record.version.as_str()), ("legacy-two", "1.2"));
        assert_eq!(record.inner, "EGG-INFO/PKG-INFO");
        assert!(out.noted("requires").iter().any(|r| r.starts_with("requests[socks]>=2")), "{:?}", out.notes);
        assert!(out.troubles.is_empty());
        for end in 0..EGG.len() {
            let mut out = Facts::default();
            read(&File { bytes: EGG.get(..end).unwrap_or_default(), ..file }, &mut out);
            assert!(!out.troubles.is_empty(), "{end}");
        }
    }
}
