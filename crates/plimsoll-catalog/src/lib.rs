//! Catalogers: installed packages read from the merged tree.
//!
//! One module per ecosystem. A cataloger reads only evidence the package manager itself wrote; what it cannot read it
//! names in [`Catalog::problems`] and never drops silently.
//!
//! Use: keep the bytes of the files that [`wants`] asks for while the tree is built, then call [`catalog`].

pub mod apk;
pub mod copyright;
pub mod deb822;
pub mod dpkg;
pub mod license;
pub mod release;

mod evidence;
pub mod link;
mod owned;
mod read;

pub use evidence::wants;
pub use read::catalog;

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

/// The package manager whose record this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// dpkg (`status`, `status.d`).
    Deb,
    /// apk (`lib/apk/db/installed`).
    Apk,
    /// A package known only from a document that came in, by its purl type.
    Other,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package manager.
    pub ecosystem: Ecosystem,
    /// Binary package name.
    pub name: String,
    /// Version as installed, epoch included.
    pub version: String,
    /// Architecture: `amd64`, `all`, `x86_64`.
    pub arch: String,
    /// The source package it was built from (the name advisories use); equal to name and version when the record names none.
    pub source: SourcePackage,
    /// Declared licences, as found; SPDX expressions where they could be normalised. Sorted.
    pub licenses: Vec<String>,
    /// Who maintains it: `Name <mail>`.
    pub maintainer: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// Names of installed packages it depends on (already resolved to installed names; provides followed). Sorted.
    pub depends: Vec<String>,
    /// Paths the package owns that exist in the tree. Sorted.
    pub files: Vec<String>,
    /// Paths of the records that are its evidence. Sorted.
    pub evidence: Vec<String>,
    /// Index of the layer that first introduced its evidence.
    pub first_layer: u32,
    /// Index of the layer that last changed its evidence.
    pub layer: u32,
    /// Package URL, in the spelling Grype and Dependency-Track expect.
    pub purl: String,
}

/// The source package of a binary package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
