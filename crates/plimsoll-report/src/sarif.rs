//! Findings as SARIF 2.1.0 (OASIS standard).

use plimsoll_finding::{Finding, Level, Location, rules};
use plimsoll_oci::Digest;
use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
const DOCS: &str = "https://github.com/plimsoll-dev/plimsoll/blob/main/docs/findings.md";

/// A SARIF log of one run. Rules are those the findings use, in the registry's order.
pub fn sarif(tool_version: &str, findings: &[Finding]) -> Value {
    let used: Vec<_> = rules().filter(|r| findings.iter().any(|f| f.code == r.code)).collect();
    let rule_values: Vec<Value> = used
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code.as_str(),
                "name": rule.name,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.explanation},
                "help": {"text": rule.help},
                "helpUri": format!("{DOCS}#{}", rule.code.as_str().to_lowercase()),
                "defaultConfiguration": {"level": level(rule.level)},
            })
        })
        .collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|f| {
            let index = used.iter().position(|r| r.code == f.code);
            let mut text = f.message.clone();
            for fact in &f.evidence {
                text.push('\n');
                text.push_str(fact);
            }
            json!({
                "ruleId": f.code.as_str(),
                "ruleIndex": index,
                "level": level(f.level),
                "message": {"text": format!("{text}\nhint: {}", f.next_step())},
                "locations": [location(&f.location)],
                "partialFingerprints": {"plimsoll/v1": fingerprint(f)},
            })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "plimsoll",
                "version": tool_version,
                "informationUri": "https://github.com/plimsoll-dev/plimsoll",
                "rules": rule_values,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(level: Level) -> &'static str {
    level.name()
}

fn location(location: &Location) -> Value {
    match location {
        Location::File { path, line, column } => {
            let mut region = serde_json::Map::new();
            if let Some(line) = line {
                region.insert("startLine".into(), (*line).into());
                if let Some(column) = column {
                    region.insert("startColumn".into(), (*column).into());
                }
            }
            let mut physical = json!({"artifactLocation": {"uri": uri(path)}});
            if !region.is_empty() {
                physical["region"] = region.into();
            }
            json!({"physicalLocation": physical})
        }
        Location::Image { image, path: Some(path) } => json!({
            "physicalLocation": {"artifactLocation": {"uri": uri(path.trim_start_matches('/'))}},
            "logicalLocations": [{"fullyQualifiedName": image, "kind": "module"}],
        }),
        other => json!({"logicalLocations": [{"fullyQualifiedName": other.to_string(), "kind": "resource"}]}),
    }
}

/// RFC 3986: what a URI path may not hold is percent-encoded.
fn uri(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

/// Stable across runs and line moves: the code, the place without its line, and the message.
fn fingerprint(finding: &Finding) -> String {
    let place = match &finding.location {
        Location::File { path, .. } => path.clone(),
        other => other.to_string(),
    };
    let text = format!("{}\0{place}\0{}", finding.code, finding.message);
    Digest::sha256(text.as_bytes()).hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_results_agree() {
        let place = |line| Location::File { path: "a b.yaml".into(), line: Some(line), column: Some(1) };
        let findings = [
            Finding::new(plimsoll_finding::signing::NO_SIGNATURE, place(3), "m"),
            Finding::new(plimsoll_finding::admission::UNSIGNED, Location::Run, "n"),
        ];
        let log = sarif("0", &findings);
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "PL-A001");
        assert_eq!(run["results"][0]["ruleIndex"], 1);
        let physical = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "a%20b.yaml");
        assert_eq!(physical["region"]["startLine"], 3);
        let moved = Finding::new(plimsoll_finding::signing::NO_SIGNATURE, place(9), "m");
        assert_eq!(fingerprint(&findings[0]), fingerprint(&moved), "a moved line is the same finding");
    }
}
