//! Java archives: JARs with what is nested and shaded in them, Debian's Maven repository, and lock files.

mod archive;
mod coordinates;
mod identity;
mod known;
mod licenses;
mod lock;
mod manifest;
mod pom;
mod repository;
mod table;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};

/// The largest archive that is read.
const ARCHIVE: u64 = 1024 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "java",
    about: "Java archives, nested and shaded ones included, and Debian's Maven repository",
    evidence: &[
        Evidence::Path { glob: "**/usr/share/maven-repo/**/*.pom", limit: pom::LIMIT },
        Evidence::Path { glob: "**/*.jar", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.war", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.ear", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.par", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.sar", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.nar", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.jpi", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.hpi", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.kar", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.lpkg", limit: ARCHIVE },
        Evidence::Path { glob: "**/*.aar", limit: ARCHIVE },
        Evidence::Directory { glob: "**/pom.xml", limit: pom::LIMIT },
        Evidence::Directory { glob: "**/gradle.lockfile", limit: 16 * MIB },
        Evidence::Directory { glob: "**/buildscript-gradle.lockfile", limit: 16 * MIB },
    ],
    purls: &["maven"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes],
    read,
    join: Some(repository::join),
};

const REPOSITORY_POM: usize = 0;
const PROJECT_POM: usize = 12;
const LOCKS: std::ops::RangeInclusive<usize> = 13..=14;

fn read(file: &File<'_>, out: &mut Facts) {
    match file.which {
        REPOSITORY_POM => repository::read(file, out),
        PROJECT_POM => lock::project(file, out),
        which if LOCKS.contains(&which) => lock::gradle(file, out),
        _ => archive::read(file, out),
    }
}

#[cfg(test)]
mod tests;
