//! CycloneDX 1.5, 1.6 and 1.7.

mod build;
mod model;
mod xml;

use std::io::{self, Write};

use self::build::Builder;
use super::stream::{self, Object};
use super::view::View;
use crate::Sbom;

pub(super) use self::build::digest;
pub(super) use self::model::{Component, External, Property};

/// A version of CycloneDX that is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.5, for readers that do not know newer ones.
    V1_5,
    /// 1.6: the oldest that BSI TR-03183-2 allows.
    #[default]
    V1_6,
    /// 1.7.
    V1_7,
}

impl Version {
    /// The versions that are written.
    pub const ALL: [Self; 3] = [Self::V1_5, Self::V1_6, Self::V1_7];

    /// Its number: `1.6`.
    pub fn number(self) -> &'static str {
        match self {
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

pub(super) fn json(sbom: &Sbom, version: Version, out: &mut dyn Write) -> io::Result<()> {
    let builder = builder(sbom, version);
    stream::identified_at_the_head(out, |unique, out| {
        let mut document = head(version, unique, out)?;
        document.member("metadata", &builder.metadata())?;
        document.list("components", builder.components())?;
        document.list("dependencies", builder.dependencies())?;
        document.list("compositions", builder.compositions())?;
        document.some("properties", builder.notes())?;
        document.end()
    })
}

/// What all parts of a document are made by.
pub(super) fn builder(sbom: &Sbom, version: Version) -> Builder<'_> {
    Builder::new(View::new(sbom), version)
}

/// What every JSON document begins with.
pub(super) fn head<'w>(version: Version, unique: &str, out: &'w mut dyn Write) -> io::Result<Object<'w>> {
    let number = version.number();
    let mut document = Object::begin(out)?;
    document.member("$schema", &format!("http://cyclonedx.org/schema/bom-{number}.schema.json"))?;
    document.member("bomFormat", "CycloneDX")?;
    document.member("specVersion", number)?;
    document.member("serialNumber", &format!("urn:uuid:{unique}"))?;
    document.member("version", &1)?;
    Ok(document)
}

pub(super) fn xml(sbom: &Sbom, out: &mut dyn Write) -> io::Result<()> {
    let builder = builder(sbom, Version::V1_6);
    stream::identified(out, |unique, out| xml::document(&builder, unique, out))?;
    Ok(())
}
