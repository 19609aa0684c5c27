//! Findings as JSON, shape version 1 (`schemas/findings.v1.schema.json`).

use plimsoll_finding::{Finding, Location};
use serde_json::{Map, Value, json};

use crate::SCHEMA_VERSION;

/// The document `-o json` prints: `schemaVersion`, `tool`, `findings`, and the command's own fields.
pub fn findings_json(tool_version: &str, findings: &[Finding], extra: Map<String, Value>) -> Value {
    let mut map = Map::new();
    map.insert("schemaVersion".into(), SCHEMA_VERSION.into());
    map.insert("tool".into(), json!({"name": "plimsoll", "version": tool_version}));
    map.extend(extra);
    map.insert("findings".into(), findings.iter().map(finding_value).collect());
    Value::Object(map)
}

/// One finding.
pub fn finding_value(finding: &Finding) -> Value {
    let location = match &finding.location {
        Location::File { path, line, column } => json!({"type": "file", "path": path, "line": line, "column": column}),
        Location::Object { object, field } => json!({"type": "object", "object": object, "field": field}),
        Location::Image { image, path } => json!({"type": "image", "image": image, "path": path}),
        Location::Run => json!({"type": "run"}),
    };
    json!({
        "code": finding.code.as_str(),
        "name": finding.code.rule().name,
        "level": finding.level.name(),
        "message": finding.message,
        "location": location,
        "evidence": finding.evidence,
        "hint": finding.next_step(),
    })
}
