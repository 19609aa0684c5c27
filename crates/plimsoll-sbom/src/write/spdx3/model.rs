//! An element of an SPDX 3 document, with the properties that are written of it.

use std::borrow::Cow;

use serde::Serialize;

type Text<'a> = Cow<'a, str>;

#[derive(Default, Serialize)]
pub(super) struct Element<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "spdxId", skip_serializing_if = "String::is_empty")]
    pub(super) id: String,
    #[serde(rename = "creationInfo")]
    pub(super) creation: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) name: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) comment: Text<'a>,
    #[serde(rename = "externalIdentifier", skip_serializing_if = "Vec::is_empty")]
    pub(super) identifiers: Vec<Identifier<'a>>,
    #[serde(rename = "verifiedUsing", skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash<'a>>,

    // Artefacts and packages.
    #[serde(rename = "originatedBy", skip_serializing_if = "Vec::is_empty")]
    pub(super) originated_by: Vec<String>,
    #[serde(rename = "suppliedBy", skip_serializing_if = "Option::is_none")]
    pub(super) supplied_by: Option<String>,
    #[serde(rename = "software_primaryPurpose", skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<&'static str>,
    #[serde(rename = "software_additionalPurpose", skip_serializing_if = "Vec::is_empty")]
    pub(super) purposes: Vec<&'static str>,
    #[serde(rename = "software_packageVersion", skip_serializing_if = "str::is_empty")]
    pub(super) version: Text<'a>,
    #[serde(rename = "software_packageUrl", skip_serializing_if = "str::is_empty")]
    pub(super) purl: Text<'a>,
    #[serde(rename = "software_downloadLocation", skip_serializing_if = "Option::is_none")]
    pub(super) download: Option<&'a str>,
    #[serde(rename = "software_homePage", skip_serializing_if = "Option::is_none")]
    pub(super) homepage: Option<&'a str>,
    #[serde(rename = "software_sourceInfo", skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,

    // Collections.
    #[serde(rename = "profileConformance", skip_serializing_if = "Vec::is_empty")]
    pub(super) profiles: Vec<&'static str>,
    #[serde(rename = "rootElement", skip_serializing_if = "Vec::is_empty")]
    pub(super) roots: Vec<String>,
    #[serde(rename = "element", skip_serializing_if = "Vec::is_empty")]
    pub(super) elements: Vec<String>,
    #[serde(rename = "software_sbomType", skip_serializing_if = "Vec::is_empty")]
    pub(super) sbom_type: Vec<&'static str>,

    // Relationships.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(rename = "relationshipType", skip_serializing_if = "Option::is_none")]
    pub(super) relation: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completeness: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,

    // Licences.
    #[serde(rename = "simplelicensing_licenseExpression", skip_serializing_if = "Option::is_none")]
    pub(super) expression: Option<&'a str>,
    #[serde(rename = "simplelicensing_customIdToUri", skip_serializing_if = "Vec::is_empty")]
    pub(super) custom: Vec<Entry>,
    #[serde(rename = "simplelicensing_licenseText", skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,

    // Annotations.
    #[serde(rename = "annotationType", skip_serializing_if = "Option::is_none")]
    pub(super) annotation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(rename = "contentType", skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Creation {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@id")]
    pub(super) id: &'static str,
    #[serde(rename = "specVersion")]
    pub(super) version: &'static str,
    pub(super) created: String,
    #[serde(rename = "createdBy")]
    pub(super) by: [String; 1],
    #[serde(rename = "createdUsing")]
    pub(super) using: [String; 1],
}

#[derive(Serialize)]
pub(super) struct Identifier<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "externalIdentifierType")]
    pub(super) what: &'static str,
    pub(super) identifier: Text<'a>,
}

impl<'a> Identifier<'a> {
    pub(super) fn new(what: &'static str, identifier: impl Into<Text<'a>>) -> Self {
        Self { kind: "ExternalIdentifier", what, identifier: identifier.into() }
    }
}

#[derive(Serialize)]
pub(super) struct Hash<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) algorithm: &'static str,
    #[serde(rename = "hashValue")]
    pub(super) value: &'a str,
}

#[derive(Serialize)]
pub(super) struct Entry {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) key: String,
    pub(super) value: String,
}

/// A member of the graph.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Node<'a> {
    Creation(Creation),
    Element(Box<Element<'a>>),
}
