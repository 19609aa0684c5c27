//! A gate's verdict: as a table, as JSON, and as `scan-gate.md`.

use std::fmt::Write as _;

use plimsoll_advisory::Vulnerability;
use plimsoll_gate::{Decision, Verdict};
use serde_json::{Map, Value, json};

use crate::{Style, findings_json, findings_text, table};

/// The verdict as people read it: what blocks first, grouped by what would fix it; one line when nothing does.
pub fn verdict_text(verdict: &Verdict, style: Style) -> String {
    let mut text = format!("{}\n", headline(verdict, style));
    if !verdict.blocking.is_empty() {
        let _ = write!(text, "\n{}\n", style.bold("blocking"));
        text.push_str(&table(&rows(&verdict.blocking)));
    }
    if !verdict.fixes.is_empty() && !verdict.blocking.is_empty() {
        let _ = write!(text, "\n{}\n", style.bold("what would fix it"));
        for fix in verdict.fixes.iter().filter(|f| f.blocking > 0) {
            let line = format!("upgrade {} {} → {}", fix.source, fix.from, fix.to);
            let _ = writeln!(text, "{line}: closes {} ({} blocking)", fix.closes.len(), fix.blocking);
        }
    }
    // One finding per vulnerability would repeat the table: only the others are told in full.
    let others: Vec<_> = verdict.findings.iter().filter(|f| !is_vulnerability(f.code)).cloned().collect();
    if !others.is_empty() {
        let _ = write!(text, "\n{}", findings_text(&others, style));
    }
    text
}

fn is_vulnerability(code: plimsoll_finding::Code) -> bool {
    use plimsoll_finding::gate;
    [gate::BLOCKING, gate::UNKNOWN_SEVERITY, gate::EXPLOITED, gate::NOT_BLOCKING].contains(&code)
}

fn headline(verdict: &Verdict, style: Style) -> String {
    let counts: Vec<String> = ["critical", "high", "medium", "low", "negligible", "unknown"]
        .iter()
        .filter_map(|name| verdict.counts.get(name).filter(|n| **n > 0).map(|n| format!("{n} {name}")))
        .collect();
    let counts = if counts.is_empty() { "no vulnerabilities".to_owned() } else { counts.join(", ") };
    let word = match verdict.decision {
        Decision::Pass => style.green("pass"),
        Decision::Deny => style.red("denied"),
        Decision::Undecidable => style.red("undecidable"),
    };
    format!(
        "{word}: {} packages of {}, {counts}; {} blocking, {} waived",
        verdict.examined,
        verdict.inputs.name,
        verdict.blocking.len(),
        verdict.waived.len()
    )
}

fn rows(vulnerabilities: &[Vulnerability]) -> Vec<Vec<String>> {
    let head =
        ["SEVERITY", "VULNERABILITY", "PACKAGE", "INSTALLED", "FIXED IN", "EXPLOITED"].map(str::to_owned).to_vec();
    let mut sorted: Vec<&Vulnerability> = vulnerabilities.iter().collect();
    sorted.sort_by_key(|v| (std::cmp::Reverse(v.severity() as u8), v.package.clone(), v.id.clone()));
    let rows = sorted.into_iter().map(|v| {
        vec![
            v.severity().name().to_owned(),
            v.id.clone(),
            v.package.clone(),
            v.version.clone(),
            v.fixed.clone().unwrap_or_else(|| v.state.name().to_owned()),
            if v.kev { "known".to_owned() } else { String::new() },
        ]
    });
    std::iter::once(head).chain(rows).collect()
}

