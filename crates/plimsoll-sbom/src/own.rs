//! The parts of this program's own document, for its writer and its reader. The schema is
//! `schemas/plimsoll-sbom.v1.schema.json`.

use std::borrow::Cow;
use std::fmt;

use plimsoll_catalog::{Hash, HashAlgorithm, Package, SourcePackage};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::identity;

/// Where the schema is published.
pub(crate) const SCHEMA: &str =
    "https://raw.githubusercontent.com/plimsoll-dev/plimsoll/main/schemas/plimsoll-sbom.v1.schema.json";

/// The schema's version. A reader takes any with the same first number: later ones only add members.
pub(crate) const VERSION: &str = "1.0.0";

/// Text that is borrowed from the value or the document where that is possible.
pub(crate) type Text<'a> = Cow<'a, str>;

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn none(text: &str) -> bool {
    text.is_empty()
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tool<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    version: Text<'a>,
}

impl<'a> Tool<'a> {
    pub(crate) fn of(tool: &'a crate::Tool) -> Self {
        Self { name: tool.name.as_str().into(), version: tool.version.as_str().into() }
    }

    pub(crate) fn read(self) -> crate::Tool {
        crate::Tool { name: self.name.into_owned(), version: self.version.into_owned() }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Subject<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha512: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    layers: Vec<String>,
}

impl<'a> Subject<'a> {
    pub(crate) fn of(subject: &'a crate::Subject) -> Self {
        Self {
            name: subject.name.as_str().into(),
            version: subject.version.clone(),
            digest: subject.digest.as_ref().map(ToString::to_string),
            sha512: subject.sha512.as_ref().map(ToString::to_string),
            platform: subject.platform.as_ref().map(ToString::to_string),
            layers: subject.layers.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn read<E: de::Error>(self) -> Result<crate::Subject, E> {
        let digest = |text: Option<String>| text.map(|t| t.parse().map_err(E::custom)).transpose();
        Ok(crate::Subject {
            name: self.name.into_owned(),
            version: self.version,
            digest: digest(self.digest)?,
            sha512: digest(self.sha512)?,
            platform: self.platform.map(|p| p.parse().map_err(E::custom)).transpose()?,
            layers: self.layers.iter().map(|l| l.parse().map_err(E::custom)).collect::<Result<_, E>>()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Distro {
    id: String,
    #[serde(rename = "versionId", default, skip_serializing_if = "String::is_empty")]
    version_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codename: Option<String>,
    #[serde(rename = "prettyName", default, skip_serializing_if = "Option::is_none")]
    pretty_name: Option<String>,
}

impl Distro {
    pub(crate) fn of(distro: &plimsoll_catalog::Distro) -> Self {
        let plimsoll_catalog::Distro { id, version_id, codename, pretty_name } = distro.clone();
        Self { id, version_id, codename, pretty_name }
    }

    pub(crate) fn read(self) -> plimsoll_catalog::Distro {
        let Self { id, version_id, codename, pretty_name } = self;
        plimsoll_catalog::Distro { id, version_id, codename, pretty_name }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Source<'a> {
    #[serde(borrow, default, skip_serializing_if = "none")]
    name: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "none")]
    version: Text<'a>,
}

/// A package. Members that are empty are left out; `source` is where it is the package itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct Body<'a> {
    ecosystem: Text<'a>,
    name: Text<'a>,
    #[serde(default, skip_serializing_if = "none")]
    version: Text<'a>,
    #[serde(default, skip_serializing_if = "none")]
    arch: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(default, skip_serializing_if = "none")]
    purl: Text<'a>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    cpes: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    licenses: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maintainer: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    homepage: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    download: Option<Text<'a>>,
    /// `sha256:<hex>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<String>,
    #[serde(rename = "dependsOn", default, skip_serializing_if = "<[_]>::is_empty")]
    depends: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within: Option<Text<'a>>,
    #[serde(rename = "ownedBy", default, skip_serializing_if = "<[_]>::is_empty")]
    owners: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "is_false")]
    declared: bool,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    evidence: Cow<'a, [String]>,
    #[serde(rename = "firstLayer", default, skip_serializing_if = "is_zero")]
    first_layer: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    layer: u32,
    /// Pairs, because a name may stand more than once.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    properties: Cow<'a, [(String, String)]>,
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    files: Files<'a>,
}

const ALGORITHMS: [(HashAlgorithm, &str); 5] = [
    (HashAlgorithm::Md5, "md5"),
    (HashAlgorithm::Sha1, "sha1"),
    (HashAlgorithm::Sha256, "sha256"),
    (HashAlgorithm::Sha384, "sha384"),
    (HashAlgorithm::Sha512, "sha512"),
];

impl<'a> Body<'a> {
    pub(crate) fn of(package: &'a Package) -> Self {
        let source = &package.source;
        let differs = source.name != package.name || source.version != package.version;
        let hash = |hash: &Hash| {
            let name = ALGORITHMS.iter().find(|(a, _)| *a == hash.algorithm).map_or("", |(_, name)| name);
            format!("{name}:{}", hash.hex)
        };
        Self {
            ecosystem: package.ecosystem.name().into(),
            name: package.name.as_str().into(),
            version: package.version.as_str().into(),
            arch: package.arch.as_str().into(),
            source: differs
                .then(|| Source { name: source.name.as_str().into(), version: source.version.as_str().into() }),
            purl: package.purl.as_str().into(),
            cpes: package.cpes.as_slice().into(),
            licenses: package.licenses.as_slice().into(),
            maintainer: package.maintainer.as_deref().map(Into::into),
            description: package.description.as_deref().map(Into::into),
            homepage: package.homepage.as_deref().map(Into::into),
            download: package.download.as_deref().map(Into::into),
            hashes: package.hashes.iter().map(hash).collect(),
            depends: package.depends.as_slice().into(),
            within: package.within.as_deref().map(Into::into),
            owners: package.owners.as_slice().into(),
            declared: package.declared,
            evidence: package.evidence.as_slice().into(),
            first_layer: package.first_layer,
            layer: package.layer,
            properties: package.properties.as_slice().into(),
            files: Files::of(&package.files),
        }
    }

