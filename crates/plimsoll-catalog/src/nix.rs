//! The Nix store: its entries are the packages, and their names are the records.

use plimsoll_tree::{Node, NodeKind};

use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Gives};
use crate::facts::{Facts, File, Record};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "nix",
    about: "entries of the Nix store",
    // Nothing is read: the tree itself is the evidence.
    evidence: &[],
    purls: &["nix"],
    gives: &[Gives::Files],
    read,
    join: Some(join),
};

const STORE: &str = "/nix/store/";

/// How long the hash in front of a store name is.
const HASH: usize = 32;

/// Outputs that nixpkgs splits packages into. Any other last word belongs to the version.
const OUTPUTS: &[&str] = &[
    "bin", "config", "data", "debug", "dev", "devdoc", "devman", "dist", "doc", "docs", "examples", "fonts", "getent",
    "include", "info", "jdk", "jre", "lib", "libgcc", "locales", "man", "modules", "nc", "out", "pam", "plugins", "py",
    "python", "share", "src", "static", "su", "systemd", "terminfo", "tools", "xgeneral",
];

fn read(_: &File<'_>, _: &mut Facts) {}

/// Places every store entry whose name says a version; the others are scripts, profiles and sources.
fn join(join: &mut Join<'_>) {
    let tree = join.tree;
    let finder = memchr::memmem::Finder::new(STORE);
    let mut found = Vec::new();
    for (path, node) in tree.iter() {
        let Some(at) = finder.find(path.as_bytes()) else { continue };
        let Some((root, name)) = path.get(..at).zip(path.get(at + STORE.len()..)) else { continue };
        if name.contains('/') {
            continue;
        }
        let Some(mut record) = record(name) else { continue };
        let is_file = |n: &Node| n.kind != NodeKind::Directory;
        let files = tree.under(path).filter(|(_, n)| is_file(n)).chain(is_file(node).then_some((path, node)));
        record.owned = files.filter_map(|(p, _)| p.get(at..)).map(str::to_owned).collect();
        found.push((path, root.to_owned(), record, node));
    }
    for (path, root, record, node) in found {
        join.place(record, &root, path, node);
    }
}

/// The package that a store name (`HASH-name-version-output`) tells.
fn record(entry: &str) -> Option<Record> {
    let (hash, name) = entry.split_at_checked(HASH)?;
    let name = name.strip_prefix('-')?;
    let legal = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'z') && !matches!(b, b'e' | b'o' | b't' | b'u');
    // A derivation says how to build, a patch or an archive is what something was built from.
    let made_from = [".drv", ".lock", ".patch", ".diff", ".chroot", ".check"];
    let archive = [".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tgz", ".zip", ".crate", ".gem", ".whl", ".jar"];
    if !hash.bytes().all(legal) || made_from.iter().chain(&archive).any(|e| name.ends_with(e)) {
        return None;
    }
    let (name, version, output) = split(name)?;
    let purl = Purl::new("nix", name).ok()?.with_version(version).with_qualifier("output", output);
    let purl = purl.with_qualifier("outputhash", hash).to_string();
    let mut properties = vec![("nix:outputhash".to_owned(), hash.to_owned())];
    if !output.is_empty() {
        properties.insert(0, ("nix:output".to_owned(), output.to_owned()));
    }
    let (name, version) = (name.to_owned(), version.to_owned());
    Some(Record { ecosystem: Ecosystem::Nix, name, version, purl, properties, ..Record::default() })
}

/// Name, version and output: the version begins after the first hyphen that a digit follows, as `nix-env` reads names.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.match_indices('-').map(|(at, _)| at).find(|at| {
        let next = text.as_bytes().get(at + 1);
        *at > 0 && next.is_some_and(u8::is_ascii_digit)
    })?;
    let (name, version) = (text.get(..at)?, text.get(at + 1..)?);
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    Some(match version.rsplit_once('-') {
        Some((version, output)) if OUTPUTS.binary_search(&output).is_ok() => (name, version, output),
        _ => (name, version, ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_names() {
        assert!(OUTPUTS.is_sorted());
        for (given, expected) in [
            ("glibc-2.38-44", Some(("glibc", "2.38-44", ""))),
            ("glibc-2.38-44-bin", Some(("glibc", "2.38-44", "bin"))),
            ("openssl-3.0.12-dev", Some(("openssl", "3.0.12", "dev"))),
            ("python3.11-requests-2.31.0", Some(("python3.11-requests", "2.31.0", ""))),
            ("gtk+3-3.24.38", Some(("gtk+3", "3.24.38", ""))),
            ("xgcc-12.3.0-libgcc", Some(("xgcc", "12.3.0", "libgcc"))),
            ("user-environment", None),
            ("source", None),
        ] {
            assert_eq!(split(given), expected, "{given}");
        }
    }

    #[test]
    fn only_built_packages() {
        let hash = "0c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xc";
        let found = record(&format!("{hash}-openssl-3.0.12-bin")).unwrap();
        assert_eq!(found.purl, format!("pkg:nix/openssl@3.0.12?output=bin&outputhash={hash}"));
        for other in ["openssl-3.0.12.drv", "openssl-3.0.12.tar.gz", "fix-1.patch", "builder.sh"] {
            assert!(record(&format!("{hash}-{other}")).is_none(), "{other}");
        }
        for bad in ["", "short-1", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-a-1", "0c5gz8ncd8cxcrzhj0pyy3lr8yr9z3xé-a-1"] {
            assert!(record(bad).is_none(), "{bad}");
        }
    }
}
