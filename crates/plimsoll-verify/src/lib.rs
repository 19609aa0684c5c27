//! Verification: signatures and attestations checked against policy, without network.

mod facts;

pub use facts::{AttestationFact, ImageFacts, Signature, Verified};
