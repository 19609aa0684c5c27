//! Step 1: the decisions, the workload, the tier. What nobody decided stops here, with a candidate for each.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_finding::{Finding, Location, decision};
use plimsoll_intent::{CandidateContext, Effective, Intent, MissingDecision, candidate};
use plimsoll_oci::Reference;
use plimsoll_workload::Workload;

use crate::commands::admit::id_of;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::output::write_file;
use crate::ui::Ui;

/// Facts about the workload, and about each option of a decision by its id.
pub(crate) type Measured = (Vec<String>, BTreeMap<String, String>);

/// The workload that is meant: the named one, or the only one.
pub(crate) fn select(workloads: Vec<Workload>, named: Option<&str>) -> Result<Workload> {
    let short = |w: &Workload| format!("{}/{}", w.kind, w.name);
    let names: Vec<String> = workloads.iter().map(short).collect();
    let mut matching: Vec<Workload> = match named {
        Some(name) => workloads.into_iter().filter(|w| short(w) == name || w.display_name() == name).collect(),
        None => workloads,
    };
    match matching.len() {
        1 => Ok(matching.remove(0)),
        0 => {
            let message =
                format!("there is no workload '{}'; there is: {}", named.unwrap_or_default(), names.join(", "));
            Err(Failure::new(Exit::Nothing, message).into())
        }
        _ => {
            let message = format!("the manifests hold several workloads: {}", names.join(", "));
            Err(Failure::usage(message).hint("name one with --workload KIND/NAME").into())
        }
    }
}

/// What holds for the workload. Missing decisions end the run: a candidate is written for each, and nothing else.
pub(crate) fn resolve(
    intent: &Intent,
    workload: &Workload,
    decisions: &Path,
    out: &Path,
    now: Timestamp,
    measured: &dyn Fn(&MissingDecision) -> Measured,
    ui: &Ui,
) -> Result<Effective> {
    let missing = match intent.resolve_for(&id_of(workload)) {
        Ok(effective) => return Ok(effective),
        Err(missing) => missing,
    };
    let mut findings = Vec::new();
    for (id, entry) in (next_id(decisions)?..).zip(&missing) {
        let (measured, per_option) = measured(entry);
        let context = CandidateContext {
            workload: entry.workload.clone(),
            images: workload.images().iter().map(|u| u.image.to_owned()).collect(),
            measured,
            per_option,
        };
        let written = candidate(entry, &context, id, load::today(now));
        let path = out.join("adr-candidates").join(&written.file_name);
        write_file(&path, written.text.as_bytes())?;
        findings.push(entry.finding().with_evidence(format!("candidate: {}", path.display())));
    }
    Err(load::refuse(&findings, ui, Exit::DecisionMissing, "decisions are missing; a candidate was written for each"))
}

/// One more than the highest number an ADR's file name begins with.
fn next_id(decisions: &Path) -> Result<u32> {
    let number = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.split('-').next().and_then(|n| n.parse::<u32>().ok())
    };
    let documents = load::documents(decisions)?;
    Ok(documents.iter().filter_map(|d| number(&d.path)).max().unwrap_or(0) + 1)
}

/// Stops where a decision names a tool that does not speak here: it is never silently replaced.
pub(crate) fn tools(effective: &Effective, ui: &Ui) -> Result<()> {
    let named = [
        ("tools.signer", &effective.tools.signer),
        ("tools.sbom", &effective.tools.sbom),
        ("tools.scanner", &effective.tools.scanner),
    ];
    let mut findings = Vec::new();
    for (key, tool) in named.into_iter().filter(|(_, tool)| *tool != "plimsoll") {
        let installed = super::syft::installed(tool).is_some();
        if installed && matches!((key, tool.as_str()), ("tools.sbom", "syft") | ("tools.signer", "cosign")) {
            continue;
        }
        let why =
            if installed { "it is installed, but this version does not drive it yet" } else { "it is not installed" };
        let message = format!("{key} decides {tool}, and {why}");
        findings.push(
            Finding::new(decision::TOOL_ABSENT, Location::Run, message)
                .with_evidence("plimsoll's own engine is not used in its place"),
        );
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(load::refuse(&findings, ui, Exit::Usage, "a decided tool does not speak"))
    }
}

/// Where the image is pushed, if it lies below the decided registry.
pub(crate) fn push_target(push: Option<&str>, effective: &Effective) -> Result<Option<Reference>> {
    let Some(text) = push else { return Ok(None) };
    let reference: Reference = text.parse().map_err(|e| Failure::usage(format!("--push: {e}")))?;
    if reference.digest.is_some() {
        return Err(Failure::usage("--push takes a name and a tag; the digest is what is made").into());
    }
    let name = reference.name();
    let below = |root: &str| name == root || name.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    match &effective.push {
        Some(root) if !below(root) => {
            let message = format!("--push {name} does not lie below the decided registry {root}");
            Err(Failure::new(Exit::PolicyDenies, message).hint("registry.push decides where promoted images go").into())
        }
        _ => Ok(Some(reference)),
    }
}
