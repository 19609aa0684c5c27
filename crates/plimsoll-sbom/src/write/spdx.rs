//! SPDX 2.3, as JSON and as tag-value.

mod build;
mod model;
mod tag;

use std::io::{self, Write};

use self::build::Builder;
use super::stream::{self, Object};
use super::view::View;
use crate::Sbom;

pub(super) use self::build::{
    OWNS, base, checksum, declared, document_name, namespace, purl_reference, reference, relation, tool, written,
};
pub(super) use self::model::{Creation, Package};

pub(super) const DOCUMENT: &str = "SPDXRef-DOCUMENT";

pub(super) fn json(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let builder = Builder::new(View::new(sbom));
    stream::identified(out, |unique, out| {
        let mut document = head(document_name(sbom), unique, out)?;
        document.member("creationInfo", &builder.creation())?;
        document.list("packages", builder.packages())?;
        document.some("hasExtractedLicensingInfos", builder.extracted())?;
        document.list("relationships", builder.relationships())?;
        document.some("annotations", builder.annotations())?;
        document.end()
    })?;
    Ok(())
}

/// What every JSON document begins with.
pub(super) fn head<'w>(name: &str, unique: &str, out: &'w mut dyn Write) -> io::Result<Object<'w>> {
    let mut document = Object::begin(out)?;
    document.member("spdxVersion", "SPDX-2.3")?;
    document.member("dataLicense", "CC0-1.0")?;
    document.member("SPDXID", DOCUMENT)?;
    document.member("name", name)?;
    document.member("documentNamespace", &namespace(name, unique))?;
    Ok(document)
}

pub(super) fn tag_value(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let builder = Builder::new(View::new(sbom));
    stream::identified(out, |unique, out| tag::document(&builder, unique, out))?;
    Ok(())
}
