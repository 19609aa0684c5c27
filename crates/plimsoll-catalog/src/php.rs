//! PHP: Composer's `installed.json` and `composer.lock`, and the registry of PEAR and PECL.

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

mod composer;
mod pear;
mod serialized;

/// Composer's packages.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "php",
    about: "Composer packages: installed ones, and composer.lock in directories",
    evidence: &[
        Evidence::Path { glob: "**/composer/installed.json", limit: 32 * MIB },
        Evidence::Directory { glob: "**/composer.lock", limit: 32 * MIB },
    ],
    purls: &["composer"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes, Gives::Supplier],
    read: |file: &File<'_>, out: &mut Facts| composer::read(file.bytes, out),
    join: Some(join),
};

/// PEAR's packages.
pub(crate) static PEAR: Cataloger = Cataloger {
    name: "pear",
    about: "PEAR and PECL packages",
    evidence: &[
        Evidence::Path { glob: "**/php/.registry/*.reg", limit: 8 * MIB },
        Evidence::Path { glob: "**/php/.registry/*/*.reg", limit: 8 * MIB },
    ],
    purls: &["pear"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Supplier],
    read: |file: &File<'_>, out: &mut Facts| pear::read(file.bytes, out),
    join: Some(join_pear),
};

/// Places packages; each `vendor` directory is a scope of its own.
fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        // Composer's own tests, and those of its plugins, hold such files to be read by tests.
        if path.split('/').any(|c| matches!(c, "test" | "tests" | "Test" | "Tests" | "fixtures" | "Fixtures"))
            && path.matches("/vendor/").count() > 1
        {
            continue;
        }
        for record in &mut read.facts.records {
            path.clone_into(&mut record.scope);
        }
        read.root.clear();
        join.place_all(read);
    }
}

fn join_pear(join: &mut Join<'_>) {
    for (_, mut read) in std::mem::take(&mut join.files) {
        read.root.clear();
        join.place_all(read);
    }
}

/// `pkg:composer/vendor/name@version`, `pkg:pear/channel/name@version`.
fn purl(kind: &str, namespace: &str, name: &str, version: &str) -> String {
    let purl = Purl::new(kind, name).map(|p| p.with_namespace(namespace).with_version(version));
    purl.map(|p| p.to_string()).unwrap_or_default()
}
