//! The list of catalogers, and what one is.

use crate::assemble::Join;
use crate::facts::{Facts, File};
use crate::lockfiles::{cocoapods, conan, dart, gomod, haskell, julia, swift, vcpkg};
use crate::{
    alpm, apk, binary, bitnami, bottlerocket, conda, declared, dotnet, dpkg, erlang, go, graalvm, homebrew, java, jvm,
    kernel, lua, model, nix, note, npm, ocaml, pe, perl, php, portage, python, r, release, rpm, ruby, rust, snap,
    wheel_sbom, wordpress,
};

/// One ecosystem's reader: what is evidence, and how it is read. All of it is data, so that the capability table is
/// generated from here.
pub struct Cataloger {
    /// Its name: `dpkg`.
    pub name: &'static str,
    /// What it reads, for the table.
    pub about: &'static str,
    /// Which files are evidence.
    pub evidence: &'static [Evidence],
    /// Types of the package URLs it makes.
    pub purls: &'static [&'static str],
    /// What it says of a package besides name and version.
    pub gives: &'static [Gives],
    /// Reads one file. Total: every input gives some facts, in time and memory proportional to the file.
    pub read: fn(&File<'_>, &mut Facts),
    /// Sees all of its files together, once the tree is known. Without one every record becomes a package as it is.
    pub join: Option<fn(&mut Join<'_>)>,
}

/// Files that a cataloger reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Files whose path matches: `**/` in front stands for any root, `*` for anything inside one component, `**` for any
    /// number of components. At most `limit` bytes long.
    Path {
        /// The pattern.
        glob: &'static str,
        /// The most bytes that are read; a larger file is told as a problem.
        limit: u64,
    },
    /// The same, but only when a directory is scanned: lock files say what would be installed, not what is.
    Directory {
        /// The pattern.
        glob: &'static str,
        /// The most bytes that are read.
        limit: u64,
    },
    /// The same, but only the file's beginning is read, however long the file is.
    Head {
        /// The pattern.
        glob: &'static str,
        /// How many bytes are read at most.
        bytes: u64,
    },
    /// Executables and libraries, known by their first bytes.
    Executable {
        /// The format.
        format: Format,
        /// The most bytes that are read.
        limit: u64,
    },
}

/// A format of executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `\x7fELF`
    Elf,
    /// `MZ`
    Pe,
    /// Mach-O, thin or universal.
    MachO,
    /// `\0asm`
    Wasm,
}

impl Format {
    /// The format of a file that begins so.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [b'M', b'Z', ..] => Some(Self::Pe),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]
            // A universal binary; a Java class begins so too, but names a version above 40 where this has a count.
            | [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1..=30, ..] => Some(Self::MachO),
            [0, b'a', b's', b'm', ..] => Some(Self::Wasm),
            _ => None,
        }
    }

    /// Its name in the capability table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::MachO => "Mach-O",
            Self::Wasm => "WebAssembly",
        }
    }
}

/// What a cataloger says of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gives {
    /// Declared licences.
    Licences,
    /// Edges to other packages.
    Dependencies,
    /// Files that the package owns.
    Files,
    /// Digests of the package's artefact.
    Hashes,
    /// Who supplies it.
    Supplier,
}

/// One MiB.
pub const MIB: u64 = 1 << 20;

/// Every cataloger. Documents inside wheels are read after Python's distributions, other documents after everything
/// that is installed; else the order decides nothing but that of the capability table.
pub static CATALOGERS: &[&Cataloger] = &[
    &release::CATALOGER,
    &dpkg::CATALOGER,
    &apk::CATALOGER,
    &rpm::CATALOGER,
    &alpm::CATALOGER,
    &portage::CATALOGER,
    &nix::CATALOGER,
    &snap::CATALOGER,
    &bottlerocket::CATALOGER,
    &homebrew::CATALOGER,
    &python::CATALOGER,
    &wheel_sbom::CATALOGER,
    &conda::CATALOGER,
    &npm::CATALOGER,
    &java::CATALOGER,
    &jvm::CATALOGER,
    &graalvm::CATALOGER,
    &go::CATALOGER,
    &rust::CATALOGER,
    &ruby::CATALOGER,
    &php::CATALOGER,
    &php::PEAR,
    &dotnet::CATALOGER,
    &pe::CATALOGER,
    &r::CATALOGER,
    &lua::CATALOGER,
    &erlang::CATALOGER,
    &perl::CATALOGER,
    &ocaml::CATALOGER,
    &wordpress::CATALOGER,
    &kernel::CATALOGER,
    &model::CATALOGER,
    &binary::CATALOGER,
    &bitnami::CATALOGER,
    // After all package managers: it asks what they own.
    &note::CATALOGER,
    &gomod::CATALOGER,
    &haskell::CATALOGER,
    &dart::CATALOGER,
    &swift::CATALOGER,
    &cocoapods::CATALOGER,
    &conan::CATALOGER,
    &vcpkg::CATALOGER,
    &julia::CATALOGER,
    &python::lock::CATALOGER,
    &conda::lock::CATALOGER,
    &declared::CATALOGER,
];

impl std::fmt::Debug for Cataloger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cataloger").field("name", &self.name).field("evidence", &self.evidence).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cataloger_stands_once() {
        let mut names: Vec<&str> = CATALOGERS.iter().map(|c| c.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGERS.len());
    }
}
