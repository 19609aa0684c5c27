//! `supply-chain.md`: what holds for a workload, what does not, and who has the rest.

use std::fmt::Write as _;

use plimsoll_finding::Code;

/// What is left to others, written into every document.
pub const HANDOFFS: [(&str, &str); 7] = [
    ("Base manifests and their security-context floor", "the workload's owners"),
    ("NetworkPolicy, RBAC and the Pod Security namespace labels", "the cluster's owners"),
    ("Autoscaling", "the workload's owners"),
    ("Collecting metrics and logs", "the observability platform"),
    ("The CI pipeline that runs the gate", "the delivery platform"),
    ("Language image builds", "the workload's owners"),
    ("Cluster provisioning", "the infrastructure's owners"),
];

/// One line of the rubric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RubricRow {
    /// The line's code (area R).
    pub code: Code,
    /// `None`: it holds. Otherwise the documented gap.
    pub gap: Option<String>,
    /// What shows it.
    pub evidence: String,
}

/// One row of the admission matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The workload or image that was tried.
    pub case: String,
    /// What had to happen: `allow`, or the code of the refusal.
    pub expected: String,
    /// What happened.
    pub found: String,
    /// Whether they agree.
    pub holds: bool,
}

/// A documented gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing.
    pub what: String,
    /// Why.
    pub reason: String,
    /// Who owns it, and until when, where a decision says so.
    pub owner: Option<String>,
}

/// Everything the document says. Sections are pairs of name and value, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplyChain {
    /// `Deployment/harbour/tidewater`.
    pub workload: String,
    /// The verdict in one sentence.
    pub verdict: String,
    /// Identity: tier, image digests, intent digest.
    pub identity: Vec<(String, String)>,
    /// Image posture, before and after.
    pub posture: Vec<(String, String)>,
    /// What was wrong as it came: code and message, and what became of it.
    pub found: Vec<(String, String)>,
    /// Signing and SBOM.
    pub signing: Vec<(String, String)>,
    /// Scan gate.
    pub gate: Vec<(String, String)>,
    /// Provenance.
    pub provenance: Vec<(String, String)>,
    /// Admission engines, with what each cannot do.
    pub engines: Vec<(String, String)>,
    /// The admission matrix.
    pub matrix: Vec<MatrixRow>,
    /// Tools that spoke, with their versions.
    pub tools: Vec<(String, String)>,
    /// The rubric, line by line.
    pub rubric: Vec<RubricRow>,
    /// Gaps.
    pub gaps: Vec<Gap>,
}

/// The document as Markdown.
pub fn supply_chain_markdown(chain: &SupplyChain) -> String {
    let mut text = format!("# Supply chain of {}\n\n{}\n", chain.workload, chain.verdict);
    pairs(&mut text, "Identity", &chain.identity);
    pairs(&mut text, "Image posture", &chain.posture);
    pairs(&mut text, "Found as it came", &chain.found);
    pairs(&mut text, "Signing and SBOM", &chain.signing);
    pairs(&mut text, "Scan gate", &chain.gate);
    pairs(&mut text, "Provenance", &chain.provenance);
    pairs(&mut text, "Admission engines", &chain.engines);
    if !chain.matrix.is_empty() {
        let refused = chain.matrix.iter().filter(|r| r.holds && r.expected != "allow").count();
        let allowed = chain.matrix.iter().filter(|r| r.holds && r.expected == "allow").count();
        let wrong = chain.matrix.iter().filter(|r| !r.holds).count();
        let _ = write!(
            text,
            "\n## Admission matrix\n\n{refused} bad cases refused for their own reason, {allowed} good cases admitted, {wrong} otherwise.\n\n\
             | case | expected | found | |\n|---|---|---|---|\n"
        );
        for row in &chain.matrix {
            let mark = if row.holds { "holds" } else { "**does not hold**" };
            let _ = writeln!(text, "| {} | {} | {} | {mark} |", cell(&row.case), cell(&row.expected), cell(&row.found));
        }
    }
    pairs(&mut text, "Tools", &chain.tools);
    text.push_str("\n## Rubric\n\n| code | line | state | evidence |\n|---|---|---|---|\n");
    for row in &chain.rubric {
        let state = row.gap.as_ref().map_or("pass".to_owned(), |gap| format!("**gap**: {}", cell(gap)));
        let _ = writeln!(text, "| {} | {} | {state} | {} |", row.code, row.code.rule().title, cell(&row.evidence));
    }
    text.push_str("\n## Gaps\n\n");
    if chain.gaps.is_empty() {
        text.push_str("None.\n");
    }
    for gap in &chain.gaps {
        let owner = gap.owner.as_ref().map_or(String::new(), |o| format!(" ({o})"));
        let _ = writeln!(text, "* **{}**: {}{owner}", line(&gap.what), line(&gap.reason));
    }
    text.push_str("\n## Handed off\n\n| what | to |\n|---|---|\n");
    for (what, to) in HANDOFFS {
        let _ = writeln!(text, "| {what} | {to} |");
    }
    text
}

fn pairs(text: &mut String, title: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n\n| | |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(text, "| {} | {} |", cell(name), cell(value));
    }
}

/// Text that cannot leave its table cell.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}

/// Text on one line that cannot open HTML.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_cannot_break_the_table() {
        let chain = SupplyChain {
            workload: "Pod/a".into(),
            matrix: vec![MatrixRow {
                case: "x | y\n<b>".into(),
                expected: "allow".into(),
                found: "PL-A001".into(),
                holds: false,
            }],
            ..SupplyChain::default()
        };
        let text = supply_chain_markdown(&chain);
        assert!(text.contains("| x \\| y &lt;b> | allow | PL-A001 | **does not hold** |"), "{text}");
        assert!(text.contains("0 bad cases refused for their own reason, 0 good cases admitted, 1 otherwise"));
        assert!(text.contains("| Cluster provisioning | the infrastructure's owners |"));
    }
}
