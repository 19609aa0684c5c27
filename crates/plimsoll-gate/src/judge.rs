//! The judgement.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use plimsoll_advisory::{DistroStatus, Matches, Severity, Undecidable, Vulnerability};
use plimsoll_finding::{Code, Finding, Level, Location, gate};
use plimsoll_intent::{Action, GateRule, Waiver};

use crate::waivers::{Subject, Waivers};
use crate::{Inputs, Verdict, Waived, fixes, rule::severity};

/// Most unreadable places that a finding names.
const MAX_PLACES: usize = 20;

/// Judges matches by a rule. A vulnerability in CISA's catalogue blocks (where the rule says so) even without a fix;
/// `fix_available_only` excuses the others.
pub fn judge(matches: &Matches, rule: &GateRule, waivers: &[Waiver], inputs: Inputs) -> Verdict {
    let mut waivers = Waivers::new(waivers, inputs.now.to_zoned(TimeZone::UTC).date());
    let mut findings = about_index(rule, &inputs);
    findings.extend(about_distro(matches, rule, &inputs));
    findings.extend(about_coverage(matches, &inputs));

    let (mut blocking, mut waived, mut passing) = (Vec::new(), Vec::new(), Vec::new());
    for v in &matches.vulnerabilities {
        let (code, level, why) = grade(v, rule);
        if level != Level::Error {
            findings.push(describe(v, code, level, &why, &inputs));
            findings.extend(dispute(v, rule, &inputs));
            passing.push(v.clone());
            continue;
        }
        let ids: Vec<&str> = [&v.id].into_iter().chain(&v.aliases).map(String::as_str).collect();
        match waivers.covering(&Subject { ids: &ids, packages: [&v.package, &v.source_name] }) {
            Some(waiver) => {
                let finding = describe(v, gate::WAIVED, Level::Note, &why, &inputs);
                findings.push(finding.with_evidence(held_by(waiver)));
                waived.push(Waived { vulnerability: v.clone(), waiver: waiver.clone() });
            }
            None => {
                findings.push(describe(v, code, level, &why, &inputs));
                blocking.push(v.clone());
            }
        }
    }
    for u in &matches.undecidable {
        findings.push(match waivers.covering(&Subject { ids: &[&u.id], packages: [&u.package, &u.source_name] }) {
            Some(waiver) => undecidable(u, gate::WAIVED, &inputs).with_evidence(held_by(waiver)),
            None => undecidable(u, gate::UNDECIDABLE_VERSION, &inputs),
        });
    }
    findings.extend(waivers.findings());
    findings.sort_by(|a, b| (Reverse(a.level), a).cmp(&(Reverse(b.level), b)));

    let mut counts: BTreeMap<&'static str, usize> = Severity::ALL.iter().map(|s| (s.name(), 0)).collect();
    matches.vulnerabilities.iter().for_each(|v| *counts.entry(v.severity().name()).or_default() += 1);
    Verdict {
        decision: Verdict::decide(&findings),
        fixes: fixes::plan(&blocking, passing.iter().chain(waived.iter().map(|w| &w.vulnerability))),
        findings,
        blocking,
        waived,
        passing,
        counts,
        examined: matches.examined,
        kernel_headers: matches.kernel_headers.clone(),
        rule: rule.clone(),
        inputs,
    }
}

