//! Decisions: what is missing stops with one candidate, what is wrong is told with its place, what is put off is a gap.

use std::collections::BTreeSet;

use super::common::{NOW, Site};

const ADR2: &str = "decisions/adrs/0002-who-may-sign.md";
const ADR3: &str = "decisions/adrs/0003-gates-by-tier.md";
const ADR4: &str = "decisions/adrs/0004-what-is-attested.md";
const ADR5: &str = "decisions/adrs/0005-admission.md";
const COMPONENT: &str = "decisions/architecture/tidewater.md";

const SIGNERS: &str = "    signers:
      - name: harbour-release
        key: file:../keys/harbour-release.pub
        images: [\"registry.tidewater.example/harbour/**\"]
";
const TIER1: &str = "    tier1: {failOn: high, fixAvailableOnly: true, unknownSeverity: warn, kev: block, endOfLife: block, maxIndexAge: 7d}\n";
const PROVENANCE: &str = "  provenance:
    required: [0, 1]
    minLevel: 1
    builders:
      https://plimsoll.dev/builder/cli/v1: 1
";

/// Every decision the sample's workload needs: its key, its document, the text that decides it.
const REQUIRED: [(&str, &str, &str); 12] = [
    ("tiers.assign", COMPONENT, "  component: {name: tidewater, tier: 1}\n"),
    ("trust.signers", ADR2, SIGNERS),
    ("trust.transparency", ADR2, "    transparency: not-required\n"),
    ("gate.tier1", ADR3, TIER1),
    ("vex.accept", ADR3, "  vex: {accept: []}\n"),
    ("sbom.formats", ADR4, "  sbom: {formats: [cyclonedx, spdx]}\n"),
    ("provenance", ADR4, PROVENANCE),
    ("keys.custody", ADR2, "  keys: {custody: key-file}\n"),
    ("registry.push", ADR4, "    push: registry.tidewater.example/harbour\n"),
    ("registry.attestations", ADR4, "    attestations: referrers\n"),
    ("admission.engines", ADR5, "    engines: [kyverno, gatekeeper, vap]\n"),
    ("admission.failurePolicy", ADR5, "    failurePolicy: Fail\n"),
];

#[test]
fn each_missing_decision_stops_with_exactly_one_candidate() {
    for (key, document, text) in REQUIRED {
        let site = Site::new();
        site.edit(document, text, "");
        let before: BTreeSet<String> = site.files().into_keys().collect();
        let done =
            site.promote(&[]).exit(3).says(&format!("error[PL-D001]: '{key}' is decided in no accepted document"));
        assert_eq!(done.out, "", "{key}");
        let after: BTreeSet<String> = site.files().into_keys().collect();
        let new: Vec<&String> = after.difference(&before).collect();
        assert_eq!(new, [&format!("out/adr-candidates/0006-{}.md", kebab(key))], "{key}");
        let candidate = site.read(new[0]);
        let lines = ["id: ", "title: ", "status: proposed", "date: 2026-11-21", "supersedes: "];
        let sections = ["## Context", "## Decision", "## Consequences", "## Alternatives considered"];
        let mut rest = candidate.as_str();
        for part in lines.iter().chain(&sections) {
            let at = rest
                .find(&format!("\n{part}"))
                .unwrap_or_else(|| panic!("{key}: no '{part}' in its turn:\n{candidate}"));
            rest = &rest[at + 1..];
        }
        assert!(
            candidate.contains("`Deployment/harbour/tidewater`"),
            "{key}: what it does to this workload:\n{candidate}"
        );
        assert!(candidate.contains("Downside: "), "{key}:\n{candidate}");
    }
}

fn kebab(key: &str) -> String {
    let mut text = String::new();
    for c in key.chars() {
        match c {
            '.' => text.push('-'),
            c if c.is_ascii_uppercase() => text.extend(['-', c.to_ascii_lowercase()]),
            c => text.push(c),
        }
    }
    text
}

#[test]
fn a_candidate_that_was_accepted_is_the_decision() {
    let site = Site::new();
    site.edit(ADR3, "  vex: {accept: []}\n", "");
    site.promote(&[]).exit(3);
    let candidate = site.read("out/adr-candidates/0006-vex-accept.md").replace("status: proposed", "status: accepted");
    let block = "plimsoll:\n  apiVersion: plimsoll.dev/v1\n  vex:\n    accept: []\n---\n";
    site.write("decisions/adrs/0006-vex-accept.md", candidate.replacen("\n---\n", &format!("\n{block}"), 1));
    site.promote(&[]).exit(0);
}

#[test]
fn two_missing_decisions_are_two_candidates() {
    let site = Site::new();
    site.edit(ADR5, "    failurePolicy: Fail\n", "");
    site.edit(ADR2, "  keys: {custody: key-file}\n", "");
    site.promote(&[]).exit(3).says("2 errors");
    let names: Vec<String> = site.files().into_keys().filter(|n| n.starts_with("out/")).collect();
    assert_eq!(
        names,
        ["out/adr-candidates/0006-keys-custody.md", "out/adr-candidates/0007-admission-failure-policy.md"]
    );
}

#[test]
fn errors_tell_file_line_and_column() {
    let cases = [
        (ADR3, "failOn: medium", "failOm: medium", "did you mean 'failOn'?", "0003-gates-by-tier.md:11:13"),
        (ADR5, "uid: 65532", "uid: \"root\"", "runtime.uid must be a number", "0005-admission.md:15:10"),
        (
            ADR5,
            "  runtime:",
            "  keys: {custody: kms}\n  runtime:",
            "'keys.custody' is decided in",
            "0005-admission.md:14:10",
        ),
        (ADR5, "failurePolicy: Fail", "failurePolicy: Maybe", "admission.failurePolicy", "0005-admission.md:11:"),
        (ADR2, "harbour-release.pub", "gone.pub", "gone.pub", "0002-who-may-sign.md:12:"),
        (ADR4, "minLevel: 1", "minLevel: 1\n    minLevel: 2", "minLevel", "0004-what-is-attested.md:1"),
    ];
    for (document, from, to, message, place) in cases {
        let site = Site::new();
        site.edit(document, from, to);
        let before = site.files();
        let done = site.promote(&[]).exit(2).says(message).says(place);
        assert_eq!(done.out, "");
        assert_eq!(site.files(), before, "nothing is written where '{to}' stands");
        // The same on stdout, where it is the result.
        let checked = site.run(["decisions", "check", "decisions", "--now", NOW]).exit(2);
        assert!(checked.out.contains(message) && checked.out.contains(place), "{}", checked.out);
    }
}

#[test]
fn a_superseded_document_is_followed_to_its_successor() {
    let site = Site::new();
    let shown = site.run(["decisions", "show", "decisions", "--now", NOW]).exit(0).out;
    let gate = shown.lines().find(|l| l.starts_with("gate.tier1")).expect("gate.tier1 is shown");
    assert!(gate.contains("high") && gate.contains("0003-gates-by-tier.md:12"), "{gate}");
    // A successor that nobody accepted leaves the old document without one.
    site.edit(ADR3, "status: accepted", "status: proposed");
    site.promote(&[])
        .exit(2)
        .says("error[PL-D007]")
        .says("0003-gates-by-tier.md, whose status is proposed, not accepted");
    // Only accepted documents count.
    for status in ["proposed", "rejected", "deprecated"] {
        let site = Site::new();
        site.edit(ADR5, "status: accepted", &format!("status: {status}"));
        site.promote(&[]).exit(3).says("'admission.engines' is decided in no accepted document");
    }
}

#[test]
fn a_deferred_decision_is_a_gap_until_its_day() {
    let site = Site::new();
    let deferred = "  deferred: {sbom.formats: {owner: quay@harbour.example, reason: the format is being compared, until: 2026-12-01}}\n";
    site.edit(ADR4, "  sbom: {formats: [cyclonedx, spdx]}\n", deferred);
    site.promote(&[]).exit(0);
    let chain = site.read("out/supply-chain.md");
    let line = chain.lines().find(|l| l.contains("'sbom.formats'")).expect("the gap is in supply-chain.md");
    for part in ["quay@harbour.example", "the format is being compared", "2026-12-01"] {
        assert!(line.contains(part), "'{part}' is not in: {line}");
    }
    assert!(!site.files().keys().any(|n| n.starts_with("out/sbom/")), "no format was decided");
    let late = site.promote(&["--now", "2026-12-02T00:00:00Z"]);
    assert!(matches!(late.code, 2 | 3), "after its day it stops: {}\n{}", late.code, late.err);
    assert!(late.err.contains("sbom.formats"), "{}", late.err);
}

#[test]
fn a_named_tool_that_is_not_there_stops_by_name() {
    for (key, tool) in [("signer", "cosign"), ("sbom", "syft"), ("scanner", "grype")] {
        let site = Site::new();
        site.edit(ADR5, "  runtime:", &format!("  tools: {{{key}: {tool}}}\n  runtime:"));
        let before = site.files();
        site.promote(&[]).exit(2).says(&format!("error[PL-D012]: tools.{key} decides {tool}, and it is not installed"));
        assert_eq!(site.files(), before);
    }
}

#[test]
fn a_starter_decides_nothing_and_is_valid() {
    let site = Site::empty();
    site.run(["decisions", "init"]).exit(0);
    site.run(["decisions", "check", "plimsoll.yaml", "--now", NOW]).exit(0);
    site.run(["decisions", "init"]).exit(2).says("exists; it is not overwritten");
    let schema = site.run(["decisions", "schema"]).exit(0).json();
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"), "{schema}");
}

/// Runs only where the tool is on the PATH of whoever runs the tests.
#[test]
fn a_named_tool_that_is_there_speaks_and_is_named() {
    let paths = std::env::var("PATH").unwrap_or_default();
    for (key, tool) in [("signer", "cosign"), ("sbom", "syft")] {
        if !std::env::split_paths(&paths).any(|dir| dir.join(tool).is_file()) {
            eprintln!("skipped: {tool} is not installed");
            continue;
        }
        let site = Site::new();
        site.edit(ADR5, "  runtime:", &format!("  tools: {{{key}: {tool}}}\n  runtime:"));
        let home = site.path("home").display().to_string();
        site.promote_with(&site.plimsoll().env("PATH", &paths).env("HOME", &home), &[]).exit(0);
        let chain = site.read("out/supply-chain.md");
        assert!(chain.contains(&format!("| {tool} ")), "the tool that spoke is named with its version:\n{chain}");
        assert!(chain.starts_with("# Supply chain of") && chain.contains("\nPromoted, with"), "{chain}");
    }
}
