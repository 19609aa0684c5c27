//! `plimsoll admit test`.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use plimsoll_admit::{Decision, admission_response, decide, decide_request};
use plimsoll_finding::Finding;
use plimsoll_intent::{Effective, Intent, Tier, WorkloadId};
use plimsoll_workload::{AdmissionRequest, Workload, parse_admission_review, parse_manifests};
use serde_json::{Map, Value, json};

use crate::args::{Admit, Common};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::facts;
use crate::load;
use crate::net;
use crate::render;
use crate::ui::Ui;

/// The most read from standard input, in bytes.
const MAX_STDIN: u64 = 16 << 20;

/// What was given.
enum Input {
    Workload(Box<Workload>),
    Request(Box<AdmissionRequest>),
}

/// Runs the command.
pub(crate) fn run(command: &Admit, common: &Common, ui: &Ui) -> Result<Exit> {
    let Admit::Test { files, decisions, tier, output } = command;
    let now = clock::now(common);
    let intent = load::intent(decisions, now, ui)?;
    let mut inputs = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        read(file, &mut inputs, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(load::refuse(&problems, ui, Exit::Usage, "the input cannot be read"));
    }
    if inputs.is_empty() {
        return Err(Failure::new(Exit::Nothing, "there is no workload in the input").into());
    }
    let client = Arc::new(net::client(common)?);
    let mut findings: Vec<Finding> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    let mut refused = false;
    for input in &inputs {
        let workload = match input {
            Input::Workload(workload) => Some((**workload).clone()),
            Input::Request(request) => request.workload(),
        };
        let effective = effective(&intent, workload.as_ref(), *tier, ui)?;
        let workloads: Vec<Workload> = workload.into_iter().collect();
        let table = facts::gather(&workloads, &effective.admission, &client, now, common, ui)?;
        let (decision, response) = match input {
            Input::Workload(_) => match workloads.first() {
                Some(workload) => (decide(workload, &effective.admission, &table), Value::Null),
                None => continue,
            },
            Input::Request(request) => {
                let decision = decide_request(request, &effective.admission, &table);
                let response = admission_response(&request.uid, &decision);
                (decision, response)
            }
        };
        refused |= !decision.allowed();
        findings.extend(decision.findings.iter().cloned());
        results.push(result(&decision, effective.tier, response));
    }
    let good = format!(
        "{} admitted",
        if inputs.len() == 1 { "1 workload".to_owned() } else { format!("{} workloads", inputs.len()) }
    );
    let mut extra = Map::new();
    extra.insert("allowed".into(), (!refused).into());
    extra.insert("decisions".into(), results.into());
    render::findings_with(&findings, &good, extra, &output.output, ui)?;
    Ok(if refused { Exit::PolicyDenies } else { Exit::Ok })
}

fn read(path: &Path, inputs: &mut Vec<Input>, problems: &mut Vec<Finding>) -> Result<()> {
    if path.is_dir() {
        let loaded = load::manifests(path)?;
        inputs.extend(loaded.workloads.into_iter().map(|w| Input::Workload(Box::new(w))));
        problems.extend(loaded.problems);
        return Ok(());
    }
    let (name, text) = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .take(MAX_STDIN)
            .read_to_string(&mut text)
            .map_err(|e| Failure::input(format!("cannot read standard input: {e}")))?;
        ("-".to_owned(), text)
    } else {
        (path.display().to_string(), load::read_text(path)?)
    };
    if text.contains("\"AdmissionReview\"") && text.trim_start().starts_with('{') {
        let request = parse_admission_review(text.as_bytes()).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
        inputs.push(Input::Request(Box::new(request)));
        return Ok(());
    }
    let found = parse_manifests(&name, &text);
    inputs.extend(found.workloads.into_iter().map(|w| Input::Workload(Box::new(w))));
    problems.extend(found.problems.iter().map(plimsoll_workload::ParseProblem::finding));
    Ok(())
}

fn effective(intent: &Intent, workload: Option<&Workload>, tier: Option<u8>, ui: &Ui) -> Result<Effective> {
    let resolved = match (tier.and_then(Tier::from_number), workload) {
        (Some(tier), _) => intent.resolve_at(tier),
        (None, Some(workload)) => intent.resolve_for(&id_of(workload)),
        // A request that brings in no workload is decided by its kind alone; the strictest tier stands in.
        (None, None) => intent.resolve_at(Tier::Critical),
    };
    resolved.map_err(|missing| {
        let findings: Vec<Finding> = missing.iter().map(plimsoll_intent::MissingDecision::finding).collect();
        load::refuse(&findings, ui, Exit::DecisionMissing, "decisions are missing")
    })
}

/// What decisions can name of a workload.
pub(crate) fn id_of(workload: &Workload) -> WorkloadId {
    WorkloadId {
        kind: workload.kind.clone(),
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        labels: workload.labels.clone(),
    }
}

fn result(decision: &Decision, tier: Tier, response: Value) -> Value {
    json!({
        "workload": decision.workload,
        "tier": tier.number(),
        "allowed": decision.allowed(),
        "images": decision.images.iter().map(|i| json!({
            "field": i.field,
            "image": i.image,
            "digest": i.digest.as_ref().map(ToString::to_string),
            "signer": i.signer,
            "codes": i.codes.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "response": response,
    })
}
