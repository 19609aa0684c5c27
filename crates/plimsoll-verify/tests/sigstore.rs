//! Real bundles of the public-good instance. They are not part of this repository: `PLIMSOLL_SIGSTORE_DATA` names the
//! `test_data` folder of the `sigstore-verify` crate's sources, without which these tests are skipped.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

mod common;

use std::path::PathBuf;

use jiff::Timestamp;
use plimsoll_envelope::{Bundle, Content, Statement};
use plimsoll_finding::{Code, signing};
use plimsoll_intent::{Signer, Transparency};
use plimsoll_oci::Digest;
use plimsoll_verify::{
    Candidate, Message, Trust, Verification, key_signer, keyless_signer, verify_image, verify_message,
};

#[expect(clippy::disallowed_methods, reason = "the data is outside the repository")]
fn data() -> Option<PathBuf> {
    let dir = std::env::var_os("PLIMSOLL_SIGSTORE_DATA");
    if dir.is_none() {
        eprintln!("skipped: PLIMSOLL_SIGSTORE_DATA is not set");
    }
    dir.map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "the data is outside the repository")]
fn read(path: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(data()?.join(path)).unwrap())
}

/// One of the real bundles comes from the staging instance.
fn root_of(file: &str) -> &'static str {
    if file.contains("rekor2") { sigstore_verify::trust_root::SIGSTORE_STAGING_TRUSTED_ROOT } else { root() }
}

fn root() -> &'static str {
    sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT
}

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn subject(bundle: &[u8]) -> Digest {
    let Content::Envelope(envelope) = Bundle::parse(bundle).unwrap().content else { unreachable!() };
    let statement = Statement::parse(&envelope.payload).unwrap();
    let (algorithm, hex) = statement.subjects[0].digests.iter().next().unwrap();
    format!("{algorithm}:{hex}").parse().unwrap()
}

fn check(
    bundle: &[u8],
    digest: &Digest,
    signers: &[Signer],
    trusted_root: Option<&str>,
    now: Timestamp,
) -> Verification {
    let trust = Trust { signers, transparency: Transparency::Required, trusted_root, now };
    verify_image(digest, common::NAME, &[Candidate { bytes: bundle, source: "file" }], &trust)
}

const ANYBODY: &str = ".*";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn issuer_of(file: &str) -> &'static str {
    if file.contains("rekor2") { "https://github.com/login/oauth" } else { GITHUB }
}

#[test]
fn keyless_attestations_verify_and_name_who_they_are_by() {
    for file in [
        "conda-attestation.sigstore.json",
        "conda-attestation-rekor2.sigstore.json",
        "sigstore.js@2.0.0-provenance.sigstore.json",
    ] {
        let Some(bundle) = read(&format!("bundles/{file}")) else { return };
        let digest = subject(&bundle);
        let signers = [keyless_signer("ci", issuer_of(file), None, Some(ANYBODY))];
        let code = |signers: &[Signer], digest: &Digest, root, now| -> Option<Code> {
            let out = check(&bundle, digest, signers, root, now);
            match out.facts.attestations.first() {
                Some(fact) => {
                    assert_eq!(fact.get().signer, "ci");
                    None
                }
                None => Some(out.reasons[0].code),
            }
        };
        let good = check(&bundle, &digest, &signers, Some(root_of(file)), now());
        assert_eq!(good.facts.attestations.len(), 1, "{file}: {:?}", good.reasons);
        assert!(!good.is_signed(), "an attestation is not a signature");
        assert_eq!(code(&signers, &digest, None, now()), Some(signing::TRUSTED_ROOT_MISSING));
        assert_eq!(code(&signers, &Digest::sha256(b"other"), Some(root_of(file)), now()), Some(signing::OTHER_DIGEST));
        let foreign = [keyless_signer("ci", "https://issuer.example.com", None, Some(ANYBODY))];
        assert_eq!(code(&foreign, &digest, Some(root_of(file)), now()), Some(signing::UNTRUSTED_IDENTITY));
        let exact = [keyless_signer("ci", issuer_of(file), Some("https://github.com/a/b"), None)];
        // The refusal says who it was; that very identity, exact, is accepted.
        let found = check(&bundle, &digest, &exact, Some(root_of(file)), now()).reasons[0].found.clone();
        let (subject, issuer) = found.split_once(" of ").unwrap();
        let named = [keyless_signer("ci", issuer, Some(subject.trim_matches('\'')), None)];
        assert_eq!(code(&named, &digest, Some(root_of(file)), now()), None);
        assert_eq!(code(&exact, &digest, Some(root_of(file)), now()), Some(signing::UNTRUSTED_IDENTITY));
        assert_eq!(
            code(&signers, &digest, Some(root_of(file)), Timestamp::UNIX_EPOCH),
            Some(signing::LOG_ENTRY_INVALID)
        );
    }
}

#[test]
fn no_flip_of_a_keyless_bundle_changes_what_it_says() {
    let file = "conda-attestation-rekor2.sigstore.json";
    let Some(bundle) = read(&format!("bundles/{file}")) else { return };
    let digest = subject(&bundle);
    let signers = [keyless_signer("ci", issuer_of(file), None, Some(ANYBODY))];
    let original = check(&bundle, &digest, &signers, Some(root_of(file)), now()).facts;
    assert_eq!(original.attestations.len(), 1);
    for at in 0..bundle.len() {
        let mut flipped = bundle.clone();
        flipped[at] ^= 1;
        let facts = check(&flipped, &digest, &signers, Some(root_of(file)), now()).facts;
        assert!(facts.attestations.is_empty() || facts == original, "byte {at}");
        assert!(facts.signatures.is_empty());
    }
}

#[test]
fn a_managed_key_with_a_log_entry_verifies() {
    let Some(bundle) = read("managed-key/bundle.sigstore.json") else { return };
    let (Some(artifact), Some(key)) = (read("managed-key/artifact.txt"), read("managed-key/key.pub")) else { return };
    let signers = [key_signer("key", &String::from_utf8(key).unwrap()).unwrap()];
    let message = Message { bytes: &artifact, name: "artifact.txt" };
    let with =
        |trusted_root| Trust { signers: &signers, transparency: Transparency::Required, trusted_root, now: now() };
    assert_eq!(verify_message(&message, &bundle, &with(Some(root()))).unwrap(), "key");
    assert_eq!(verify_message(&message, &bundle, &with(None)).unwrap_err().code, signing::TRUSTED_ROOT_MISSING);
    let mut unproven = Bundle::parse(&bundle).unwrap();
    unproven.material.tlog_entries[0]["inclusionProof"]["rootHash"] =
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
    let refused = verify_message(&message, &unproven.to_bytes(), &with(Some(root()))).unwrap_err();
    assert_eq!(refused.code, signing::LOG_ENTRY_INVALID);
}
