//! The elements of an SPDX 3 document made from an SBOM.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_catalog::HashAlgorithm;
use plimsoll_oci::Algorithm;
use serde_json::json;

use super::model::{Creation, Element, Entry, Hash, Identifier, Node};
use crate::identity;
use crate::write::note::note;
use crate::write::shared::{self, Party};
use crate::write::spdx;
use crate::write::view::{Edges, View};

/// The one blank node: who made every element, and when.
const CREATION: &str = "_:c";

/// The graph, in the order it is written.
pub(super) struct Builder<'a> {
    view: &'a View<'a>,
    /// What every identifier begins with.
    base: String,
    ids: Vec<String>,
    /// People and organisations, each once, by kind, name and address.
    agents: BTreeMap<(bool, String, String), String>,
    /// Expressions, each once.
    expressions: BTreeMap<Cow<'a, str>, String>,
    /// Licences that SPDX does not know, by their reference: identifier and text.
    texts: BTreeMap<String, (String, &'a str)>,
}

fn key(party: &Party) -> (bool, String, String) {
    (party.is_organisation, party.name.clone(), party.mail.clone().unwrap_or_default())
}

fn element<'a>(kind: &'static str, id: String) -> Element<'a> {
    Element { kind, id, creation: CREATION, ..Element::default() }
}

impl<'a> Builder<'a> {
    pub(super) fn new(view: &'a View<'a>, unique: &str) -> Self {
        // Half the digest: every package's identifier is written a dozen times, and it is what the document's size is
        // made of.
        let short: String = unique.chars().filter(|c| *c != '-').take(16).collect();
        let base = format!("urn:plimsoll:{short}#");
        let packages = &view.sbom.packages;
        let mut agents = BTreeMap::new();
        let mut expressions = BTreeMap::new();
        let mut texts = BTreeMap::new();
        let mut meet = |party: Party| {
            let number = agents.len();
            agents.entry(key(&party)).or_insert_with(|| format!("{base}agent{number}"));
        };
        { shared::author(view.sbom).into_iter() }.for_each(&mut meet);
        if let Some(distro) = &view.sbom.distro {
            meet(Party { is_organisation: true, name: distro.id.clone(), mail: None });
        }
        for (index, package) in packages.iter().enumerate() {
            let maintainer = package.maintainer.as_deref().and_then(shared::party);
            { shared::supplier(view, index).into_iter().chain(maintainer) }.for_each(&mut meet);
            if !package.licenses.is_empty() {
                let number = expressions.len();
                let expression = spdx::declared(&package.licenses);
                expressions.entry(expression).or_insert_with(|| format!("{base}license{number}"));
            }
            for license in package.licenses.iter().filter(|l| !shared::is_spdx(l)) {
                let number = texts.len();
                let text = || (format!("{base}text{number}"), license.as_str());
                texts.entry(spdx::reference(license)).or_insert_with(text);
            }
        }
        let ids = (0..packages.len()).map(|index| format!("{base}p{index}")).collect();
        Self { view, base, ids, agents, expressions, texts }
    }

    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    fn agent(&self, party: &Party) -> Option<String> {
        self.agents.get(&key(party)).cloned()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let author = shared::author(self.view.sbom).and_then(|party| self.agent(&party));
        let creation = Creation {
            kind: "CreationInfo",
            id: CREATION,
            version: "3.0.1",
            created: shared::time(self.view.sbom.created),
            by: [author.unwrap_or_else(|| self.id("program"))],
            using: [self.id("tool")],
        };
        let head = [self.document(), self.sbom(), self.tool("Tool", "tool"), self.image()];
        // Where no organisation answers for the document, the program that wrote it is its author.
        let program = shared::author(self.view.sbom).is_none().then(|| self.tool("SoftwareAgent", "program"));
        let elements = { head.into_iter() }
            .chain(program)
            .chain(self.system())
            .chain(self.agents.iter().map(|(key, id)| agent(key, id)))
            .chain(self.texts.values().map(|(id, text)| Element {
                text: Some(text),
                name: (*text).into(),
                ..element("simplelicensing_SimpleLicensingText", id.clone())
            }))
            .chain(self.expressions.iter().map(|(expression, id)| self.expression(expression, id)))
            .chain((0..self.ids.len()).map(|index| self.package(index)))
            .chain(self.relationships())
            .chain(self.annotations());
        std::iter::once(Node::Creation(creation)).chain(elements.map(|e| Node::Element(Box::new(e))))
    }

