//! What provenance is worth.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use common::{TestKey, trust, verify};
use plimsoll_envelope::{Dependency, SLSA_PROVENANCE_V1, harden_provenance};
use plimsoll_finding::signing;
use plimsoll_intent::{ProvenanceRule, Tier};
use plimsoll_oci::Digest;
use plimsoll_verify::{ImageFacts, provenance_level};
use serde_json::{Map, Value, json};

const BUILDER: &str = "https://ci.example.com/hardener/v1";

fn predicate(builder: &str) -> Value {
    let input = Dependency::of("pkg:oci/web", &Digest::sha256(b"input"), "input-image");
    let tool = Dependency::of("pkg:cargo/plimsoll@0.1.0", &Digest::sha256(b"tool"), "tool");
    harden_provenance(input, tool, Map::new(), builder, "0.1.0", None).to_json()
}

fn facts(digest: &Digest, attestations: &[(&Digest, &str, Value)]) -> ImageFacts {
    let key = TestKey::new();
    let signers = [key.signer("ci", "**")];
    let bundles: Vec<Vec<u8>> =
        attestations.iter().map(|(about, kind, predicate)| key.attestation(about, kind, predicate.clone())).collect();
    verify(digest, &bundles.iter().map(Vec::as_slice).collect::<Vec<_>>(), &trust(&signers)).facts
}

fn rule(min_level: u8, builders: &[(&str, u8)]) -> ProvenanceRule {
    let builders: BTreeMap<String, u8> = builders.iter().map(|(id, level)| ((*id).to_owned(), *level)).collect();
    ProvenanceRule { required: vec![Tier::Critical], min_level, builders }
}

#[test]
fn a_builder_is_worth_what_the_intent_grants_it() {
    let image = Digest::sha256(b"image");
    let verified = facts(&image, &[(&image, SLSA_PROVENANCE_V1, predicate(BUILDER))]);
    let level = |rule: &ProvenanceRule| provenance_level(&verified, rule).map(|l| l.level).map_err(|f| f.code);
    assert_eq!(level(&rule(1, &[])), Ok(1), "nobody vouched for the builder");
    assert_eq!(level(&rule(2, &[])), Err(signing::PROVENANCE_LEVEL));
    assert_eq!(level(&rule(2, &[(BUILDER, 3)])), Ok(3));
    assert_eq!(level(&rule(2, &[(BUILDER, 1)])), Err(signing::PROVENANCE_LEVEL));
    assert_eq!(level(&rule(0, &[("https://ci.example.com/hardener/v1/", 3)])), Err(signing::BUILDER_NOT_ACCEPTED));
    let known = provenance_level(&verified, &rule(1, &[(BUILDER, 2)])).unwrap();
    assert_eq!((known.builder_id.as_str(), known.signer.as_str()), (BUILDER, "ci"));
}

#[test]
fn provenance_of_another_digest_or_another_type_is_none() {
    let (image, other) = (Digest::sha256(b"image"), Digest::sha256(b"other"));
    for (about, kind) in [
        (&other, SLSA_PROVENANCE_V1),
        (&image, "https://slsa.dev/provenance/v0.2"),
        (&image, "https://slsa.dev/provenance/v1.0"),
    ] {
        let verified = facts(&image, &[(about, kind, predicate(BUILDER))]);
        let refused = provenance_level(&verified, &rule(1, &[(BUILDER, 3)])).unwrap_err();
        assert_eq!(refused.code, signing::PROVENANCE_MISSING, "{about} {kind}");
    }
}

#[test]
fn malformed_provenance_does_not_hide_good_provenance() {
    let image = Digest::sha256(b"image");
    let bad = (&image, SLSA_PROVENANCE_V1, json!({"buildDefinition": {}}));
    let verified = facts(&image, std::slice::from_ref(&bad));
    assert_eq!(provenance_level(&verified, &rule(0, &[])).unwrap_err().code, signing::PROVENANCE_MALFORMED);
    let verified = facts(&image, &[bad, (&image, SLSA_PROVENANCE_V1, predicate(BUILDER))]);
    assert_eq!(provenance_level(&verified, &rule(1, &[])).unwrap().level, 1);
}
