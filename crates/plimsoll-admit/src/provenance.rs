//! Provenance: about this digest, by a signer trusted for it, at the level the tier requires.

use plimsoll_envelope::SLSA_PROVENANCE_V1;
use plimsoll_finding::{Code, admission, signing};
use plimsoll_intent::{AdmissionPolicy, glob_matches};
use plimsoll_oci::Reference;
use plimsoll_verify::{ImageFacts, Reason, provenance_level};

/// Whether the intent trusts `signer` for this repository.
pub(crate) fn trusted(policy: &AdmissionPolicy, signer: &str, reference: &Reference) -> bool {
    let name = reference.name();
    policy.signers.iter().any(|s| s.name == signer && s.images.iter().any(|glob| glob_matches(glob, &name)))
}

pub(crate) fn evidence(reason: &Reason) -> String {
    format!("{}: {}; found {}", reason.candidate, reason.code.rule().title, reason.found)
}

/// What is wrong with an image's provenance: code, message and evidence. `None` if it suffices or is not demanded.
pub(crate) fn judge(
    reference: &Reference,
    facts: &ImageFacts,
    reasons: &[Reason],
    policy: &AdmissionPolicy,
) -> Option<(Code, String, Vec<String>)> {
    let rule = policy.provenance.as_ref()?;
    // Facts are filed by digest, and a digest may stand in several repositories, so the signer's patterns count again here.
    // Other predicates may be large and are not even copied.
    let attestations = facts
        .attestations
        .iter()
        .filter(|a| a.get().predicate_type == SLSA_PROVENANCE_V1 && trusted(policy, &a.get().signer, reference));
    let of_trusted = ImageFacts {
        digest: facts.digest.clone(),
        signatures: Vec::new(),
        attestations: attestations.cloned().collect(),
        user: None,
    };
    let Err(found) = provenance_level(&of_trusted, rule) else { return None };
    if found.code != signing::PROVENANCE_MISSING {
        let message = format!("provenance of image {reference} is insufficient: {}", found.message);
        return Some((admission::PROVENANCE_WEAK, message, found.evidence.clone()));
    }
    let (other, rest): (Vec<_>, Vec<_>) = reasons.iter().partition(|r| r.code == signing::OTHER_DIGEST);
    Some(if other.is_empty() {
        let message = format!("image {reference} has no provenance by a trusted signer");
        (admission::NO_PROVENANCE, message, rest.into_iter().map(evidence).collect())
    } else {
        let message = format!("provenance found for image {reference} is about another digest");
        (admission::PROVENANCE_MISMATCH, message, other.into_iter().map(evidence).collect())
    })
}
