//! Certificates, transparency logs and timestamps, by the sigstore crates, behind one narrow door.
//!
//! They read the bundle with a reader of their own. What they say counts only if they saw the same envelope, which is
//! compared here; and the trusted root is always the caller's, never one that came along with a crate.

use std::cell::OnceCell;

use jiff::{SignedDuration, Timestamp};
use plimsoll_envelope::{Envelope, PublicKey};
use plimsoll_finding::signing;
use plimsoll_oci::{Algorithm, Digest};
use sigstore_verify::bundle::Error as Shape;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Artifact, ArtifactDigest};
use sigstore_verify::types::{Bundle, DerPublicKey, HashAlgorithm, SignatureContent};
use sigstore_verify::{Error, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use crate::reason::Fault;

/// How far ahead of `now` a verified time may lie before it cannot be true.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The trusted root, read when it is first needed.
pub(crate) struct Root<'a> {
    json: Option<&'a str>,
    verifier: OnceCell<Result<Verifier, String>>,
}

/// What a verified certificate claims.
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

impl<'a> Root<'a> {
    pub(crate) fn new(json: Option<&'a str>) -> Self {
        Self { json, verifier: OnceCell::new() }
    }

    fn verifier(&self, why: &str) -> Result<&Verifier, Fault> {
        let missing = |found: &str| Fault::new(signing::TRUSTED_ROOT_MISSING, format!("a trusted root, {why}"), found);
        let json = self.json.ok_or_else(|| missing("none was given"))?;
        let made = self.verifier.get_or_init(|| {
            let root = TrustedRoot::from_json(json).map_err(|e| e.to_string())?;
            Verifier::new(&root).map_err(|e| e.to_string())
        });
        made.as_ref().map_err(|e| missing(&format!("one that cannot be used: {e}")))
    }

    /// Verifies the log entries of a bundle signed with `key`.
    pub(crate) fn log_of_key(&self, seen: &Seen<'_>, key: &PublicKey) -> Result<(), Fault> {
        let verifier = self.verifier("because a log entry is required")?;
        let bundle = seen.bundle()?;
        let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.spki().to_vec()));
        let result = verifier.verify(seen.artifact()?, &bundle, &policy).map_err(|e| fault(&e))?;
        if !result.tlog_verified() {
            return Err(Fault::new(signing::LOG_ENTRY_INVALID, "a verified log entry", "one that was not verified"));
        }
        seen.check_times(&result)
    }

    /// Verifies a keyless bundle: certificate, its log, the signature's log entry where `log` asks for one, the times.
    /// Who the certificate names is for the caller to judge.
    pub(crate) fn certificate(&self, seen: &Seen<'_>, log: bool) -> Result<Claims, Fault> {
        let verifier = self.verifier("because the signature is keyless")?;
        let bundle = seen.bundle()?;
        let mut policy = VerificationPolicy::any_identity();
        if !log {
            policy = policy.skip_tlog_unsafe();
        }
        let result = verifier.verify(seen.artifact()?, &bundle, &policy).map_err(|e| fault(&e))?;
        if !result.certificate_verified() || !result.sct_verified() || (log && !result.tlog_verified()) {
            let found = "one that was not verified in full";
            return Err(Fault::new(signing::CERTIFICATE_INVALID, "a verified certificate", found));
        }
        if result.verified_timestamps().is_empty() {
            return Err(Fault::new(signing::LOG_ENTRY_INVALID, "a verified time of signing", "none"));
        }
        seen.check_times(&result)?;
        match (result.issuer(), result.identity()) {
            (Some(issuer), Some(subject)) => {
                Ok(Claims { issuer: issuer.to_owned(), subject: subject.as_str().to_owned() })
            }
            _ => {
                let found = "one without issuer or subject";
                Err(Fault::new(signing::CERTIFICATE_INVALID, "a certificate that names issuer and subject", found))
            }
        }
    }
}

