//! `plimsoll scan`.

use anyhow::Result;
use plimsoll_advisory::{Matches, match_catalog};
use plimsoll_envelope::predicate::{Scan as ScanInfo, cosign_vuln};
use plimsoll_gate::{IndexInfo, Inputs, Verdict, fail_on, judge};
use plimsoll_intent::{GateRule, Setting, Severity, Tier, Waiver};
use plimsoll_oci::Digest;

use crate::args::{Common, Scan};
use crate::clock;
use crate::commands::db;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::map::map;
use crate::open;
use crate::output::{OutputSpec, pretty};
use crate::ui::Ui;

const FORMATS: [&str; 5] = ["table", "json", "sarif", "markdown", "cosign-vuln"];

/// The rule a scan is judged by, and where it comes from.
struct Judgement {
    rule: GateRule,
    waivers: Vec<Waiver>,
    intent: Option<Digest>,
    tier: u8,
}

/// Runs the command.
pub(crate) fn run(args: &Scan, common: &Common, ui: &Ui) -> Result<Exit> {
    let specs = OutputSpec::parse_all(&args.output, &FORMATS)?;
    let now = clock::now(common);
    let judgement = judgement(args, common, ui)?;
    let path = db::required(args.db.as_deref())?;
    let bytes = map(path).map_err(|e| db::unreadable(path, &e))?;
    let index = db::open(path, &bytes)?;
    let found = open::packages(&args.source, &args.cataloguing, false, common, ui)?;
    let matches: Matches = match_catalog(&found.catalog, &index, now);
    let image = match found.subject.digest.clone() {
        Some(digest) => digest,
        // A directory has no digest: the packages that were judged stand for it.
        None => Digest::sha256(plimsoll_sbom::write_purls(&purls(&found)).as_slice()),
    };
    let inputs =
        Inputs { name: found.subject.name.clone(), image, index: IndexInfo::of(&index), intent: judgement.intent, now };
    let verdict = judge(&matches, &judgement.rule, &judgement.waivers, inputs);
    for spec in specs {
        let bytes = match spec.format.as_str() {
            "json" => pretty(&plimsoll_report::verdict_json(&verdict, crate::VERSION)),
            "sarif" => pretty(&plimsoll_report::sarif(crate::VERSION, &verdict.findings)),
            "markdown" => {
                plimsoll_report::scan_gate_markdown(&verdict, &found.subject.name, judgement.tier).into_bytes()
            }
            "cosign-vuln" => pretty(&vulnerability_predicate(&verdict)),
            _ => plimsoll_report::verdict_text(
                &verdict,
                if spec.file.is_some() { plimsoll_report::Style::PLAIN } else { ui.out },
            )
            .into_bytes(),
        };
        spec.write(&bytes)?;
    }
    Ok(exit_of(&verdict))
}

fn purls(found: &open::Packages) -> plimsoll_sbom::Sbom {
    plimsoll_sbom::Sbom::new(found.subject.clone(), found.catalog.clone(), crate::VERSION, jiff::Timestamp::UNIX_EPOCH)
}

fn judgement(args: &Scan, common: &Common, ui: &Ui) -> Result<Judgement> {
    if let (Some(path), Some(number)) = (&args.decisions, args.tier) {
        let intent = load::intent(path, clock::now(common), ui)?;
        let tier = Tier::from_number(number).ok_or_else(|| Failure::usage(format!("there is no tier {number}")))?;
        let Some(Setting::Decided(rule)) = intent.gate.get(&tier) else {
            let message = format!("gate.tier{number} is decided in no accepted document");
            return Err(Failure::new(Exit::DecisionMissing, message)
                .hint("plimsoll promote writes a candidate for it")
                .into());
        };
        let rule =
            GateRule { fix_available_only: rule.value.fix_available_only || args.only_fixed, ..rule.value.clone() };
        return Ok(Judgement { rule, waivers: intent.waivers.clone(), intent: Some(intent.digest()), tier: number });
    }
    let severity = match args.fail_on.as_deref().unwrap_or("high") {
        "negligible" => Severity::Negligible,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        other => {
            let message = format!("unknown severity '{other}'; one of negligible, low, medium, high, critical");
            return Err(Failure::usage(message).into());
        }
    };
    Ok(Judgement { rule: fail_on(severity, args.only_fixed), waivers: Vec::new(), intent: None, tier: 0 })
}

/// cosign's vulnerability predicate of a verdict.
pub(crate) fn vulnerability_predicate(verdict: &Verdict) -> serde_json::Value {
    let inputs = &verdict.inputs;
    let scan = ScanInfo {
        scanner_uri: "pkg:cargo/plimsoll".to_owned(),
        scanner_version: crate::VERSION.to_owned(),
        database_uri: "plimsoll:advisory-index".to_owned(),
        database_version: inputs.index.digest.to_string(),
        database_updated: Some(inputs.index.built_at),
        started: inputs.now,
        finished: inputs.now,
    };
    cosign_vuln(&scan, plimsoll_report::verdict_json(verdict, crate::VERSION))
}

/// The exit code of a verdict.
pub(crate) fn exit_of(verdict: &Verdict) -> Exit {
    match verdict.exit_code() {
        0 => Exit::Ok,
        20 => Exit::GateDenies,
        31 => Exit::Index,
        32 => Exit::Nothing,
        _ => Exit::Undecidable,
    }
}
