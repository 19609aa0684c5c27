//! SBOM documents: CycloneDX 1.5 to 1.7, SPDX 2.3 and 3.0 and our own JSON written; those, CycloneDX 1.4, SPDX 2.2 and
//! Syft JSON read.
//!
//! Every format is written from one value, [`Sbom`], and read back into it. The bytes depend on the value alone: the
//! identifiers that the formats ask to be unique are derived from the content, and the time is part of the value.

mod attest;
mod identity;
mod own;
mod read;
mod write;

pub use attest::attestable;
pub use read::{Format, MAX_BYTES, ReadError, read, sniff};
pub use write::{
    IndexEntry, IndexOutput, IndexSbom, Output, Version, write, write_cyclonedx, write_files, write_index, write_purls,
    write_spdx, write_to,
};

use jiff::Timestamp;
use plimsoll_catalog::{Catalog, Distro, Package, Problem};
use plimsoll_oci::{Digest, Platform};
use sha2::{Digest as _, Sha512};

/// What is known of an image's packages, whatever document it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbom {
    /// The image it is about.
    pub subject: Subject,
    /// The distribution.
    pub distro: Option<Distro>,
    /// The packages, sorted as in a catalogue. Documents do not hold [`Package::files`].
    pub packages: Vec<Package>,
    /// Packages that hardening took out. They are not components: they are told as properties.
    pub removed: Vec<Removed>,
    /// What could not be read. A document with problems says that it is incomplete.
    pub problems: Vec<Problem>,
    /// Who wrote the document: the program.
    pub tool: Tool,
    /// Who wrote the document: the organisation, where one is configured.
    pub author: Option<String>,
    /// When. Written to the second.
    pub created: Timestamp,
    /// How much of what was known it holds.
    pub form: Form,
}

/// How much of what was known an SBOM holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// All of it.
    #[default]
    Full,
    /// What [`attestable`] keeps.
    Attested,
}

/// The image an SBOM is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Repository (`registry.example.org/shop/web`) or what the source is called.
    pub name: String,
    /// Tag or version, if there is one; the digest stands in for it in documents.
    pub version: Option<String>,
    /// Digest of the image's manifest.
    pub digest: Option<Digest>,
    /// The SHA-512 digest of the same bytes, which BSI TR-03183-2 asks for; see [`Subject::of_manifest`].
    pub sha512: Option<Digest>,
    /// Platform.
    pub platform: Option<Platform>,
    /// Digests of the uncompressed layers, base first: what the layer numbers of packages mean.
    pub layers: Vec<Digest>,
}

/// A package that hardening took out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removed {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Package URL.
    pub purl: String,
    /// Why.
    pub reason: String,
}

/// A program that wrote a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// Name: `plimsoll`, `syft`.
    pub name: String,
    /// Version; empty where the document does not say.
    pub version: String,
}

impl Subject {
    /// The same with both digests of the image's manifest, taken from its bytes.
    #[must_use]
    pub fn of_manifest(mut self, manifest: &[u8]) -> Self {
        let hex: String = Sha512::digest(manifest).iter().map(|b| format!("{b:02x}")).collect();
        self.digest = Some(Digest::sha256(manifest));
        self.sha512 = format!("sha512:{hex}").parse().ok();
        self
    }
}

impl Sbom {
    /// The SBOM of a catalogue, written by this program at `version`.
    pub fn new(subject: Subject, catalog: Catalog, version: &str, created: Timestamp) -> Self {
        Self {
            subject,
            distro: catalog.distro,
            packages: catalog.packages,
            removed: Vec::new(),
            problems: catalog.problems,
            tool: Tool { name: "plimsoll".to_owned(), version: version.to_owned() },
            author: None,
            created,
            form: Form::Full,
        }
    }

    /// All but the packages.
    fn head(&self) -> Self {
        Self {
            subject: self.subject.clone(),
            distro: self.distro.clone(),
            packages: Vec::new(),
            removed: self.removed.clone(),
            problems: self.problems.clone(),
            tool: self.tool.clone(),
            author: self.author.clone(),
            created: self.created,
            form: self.form,
        }
    }

    /// Whether this SBOM is about the image with `digest`. One that names no digest is about no image in particular.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subject.digest.as_ref() == Some(digest)
    }
}
