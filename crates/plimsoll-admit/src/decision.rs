//! The decision over one workload.

use plimsoll_finding::{Code, Finding, Location, admission};
use plimsoll_intent::AdmissionPolicy;
use plimsoll_oci::Digest;
use plimsoll_verify::{Signature, Verified};
use plimsoll_workload::Workload;

use crate::facts::Facts;
use crate::image::{self, Use};
use crate::structural::{contexts, image_name, malformed, too_many_images, unknown_fields};

/// Leave to deploy. It holds the verified signature of every image, and cannot be made without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow(Vec<Verified<Signature>>);

impl Allow {
    /// `None` unless there is a verified signature for every image and at least one image.
    fn from_verified(signatures: Vec<Option<Verified<Signature>>>) -> Option<Self> {
        let signatures: Option<Vec<_>> = signatures.into_iter().collect();
        signatures.filter(|s| !s.is_empty()).map(Self)
    }

    /// The signatures it rests on, in the order of the images.
    pub fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.0.iter().map(Verified::get)
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every image is verified and nothing refuses.
    Allowed(Allow),
    /// Not checked: the decisions leave the namespace alone. A finding says so.
    Excluded,
    /// Nothing to decide: the request brings in no workload. A finding says so.
    NotApplicable,
    /// Refused; the findings say why.
    Denied,
}

/// What was decided about one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageResult {
    /// Field path inside the pod spec.
    pub field: String,
    /// The text that stands there.
    pub image: String,
    /// Its digest, if it is pinned by a well-formed one.
    pub digest: Option<Digest>,
    /// The trusted signer whose signature was accepted.
    pub signer: Option<String>,
    /// Codes of what refuses it, in order; empty if nothing does.
    pub codes: Vec<Code>,
}

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub outcome: Outcome,
    /// The workload: `Deployment/shop/web`.
    pub workload: String,
    /// One result for each image, in the order of the pod's lists.
    pub images: Vec<ImageResult>,
    /// Everything found, in the order of the pod: images first, then containers.
    pub findings: Vec<Finding>,
}

impl Decision {
    /// Whether the workload may pass.
    pub fn allowed(&self) -> bool {
        !matches!(self.outcome, Outcome::Denied)
    }

    /// The findings that refuse.
    pub fn denials(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.is_error())
    }

    /// Codes that refuse, sorted, each once.
    pub fn codes(&self) -> Vec<Code> {
        let mut codes: Vec<_> = self.denials().map(|f| f.code).collect();
        codes.sort();
        codes.dedup();
        codes
    }

    pub(crate) fn passed(outcome: Outcome, workload: String, note: Finding) -> Self {
        Self { outcome, workload, images: Vec::new(), findings: vec![note] }
    }

    pub(crate) fn denied(workload: String, finding: Finding) -> Self {
        Self { outcome: Outcome::Denied, workload, images: Vec::new(), findings: vec![finding] }
    }
}

/// Decides about a workload.
///
/// The policy's `failure_policy` plays no part: it says what a cluster does when this function cannot be asked, while
/// what this function cannot establish it refuses.
pub fn decide(workload: &Workload, policy: &AdmissionPolicy, facts: &dyn Facts) -> Decision {
    let name = workload.display_name();
    if let Some(namespace) = workload.namespace.as_ref().filter(|n| policy.exclude_namespaces.contains(n)) {
        let place = Location::Object { object: name.clone(), field: "metadata.namespace".to_owned() };
        let note = format!("{name} was not checked: namespace {namespace} is excluded");
        return Decision::passed(Outcome::Excluded, name, Finding::new(admission::EXCLUDED_NAMESPACE, place, note));
    }
    if let Some(finding) = too_many_images(workload) {
        return Decision::denied(name, finding);
    }
    let mut findings = malformed(workload);
    let mut images = Vec::new();
    let mut signatures = Vec::new();
    let containers = workload.containers();
    // The images of containers come first, in the containers' order.
    for (index, used) in workload.images().into_iter().enumerate() {
        let (reference, mut found) = image_name(workload, &used.field, used.image, policy);
        let mut signature = None;
        if let Some(reference) = &reference {
            let container = containers.get(index);
            let place = Use { workload, field: &used.field, container, reference, tag: facts.tag(reference) };
            let judged = image::judge(&place, facts.image(reference), facts.reasons(reference), policy);
            signature = judged.signature;
            found.extend(judged.findings);
        }
        images.push(ImageResult {
            field: used.field,
            image: used.image.to_owned(),
            digest: reference.and_then(|r| r.digest),
            signer: signature.as_ref().map(|s| s.get().signer.clone()),
            codes: found.iter().filter(|f| f.is_error()).map(|f| f.code).collect(),
        });
        findings.extend(found);
        signatures.push(signature);
    }
    findings.extend(unknown_fields(workload));
    findings.extend(contexts(workload));
    let outcome = match Allow::from_verified(signatures) {
        Some(allow) if !findings.iter().any(Finding::is_error) => Outcome::Allowed(allow),
        _ => Outcome::Denied,
    };
    Decision { outcome, workload: name, images, findings }
}

#[cfg(test)]
mod tests;
