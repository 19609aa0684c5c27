//! The schema of decisions: one table, from which the check, the published JSON Schema and the key list are made.

use crate::form::{Form, nearest};

/// The one version of the schema there is.
pub const API_VERSION: &str = "plimsoll.dev/v1";

/// What may stand at a place.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Text of a form.
    Text(Form),
    /// A whole number in a range, ends included.
    Number { min: u32, max: u32 },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of such items.
    List { item: &'static Self, least: usize },
    /// A map with exactly these fields.
    Object(&'static [Field]),
    /// A map with exactly these fields, of which one and only one of the named ones is there.
    Choice { fields: &'static [Field], one_of: &'static [&'static str] },
    /// A map with keys of a form.
    Dict { key: Form, value: &'static Self },
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) must: bool,
    pub(crate) shape: Shape,
    pub(crate) about: &'static str,
}

const fn must(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, must: true, shape, about }
}

const fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, must: false, shape, about }
}

const TIER: Shape = Shape::Number { min: 0, max: 3 };
const ACTION: Shape = Shape::Word(&["block", "warn"]);
const FREE: Shape = Shape::Text(Form::Free);
const DATE: Shape = Shape::Text(Form::Date);
/// Highest id that is not the overflow of a signed 32-bit number.
const MAX_ID: u32 = i32::MAX as u32;

const GATE: &[Field] = &[
    must(
        "failOn",
        Shape::Word(&["negligible", "low", "medium", "high", "critical"]),
        "Lowest severity that blocks promotion.",
    ),
    may("fixAvailableOnly", Shape::Flag, "Only findings that have a fix block. Default false."),
    may("unknownSeverity", ACTION, "What a finding without a severity does. Default block."),
    may("kev", ACTION, "What a vulnerability known to be exploited does, at any severity. Default block."),
    may("endOfLife", ACTION, "What packages of a distribution past its end of life do. Default block."),
    may("maxIndexAge", Shape::Text(Form::Age), "Oldest advisory index that is believed. Default 24h."),
];

const ASSIGNMENT: &[Field] = &[
    may("namespace", Shape::Text(Form::Namespace), "Namespace, exact."),
    may("workload", Shape::Text(Form::Workload), "Kind/name, exact."),
    may(
        "labels",
        Shape::Dict { key: Form::LabelKey, value: &Shape::Text(Form::LabelValue) },
        "Labels that must all be there with these values.",
    ),
    must("tier", TIER, "0 critical path, 1 important, 2 standard, 3 experimental."),
];

const KEYLESS: &[Field] = &[
    must("issuer", Shape::Text(Form::Issuer), "OIDC issuer, exact."),
    may("subject", FREE, "Certificate subject (URI or e-mail address), exact."),
    may("subjectRegexp", Shape::Text(Form::Regexp), "Certificate subject, regular expression anchored with ^ and $."),
];

const SIGNER: &[Field] = &[
    must("name", Shape::Text(Form::Name), "Name used in findings and policies."),
    may("key", Shape::Text(Form::PublicKey), "Public key: file:PATH relative to the document, or inline PEM."),
    may("keyless", Shape::Choice { fields: KEYLESS, one_of: &["subject", "subjectRegexp"] }, "Keyless identity."),
    must(
        "images",
        Shape::List { item: &Shape::Text(Form::ImageGlob), least: 1 },
        "Globs over registry/repository of the images it may sign; * inside a segment, ** across.",
    ),
];

const CLOSURE_LINE: &[Field] = &[
    must("path", Shape::Text(Form::PathGlob), "Glob over absolute paths of the image."),
    must("why", FREE, "Why it must stay or go."),
];

const WAIVER: &[Field] = &[
    must("vulnerability", Shape::Text(Form::Vulnerability), "Vulnerability id, exact."),
    may("package", FREE, "Package it holds for; without one it holds for every package, which is reported."),
    must("owner", FREE, "Who accepts the risk."),
    must("reason", FREE, "Why it is acceptable."),
    must("until", DATE, "Last day it holds."),
];

const DEFERRAL: &[Field] = &[
    must("owner", FREE, "Who owns the gap."),
    must("reason", FREE, "Why it is not decided yet."),
    must("until", DATE, "Last day the gap is accepted."),
];

