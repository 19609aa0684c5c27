//! An image digest against all its candidates.

use jiff::Timestamp;
use plimsoll_envelope::COSIGN_SIGN_V1;
use plimsoll_finding::signing;
use plimsoll_intent::{Signer, Transparency};
use plimsoll_oci::Digest;

use crate::candidate::{Context, examine};
use crate::reason::{Fault, Reason};
use crate::{AttestationFact, ImageFacts, Signature, Verified};

/// A bundle that somebody stored with the image.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The bundle's bytes.
    pub bytes: &'a [u8],
    /// Where it was found, for people: `referrer sha256:…`.
    pub source: &'a str,
}

/// What verification trusts.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The signers, each for its images.
    pub signers: &'a [Signer],
    /// Whether bundles need a log entry that verifies. Where they do not, the entries of a managed key's bundle are not
    /// looked at; those of a keyless bundle always are.
    pub transparency: Transparency,
    /// The trusted root (JSON) for certificates, logs and timestamps.
    pub trusted_root: Option<&'a str>,
    /// Now. A verified time after it cannot be true.
    pub now: Timestamp,
}

/// What was established, and why everything else was not.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// What was established about the digest.
    pub facts: ImageFacts,
    /// Why each other candidate counted for nothing, in the candidates' order; unreadable signers first.
    pub reasons: Vec<Reason>,
}

impl Verification {
    /// Whether a signature by a signer trusted for the image was established.
    pub fn is_signed(&self) -> bool {
        !self.facts.signatures.is_empty()
    }
}

/// Verifies all candidates of a digest. Statements of cosign's `sign/v1` type become signatures, all others
/// attestations; where no signature was established, [`Verification::reasons`] is not empty.
pub fn verify_image(
    digest: &Digest,
    image_name: &str,
    candidates: &[Candidate<'_>],
    trust: &Trust<'_>,
) -> Verification {
    let mut out = verify(digest, image_name, candidates, trust);
    if out.facts.signatures.is_empty() {
        if let Some(attestation) = out.facts.attestations.first().map(Verified::get) {
            let found = format!("an attestation of type {} by '{}'", attestation.predicate_type, attestation.signer);
            out.reasons.push(Fault::new(signing::ATTESTATION_IS_NOT_SIGNATURE, COSIGN_SIGN_V1, found).of(image_name));
        } else if candidates.is_empty() {
            let expected = format!("a signature bundle for {digest}");
            out.reasons.push(Fault::new(signing::NO_SIGNATURE, expected, "no bundle at all").of(image_name));
        }
    }
    out
}

/// Verifies all candidates of a digest and keeps the attestations of one predicate type. Signatures are not kept, and
/// where no attestation of the type was established, [`Verification::reasons`] is not empty.
pub fn verify_attestation(
    digest: &Digest,
    image_name: &str,
    candidates: &[Candidate<'_>],
    trust: &Trust<'_>,
    predicate_type: &str,
) -> Verification {
    let mut out = verify(digest, image_name, candidates, trust);
    let other = |found: &str| Fault::new(signing::OTHER_PREDICATE, predicate_type, found).of(image_name);
    for attestation in out.facts.attestations.iter().map(Verified::get) {
        if attestation.predicate_type != predicate_type {
            out.reasons.push(other(&attestation.predicate_type));
        }
    }
    if !out.facts.signatures.is_empty() {
        out.reasons.push(other(COSIGN_SIGN_V1));
    }
    out.facts.signatures.clear();
    out.facts.attestations.retain(|a| a.get().predicate_type == predicate_type);
    if out.facts.attestations.is_empty() && candidates.is_empty() {
        let expected = format!("an attestation of type {predicate_type} for {digest}");
        out.reasons.push(Fault::new(signing::NO_ATTESTATION, expected, "no bundle at all").of(image_name));
    }
    out
}

fn verify(digest: &Digest, image_name: &str, candidates: &[Candidate<'_>], trust: &Trust<'_>) -> Verification {
    let context = Context::new(digest, image_name, trust);
    let mut reasons = context.signers.unreadable.clone();
    let mut facts = ImageFacts { digest: digest.clone(), signatures: Vec::new(), attestations: Vec::new(), user: None };
    for candidate in candidates {
        match examine(candidate.bytes, &context) {
            Ok(found) if found.statement.predicate_type == COSIGN_SIGN_V1 => {
                facts.signatures.push(Verified::new(Signature { digest: digest.clone(), signer: found.signer }));
            }
            Ok(found) => facts.attestations.push(Verified::new(AttestationFact {
                digest: digest.clone(),
                signer: found.signer,
                predicate_type: found.statement.predicate_type,
                predicate: found.statement.predicate,
            })),
            Err(fault) => reasons.push(fault.of(candidate.source)),
        }
    }
    Verification { facts, reasons }
}
