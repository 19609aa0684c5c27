//! The parts of an SPDX 2 document that are read. Tag-value and SPDX 3 are brought into this form too.

use serde::Deserialize;

#[derive(Default, Deserialize)]
pub(in crate::read) struct Document {
    pub(in crate::read) name: Option<String>,
    #[serde(rename = "creationInfo")]
    pub(in crate::read) creation: Option<Creation>,
    pub(in crate::read) packages: Option<Vec<Package>>,
    pub(in crate::read) relationships: Option<Vec<Relationship>>,
    #[serde(rename = "documentDescribes")]
    pub(in crate::read) describes: Option<Vec<String>>,
    #[serde(rename = "hasExtractedLicensingInfos")]
    pub(in crate::read) extracted: Option<Vec<Extracted>>,
    pub(in crate::read) annotations: Option<Vec<Annotation>>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Creation {
    pub(in crate::read) created: Option<String>,
    pub(in crate::read) creators: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Package {
    #[serde(rename = "SPDXID")]
    pub(in crate::read) id: String,
    pub(in crate::read) name: Option<String>,
    #[serde(rename = "versionInfo")]
    pub(in crate::read) version: Option<String>,
    pub(in crate::read) supplier: Option<String>,
    pub(in crate::read) originator: Option<String>,
    #[serde(rename = "licenseDeclared")]
    pub(in crate::read) license: Option<String>,
    #[serde(rename = "downloadLocation")]
    pub(in crate::read) download: Option<String>,
    pub(in crate::read) annotations: Option<Vec<Annotation>>,
    pub(in crate::read) summary: Option<String>,
    pub(in crate::read) description: Option<String>,
    pub(in crate::read) homepage: Option<String>,
    #[serde(rename = "sourceInfo")]
    pub(in crate::read) source: Option<String>,
    pub(in crate::read) comment: Option<String>,
    #[serde(rename = "primaryPackagePurpose")]
    pub(in crate::read) purpose: Option<String>,
    pub(in crate::read) checksums: Option<Vec<Checksum>>,
    #[serde(rename = "externalRefs")]
    pub(in crate::read) references: Option<Vec<Reference>>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Checksum {
    pub(in crate::read) algorithm: Option<String>,
    #[serde(rename = "checksumValue")]
    pub(in crate::read) value: Option<String>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Reference {
    #[serde(rename = "referenceType")]
    pub(in crate::read) kind: Option<String>,
    #[serde(rename = "referenceLocator")]
    pub(in crate::read) locator: Option<String>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Relationship {
    #[serde(rename = "spdxElementId")]
    pub(in crate::read) from: String,
    #[serde(rename = "relationshipType")]
    pub(in crate::read) kind: String,
    #[serde(rename = "relatedSpdxElement")]
    pub(in crate::read) to: String,
    pub(in crate::read) comment: Option<String>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Extracted {
    #[serde(rename = "licenseId")]
    pub(in crate::read) id: Option<String>,
    pub(in crate::read) name: Option<String>,
}

#[derive(Default, Deserialize)]
pub(in crate::read) struct Annotation {
    pub(in crate::read) comment: Option<String>,
}
