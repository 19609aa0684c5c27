//! What catalogers read out of single files, before the files are seen together.
//!
//! Facts depend on one file's path and bytes alone, so that they can be taken while a layer streams past, on any thread,
//! and kept for the next image with the same layer;
//! [`crate::FACTS_VERSION`] says when they change.

use crate::{Ecosystem, Hash, SourcePackage};

/// A file that is evidence.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its path in the layer, absolute.
    pub path: &'a str,
    /// The root file system it belongs to: what the leading `**` of its pattern stood for. Empty for the image's own.
    pub root: &'a str,
    /// Which of the cataloger's patterns it matched, by index.
    pub which: usize,
    /// All of its bytes.
    pub bytes: &'a [u8],
}

impl<'a> File<'a> {
    /// The last component of its path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The directory it lies in, without a trailing slash; empty for the root.
    pub fn dir(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

/// What one cataloger read in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Packages the file is evidence of.
    pub records: Vec<Record>,
    /// Other things it says, for the cataloger's own join.
    pub notes: Vec<Note>,
    /// What could not be read: line, where one is meant, and why.
    pub troubles: Vec<(Option<u32>, String)>,
}

impl Facts {
    /// Tells that something could not be read.
    pub fn trouble(&mut self, line: Option<u32>, why: impl Into<String>) {
        self.troubles.push((line, why.into()));
    }

    /// Keeps something for the join.
    pub fn note(&mut self, kind: &str, values: Vec<String>) {
        self.notes.push(Note { kind: kind.to_owned(), values });
    }

    /// The values of the first note of a kind.
    pub fn noted(&self, kind: &str) -> &[String] {
        self.notes.iter().find(|n| n.kind == kind).map_or(&[], |n| &n.values)
    }

    /// Takes the values of the first note of a kind out.
    pub fn take(&mut self, kind: &str) -> Vec<String> {
        let note = self.notes.iter_mut().find(|n| n.kind == kind);
        note.map(|n| std::mem::take(&mut n.values)).unwrap_or_default()
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.notes.is_empty() && self.troubles.is_empty()
    }
}

/// Something a file says besides packages; what its values are is the cataloger's affair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// What it is: `owned`, `licenses`.
    pub kind: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A package as one file tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name as the ecosystem writes it in full: `@babel/core`, `org.ow2.asm:asm`, `golang.org/x/net`.
    pub name: String,
    /// Its version as written; empty where the evidence does not say.
    pub version: String,
    /// Its architecture, for packages of an operating system.
    pub arch: String,
    /// The source package, where it differs.
    pub source: Option<SourcePackage>,
    /// Its package URL. Packages of an operating system get theirs when the distribution is known, and leave this empty.
    pub purl: String,
    /// CPEs that the evidence itself states. Candidates are made later.
    pub cpes: Vec<String>,
    /// Declared licences: SPDX expressions where they could be normalised, else as found.
    pub licenses: Vec<String>,
    /// Who supplies it: `Name <mail>`.
    pub maintainer: Option<String>,
    /// One line.
    pub description: Option<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// Where it was downloaded from.
    pub download: Option<String>,
    /// Digests of the package's own artefact.
    pub hashes: Vec<Hash>,
    /// Where in the file it stands, for files that hold others: `BOOT-INF/lib/a.jar`. Empty for the file itself.
    pub inner: String,
    /// What it depends on by name: groups of alternatives. Resolved among the records of its ecosystem and `scope`.
    pub wants: Vec<Vec<String>>,
    /// Names besides its own under which others may depend on it.
    pub provides: Vec<String>,
    /// Where names are resolved: a directory for most language packages, empty for the root file system.
    pub scope: String,
    /// What it depends on among the records of the same file, by index.
    pub needs: Vec<u32>,
    /// The record of the same file that holds it, by index.
    pub within: Option<u32>,
    /// Paths that it owns, as recorded (absolute inside its root file system).
    pub owned: Vec<String>,
    /// Whether it is only declared by its container (an SBOM inside a wheel) and was not itself examined.
    pub declared: bool,
    /// Anything else worth telling, by a name of its own (`rpm:modularity`). Sorted by name.
    pub properties: Vec<(String, String)>,
}
