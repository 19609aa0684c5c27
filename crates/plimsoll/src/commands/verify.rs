//! `plimsoll verify` and `verify-attestation`.

use anyhow::Result;
use plimsoll_finding::{Finding, signing};
use plimsoll_intent::{Setting, Signer, Transparency};
use plimsoll_verify::{
    Candidate, Trust, Verification, Verified, key_signer, keyless_signer, verify_attestation as check_attestation,
    verify_image,
};
use serde_json::{Map, Value, json};

use crate::args::{Common, SubjectArg, TrustArgs, Verify, VerifyAttestation};
use crate::bundles::{self, Subject};
use crate::clock;
use crate::commands::sign::predicate_uri;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::render;
use crate::ui::Ui;

/// Who is believed.
pub(crate) struct Believed {
    pub(crate) signers: Vec<Signer>,
    pub(crate) transparency: Transparency,
    pub(crate) trusted_root: Option<String>,
}

/// `plimsoll verify`.
pub(crate) fn verify(args: &Verify, common: &Common, ui: &Ui) -> Result<Exit> {
    run(&args.subject, &args.trust, None, &args.output, common, ui)
}

/// `plimsoll verify-attestation`.
pub(crate) fn verify_attestation(args: &VerifyAttestation, common: &Common, ui: &Ui) -> Result<Exit> {
    let uri = predicate_uri(&args.predicate_type)?;
    run(&args.subject, &args.trust, Some(&uri), &args.output, common, ui)
}

fn run(
    subject: &SubjectArg,
    trust: &TrustArgs,
    predicate: Option<&str>,
    output: &[String],
    common: &Common,
    ui: &Ui,
) -> Result<Exit> {
    let believed = believed(trust, common, ui)?;
    let subject = bundles::subject(subject, common, ui)?;
    let found = subject.bundles()?;
    let candidates: Vec<Candidate<'_>> =
        found.iter().map(|f| Candidate { bytes: &f.bytes, source: &f.source }).collect();
    let trust = Trust {
        signers: &believed.signers,
        transparency: believed.transparency,
        trusted_root: believed.trusted_root.as_deref(),
        now: clock::now(common),
    };
    let digest = &subject.descriptor.digest;
    let verification = match predicate {
        None => verify_image(digest, &subject.name, &candidates, &trust),
        Some(uri) => check_attestation(digest, &subject.name, &candidates, &trust, uri),
    };
    let holds = match predicate {
        None => verification.is_signed(),
        Some(_) => !verification.facts.attestations.is_empty(),
    };
    let findings: Vec<Finding> = verification.reasons.iter().map(|r| r.to_finding(&subject.name)).collect();
    // Where one candidate verified, the others are details and not the result.
    let shown = if holds { &[][..] } else { &findings };
    if holds {
        findings.iter().for_each(|f| ui.detail(&plimsoll_report::finding_text(f, ui.err)));
    }
    let good = good(&verification, &subject, predicate);
    render::findings_with(shown, &good, extra(&verification, &subject, holds), output, ui)?;
    Ok(exit(holds, candidates.is_empty(), &findings))
}

fn exit(holds: bool, none: bool, findings: &[Finding]) -> Exit {
    match holds {
        true => Exit::Ok,
        false if none || findings.iter().any(|f| f.code == signing::ATTESTATION_IS_NOT_SIGNATURE) => Exit::NoSignature,
        false => Exit::NoMatch,
    }
}

fn good(verification: &Verification, subject: &Subject, predicate: Option<&str>) -> String {
    let facts = &verification.facts;
    let mut signers: Vec<&str> = match predicate {
        None => facts.signatures.iter().map(|s| s.get().signer.as_str()).collect(),
        Some(_) => facts.attestations.iter().map(|a| a.get().signer.as_str()).collect(),
    };
    signers.sort_unstable();
    signers.dedup();
    let what = predicate.map_or("signed".to_owned(), |uri| format!("attested ({uri})"));
    format!("{}@{} is {what} by {}", subject.name, subject.descriptor.digest, signers.join(", "))
}

fn extra(verification: &Verification, subject: &Subject, holds: bool) -> Map<String, Value> {
    let facts = &verification.facts;
    let mut map = Map::new();
    map.insert("verified".into(), holds.into());
    map.insert("image".into(), json!({"name": subject.name, "digest": subject.descriptor.digest.to_string()}));
    let signatures = facts.signatures.iter().map(Verified::get).map(|s| json!({"signer": s.signer}));
    map.insert("signatures".into(), signatures.collect());
    let attestations = facts
        .attestations
        .iter()
        .map(Verified::get)
        .map(|a| json!({"signer": a.signer, "predicateType": a.predicate_type, "predicate": a.predicate}));
    map.insert("attestations".into(), attestations.collect());
    let rejected = verification
        .reasons
        .iter()
        .map(|r| json!({"candidate": r.candidate, "code": r.code.as_str(), "expected": r.expected, "found": r.found}));
    map.insert("rejected".into(), rejected.collect());
    map
}

/// The signers of the flags. A key given by hand is trusted for any image; it needs no log entry, an identity does.
pub(crate) fn believed(args: &TrustArgs, common: &Common, ui: &Ui) -> Result<Believed> {
    let trusted_root = args.trusted_root.as_deref().map(load::read_text).transpose()?;
    let mut signers = Vec::new();
    let mut transparency = Transparency::NotRequired;
    if let Some(policy) = &args.policy {
        let intent = load::intent(policy, clock::now(common), ui)?;
        if let Setting::Decided(decided) = &intent.signers {
            signers.extend(decided.value.iter().cloned());
        }
        transparency = intent.transparency.value().copied().unwrap_or(Transparency::Required);
    }
    for (number, path) in args.key.iter().enumerate() {
        let name = if args.key.len() == 1 { "key".to_owned() } else { format!("key-{}", number + 1) };
        let signer = key_signer(&name, &load::read_text(path)?)
            .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        signers.push(signer);
    }
    let subject = args.certificate_identity.as_deref();
    let regexp = args.certificate_identity_regexp.as_deref();
    match (&args.certificate_oidc_issuer, subject.is_some() || regexp.is_some()) {
        (Some(issuer), true) => {
            signers.push(keyless_signer("identity", issuer, subject, regexp));
            transparency = Transparency::Required;
        }
        (None, false) => {}
        _ => {
            let message = "an identity needs both --certificate-identity[-regexp] and --certificate-oidc-issuer";
            return Err(Failure::usage(message).into());
        }
    }
    if signers.is_empty() {
        let message = "nobody to believe: give --key, --policy, or an identity with its issuer";
        return Err(Failure::usage(message).into());
    }
    Ok(Believed { signers, transparency, trusted_root })
}
