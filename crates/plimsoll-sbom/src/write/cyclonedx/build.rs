//! The parts of a CycloneDX document made from an SBOM.

use std::borrow::Cow;

use plimsoll_catalog::HashAlgorithm;
use plimsoll_oci::{Algorithm, Digest};

use super::Version;
use super::model::{
    Choice, Component, Composition, Contact, Dependency, Evidence, External, Hash, License, Lifecycle, Metadata,
    Occurrence, Organisation, Property, Tools,
};
use crate::attest::ATTESTED;
use crate::write::shared::{self, Party};
use crate::write::view::{Edges, View};
use crate::{Form, identity};

/// What all parts of one document share.
pub(in crate::write) struct Builder<'a> {
    pub(super) view: View<'a>,
    pub(super) version: Version,
    /// Reference of the image.
    root: String,
    /// Reference of the operating system.
    system: Option<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(view: View<'a>, version: Version) -> Self {
        let root = shared::image_purl(&view.sbom.subject).unwrap_or_else(|| "plimsoll:subject".to_owned());
        let system = view.sbom.distro.as_ref().map(|d| format!("os:{}@{}", d.id, d.version_id));
        Self { view, version, root, system }
    }

    pub(in crate::write) fn metadata(&self) -> Metadata<'_> {
        let sbom = self.view.sbom;
        let subject = &sbom.subject;
        let version = subject.digest.as_ref().map(ToString::to_string).or_else(|| subject.version.clone());
        let mut properties = vec![Property::new("plimsoll:format", "3")];
        if sbom.form == Form::Attested {
            properties.push(Property::new("plimsoll:form", ATTESTED));
        }
        properties.extend(subject.version.as_ref().map(|v| Property::new("plimsoll:image:tag", v)));
        let platform = subject.platform.as_ref();
        properties.extend(platform.map(|p| Property::new("plimsoll:image:platform", p.to_string())));
        properties.extend(subject.layers.iter().map(|layer| Property::new("plimsoll:image:layer", layer.to_string())));
        if subject.digest.is_some() {
            // An image is a set of archives whose structure stands in its manifest.
            properties.push(Property::new("bsi:component:archive", "archive"));
            properties.push(Property::new("bsi:component:structured", "structured"));
        }
        let author = shared::author(sbom);
        let component = Component {
            reference: self.root.as_str().into(),
            kind: "container",
            supplier: author.as_ref().map(organisation),
            name: if subject.name.is_empty() { "image" } else { subject.name.as_str() }.into(),
            version: version.unwrap_or_default().into(),
            hashes: shared::digests(subject).map(digest).collect(),
            purl: shared::image_purl(subject).unwrap_or_default().into(),
            properties,
            ..Component::default()
        };
        let tool = Component {
            kind: "application",
            name: sbom.tool.name.as_str().into(),
            version: sbom.tool.version.as_str().into(),
            ..Component::default()
        };
        let is_old = self.version == Version::V1_5;
        let written = sbom.author.as_ref().map(|name| Contact { name: Some(name.clone()), email: None });
        Metadata {
            timestamp: shared::time(sbom.created),
            // Generation context: the image was built when this was written.
            lifecycles: [Lifecycle { phase: "post-build" }],
            tools: Tools { components: [tool] },
            authors: written.into_iter().collect(),
            component,
            manufacturer: author.as_ref().filter(|_| !is_old).map(organisation),
            manufacture: author.as_ref().filter(|_| is_old).map(organisation),
        }
    }

    /// The operating system, and the packages that are nested in none.
    pub(super) fn components(&self) -> impl Iterator<Item = Component<'_>> {
        self.operating_system().into_iter().chain(self.view.roots.iter().map(|index| self.component(*index)))
    }

    fn operating_system(&self) -> Option<Component<'_>> {
        let distro = self.view.sbom.distro.as_ref()?;
        Some(Component {
            reference: self.system.as_deref().unwrap_or_default().into(),
            kind: "operating-system",
            supplier: Some(Organisation { name: distro.id.clone(), contact: Vec::new() }),
            name: distro.id.as_str().into(),
            version: distro.version_id.as_str().into(),
            description: distro.pretty_name.as_deref(),
            properties: { distro.codename.iter() }.map(|c| Property::new("plimsoll:distro:codename", c)).collect(),
            ..Component::default()
        })
    }

    /// A package with those nested in it. How deep that goes, the view limits.
    fn component(&self, index: usize) -> Component<'_> {
        let package = self.view.package(index);
        let (group, name) = identity::split(package);
        let mut external = Vec::new();
        for (kind, address) in [("website", &package.homepage), ("distribution", &package.download)] {
            let address = shared::web(address.as_ref());
            external.extend(address.map(|a| External { kind, url: a.into(), hashes: Vec::new() }));
        }
        let occurrences: Vec<_> = package.evidence.iter().map(|location| Occurrence { location }).collect();
        let own = package.maintainer.as_deref();
        let restored = own.and_then(shared::party).map(|p| identity::contact(&p.name, p.mail.as_deref()));
        let is_readable = package.purl.parse::<plimsoll_version::purl::Purl>().is_ok();
        Component {
            reference: self.view.references[index].as_str().into(),
            kind: "library",
            supplier: shared::supplier(&self.view, index).as_ref().map(organisation),
            // Readers take the supplier for it.
            publisher: own.filter(|own| restored.as_deref() != Some(own)),
            group,
            name: name.into(),
            version: package.version.as_str().into(),
            description: package.description.as_deref(),
            hashes: shared::hashes(package).map(hash).collect(),
            licenses: self.licenses(&package.licenses),
            cpe: package.cpes.iter().map(String::as_str).find(|c| identity::is_cpe23(c)),
            purl: if is_readable { package.purl.as_str() } else { "" }.into(),
            external,
            properties: self.properties(index, group, name),
            components: self.view.children[index].iter().map(|child| self.component(*child)).collect(),
            evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
        }
    }

    fn properties(&self, index: usize, group: Option<&str>, name: &str) -> Vec<Property<'_>> {
        let package = self.view.package(index);
        let mut list = Vec::new();
        let mut set = |key: &'static str, value: Cow<'a, str>| list.push(Property::new(key, value));
        // The layers' digests stand once, at the image.
        if package.first_layer > 0 || package.layer > 0 {
            set("plimsoll:layer:first", package.first_layer.to_string().into());
            if package.layer != package.first_layer {
                set("plimsoll:layer:last", package.layer.to_string().into());
            }
        }
        if package.declared {
            set("plimsoll:declared", "true".into());
        }
        if package.version.is_empty() {
            set("plimsoll:unknown", "version".into());
        }
        let stated = package.cpes.iter().find(|c| identity::is_cpe23(c));
        let others = || package.cpes.iter().filter(|c| Some(*c) != stated).map(String::as_str);
        match identity::gathered(stated.map_or("", String::as_str), others()) {
            Some(text) if !text.is_empty() => set("plimsoll:cpes", text.into()),
            Some(_) => {}
            None => others().for_each(|cpe| set("plimsoll:cpe", cpe.into())),
        }
        if shared::is_derived(&self.view, index) {
            set("plimsoll:supplier", "derived".into());
        }
        for (key, address) in [("plimsoll:homepage", &package.homepage), ("plimsoll:download", &package.download)] {
            if let Some(address) = address.as_deref().filter(|_| shared::web(address.as_ref()).is_none()) {
                set(key, address.into());
            }
        }
        if let Some(file) = shared::deployable(package) {
            set("bsi:component:filename", file.filename.into());
            for (key, value) in [
                ("bsi:component:executable", file.executable),
                ("bsi:component:archive", file.archive),
                ("bsi:component:structured", file.structured),
            ] {
                if let Some(value) = value {
                    set(key, value.into());
                }
            }
        }
        for owner in &self.view.owners[index] {
            list.push(Property::new("plimsoll:owner", self.view.references[*owner].as_str()));
        }
        if let Some(parent) = self.view.within[index].filter(|_| !self.view.is_nested(index)) {
            list.push(Property::new("plimsoll:within", self.view.references[parent].as_str()));
        }
        let written = group.map_or_else(|| Cow::Borrowed(name), |group| format!("{group}/{name}").into());
        for (key, value) in identity::beside(package, &written) {
            list.push(Property::new(format!("plimsoll:{key}"), value));
        }
        let others = package.properties.iter();
        list.extend(others.map(|(name, value)| Property::new(format!("plimsoll:package:{name}"), value.as_str())));
        list
    }

    /// One expression where all are SPDX's; the format does not allow an expression beside others, so that otherwise
    /// each stands for itself.
    fn licenses(&self, licenses: &'a [String]) -> Vec<Choice<'a>> {
        let acknowledgement = (self.version != Version::V1_5).then_some("declared");
        if licenses.is_empty() {
            return Vec::new();
        }
        if licenses.iter().all(|l| shared::is_spdx(l)) {
            let expression = shared::all_of(licenses.iter().map(String::as_str)).into();
            return vec![Choice::Expression { expression, acknowledgement }];
        }
        let one = |license: &'a String| {
            let is_id = !license.contains(' ') && shared::is_spdx(license);
            let text = Some(license.as_str());
            let (id, name) = if is_id { (text, None) } else { (None, text) };
            Choice::License { license: License { id, name, acknowledgement } }
        };
        licenses.iter().map(one).collect()
    }

    pub(super) fn dependencies(&self) -> impl Iterator<Item = Dependency<'_>> {
        let top = self.view.roots.iter().map(|index| self.view.references[*index].as_str());
        let top = self.system.as_deref().into_iter().chain(top).collect();
        let root = Dependency { reference: &self.root, depends_on: top };
        let system = self.system.as_deref().map(|reference| Dependency { reference, depends_on: Vec::new() });
        let packages = self.view.references.iter().enumerate().map(|(index, reference)| {
            let targets = self.view.depends[index].iter().map(|t| self.view.references[*t].as_str());
            Dependency { reference, depends_on: targets.collect() }
        });
        std::iter::once(root).chain(system).chain(packages)
    }

    /// What package managers recorded is complete where all of it was read. Whether the image holds anything besides is
    /// not known, and the document says so.
    pub(super) fn compositions(&self) -> impl Iterator<Item = Composition<'_>> {
        let image = if self.view.sbom.problems.is_empty() { "unknown" } else { "incomplete" };
        let root = self.root.as_str();
        let image = Composition { aggregate: image, assemblies: vec![root], dependencies: vec![root] };
        let kinds = [(Edges::Complete, "complete"), (Edges::Incomplete, "incomplete"), (Edges::Unknown, "unknown")];
        let groups = kinds.into_iter().filter_map(|(edges, aggregate)| {
            let those = (0..self.view.references.len()).filter(|index| self.view.edges(*index) == edges);
            let dependencies: Vec<&str> = those.map(|index| self.view.references[index].as_str()).collect();
            let group = Composition { aggregate, assemblies: Vec::new(), dependencies };
            (!group.dependencies.is_empty()).then_some(group)
        });
        std::iter::once(image).chain(groups)
    }

    /// What hardening took out, and what could not be read.
    pub(super) fn notes(&self) -> impl Iterator<Item = Property<'_>> {
        let removed = self.view.sbom.removed.iter().map(|r| ("plimsoll:removed", shared::removed(r)));
        let problems = self.view.sbom.problems.iter().map(|p| ("plimsoll:problem", shared::problem(p)));
        removed.chain(problems).map(|(name, value)| Property::new(name, value.to_string()))
    }
}

fn organisation(party: &Party) -> Organisation {
    let contact = party.mail.iter().map(|mail| Contact { name: None, email: Some(mail.clone()) });
    Organisation { name: party.name.clone(), contact: contact.collect() }
}

pub(in crate::write) fn digest(digest: &Digest) -> Hash<'_> {
    let alg = match digest.algorithm() {
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha512 => "SHA-512",
    };
    Hash { alg, content: digest.hex() }
}

fn hash(hash: &plimsoll_catalog::Hash) -> Hash<'_> {
    let alg = match hash.algorithm {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA-1",
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
    };
    Hash { alg, content: &hash.hex }
}
