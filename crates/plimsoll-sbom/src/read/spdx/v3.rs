//! SPDX 3.0 JSON-LD, brought into the form of SPDX 2.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::model::{Annotation, Checksum, Creation, Document, Extracted, Package, Reference, Relationship};

#[derive(Deserialize)]
struct Graph {
    #[serde(rename = "@graph")]
    elements: Vec<Element>,
}

/// A reference to an element, or the element itself in its place.
#[derive(Deserialize)]
#[serde(untagged)]
enum Link {
    Reference(String),
    Inline {
        #[serde(rename = "spdxId", alias = "@id")]
        id: Option<String>,
        created: Option<String>,
    },
}

impl Link {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Reference(id) => Some(id),
            Self::Inline { id, .. } => id.as_deref(),
        }
    }
}

#[derive(Deserialize)]
struct Element {
    #[serde(rename = "type", alias = "@type")]
    kind: String,
    #[serde(rename = "spdxId")]
    id: Option<String>,
    #[serde(rename = "creationInfo")]
    creation: Option<Link>,
    name: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    comment: Option<String>,
    created: Option<String>,
    #[serde(rename = "createdBy")]
    created_by: Option<Vec<Link>>,
    #[serde(rename = "createdUsing")]
    created_using: Option<Vec<Link>>,
    #[serde(rename = "externalIdentifier")]
    identifiers: Option<Vec<Identifier>>,
    #[serde(rename = "verifiedUsing")]
    hashes: Option<Vec<Hash>>,
    #[serde(rename = "originatedBy")]
    originated_by: Option<Vec<Link>>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: Option<String>,
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    purl: Option<String>,
    #[serde(rename = "software_downloadLocation")]
    download: Option<String>,
    #[serde(rename = "software_homePage")]
    homepage: Option<String>,
    #[serde(rename = "software_sourceInfo")]
    source: Option<String>,
    #[serde(rename = "rootElement")]
    roots: Option<Vec<Link>>,
    from: Option<Link>,
    #[serde(rename = "relationshipType")]
    relation: Option<String>,
    to: Option<Vec<Link>>,
    #[serde(rename = "simplelicensing_licenseExpression")]
    expression: Option<String>,
    #[serde(rename = "simplelicensing_customIdToUri")]
    custom: Option<Vec<Entry>>,
    #[serde(rename = "simplelicensing_licenseText")]
    text: Option<String>,
    subject: Option<Link>,
    statement: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "externalIdentifierType")]
    kind: Option<String>,
    identifier: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    algorithm: Option<String>,
    #[serde(rename = "hashValue")]
    value: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    key: Option<String>,
    value: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Document, serde_json::Error> {
    let graph: Graph = serde_json::from_slice(bytes)?;
    let mut by_id: HashMap<&str, &Element> = HashMap::new();
    for element in &graph.elements {
        let Some(id) = &element.id else { continue };
        if by_id.insert(id, element).is_some() {
            return Err(serde::de::Error::custom("two elements have one identifier"));
        }
    }
    let mut document = Document::default();
    let mut licenses: HashMap<&str, &str> = HashMap::new();
    let mut described: HashSet<&str> = HashSet::new();
    let mut notes: HashMap<&str, Vec<Annotation>> = HashMap::new();
    let mut relationships = Vec::new();
    let mut extracted = Vec::new();
    for element in &graph.elements {
        match element.kind.as_str() {
            "CreationInfo" if document.creation.is_none() => document.creation = Some(creation(element, &by_id)),
            "SpdxDocument" => document.name.clone_from(&element.name),
            "software_Sbom" | "Bom" => described.extend(element.roots.iter().flatten().filter_map(Link::id)),
            "Relationship" | "LifecycleScopedRelationship" => relate(element, &mut relationships, &mut licenses),
            "simplelicensing_LicenseExpression" => {
                for entry in element.custom.iter().flatten() {
                    let text = entry.value.as_deref().and_then(|id| by_id.get(id)?.text.clone());
                    extracted.push(Extracted { id: entry.key.clone(), name: text });
                }
            }
            "Annotation" => {
                let subject = element.subject.as_ref().and_then(Link::id).unwrap_or_default();
                notes.entry(subject).or_default().push(Annotation { comment: element.statement.clone() });
            }
            _ => {}
        }
    }
    if document.creation.is_none() {
        let created = graph.elements.iter().find_map(|e| match &e.creation {
            Some(Link::Inline { created, .. }) => created.clone(),
            _ => None,
        });
        document.creation = Some(Creation { created, creators: None });
    }
    let mut packages = Vec::new();
    for element in graph.elements.iter().filter(|e| e.kind == "software_Package") {
        let mut package = package(element, &by_id);
        let license = licenses.get(package.id.as_str()).and_then(|id| by_id.get(id)?.expression.clone());
        package.license = license;
        package.annotations = notes.remove(package.id.as_str());
        packages.push(package);
    }
    document.describes = Some(described.into_iter().map(str::to_owned).collect());
    document.annotations = Some(notes.into_values().flatten().collect());
    document.packages = Some(packages);
    document.relationships = Some(relationships);
    document.extracted = Some(extracted);
    Ok(document)
}

