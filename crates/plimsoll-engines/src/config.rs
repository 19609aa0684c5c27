//! The verification configuration: for people, for other tools, and as a policy-controller ClusterImagePolicy.

use plimsoll_intent::{AdmissionPolicy, Identity, Signer, Transparency};
use serde_json::{Value, json};

use crate::kyverno::anchored;
use crate::{failure_policy, yaml};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

fn identity(signer: &Signer) -> Value {
    match &signer.identity {
        Identity::Key { pem, .. } => json!({"key": pem}),
        Identity::Keyless { issuer, subject, subject_regexp } => {
            let mut keyless = json!({"issuer": issuer});
            if let Some(subject) = subject {
                keyless["subject"] = json!(subject);
            }
            if let Some(regexp) = subject_regexp {
                keyless["subjectRegExp"] = json!(anchored(regexp));
            }
            json!({"keyless": keyless})
        }
    }
}

fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The command that checks one signer's images by hand.
fn command(signer: &Signer, transparency: Transparency) -> String {
    match &signer.identity {
        Identity::Key { file, .. } => {
            let log = if transparency == Transparency::NotRequired { " --insecure-ignore-tlog=true" } else { "" };
            let key = file.clone().unwrap_or_else(|| format!("{}.pub", signer.name));
            format!("cosign verify --key {}{log} REF@DIGEST", shell(&key))
        }
        Identity::Keyless { issuer, subject, subject_regexp } => {
            let who = match (subject, subject_regexp) {
                (Some(subject), _) => format!("--certificate-identity {}", shell(subject)),
                (None, Some(regexp)) => format!("--certificate-identity-regexp {}", shell(&anchored(regexp))),
                (None, None) => "--certificate-identity-regexp '^$'".to_owned(),
            };
            format!("cosign verify {who} --certificate-oidc-issuer {} REF@DIGEST", shell(issuer))
        }
    }
}

/// `verify-config.yaml`: what admission verifies, for people and tools.
pub fn verify_config(policy: &AdmissionPolicy) -> String {
    let signers: Vec<_> = policy
        .signers
        .iter()
        .map(|signer| {
            let mut out = json!({"name": signer.name, "images": signer.images});
            if let (Value::Object(out), Value::Object(identity)) = (&mut out, identity(signer)) {
                out.extend(identity);
            }
            out["check"] = json!(command(signer, policy.transparency));
            out
        })
        .collect();
    let mut config = json!({
        "schemaVersion": "1",
        "kind": "VerifyConfig",
        "tier": policy.tier.number(),
        "signers": signers,
        "signature": {
            "statement": "https://sigstore.dev/cosign/sign/v1",
            "bundle": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "transparencyLog": match policy.transparency {
                Transparency::Required => "required",
                Transparency::NotRequired => "not-required",
            },
        },
        "registries": policy.registries,
        "digest": "sha256",
        "failurePolicy": failure_policy(policy),
        "excludedNamespaces": policy.exclude_namespaces,
    });
    if let Some(rule) = &policy.provenance {
        let builders: Vec<_> = rule.builders.iter().map(|(id, level)| json!({"id": id, "maxLevel": level})).collect();
        config["provenance"] = json!({"predicateType": PROVENANCE, "minLevel": rule.min_level, "builders": builders});
    }
    let mut head = vec![
        "What admission verifies about an image. Written from the decisions; change those and write it again."
            .to_owned(),
        "An image passes if a signer whose patterns cover it signed its digest; an attestation is no signature."
            .to_owned(),
    ];
    if policy.signers.is_empty() {
        head.push("No signer is decided: nothing is signed well enough, and every image is refused.".to_owned());
    }
    yaml::documents(&head, &[config])
}

/// A sigstore policy-controller ClusterImagePolicy for each signer, for clusters that run it.
///
/// policy-controller matches an image against the policies whose globs cover it and demands all of them, so two signers
/// for one image are alternatives within one policy: signers with the same images share it.
pub fn cluster_image_policy(policy: &AdmissionPolicy) -> String {
    let mut groups: Vec<(&[String], Vec<&Signer>)> = Vec::new();
    for signer in &policy.signers {
        match groups.iter_mut().find(|(images, _)| *images == signer.images.as_slice()) {
            Some((_, signers)) => signers.push(signer),
            None => groups.push((&signer.images, vec![signer])),
        }
    }
    let documents: Vec<_> = groups.iter().map(|(images, signers)| group(policy, images, signers)).collect();
    let head = [
        "For clusters that run sigstore policy-controller.",
        "",
        "What this engine cannot do:",
        "- It checks only namespaces that carry the label policy.sigstore.dev/include: \"true\", and its releases up to 0.15.1 do not see image volumes.",
        "- It does not check users, writable roots or the builder of the provenance beyond its id.",
        "- Images that match no policy are let in unless its configuration says no-match-policy: deny.",
        "- A glob's trailing ** is the same as here; a signer whose images overlap another's must sign too.",
    ];
    yaml::documents(&head.map(str::to_owned), &documents)
}

fn group(policy: &AdmissionPolicy, images: &[String], signers: &[&Signer]) -> Value {
    let authorities: Vec<_> = signers
        .iter()
        .map(|signer| {
            let mut out = json!({"name": signer.name, "signatureFormat": "bundle"});
            match &signer.identity {
                Identity::Key { pem, .. } => {
                    out["key"] = json!({"hashAlgorithm": "sha256", "data": pem});
                    if policy.transparency == Transparency::Required {
                        out["ctlog"] = json!({"url": "https://rekor.sigstore.dev"});
                    }
                }
                Identity::Keyless { issuer, subject, subject_regexp } => {
                    let mut identity = json!({"issuer": issuer});
                    match (subject, subject_regexp) {
                        (Some(subject), _) => identity["subject"] = json!(subject),
                        (None, Some(regexp)) => identity["subjectRegExp"] = json!(anchored(regexp)),
                        (None, None) => identity["subjectRegExp"] = json!("^$"),
                    }
                    out["keyless"] = json!({"url": "https://fulcio.sigstore.dev", "identities": [identity]});
                    out["ctlog"] = json!({"url": "https://rekor.sigstore.dev"});
                }
            }
            if let Some(rule) = &policy.provenance {
                let mut attestation = json!({"name": "provenance", "predicateType": PROVENANCE});
                let granted = rule.builders.iter().filter(|(_, level)| **level >= rule.min_level);
                let ids: Vec<_> = granted.map(|(id, _)| Value::from(id.as_str()).to_string()).collect();
                if !rule.builders.is_empty() {
                    let allowed = if ids.is_empty() { "_|_".to_owned() } else { ids.join(" | ") };
                    let data =
                        format!("predicateType: \"{PROVENANCE}\"\npredicate: runDetails: builder: id: {allowed}\n");
                    attestation["policy"] = json!({"type": "cue", "data": data});
                }
                out["attestations"] = json!([attestation]);
            }
            out
        })
        .collect();
    let name = signers.first().map_or("signers", |s| s.name.as_str());
    let globs: Vec<_> = images.iter().map(|glob| json!({"glob": glob})).collect();
    json!({
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": format!("plimsoll-{name}-cluster-image-policy")},
        "spec": {"mode": "enforce", "images": globs, "authorities": authorities},
    })
}
