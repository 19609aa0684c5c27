//! What verification established about an image. Only this crate can make these values: their fields are private to it.

use plimsoll_oci::Digest;

/// Proof that something about `T` was verified. It can only be made inside this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    #[allow(dead_code, reason = "the verifier's modules construct it")]
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The verified value.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// A signature that verified: over which digest, by which signer of the intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The image digest it covers.
    pub digest: Digest,
    /// Name of the signer in the intent.
    pub signer: String,
}

/// An attestation that verified.
#[derive(Clone, Debug, PartialEq)]
pub struct AttestationFact {
    /// The image digest it covers.
    pub digest: Digest,
    /// Name of the signer in the intent.
    pub signer: String,
    /// Predicate type URI.
    pub predicate_type: String,
    /// The predicate.
    pub predicate: serde_json::Value,
}

/// Everything verified about one image digest.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFacts {
    /// The image.
    pub digest: Digest,
    /// Signatures (never attestations) that verified.
    pub signatures: Vec<Verified<Signature>>,
    /// Attestations that verified.
    pub attestations: Vec<Verified<AttestationFact>>,
    /// The `User` of the image configuration, if the image was read. `None`: not known.
    pub user: Option<String>,
}
