//! SPDX 3.0.1 as JSON-LD.

mod build;
mod model;

use std::io::{self, Write};

use self::build::Builder;
use super::stream::{self, Object};
use super::view::View;
use crate::Sbom;

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

pub(super) fn json(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let view = View::new(sbom);
    stream::identified(out, |unique, out| {
        let builder = Builder::new(&view, unique);
        let mut document = Object::begin(out)?;
        document.member("@context", CONTEXT)?;
        document.list("@graph", builder.nodes())?;
        document.end()
    })?;
    Ok(())
}
