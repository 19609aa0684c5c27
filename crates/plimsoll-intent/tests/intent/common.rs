//! The decision set of an invented company, and shorthand for tests.
#![allow(unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::Date;
use plimsoll_finding::Finding;
use plimsoll_intent::{Document, Intent, Resolved, WorkloadId, read};

pub const TODAY: Date = jiff::civil::date(2026, 11, 23);

pub const KEY: &str = include_str!("../../testdata/harbour/adrs/keys/break-glass.pub");

/// Path and text of every document of the set.
pub const SET: &[(&str, &str)] = &[
    ("adrs/0001-record-decisions.md", include_str!("../../testdata/harbour/adrs/0001-record-decisions.md")),
    ("adrs/0002-signing-key.md", include_str!("../../testdata/harbour/adrs/0002-signing-key.md")),
    ("adrs/0003-tiers-and-gates.md", include_str!("../../testdata/harbour/adrs/0003-tiers-and-gates.md")),
    (
        "adrs/0004-software-bill-of-materials-and-registry.md",
        include_str!("../../testdata/harbour/adrs/0004-software-bill-of-materials-and-registry.md"),
    ),
    ("adrs/0005-keyless-signing.md", include_str!("../../testdata/harbour/adrs/0005-keyless-signing.md")),
    ("adrs/0006-admission.md", include_str!("../../testdata/harbour/adrs/0006-admission.md")),
    ("adrs/0007-runtime-user.md", include_str!("../../testdata/harbour/adrs/0007-runtime-user.md")),
    ("architecture/shop/web-component.md", include_str!("../../testdata/harbour/architecture/shop/web-component.md")),
];

pub fn document(path: &str, text: &str) -> Document {
    Document { path: path.to_owned(), text: text.to_owned() }
}

pub fn set() -> Vec<Document> {
    SET.iter().map(|(path, text)| document(path, text)).collect()
}

pub fn key_files() -> BTreeMap<String, String> {
    BTreeMap::from([("adrs/keys/break-glass.pub".to_owned(), KEY.to_owned())])
}

pub fn resolve(documents: &[Document]) -> Result<Resolved, Vec<Finding>> {
    read(documents).resolve(&key_files(), TODAY)
}

pub fn intent(documents: &[Document]) -> Intent {
    resolve(documents).unwrap().intent
}

/// A single `plimsoll.yaml` below its `apiVersion`, which is line 1.
pub fn yaml(body: &str) -> Vec<Document> {
    vec![document("plimsoll.yaml", &format!("apiVersion: plimsoll.dev/v1\n{body}"))]
}

/// An ADR with a status and a block below `plimsoll:`, which is line 3.
pub fn adr(path: &str, status: &str, block: &str) -> Document {
    let block: String = block.lines().map(|l| format!("  {l}\n")).collect();
    document(path, &format!("---\nstatus: {status}\nplimsoll:\n  apiVersion: plimsoll.dev/v1\n{block}---\n# T\n"))
}

/// `CODE path:line:column` of every finding, in order.
pub fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{} {}", f.code, f.location)).collect()
}

/// The findings of a refused set.
pub fn refused(documents: &[Document]) -> Vec<Finding> {
    resolve(documents).unwrap_err()
}

pub fn workload(kind: &str, namespace: &str, name: &str) -> WorkloadId {
    WorkloadId {
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
        labels: BTreeMap::new(),
    }
}