    fn document(&self) -> Element<'_> {
        Element {
            name: spdx::document_name(self.view.sbom).into(),
            profiles: vec!["core", "software", "simpleLicensing"],
            roots: vec![self.id("sbom")],
            ..element("SpdxDocument", self.id("document"))
        }
    }

    fn sbom(&self) -> Element<'_> {
        let system = self.view.sbom.distro.iter().map(|_| self.id("system"));
        Element {
            roots: vec![self.id("image")],
            elements: system.chain(self.ids.iter().cloned()).collect(),
            // Generation context: the image was built when this was written, and was taken apart for it.
            sbom_type: vec!["analyzed"],
            ..element("software_Sbom", self.id("sbom"))
        }
    }

    fn tool(&self, kind: &'static str, name: &str) -> Element<'_> {
        Element { name: spdx::tool(self.view.sbom).into(), ..element(kind, self.id(name)) }
    }

    fn image(&self) -> Element<'_> {
        let sbom = self.view.sbom;
        let subject = &sbom.subject;
        let author = shared::author(sbom).and_then(|party| self.agent(&party));
        let version = subject.digest.as_ref().map(ToString::to_string).or_else(|| subject.version.clone());
        let layers: Vec<String> = subject.layers.iter().map(ToString::to_string).collect();
        let note = json!({
            "plimsoll:format": 3,
            "plimsoll:tag": subject.version,
            "plimsoll:platform": subject.platform.as_ref().map(ToString::to_string),
            "plimsoll:layers": layers,
        });
        let note = shared::with_form(note, sbom);
        let purl = shared::image_purl(subject).unwrap_or_default();
        let identifiers = (!purl.is_empty()).then(|| Identifier::new("packageUrl", purl.clone()));
        Element {
            name: spdx::document_name(sbom).into(),
            comment: note.to_string().into(),
            identifiers: identifiers.into_iter().collect(),
            hashes: shared::digests(subject)
                .map(|digest| Hash {
                    kind: "Hash",
                    algorithm: match digest.algorithm() {
                        Algorithm::Sha256 => "sha256",
                        Algorithm::Sha512 => "sha512",
                    },
                    value: digest.hex(),
                })
                .collect(),
            supplied_by: author,
            purpose: Some("container"),
            purposes: vec!["archive"],
            version: version.unwrap_or_default().into(),
            purl: purl.into(),
            ..element("software_Package", self.id("image"))
        }
    }

    fn system(&self) -> Option<Element<'_>> {
        let distro = self.view.sbom.distro.as_ref()?;
        let party = Party { is_organisation: true, name: distro.id.clone(), mail: None };
        let codename = distro.codename.as_ref().map(|c| json!({"plimsoll:codename": c}).to_string());
        Some(Element {
            name: distro.id.as_str().into(),
            summary: distro.pretty_name.as_deref(),
            comment: codename.unwrap_or_default().into(),
            supplied_by: self.agent(&party),
            purpose: Some("operatingSystem"),
            version: distro.version_id.as_str().into(),
            ..element("software_Package", self.id("system"))
        })
    }

    fn package(&self, index: usize) -> Element<'_> {
        let package = self.view.package(index);
        let maintainer = package.maintainer.as_deref().and_then(shared::party);
        let originator = maintainer.as_ref().map(spdx::written);
        let note = note(self.view, index, &self.ids, originator.as_deref(), Vec::new());
        let is_readable = package.purl.parse::<plimsoll_version::purl::Purl>().is_ok();
        let purl = if is_readable { package.purl.as_str() } else { "" };
        let cpes = package.cpes.iter().filter(|cpe| identity::is_cpe23(cpe));
        let source = &package.source;
        let source = (source.name != package.name || source.version != package.version)
            .then(|| format!("built package from: {} {}", source.name, source.version));
        Element {
            name: package.name.as_str().into(),
            summary: package.description.as_deref(),
            comment: note.into(),
            identifiers: cpes.map(|cpe| Identifier::new("cpe23", cpe.as_str())).collect(),
            hashes: shared::hashes(package).map(hash).collect(),
            originated_by: maintainer.iter().filter_map(|party| self.agent(party)).collect(),
            supplied_by: shared::supplier(self.view, index).and_then(|party| self.agent(&party)),
            purpose: Some("library"),
            version: package.version.as_str().into(),
            purl: purl.into(),
            download: shared::web(package.download.as_ref()),
            homepage: shared::web(package.homepage.as_ref()),
            source,
            ..element("software_Package", self.ids[index].clone())
        }
    }

    fn expression<'e>(&'e self, expression: &'e str, id: &str) -> Element<'e> {
        let words = expression.split([' ', '(', ')']);
        let custom = words.filter_map(|word| {
            let (id, _) = self.texts.get(word)?;
            Some(Entry { kind: "DictionaryEntry", key: word.to_owned(), value: id.clone() })
        });
        let mut custom: Vec<Entry> = custom.collect();
        custom.dedup_by(|a, b| a.key == b.key);
        Element { expression: Some(expression), custom, ..element("simplelicensing_LicenseExpression", id.to_owned()) }
    }

    fn relationships(&self) -> impl Iterator<Item = Element<'_>> {
        let relation = |id: String, from: String, kind: &'static str, to: Vec<String>| Element {
            from: Some(from),
            relation: Some(kind),
            to,
            ..element("Relationship", id)
        };
        let of = |list: &[usize]| list.iter().map(|index| self.ids[*index].clone()).collect::<Vec<_>>();
        let system = self.view.sbom.distro.iter().map(|_| self.id("system"));
        let all: Vec<String> = system.chain(of(&self.view.roots)).collect();
        let whole = if self.view.sbom.problems.is_empty() { "noAssertion" } else { "incomplete" };
        let nothing = vec!["NoAssertionElement".to_owned()];
        let contents = if all.is_empty() { nothing } else { all };
        let image = Element {
            completeness: Some(whole),
            ..relation(self.id("contents"), self.id("image"), "contains", contents)
        };
        let nested = self.view.children.iter().enumerate().filter(|(_, list)| !list.is_empty());
        let nested = nested.map(move |(index, list)| Element {
            completeness: Some("noAssertion"),
            ..relation(self.id(&format!("c{index}")), self.ids[index].clone(), "contains", of(list))
        });
        let mut owned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, owners) in self.view.owners.iter().enumerate() {
            owners.iter().for_each(|owner| owned.entry(*owner).or_default().push(index));
        }
        let owned = owned.into_iter().map(move |(owner, list)| Element {
            comment: spdx::OWNS.into(),
            ..relation(self.id(&format!("o{owner}")), self.ids[owner].clone(), "other", of(&list))
        });
        let depends = self.view.depends.iter().enumerate().filter_map(move |(index, list)| {
            // A package whose record says that it needs nothing says so; of the others without edges nothing is known,
            // and the absence of the relationship says that.
            let completeness = match self.view.edges(index) {
                Edges::Complete => "complete",
                Edges::Incomplete => "incomplete",
                Edges::Unknown if list.is_empty() => return None,
                Edges::Unknown => "noAssertion",
            };
            let to = if list.is_empty() { vec!["NoneElement".to_owned()] } else { of(list) };
            Some(Element {
                kind: "LifecycleScopedRelationship",
                completeness: Some(completeness),
                scope: Some("runtime"),
                ..relation(self.id(&format!("d{index}")), self.ids[index].clone(), "dependsOn", to)
            })
        });
        let licensed = self.view.sbom.packages.iter().enumerate().filter_map(move |(index, package)| {
            let license = self.expressions.get(&spdx::declared(&package.licenses))?;
            let (id, from) = (self.id(&format!("l{index}")), self.ids[index].clone());
            Some(relation(id, from, "hasDeclaredLicense", vec![license.clone()]))
        });
        std::iter::once(image).chain(nested).chain(owned).chain(depends).chain(licensed)
    }

    fn annotations(&self) -> impl Iterator<Item = Element<'_>> {
        let sbom = self.view.sbom;
        let document = || self.id("document");
        let removed = sbom.removed.iter().map(move |r| (document(), json!({"plimsoll:removed": shared::removed(r)})));
        let problems = sbom.problems.iter().map(move |p| (document(), json!({"plimsoll:problem": shared::problem(p)})));
        let all = removed.chain(problems).enumerate();
        all.map(|(number, (subject, note))| Element {
            annotation: Some("other"),
            subject: Some(subject),
            content: Some("application/json"),
            statement: Some(note.to_string()),
            ..element("Annotation", self.id(&format!("n{number}")))
        })
    }
}

fn agent<'a>(key: &'a (bool, String, String), id: &str) -> Element<'a> {
    let (is_organisation, name, mail) = key;
    let kind = if *is_organisation { "Organization" } else { "Person" };
    let mail = (!mail.is_empty()).then(|| Identifier::new("email", mail.as_str()));
    Element { name: name.as_str().into(), identifiers: mail.into_iter().collect(), ..element(kind, id.to_owned()) }
}

fn hash(hash: &plimsoll_catalog::Hash) -> Hash<'_> {
    let algorithm = match hash.algorithm {
        HashAlgorithm::Md5 => "md5",
        HashAlgorithm::Sha1 => "sha1",
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    };
    Hash { kind: "Hash", algorithm, value: &hash.hex }
}