/// The verdict as JSON, with every vulnerability and why it matched.
pub fn verdict_json(verdict: &Verdict, version: &str) -> Value {
    let inputs = &verdict.inputs;
    let mut extra = Map::new();
    extra.insert("decision".into(), verdict.decision.name().into());
    extra.insert(
        "inputs".into(),
        json!({
            "name": inputs.name,
            "image": inputs.image.to_string(),
            "index": {"digest": inputs.index.digest.to_string(), "builtAt": inputs.index.built_at.to_string()},
            "intent": inputs.intent.as_ref().map(ToString::to_string),
            "now": inputs.now.to_string(),
        }),
    );
    extra.insert("packagesExamined".into(), verdict.examined.into());
    extra.insert(
        "counts".into(),
        verdict.counts.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect::<Map<_, _>>().into(),
    );
    let of = |list: &[Vulnerability], state: &str| list.iter().map(|v| vulnerability(v, state)).collect::<Vec<_>>();
    let mut all = of(&verdict.blocking, "blocking");
    all.extend(verdict.waived.iter().map(|w| vulnerability(&w.vulnerability, "waived")));
    all.extend(of(&verdict.passing, "passing"));
    extra.insert("vulnerabilities".into(), all.into());
    let fixes = verdict.fixes.iter().map(|f| {
        json!({"source": f.source, "from": f.from, "to": f.to, "packages": f.packages, "closes": f.closes, "blocking": f.blocking})
    });
    extra.insert("fixes".into(), fixes.collect());
    findings_json(version, &verdict.findings, extra)
}

fn vulnerability(v: &Vulnerability, standing: &str) -> Value {
    json!({
        "id": v.id,
        "aliases": v.aliases,
        "standing": standing,
        "severity": v.severity().name(),
        "ratings": v.ratings.iter().map(|r| json!({"severity": r.severity.name(), "source": r.source})).collect::<Vec<_>>(),
        "exploited": v.kev,
        "package": {"name": v.package, "version": v.version, "arch": v.arch, "purl": v.purl},
        "source": {"name": v.source_name, "version": v.source_version, "namespace": v.namespace},
        "state": v.state.name(),
        "fixed": v.fixed,
        "published": v.published.map(|t| t.to_string()),
        "summary": v.summary,
        "url": v.url,
        "comparison": v.comparison,
        "evidence": v.evidence,
        "layer": v.layer,
    })
}

/// `scan-gate.md`: the rule, the verdict, and how to repeat it.
pub fn scan_gate_markdown(verdict: &Verdict, workload: &str, tier: u8) -> String {
    let rule = &verdict.rule;
    let inputs = &verdict.inputs;
    let mut text = format!(
        "# Scan gate of {workload}\n\n{}.\n\n## Rule (tier {tier})\n\n| | |\n|---|---|\n| lowest severity that blocks | {:?} |\n\
         | only with a fix | {} |\n| unknown severity | {:?} |\n| known to be exploited | {:?} |\n| distribution past its end of life | {:?} |\n\
         | oldest advisory index | {} h |\n",
        headline(verdict, Style::PLAIN),
        rule.fail_on,
        if rule.fix_available_only { "yes" } else { "no" },
        rule.unknown_severity,
        rule.kev,
        rule.end_of_life,
        rule.max_index_age / 3600
    );
    let _ = write!(
        text,
        "\n## Inputs\n\n| | |\n|---|---|\n| image | `{}` |\n| advisory index | `{}` |\n| index built | {} |\n| intent | {} |\n| judged at | {} |\n",
        inputs.image,
        inputs.index.digest,
        inputs.index.built_at,
        inputs.intent.as_ref().map_or_else(|| "none".to_owned(), |d| format!("`{d}`")),
        inputs.now
    );
    section(&mut text, "Blocking", &verdict.blocking);
    let waived: Vec<Vulnerability> = verdict.waived.iter().map(|w| w.vulnerability.clone()).collect();
    section(&mut text, "Waived", &waived);
    section(&mut text, "Reported", &verdict.passing);
    text.push_str("\nThe verdict is a function of the inputs above. The advisory index is as complete as the feeds it was built from; a clean\nscan shows that nothing known to it is there.\n");
    text
}

fn section(text: &mut String, title: &str, list: &[Vulnerability]) {
    let _ = write!(text, "\n## {title}\n\n");
    if list.is_empty() {
        text.push_str("None.\n");
        return;
    }
    for (index, row) in rows(list).into_iter().enumerate() {
        let cells: Vec<String> =
            row.iter().map(|c| if index == 0 { c.to_lowercase() } else { c.replace('|', "\\|") }).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let _ = writeln!(text, "|{}", "---|".repeat(cells.len()));
        }
    }
}