/// The `plimsoll` block of a document, and the whole of `plimsoll.yaml`.
pub(crate) const BLOCK: Shape = Shape::Object(&[
    must("apiVersion", Shape::Word(&[API_VERSION]), "Version of this schema."),
    may(
        "component",
        Shape::Object(&[
            must("name", Shape::Text(Form::Name), "The component's name."),
            may("tier", TIER, "Its tier: that of the workload of this name and of those listed in workloads."),
            may(
                "workloads",
                Shape::List { item: &Shape::Text(Form::Workload), least: 1 },
                "Workloads that belong to the component, Kind/name.",
            ),
        ]),
        "The component that an architecture document describes.",
    ),
    may(
        "tiers",
        Shape::Object(&[must(
            "assign",
            Shape::List { item: &Shape::Object(ASSIGNMENT), least: 1 },
            "Which workloads are of which tier. The first match holds.",
        )]),
        "How critical workloads are.",
    ),
    may(
        "trust",
        Shape::Object(&[
            may(
                "signers",
                Shape::List { item: &Shape::Choice { fields: SIGNER, one_of: &["key", "keyless"] }, least: 1 },
                "Who may sign which images.",
            ),
            may(
                "transparency",
                Shape::Word(&["required", "not-required"]),
                "Whether a signature needs an entry in the transparency log.",
            ),
        ]),
        "Whose signatures are believed.",
    ),
    may(
        "gate",
        Shape::Object(&[
            may("tier0", Shape::Object(GATE), "Gate of the critical path."),
            may("tier1", Shape::Object(GATE), "Gate of important workloads."),
            may("tier2", Shape::Object(GATE), "Gate of standard workloads."),
            may("tier3", Shape::Object(GATE), "Gate of experimental workloads."),
        ]),
        "What a scan must not find, per tier.",
    ),
    may(
        "vex",
        Shape::Object(&[must(
            "accept",
            Shape::List { item: &FREE, least: 0 },
            "Authors whose VEX documents are believed; an empty list believes none.",
        )]),
        "Vulnerability exploitability statements.",
    ),
    may(
        "sbom",
        Shape::Object(&[must(
            "formats",
            Shape::List { item: &Shape::Word(&["cyclonedx", "spdx"]), least: 1 },
            "Formats in which the SBOM is written and attested.",
        )]),
        "The software bill of materials.",
    ),
    may(
        "provenance",
        Shape::Object(&[
            must("required", Shape::List { item: &TIER, least: 0 }, "Tiers that need provenance at admission."),
            may("minLevel", Shape::Number { min: 0, max: 3 }, "Lowest SLSA build level accepted. Default 1."),
            may(
                "builders",
                Shape::Dict { key: Form::Free, value: &Shape::Number { min: 0, max: 3 } },
                "builder.id values that are believed, exact, and the highest level each may claim.",
            ),
        ]),
        "How an image was built.",
    ),
    may(
        "keys",
        Shape::Object(&[must(
            "custody",
            Shape::Word(&["keyless", "kms", "key-file"]),
            "Who holds the signing key. key-file is a long-lived key, an exception.",
        )]),
        "Signing keys.",
    ),
    may(
        "registry",
        Shape::Object(&[
            may("push", Shape::Text(Form::Repository), "registry/repository-prefix below which promoted images go."),
            may("attestations", Shape::Word(&["referrers"]), "Where attestations are stored."),
        ]),
        "Where images and attestations go.",
    ),
    may(
        "admission",
        Shape::Object(&[
            may(
                "engines",
                Shape::List { item: &Shape::Word(&["kyverno", "gatekeeper", "vap", "webhook"]), least: 1 },
                "Admission engines that policies are emitted for.",
            ),
            may(
                "failurePolicy",
                Shape::Word(&["Fail", "Ignore"]),
                "What happens when an engine cannot decide: Fail refuses, Ignore lets through.",
            ),
            may(
                "excludeNamespaces",
                Shape::List { item: &Shape::Text(Form::Namespace), least: 0 },
                "Namespaces left alone. Each is a documented hole.",
            ),
            may(
                "registries",
                Shape::List { item: &Shape::Text(Form::ImageGlob), least: 1 },
                "Globs over registry/repository that images may come from. Default: where a signer is trusted.",
            ),
        ]),
        "The door of the cluster.",
    ),
    may(
        "runtime",
        Shape::Object(&[
            may("uid", Shape::Number { min: 1, max: MAX_ID }, "User id baked into the image. Default 65532."),
            may("gid", Shape::Number { min: 1, max: MAX_ID }, "Group id baked into the image. Default 65532."),
            may("keepShell", Shape::Flag, "A shell may stay in the image. Default false."),
            may(
                "capabilities",
                Shape::Dict { key: Form::Capability, value: &FREE },
                "Capabilities the workload needs, each with its reason.",
            ),
            may(
                "writable",
                Shape::Dict { key: Form::Path, value: &FREE },
                "Extra writable paths, each with its reason.",
            ),
            may("tmpSizeLimit", Shape::Text(Form::Size), "Size limit of writable mounts. Default 64Mi."),
        ]),
        "How the image runs.",
    ),
    may(
        "closure",
        Shape::Object(&[
            may("keep", Shape::List { item: &Shape::Object(CLOSURE_LINE), least: 0 }, "Paths that must stay."),
            may("drop", Shape::List { item: &Shape::Object(CLOSURE_LINE), least: 0 }, "Paths that must go."),
        ]),
        "What hardening keeps and drops beyond what it finds by itself.",
    ),
    may("waivers", Shape::List { item: &Shape::Object(WAIVER), least: 0 }, "Vulnerabilities accepted for a time."),
    may(
        "tools",
        Shape::Object(&[
            may("signer", Shape::Word(&["plimsoll", "cosign"]), "Who signs. Default plimsoll."),
            may("sbom", Shape::Word(&["plimsoll", "syft"]), "Who makes the SBOM. Default plimsoll."),
            may("scanner", Shape::Word(&["plimsoll", "trivy", "grype"]), "Who scans. Default plimsoll."),
        ]),
        "Tools other than plimsoll's own. A named tool that is not there stops the run.",
    ),
    may(
        "deferred",
        Shape::Dict { key: Form::Key, value: &Shape::Object(DEFERRAL) },
        "Decisions explicitly put off: key, owner, reason, last day. Each is a documented gap.",
    ),
]);

