//! Packages of a document gathered into one SBOM, whatever format they came in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use plimsoll_catalog::{Distro, Hash, HashAlgorithm, Package, Problem};
use plimsoll_oci::Digest;
use plimsoll_version::purl::Purl;

use crate::attest::ATTESTED;
use crate::identity::{self, Identity};
use crate::{Form, Removed, Sbom, Subject, Tool};

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
    pub(super) cpes: Vec<String>,
    pub(super) licenses: Vec<String>,
    pub(super) maintainer: Option<String>,
    pub(super) description: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) download: Option<String>,
    pub(super) hashes: Vec<Hash>,
    /// Reference of what holds it.
    pub(super) within: Option<String>,
    /// References of those that own it.
    pub(super) owners: Vec<String>,
    /// References of those it depends on, where the package itself names them.
    pub(super) depends: Vec<String>,
    pub(super) declared: bool,
    pub(super) evidence: Vec<String>,
    pub(super) first_layer: u32,
    pub(super) layer: u32,
    /// Digests of the layers it is in, where a document names those instead of numbers.
    pub(super) layers: Vec<String>,
    pub(super) properties: Vec<(String, String)>,
    /// What this program wrote beside the package URL; see [`identity::beside`].
    pub(super) beside: BTreeMap<String, String>,
    /// Whether the document says that its supplier is not its maintainer.
    pub(super) is_supplier_derived: bool,
    /// Whether the document says that the version is not known, rather than leaving it out.
    pub(super) is_versionless: bool,
}

impl Found {
    /// A member of this program's own properties, without `plimsoll:`. Gives whether it is known.
    pub(super) fn own(&mut self, key: &str, value: &str) -> bool {
        let number = || value.parse().unwrap_or_default();
        match key {
            "layer:first" | "firstLayer" => {
                self.first_layer = number();
                // Where the last one is another it is told too.
                self.layer = self.layer.max(self.first_layer);
            }
            "layer:last" | "layer" => self.layer = number(),
            "in" => {
                let (first, last) = value.split_once('-').unwrap_or((value, value));
                (self.first_layer, self.layer) = (first.parse().unwrap_or_default(), last.parse().unwrap_or_default());
            }
            "supplier" => self.is_supplier_derived = value == "derived",
            "at" => self.evidence.push(value.to_owned()),
            "maintainer" => self.maintainer = Some(value.to_owned()),
            "homepage" => self.homepage = Some(value.to_owned()),
            "download" => self.download = Some(value.to_owned()),
            "declared" => self.declared = true,
            "unknown" => self.is_versionless = value == "version",
            "cpe" => self.cpes.push(value.to_owned()),
            "cpes" => self.cpes.extend(identity::spread(self.cpes.first().map_or("", String::as_str), value)),
            "owner" => self.owners.push(value.to_owned()),
            "within" => self.within = Some(value.to_owned()),
            "purl" | "ecosystem" | "name" | "version" | "arch" | "source:name" | "source:version" => {
                self.beside.insert(key.to_owned(), value.to_owned());
            }
            _ => return false,
        }
        true
    }

    /// A digest by its algorithm's name, in whatever spelling.
    pub(super) fn hash(&mut self, algorithm: &str, hex: &str) {
        let (algorithm, length) = match algorithm.to_ascii_uppercase().replace('-', "").as_str() {
            "MD5" => (HashAlgorithm::Md5, 32),
            "SHA1" => (HashAlgorithm::Sha1, 40),
            "SHA256" => (HashAlgorithm::Sha256, 64),
            "SHA384" => (HashAlgorithm::Sha384, 96),
            "SHA512" => (HashAlgorithm::Sha512, 128),
            _ => return,
        };
        if hex.len() == length && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            self.hashes.push(Hash { algorithm, hex: hex.to_ascii_lowercase() });
        }
    }
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
    pub(super) form: Form,
}

impl Collect {
    /// Tells a problem of the document.
    pub(super) fn tell(&mut self, place: &str, why: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.insert(Problem { path: place.to_owned(), line: None, why: why.into() });
        }
    }

    pub(super) fn finish(mut self) -> Sbom {
        let mut packages = Vec::new();
        let mut distros = BTreeSet::new();
        for mut item in std::mem::take(&mut self.found) {
            self.place(&mut item);
            let links = Links {
                reference: std::mem::take(&mut item.reference),
                within: item.within.take(),
                owners: std::mem::take(&mut item.owners),
                depends: std::mem::take(&mut item.depends),
            };
            let name = item.name.clone();
            match package(item) {
                Ok((package, distro)) => {
                    distros.extend(distro);
                    packages.push((links, package));
                }
                Err(why) => self.tell(&name, why),
            }
        }
        self.link(&mut packages);
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
            packages: merged(packages.into_iter().map(|(_, package)| package)),
            removed: self.removed,
            problems: self.problems.into_iter().collect(),
            tool: self.tool,
            author: self.author,
            created: created.unwrap_or(Timestamp::UNIX_EPOCH),
            form: self.form,
        }
    }

    /// Numbers the layers that a document names by digest.
    fn place(&self, item: &mut Found) {
        let number = |text: &String| {
            let at = self.subject.layers.iter().position(|layer| layer.to_string() == *text)?;
            u32::try_from(at).ok()
        };
        let numbers: Vec<u32> = item.layers.iter().filter_map(number).collect();
        if let (Some(first), Some(last)) = (numbers.iter().min(), numbers.iter().max()) {
            (item.first_layer, item.layer) = (*first, *last);
        }
    }

    /// Turns references into what packages know each other by.
    fn link(&self, packages: &mut [(Links, Package)]) {
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for (links, package) in packages.iter().filter(|(links, _)| !links.reference.is_empty()) {
            ids.entry(links.reference.clone()).or_insert_with(|| package.id());
        }
        for (links, package) in packages {
            let own = package.id();
            let resolve = |references: &mut dyn Iterator<Item = &String>| -> Vec<String> {
                let found = references.filter_map(|r| ids.get(r)).filter(|id| **id != own);
                found.cloned().collect::<BTreeSet<_>>().into_iter().collect()
            };
            let edges = self.edges.get(&links.reference).into_iter().flatten();
            package.depends = resolve(&mut edges.chain(&links.depends));
            package.owners = resolve(&mut links.owners.iter());
            package.within = resolve(&mut links.within.iter()).pop();
        }
    }
}

