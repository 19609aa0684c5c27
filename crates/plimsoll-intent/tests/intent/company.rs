//! A whole decision set: what holds, for whom, and what each deletion leaves missing.

use super::common::*;
use plimsoll_finding::decision;
use plimsoll_intent::{
    Action, CandidateContext, Custody, Document, Engine, FailurePolicy, Identity, KeyFile, Severity, Tier,
    Transparency, candidate, option_ids, read, required_keys, show,
};

#[test]
fn the_set_resolves_with_one_note() {
    let raw = read(&set());
    assert_eq!(
        raw.key_files(),
        [KeyFile {
            document: "adrs/0005-keyless-signing.md".into(),
            file: "keys/break-glass.pub".into(),
            path: "adrs/keys/break-glass.pub".into(),
        }]
    );
    let resolved = raw.resolve(&key_files(), TODAY).unwrap();
    assert_eq!(places(&resolved.findings), ["PL-D008 adrs/0007-runtime-user.md:2:1"]);
    assert!(resolved.findings[0].message.contains("'proposed'"));
    let intent = resolved.intent;
    assert_eq!(intent.runtime.uid, 65532, "a proposed document decides nothing");
    assert_eq!(intent.component.as_ref().unwrap().value, "web");
    assert_eq!(intent.custody.value(), Some(&Custody::Keyless), "the superseded key file does not hold");
    assert_eq!(intent.origins["keys.custody"].line, 9);
    let signers = intent.signers.value().unwrap();
    assert_eq!(
        signers[1].identity,
        Identity::Key { pem: KEY.trim().into(), file: Some("keys/break-glass.pub".into()) }
    );
    assert_eq!(intent.waivers[0].origin.line, 12);
}

#[test]
fn each_workload_gets_its_own_rules() {
    let intent = intent(&set());
    let payments = intent.resolve_for(&workload("Deployment", "payments", "ledger")).unwrap();
    assert_eq!((payments.tier, payments.tier_origin.as_ref().unwrap().line), (Tier::Critical, 11));
    let gate = payments.gate.clone().unwrap();
    assert_eq!((gate.fail_on, gate.fix_available_only, gate.kev), (Severity::Medium, false, Action::Block));
    assert_eq!(gate.max_index_age, 86_400);
    let rule = payments.admission.provenance.clone().unwrap();
    assert_eq!((rule.min_level, rule.builders.len()), (2, 1));
    assert_eq!(payments.admission.engines, [Engine::Vap, Engine::Kyverno, Engine::Webhook]);
    assert_eq!(payments.admission.failure_policy, FailurePolicy::Fail);
    assert_eq!(payments.admission.transparency, Transparency::Required);
    assert_eq!(payments.admission.registries, ["registry.harbour.example/**", "registry.harbour.example/payments/*"]);
    assert_eq!(payments.admission.exclude_namespaces, ["kube-system"]);
    assert_eq!(payments.push.as_deref(), Some("registry.harbour.example/promoted"));
    assert_eq!(payments.gaps, []);

    let search = intent.resolve_for(&workload("Deployment", "shop", "search")).unwrap();
    assert_eq!(search.tier, Tier::Standard);
    assert_eq!(search.admission.provenance, None, "tier 2 needs none");

    let mut prototype = workload("Job", "lab", "try");
    assert_eq!(intent.resolve_for(&prototype).unwrap_err()[0].key, "tiers.assign");
    prototype.labels.insert("app.kubernetes.io/part-of".into(), "prototype".into());
    let prototype = intent.resolve_for(&prototype).unwrap();
    assert_eq!((prototype.tier, prototype.gate.unwrap().end_of_life), (Tier::Experimental, Action::Warn));

    // The component document holds for the workload of its name and for those listed, and for no others.
    assert_eq!(intent.resolve_for(&workload("Deployment", "shop", "web")).unwrap().tier, Tier::Important);
    assert_eq!(intent.resolve_for(&workload("Deployment", "shop", "web-canary")).unwrap().tier, Tier::Important);
    let missing = intent.resolve_for(&workload("Deployment", "shop", "db")).unwrap_err();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].why, "no assignment in 'tiers.assign' matches Deployment/shop/db");
}

