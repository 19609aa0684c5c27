//! Hostile documents: reading ends soon and refuses.

use plimsoll_intent::read;

use super::common::*;

/// Every one of these is close to the size limit and aims at a quadratic or recursive weakness.
#[test]
fn large_hostile_documents_end() {
    let items = |item: &str| item.repeat(900_000 / item.len());
    let bodies = [
        format!("tiers:\n  assign:\n{}", items("    - {labels: {a: b}, tier: 1}\n")),
        format!("admission:\n  engines: [{}vap]\n", items("vap, ")),
        format!("runtime:\n  capabilities:\n{}", (0..40_000).map(|n| format!("    NET{n}: x\n")).collect::<String>()),
        (0..40_000).map(|n| format!("gtae{n}: x\n")).collect(),
        format!("waivers: [{}]\n", items("{vulnerability: CVE-1-1, owner: o, reason: r, until: 2027-01-01}, ")),
        format!("vex: {{accept: [\"{}\"]}}\n", items("x")),
        format!("trust: {{signers: [{{name: a, key: \"{}\", images: [r.io/x]}}]}}\n", items("A")),
        format!("admission: {{registries: [\"r.io/{}\"]}}\n", items("*a")),
        items("&a "),
        items("? "),
        items("{"),
        items("\"\\u0000"),
        items("|\n  "),
    ];
    for body in &bodies {
        assert!(resolve(&yaml(body)).is_err(), "{}", &body[..40]);
    }
}

#[test]
fn long_successions_end() {
    let documents: Vec<_> = (0..3_000)
        .map(|n| {
            let status = format!("superseded by {} ADR-{:04}", "x ".repeat(15), n + 1);
            adr(&format!("adrs/{n:04}-x.md"), &status, "keys: {custody: kms}")
        })
        .collect();
    let findings = refused(&documents);
    assert!(findings.iter().all(|f| f.code.as_str() == "PL-D007"));
    assert!(findings.iter().any(|f| f.message.contains("more than 100 times")));
}

#[test]
fn too_many_documents_are_refused() {
    let documents: Vec<_> = (0..5_001).map(|n| document(&format!("{n}.md"), "# x\n")).collect();
    assert_eq!(places(read(&documents).findings()), ["PL-D011 this run"]);
}
