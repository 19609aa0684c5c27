//! The verdict and what it was made from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_advisory::{Feed, Index, KernelHeaders, Severity, Vulnerability};
use plimsoll_finding::{Code, Finding, gate};
use plimsoll_intent::{GateRule, Waiver};
use plimsoll_oci::Digest;

use crate::FixAction;

/// The gate's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Everything was examined and nothing blocks.
    Pass,
    /// Something blocks.
    Deny,
    /// Nothing is known to block, but something could not be decided: as good as a denial.
    Undecidable,
}

impl Decision {
    /// Lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Deny => "deny",
            Self::Undecidable => "undecidable",
        }
    }
}

/// What is known about the index that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexInfo {
    /// Its digest.
    pub digest: Digest,
    /// When it was built.
    pub built_at: Timestamp,
    /// The feeds it was built from.
    pub feeds: Vec<Feed>,
}

impl IndexInfo {
    /// What an open index says of itself. Hashes the whole file.
    pub fn of(index: &Index<'_>) -> Self {
        Self { digest: index.digest(), built_at: index.built_at(), feeds: index.feeds() }
    }
}

/// What a verdict is a function of, beside matches, rule and waivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The image or document as the user named it, for findings.
    pub name: String,
    /// The image's digest, or that of the document that stands for it.
    pub image: Digest,
    /// The index.
    pub index: IndexInfo,
    /// Digest of the resolved intent; `None` where only flags decided.
    pub intent: Option<Digest>,
    /// The moment of the judgement.
    pub now: Timestamp,
}

/// A vulnerability that would block, and the waiver that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// The vulnerability.
    pub vulnerability: Vulnerability,
    /// The waiver.
    pub waiver: Waiver,
}

/// The judgement with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub decision: Decision,
    /// Everything found, the gravest first.
    pub findings: Vec<Finding>,
    /// Vulnerabilities that block.
    pub blocking: Vec<Vulnerability>,
    /// Vulnerabilities that would block and are waived.
    pub waived: Vec<Waived>,
    /// Vulnerabilities that the rule lets pass.
    pub passing: Vec<Vulnerability>,
    /// What would close how many, the most blocking ones first.
    pub fixes: Vec<FixAction>,
    /// Package-vulnerability pairs by severity's name; all six names are there.
    pub counts: BTreeMap<&'static str, usize>,
    /// Packages examined.
    pub examined: usize,
    /// Kernel headers, with the vulnerabilities that were counted and not judged.
    pub kernel_headers: Vec<KernelHeaders>,
    /// The rule.
    pub rule: GateRule,
    /// The other inputs.
    pub inputs: Inputs,
}

/// Codes that say that something is not known, as opposed to known and bad. An expired waiver is neither: what it no
/// longer holds is found under a code of its own.
const UNDECIDED: &[Code] = &[
    gate::UNKNOWN_DISTRIBUTION,
    gate::NOT_IN_INDEX,
    gate::STALE_INDEX,
    gate::FUTURE_INDEX,
    gate::NO_PACKAGES,
    gate::UNDECIDABLE_VERSION,
    gate::UNREADABLE_RECORDS,
    gate::LIFETIME_UNKNOWN,
    gate::EXPIRED_WAIVER,
];

impl Verdict {
    /// The decision that findings come to.
    pub(crate) fn decide(findings: &[Finding]) -> Decision {
        let mut errors = findings.iter().filter(|f| f.is_error()).peekable();
        if errors.peek().is_none() {
            Decision::Pass
        } else if errors.any(|f| !UNDECIDED.contains(&f.code)) {
            Decision::Deny
        } else {
            Decision::Undecidable
        }
    }

    /// Whether an error with this code was found.
    pub fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|f| f.code == code && f.is_error())
    }

    /// The exit code of the command-line contract: 0 pass, 20 denied, 31 index unusable, 32 nothing to examine,
    /// 33 undecidable for another reason.
    pub fn exit_code(&self) -> u8 {
        match self.decision {
            Decision::Pass => 0,
            Decision::Deny => 20,
            Decision::Undecidable if self.has(gate::STALE_INDEX) || self.has(gate::FUTURE_INDEX) => 31,
            Decision::Undecidable if self.has(gate::NO_PACKAGES) => 32,
            Decision::Undecidable => 33,
        }
    }

    /// How many package-vulnerability pairs have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.counts.get(severity.name()).copied().unwrap_or_default()
    }
}
