//! `supply-chain.md`: what was done, the rubric line by line, the gaps.

use std::collections::BTreeMap;

use plimsoll_admit::Decision;
use plimsoll_engines::limits;
use plimsoll_finding::{Code, rubric};
use plimsoll_gate::{Decision as GateDecision, Verdict};
use plimsoll_intent::{Custody, ProvenanceRule};
use plimsoll_oci::Image as _;
use plimsoll_report::{Gap, MatrixRow, RubricRow, SupplyChain, size_text};
use plimsoll_sandbox::Outcome;
use plimsoll_verify::{Verification, provenance_level};

use super::evidence::{attested, code, formats, level_text, sboms_attested};
use super::{Built, Job, plain, proof_text};
use crate::hardening::outcome_text;
use crate::proving::Proof;

const SLSA: &str = "https://slsa.dev/provenance/v1";

/// Everything the document is made of.
pub(crate) struct Parts<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) built: &'a Built,
    pub(crate) verdict: Option<&'a Verdict>,
    pub(crate) verification: &'a Verification,
    pub(crate) proof: &'a Proof,
    /// The SBOM tool that spoke, with its version.
    pub(crate) sbom_tool: &'a str,
    /// The decision on the workload as the patches leave it.
    pub(crate) promoted: Option<&'a Decision>,
    pub(crate) documents: &'a BTreeMap<String, Vec<u8>>,
    pub(crate) files: &'a BTreeMap<String, Vec<u8>>,
    pub(crate) place: &'a str,
}

/// The document's content.
pub(crate) fn describe(parts: &Parts<'_>) -> SupplyChain {
    let rubric = rubric_rows(parts);
    let promoted =
        parts.promoted.is_some_and(Decision::allowed) && parts.proof.rows.iter().all(crate::proving::Row::holds);
    let open = rubric.iter().filter(|r| r.gap.is_some()).count();
    let verdict = if promoted {
        format!("Promoted, with {}.", documented(open))
    } else {
        format!("**Not promoted.** The rubric has {}.", documented(open))
    };
    SupplyChain {
        workload: parts.job.workload.display_name(),
        verdict,
        identity: identity(parts),
        posture: posture(parts),
        found: found(parts),
        signing: signing(parts),
        gate: gate(parts),
        provenance: provenance(parts),
        engines: engines(parts),
        matrix: matrix(parts),
        tools: tools(parts),
        gaps: gaps(parts, &rubric),
        rubric,
    }
}

/// The workload itself first, then the built-in cases.
fn matrix(parts: &Parts<'_>) -> Vec<MatrixRow> {
    let own = parts.promoted.map(|decision| {
        let codes: Vec<String> = decision.codes().iter().map(ToString::to_string).collect();
        MatrixRow {
            case: format!("{} as the patches leave it", decision.workload),
            expected: "allow".to_owned(),
            found: if decision.allowed() { "allow".to_owned() } else { codes.join(" ") },
            holds: decision.allowed(),
        }
    });
    let shown = parts.proof.rows.iter().filter(|r| r.case.essential || !r.holds());
    own.into_iter().chain(shown.map(crate::proving::Row::matrix)).collect()
}

/// What was wrong as it came. The image was replaced and the manifests patched; what still refuses is in the matrix.
fn found(parts: &Parts<'_>) -> Vec<(String, String)> {
    parts.built.found.iter().map(|f| pair(&format!("{} {}", f.code, f.code.rule().name), f.message.clone())).collect()
}

