//! Envelopes: DSSE, in-toto statements and predicates, sigstore bundles, referrer manifests.
//!
//! Bytes become values and values become bytes; nothing here checks a signature. Readers are strict, because what they
//! return is what gets verified: a key that stands twice, base64 that is not canonical, an envelope with two signatures or
//! a bundle of an unknown version is an error, never a guess.

mod base64;
mod bundle;
mod der;
mod dsse;
mod json;
mod key;
mod pem;
pub mod predicate;
mod provenance;
mod referrer;
mod statement;

pub use bundle::{Bundle, BundleError, Content, KeyMaterial, MAX_BUNDLE_BYTES, Material, MessageSignature};
pub use dsse::{Envelope, EnvelopeError, IN_TOTO_PAYLOAD, pae};
pub use json::{JsonError, parse_strict};
pub use key::{KeyAlgorithm, PublicKey, PublicKeyError};
pub use pem::{PemBlock, PemError, decode_pem, encode_pem};
pub use provenance::{
    Dependency, HARDEN_BUILD_TYPE, Provenance, ProvenanceError, ProvenanceMode, ProvenanceSummary, SLSA_PROVENANCE_V1,
    claimed_level, harden_provenance,
};
pub use referrer::{Referrer, referrer_of};
pub use statement::{COSIGN_SIGN_V1, Statement, StatementError, StatementVersion, Subject, sign_statement};