/// A package's references to others.
struct Links {
    reference: String,
    within: Option<String>,
    owners: Vec<String>,
    depends: Vec<String>,
}

/// Each package once, in the order of a catalogue.
fn merged(packages: impl Iterator<Item = Package>) -> Vec<Package> {
    let mut merged: BTreeMap<_, Package> = BTreeMap::new();
    for package in packages {
        let key = (
            package.ecosystem,
            package.name.clone(),
            package.version.clone(),
            package.arch.clone(),
            package.purl.clone(),
            package.within.clone(),
        );
        merged
            .entry(key)
            .and_modify(|known| {
                for (list, more) in [(&mut known.evidence, &package.evidence), (&mut known.depends, &package.depends)] {
                    list.extend(more.iter().cloned());
                    list.sort();
                    list.dedup();
                }
                // It is somebody's only if all of it is.
                if known.owners.is_empty() || package.owners.is_empty() {
                    known.owners.clear();
                } else {
                    known.owners.extend(package.owners.iter().cloned());
                    known.owners.sort();
                    known.owners.dedup();
                }
                known.declared &= package.declared;
            })
            .or_insert(package);
    }
    merged.into_values().collect()
}

type DistroName = (String, String);

fn package(mut found: Found) -> Result<(Package, Option<DistroName>), String> {
    let purl = match found.purl.as_deref().filter(|p| !p.is_empty()) {
        None => None,
        Some(text) => Some(text.parse::<Purl>().map_err(|e| format!("{e}: {}", clip(text)))?),
    };
    let mut implied = Identity::of(purl.as_ref(), &found.name, &found.version);
    let mut beside = |key: &str| found.beside.remove(key);
    let ecosystem = beside("ecosystem").and_then(|name| identity::ecosystem(&name));
    implied.ecosystem = ecosystem.unwrap_or(implied.ecosystem);
    for (key, field) in [("name", &mut implied.name), ("version", &mut implied.version), ("arch", &mut implied.arch)] {
        if let Some(text) = beside(key) {
            *field = text;
        }
    }
    let mut source = implied.source(std::mem::take(&mut found.source));
    source.name = found.beside.remove("source:name").unwrap_or(source.name);
    source.version = found.beside.remove("source:version").unwrap_or(source.version);
    if implied.name.is_empty() || (implied.version.is_empty() && !found.is_versionless) {
        return Err("the component has no name or no version; left out".into());
    }
    let distro = purl.as_ref().filter(|_| implied.ecosystem.is_system()).and_then(Purl::distro);
    let exact = found.beside.remove("purl");
    for list in [&mut found.licenses, &mut found.evidence] {
        list.sort();
        list.dedup();
    }
    // The best stands first.
    let mut met = BTreeSet::new();
    found.cpes.retain(|cpe| met.insert(cpe.clone()));
    found.hashes.sort();
    found.hashes.dedup();
    found.properties.sort();
    let package = Package {
        ecosystem: implied.ecosystem,
        name: implied.name,
        version: implied.version,
        arch: implied.arch,
        source,
        purl: exact.or_else(|| purl.map(|p| p.to_string())).unwrap_or_default(),
        cpes: found.cpes,
        licenses: found.licenses,
        maintainer: found.maintainer,
        description: found.description,
        homepage: found.homepage,
        download: found.download,
        hashes: found.hashes,
        declared: found.declared,
        evidence: found.evidence,
        first_layer: found.first_layer,
        layer: found.layer,
        properties: found.properties,
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

/// The image's digest and, where a document names both, the SHA-512 digest of the same bytes.
pub(super) fn image_hashes<'h>(hashes: impl Iterator<Item = (&'h str, &'h str)>) -> (Option<String>, Option<Digest>) {
    let mut found: BTreeMap<&str, String> = BTreeMap::new();
    for (algorithm, hex) in hashes {
        match algorithm {
            "SHA-256" | "SHA256" => found.entry("sha256").or_insert_with(|| format!("sha256:{hex}")),
            "SHA-512" | "SHA512" => found.entry("sha512").or_insert_with(|| format!("sha512:{hex}")),
            _ => continue,
        };
    }
    match (found.remove("sha256"), found.remove("sha512")) {
        (Some(short), long) => (Some(short), long.and_then(|t| t.parse().ok())),
        (None, long) => (long, None),
    }
}

/// The form that a document of this program says it has.
pub(super) fn form(text: Option<&str>) -> Form {
    if text == Some(ATTESTED) { Form::Attested } else { Form::Full }
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
