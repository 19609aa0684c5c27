//! Installed Python distributions: `*.dist-info`, `*.egg-info` and unpacked eggs, and what lies beside their metadata.
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
        _ => metadata::read(file.bytes, out),
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
