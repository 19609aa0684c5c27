//! Packages of a document gathered into one SBOM, whatever format they came in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_catalog::{Distro, Ecosystem, Package, Problem, SourcePackage};
use plimsoll_oci::Digest;
use plimsoll_version::purl::Purl;

use crate::{Removed, Sbom, Subject, Tool};

/// The most problems told of one document.
const MAX_PROBLEMS: usize = 100;

/// A package as a document tells it.
#[derive(Default)]
pub(super) struct Found {
    /// The document's own reference, for its edges.
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) purl: Option<String>,
    /// Source name and version, where the document says them outside the package URL.
    pub(super) source: (Option<String>, Option<String>),
    pub(super) licenses: Vec<String>,
    pub(super) maintainer: Option<String>,
    pub(super) description: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) evidence: Vec<String>,
    pub(super) first_layer: u32,
    pub(super) layer: u32,
}

/// A document as it is being read.
#[derive(Default)]
pub(super) struct Collect {
    pub(super) subject: Subject,
    /// The distribution the document states itself.
    pub(super) distro: Option<Distro>,
    pub(super) found: Vec<Found>,
    /// Edges by the document's references.
    pub(super) edges: BTreeMap<String, BTreeSet<String>>,
    pub(super) removed: Vec<Removed>,
    pub(super) problems: BTreeSet<Problem>,
    pub(super) tool: Tool,
    pub(super) author: Option<String>,
    pub(super) created: Option<String>,
}