#[test]
fn a_tier_is_never_taken_from_a_label_by_itself() {
    let intent = intent(&set());
    let mut web = workload("Deployment", "elsewhere", "x");
    web.labels.insert("tier".into(), "3".into());
    web.labels.insert("plimsoll.dev/tier".into(), "3".into());
    assert_eq!(intent.resolve_for(&web).unwrap_err()[0].key, "tiers.assign");
}

/// Removes the lines of `key` (dotted) from the front matter of whichever document sets it.
fn without(key: &str) -> Vec<Document> {
    let mut removed = 0;
    let documents = set()
        .into_iter()
        .map(|mut d| {
            if d.text.contains("status: superseded") || d.text.contains("status: proposed") {
                return d;
            }
            let mut out = String::new();
            let mut path: Vec<(usize, String)> = Vec::new();
            let mut skip: Option<usize> = None;
            let mut fences = 0;
            for line in d.text.lines() {
                fences += usize::from(line == "---");
                let indent = line.len() - line.trim_start().len();
                if skip.is_some_and(|s| indent > s && fences == 1) {
                    continue;
                }
                skip = None;
                if fences == 1
                    && let Some((name, _)) = line.trim().split_once(':')
                {
                    path.retain(|(i, _)| *i < indent);
                    path.push((indent, name.to_owned()));
                    let here = path.iter().map(|(_, n)| n.as_str()).collect::<Vec<_>>().join(".");
                    if here == format!("plimsoll.{key}") {
                        removed += 1;
                        skip = Some(indent);
                        continue;
                    }
                }
                out.push_str(line);
                out.push('\n');
            }
            // A section left empty goes too.
            let lines: Vec<&str> = out.lines().collect();
            let keep = |i: usize| {
                let indent = |l: &str| l.len() - l.trim_start().len();
                let section = lines[i].ends_with(':') && indent(lines[i]) == 2;
                !section || lines.get(i + 1).is_some_and(|next| indent(next) > 2)
            };
            d.text = (0..lines.len()).filter(|i| keep(*i)).map(|i| format!("{}\n", lines[i])).collect();
            d
        })
        .collect();
    assert_eq!(removed, 1, "{key} stands once in the set");
    documents
}

#[test]
fn deleting_any_required_decision_leaves_exactly_that_one_missing() {
    let unused = ["gate.tier1", "gate.tier2", "gate.tier3"];
    let ledger = workload("Deployment", "payments", "ledger");
    for key in required_keys() {
        let resolved = resolve(&without(key)).unwrap_or_else(|f| panic!("{key}: {f:?}"));
        let outcome = resolved.intent.resolve_for(&ledger);
        if unused.contains(&key) {
            assert!(outcome.is_ok(), "{key} is not in use at tier 0");
            continue;
        }
        let missing = outcome.unwrap_err();
        assert_eq!(missing.iter().map(|m| m.key.as_str()).collect::<Vec<_>>(), [key]);
        let finding = missing[0].finding();
        assert_eq!(
            (finding.code, finding.location.to_string().as_str()),
            (decision::MISSING, "Deployment/payments/ledger")
        );
        assert_eq!(resolved.intent.missing_for(&[ledger.clone(), workload("Pod", "payments", "x")]), missing);
    }
}