/// The candidate as this crate read it.
pub(crate) struct Seen<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) content: SeenContent<'a>,
    pub(crate) digest: &'a Digest,
    pub(crate) now: Timestamp,
}

pub(crate) enum SeenContent<'a> {
    Envelope(&'a Envelope),
    /// The signature of a message.
    Message(&'a [u8]),
}

impl Seen<'_> {
    fn bundle(&self) -> Result<Bundle, Fault> {
        let malformed = |found: String| Fault::new(signing::MALFORMED_BUNDLE, "a sigstore bundle", found);
        let text = str::from_utf8(self.bytes).map_err(|e| malformed(e.to_string()))?;
        let bundle = Bundle::from_json(text).map_err(|e| malformed(e.to_string()))?;
        let same = match (&self.content, &bundle.content) {
            (SeenContent::Envelope(ours), SignatureContent::DsseEnvelope(theirs)) => {
                theirs.payload_type == ours.payload_type
                    && theirs.payload.as_bytes() == ours.payload
                    && theirs.signature.sig.as_bytes() == ours.signature
            }
            (SeenContent::Message(ours), SignatureContent::MessageSignature(theirs)) => {
                theirs.signature.as_bytes() == *ours
            }
            _ => false,
        };
        if same { Ok(bundle) } else { Err(malformed("two readers see two different contents".to_owned())) }
    }

    fn artifact(&self) -> Result<Artifact<'static>, Fault> {
        let algorithm = match self.digest.algorithm() {
            Algorithm::Sha256 => HashAlgorithm::Sha2256,
            Algorithm::Sha512 => HashAlgorithm::Sha2512,
        };
        ArtifactDigest::new(algorithm, raw(self.digest))
            .map(Artifact::Digest)
            .map_err(|e| Fault::new(signing::OTHER_DIGEST, "a digest", e.to_string()))
    }

    fn check_times(&self, result: &VerificationResult) -> Result<(), Fault> {
        let limit = self.now.checked_add(CLOCK_SKEW).unwrap_or(Timestamp::MAX);
        match result.verified_timestamps().iter().find(|time| **time > limit) {
            None => Ok(()),
            Some(late) => {
                Err(Fault::new(signing::LOG_ENTRY_INVALID, format!("a time not after {}", self.now), late.to_string()))
            }
        }
    }
}

/// A digest's raw bytes.
fn raw(digest: &Digest) -> Vec<u8> {
    let nibble = |c: u8| if c.is_ascii_digit() { c - b'0' } else { c - b'a' + 10 };
    digest.hex().as_bytes().chunks_exact(2).map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])).collect()
}

fn fault(error: &Error) -> Fault {
    let (code, expected) = match error {
        Error::SignatureInvalid(_) => (signing::UNTRUSTED_KEY, "a signature by the key in the bundle's certificate"),
        Error::ArtifactMismatch(_) => (signing::OTHER_DIGEST, "a bundle of this digest"),
        Error::TransparencyLog(_) | Error::Timestamp(_) => {
            (signing::LOG_ENTRY_INVALID, "a log entry and times that verify under the trusted root")
        }
        Error::InvalidBundle(_)
        | Error::UnsupportedBundle(_)
        | Error::Types(_)
        | Error::Bundle(
            Shape::UnsupportedMediaType(_)
            | Shape::UnsupportedVerificationMaterial
            | Shape::CertificateChainNotAllowed(_),
        ) => (signing::MALFORMED_BUNDLE, "a sigstore bundle of a shape its version allows"),
        // What else the shape check finds is about proofs, checkpoints and times that are missing or contradict.
        Error::Bundle(_) => (signing::LOG_ENTRY_INVALID, "a log entry with inclusion proof and checkpoint"),
        _ => (signing::CERTIFICATE_INVALID, "a certificate that verifies under the trusted root"),
    };
    Fault::new(code, expected, error.to_string())
}
