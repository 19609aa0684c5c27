//! The nine steps for one workload: gather, harden, sign, list, scan, admit, prove, verify, emit.
//!
//! Everything is made beside its place and moved there at the end; a run that is refused before the gate leaves nothing.

pub(crate) mod chain;
pub(crate) mod context;
pub(crate) mod cosign;
pub(crate) mod evidence;
pub(crate) mod measure;
pub(crate) mod publish;
pub(crate) mod syft;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_admit::{Decision, decide};
use plimsoll_advisory::{Index, match_catalog};
use plimsoll_catalog::Catalog;
use plimsoll_engines::{EmitOptions, emit, verify_config};
use plimsoll_finding::{Finding, Level};
use plimsoll_gate::{Decision as GateDecision, IndexInfo, Inputs, Verdict, judge};
use plimsoll_harden::{
    Deployed, Fate, Inspection, PatchFacts, Plan, contradictions, inspect, patches, rendered, rendered_yaml,
};
use plimsoll_intent::{Effective, Intent};
use plimsoll_oci::{Digest, Image as _, Reference};
use plimsoll_registry::blocking::Client;
use plimsoll_sandbox::Outcome;
use plimsoll_sbom::{Removed, Sbom};
use plimsoll_source::{BlobImage, LayoutWriter};
use plimsoll_trust::PrivateKey;
use plimsoll_verify::Verification;
use plimsoll_workload::{Workload, workload_from_object};

use crate::args::Common;
use crate::commands::harden::{references, reopen, write_ledger};
use crate::commands::scan::exit_of;
use crate::exit::{Exit, Failure};
use crate::facts::gather;
use crate::hardening::{carry_out, failure, make_plan, outcome_text, probe_for, prove};
use crate::load;
use crate::open::{self, LoadedImage, Need, OpenedImage, source_failure};
use crate::output::write_file;
use crate::promotion::syft::Listed;
use crate::proving::{self, Proof};
use crate::ui::Ui;

/// What a promotion is asked for.
pub(crate) struct Job<'a> {
    pub(crate) image: OpenedImage,
    pub(crate) workload: Workload,
    pub(crate) intent: Intent,
    pub(crate) effective: Effective,
    pub(crate) index: Index<'a>,
    /// The private key, where plimsoll signs.
    pub(crate) key: Option<PrivateKey>,
    /// The key as it was named, where another signer is decided.
    pub(crate) key_reference: Option<String>,
    pub(crate) push: Option<Reference>,
    pub(crate) client: Arc<Client>,
    pub(crate) out: PathBuf,
    pub(crate) no_run: bool,
    pub(crate) now: Timestamp,
    pub(crate) created: Timestamp,
}

/// What came of it.
pub(crate) struct Promotion {
    pub(crate) exit: Exit,
    /// Everything found: in the image and manifests as they came, at the gate, at admission.
    pub(crate) findings: Vec<Finding>,
    pub(crate) digest: Digest,
    /// The admission decision on the workload as the patches leave it.
    pub(crate) admitted: Option<Decision>,
    /// The image as it came, judged by the same gate.
    pub(crate) before: Option<Verdict>,
    /// What came of the built-in cases; `None` where the gate refused first.
    pub(crate) proof: Option<Proof>,
    /// Files whose bytes differ between runs: they hold signatures.
    pub(crate) signed_files: Vec<String>,
}

/// The hardened image and what was seen of it.
pub(crate) struct Built {
    pub(crate) plan: Plan,
    pub(crate) image: BlobImage,
    pub(crate) loaded: LoadedImage,
    pub(crate) facts: Inspection,
    pub(crate) outcome: Outcome,
    pub(crate) reproduced: bool,
    /// The unhardened image judged by the same rule: a known-vulnerable image that the gate must refuse.
    pub(crate) before: Option<Verdict>,
    pub(crate) packages_before: usize,
    /// What was wrong with image and manifests as they came.
    pub(crate) found: Vec<Finding>,
}