/// So many gaps, in words.
pub(crate) fn documented(gaps: usize) -> String {
    match gaps {
        0 => "no gap".to_owned(),
        1 => "1 documented gap".to_owned(),
        n => format!("{n} documented gaps"),
    }
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn identity(parts: &Parts<'_>) -> Vec<(String, String)> {
    let job = parts.job;
    let tier = job.effective.tier.number();
    let origin = job
        .effective
        .tier_origin
        .as_ref()
        .map_or_else(|| "put off: the strictest holds".to_owned(), |o| format!("{}:{}", o.document, o.line));
    vec![
        pair("tier", format!("{tier} ({origin})")),
        pair("input image", format!("{} {}", job.image.name, code(job.image.image.digest()))),
        pair("hardened image", code(parts.built.image.digest())),
        pair("where", parts.place),
        pair("intent", code(&job.intent.digest())),
        pair("judged at", job.now.to_string()),
    ]
}

fn posture(parts: &Parts<'_>) -> Vec<(String, String)> {
    let plan = &parts.built.plan;
    let s = plan.stats;
    let arrow = |a: usize, b: usize| format!("{a} → {b}");
    let writable: Vec<&str> = plan.writable.iter().map(|w| w.path.as_str()).collect();
    let user = &parts.built.facts.user;
    vec![
        pair("size", format!("{} → {}", size_text(s.bytes_before), size_text(s.bytes_after))),
        pair("files", arrow(s.files_before, s.files_after)),
        pair("packages", arrow(s.packages_before, s.packages_after)),
        pair("setuid files", arrow(s.setuid_before, s.setuid_after)),
        pair("shells", arrow(s.shells_before, s.shells_after)),
        pair("user", format!("{} → {user}", named(&parts.job.image.image.config().container.user))),
        pair("process", plan.argv.join(" ")),
        pair("writable paths", if writable.is_empty() { "none".to_owned() } else { writable.join(" ") }),
        pair("run", outcome_text(&parts.built.outcome)),
    ]
}

fn named(user: &str) -> &str {
    if user.is_empty() { "(root)" } else { user }
}

fn signing(parts: &Parts<'_>) -> Vec<(String, String)> {
    let facts = &parts.verification.facts;
    let mut signers: Vec<String> = facts.signatures.iter().map(|s| s.get().signer.clone()).collect();
    signers.dedup();
    let mut types: Vec<String> = facts.attestations.iter().map(|a| a.get().predicate_type.clone()).collect();
    types.sort();
    vec![
        pair("signed by", if signers.is_empty() { "nobody".to_owned() } else { signers.join(", ") }),
        pair("custody", custody(parts)),
        pair("SBOM", formats(parts.documents)),
        pair("attested", if types.is_empty() { "nothing".to_owned() } else { types.join(", ") }),
    ]
}

fn custody(parts: &Parts<'_>) -> &'static str {
    match parts.job.effective.custody {
        Some(Custody::KeyFile) => "a key file, accepted by decision as an exception",
        Some(Custody::Keyless) => "keyless",
        Some(Custody::Kms) => "a key management service",
        None => "put off",
    }
}

fn gate(parts: &Parts<'_>) -> Vec<(String, String)> {
    let Some(verdict) = parts.verdict else { return vec![pair("verdict", "none: the decision was put off")] };
    let before = parts.built.before.as_ref().map_or_else(|| "not judged".to_owned(), plain);
    vec![
        pair("verdict", plain(verdict)),
        pair("the image as it came", before),
        pair(
            "advisory index",
            format!("{}, built {}", code(&verdict.inputs.index.digest), verdict.inputs.index.built_at),
        ),
        pair("details", "k8s/security/scan-gate.md"),
    ]
}

fn provenance(parts: &Parts<'_>) -> Vec<(String, String)> {
    let tiers = parts.job.effective.provenance.as_ref().map_or_else(
        || "put off".to_owned(),
        |rule| {
            let tiers: Vec<String> = rule.required.iter().map(|t| t.number().to_string()).collect();
            if tiers.is_empty() { "at no tier".to_owned() } else { format!("at tier {}", tiers.join(", ")) }
        },
    );
    vec![
        pair("required", tiers),
        pair("verified", level_text(parts.verification, parts.job)),
        pair("claimed level", "1: it was made on a command line, in the words of whoever ran it"),
    ]
}

fn engines(parts: &Parts<'_>) -> Vec<(String, String)> {
    parts.job.effective.admission.engines.iter().map(|e| pair(e.name(), limits(*e).join(" "))).collect()
}

fn tools(parts: &Parts<'_>) -> Vec<(String, String)> {
    let own = format!("plimsoll {}", crate::VERSION);
    let tools = &parts.job.effective.tools;
    let name = |tool: &str| if tool == "plimsoll" { own.clone() } else { tool.to_owned() };
    vec![
        pair("signer", if tools.signer == "cosign" { super::cosign::version() } else { name(&tools.signer) }),
        pair("SBOM", parts.sbom_tool),
        pair("scanner", name(&tools.scanner)),
        pair("hardening and admission", own),
    ]
}

fn rubric_rows(parts: &Parts<'_>) -> Vec<RubricRow> {
    let row = |code: Code, holds: bool, evidence: String, gap: &str| RubricRow {
        code,
        gap: (!holds).then(|| gap.to_owned()),
        evidence,
    };
    let (job, built) = (parts.job, parts.built);
    let s = built.plan.stats;
    let smaller = s.bytes_after * 20 <= s.bytes_before * 19;
    let files = &built.facts.files;
    let tools_left = files.shells.len() + files.package_managers.len();
    let proven = matches!(built.outcome, Outcome::Proven { .. });
    let signed = parts.verification.is_signed();
    let gate_passed = parts.verdict.is_some_and(|v| v.decision == GateDecision::Pass);
    let before_refused =
        built.before.as_ref().is_some_and(|v| v.decision == GateDecision::Deny && !v.blocking.is_empty());
    let matrix_holds = !parts.proof.rows.is_empty() && parts.proof.rows.iter().all(crate::proving::Row::holds);
    let sboms = sboms_attested(parts.verification, &job.effective.sbom);
    let level = provenance_holds(parts);
    let floor = parts.files.values().all(|bytes| !sets_floor_label(bytes));
    let names = parts.files.keys().all(|name| is_kebab(name));
    let kept_shell = job.effective.runtime.keep_shell;
    vec![
        row(
            rubric::MINIMAL_BASE,
            smaller,
            format!(
                "{} → {}, {} → {} packages",
                size_text(s.bytes_before),
                size_text(s.bytes_after),
                built.packages_before,
                s.packages_after
            ),
            "the result is not at least 5 % smaller",
        ),
        row(
            rubric::NON_ROOT,
            !built.facts.runs_as_root && built.facts.user.contains(':'),
            format!("User {}", built.facts.user),
            "the image runs as root",
        ),
        row(rubric::READ_ONLY_ROOT, proven, outcome_text(&built.outcome), "the run was not proven here"),
        row(rubric::CAPABILITIES, proven, capabilities(parts), "the run without capabilities was not proven here"),
        row(
            rubric::NO_SHELL,
            tools_left == 0,
            format!("{} shells, {} package managers", files.shells.len(), files.package_managers.len()),
            if kept_shell { "a decision keeps the shell" } else { "some are left" },
        ),
        row(
            rubric::SIGNED,
            signed,
            format!("verified over {}", code(built.image.digest())),
            "there is no verified signature",
        ),
        row(
            rubric::CUSTODY,
            signed && job.effective.custody.is_some(),
            custody(parts).to_owned(),
            "nothing was signed on a decided custody path",
        ),
        row(rubric::SBOM_FORMAT, !parts.documents.is_empty(), formats(parts.documents), "no SBOM was written"),
        row(
            rubric::SBOM_ATTESTED,
            sboms,
            format!("{} attestations verified", parts.verification.facts.attestations.len()),
            "the decided SBOMs are not all attested",
        ),
        row(
            rubric::GATED,
            gate_passed,
            parts.verdict.map_or_else(|| "not judged".to_owned(), plain),
            "the gate did not pass",
        ),
        row(rubric::PROVENANCE, level, level_text(parts.verification, job), "provenance is missing or insufficient"),
        row(rubric::ADMISSION, matrix_holds, proof_text(parts.proof), "not every case was decided as it must be"),
        row(
            rubric::FLOOR,
            floor,
            format!("{} emitted files set no Pod Security label", parts.files.len()),
            "an emitted file sets a Pod Security label",
        ),
        row(
            rubric::BAD_IMAGES,
            matrix_holds && before_refused,
            format!(
                "{}; the image as it came: {}",
                proof_text(parts.proof),
                built.before.as_ref().map_or_else(|| "not judged".to_owned(), plain)
            ),
            if matrix_holds {
                "the image as it came has no blocking vulnerability, so no known-vulnerable image was shown to fail the gate"
            } else {
                "not every bad workload was refused for its own reason"
            },
        ),
        row(
            rubric::TIERED,
            job.effective.tier_origin.is_some(),
            format!("tier {}", job.effective.tier.number()),
            "the tier was put off; the strictest holds",
        ),
        row(rubric::NAMES, names, format!("{} files", parts.files.len()), "a file is not named in kebab-case"),
        row(
            rubric::OBSERVABLE,
            false,
            "findings with stable codes in text, JSON and SARIF; distinct exit codes".to_owned(),
            "metrics, traces and JSON logs belong to the admission webhook, which this version does not serve",
        ),
        row(
            rubric::REPRODUCIBLE,
            built.reproduced,
            "the hardening was carried out twice".to_owned(),
            "two hardenings of the same image differ",
        ),
    ]
}

fn capabilities(parts: &Parts<'_>) -> String {
    let added = &parts.job.effective.runtime.capabilities;
    if added.is_empty() {
        return "every container drops ALL and adds none".to_owned();
    }
    let added: Vec<String> = added.iter().map(|(name, why)| format!("{name} ({why})")).collect();
    format!("every container drops ALL and adds {}", added.join(", "))
}

fn provenance_holds(parts: &Parts<'_>) -> bool {
    let any = ProvenanceRule { required: Vec::new(), min_level: 0, builders: BTreeMap::new() };
    let rule = parts.job.effective.admission.provenance.as_ref().unwrap_or(&any);
    attested(parts.verification, SLSA) && provenance_level(&parts.verification.facts, rule).is_ok()
}

/// Whether a file sets a Pod Security label: the key stands at the beginning of a line, not in a comment.
fn sets_floor_label(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).lines().any(|l| {
        let l = l.trim_start().trim_start_matches(['"', '\'', '-', ' ']);
        l.starts_with("pod-security.kubernetes.io/")
    })
}

fn is_kebab(path: &str) -> bool {
    path.split('/').all(|part| {
        part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
            && !part.starts_with('-')
    })
}

fn gaps(parts: &Parts<'_>, rubric: &[RubricRow]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = rubric
        .iter()
        .filter_map(|r| {
            r.gap.as_ref().map(|gap| Gap { what: r.code.rule().title.to_owned(), reason: gap.clone(), owner: None })
        })
        .collect();
    for gap in &parts.job.effective.gaps {
        let d = &gap.deferred;
        gaps.push(Gap {
            what: format!("'{}' is not decided", gap.key),
            reason: d.reason.clone(),
            owner: Some(format!("{}, until {}", d.owner, d.until)),
        });
    }
    for reason in &parts.proof.gaps {
        gaps.push(Gap { what: "admission matrix".to_owned(), reason: reason.clone(), owner: None });
    }
    if !parts.job.effective.admission.engines.is_empty() {
        gaps.push(Gap {
            what: "the emitted policies were not run in a cluster".to_owned(),
            reason: "the matrix is decided by plimsoll's own evaluator; that the emitted CEL and Rego decide alike is shown by the project's conformance suite, not here".to_owned(),
            owner: None,
        });
    }
    for namespace in &parts.job.effective.admission.exclude_namespaces {
        gaps.push(Gap {
            what: format!("namespace {namespace} is excluded"),
            reason: "whoever may create Pods there gets round the policies".to_owned(),
            owner: None,
        });
    }
    gaps
}