/// The code a vulnerability is reported under, at which level, and why.
fn grade(v: &Vulnerability, rule: &GateRule) -> (Code, Level, String) {
    let action = |a: Action| if a == Action::Block { Level::Error } else { Level::Warning };
    let floor = severity(rule.fail_on);
    let counts = !rule.fix_available_only || v.fixed.is_some();
    let reaches = match v.severity().reaches(floor) {
        Some(reaches) => reaches,
        // A floor of "unknown" means everything.
        None => floor == Severity::Unknown,
    };
    let unknown = v.severity() == Severity::Unknown;
    let by_severity = format!("its severity is {}, the rule blocks from {}", v.severity().name(), floor.name());
    if v.kev && rule.kev == Action::Block {
        (gate::EXPLOITED, Level::Error, "it is known to be exploited".to_owned())
    } else if reaches && counts {
        (gate::BLOCKING, Level::Error, by_severity)
    } else if unknown && counts && rule.unknown_severity == Action::Block {
        (
            gate::UNKNOWN_SEVERITY,
            Level::Error,
            "its severity is unknown, and the rule blocks what is unknown".to_owned(),
        )
    } else if v.kev {
        (gate::EXPLOITED, action(rule.kev), "it is known to be exploited".to_owned())
    } else if unknown && counts {
        (
            gate::UNKNOWN_SEVERITY,
            action(rule.unknown_severity),
            "its severity is unknown, and the rule only warns".to_owned(),
        )
    } else if reaches || unknown {
        (gate::NOT_BLOCKING, Level::Warning, "no fix is stated, and the rule blocks only what has one".to_owned())
    } else {
        (gate::NOT_BLOCKING, Level::Note, by_severity)
    }
}

fn describe(v: &Vulnerability, code: Code, level: Level, why: &str, inputs: &Inputs) -> Finding {
    let mut finding = Finding::new(
        code,
        Location::Image { image: inputs.name.clone(), path: None },
        format!("{} affects {} {} ({}); {why}", v.id, v.package, v.version, v.severity().name()),
    );
    finding.level = level;
    finding = finding.with_evidence(v.comparison.clone());
    if let Some(rating) = v.rating() {
        let score = rating.score.map_or_else(String::new, |s| format!(" {}.{}", s / 10, s % 10));
        let vector = rating.vector.as_deref().map_or_else(String::new, |v| format!(" {v}"));
        finding = finding.with_evidence(format!("{}{score} by {}{vector}", rating.severity.name(), rating.source));
    }
    finding.evidence.extend(v.evidence.iter().cloned());
    finding.with_hint(match &v.fixed {
        Some(fixed) => format!("upgrade {} to {fixed}", v.source_name),
        None => format!(
            "no fix is stated for {}: remove the package, or record a waiver with owner, reason and expiry",
            v.source_name
        ),
    })
}

fn undecidable(u: &Undecidable, code: Code, inputs: &Inputs) -> Finding {
    Finding::new(
        code,
        Location::Image { image: inputs.name.clone(), path: None },
        format!("whether {} affects {} {} cannot be decided", u.id, u.package, u.version),
    )
    .with_evidence(u.why.clone())
}

fn held_by(w: &Waiver) -> String {
    format!("waived until {} by {}: {} ({}:{})", w.until, w.owner, w.reason, w.origin.document, w.origin.line)
}

fn dispute(v: &Vulnerability, rule: &GateRule, inputs: &Inputs) -> Option<Finding> {
    let graver = v.graver().filter(|_| !rule.fix_available_only || v.fixed.is_some())?;
    let floor = severity(rule.fail_on);
    let would_block = graver.severity.reaches(floor) == Some(true) && v.severity().reaches(floor) == Some(false);
    would_block.then(|| {
        let message = format!(
            "{} in {} was judged {}, but {} rates it {}",
            v.id,
            v.package,
            v.severity().name(),
            graver.source,
            graver.severity.name()
        );
        Finding::new(gate::SOURCES_DISAGREE, Location::Image { image: inputs.name.clone(), path: None }, message)
    })
}

