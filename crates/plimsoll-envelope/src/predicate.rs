//! Predicate types and the vulnerability predicates.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The names cosign gives to predicate types (`--type NAME`), with their URIs.
pub const TYPES: &[(&str, &str)] = &[
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", crate::SLSA_PROVENANCE_V1),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vsa", "https://slsa.dev/verification_summary/v1"),
    ("vuln", VULN_V1),
    ("vulns", VULNS_V02),
];

/// cosign's vulnerability scan predicate.
pub const VULN_V1: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";

/// in-toto's vulnerability scan predicate.
pub const VULNS_V02: &str = "https://in-toto.io/attestation/vulns/v0.2";

/// The URI of a predicate type given as cosign's name for it or as a URI of its own. `None`: neither.
pub fn type_uri(name: &str) -> Option<String> {
    if let Some((_, uri)) = TYPES.iter().find(|(known, _)| *known == name) {
        return Some((*uri).to_owned());
    }
    let (scheme, rest) = name.split_once("://")?;
    let is_uri = matches!(scheme, "https" | "http") && !rest.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
    is_uri.then(|| name.to_owned())
}

/// cosign's first name of a predicate type URI, for people.
pub fn type_name(uri: &str) -> Option<&'static str> {
    TYPES.iter().find(|(_, known)| *known == uri).map(|(name, _)| *name)
}

/// A scan, as both vulnerability predicates tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// Scanner URI, which names the tool: `pkg:cargo/plimsoll`.
    pub scanner_uri: String,
    /// Scanner version.
    pub scanner_version: String,
    /// Where the advisory index came from.
    pub database_uri: String,
    /// The index's version or digest.
    pub database_version: String,
    /// When the index was last updated.
    pub database_updated: Option<Timestamp>,
    /// Start of the scan.
    pub started: Timestamp,
    /// End of the scan.
    pub finished: Timestamp,
}

/// One vulnerability, as in-toto's predicate lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanResult {
    /// Identifier: `CVE-2023-0286`.
    pub id: String,
    /// Severities, each a method and a score: (`CVSSv3`, `7.4`), (`debian`, `high`).
    pub severities: Vec<(String, String)>,
    /// The package, as a purl.
    pub package: Option<String>,
}

/// cosign's `vuln/v1`: `result` is the scanner's own report, as the scanner wrote it.
pub fn cosign_vuln(scan: &Scan, result: Value) -> Value {
    json!({
        "invocation": {"parameters": [], "uri": "", "event_id": "", "builder.id": ""},
        "scanner": {
            "uri": scan.scanner_uri,
            "version": scan.scanner_version,
            "db": {"uri": scan.database_uri, "version": scan.database_version},
            "result": result,
        },
        "metadata": {"scanStartedOn": scan.started.to_string(), "scanFinishedOn": scan.finished.to_string()},
    })
}

/// in-toto's `vulns/v0.2`.
pub fn in_toto_vulns(scan: &Scan, results: &[ScanResult]) -> Value {
    let result: Vec<Value> = results
        .iter()
        .map(|r| {
            let severity: Vec<Value> =
                r.severities.iter().map(|(method, score)| json!({"method": method, "score": score})).collect();
            let mut out = json!({"id": r.id, "severity": severity});
            if let Some(package) = &r.package {
                out["annotations"] = json!([{"purl": package}]);
            }
            out
        })
        .collect();
    let mut db = json!({"uri": scan.database_uri, "version": scan.database_version});
    if let Some(updated) = scan.database_updated {
        db["lastUpdate"] = updated.to_string().into();
    }
    json!({
        "scanner": {"uri": scan.scanner_uri, "version": scan.scanner_version, "db": db, "result": result},
        "metadata": {"scanStartedOn": scan.started.to_string(), "scanFinishedOn": scan.finished.to_string()},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uris() {
        assert_eq!(type_uri("spdxjson").as_deref(), Some("https://spdx.dev/Document"));
        assert_eq!(type_uri("https://example.com/t/v1").as_deref(), Some("https://example.com/t/v1"));
        for bad in ["", "spdx-json", "https://", "ftp://x", "https://a b", "urn:x"] {
            assert_eq!(type_uri(bad), None, "{bad}");
        }
        assert_eq!(type_name(VULN_V1), Some("vuln"));
        assert!(TYPES.is_sorted());
    }

    #[test]
    fn scans_have_the_fields_consumers_read() {
        let scan = Scan {
            scanner_uri: "pkg:cargo/plimsoll".into(),
            scanner_version: "0.1.0".into(),
            database_uri: "index".into(),
            database_version: "sha256:00".into(),
            database_updated: Some(Timestamp::UNIX_EPOCH),
            started: Timestamp::UNIX_EPOCH,
            finished: Timestamp::UNIX_EPOCH,
        };
        let cosign = cosign_vuln(&scan, json!({"matches": []}));
        assert_eq!(cosign["metadata"]["scanFinishedOn"], "1970-01-01T00:00:00Z");
        assert_eq!(cosign["scanner"]["result"]["matches"], json!([]));
        let found = ScanResult {
            id: "CVE-2023-0286".into(),
            severities: vec![("CVSSv3".into(), "7.4".into())],
            package: Some("pkg:deb/debian/openssl@3".into()),
        };
        let vulns = in_toto_vulns(&scan, &[found]);
        assert_eq!(vulns["scanner"]["db"]["lastUpdate"], "1970-01-01T00:00:00Z");
        assert_eq!(vulns["scanner"]["result"][0]["severity"][0]["method"], "CVSSv3");
    }
}
