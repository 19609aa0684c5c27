//! Rules: from the command line, and reading severities on the intent's scale.

use plimsoll_advisory::Severity;
use plimsoll_intent::{Action, GateRule, Severity as Decided};

/// The rule of `--fail-on SEVERITY [--only-fixed]`, where no decision is read. What the flags do not say is strict:
/// unknown severity, exploited vulnerabilities and a distribution past its end of life block, and the index may be five
/// days old.
pub fn fail_on(severity: Decided, only_fixed: bool) -> GateRule {
    GateRule {
        fail_on: severity,
        fix_available_only: only_fixed,
        unknown_severity: Action::Block,
        kev: Action::Block,
        end_of_life: Action::Block,
        max_index_age: 5 * 24 * 3600,
    }
}

/// A decided severity on the advisories' scale.
pub fn severity(decided: Decided) -> Severity {
    match decided {
        Decided::Unknown => Severity::Unknown,
        Decided::Negligible => Severity::Negligible,
        Decided::Low => Severity::Low,
        Decided::Medium => Severity::Medium,
        Decided::High => Severity::High,
        Decided::Critical => Severity::Critical,
    }
}
