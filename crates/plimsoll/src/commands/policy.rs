//! `plimsoll policy emit | test`.

use std::path::Path;

use anyhow::Result;
use plimsoll_engines::{EmitOptions, emit, limits};
use plimsoll_finding::{Finding, Location, rubric};
use plimsoll_intent::{Effective, Engine, Tier};

use crate::args::{Common, Policy};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::output::write_file;
use crate::proving;
use crate::render;
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(command: &Policy, common: &Common, ui: &Ui) -> Result<Exit> {
    match command {
        Policy::Emit { engine, decisions, tier, static_manifests, output } => {
            let effective = at_tier(decisions, *tier, common, ui)?;
            let engines = if engine.is_empty() {
                effective.admission.engines.clone()
            } else {
                engine.iter().map(|name| parse_engine(name)).collect::<Result<_>>()?
            };
            for engine in engines {
                for (path, text) in
                    emit(engine, &effective.admission, EmitOptions { static_manifests: *static_manifests })
                {
                    let path = output.join(path);
                    write_file(&path, text.as_bytes())?;
                    ui.say(&format!("wrote {}", path.display()));
                }
                limits(engine).iter().for_each(|limit| ui.say(&format!("{}: {limit}", engine.name())));
            }
            Ok(Exit::Ok)
        }
        Policy::Test { decisions, tier, output } => {
            let effective = at_tier(decisions, *tier, common, ui)?;
            let proof = proving::prove(&effective.admission, clock::now(common), common, ui)?;
            for gap in &proof.gaps {
                ui.say(&format!("{} {gap}", ui.err.yellow("gap:")));
            }
            if proof.rows.is_empty() {
                return Err(Failure::new(Exit::Nothing, "no case could be tried").into());
            }
            let wrong: Vec<Finding> = proof.rows.iter().filter(|r| !r.holds()).map(finding).collect();
            let refused = proof.rows.iter().filter(|r| !r.decision.allowed()).count();
            let good = format!(
                "{refused} bad workloads refused for their own reason, {} good ones admitted",
                proof.rows.len() - refused
            );
            render::findings(&wrong, &good, &output.output, ui)?;
            Ok(if wrong.is_empty() { Exit::Ok } else { Exit::PolicyDenies })
        }
    }
}

/// What holds at a tier, whatever workload has it.
pub(crate) fn at_tier(decisions: &Path, number: u8, common: &Common, ui: &Ui) -> Result<Effective> {
    let intent = load::intent(decisions, clock::now(common), ui)?;
    let tier = Tier::from_number(number).ok_or_else(|| Failure::usage(format!("there is no tier {number}")))?;
    intent.resolve_at(tier).map_err(|missing| {
        let findings: Vec<Finding> = missing.iter().map(plimsoll_intent::MissingDecision::finding).collect();
        load::refuse(&findings, ui, Exit::DecisionMissing, "decisions are missing")
    })
}

fn parse_engine(name: &str) -> Result<Engine> {
    let all = [Engine::Kyverno, Engine::Gatekeeper, Engine::Vap, Engine::Webhook];
    all.into_iter().find(|e| e.name() == name).ok_or_else(|| {
        Failure::usage(format!("unknown engine '{name}'; one of kyverno, gatekeeper, vap, webhook")).into()
    })
}

/// A case that was not decided as it must be.
fn finding(row: &proving::Row) -> Finding {
    let matrix = row.matrix();
    let place = Location::Object { object: row.decision.workload.clone(), field: String::new() };
    let message = format!("{}: expected {}, found {}", matrix.case, matrix.expected, matrix.found);
    let mut finding = Finding::new(rubric::BAD_IMAGES, place, message);
    finding.level = plimsoll_finding::Level::Error;
    for denial in row.decision.denials() {
        finding = finding.with_evidence(format!("{} {}", denial.code, denial.message));
    }
    finding
}
