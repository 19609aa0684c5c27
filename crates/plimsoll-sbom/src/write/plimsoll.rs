//! This program's own JSON: everything the SBOM holds, and what no other format has a place for.

use std::io::{self, Write};

use super::stream::Object;
use crate::attest::ATTESTED;
use crate::own::{self, Body, SCHEMA, VERSION};
use crate::{Form, Sbom};

pub(super) fn json(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let mut document = Object::begin(out)?;
    document.member("$schema", SCHEMA)?;
    document.member("schemaVersion", VERSION)?;
    document.member("tool", &own::Tool::of(&sbom.tool))?;
    if let Some(author) = &sbom.author {
        document.member("author", author)?;
    }
    // To the nanosecond, unlike in other formats: what is read is what was written.
    document.member("created", &sbom.created.to_string())?;
    document.member("subject", &own::Subject::of(&sbom.subject))?;
    if sbom.form == Form::Attested {
        document.member("form", ATTESTED)?;
    }
    if let Some(distro) = &sbom.distro {
        document.member("distro", &own::Distro::of(distro))?;
    }
    document.list("packages", sbom.packages.iter().map(Body::of))?;
    document.some("removed", sbom.removed.iter().map(own::Removed::of))?;
    document.some("problems", sbom.problems.iter().map(own::Problem::of))?;
    document.end()
}
