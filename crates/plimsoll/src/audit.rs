//! What `plimsoll audit` looks for: the anti-patterns by name, and where each of them shows.

pub(crate) mod files;
pub(crate) mod floor;
pub(crate) mod images;
pub(crate) mod policies;
pub(crate) mod provisioning;

use plimsoll_finding::{Code, Finding, admission, harden, manifest, sbom, signing};
use serde_json::{Value, json};

/// What an audit had before it. What was not there was not examined, which is no pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Workloads were read.
    pub(crate) workloads: bool,
    /// Admission policies were read.
    pub(crate) policies: bool,
    /// A directory or file of manifests was given.
    pub(crate) manifests: bool,
    /// Images were read.
    pub(crate) images: bool,
    /// An image was compared with the workloads that name it.
    pub(crate) compared: bool,
    /// Signatures and attestations were looked for.
    pub(crate) bundles: bool,
}

/// An anti-pattern.
pub(crate) struct AntiPattern {
    /// Kebab-case name, stable.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// Findings that show it.
    pub(crate) codes: &'static [Code],
    /// Why it was not examined, if it was not.
    unseen: fn(Seen) -> Option<&'static str>,
}

const NO_IMAGE: &str = "no image was given";
const NO_MANIFESTS: &str = "no manifests were given";
const NO_PLACE: &str = "no image was given that signatures can be stored with";

/// Every anti-pattern.
pub(crate) const ANTI_PATTERNS: [AntiPattern; 11] = [
    AntiPattern {
        name: "run-as-non-root-over-root-image",
        title: "runAsNonRoot over a root-only image",
        codes: &[manifest::NON_ROOT_OVER_ROOT],
        unseen: |seen| (!seen.compared).then_some("no image was compared with a workload that names it"),
    },
    AntiPattern {
        name: "shell-or-package-manager-left",
        title: "shell or package manager left in the image",
        codes: &[harden::SHELL_PRESENT, harden::PACKAGE_MANAGER_PRESENT],
        unseen: |seen| (!seen.images).then_some(NO_IMAGE),
    },
    AntiPattern {
        name: "signed-tag-or-no-signature",
        title: "a tag instead of a digest, or no signature",
        codes: &[admission::MUTABLE_TAG, admission::MISSING_DIGEST, signing::NO_SIGNATURE, signing::LEGACY_FORMAT],
        unseen: |seen| match (seen.workloads, seen.bundles) {
            (true, true) => None,
            (_, false) => Some(NO_PLACE),
            (false, true) => Some("no workload was given that names the image"),
        },
    },
    AntiPattern {
        name: "sbom-missing-or-not-attested",
        title: "SBOM missing, or not attested to the digest",
        codes: &[sbom::MISSING, sbom::OTHER_DIGEST],
        unseen: |seen| (!seen.bundles).then_some(NO_PLACE),
    },
    AntiPattern {
        name: "scan-without-gate",
        title: "scan that reports but does not gate",
        codes: &[],
        unseen: |_| Some("what a pipeline does with a scan cannot be seen from manifests and images"),
    },
    AntiPattern {
        name: "gate-without-admission-backstop",
        title: "CI gate without an admission backstop",
        codes: &[manifest::NO_BACKSTOP, manifest::REPORTS_ONLY],
        unseen: |seen| (!seen.workloads && !seen.policies).then_some(NO_MANIFESTS),
    },
    AntiPattern {
        name: "policy-owns-the-floor",
        title: "admission policy that duplicates or replaces the Pod Security label",
        codes: &[manifest::OWNS_FLOOR],
        unseen: |seen| (!seen.manifests).then_some(NO_MANIFESTS),
    },
    AntiPattern {
        name: "provenance-not-produced-or-verified",
        title: "provenance required but not produced or not verified",
        codes: &[signing::PROVENANCE_MISSING, signing::NO_PROVENANCE],
        unseen: |seen| (!seen.bundles).then_some(NO_PLACE),
    },
    AntiPattern {
        name: "long-lived-key",
        title: "long-lived key where keyless was available and approved",
        codes: &[signing::LONG_LIVED_KEY],
        unseen: |seen| (!seen.bundles && !seen.policies).then_some("neither signatures nor policies were seen"),
    },
    AntiPattern {
        name: "enforcement-untested",
        title: "enforcement declared done with no bad-image test",
        codes: &[manifest::ENFORCEMENT_UNTESTED],
        unseen: |seen| (!seen.policies).then_some("no admission policy was seen"),
    },
    AntiPattern {
        name: "provisioning-authored-here",
        title: "pipeline or cluster provisioning authored here instead of handed off",
        codes: &[manifest::PROVISIONING],
        unseen: |seen| (!seen.manifests).then_some(NO_MANIFESTS),
    },
];

/// An anti-pattern against what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// So many findings show it.
    Found(usize),
    /// It was looked for, and is not there.
    NotFound,
    /// It was not looked for, or not everywhere, for this reason.
    NotExamined(&'static str),
}

impl AntiPattern {
    /// How it stands.
    pub(crate) fn state(&self, findings: &[Finding], seen: Seen) -> State {
        let found = findings.iter().filter(|f| self.codes.contains(&f.code)).count();
        match (found, (self.unseen)(seen)) {
            (0, Some(why)) => State::NotExamined(why),
            (0, None) => State::NotFound,
            (found, _) => State::Found(found),
        }
    }

    /// As JSON.
    pub(crate) fn json(&self, state: State) -> Value {
        let codes: Vec<&str> = self.codes.iter().map(|c| c.as_str()).collect();
        let mut out = json!({"name": self.name, "title": self.title, "codes": codes});
        match state {
            State::Found(n) => {
                out["state"] = "found".into();
                out["findings"] = n.into();
            }
            State::NotFound => out["state"] = "not-found".into(),
            State::NotExamined(why) => {
                out["state"] = "not-examined".into();
                out["reason"] = why.into();
            }
        }
        out
    }
}

/// Text of at most `most` items, the rest counted.
pub(crate) fn listed<'a>(items: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    match items.len().checked_sub(most) {
        Some(rest @ 1..) => format!("{} and {rest} more", items[..most].join(", ")),
        _ => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_finding::Location;
    use std::collections::BTreeSet;

    #[test]
    fn states_are_never_a_pass_by_absence() {
        let names: BTreeSet<&str> = ANTI_PATTERNS.iter().map(|a| a.name).collect();
        assert_eq!(names.len(), ANTI_PATTERNS.len());
        for pattern in &ANTI_PATTERNS {
            assert!(matches!(pattern.state(&[], Seen::default()), State::NotExamined(_)), "{}", pattern.name);
            for code in pattern.codes {
                let finding = Finding::new(*code, Location::Run, "x");
                assert_eq!(pattern.state(&[finding], Seen::default()), State::Found(1));
            }
        }
        let all =
            Seen { workloads: true, policies: true, manifests: true, images: true, compared: true, bundles: true };
        let unknown: Vec<_> = ANTI_PATTERNS.iter().filter(|p| p.state(&[], all) != State::NotFound).collect();
        assert_eq!(unknown.iter().map(|p| p.name).collect::<Vec<_>>(), ["scan-without-gate"]);
    }

    #[test]
    fn lists_are_cut() {
        assert_eq!(listed(["a", "b"], 2), "a, b");
        assert_eq!(listed(["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
