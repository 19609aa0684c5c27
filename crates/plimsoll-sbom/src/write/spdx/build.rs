//! The parts of an SPDX 2.3 document made from an SBOM.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_catalog::{Ecosystem, HashAlgorithm};
use plimsoll_oci::{Algorithm, Digest};
use serde_json::json;

use super::DOCUMENT;
use super::model::{Annotation, Checksum, Creation, Extracted, Package, Reference, Relationship};
use crate::identity;
use crate::write::lean;
use crate::write::note::note;
use crate::write::shared::{self, Party};
use crate::write::view::View;
use crate::{Form, Sbom};

const IMAGE: &str = "SPDXRef-Image";
const SYSTEM: &str = "SPDXRef-OperatingSystem";
const UNKNOWN: &str = "NOASSERTION";

/// Ownership in the words that Syft writes and Grype looks for.
pub(in crate::write) const OWNS: &str = "ownership-by-file-overlap";

/// What all parts of one document share.
pub(super) struct Builder<'a> {
    view: View<'a>,
    ids: Vec<String>,
    /// Licences that SPDX does not know: their references, and what they stand for.
    licenses: BTreeMap<String, &'a str>,
    /// For each package the edges that the attested form does not spend a relationship on.
    implied: Vec<Vec<usize>>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(view: View<'a>) -> Self {
        let ids = view.references.iter().map(|reference| format!("SPDXRef-{reference}")).collect();
        let is_lean = view.sbom.form == Form::Attested;
        let implied = if is_lean { lean::implied(&view.depends) } else { vec![Vec::new(); view.depends.len()] };
        let named = view.sbom.packages.iter().flat_map(|p| &p.licenses).filter(|l| !shared::is_spdx(l));
        let licenses = named.map(|license| (reference(license), license.as_str())).collect();
        Self { view, ids, licenses, implied }
    }

    pub(super) fn name(&self) -> &'a str {
        document_name(self.view.sbom)
    }

    pub(super) fn creation(&self) -> Creation {
        let sbom = self.view.sbom;
        let mut creators = vec![format!("Tool: {}", tool(sbom))];
        creators.extend(shared::author(sbom).map(|party| written(&party)));
        Creation { created: shared::time(sbom.created), creators }
    }

    /// The image, the operating system and the packages.
    pub(super) fn packages(&self) -> impl Iterator<Item = Package<'_>> {
        let packages = (0..self.ids.len()).map(|index| self.package(index));
        std::iter::once(self.image()).chain(self.system()).chain(packages)
    }

    fn image(&self) -> Package<'_> {
        let sbom = self.view.sbom;
        let subject = &sbom.subject;
        let version = subject.digest.as_ref().map(ToString::to_string).or_else(|| subject.version.clone());
        let layers: Vec<String> = subject.layers.iter().map(ToString::to_string).collect();
        let note = json!({
            "plimsoll:format": 3,
            "plimsoll:tag": subject.version,
            "plimsoll:platform": subject.platform.as_ref().map(ToString::to_string),
            "plimsoll:layers": layers,
        });
        let note = shared::with_form(note, sbom);
        Package {
            version: version.unwrap_or_default().into(),
            supplier: shared::author(sbom).map_or_else(|| UNKNOWN.to_owned(), |party| written(&party)),
            checksums: shared::digests(subject).map(checksum).collect(),
            references: shared::image_purl(subject).map(|p| purl_reference(p.into())).into_iter().collect(),
            purpose: Some("CONTAINER"),
            comment: Some(note.to_string()),
            ..base(document_name(sbom), IMAGE)
        }
    }

    fn system(&self) -> Option<Package<'_>> {
        let distro = self.view.sbom.distro.as_ref()?;
        let codename = distro.codename.as_ref().map(|c| json!({"plimsoll:codename": c}).to_string());
        Some(Package {
            version: distro.version_id.as_str().into(),
            supplier: format!("Organization: {}", distro.id),
            summary: distro.pretty_name.as_deref(),
            purpose: Some("OPERATING-SYSTEM"),
            comment: codename,
            ..base(&distro.id, SYSTEM)
        })
    }

    fn package(&self, index: usize) -> Package<'_> {
        let package = self.view.package(index);
        let originator = package.maintainer.as_deref().and_then(shared::party).map(|party| written(&party));
        let is_lean = self.view.sbom.form == Form::Attested;
        // SPDX 2.3 takes the absence for the same.
        let unknown = if is_lean { "" } else { UNKNOWN };
        let mut told = Vec::new();
        if !self.implied[index].is_empty() {
            let targets: Vec<&str> =
                { self.implied[index].iter() }.map(|t| self.view.references[*t].as_str()).collect();
            told.push(("depends", targets.join(",")));
        }
        // Whoever matches these packages does so by their package URLs.
        let is_short =
            is_lean && !matches!(package.ecosystem, Ecosystem::Binary | Ecosystem::Kernel | Ecosystem::Other);
        if is_short {
            let cpes = package.cpes.iter().filter(|cpe| identity::is_cpe23(cpe));
            let version = format!(":{}", package.version);
            told.extend(cpes.map(|cpe| {
                let short = identity::trimmed(cpe);
                // Part, vendor and product, where the version is the package's.
                match short.strip_suffix(&version).filter(|names| names.matches(':').count() == 2) {
                    Some(names) => ("as", names.to_owned()),
                    None => ("cpe", short.to_owned()),
                }
            }));
        }
        let note = note(&self.view, index, &self.ids, originator.as_deref(), told);
        let is_readable = package.purl.parse::<plimsoll_version::purl::Purl>().is_ok();
        let mut references = Vec::new();
        references.extend(Some(package.purl.as_str()).filter(|_| is_readable).map(|p| purl_reference(p.into())));
        let cpes = package.cpes.iter().filter(|cpe| !is_short && identity::is_cpe23(cpe));
        references.extend(cpes.map(|cpe| Reference {
            category: "SECURITY",
            kind: "cpe23Type",
            locator: cpe.as_str().into(),
        }));
        let source = &package.source;
        let source = (source.name != package.name || source.version != package.version)
            .then(|| format!("built package from: {} {}", source.name, source.version));
        Package {
            version: package.version.as_str().into(),
            supplier: shared::supplier(&self.view, index).map_or_else(|| unknown.to_owned(), |party| written(&party)),
            // Readers take the supplier for it.
            originator: None,
            download: shared::web(package.download.as_ref()).unwrap_or(UNKNOWN).into(),
            checksums: shared::hashes(package).map(hash).collect(),
            homepage: shared::web(package.homepage.as_ref()),
            source,
            declared: if package.licenses.is_empty() { unknown.into() } else { declared(&package.licenses) },
            summary: package.description.as_deref(),
            comment: (!note.is_empty()).then_some(note),
            references,
            ..base(&package.name, &self.ids[index])
        }
    }

    pub(super) fn extracted(&self) -> impl Iterator<Item = Extracted<'_>> {
        self.licenses.iter().map(|(id, text)| Extracted { id, name: text, text })
    }

    pub(super) fn relationships(&self) -> impl Iterator<Item = Relationship<'_>> {
        let described = std::iter::once(relation(DOCUMENT, "DESCRIBES", IMAGE));
        let system = self.view.sbom.distro.iter().map(|_| relation(IMAGE, "CONTAINS", SYSTEM));
        let is_lean = self.view.sbom.form == Form::Attested;
        let top = if is_lean { lean::heads(&self.view) } else { self.view.roots.clone() };
        let top = top.into_iter().map(|index| relation(IMAGE, "CONTAINS", &self.ids[index]));
        let pairs = |lists: &'_ [Vec<usize>], kind: &'static str| {
            let all = lists.iter().enumerate().flat_map(|(from, list)| list.iter().map(move |to| (from, *to)));
            all.map(|(from, to)| relation(&self.ids[from], kind, &self.ids[to])).collect::<Vec<_>>()
        };
        let nested = pairs(&self.view.children, "CONTAINS");
        let left = |(all, implied): (&Vec<usize>, &Vec<usize>)| -> Vec<usize> {
            all.iter().copied().filter(|to| implied.binary_search(to).is_err()).collect()
        };
        let left: Vec<Vec<usize>> = self.view.depends.iter().zip(&self.implied).map(left).collect();
        let depends = pairs(&left, "DEPENDS_ON");
        // Ownership is recorded at the package that is owned, and the format tells it from the owner.
        let owners = pairs(&self.view.owners, "OTHER").into_iter().map(|relation| Relationship {
            from: relation.to,
            to: relation.from,
            comment: Some(OWNS),
            ..relation
        });
        described.chain(system).chain(top).chain(nested).chain(depends).chain(owners)
    }

    /// What hardening took out, and what could not be read.
    pub(super) fn annotations(&self) -> impl Iterator<Item = Annotation> {
        let removed = self.view.sbom.removed.iter().map(|r| json!({"plimsoll:removed": shared::removed(r)}));
        let problems = self.view.sbom.problems.iter().map(|p| json!({"plimsoll:problem": shared::problem(p)}));
        removed.chain(problems).map(|note| self.annotation(note.to_string()))
    }

    fn annotation(&self, comment: String) -> Annotation {
        let sbom = self.view.sbom;
        let annotator = format!("Tool: {}", tool(sbom));
        Annotation { kind: "OTHER", annotator, date: shared::time(sbom.created), comment }
    }
}

