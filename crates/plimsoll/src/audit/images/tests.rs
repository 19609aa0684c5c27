//! Tests of what an image shows.

use super::*;
use plimsoll_envelope::{Envelope, KeyMaterial, Material, SLSA_PROVENANCE_V1, Subject, sign_statement};
use plimsoll_harden::Files;

fn bundle(statement: &Statement, by_key: bool) -> Found {
    let envelope = Envelope {
        payload_type: IN_TOTO_PAYLOAD.to_owned(),
        payload: statement.to_bytes(),
        signature: vec![1],
        keyid: String::new(),
    };
    let hint = "aGludA==".to_owned();
    let key = if by_key { KeyMaterial::PublicKey { hint } } else { KeyMaterial::Certificate(vec![0x30, 0]) };
    let bundle = Bundle {
        media_type: plimsoll_oci::media_type::SIGSTORE_BUNDLE.to_owned(),
        material: Material { key, tlog_entries: Vec::new(), timestamps: Vec::new() },
        content: Content::Envelope(envelope),
    };
    Found { bytes: bundle.to_bytes(), source: "referrer x".to_owned() }
}

fn attestation(digest: &Digest, kind: &str) -> Found {
    bundle(&Statement::new(vec![Subject::of(digest)], kind, serde_json::json!({})), true)
}

fn codes(findings: &[Finding]) -> Vec<(Code, Level)> {
    findings.iter().map(|f| (f.code, f.level)).collect()
}

#[test]
fn what_is_missing_is_named() {
    let digest = Digest::sha256(b"image");
    let digests = std::slice::from_ref(&digest);
    let nothing = signed("web", digests, &[], &Beside::default(), false);
    assert_eq!(
        codes(&nothing),
        [
            (signing::NO_SIGNATURE, Level::Error),
            (sbom::MISSING, Level::Error),
            (signing::NO_PROVENANCE, Level::Warning)
        ]
    );
    let demanded = signed("web", digests, &[], &Beside::default(), true);
    assert_eq!(codes(&demanded)[2], (signing::PROVENANCE_MISSING, Level::Error));
    let junk = Found { bytes: b"{}".to_vec(), source: String::new() };
    assert_eq!(codes(&signed("web", digests, &[junk], &Beside::default(), false)), codes(&nothing));
}

#[test]
fn what_is_there_is_not_trusted() {
    let digest = Digest::sha256(b"image");
    let all = [
        bundle(&sign_statement(&digest, BTreeMap::new()), true),
        attestation(&digest, "https://spdx.dev/Document"),
        attestation(&digest, SLSA_PROVENANCE_V1),
    ];
    let index = Digest::sha256(b"index");
    let found = signed("web", &[index, digest.clone()], &all, &Beside::default(), true);
    assert_eq!(codes(&found), [(signing::NOT_VERIFIED, Level::Note), (signing::LONG_LIVED_KEY, Level::Note)]);
    let keyless = [bundle(&sign_statement(&digest, BTreeMap::new()), false)];
    let found = signed("web", &[digest], &keyless, &Beside::default(), false);
    assert!(!codes(&found).iter().any(|(c, _)| *c == signing::LONG_LIVED_KEY));
}

#[test]
fn what_is_about_another_digest_counts_for_nothing() {
    let (digest, other) = (Digest::sha256(b"image"), Digest::sha256(b"other"));
    let all = [
        bundle(&sign_statement(&other, BTreeMap::new()), true),
        attestation(&other, "https://cyclonedx.org/bom"),
        attestation(&other, SLSA_PROVENANCE_V1),
    ];
    let found = signed("web", &[digest], &all, &Beside::default(), false);
    let names: Vec<Code> = found.iter().map(|f| f.code).collect();
    assert_eq!(names, [signing::NO_SIGNATURE, sbom::OTHER_DIGEST, signing::NO_PROVENANCE]);
    assert_eq!(found[0].evidence, ["1 signatures are about another digest"]);
}

#[test]
fn the_older_format_is_unknown_and_no_pass() {
    let digest = Digest::sha256(b"image");
    let digests = std::slice::from_ref(&digest);
    let old = Beside { legacy: vec!["sha256-1.sig".into(), "sha256-1.att".into()], sboms: Vec::new() };
    assert_eq!(codes(&signed("web", digests, &[], &old, false)), [(signing::LEGACY_FORMAT, Level::Error)]);
    let new = [bundle(&sign_statement(&digest, BTreeMap::new()), false)];
    let found = signed("web", digests, &new, &old, false);
    assert_eq!(codes(&found), [(signing::NOT_VERIFIED, Level::Note), (signing::LEGACY_FORMAT, Level::Warning)]);
    let attached = Beside { legacy: Vec::new(), sboms: vec!["sha256-1.sbom".into()] };
    let found = signed("web", digests, &new, &attached, false);
    assert_eq!(found[1].evidence, ["attached without a signature: sha256-1.sbom"]);
}

#[test]
fn posture_names_what_is_left() {
    let paths = |n: usize| (0..n).map(|i| format!("/bin/{i}")).collect::<Vec<_>>();
    let facts = Inspection {
        runs_as_root: true,
        files: Files { shells: paths(9), setuid: paths(1), ..Files::default() },
        ..Inspection::default()
    };
    let found = posture("web", &facts);
    assert_eq!(
        codes(&found),
        [
            (harden::ROOT_USER, Level::Error),
            (harden::SHELL_PRESENT, Level::Warning),
            (harden::SETUID_FILES, Level::Warning)
        ]
    );
    assert!(found[1].evidence[0].ends_with("/bin/7 and 1 more"));
    assert_eq!(posture("web", &Inspection::default()), []);
}
