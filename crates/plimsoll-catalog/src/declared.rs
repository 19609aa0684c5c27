//! SBOM documents that lie in an image or a directory and say what something consists of.
//!
//! A document is no evidence that a package is installed, and images hold many that describe something else: tests, other
//! platforms, sources. In an image only those are read that lie where a distribution or a build puts the description of
//! the image's own contents; in a directory all are. What they name is marked as declared, and what is installed as well
//! is not listed twice.

use std::collections::HashMap;

use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::document::{self, Declared};
use crate::facts::{Facts, File, Record};

/// The most bytes of a document that are read.
const LIMIT: u64 = 64 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "declared-sbom",
    about: "components that SBOM documents declare",
    evidence: &[
        // Where apko, melange and Wolfi put what each package consists of.
        Evidence::Path { glob: "/var/lib/db/sbom/*.json", limit: LIMIT },
        Evidence::Path { glob: "/usr/share/sbom/*.json", limit: LIMIT },
        Evidence::Path { glob: "/usr/local/share/sbom/*.json", limit: LIMIT },
        Evidence::Directory { glob: "**/*.spdx.json", limit: LIMIT },
        Evidence::Directory { glob: "**/*.cdx.json", limit: LIMIT },
        Evidence::Directory { glob: "**/*.cyclonedx.json", limit: LIMIT },
        Evidence::Directory { glob: "**/*.bom.json", limit: LIMIT },
        Evidence::Directory { glob: "**/*.sbom.json", limit: LIMIT },
        Evidence::Directory { glob: "**/bom.json", limit: LIMIT },
        Evidence::Directory { glob: "**/sbom.json", limit: LIMIT },
    ],
    purls: &[],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes, Gives::Supplier],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    // Documents of wheels belong to the wheel, and another cataloger reads them.
    if !file.path.contains(".dist-info/sboms/") {
        document::read(file.bytes, out);
    }
}

/// Places the components. One that a package manager installed is that package, whatever its qualifiers: databases name
/// the distribution, and documents often do not.
fn join(join: &mut Join<'_>) {
    let mut installed: HashMap<(Ecosystem, String, String), usize> = HashMap::new();
    for (index, placed) in join.placed.iter().enumerate().filter(|(_, p)| !p.record.declared) {
        let Record { ecosystem, name, version, .. } = &placed.record;
        installed.entry((*ecosystem, name.clone(), version.clone())).or_insert(index);
    }
    let known = |record: &Record| {
        let key = (record.ecosystem, record.name.clone(), record.version.clone());
        installed.get(&key).copied().filter(|_| record.ecosystem != Ecosystem::Other)
    };
    let mut seen = HashMap::new();
    for (path, read) in std::mem::take(&mut join.files) {
        if path.ends_with(".json") && !path.contains(".dist-info/sboms/") {
            document::place(join, read, &Declared { holder: None, excluded: false, known: &known }, &mut seen);
        }
    }
}