pub(in crate::write) fn document_name(sbom: &Sbom) -> &str {
    if sbom.subject.name.is_empty() { "image" } else { &sbom.subject.name }
}

pub(in crate::write) fn namespace(name: &str, unique: &str) -> String {
    format!("https://github.com/plimsoll-dev/plimsoll/spdx/{}-{unique}", slug(name))
}

/// `name-version`.
pub(in crate::write) fn tool(sbom: &Sbom) -> String {
    let version = if sbom.tool.version.is_empty() { String::new() } else { format!("-{}", sbom.tool.version) };
    format!("{}{version}", sbom.tool.name)
}

pub(in crate::write) fn relation<'a>(from: &'a str, kind: &'static str, to: &'a str) -> Relationship<'a> {
    Relationship { from, kind, to, comment: None }
}

/// Letters, digits, dots and hyphens: what identifiers may hold.
fn slug(text: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    text.chars().take(64).map(legal).collect()
}

pub(in crate::write) fn written(party: &Party) -> String {
    let word = if party.is_organisation { "Organization" } else { "Person" };
    match &party.mail {
        Some(mail) if *mail != party.name => format!("{word}: {} ({mail})", party.name),
        _ => format!("{word}: {}", party.name),
    }
}

pub(in crate::write) fn checksum(digest: &Digest) -> Checksum<'_> {
    let algorithm = match digest.algorithm() {
        Algorithm::Sha256 => "SHA256",
        Algorithm::Sha512 => "SHA512",
    };
    Checksum { algorithm, value: digest.hex() }
}