/// Runs the nine steps.
pub(crate) fn promote(job: &Job<'_>, common: &Common, ui: &Ui) -> Result<Promotion> {
    let workload = job.workload.display_name();
    let tier = job.effective.tier.number();
    step(ui, 1, &format!("context: {workload}, tier {tier}, {} decisions put off", job.effective.gaps.len()));
    let parent = job.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .map_err(|e| Failure::input(format!("cannot write to {}: {e}", parent.display())))?;
    let stage = tempfile::Builder::new()
        .prefix(".plimsoll-")
        .tempdir_in(parent)
        .map_err(|e| Failure::input(format!("cannot write to {}: {e}", parent.display())))?;
    let layout = stage.path().join("image");
    let used = names(job);
    let built = build(job, &used, &layout, ui)?;
    let Listed { tool, catalog, documents } = listed(job, &built, &layout)?;
    let spoke = evidence::formats(&documents);
    step(ui, 3, &format!("bill of materials by {tool}: {} packages, {spoke}", catalog.packages.len()));
    let verdict = verdict(job, &catalog, built.image.digest(), &built_name(job));
    match &verdict {
        Some(v) => step(ui, 4, &format!("scan gate of tier {tier}: {}", plain(v))),
        None => step(ui, 4, "scan gate: its decision was put off, nothing was judged"),
    }
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if let Some(v) = &verdict {
        let text = plimsoll_report::scan_gate_markdown(v, &workload, tier);
        files.insert("k8s/security/scan-gate.md".to_owned(), text.into_bytes());
        files.insert("scan.json".to_owned(), crate::output::pretty(&plimsoll_report::verdict_json(v, crate::VERSION)));
        if v.decision != GateDecision::Pass {
            return refused(job, built, &tool, v.clone(), files, ui);
        }
    }
    let signed = evidence::sign(job, &built, &documents, verdict.as_ref(), &layout)?;
    step(ui, 5, &format!("signed {} and attested: {}", built.image.digest(), signed.what()));
    let verification = publish::check(job, &built.image, &layout, common)?;
    step(ui, 6, &format!("provenance: {}", evidence::level_text(&verification, job)));
    let policies = policies(job);
    let engines: Vec<&str> = job.effective.admission.engines.iter().map(|e| e.name()).collect();
    step(ui, 7, &format!("admission policies: {} for {}", policies.len(), engines.join(", ")));
    files.extend(policies);
    let proof = proving::prove(&job.effective.admission, job.now, common, ui)?;
    let wrong = proof.rows.iter().filter(|r| !r.holds()).count();
    let promoted = patch(job, &built, &used, &verification, &mut files, common)?;
    let admitted = wrong == 0 && promoted.as_ref().is_some_and(Decision::allowed);
    let (verification, place) = if admitted {
        publish::publish(job, &built.image, &signed, verification, &layout, common)?
    } else {
        let denials: Vec<Finding> = promoted.iter().flat_map(Decision::denials).cloned().collect();
        ui.line(&plimsoll_report::findings_text(&denials, ui.err));
        (verification, "nowhere: admission refuses the workload as the patches leave it".to_owned())
    };
    step(ui, 8, &format!("verified: {place}; {}", proof_text(&proof)));
    for (name, bytes) in &documents {
        files.insert(format!("sbom/{name}"), bytes.clone());
    }
    let chain = chain::describe(&chain::Parts {
        job,
        built: &built,
        verdict: verdict.as_ref(),
        verification: &verification,
        proof: &proof,
        sbom_tool: &tool,
        promoted: promoted.as_ref(),
        documents: &documents,
        files: &files,
        place: &place,
    });
    files.insert("supply-chain.md".to_owned(), plimsoll_report::supply_chain_markdown(&chain).into_bytes());
    let gaps = chain.rubric.iter().filter(|r| r.gap.is_some()).count();
    step(ui, 9, &format!("rubric: {} lines pass, {}", chain.rubric.len() - gaps, chain::documented(gaps)));
    let mut signed_files = signed.files();
    signed_files.push("image/index.json".to_owned());
    write(job, files, &signed, &built.plan, Some(&layout))?;
    Ok(Promotion {
        exit: if admitted { Exit::Ok } else { Exit::PolicyDenies },
        findings: all(&built, verdict.as_ref(), promoted.as_ref()),
        admitted: promoted,
        digest: built.image.digest().clone(),
        before: built.before,
        proof: Some(proof),
        signed_files,
    })
}

