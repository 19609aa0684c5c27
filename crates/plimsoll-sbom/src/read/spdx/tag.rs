//! SPDX 2 tag-value: lines of a tag, a colon and a value, which may go over lines between `<text>` and `</text>`.

use super::model::{Annotation, Checksum, Creation, Document, Extracted, Package, Reference, Relationship};
use crate::read::markup::Fault;

/// The version that a document names, if it is tag-value: before it only comments and empty lines may stand.
pub(in crate::read) fn version(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let value = lines.next()?.strip_prefix("SPDXVersion:")?.trim();
    Some(value.strip_prefix("SPDX-").unwrap_or(value).to_owned())
}

/// What the tags that come next are about.
enum About {
    Document,
    Package,
    /// A file or a snippet, which are not read.
    Nothing,
}

pub(super) fn read(text: &str) -> Result<Document, Fault> {
    let mut reader = Reader { document: Document::default(), about: About::Document, note: None };
    let mut rest = text;
    while !rest.is_empty() {
        let at = (text.len() - rest.len()) as u64;
        let fault = |why: &str| Fault { at, why: why.to_owned() };
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (tag, value) = line.split_once(':').ok_or_else(|| fault("a line has no tag"))?;
        let value = value.trim();
        let Some(begun) = value.strip_prefix("<text>") else {
            reader.tag(tag.trim(), value).map_err(fault)?;
            continue;
        };
        if let Some(value) = begun.strip_suffix("</text>") {
            reader.tag(tag.trim(), value).map_err(fault)?;
            continue;
        }
        // The line was trimmed; what the text itself begins with was not.
        let start = text[..text.len() - after.len()].rfind(begun).unwrap_or(text.len() - after.len());
        let length = text[start..].find("</text>").ok_or_else(|| fault("a text does not end"))?;
        reader.tag(tag.trim(), &text[start..start + length]).map_err(fault)?;
        let behind = &text[start + length + "</text>".len()..];
        rest = behind.split_once('\n').map_or("", |(_, after)| after);
    }
    reader.finish().map_err(|why| Fault { at: text.len() as u64, why: why.to_owned() })
}

struct Reader {
    document: Document,
    about: About,
    /// An annotation of which not all tags have been read: whom it is about, and what it says.
    note: Option<(Option<String>, Option<String>)>,
}

type Outcome = Result<(), &'static str>;

/// A tag that may stand once.
fn set(slot: &mut Option<String>, value: &str) -> Outcome {
    match slot.replace(value.to_owned()) {
        None => Ok(()),
        Some(_) => Err("a tag stands twice where it may stand once"),
    }
}

impl Reader {
    fn tag(&mut self, tag: &str, value: &str) -> Outcome {
        match tag {
            "DocumentName" => return set(&mut self.document.name, value),
            "Creator" => {
                let creation = self.document.creation.get_or_insert_default();
                creation.creators.get_or_insert_default().push(value.to_owned());
            }
            "Created" => return set(&mut self.document.creation.get_or_insert_default().created, value),
            "PackageName" => {
                let package = Package { name: Some(value.to_owned()), ..Package::default() };
                self.document.packages.get_or_insert_default().push(package);
                self.about = About::Package;
            }
            "FileName" | "SnippetSPDXID" => self.about = About::Nothing,
            "LicenseID" => {
                let license = Extracted { id: Some(value.to_owned()), name: None };
                self.document.extracted.get_or_insert_default().push(license);
                self.about = About::Nothing;
            }
            "LicenseName" => {
                let last = self.document.extracted.as_mut().and_then(|l| l.last_mut());
                return last.map_or(Ok(()), |license| set(&mut license.name, value));
            }
            "Relationship" => return self.relationship(value),
            "RelationshipComment" => {
                let last = self.document.relationships.as_mut().and_then(|l| l.last_mut());
                return last.map_or(Ok(()), |relationship| set(&mut relationship.comment, value));
            }
            "Annotator" => {
                self.keep_note();
                self.note = Some((None, None));
            }
            "SPDXREF" => return self.note.as_mut().map_or(Ok(()), |(about, _)| set(about, value)),
            "AnnotationComment" => return self.note.as_mut().map_or(Ok(()), |(_, comment)| set(comment, value)),
            _ if matches!(self.about, About::Package) => return self.package(tag, value),
            _ => {}
        }
        Ok(())
    }

    fn relationship(&mut self, value: &str) -> Outcome {
        let mut words = value.split_whitespace().map(str::to_owned);
        let (Some(from), Some(kind), Some(to), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err("a relationship has not two elements and a type");
        };
        let relationship = Relationship { from, kind, to, comment: None };
        self.document.relationships.get_or_insert_default().push(relationship);
        Ok(())
    }

    fn package(&mut self, tag: &str, value: &str) -> Outcome {
        let Some(package) = self.document.packages.as_mut().and_then(|l| l.last_mut()) else { return Ok(()) };
        let slot = match tag {
            "SPDXID" => {
                if !std::mem::replace(&mut package.id, value.to_owned()).is_empty() {
                    return Err("a package has two identifiers");
                }
                return Ok(());
            }
            "PackageVersion" => &mut package.version,
            "PackageSupplier" => &mut package.supplier,
            "PackageOriginator" => &mut package.originator,
            "PackageDownloadLocation" => &mut package.download,
            "PackageHomePage" => &mut package.homepage,
            "PackageSourceInfo" => &mut package.source,
            "PackageLicenseDeclared" => &mut package.license,
            "PackageSummary" => &mut package.summary,
            "PackageDescription" => &mut package.description,
            "PackageComment" => &mut package.comment,
            "PrimaryPackagePurpose" => &mut package.purpose,
            "PackageChecksum" => {
                let (algorithm, hex) = value.split_once(':').ok_or("a checksum has no algorithm")?;
                let (algorithm, value) = (Some(algorithm.trim().to_owned()), Some(hex.trim().to_owned()));
                package.checksums.get_or_insert_default().push(Checksum { algorithm, value });
                return Ok(());
            }
            "ExternalRef" => {
                let mut words = value.split_whitespace().skip(1).map(str::to_owned);
                let reference = Reference { kind: words.next(), locator: words.next() };
                package.references.get_or_insert_default().push(reference);
                return Ok(());
            }
            _ => return Ok(()),
        };
        set(slot, value)
    }

    /// Puts an annotation that has been read where it belongs.
    fn keep_note(&mut self) {
        let Some((about, comment)) = self.note.take() else { return };
        let packages = self.document.packages.as_mut();
        // Annotations stand behind what they are about, so that it is nearly always the last.
        let package = about.and_then(|id| packages?.iter_mut().rev().find(|p| p.id == id));
        let list = package.map_or(&mut self.document.annotations, |p| &mut p.annotations);
        list.get_or_insert_default().push(Annotation { comment });
    }

    fn finish(mut self) -> Result<Document, &'static str> {
        self.keep_note();
        let mut packages = self.document.packages.iter().flatten();
        if packages.any(|p| p.id.is_empty()) {
            return Err("a package has no identifier");
        }
        self.document.creation.get_or_insert_with(Creation::default);
        Ok(self.document)
    }
}
