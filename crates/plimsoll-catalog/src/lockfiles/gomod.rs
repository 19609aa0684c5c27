//! Go: `go.mod`, with the checksums of the `go.sum` beside it.

use std::collections::BTreeMap;

use super::{add, record};
use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, MIB};
use crate::facts::{Facts, File};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "go-mod",
    about: "Go modules that a module requires",
    evidence: &[
        Evidence::Directory { glob: "**/go.mod", limit: 4 * MIB },
        Evidence::Directory { glob: "**/go.sum", limit: 16 * MIB },
    ],
    purls: &["golang"],
    gives: &[],
    read,
    join: Some(join),
};

const MOD: usize = 0;

/// Reads one of them.
fn read(file: &File<'_>, out: &mut Facts) {
    if file.which == MOD { requirements(file, out) } else { sums(file, out) }
}

/// `require` and `replace`, in blocks or on lines of their own; of a replaced module the replacement is what is built.
fn requirements(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    let (mut block, mut own) = ("", "");
    let mut required: Vec<(u32, &str, &str, bool)> = Vec::new();
    let mut replaced: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let (line, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = line.split_ascii_whitespace().map(|w| w.trim_matches(['"', '`'])).take(8).collect();
        let words = match words.as_slice() {
            [verb, "("] => {
                block = match *verb {
                    "require" => "require",
                    "replace" => "replace",
                    _ => "other",
                };
                continue;
            }
            [")"] => {
                block = "";
                continue;
            }
            words => words,
        };
        let (verb, words) = match words.split_first() {
            Some((verb, rest)) if block.is_empty() => (*verb, rest),
            _ => (block, words),
        };
        match (verb, words) {
            ("module", [path]) => own = path,
            ("require", [path, version]) if required.len() < super::MOST => {
                required.push((number, path, version, comment.trim() == "indirect"));
            }
            ("replace", [old, "=>", path, version]) => {
                replaced.insert((old, ""), (path, version));
            }
            ("replace", [old, version, "=>", path, new]) => {
                replaced.insert((old, version), (path, new));
            }
            ("require", []) => {}
            ("require", _) => out.trouble(Some(number), "a requirement is not a path and a version; left out"),
            _ => {}
        }
    }
    if own.is_empty() {
        return out.trouble(None, "names no module");
    }
    for (number, path, version, indirect) in required {
        let other = replaced.get(&(path, version)).or_else(|| replaced.get(&(path, "")));
        let (path, version) = other.copied().unwrap_or((path, version));
        let made = record(file, Ecosystem::Golang, path, version).and_then(|mut r| {
            let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
            r.purl = Purl::new("golang", name).ok()?.with_namespace(namespace).with_version(version).to_string();
            if indirect {
                r.properties.push(("golang:indirect".to_owned(), "true".to_owned()));
            }
            Some(r)
        });
        add(out, Some(number), made);
    }
}

/// `path version h1:BASE64=`; those of `go.mod` files say nothing of the module's code.
fn sums(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    let mut found = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().take(4).collect();
        if let [path, version, sum] = words.as_slice()
            && !version.ends_with("/go.mod")
            && sum.starts_with("h1:")
            && sum.len() < 64
        {
            found.push(format!("{path} {version} {sum}"));
        }
    }
    out.note("sums", found);
}

/// Gives each module the checksum of the tree that its `go.sum` records.
fn join(join: &mut Join<'_>) {
    let (mods, sums): (Vec<_>, Vec<_>) = std::mem::take(&mut join.files).into_iter().partition(|(_, r)| r.which == MOD);
    let sums: BTreeMap<&str, _> = sums.into_iter().collect();
    for (path, mut read) in mods {
        let beside = path.strip_suffix("go.mod").and_then(|d| sums.get(format!("{d}go.sum").as_str()));
        let noted = beside.map(|b| b.facts.noted("sums")).unwrap_or_default();
        let known: BTreeMap<&str, &str> = noted.iter().filter_map(|s| s.rsplit_once(' ')).collect();
        for record in &mut read.facts.records {
            if let Some(sum) = known.get(format!("{} {}", record.name, record.version).as_str()) {
                record.properties.insert(0, ("golang:h1".to_owned(), (*sum).to_owned()));
            }
        }
        join.place_all(read);
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_all;
    use super::*;

    #[test]
    fn requirements_and_sums() {
        let text = b"module example.org/x\n\ngo 1.22\n\nrequire golang.org/x/net v0.20.0\nrequire (\n\tgithub.com/a/b/v2 v2.1.0 // indirect\n\tgithub.com/old/c v1.0.0\n)\nreplace github.com/old/c => github.com/new/c v1.1.0\nexclude x v1\n";
        let out = read_all(read, 0, text);
        let purls: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            purls,
            [
                "pkg:golang/golang.org/x/net@v0.20.0",
                "pkg:golang/github.com/a/b/v2@v2.1.0",
                "pkg:golang/github.com/new/c@v1.1.0"
            ]
        );
        assert!(out.troubles.is_empty());
        let sum = b"golang.org/x/net v0.20.0 h1:abc=\ngolang.org/x/net v0.20.0/go.mod h1:def=\n";
        assert_eq!(read_all(read, 1, sum).noted("sums"), ["golang.org/x/net v0.20.0 h1:abc="]);
        assert_eq!(read_all(read, 0, b"nonsense\n").troubles.len(), 1);
    }
}
