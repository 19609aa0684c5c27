//! Haskell: `stack.yaml.lock` and `cabal.project.freeze`.

use super::{add, record};
use crate::cataloger::{Cataloger, Evidence, MIB};
use crate::facts::{Facts, File};
use crate::{Ecosystem, outline, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "haskell",
    about: "lock files of Stack and Cabal",
    evidence: &[
        Evidence::Directory { glob: "**/stack.yaml.lock", limit: 16 * MIB },
        Evidence::Directory { glob: "**/cabal.project.freeze", limit: 16 * MIB },
    ],
    purls: &["hackage"],
    gives: &[],
    read,
    join: None,
};

const STACK: usize = 0;

/// Reads one of them.
fn read(file: &File<'_>, out: &mut Facts) {
    if file.which == STACK { stack(file, out) } else { cabal(file, out) }
}

/// `- completed:` with `hackage: name-1.2@sha256:HEX,SIZE`; the digest is of the cabal file, not of the package.
fn stack(file: &File<'_>, out: &mut Facts) {
    let mut section = "";
    for line in outline::lines(file.bytes) {
        match line.key {
            "completed" | "original" => section = line.key,
            "hackage" if section == "completed" => {
                let text = line.value.split('@').next().unwrap_or_default();
                let made = text.rsplit_once('-').and_then(|(n, v)| record(file, Ecosystem::Hackage, n, v));
                add(out, Some(line.number), made);
            }
            _ => {}
        }
    }
}

/// `constraints: any.name ==1.2,` and further lines; flags stand there too.
fn cabal(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        let line = line.strip_prefix("constraints:").unwrap_or(line).trim();
        for constraint in line.split(',') {
            let Some((name, version)) = constraint.trim().split_once("==") else { continue };
            let name = name.trim();
            let name = name.strip_prefix("any.").unwrap_or(name);
            add(out, Some(number), record(file, Ecosystem::Hackage, name, plain::before(version, &[])));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_all;
    use super::*;

    #[test]
    fn both_files() {
        let stack = format!(
            "packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:{},613\n    pantry-tree:\n      sha256: {}\n      size: 226\n  original:\n    hackage: acme-missiles-0.3\nsnapshots: []\n",
            "a".repeat(64),
            "b".repeat(64)
        );
        let out = read_all(read, 0, stack.as_bytes());
        assert_eq!(out.records.iter().map(|r| r.purl.as_str()).collect::<Vec<_>>(), ["pkg:hackage/acme-missiles@0.3"]);
        let freeze = b"active-repositories: hackage.haskell.org:merge\nconstraints: any.aeson ==2.1.2.1,\n             aeson -cffi,\n             any.base ==4.17.2.0\nindex-state: x\n";
        let out = read_all(read, 1, freeze);
        assert_eq!(out.records.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["aeson", "base"]);
    }
}
