//! What a missing decision would do to this very workload: measured, so that whoever decides need not guess.

use std::collections::BTreeMap;

use plimsoll_advisory::{Index, Matches, match_catalog};
use plimsoll_gate::{IndexInfo, Inputs, judge};
use plimsoll_harden::inspect;
use plimsoll_intent::{Action, GateRule, MissingDecision, Severity};
use plimsoll_oci::Image as _;

use super::context::Measured;
use crate::args::{Common, Promote};
use crate::clock;
use crate::map::map;
use crate::open::{self, Need};
use crate::ui::Ui;

const HOUR: u64 = 3600;

/// Facts about the workload, and about each option by its id. Empty where the image or the index cannot be had: a
/// candidate is written all the same.
pub(crate) fn measure(args: &Promote, missing: &MissingDecision, common: &Common) -> Measured {
    facts(args, missing, common).unwrap_or_default()
}

fn facts(args: &Promote, missing: &MissingDecision, common: &Common) -> Option<Measured> {
    let ui = Ui::nothing();
    let opened = open::image(&args.image, common, &ui).ok()?;
    let loaded = open::load_image(&opened.image, Need::Inspection, &ui).ok()?;
    let seen = inspect(&loaded.tree, &*loaded.contents, opened.image.config(), &loaded.catalog).ok()?;
    let user = if seen.runs_as_root { "runs as root" } else { "does not run as root" };
    let mut measured = vec![format!(
        "{} {}: {} packages, {} setuid files, {} shells, {user}",
        opened.name,
        opened.image.digest(),
        loaded.catalog.packages.len(),
        seen.files.setuid.len(),
        seen.files.shells.len()
    )];
    if !missing.key.starts_with("gate.") {
        return Some((measured, BTreeMap::new()));
    }
    let bytes = map(args.db.as_deref()?).ok()?;
    let index = Index::open(&bytes).ok()?;
    let now = clock::now(common);
    let matches: Matches = match_catalog(&loaded.catalog, &index, now);
    let rule = |fail_on, fix_available_only, unknown_severity, end_of_life, hours: u64| GateRule {
        fail_on,
        fix_available_only,
        unknown_severity,
        kev: Action::Block,
        end_of_life,
        max_index_age: hours * HOUR,
    };
    let options = [
        ("fail-on-medium", rule(Severity::Medium, false, Action::Block, Action::Block, 24)),
        ("fail-on-high", rule(Severity::High, false, Action::Block, Action::Block, 24)),
        ("fail-on-high-fixed", rule(Severity::High, true, Action::Block, Action::Block, 48)),
        ("fail-on-critical-fixed", rule(Severity::Critical, true, Action::Warn, Action::Warn, 168)),
    ];
    let mut per_option = BTreeMap::new();
    for (id, rule) in options {
        let inputs = Inputs {
            name: opened.name.clone(),
            image: opened.image.digest().clone(),
            index: IndexInfo::of(&index),
            intent: None,
            now,
        };
        let verdict = judge(&matches, &rule, &[], inputs);
        let total = matches.vulnerabilities.len();
        let text = format!("{} of {total} findings of the image as it is would block", verdict.blocking.len());
        per_option.insert(id.to_owned(), text);
        if measured.len() == 1 {
            let counts: Vec<String> =
                verdict.counts.iter().filter(|(_, n)| **n > 0).map(|(s, n)| format!("{n} {s}")).collect();
            measured.push(format!("findings of the image as it is: {}", counts.join(", ")));
        }
    }
    Some((measured, per_option))
}