#[test]
fn every_candidate_is_a_proposed_document_whose_options_can_be_accepted() {
    let context = CandidateContext {
        workload: workload("Deployment", "payments", "ledger"),
        images: vec!["registry.harbour.example/payments/ledger:1.4".into(), "nginx".into()],
        measured: vec!["3 findings of high severity <b>".into()],
        per_option: [("fail-on-high".to_owned(), "2 findings block".to_owned())].into(),
    };
    for key in required_keys() {
        let missing = plimsoll_intent::MissingDecision {
            key: key.to_owned(),
            workload: context.workload.clone(),
            why: format!("no accepted document sets '{key}'"),
        };
        let written = candidate(&missing, &context, 8, TODAY);
        let text = &written.text;
        assert!(written.file_name.starts_with("0008-") && written.file_name.ends_with(".md"), "{}", written.file_name);
        assert!(written.file_name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
        let front = "---\nid: ADR-0008\ntitle: Decide ";
        assert!(text.starts_with(front), "{text}");
        assert!(text.contains("\nstatus: proposed\ndate: 2026-11-23\nsupersedes: []\n---\n"), "{text}");
        let heads: Vec<&str> = text.lines().filter(|l| l.starts_with("## ")).collect();
        assert_eq!(heads, ["## Context", "## Decision", "## Consequences", "## Alternatives considered"]);
        assert!(text.contains("`registry.harbour.example/payments/ledger:1.4`"), "{text}");
        assert!(text.contains(r"3 findings of high severity \<b\>"), "{text}");
        assert!(text.contains("Downside:") && text.contains("`Deployment/payments/ledger`"), "{text}");
        assert!(text.lines().all(|l| l.trim_end() == l), "{key}: no blanks at line ends");
        assert_eq!(read(&[document("adrs/x.md", text)]).documents().len(), 0, "a candidate decides nothing");

        let ids = option_ids(key);
        let blocks: Vec<&str> = text.split("```yaml\n").skip(1).map(|b| b.split("```").next().unwrap()).collect();
        assert_eq!(blocks.len(), ids.len() + 1, "{key}: one block per option, and the deferral");
        for block in blocks {
            let accept = |block: &str| {
                let adr = format!("---\nstatus: accepted\n{block}---\n");
                read(&[document("adrs/0008-x.md", &adr)])
            };
            if block.contains('<') {
                let findings = accept(block).findings().to_vec();
                assert!(
                    !findings.is_empty() && findings.iter().all(|f| f.code == decision::BAD_VALUE),
                    "{block}{findings:?}"
                );
            }
            let filled = block
                .replace(
                    "<https://github.com/ORG/REPO/.github/workflows/release.yml@refs/heads/main>",
                    "https://x.example/y",
                )
                .replace("<registry/prefix>", "registry.harbour.example/p");
            let filled: String = filled.replace(['<', '>'], "");
            assert_eq!(accept(&filled).findings(), [], "{filled}");
        }
    }
}

#[test]
fn show_names_every_value_and_its_place() {
    let intent = intent(&set());
    let shown = show(&intent);
    let text: Vec<String> = shown
        .iter()
        .map(|s| {
            let at =
                s.origin.as_ref().map_or_else(|| format!("{:?}", s.state), |o| format!("{}:{}", o.document, o.line));
            format!("{} = {} ({at})", s.key, s.value)
        })
        .collect();
    for expected in [
        "keys.custody = keyless (adrs/0005-keyless-signing.md:9)",
        "runtime.uid = 65532 (Default)",
        "admission.engines = [\"vap\",\"kyverno\",\"webhook\"] (adrs/0006-admission.md:5)",
        "registry.push = registry.harbour.example/promoted (adrs/0004-software-bill-of-materials-and-registry.md:8)",
        "component = {\"name\":\"web\",\"tier\":1,\"workloads\":[\"Deployment/web-canary\"]} (architecture/shop/web-component.md:5)",
    ] {
        assert!(text.iter().any(|t| t == expected), "{expected} in {text:#?}");
    }
    let gate = "gate.tier2 = {\"failOn\":\"high\",\"fixAvailableOnly\":true,\"unknownSeverity\":\"warn\",\"kev\":\"block\",\
                \"endOfLife\":\"block\",\"maxIndexAge\":\"72h\"} (adrs/0003-tiers-and-gates.md:19)";
    assert!(text.iter().any(|t| t == gate), "{text:#?}");
    assert!(required_keys().all(|k| shown.iter().any(|s| s.key == k)));
}

#[test]
fn the_digest_is_over_values_and_not_over_places() {
    let base = intent(&set()).digest();
    let mut moved = set();
    moved.reverse();
    for document in &mut moved {
        document.text = document.text.replacen("---\n", "---\n# moved down by a line\n", 1);
    }
    assert_eq!(intent(&moved).digest(), base);
    let mut changed = set();
    changed[2].text = changed[2].text.replace("tier0: {failOn: medium", "tier0: {failOn: low");
    assert_ne!(intent(&changed).digest(), base);
    assert_ne!(intent(&without("vex.accept")).digest(), base);
}
