//! Keys and bundles for the tests.
#![allow(dead_code, reason = "each test file uses a part")]

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::Timestamp;
use plimsoll_envelope::{Bundle, Envelope, IN_TOTO_PAYLOAD, PublicKey, Statement, Subject, pae, sign_statement};
use plimsoll_intent::{Identity, Signer, Transparency};
use plimsoll_oci::Digest;
use plimsoll_verify::{Candidate, Trust, Verification, verify_image};
use serde_json::Value;

pub(crate) const NAME: &str = "registry.example.com/shop/web";

pub(crate) struct TestKey {
    pair: EcdsaKeyPair,
    pub(crate) public: PublicKey,
}

impl TestKey {
    pub(crate) fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self { public: PublicKey::from_spki(spki.as_ref()).unwrap(), pair }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    pub(crate) fn envelope(&self, payload_type: &str, payload: &[u8]) -> Bundle {
        let envelope = Envelope {
            payload_type: payload_type.into(),
            payload: payload.to_vec(),
            signature: self.sign(&pae(payload_type, payload)),
            keyid: String::new(),
        };
        Bundle::managed_key(envelope, &self.public)
    }

    pub(crate) fn statement(&self, statement: &Statement) -> Vec<u8> {
        self.envelope(IN_TOTO_PAYLOAD, &statement.to_bytes()).to_bytes()
    }

    pub(crate) fn signature(&self, digest: &Digest) -> Vec<u8> {
        self.statement(&sign_statement(digest, Default::default()))
    }

    pub(crate) fn attestation(&self, digest: &Digest, predicate_type: &str, predicate: Value) -> Vec<u8> {
        self.statement(&Statement::new(vec![Subject::of(digest)], predicate_type, predicate))
    }

    pub(crate) fn signer(&self, name: &str, images: &str) -> Signer {
        Signer {
            name: name.into(),
            identity: Identity::Key { pem: self.public.to_pem(), file: None },
            images: vec![images.into()],
        }
    }
}

pub(crate) fn trust(signers: &[Signer]) -> Trust<'_> {
    Trust { signers, transparency: Transparency::NotRequired, trusted_root: None, now: Timestamp::UNIX_EPOCH }
}

pub(crate) fn verify(digest: &Digest, bundles: &[&[u8]], trust: &Trust<'_>) -> Verification {
    let candidates: Vec<Candidate<'_>> = bundles.iter().map(|bytes| Candidate { bytes, source: "referrer" }).collect();
    verify_image(digest, NAME, &candidates, trust)
}
