//! The files of packages: a second artefact beside an SBOM, because they are several times as large.
//!
//! JSON Lines. The first line names the image: `{"schemaVersion":"1.0.0","subject":{…}}`. Each other line is a package
//! that owns files: `{"id":"pkg:deb/debian/bash@5.2","files":{"/usr/bin/":["bash","sh"]}}`, where `id` is its package
//! URL (or `name@version` where it has none) and each file's path is its folder with its name put behind. Lines stand in
//! the order of the SBOM, folders and names in the order of the package's paths.

use std::io::{self, Write};

use serde::Serialize;

use super::into_bytes;
use crate::Sbom;
use crate::own::{Files, Subject, VERSION};

#[derive(Serialize)]
struct Head<'a> {
    #[serde(rename = "schemaVersion")]
    version: &'static str,
    subject: Subject<'a>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    files: Files<'a>,
}

/// Writes which package owns which files, as JSON Lines: what other documents leave out. The first line names the image
/// (`{"schemaVersion":…,"subject":…}`); each other is a package with its files by folder
/// (`{"id":"pkg:…","files":{"/usr/bin/":["bash"]}}`).
pub fn write_files(sbom: &Sbom) -> Vec<u8> {
    into_bytes(|out| files(sbom, out))
}

fn files(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let head = Head { version: VERSION, subject: Subject::of(&sbom.subject) };
    line(&head, out)?;
    let owning = sbom.packages.iter().filter(|p| !p.files.is_empty());
    owning.map(|p| Line { id: p.id(), files: Files::of(&p.files) }).try_for_each(|l| line(&l, out))
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
