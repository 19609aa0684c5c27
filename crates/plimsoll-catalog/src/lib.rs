//! Catalogers: installed packages read from the merged tree.
//!
//! One module per ecosystem. A cataloger reads only evidence the package manager itself wrote; what it cannot read it
//! names in [`Catalog::problems`] and never drops silently.
//!
//! It goes in two steps. [`Extractor`] reads each file that is evidence while its layer streams past and keeps [`Facts`],
//! which depend on that file alone; [`assemble`] puts the facts of all files that the merged tree still holds together.
//! [`catalog`] does both over a tree whose contents were kept.

pub mod cataloger;
pub mod facts;
pub mod license;

mod alpm;
mod apk;
mod assemble;
mod binary;
mod bitnami;
mod bottlerocket;
mod catalog;
mod codec;
mod conda;
mod copyright;
mod cpe;
mod deb822;
mod declared;
mod digest;
mod document;
mod dotnet;
mod dpkg;
mod ecosystem;
mod elf;
mod erlang;
mod evidence;
mod extract;
mod fields;
mod glob;
mod go;
mod graalvm;
mod homebrew;
mod java;
mod jvm;
mod kernel;
mod layer;
mod licenses;
mod link;
mod lockfiles;
mod lua;
mod merge;
mod model;
mod nix;
mod note;
mod npm;
mod ocaml;
mod outline;
mod owned;
mod pe;
mod perl;
mod php;
mod plain;
mod portage;
mod problems;
mod python;
mod query;
mod r;
mod release;
mod rpm;
mod ruby;
mod rust;
mod snap;
mod system;
mod wheel_sbom;
mod wordpress;
mod zip;

pub use assemble::{FactsByContent, Join, Placed, Read, assemble, assemble_and_drop};
pub use catalog::catalog;
pub use cataloger::CATALOGERS;
pub use ecosystem::Ecosystem;
pub use evidence::{Mode, wants};
pub use extract::{Extracted, Extracting, Extractor};
pub use facts::{Facts, File, Record};
pub use layer::{LayerFacts, merge_layers, read_layer, read_layer_again};
pub use query::{Answer, Query, QueryError};

/// Changes whenever the facts read from the same bytes would be others. Facts kept under another number are not used.
pub const FACTS_VERSION: u32 = 2;

/// What an image holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The distribution, if the image says which it is.
    pub distro: Option<Distro>,
    /// Packages sorted by ecosystem, name, version, architecture; no package twice.
    pub packages: Vec<Package>,
    /// What could not be read, and why.
    pub problems: Vec<Problem>,
}

/// A distribution as `/etc/os-release` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distro {
    /// `ID`: `debian`, `alpine`.
    pub id: String,
    /// `VERSION_ID`: `12`, `3.10.4`. Empty for rolling releases.
    pub version_id: String,
    /// `VERSION_CODENAME`: `bookworm`.
    pub codename: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty_name: Option<String>,
}

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name as the ecosystem writes it in full: `libc6`, `@babel/core`, `org.ow2.asm:asm`.
    pub name: String,
    /// Version as installed, epoch included. Empty where the evidence does not say.
    pub version: String,
    /// Architecture: `amd64`, `all`, `x86_64`. Empty for most language packages.
    pub arch: String,
    /// The source package it was built from (the name advisories use); equal to name and version when the record names none.
    pub source: SourcePackage,
    /// Package URL, in the spelling Grype and Dependency-Track expect.
    pub purl: String,
    /// CPE names (2.3): what the evidence states, sorted; then at most eight under which the package may be listed, best
    /// first.
    pub cpes: Vec<String>,
    /// Declared licences, as found; SPDX expressions where they could be normalised. Sorted.
    pub licenses: Vec<String>,
    /// Who maintains it: `Name <mail>`.
    pub maintainer: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// Where it was downloaded from.
    pub download: Option<String>,
    /// Digests of the package's own artefact. Sorted.
    pub hashes: Vec<Hash>,
    /// Packages it depends on, by their [`Package::id`]. Sorted.
    pub depends: Vec<String>,
    /// The package that holds it (the wheel of an embedded SBOM, the JAR of a JAR), by its [`Package::id`].
    pub within: Option<String>,
    /// Packages of the operating system, or of conda, that own all of its evidence, by their [`Package::id`]. Sorted.
    pub owners: Vec<String>,
    /// Whether it is only declared by what holds it, and was not itself examined.
    pub declared: bool,
    /// Paths the package owns that exist in the tree. Sorted.
    pub files: Vec<String>,
    /// Paths of the records that are its evidence; `outer!inner` for what stands inside a file. Sorted.
    pub evidence: Vec<String>,
    /// Index of the layer that first introduced its evidence.
    pub first_layer: u32,
    /// Index of the layer that last changed its evidence.
    pub layer: u32,
    /// What else is known, by name. Sorted.
    pub properties: Vec<(String, String)>,
}

impl Package {
    /// What other packages know it by: its package URL, or `name@version` where it has none.
    pub fn id(&self) -> String {
        if self.purl.is_empty() { format!("{}@{}", self.name, self.version) } else { self.purl.clone() }
    }
}

/// A digest of a package's artefact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash {
    /// The algorithm, as CycloneDX names it: `SHA-256`.
    pub algorithm: HashAlgorithm,
    /// The digest in lower-case hex.
    pub hex: String,
}

/// Algorithms that package managers record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// MD5: told because records hold it, not because it proves anything.
    Md5,
    /// SHA-1, likewise.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// Every algorithm, in the order of the enumeration.
    pub const ALL: &[Self] = &[Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];
}

/// The source package of a binary package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePackage {
    /// Source name: `openssl` for `libssl3`.
    pub name: String,
    /// Source version (differs from the binary's for binNMUs).
    pub version: String,
}

/// Evidence that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path of the evidence.
    pub path: String,
    /// Line, from 1, where one is meant.
    pub line: Option<u32>,
    /// Why.
    pub why: String,
}
