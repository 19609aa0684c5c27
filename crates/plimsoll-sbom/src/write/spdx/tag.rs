//! SPDX 2.3 as tag-value.

use std::io::{self, Write};

use super::DOCUMENT;
use super::build::{Builder, namespace};
use super::model::{Annotation, Package};

pub(super) fn document(builder: &Builder<'_>, unique: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut tags = Tags { out };
    let name = builder.name();
    tags.line("SPDXVersion", "SPDX-2.3")?;
    tags.line("DataLicense", "CC0-1.0")?;
    tags.line("SPDXID", DOCUMENT)?;
    tags.line("DocumentName", name)?;
    tags.line("DocumentNamespace", &namespace(name, unique))?;
    let creation = builder.creation();
    creation.creators.iter().try_for_each(|creator| tags.line("Creator", creator))?;
    tags.line("Created", &creation.created)?;
    builder.annotations().try_for_each(|a| tags.annotation(DOCUMENT, &a))?;
    builder.packages().try_for_each(|p| tags.package(&p))?;
    for license in builder.extracted() {
        tags.gap()?;
        tags.line("LicenseID", license.id)?;
        tags.text("ExtractedText", license.text)?;
        tags.line("LicenseName", license.name)?;
    }
    tags.gap()?;
    for relation in builder.relationships() {
        tags.line("Relationship", &format!("{} {} {}", relation.from, relation.kind, relation.to))?;
        relation.comment.map_or(Ok(()), |comment| tags.text("RelationshipComment", comment))?;
    }
    Ok(())
}

struct Tags<'w> {
    out: &'w mut dyn Write,
}

impl Tags<'_> {
    fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// A value that ends with its line: what would end it earlier becomes a space.
    fn line(&mut self, tag: &str, value: &str) -> io::Result<()> {
        let value = value.replace(|c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}'), " ");
        writeln!(self.out, "{tag}: {}", value.trim())
    }

    /// A value between marks; the mark that ends it is broken up where it stands inside.
    fn text(&mut self, tag: &str, value: &str) -> io::Result<()> {
        writeln!(self.out, "{tag}: <text>{}</text>", value.replace("</text>", "</ text>"))
    }

    fn some(&mut self, tag: &str, value: Option<&str>) -> io::Result<()> {
        value.filter(|v| !v.is_empty()).map_or(Ok(()), |value| self.text(tag, value))
    }

    fn annotation(&mut self, about: &str, annotation: &Annotation) -> io::Result<()> {
        self.line("Annotator", &annotation.annotator)?;
        self.line("AnnotationDate", &annotation.date)?;
        self.line("AnnotationType", annotation.kind)?;
        self.line("SPDXREF", about)?;
        self.text("AnnotationComment", &annotation.comment)
    }

    fn package(&mut self, package: &Package<'_>) -> io::Result<()> {
        self.gap()?;
        self.line("PackageName", &package.name)?;
        self.line("SPDXID", &package.id)?;
        if !package.version.is_empty() {
            self.line("PackageVersion", &package.version)?;
        }
        if !package.supplier.is_empty() {
            self.line("PackageSupplier", &package.supplier)?;
        }
        if let Some(originator) = &package.originator {
            self.line("PackageOriginator", originator)?;
        }
        self.line("PackageDownloadLocation", &package.download)?;
        self.line("FilesAnalyzed", "false")?;
        for checksum in &package.checksums {
            self.line("PackageChecksum", &format!("{}: {}", checksum.algorithm, checksum.value))?;
        }
        if let Some(homepage) = package.homepage {
            self.line("PackageHomePage", homepage)?;
        }
        self.some("PackageSourceInfo", package.source.as_deref())?;
        if !package.declared.is_empty() {
            self.line("PackageLicenseDeclared", &package.declared)?;
        }
        self.some("PackageSummary", package.summary)?;
        self.some("PackageComment", package.comment.as_deref())?;
        for reference in &package.references {
            self.line("ExternalRef", &format!("{} {} {}", reference.category, reference.kind, reference.locator))?;
        }
        if let Some(purpose) = package.purpose {
            self.line("PrimaryPackagePurpose", purpose)?;
        }
        package.annotations.iter().try_for_each(|a| self.annotation(&package.id, a))
    }
}