fn creation(element: &Element, by_id: &HashMap<&str, &Element>) -> Creation {
    let named = |links: &Option<Vec<Link>>, kind: &str, prefix: &str| -> Vec<String> {
        let elements = links.iter().flatten().filter_map(|l| by_id.get(l.id()?).copied());
        elements.filter(|e| e.kind == kind).map(|e| format!("{prefix}: {}", agent(e))).collect()
    };
    let mut creators = named(&element.created_using, "Tool", "Tool");
    creators.extend(named(&element.created_by, "Organization", "Organization"));
    Creation { created: element.created.clone(), creators: Some(creators) }
}

/// `Name (mail)`, as SPDX 2 writes it.
fn agent(element: &Element) -> String {
    let name = element.name.as_deref().unwrap_or_default();
    let mail = element.identifiers.iter().flatten().find(|i| i.kind.as_deref() == Some("email"));
    match mail.and_then(|i| i.identifier.as_deref()).filter(|mail| *mail != name) {
        Some(mail) => format!("{name} ({mail})"),
        None => name.to_owned(),
    }
}

fn relate<'e>(element: &'e Element, list: &mut Vec<Relationship>, licenses: &mut HashMap<&'e str, &'e str>) {
    let Some(from) = element.from.as_ref().and_then(Link::id) else { return };
    let kind = match element.relation.as_deref() {
        Some("contains") => "CONTAINS",
        Some("dependsOn") => "DEPENDS_ON",
        Some("other") => "OTHER",
        Some("hasDeclaredLicense") => {
            licenses.extend(element.to.iter().flatten().filter_map(Link::id).map(|to| (from, to)));
            return;
        }
        _ => return,
    };
    for to in element.to.iter().flatten().filter_map(Link::id) {
        let (from, to) = (from.to_owned(), to.to_owned());
        list.push(Relationship { from, kind: kind.to_owned(), to, comment: element.comment.clone() });
    }
}

fn package(element: &Element, by_id: &HashMap<&str, &Element>) -> Package {
    let mut references = Vec::new();
    let mut refer = |kind: &str, locator: &Option<String>| {
        references.push(Reference { kind: Some(kind.to_owned()), locator: locator.clone() });
    };
    if element.purl.is_some() {
        refer("purl", &element.purl);
    }
    for identifier in element.identifiers.iter().flatten() {
        match identifier.kind.as_deref() {
            Some("packageUrl") if element.purl.is_none() => refer("purl", &identifier.identifier),
            Some("cpe23") => refer("cpe23Type", &identifier.identifier),
            _ => {}
        }
    }
    let hashes = element.hashes.iter().flatten();
    let checksums = hashes
        .map(|h| Checksum { algorithm: h.algorithm.as_ref().map(|a| a.to_ascii_uppercase()), value: h.value.clone() });
    let originator = element.originated_by.iter().flatten().find_map(|l| by_id.get(l.id()?).copied());
    let purpose = match element.purpose.as_deref() {
        Some("container") => Some("CONTAINER"),
        Some("operatingSystem") => Some("OPERATING-SYSTEM"),
        _ => None,
    };
    Package {
        id: element.id.clone().unwrap_or_default(),
        name: element.name.clone(),
        version: element.version.clone(),
        originator: originator.map(|e| format!("Person: {}", agent(e))),
        summary: element.summary.clone(),
        description: element.description.clone(),
        homepage: element.homepage.clone(),
        download: element.download.clone(),
        source: element.source.clone(),
        comment: element.comment.clone(),
        purpose: purpose.map(str::to_owned),
        checksums: Some(checksums.collect()),
        references: Some(references),
        ..Package::default()
    }
}