    pub(crate) fn read<E: de::Error>(self) -> Result<Package, E> {
        let ecosystem = identity::ecosystem(&self.ecosystem)
            .ok_or_else(|| E::custom(format_args!("no ecosystem is called {}", self.ecosystem)))?;
        let hash = |text: &String| {
            let (name, hex) = text.split_once(':').unwrap_or((text, ""));
            let algorithm = ALGORITHMS.iter().find(|(_, n)| *n == name).map(|(a, _)| *a);
            let algorithm = algorithm.ok_or_else(|| E::custom("a hash names no known algorithm"))?;
            Ok(Hash { algorithm, hex: hex.to_owned() })
        };
        let source = match self.source {
            Some(source) => SourcePackage { name: source.name.into_owned(), version: source.version.into_owned() },
            None => SourcePackage { name: self.name.clone().into_owned(), version: self.version.clone().into_owned() },
        };
        Ok(Package {
            ecosystem,
            name: self.name.into_owned(),
            version: self.version.into_owned(),
            arch: self.arch.into_owned(),
            source,
            purl: self.purl.into_owned(),
            cpes: self.cpes.into_owned(),
            licenses: self.licenses.into_owned(),
            maintainer: self.maintainer.map(Cow::into_owned),
            description: self.description.map(Cow::into_owned),
            homepage: self.homepage.map(Cow::into_owned),
            download: self.download.map(Cow::into_owned),
            hashes: self.hashes.iter().map(hash).collect::<Result<_, E>>()?,
            depends: self.depends.into_owned(),
            within: self.within.map(Cow::into_owned),
            owners: self.owners.into_owned(),
            declared: self.declared,
            files: self.files.paths(),
            evidence: self.evidence.into_owned(),
            first_layer: self.first_layer,
            layer: self.layer,
            properties: self.properties.into_owned(),
        })
    }
}

/// Paths by folder, so that no folder's name stands twice where paths are sorted.
#[derive(Default)]
pub(crate) struct Files<'a>(Vec<(Text<'a>, Vec<Text<'a>>)>);

impl<'a> Files<'a> {
    pub(crate) fn of(paths: &'a [String]) -> Self {
        let mut folders: Vec<(Text<'a>, Vec<Text<'a>>)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for path in paths {
            let (folder, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
            let at = *known.entry(folder).or_insert_with(|| {
                folders.push((folder.into(), Vec::new()));
                folders.len() - 1
            });
            folders[at].1.push(name.into());
        }
        Self(folders)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths, sorted as a catalogue sorts them.
    fn paths(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|(folder, names)| names.iter().map(move |name| format!("{folder}{name}")));
        let mut paths: Vec<String> = all.collect();
        paths.sort();
        paths
    }
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (folder, names) in &self.0 {
            map.serialize_entry(folder, names)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Files<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Folders;
        impl<'de> Visitor<'de> for Folders {
            type Value = Vec<(String, Vec<String>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("folders with the names of their files")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut files = Vec::new();
                let mut seen = std::collections::HashSet::new();
                while let Some((folder, names)) = map.next_entry::<String, Vec<String>>()? {
                    if !seen.insert(folder.clone()) {
                        return Err(de::Error::custom(format_args!("the folder {folder} stands twice")));
                    }
                    files.push((folder, names));
                }
                Ok(files)
            }
        }
        let folders = deserializer.deserialize_map(Folders)?;
        let owned =
            |(folder, names): (String, Vec<String>)| (Cow::Owned(folder), names.into_iter().map(Cow::Owned).collect());
        Ok(Self(folders.into_iter().map(owned).collect()))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Removed {
    name: String,
    version: String,
    purl: String,
    reason: String,
}

impl Removed {
    pub(crate) fn of(removed: &crate::Removed) -> Self {
        let crate::Removed { name, version, purl, reason } = removed.clone();
        Self { name, version, purl, reason }
    }

    pub(crate) fn read(self) -> crate::Removed {
        let Self { name, version, purl, reason } = self;
        crate::Removed { name, version, purl, reason }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Problem {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    why: String,
}

impl Problem {
    pub(crate) fn of(problem: &plimsoll_catalog::Problem) -> Self {
        let plimsoll_catalog::Problem { path, line, why } = problem.clone();
        Self { path, line, why }
    }

    pub(crate) fn read(self) -> plimsoll_catalog::Problem {
        let Self { path, line, why } = self;
        plimsoll_catalog::Problem { path, line, why }
    }
}
