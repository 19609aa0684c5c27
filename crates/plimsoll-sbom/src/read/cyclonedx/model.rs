//! The parts of a CycloneDX document that are read, in JSON and in XML.

use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
pub(super) struct Bom {
    pub(super) metadata: Option<Metadata>,
    pub(super) components: Option<Vec<Component>>,
    pub(super) dependencies: Option<Vec<Dependency>>,
    pub(super) properties: Option<Vec<Property>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) timestamp: Option<String>,
    /// A list of tools up to 1.4, an object with components since.
    pub(super) tools: Option<Value>,
    pub(super) authors: Option<Vec<Named>>,
    pub(super) component: Option<Component>,
}

#[derive(Default, Deserialize)]
pub(super) struct Component {
    #[serde(rename = "bom-ref")]
    pub(super) reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) group: Option<String>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) cpe: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) publisher: Option<String>,
    pub(super) supplier: Option<Named>,
    pub(super) hashes: Option<Vec<Hash>>,
    pub(super) licenses: Option<Vec<LicenseChoice>>,
    pub(super) properties: Option<Vec<Property>>,
    pub(super) evidence: Option<Evidence>,
    #[serde(rename = "externalReferences")]
    pub(super) external: Option<Vec<External>>,
    pub(super) components: Option<Vec<Self>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
    pub(super) contact: Option<Vec<Contact>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Contact {
    pub(super) email: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Hash {
    pub(super) alg: Option<String>,
    pub(super) content: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct LicenseChoice {
    pub(super) license: Option<License>,
    pub(super) expression: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct License {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Property {
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Evidence {
    pub(super) occurrences: Option<Vec<Occurrence>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Occurrence {
    pub(super) location: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct External {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) url: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    #[serde(rename = "dependsOn")]
    pub(super) depends_on: Option<Vec<String>>,
}
