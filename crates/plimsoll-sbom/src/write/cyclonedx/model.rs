//! The parts of a CycloneDX document, borrowed from the SBOM. JSON and XML are both written from them.

use std::borrow::Cow;

use serde::Serialize;

/// A text that is borrowed where it stands in the SBOM.
pub(in crate::write) type Text<'a> = Cow<'a, str>;

#[derive(Default, Serialize)]
pub(in crate::write) struct Component<'a> {
    #[serde(rename = "bom-ref", skip_serializing_if = "str::is_empty")]
    pub(in crate::write) reference: Text<'a>,
    #[serde(rename = "type")]
    pub(in crate::write) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) supplier: Option<Organisation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) publisher: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) group: Option<&'a str>,
    pub(in crate::write) name: Text<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(in crate::write) version: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) hashes: Vec<Hash<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) licenses: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(in crate::write) purl: Text<'a>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) external: Vec<External<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) properties: Vec<Property<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) components: Vec<Self>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) evidence: Option<Evidence<'a>>,
}

#[derive(Serialize)]
pub(in crate::write) struct Organisation {
    pub(in crate::write) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) contact: Vec<Contact>,
}

#[derive(Serialize)]
pub(in crate::write) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) email: Option<String>,
}

#[derive(Serialize)]
pub(in crate::write) struct Hash<'a> {
    pub(in crate::write) alg: &'static str,
    pub(in crate::write) content: &'a str,
}

/// A licence or an expression. `acknowledgement` came with 1.6.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::write) enum Choice<'a> {
    License {
        license: License<'a>,
    },
    Expression {
        expression: Text<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        acknowledgement: Option<&'static str>,
    },
}

#[derive(Serialize)]
pub(in crate::write) struct License<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) acknowledgement: Option<&'static str>,
}

#[derive(Serialize)]
pub(in crate::write) struct External<'a> {
    #[serde(rename = "type")]
    pub(in crate::write) kind: &'static str,
    pub(in crate::write) url: Text<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) hashes: Vec<Hash<'a>>,
}

#[derive(Serialize)]
pub(in crate::write) struct Property<'a> {
    pub(in crate::write) name: Text<'a>,
    pub(in crate::write) value: Text<'a>,
}

impl<'a> Property<'a> {
    pub(in crate::write) fn new(name: impl Into<Text<'a>>, value: impl Into<Text<'a>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

#[derive(Serialize)]
pub(in crate::write) struct Evidence<'a> {
    pub(in crate::write) occurrences: Vec<Occurrence<'a>>,
}

#[derive(Serialize)]
pub(in crate::write) struct Occurrence<'a> {
    pub(in crate::write) location: &'a str,
}

#[derive(Serialize)]
pub(in crate::write) struct Metadata<'a> {
    pub(in crate::write) timestamp: String,
    pub(in crate::write) lifecycles: [Lifecycle; 1],
    pub(in crate::write) tools: Tools<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) authors: Vec<Contact>,
    pub(in crate::write) component: Component<'a>,
    /// Since 1.6; it was called `manufacture` before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) manufacturer: Option<Organisation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) manufacture: Option<Organisation>,
}

#[derive(Serialize)]
pub(in crate::write) struct Lifecycle {
    pub(in crate::write) phase: &'static str,
}

#[derive(Serialize)]
pub(in crate::write) struct Tools<'a> {
    pub(in crate::write) components: [Component<'a>; 1],
}

#[derive(Serialize)]
pub(in crate::write) struct Dependency<'a> {
    #[serde(rename = "ref")]
    pub(in crate::write) reference: &'a str,
    #[serde(rename = "dependsOn", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
pub(in crate::write) struct Composition<'a> {
    pub(in crate::write) aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) assemblies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) dependencies: Vec<&'a str>,
}
