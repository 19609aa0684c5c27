//! One image: whether its facts allow it, and why not.

use plimsoll_finding::{Code, Finding, admission, signing};
use plimsoll_intent::AdmissionPolicy;
use plimsoll_oci::{Digest, Reference};
use plimsoll_verify::{ImageFacts, Reason, Signature, Verified};
use plimsoll_workload::{Container, Workload};

use crate::provenance::{self, evidence, trusted};
use crate::structural::at;

/// The judgement over one pinned, allowed image.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    /// The signature that was accepted.
    pub(crate) signature: Option<Verified<Signature>>,
}

/// Where an image is used.
pub(crate) struct Use<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) field: &'a str,
    /// The container that runs it; an image volume runs nothing.
    pub(crate) container: Option<&'a Container<'a>>,
    pub(crate) reference: &'a Reference,
    /// Digest the tag beside the digest resolves to, if somebody resolved it.
    pub(crate) tag: Option<&'a Digest>,
}

impl Use<'_> {
    fn finding(&self, code: Code, message: String) -> Finding {
        Finding::new(code, at(self.workload, self.field), message)
    }
}

/// Judges one image. `facts` is `None` where nothing could be established about the digest.
pub(crate) fn judge(
    used: &Use<'_>,
    facts: Option<&ImageFacts>,
    reasons: &[Reason],
    policy: &AdmissionPolicy,
) -> Judged {
    let mut judged = Judged::default();
    let reference = used.reference;
    if let (Some(tag), Some(digest)) = (used.tag, &reference.digest)
        && tag != digest
    {
        let message = format!("image {reference}: the tag names another image than the digest");
        let evidence = format!("tag resolves to {tag}");
        judged.findings.push(used.finding(admission::TAG_MISMATCH, message).with_evidence(evidence));
    }
    let Some(facts) = facts.filter(|f| Some(&f.digest) == reference.digest.as_ref()) else {
        let message = format!("image {reference} could not be verified: nothing is known about its digest");
        judged.findings.push(used.finding(admission::UNVERIFIABLE, message));
        return judged;
    };
    match signature(reference, facts, reasons, policy) {
        Ok(signature) => judged.signature = Some(signature.clone()),
        Err((code, message, evidence)) => judged.findings.push(with_all(used.finding(code, message), evidence)),
    }
    if let Some((code, message, evidence)) = provenance::judge(reference, facts, reasons, policy) {
        judged.findings.push(with_all(used.finding(code, message), evidence));
    }
    judged.findings.extend(image_user(used, facts.user.as_deref()));
    judged
}

fn with_all(finding: Finding, evidence: Vec<String>) -> Finding {
    evidence.into_iter().fold(finding, Finding::with_evidence)
}

/// Codes of reasons that mean: somebody signed, and it is nobody who may.
const WRONG_SIGNER: [Code; 4] =
    [signing::UNTRUSTED_KEY, signing::UNTRUSTED_IDENTITY, signing::SIGNER_NOT_FOR_IMAGE, signing::CERTIFICATE_INVALID];

fn signature<'a>(
    reference: &Reference,
    facts: &'a ImageFacts,
    reasons: &[Reason],
    policy: &AdmissionPolicy,
) -> Result<&'a Verified<Signature>, (Code, String, Vec<String>)> {
    let mut others = Vec::new();
    // Facts are filed by digest, and a digest may stand in several repositories, so the signer's patterns count again here.
    for signature in facts.signatures.iter().filter(|s| s.get().digest == facts.digest) {
        let signer = &signature.get().signer;
        if trusted(policy, signer, reference) {
            return Ok(signature);
        }
        others.push(format!("signed by {signer}, who is not trusted for {}", reference.name()));
    }
    let (wrong, rest): (Vec<_>, Vec<_>) = reasons.iter().partition(|r| WRONG_SIGNER.contains(&r.code));
    others.extend(wrong.into_iter().map(evidence));
    if !others.is_empty() {
        let message = format!("image {reference} is signed, but not by a signer trusted for it");
        return Err((admission::WRONG_SIGNER, message, others));
    }
    let lines = rest.into_iter().map(evidence).collect();
    Err((admission::UNSIGNED, format!("image {reference} has no signature by a trusted signer"), lines))
}

/// The user a container gets when its manifest leaves that to the image.
fn image_user(used: &Use<'_>, image_user: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(container) = used.container else { return found };
    let context = used.workload.security(container);
    let windows = context.windows_user.is_some();
    let (user, group) = match image_user {
        Some(text) => match text.split_once(':') {
            Some((user, group)) => (Some(user), Some(group)),
            None => (Some(text), None),
        },
        None => (None, None),
    };
    if context.run_as_user.field().is_none() && !windows {
        let why = match user {
            None => Some("its image's user is not known".to_owned()),
            Some("") => Some("its image names no user, so it runs as root".to_owned()),
            Some(user) => match user.parse::<u32>() {
                Ok(0) => Some("its image's user is root".to_owned()),
                Ok(_) => None,
                Err(_) if user == "root" => Some("its image's user is root".to_owned()),
                Err(_) => Some(format!("its image's user '{user}' is a name, which the kubelet cannot check")),
            },
        };
        if let Some(why) = why {
            let message = format!("container {} ({}) sets no runAsUser and {why}", container.name, container.field());
            let evidence = format!("image {}", used.reference);
            found.push(used.finding(admission::ROOT_IMAGE, message).with_evidence(evidence));
        }
        let root_group = |g: &str| g == "root" || g.parse::<u32>() == Ok(0);
        if group.is_some_and(root_group) && context.run_as_group.field().is_none() {
            let message = format!("container {} ({}) runs in the image's group 0", container.name, container.field());
            found.push(used.finding(admission::ROOT_GROUP, message));
        }
    }
    found
}
