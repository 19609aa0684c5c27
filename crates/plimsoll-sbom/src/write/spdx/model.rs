//! The parts of an SPDX 2.3 document. JSON and tag-value are both written from them.

use std::borrow::Cow;

use serde::Serialize;

#[derive(Serialize)]
pub(in crate::write) struct Creation {
    pub(in crate::write) created: String,
    pub(in crate::write) creators: Vec<String>,
}

#[derive(Default, Serialize)]
pub(in crate::write) struct Package<'a> {
    pub(in crate::write) name: Cow<'a, str>,
    #[serde(rename = "SPDXID")]
    pub(in crate::write) id: Cow<'a, str>,
    #[serde(rename = "versionInfo", skip_serializing_if = "str::is_empty")]
    pub(in crate::write) version: Cow<'a, str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::write) supplier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) originator: Option<String>,
    #[serde(rename = "downloadLocation")]
    pub(in crate::write) download: Cow<'a, str>,
    #[serde(rename = "filesAnalyzed")]
    pub(in crate::write) files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) homepage: Option<&'a str>,
    #[serde(rename = "sourceInfo", skip_serializing_if = "Option::is_none")]
    pub(in crate::write) source: Option<String>,
    #[serde(rename = "licenseDeclared", skip_serializing_if = "str::is_empty")]
    pub(in crate::write) declared: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) comment: Option<String>,
    #[serde(rename = "externalRefs", skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) references: Vec<Reference<'a>>,
    #[serde(rename = "primaryPackagePurpose", skip_serializing_if = "Option::is_none")]
    pub(in crate::write) purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::write) annotations: Vec<Annotation>,
}

#[derive(Serialize)]
pub(in crate::write) struct Checksum<'a> {
    pub(in crate::write) algorithm: &'static str,
    #[serde(rename = "checksumValue")]
    pub(in crate::write) value: &'a str,
}

#[derive(Serialize)]
pub(in crate::write) struct Reference<'a> {
    #[serde(rename = "referenceCategory")]
    pub(in crate::write) category: &'static str,
    #[serde(rename = "referenceType")]
    pub(in crate::write) kind: &'static str,
    #[serde(rename = "referenceLocator")]
    pub(in crate::write) locator: Cow<'a, str>,
}

#[derive(Serialize)]
pub(in crate::write) struct Annotation {
    #[serde(rename = "annotationType")]
    pub(in crate::write) kind: &'static str,
    pub(in crate::write) annotator: String,
    #[serde(rename = "annotationDate")]
    pub(in crate::write) date: String,
    pub(in crate::write) comment: String,
}

#[derive(Serialize)]
pub(in crate::write) struct Extracted<'a> {
    #[serde(rename = "licenseId")]
    pub(in crate::write) id: &'a str,
    pub(in crate::write) name: &'a str,
    #[serde(rename = "extractedText")]
    pub(in crate::write) text: &'a str,
}

#[derive(Serialize)]
pub(in crate::write) struct Relationship<'a> {
    #[serde(rename = "spdxElementId")]
    pub(in crate::write) from: &'a str,
    #[serde(rename = "relationshipType")]
    pub(in crate::write) kind: &'static str,
    #[serde(rename = "relatedSpdxElement")]
    pub(in crate::write) to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::write) comment: Option<&'static str>,
}
