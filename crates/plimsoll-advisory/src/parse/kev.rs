//! CISA's catalogue of known exploited vulnerabilities (JSON).

use serde::Deserialize;

use super::{Parsed, is_cve, moment};

#[derive(Deserialize)]
struct Catalogue {
    #[serde(rename = "dateReleased")]
    released: Option<String>,
    vulnerabilities: Vec<serde_json::Value>,
}

/// Reads the catalogue.
pub fn parse(bytes: &[u8]) -> Parsed {
    let catalogue: Catalogue = match serde_json::from_slice(bytes) {
        Ok(catalogue) => catalogue,
        Err(e) => return Parsed::broken("catalogue", e),
    };
    let mut parsed = Parsed::default();
    parsed.saw(moment(catalogue.released.as_deref()));
    for (n, entry) in catalogue.vulnerabilities.iter().enumerate() {
        match entry.get("cveID").and_then(|id| id.as_str()).filter(|id| is_cve(id)) {
            Some(id) => parsed.exploited.push(id.to_owned()),
            None => parsed.refuse(format!("vulnerabilities[{n}]"), "it has no CVE id"),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_entry_loses_no_other() {
        let text = br#"{"dateReleased":"2026-08-07T16:45:47Z","vulnerabilities":[{"cveID":"CVE-2021-44228"},{"cveID":7},{"cveID":"CVE-2014-0160"}]}"#;
        let parsed = parse(text);
        assert_eq!(parsed.exploited, ["CVE-2021-44228", "CVE-2014-0160"]);
        assert_eq!(parsed.bad[0].place, "vulnerabilities[1]");
        assert_eq!(parse(b"[").bad.len(), 1);
    }
}