fn hash(hash: &plimsoll_catalog::Hash) -> Checksum<'_> {
    let algorithm = match hash.algorithm {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA1",
        HashAlgorithm::Sha256 => "SHA256",
        HashAlgorithm::Sha384 => "SHA384",
        HashAlgorithm::Sha512 => "SHA512",
    };
    Checksum { algorithm, value: &hash.hex }
}

pub(in crate::write) fn purl_reference(purl: Cow<'_, str>) -> Reference<'_> {
    Reference { category: "PACKAGE-MANAGER", kind: "purl", locator: purl }
}

/// What every package says. Unknown is said as unknown; of the concluded licence and the copyright, which no image
/// tells, SPDX 2.3 takes the absence to say that.
pub(in crate::write) fn base<'a>(name: &'a str, id: &'a str) -> Package<'a> {
    Package {
        name: name.into(),
        id: id.into(),
        supplier: UNKNOWN.to_owned(),
        download: UNKNOWN.into(),
        declared: UNKNOWN.into(),
        ..Package::default()
    }
}

/// The reference that stands for a licence which SPDX does not know.
pub(in crate::write) fn reference(license: &str) -> String {
    let digest = Digest::sha256(license.as_bytes());
    format!("LicenseRef-plimsoll-{}-{}", slug(license), &digest.hex()[..8])
}

/// An expression over SPDX's licences and, for what SPDX does not know, references that the document explains.
pub(in crate::write) fn declared(licenses: &[String]) -> Cow<'_, str> {
    let parts = { licenses.iter() }.map(|l| if shared::is_spdx(l) { l.as_str().into() } else { reference(l).into() });
    let parts: Vec<Cow<'_, str>> = parts.collect();
    match parts.as_slice() {
        [] => UNKNOWN.into(),
        [one] => one.clone(),
        all => shared::all_of(all.iter().map(AsRef::as_ref)).into(),
    }
}