fn step(ui: &Ui, number: u8, text: &str) {
    ui.say(&format!("{} {text}", ui.err.bold(&format!("{number}/9"))));
}

/// Names under which the workload calls the image.
fn names(job: &Job<'_>) -> Vec<String> {
    let workloads = std::slice::from_ref(&job.workload);
    let known = references(&job.image, workloads);
    if !known.is_empty() {
        return known;
    }
    let used = crate::commands::harden::repositories(workloads);
    match &job.push {
        Some(push) if used.contains(&push.name()) => vec![push.name()],
        _ if used.len() == 1 => used.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn built_name(job: &Job<'_>) -> String {
    job.push.as_ref().map_or_else(|| job.image.name.clone(), Reference::name)
}

fn build(job: &Job<'_>, used: &[String], layout: &Path, ui: &Ui) -> Result<Built> {
    let effective = &job.effective;
    let input = open::load_image(&job.image.image, Need::Everything, ui)?;
    let workloads = std::slice::from_ref(&job.workload);
    let name = &job.image.name;
    let plan = make_plan(name, used, &job.image.image, &input, &effective.runtime, &effective.closure, workloads)?;
    let stops: Vec<_> = plan.stops().into_iter().cloned().collect();
    if !stops.is_empty() {
        return Err(load::refuse(&stops, ui, Exit::HardenRefused, "the image cannot be hardened as it is"));
    }
    let mut written = carry_out(&plan, &job.image.image, name, &input, job.created)?;
    let again = carry_out(&plan, &job.image.image, name, &input, job.created)?;
    let reproduced = written.hardened.digest == again.hardened.digest;
    drop(again);
    let mut writer = LayoutWriter::directory(layout).map_err(source_failure)?;
    let tag = job.push.as_ref().and_then(|p| p.tag.clone()).unwrap_or_else(|| "latest".to_owned());
    written.add_to(&mut writer, Some(&tag))?;
    writer.finish().map_err(source_failure)?;
    let before = effective.gate.as_ref().and_then(|_| verdict(job, &input.catalog, job.image.image.digest(), name));
    let packages_before = input.catalog.packages.len();
    let found = found(job, &input, &plan, used)?;
    let unread = input.catalog.problems.clone();
    drop(input);
    let image = reopen(&format!("oci-dir:{}", layout.display()))?;
    let mut loaded = open::load_image(&image, Need::Inspection, ui)?;
    // Records are rewritten from what was read: what was not is as unknown in the hardened image as it was before.
    loaded.catalog.problems.extend(unread);
    let facts = inspect(&loaded.tree, &*loaded.contents, image.config(), &loaded.catalog)?;
    let outcome = if job.no_run {
        Outcome::Unverified { why: "--no-run was given".to_owned() }
    } else {
        prove(&image, &plan, probe_for(&image, workloads), ui)?
    };
    let s = plan.stats;
    let sizes =
        format!("{} → {}", plimsoll_report::size_text(s.bytes_before), plimsoll_report::size_text(s.bytes_after));
    step(
        ui,
        2,
        &format!(
            "hardened: {sizes}, {} → {} packages, {} → {} setuid files, uid {}; {}",
            s.packages_before,
            s.packages_after,
            s.setuid_before,
            s.setuid_after,
            plan.uid,
            outcome_text(&outcome)
        ),
    );
    if let Outcome::Failed { .. } = &outcome {
        let message = format!("the hardened image does not run: {}", outcome_text(&outcome));
        return Err(Failure::new(Exit::HardenRefused, message).hint("decide closure.keep for what is missing").into());
    }
    Ok(Built { plan, image, loaded, facts, outcome, reproduced, before, packages_before, found })
}

/// What is wrong with the image and the manifests that run it, before anything is changed.
fn found(job: &Job<'_>, input: &LoadedImage, plan: &Plan, used: &[String]) -> Result<Vec<Finding>> {
    let deployed = Deployed {
        references: used,
        config: job.image.image.config(),
        tree: &input.tree,
        contents: &*input.contents,
        writable: &plan.writable,
    };
    let decided = job.effective.runtime.capabilities.keys().cloned().collect();
    let workloads = std::slice::from_ref(&job.workload);
    let mut found = contradictions(workloads, Some(&deployed), &decided).map_err(failure)?;
    found.extend(plan.findings.iter().cloned());
    found.retain(|f| f.level != Level::Note);
    found.sort();
    found.dedup();
    Ok(found)
}

/// Everything found on the way, each once.
fn all(built: &Built, verdict: Option<&Verdict>, promoted: Option<&Decision>) -> Vec<Finding> {
    let gate = verdict.into_iter().flat_map(|v| v.findings.iter());
    let door = promoted.into_iter().flat_map(|d| d.findings.iter());
    let mut findings: Vec<Finding> = built.found.iter().chain(gate).chain(door).cloned().collect();
    findings.sort();
    findings.dedup();
    findings
}

/// What the decided SBOM tool lists of the hardened image.
fn listed(job: &Job<'_>, built: &Built, layout: &Path) -> Result<Listed> {
    if job.effective.tools.sbom == "syft" {
        let mut listed = syft::list(layout, built.image.digest(), &job.effective.sbom)?;
        listed.catalog.problems.extend(built.loaded.catalog.problems.iter().cloned());
        return Ok(listed);
    }
    let documents = evidence::documents(&sbom_of(job, built), &job.effective.sbom);
    Ok(Listed { tool: format!("plimsoll {}", crate::VERSION), catalog: built.loaded.catalog.clone(), documents })
}

/// The bill of materials of the hardened image, with what was taken out.
fn sbom_of(job: &Job<'_>, built: &Built) -> Sbom {
    let tag = job.push.as_ref().and_then(|p| p.tag.clone()).or_else(|| job.image.tag.clone());
    let subject = open::subject(&built_name(job), tag, &built.image);
    let mut sbom = Sbom::new(subject, built.loaded.catalog.clone(), crate::VERSION, job.created);
    sbom.author = job.intent.component.as_ref().map(|c| format!("owners of {}", c.value));
    sbom.removed = built
        .plan
        .packages
        .iter()
        .filter(|p| p.fate == Fate::Removed)
        .map(|p| Removed {
            name: p.name.clone(),
            version: p.version.clone(),
            purl: String::new(),
            reason: "nothing of it is reached".to_owned(),
        })
        .collect();
    sbom
}

/// The tier's judgement of an image's packages; `None` where no gate was decided.
fn verdict(job: &Job<'_>, catalog: &Catalog, image: &Digest, name: &str) -> Option<Verdict> {
    let rule = job.effective.gate.as_ref()?;
    let matches = match_catalog(catalog, &job.index, job.now);
    let inputs = Inputs {
        name: name.to_owned(),
        image: image.clone(),
        index: IndexInfo::of(&job.index),
        intent: Some(job.intent.digest()),
        now: job.now,
    };
    Some(judge(&matches, rule, &job.effective.waivers, inputs))
}

fn plain(verdict: &Verdict) -> String {
    let text = plimsoll_report::verdict_text(verdict, plimsoll_report::Style::PLAIN);
    text.lines().next().unwrap_or_default().to_owned()
}

/// The gate refused: the reports are written, nothing is signed or pushed.
fn refused(
    job: &Job<'_>,
    built: Built,
    tool: &str,
    verdict: Verdict,
    mut files: BTreeMap<String, Vec<u8>>,
    ui: &Ui,
) -> Result<Promotion> {
    let nothing = Verification {
        facts: plimsoll_verify::ImageFacts {
            digest: built.image.digest().clone(),
            signatures: Vec::new(),
            attestations: Vec::new(),
            user: Some(built.image.config().container.user.clone()),
        },
        reasons: Vec::new(),
    };
    let proof = Proof { rows: Vec::new(), gaps: vec!["the gate refused: admission was not tried".to_owned()] };
    let chain = chain::describe(&chain::Parts {
        job,
        built: &built,
        verdict: Some(&verdict),
        verification: &nothing,
        proof: &proof,
        sbom_tool: tool,
        promoted: None,
        documents: &BTreeMap::new(),
        files: &files,
        place: "nowhere: the gate refused",
    });
    files.insert("supply-chain.md".to_owned(), plimsoll_report::supply_chain_markdown(&chain).into_bytes());
    for (name, bytes) in files {
        write_file(&job.out.join(name), &bytes)?;
    }
    write_ledger(&built.plan, &job.out.join("hardening-ledger.txt"))?;
    ui.line(&plimsoll_report::verdict_text(&verdict, ui.err));
    ui.say(&format!("nothing was signed or pushed; {} says why", job.out.join("k8s/security/scan-gate.md").display()));
    Ok(Promotion {
        exit: exit_of(&verdict),
        findings: all(&built, Some(&verdict), None),
        digest: built.image.digest().clone(),
        admitted: None,
        before: built.before,
        proof: None,
        signed_files: Vec::new(),
    })
}

/// The manifest patches and the workload as they leave it, and the admission decision on that workload with what was
/// verified about the hardened image. Containers of other images are decided on too, with what their registries hold.
fn patch(
    job: &Job<'_>,
    built: &Built,
    used: &[String],
    verification: &Verification,
    files: &mut BTreeMap<String, Vec<u8>>,
    common: &Common,
) -> Result<Option<Decision>> {
    let new_name = job.push.as_ref().map(Reference::name);
    let facts = PatchFacts::of(&built.plan, used, new_name.as_deref(), Some(built.image.digest()));
    let workloads = std::slice::from_ref(&job.workload);
    for (name, text) in patches(workloads, &facts, &job.effective.runtime) {
        files.insert(format!("k8s/security/patches/{name}"), text.into_bytes());
    }
    for (name, text) in rendered_yaml(workloads, &facts, &job.effective.runtime) {
        files.insert(format!("k8s/security/rendered/{name}"), text.into_bytes());
    }
    let objects = rendered(workloads, &facts, &job.effective.runtime);
    let workload =
        objects.into_iter().find_map(|(_, object)| workload_from_object(object, job.workload.origin.clone()));
    let Some(workload) = workload else { return Ok(None) };
    let policy = &job.effective.admission;
    let mut table = gather(std::slice::from_ref(&workload), policy, &job.client, job.now, common, &Ui::nothing())?;
    table.insert(verification.clone(), Some(built.image.config().container.user.clone()));
    Ok(Some(decide(&workload, policy, &table)))
}

/// Every engine's files, and the verification configuration.
fn policies(job: &Job<'_>) -> BTreeMap<String, Vec<u8>> {
    let policy = &job.effective.admission;
    let mut files = BTreeMap::new();
    for engine in &policy.engines {
        for (path, text) in emit(*engine, policy, EmitOptions::default()) {
            files.insert(format!("k8s/security/{path}"), text.into_bytes());
        }
    }
    files.insert("k8s/security/verify-config.yaml".to_owned(), verify_config(policy).into_bytes());
    files
}

fn proof_text(proof: &Proof) -> String {
    let refused = proof.rows.iter().filter(|r| r.holds() && !r.decision.allowed()).count();
    let admitted = proof.rows.iter().filter(|r| r.holds() && r.decision.allowed()).count();
    let wrong = proof.rows.len() - refused - admitted;
    format!("{refused} bad workloads refused for their own reason, {admitted} good ones admitted, {wrong} otherwise")
}

/// Puts everything in its place. The layout is moved last.
fn write(
    job: &Job<'_>,
    files: BTreeMap<String, Vec<u8>>,
    signed: &evidence::Signed,
    plan: &Plan,
    layout: Option<&Path>,
) -> Result<()> {
    for (name, bytes) in files {
        write_file(&job.out.join(name), &bytes)?;
    }
    for (name, bytes) in signed.bundles() {
        write_file(&job.out.join(name), bytes)?;
    }
    write_ledger(plan, &job.out.join("hardening-ledger.txt"))?;
    if let Some(layout) = layout {
        let place = job.out.join("image");
        let fault = |e: std::io::Error| Failure::input(format!("cannot write {}: {e}", place.display()));
        if place.exists() {
            std::fs::remove_dir_all(&place).map_err(fault)?;
        }
        std::fs::rename(layout, &place).map_err(fault)?;
    }
    Ok(())
}
