//! Each bad candidate is refused for its own reason.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::{NAME, TestKey, trust, verify};
use plimsoll_envelope::{Bundle, COSIGN_SIGN_V1, Content, IN_TOTO_PAYLOAD, KeyMaterial, predicate};
use plimsoll_finding::{Code, signing};
use plimsoll_intent::Transparency;
use plimsoll_oci::Digest;
use plimsoll_verify::{Candidate, Message, Trust, key_signer, keyless_signer, verify_attestation, verify_message};
use serde_json::json;

fn image() -> Digest {
    Digest::sha256(b"image")
}

/// The one code a bundle is refused with.
fn refused(bundle: &[u8], trust: &Trust<'_>) -> Code {
    let out = verify(&image(), &[bundle], trust);
    assert!(out.facts.signatures.is_empty() && out.facts.attestations.is_empty());
    let [reason] = out.reasons.as_slice() else { panic!("{:?}", out.reasons) };
    assert!(!reason.expected.is_empty() && !reason.found.is_empty());
    assert!(reason.to_finding(NAME).is_error());
    reason.code
}

#[test]
fn a_good_signature_is_a_fact() {
    let key = TestKey::new();
    let signers = [key.signer("ci", "registry.example.com/shop/*")];
    let out = verify(&image(), &[&key.signature(&image())], &trust(&signers));
    assert!(out.is_signed() && out.reasons.is_empty());
    assert_eq!(out.facts.signatures[0].get().signer, "ci");
    assert_eq!((&out.facts.digest, &out.facts.user), (&image(), &None));
}

#[test]
fn every_refusal_has_its_own_code() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let signers = [key.signer("ci", "registry.example.com/shop/*")];
    let trusted = trust(&signers);
    let good = key.signature(&image());

    assert_eq!(refused(&other.signature(&image()), &trusted), signing::UNTRUSTED_KEY);
    assert_eq!(refused(&key.signature(&Digest::sha256(b"other")), &trusted), signing::OTHER_DIGEST);
    assert_eq!(refused(b"{", &trusted), signing::MALFORMED_BUNDLE);
    let mut newer = Bundle::parse(&good).unwrap();
    newer.media_type = "application/vnd.dev.sigstore.bundle.v0.4+json".into();
    assert_eq!(refused(&newer.to_bytes(), &trusted), signing::UNKNOWN_BUNDLE_VERSION);
    let plain = key.envelope("text/plain", b"sha256").to_bytes();
    assert_eq!(refused(&plain, &trusted), signing::NOT_A_STATEMENT);
    let file = Bundle::managed_key_message(vec![0; 32], key.sign(b"x"), &key.public).to_bytes();
    assert_eq!(refused(&file, &trusted), signing::NOT_A_STATEMENT);
    let broken = key.envelope(IN_TOTO_PAYLOAD, b"{}").to_bytes();
    assert_eq!(refused(&broken, &trusted), signing::MALFORMED_STATEMENT);

    let elsewhere = [key.signer("ci", "registry.example.com/other/*")];
    assert_eq!(refused(&good, &trust(&elsewhere)), signing::SIGNER_NOT_FOR_IMAGE);
    assert_eq!(refused(&good, &trust(&[])), signing::UNTRUSTED_KEY);
    let logged = Trust { transparency: Transparency::Required, ..trusted };
    assert_eq!(refused(&good, &logged), signing::LOG_ENTRY_MISSING);
    let mut entry = Bundle::parse(&good).unwrap();
    entry.material.tlog_entries = vec![json!({"logIndex": "0"})];
    assert_eq!(refused(&entry.to_bytes(), &logged), signing::LOG_ENTRY_INVALID);
    entry.material.tlog_entries = vec![json!({"logIndex": "0", "inclusionProof": {}})];
    assert_eq!(refused(&entry.to_bytes(), &logged), signing::TRUSTED_ROOT_MISSING);
    let bad_root = Trust { trusted_root: Some("{}"), ..logged };
    assert!(!verify(&image(), &[&entry.to_bytes()], &bad_root).is_signed());
    let root = Trust { trusted_root: Some(sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT), ..logged };
    assert_eq!(refused(&entry.to_bytes(), &root), signing::MALFORMED_BUNDLE);
}

#[test]
fn a_certificate_counts_for_nothing_without_a_trusted_root() {
    let key = TestKey::new();
    let signers = [keyless_signer("ci", "https://issuer.example.com", None, Some(".*")), key.signer("key", "**")];
    let mut bundle = Bundle::parse(&key.signature(&image())).unwrap();
    // A key where the certificate belongs must not verify either (GHSA-fx35-mq7g-6g98).
    for material in [KeyMaterial::Certificate(key.public.spki().to_vec()), KeyMaterial::Chain(vec![vec![1], vec![2]])] {
        bundle.material.key = material;
        assert_eq!(refused(&bundle.to_bytes(), &trust(&signers)), signing::TRUSTED_ROOT_MISSING);
        let root = Some(sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT);
        let out = verify(&image(), &[&bundle.to_bytes()], &Trust { trusted_root: root, ..trust(&signers) });
        assert!(!out.is_signed() && out.reasons.len() == 1);
    }
}