/// A unit of decision: one document sets it, as a whole.
#[derive(Debug)]
pub(crate) struct Key {
    /// Dotted path from the block.
    pub(crate) path: &'static str,
    /// A run needs it (a gate key only where its tier is in use).
    pub(crate) required: bool,
    /// Several documents may add to it; its items are decisions of their own.
    pub(crate) additive: bool,
}

const fn required(path: &'static str) -> Key {
    Key { path, required: true, additive: false }
}

const fn optional(path: &'static str) -> Key {
    Key { path, required: false, additive: false }
}

const fn additive(path: &'static str) -> Key {
    Key { path, required: false, additive: true }
}

/// Every unit of decision, in the schema's order.
pub(crate) const KEYS: &[Key] = &[
    additive("component"),
    required("tiers.assign"),
    required("trust.signers"),
    required("trust.transparency"),
    required("gate.tier0"),
    required("gate.tier1"),
    required("gate.tier2"),
    required("gate.tier3"),
    required("vex.accept"),
    required("sbom.formats"),
    required("provenance"),
    required("keys.custody"),
    required("registry.push"),
    required("registry.attestations"),
    required("admission.engines"),
    required("admission.failurePolicy"),
    optional("admission.excludeNamespaces"),
    optional("admission.registries"),
    optional("runtime.uid"),
    optional("runtime.gid"),
    optional("runtime.keepShell"),
    optional("runtime.capabilities"),
    optional("runtime.writable"),
    optional("runtime.tmpSizeLimit"),
    additive("closure.keep"),
    additive("closure.drop"),
    additive("waivers"),
    optional("tools.signer"),
    optional("tools.sbom"),
    optional("tools.scanner"),
];

/// The keys that a run needs (of the gate's, only that of the tier in use), in the schema's order.
pub fn required_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|k| k.required).map(|k| k.path)
}

/// Whether `key` can stand in `deferred`.
pub(crate) fn check_deferrable(key: &str) -> Result<(), String> {
    if required_keys().any(|k| k == key) {
        return Ok(());
    }
    if KEYS.iter().any(|k| k.path == key) {
        return Err(format!("needs no deferral: '{key}' is optional"));
    }
    Err(match nearest(key, required_keys()) {
        Some(meant) => format!("is not a decision; did you mean '{meant}'?"),
        None => "is not a decision that can be deferred".to_owned(),
    })
}

/// The shape at a dotted path of object fields.
#[cfg(test)]
pub(crate) fn shape_at(path: &str) -> Option<&'static Shape> {
    let mut shape = &BLOCK;
    for part in path.split('.') {
        let Shape::Object(fields) = shape else { return None };
        shape = &fields.iter().find(|f| f.name == part)?.shape;
    }
    Some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_shape_and_every_shape_a_key() {
        for key in KEYS {
            assert!(shape_at(key.path).is_some(), "{}", key.path);
        }
        fn walk(shape: &'static Shape, path: &str) {
            if KEYS.iter().any(|k| k.path == path) || matches!(path, "apiVersion" | "deferred") {
                return;
            }
            let Shape::Object(fields) = shape else { panic!("{path} is in no unit of decision") };
            for field in *fields {
                assert!(field.about.ends_with('.') && field.about.len() > 10, "{path}.{}", field.name);
                walk(
                    &field.shape,
                    &if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) },
                );
            }
        }
        walk(&BLOCK, "");
    }

    #[test]
    fn only_required_keys_are_deferred() {
        assert_eq!(check_deferrable("gate.tier0"), Ok(()));
        assert!(check_deferrable("waivers").unwrap_err().contains("optional"));
        assert!(check_deferrable("sbom.format").unwrap_err().contains("'sbom.formats'"));
    }
}
