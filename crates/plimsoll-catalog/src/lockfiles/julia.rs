//! Julia: `Manifest.toml`.

use super::{add, record};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "julia",
    about: "manifests of Julia",
    evidence: &[Evidence::Directory { glob: "**/Manifest.toml", limit: 16 * MIB }],
    purls: &["julia"],
    gives: &[Gives::Dependencies],
    read,
    join: None,
};

/// `[[deps.Name]]` (or `[[Name]]` in the first format) with `uuid`, `version` and `deps`. Parts of the standard library
/// have no version.
fn read(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    let mut open: Option<(u32, String, Entry)> = None;
    let mut in_list = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("[[").and_then(|l| l.strip_suffix("]]")) {
            close(file, open.take(), out);
            let name = name.strip_prefix("deps.").unwrap_or(name).trim_matches('"');
            open = Some((number, name.to_owned(), Entry::default()));
            in_list = false;
        } else if line.starts_with('[') && line.ends_with(']') && !in_list {
            // `[deps.Name.deps]` names those that one name does not tell apart.
            in_list = false;
        } else if let Some((_, _, entry)) = &mut open {
            let (key, value) = line.split_once('=').map_or(("", line), |(k, v)| (k.trim(), v.trim()));
            match key {
                "uuid" => entry.uuid = value.trim_matches('"').to_owned(),
                "version" => entry.version = value.trim_matches('"').to_owned(),
                "git-tree-sha1" => entry.tree = value.trim_matches('"').to_owned(),
                "deps" => in_list = true,
                _ => {}
            }
            if in_list {
                let names = value.split('"').skip(1).step_by(2).filter_map(plain::token);
                entry.wants.extend(names.map(|n| vec![n]).take(4096));
                in_list = !value.contains(']');
            }
        }
    }
    close(file, open, out);
}

#[derive(Default)]
struct Entry {
    uuid: String,
    version: String,
    tree: String,
    wants: Vec<Vec<String>>,
}

fn close(file: &File<'_>, open: Option<(u32, String, Entry)>, out: &mut Facts) {
    let Some((line, name, entry)) = open else { return };
    if entry.uuid.is_empty() {
        return;
    }
    let made = record(file, Ecosystem::Julia, &name, &entry.version).map(|r| {
        let purl = Purl::new("julia", &r.name).map(|p| p.with_version(&r.version).with_qualifier("uuid", &entry.uuid));
        let tree = plain::token(&entry.tree).map(|t| ("julia:git-tree-sha1".to_owned(), t));
        Record {
            purl: purl.map(|p| p.to_string()).unwrap_or_default(),
            wants: entry.wants,
            properties: tree.into_iter().collect(),
            ..r
        }
    });
    add(out, Some(line), made);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats() {
        let text = b"julia_version = \"1.9.3\"\nmanifest_format = \"2.0\"\n\n[[deps.Base64]]\nuuid = \"2a0f44e3-6c83-55bd-87e4-b1978d98bd5f\"\n\n[[deps.JSON]]\ndeps = [\"Dates\", \"Mmap\"]\ngit-tree-sha1 = \"31e996f0\"\nuuid = \"682c06a0-de6a-54ab-a142-c8b1cf79cde6\"\nversion = \"0.21.4\"\n";
        let out = super::super::read_all(read, 0, text);
        let purls: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            purls,
            [
                "pkg:julia/Base64?uuid=2a0f44e3-6c83-55bd-87e4-b1978d98bd5f",
                "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6"
            ]
        );
        assert_eq!(out.records[1].wants, [vec!["Dates"], vec!["Mmap"]]);
        let out = super::super::read_all(read, 0, b"[[JSON]]\nuuid = \"6\"\nversion = \"1\"\n");
        assert_eq!(out.records[0].name, "JSON");
    }
}