fn about_index(rule: &GateRule, inputs: &Inputs) -> Vec<Finding> {
    let mut out = Vec::new();
    let age = inputs.now.as_second().saturating_sub(inputs.index.built_at.as_second());
    let limit = i64::try_from(rule.max_index_age).unwrap_or(i64::MAX);
    let days = |seconds: i64| format!("{}.{} days", seconds / 86_400, seconds % 86_400 / 8_640);
    if age < 0 {
        let message =
            format!("the advisory index was built at {}, after the judgement at {}", inputs.index.built_at, inputs.now);
        out.push(Finding::new(gate::FUTURE_INDEX, Location::Run, message));
    } else if age > limit {
        let message = format!("the advisory index is {} old; the decided limit is {}", days(age), days(limit));
        out.push(
            Finding::new(gate::STALE_INDEX, Location::Run, message)
                .with_evidence(format!("built at {}", inputs.index.built_at)),
        );
    }
    let mut old = Vec::new();
    for feed in &inputs.index.feeds {
        let Some(snapshot) = feed.snapshot else { continue };
        let age = inputs.now.as_second().saturating_sub(snapshot.as_second());
        if age > limit {
            old.push(format!("{} is {} old: snapshot of {snapshot}", feed.name, days(age)));
        }
    }
    if !old.is_empty() {
        let count = if old.len() == 1 { "1 feed".to_owned() } else { format!("{} feeds", old.len()) };
        let message = format!("{count} in the advisory index older than the decided {}", days(limit));
        let mut finding = Finding::new(gate::OLD_FEED, Location::Run, message);
        finding.evidence = old;
        out.push(finding);
    }
    out
}

fn about_distro(matches: &Matches, rule: &GateRule, inputs: &Inputs) -> Option<Finding> {
    let finding =
        |code, message: String| Finding::new(code, Location::Image { image: inputs.name.clone(), path: None }, message);
    let at = |action: Action, mut finding: Finding| {
        finding.level = if action == Action::Block { Level::Error } else { Level::Warning };
        finding
    };
    match &matches.distro {
        DistroStatus::NotNeeded | DistroStatus::Supported { .. } => None,
        DistroStatus::LongTerm { namespace, until } => Some(finding(
            gate::LONG_TERM_SUPPORT,
            format!("regular security support of {namespace} has ended; long-term support goes on until {until}"),
        )),
        DistroStatus::EndOfLife { namespace, since } => Some(at(
            rule.end_of_life,
            finding(gate::END_OF_LIFE, format!("nobody has fixed {namespace} since {since}")),
        )),
        DistroStatus::LifetimeUnknown { namespace } => Some(at(
            rule.end_of_life,
            finding(gate::LIFETIME_UNKNOWN, format!("until when {namespace} is supported is not known")),
        )),
        DistroStatus::NotInIndex { namespace } => {
            Some(finding(gate::NOT_IN_INDEX, format!("the advisory index holds nothing on {namespace}")))
        }
        DistroStatus::Unknown { why } => Some(finding(gate::UNKNOWN_DISTRIBUTION, why.clone())),
    }
}

fn about_coverage(matches: &Matches, inputs: &Inputs) -> Vec<Finding> {
    let here = || Location::Image { image: inputs.name.clone(), path: None };
    let mut out = Vec::new();
    if matches.examined == 0 {
        out.push(Finding::new(gate::NO_PACKAGES, here(), "no package of the image could be examined"));
    }
    if !matches.unreadable.is_empty() {
        let count = matches.unreadable.len();
        let message = format!("{count} places in the image's package records could not be read, and may hide packages");
        let mut finding = Finding::new(gate::UNREADABLE_RECORDS, here(), message);
        for problem in matches.unreadable.iter().take(MAX_PLACES) {
            let line = problem.line.map_or_else(String::new, |l| format!(":{l}"));
            finding = finding.with_evidence(format!("{}{line}: {}", problem.path, problem.why));
        }
        out.push(finding);
    }
    for (kind, count) in &matches.not_examined {
        let message =
            format!("{count} packages of kind '{kind}' were not examined: the index has no advisories for them");
        out.push(Finding::new(gate::NOT_EXAMINED, here(), message));
    }
    for headers in matches.kernel_headers.iter().filter(|h| h.count > 0) {
        let message = format!(
            "{} {} carries headers of a kernel with {} known vulnerabilities; no kernel runs from this image",
            headers.package, headers.version, headers.count
        );
        out.push(Finding::new(gate::KERNEL_HEADERS, here(), message));
    }
    out
}