#[test]
fn an_attestation_never_counts_as_a_signature() {
    let key = TestKey::new();
    let signers = [key.signer("ci", "**")];
    let sbom = key.attestation(&image(), "https://cyclonedx.org/bom", json!({"bomFormat": "CycloneDX"}));
    let out = verify(&image(), &[&sbom], &trust(&signers));
    assert!(!out.is_signed());
    assert_eq!(out.facts.attestations[0].get().predicate["bomFormat"], "CycloneDX");
    assert_eq!(out.reasons[0].code, signing::ATTESTATION_IS_NOT_SIGNATURE);
    // A type that only resembles the signature's is an attestation too.
    let similar = key.attestation(&image(), &format!("{COSIGN_SIGN_V1}/"), json!({}));
    assert!(!verify(&image(), &[&similar], &trust(&signers)).is_signed());
}

#[test]
fn a_wanted_attestation_is_only_of_its_type() {
    let key = TestKey::new();
    let signers = [key.signer("ci", "**")];
    let signature = key.signature(&image());
    let vuln = key.attestation(&image(), predicate::VULN_V1, json!({}));
    let candidates = [Candidate { bytes: &signature, source: "a" }, Candidate { bytes: &vuln, source: "b" }];
    let want = |uri: &str| verify_attestation(&image(), NAME, &candidates, &trust(&signers), uri);
    let found = want(predicate::VULN_V1);
    assert_eq!((found.facts.attestations.len(), found.facts.signatures.len()), (1, 0));
    for absent in [COSIGN_SIGN_V1, "https://spdx.dev/Document"] {
        let out = want(absent);
        assert!(out.facts.attestations.is_empty(), "{absent}");
        assert!(out.reasons.iter().any(|r| r.code == signing::OTHER_PREDICATE));
    }
    let none = verify_attestation(&image(), NAME, &[], &trust(&signers), predicate::VULN_V1);
    assert_eq!(none.reasons[0].code, signing::NO_ATTESTATION);
}

#[test]
fn one_bad_candidate_does_not_hide_a_good_one() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let signers = [other.signer("old", "none/*"), key.signer("ci", "**"), {
        let mut broken = key.signer("broken", "**");
        broken.identity = plimsoll_intent::Identity::Key { pem: "not a key".into(), file: None };
        broken
    }];
    let bundles = [b"junk".to_vec(), other.signature(&image()), key.signature(&image())];
    let bundles: Vec<&[u8]> = bundles.iter().map(Vec::as_slice).collect();
    let out = verify(&image(), &bundles, &trust(&signers));
    assert!(out.is_signed());
    let codes: Vec<Code> = out.reasons.iter().map(|r| r.code).collect();
    assert_eq!(codes, [signing::SIGNER_UNREADABLE, signing::MALFORMED_BUNDLE, signing::SIGNER_NOT_FOR_IMAGE]);
    let none = verify(&image(), &[], &trust(&signers[1..2]));
    assert_eq!(none.reasons[0].code, signing::NO_SIGNATURE);
}

#[test]
fn the_hint_and_the_key_id_are_not_trusted() {
    let (key, other) = (TestKey::new(), TestKey::new());
    let signers = [key.signer("ci", "**")];
    let mut bundle = Bundle::parse(&other.signature(&image())).unwrap();
    bundle.material.key = KeyMaterial::PublicKey { hint: key.public.hint() };
    let Content::Envelope(envelope) = &mut bundle.content else { unreachable!() };
    envelope.keyid = key.public.hint();
    assert_eq!(refused(&bundle.to_bytes(), &trust(&signers)), signing::UNTRUSTED_KEY);
}

#[test]
fn files_verify_with_an_ad_hoc_key() {
    let key = TestKey::new();
    let signers = [key_signer("key", &key.public.to_pem()).unwrap()];
    let digest = |bytes: &[u8]| {
        let hex = Digest::sha256(bytes).hex().to_owned();
        (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect::<Vec<u8>>()
    };
    let bundle = Bundle::managed_key_message(digest(b"file"), key.sign(b"file"), &key.public).to_bytes();
    let check = |bytes, bundle: &[u8]| verify_message(&Message { bytes, name: "file" }, bundle, &trust(&signers));
    assert_eq!(check(b"file", &bundle).unwrap(), "key");
    assert_eq!(check(b"other", &bundle).unwrap_err().code, signing::OTHER_DIGEST);
    let lying = Bundle::managed_key_message(digest(b"other"), key.sign(b"file"), &key.public).to_bytes();
    assert_eq!(check(b"other", &lying).unwrap_err().code, signing::UNTRUSTED_KEY);
    assert_eq!(check(b"image", &key.signature(&image())).unwrap(), "key");
}