impl Collect {
    /// Tells a problem of the document.
    pub(super) fn tell(&mut self, place: &str, why: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.insert(Problem { path: place.to_owned(), line: None, why: why.into() });
        }
    }

    pub(super) fn finish(mut self) -> Sbom {
        let found = std::mem::take(&mut self.found);
        let mut packages = Vec::new();
        let mut distros = BTreeSet::new();
        for item in &found {
            match package(item) {
                Ok((package, distro)) => {
                    distros.extend(distro);
                    packages.push((item.reference.as_str(), package));
                }
                Err(why) => self.tell(&item.name, why),
            }
        }
        let ids: BTreeMap<&str, String> =
            packages.iter().map(|(reference, package)| (*reference, package.id())).collect();
        let targets: Vec<Vec<String>> = packages
            .iter()
            .map(|(reference, own)| {
                let own = own.id();
                let targets = self.edges.get(*reference).into_iter().flatten();
                let targets = targets.filter_map(|t| ids.get(t.as_str())).filter(|t| **t != own);
                targets.cloned().collect::<BTreeSet<_>>().into_iter().collect()
            })
            .collect();
        let mut merged: BTreeMap<_, Package> = BTreeMap::new();
        for ((_, mut package), depends) in packages.into_iter().zip(targets) {
            package.depends = depends;
            let key = (
                package.ecosystem,
                package.name.clone(),
                package.version.clone(),
                package.arch.clone(),
                package.purl.clone(),
            );
            merged
                .entry(key)
                .and_modify(|known| {
                    for (list, more) in
                        [(&mut known.evidence, &package.evidence), (&mut known.depends, &package.depends)]
                    {
                        list.extend(more.iter().cloned());
                        list.sort();
                        list.dedup();
                    }
                })
                .or_insert(package);
        }
        let distro = self.distro.take().or_else(|| {
            if distros.len() > 1 {
                self.tell("distro", "the package URLs name several distributions; none is taken");
            }
            let (id, version_id) = distros.pop_first().filter(|_| distros.is_empty())?;
            Some(Distro { id, version_id, codename: None, pretty_name: None })
        });
        let created = self.created.as_deref().and_then(|c| c.parse::<Timestamp>().ok());
        if created.is_none() {
            self.tell("created", "the document has no time of creation that could be read; 1970 stands for it");
        }
        self.removed.sort();
        Sbom {
            subject: self.subject,
            distro,
            packages: merged.into_values().collect(),
            removed: self.removed,
            problems: self.problems.into_iter().collect(),
            tool: self.tool,
            author: self.author,
            created: created.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

type DistroName = (String, String);

fn package(found: &Found) -> Result<(Package, Option<DistroName>), String> {
    let purl = match found.purl.as_deref().filter(|p| !p.is_empty()) {
        None => None,
        Some(text) => Some(text.parse::<Purl>().map_err(|e| format!("{e}: {}", clip(text)))?),
    };
    let ecosystem = purl.as_ref().map_or(Ecosystem::Other, |p| Ecosystem::of_purl_type(p.kind()));
    let name = match &purl {
        None => found.name.clone(),
        Some(p) if ecosystem.is_system() => p.name().to_owned(),
        Some(p) if ecosystem == Ecosystem::Maven => {
            p.namespace().map_or_else(|| p.name().to_owned(), |ns| format!("{ns}:{}", p.name()))
        }
        Some(p) => p.namespace().map_or_else(|| p.name().to_owned(), |ns| format!("{ns}/{}", p.name())),
    };
    let mut version = purl.as_ref().and_then(Purl::version).unwrap_or(&found.version).to_owned();
    if name.is_empty() || version.is_empty() {
        return Err("the component has no name or no version; left out".into());
    }
    // Trivy takes the epoch out of the version and into a qualifier.
    let epoch = purl.as_ref().and_then(|p| p.qualifier("epoch")).filter(|e| e.bytes().all(|b| b.is_ascii_digit()));
    if let Some(epoch) = epoch.filter(|e| *e != "0" && ecosystem == Ecosystem::Deb && !version.contains(':')) {
        version = format!("{epoch}:{version}");
    }
    let upstream = purl.as_ref().and_then(Purl::upstream);
    // What the package URL says stands before what stands beside it, for it is what other tools match by.
    let (source_name, source_version) = match upstream {
        Some((name, version)) => (Some(name.to_owned()), version.map(str::to_owned)),
        None => found.source.clone(),
    };
    let source = SourcePackage {
        name: source_name.unwrap_or_else(|| name.clone()),
        version: source_version.unwrap_or_else(|| version.clone()),
    };
    let distro = purl.as_ref().filter(|_| ecosystem.is_system()).and_then(Purl::distro);
    let mut licenses = found.licenses.clone();
    licenses.sort();
    licenses.dedup();
    let mut evidence = found.evidence.clone();
    evidence.sort();
    evidence.dedup();
    let package = Package {
        ecosystem,
        name,
        version,
        arch: purl.as_ref().and_then(|p| p.qualifier("arch")).unwrap_or_default().to_owned(),
        source,
        licenses,
        maintainer: found.maintainer.clone(),
        description: found.description.clone(),
        homepage: found.homepage.clone(),
        depends: Vec::new(),
        files: Vec::new(),
        evidence,
        first_layer: found.first_layer,
        layer: found.layer,
        purl: purl.map(|p| p.to_string()).unwrap_or_default(),
        ..Package::default()
    };
    Ok((package, distro))
}

fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The digest that a package URL of an image, a version or a checksum names.
pub(super) fn image_digest(hash: Option<String>, version: Option<&str>, purl: Option<&str>) -> Option<Digest> {
    let purl = purl.and_then(|p| p.parse::<Purl>().ok()).filter(|p| p.kind() == "oci" || p.kind() == "docker");
    let texts = [hash, version.map(str::to_owned), purl.and_then(|p| p.version().map(str::to_owned))];
    texts.into_iter().flatten().find_map(|t| t.parse().ok())
}

/// What this program wrote into a property or a comment.
pub(super) fn removed(value: &serde_json::Value) -> Option<Removed> {
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    Some(Removed { name: text("name")?, version: text("version")?, purl: text("purl")?, reason: text("reason")? })
}

/// See [`removed`].
pub(super) fn problem(value: &serde_json::Value) -> Option<Problem> {
    let line = value.get("line").and_then(serde_json::Value::as_u64).and_then(|l| u32::try_from(l).ok());
    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    Some(Problem { path: text("path")?, line, why: text("why")? })
}
