//! Findings rendered in the formats that were asked for.

use anyhow::Result;
use plimsoll_finding::Finding;
use serde_json::{Map, Value};

use crate::output::{OutputSpec, pretty};
use crate::ui::Ui;

/// The formats of findings.
pub(crate) const FORMATS: [&str; 3] = ["text", "json", "sarif"];

/// Writes findings in every format asked for; `good` is what a person reads when there are none.
pub(crate) fn findings(findings: &[Finding], good: &str, outputs: &[String], ui: &Ui) -> Result<()> {
    findings_with(findings, good, Map::new(), outputs, ui)
}

/// [`findings`], with members of the command's own in the JSON.
pub(crate) fn findings_with(
    findings: &[Finding],
    good: &str,
    extra: Map<String, Value>,
    outputs: &[String],
    ui: &Ui,
) -> Result<()> {
    for spec in OutputSpec::parse_all(outputs, &FORMATS)? {
        let bytes = match spec.format.as_str() {
            "json" => pretty(&plimsoll_report::findings_json(crate::VERSION, findings, extra.clone())),
            "sarif" => pretty(&plimsoll_report::sarif(crate::VERSION, findings)),
            _ if findings.is_empty() => format!("{} {good}\n", ui.out.green("ok")).into_bytes(),
            _ => {
                let style = if spec.file.is_some() { plimsoll_report::Style::PLAIN } else { ui.out };
                plimsoll_report::findings_text(findings, style).into_bytes()
            }
        };
        spec.write(&bytes)?;
    }
    Ok(())
}
