//! Verification: signatures and attestations checked against policy, without network.
//!
//! Bundles, signers, trust root and time come in; [`ImageFacts`] and the [`Reason`]s why each other candidate counted
//! for nothing come out. A signature is a statement of cosign's `sign/v1` predicate type and nothing else: an
//! attestation never counts as one, and there is no older format to fall back to.

mod candidate;
mod crypto;
mod facts;
mod image;
mod message;
mod provenance;
mod reason;
mod signers;
mod sigstore;

pub use facts::{AttestationFact, ImageFacts, Signature, Verified};
pub use image::{Candidate, Trust, Verification, verify_attestation, verify_image};
pub use message::{Message, verify_message};
pub use provenance::{ProvenanceLevel, provenance_level};
pub use reason::Reason;
pub use signers::{key_signer, keyless_signer};
