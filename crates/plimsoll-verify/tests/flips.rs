//! No change of a single byte of a bundle is accepted with another meaning.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{TestKey, trust, verify};
use plimsoll_envelope::Bundle;
use plimsoll_oci::Digest;
use serde_json::json;

/// Flips every byte in several ways; each result has no facts, or exactly those of the original.
fn flip_all(bundle: &[u8], digest: &Digest, key: &TestKey) -> usize {
    let signers = [key.signer("ci", "**")];
    let trust = trust(&signers);
    let original = verify(digest, &[bundle], &trust).facts;
    assert_eq!(original.signatures.len() + original.attestations.len(), 1);
    let mut neutral = 0;
    for at in 0..bundle.len() {
        for mask in [0x01, 0x02, 0x20, 0x80, 0xff] {
            let mut flipped = bundle.to_vec();
            flipped[at] ^= mask;
            let facts = verify(digest, &[&flipped], &trust).facts;
            if facts.signatures.is_empty() && facts.attestations.is_empty() {
                continue;
            }
            assert_eq!(facts, original, "byte {at} ^ {mask:#x}");
            // What still verifies signs the same bytes: the change fell into something that nobody signs or reads.
            assert_eq!(
                Bundle::parse(&flipped).unwrap().content_without_keyid(),
                Bundle::parse(bundle).unwrap().content_without_keyid()
            );
            neutral += 1;
        }
    }
    neutral
}

trait WithoutKeyid {
    fn content_without_keyid(&self) -> (Vec<u8>, Vec<u8>);
}

impl WithoutKeyid for Bundle {
    fn content_without_keyid(&self) -> (Vec<u8>, Vec<u8>) {
        let plimsoll_envelope::Content::Envelope(envelope) = &self.content else { unreachable!() };
        (envelope.pae(), envelope.signature.clone())
    }
}

#[test]
fn no_flip_changes_what_a_signature_says() {
    let (key, digest) = (TestKey::new(), Digest::sha256(b"image"));
    let bundle = key.signature(&digest);
    let neutral = flip_all(&bundle, &digest, &key);
    // The hint, "keyid" and the names of fields that may be absent: a small part, and never the envelope.
    assert!(neutral < bundle.len(), "{neutral} of {}", bundle.len() * 5);
}

#[test]
fn no_flip_changes_what_an_attestation_says() {
    let (key, digest) = (TestKey::new(), Digest::sha256(b"image"));
    let bundle = key.attestation(&digest, "https://cyclonedx.org/bom", json!({"components": [{"name": "openssl"}]}));
    flip_all(&bundle, &digest, &key);
}

#[test]
fn no_truncation_verifies() {
    let (key, digest) = (TestKey::new(), Digest::sha256(b"image"));
    let bundle = key.signature(&digest);
    let signers = [key.signer("ci", "**")];
    for n in 0..bundle.len() {
        assert!(!verify(&digest, &[&bundle[..n]], &trust(&signers)).is_signed(), "{n}");
    }
}
