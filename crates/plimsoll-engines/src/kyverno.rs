//! Kyverno `policies.kyverno.io/v1`: a ValidatingPolicy for what the manifest decides, an ImageValidatingPolicy for
//! signatures and provenance.

use std::collections::BTreeMap;

use plimsoll_intent::{AdmissionPolicy, Engine, Identity, ProvenanceRule, Signer, Transparency, glob_regex};
use serde_json::{Value, json};

use crate::{NAME, cel, failure_policy, file, namespace_selector, resource_rules};

const API_VERSION: &str = "policies.kyverno.io/v1";

/// Seconds the API server waits; within them every image of a pod is verified over the network.
const TIMEOUT: u32 = 15;

pub(crate) fn emit(policy: &AdmissionPolicy) -> BTreeMap<String, String> {
    let about = "Refuses workloads whose images or security contexts are not as decided";
    let images = "Refuses pods with images that no trusted signer signed, or without the provenance the tier requires";
    BTreeMap::from([
        (format!("kyverno/{NAME}-validating-policy.yaml"), file(Engine::Kyverno, about, policy, &[validating(policy)])),
        (
            "kyverno/plimsoll-image-trust-image-validating-policy.yaml".to_owned(),
            file(Engine::Kyverno, images, policy, &[image_validating(policy)]),
        ),
    ])
}

fn spec(policy: &AdmissionPolicy, resource_rules: Value) -> Value {
    let mut constraints = json!({"resourceRules": resource_rules});
    if let Some(selector) = namespace_selector(policy) {
        constraints["namespaceSelector"] = selector;
    }
    json!({
        "validationActions": ["Deny"],
        "failurePolicy": failure_policy(policy),
        "webhookConfiguration": {"timeoutSeconds": TIMEOUT},
        "evaluation": {"admission": {"enabled": true}, "background": {"enabled": true}},
        "matchConstraints": constraints,
        "matchConditions": [
            {"name": "not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"},
        ],
    })
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn validating(policy: &AdmissionPolicy) -> Value {
    let patterns: Vec<_> = policy.registries.iter().map(|g| glob_regex(g)).collect();
    let rules = cel::rules(&cel::any_match("n", &patterns));
    // Matching the controllers here turns Kyverno's own generation of controller rules off.
    let mut spec = spec(policy, resource_rules("v1"));
    spec["variables"] = json!(cel::variables("object"));
    spec["validations"] = rules.iter().map(|r| r.validation(None)).collect();
    object("ValidatingPolicy", NAME, spec)
}

/// A signer's name as an identifier: `shop-ci` → `signerShopCi`.
fn identifier(name: &str) -> String {
    name.split(|c: char| !c.is_ascii_alphanumeric()).fold("signer".to_owned(), |mut out, part| {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
        out
    })
}

/// An anchored regular expression, whether or not the decision anchored it.
pub(crate) fn anchored(regexp: &str) -> String {
    format!("^(?:{regexp})$")
}

fn attestor(signer: &Signer, transparency: Transparency) -> Value {
    let cosign = match &signer.identity {
        Identity::Key { pem, .. } => {
            let ignore = transparency == Transparency::NotRequired;
            json!({"key": {"data": pem}, "ctlog": {"insecureIgnoreTlog": ignore}})
        }
        Identity::Keyless { issuer, subject, subject_regexp } => {
            let mut identity = json!({"issuer": issuer});
            match (subject, subject_regexp) {
                (Some(subject), _) => identity["subject"] = json!(subject),
                (None, Some(regexp)) => identity["subjectRegExp"] = json!(anchored(regexp)),
                // An identity without a subject would trust everybody at the issuer; this one is nobody.
                (None, None) => identity["subjectRegExp"] = json!("^$"),
            }
            // A short-lived certificate proves nothing without the time a log or an authority saw it.
            json!({"keyless": {"identities": [identity]}, "ctlog": {"insecureIgnoreTlog": false, "insecureIgnoreSCT": false}})
        }
    };
    json!({"name": identifier(&signer.name), "cosign": cosign})
}

/// True for an image `r` of one of the signers' repositories for which `check` holds with that signer.
fn by_any_signer(policy: &AdmissionPolicy, check: impl Fn(&str) -> String) -> String {
    let one = |signer: &Signer| {
        let patterns: Vec<_> = signer.images.iter().map(|g| glob_regex(g)).collect();
        let attestor = format!("attestors.{}", identifier(&signer.name));
        format!("(({}) && {})", cel::any_match("r.name", &patterns), check(&attestor))
    };
    let each: Vec<_> = policy.signers.iter().map(one).collect();
    if each.is_empty() { "false".to_owned() } else { each.join(" ||\n") }
}

/// What the provenance of `r` must say, beyond being signed. `None`: nothing.
fn builder(rule: &ProvenanceRule) -> Option<String> {
    if rule.builders.is_empty() {
        // As the native evaluator: whoever nobody vouched for reaches level 1.
        return (rule.min_level > 1).then(|| "false".to_owned());
    }
    let granted = rule.builders.iter().filter(|(_, level)| **level >= rule.min_level);
    let ids: Vec<_> = granted.map(|(id, _)| cel::string(id)).collect();
    // The payload is the statement or its predicate, by the format the attestation was stored in.
    Some(format!(
        "[extractPayload(r.image, attestations.provenance)].all(p,\n\
         p.?predicate.orValue(p).?runDetails.?builder.?id.orValue('') in [{}])",
        ids.join(", ")
    ))
}

fn image_validating(policy: &AdmissionPolicy) -> Value {
    let pods = json!([{
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["pods", "pods/ephemeralcontainers"],
    }]);
    let mut spec = spec(policy, pods);
    // Pods are the floor: whatever makes them, they are checked. Generated controller rules would not know our extractor.
    spec["autogen"] = json!({"podControllers": {"controllers": []}});
    spec["matchImageReferences"] = json!([{"glob": "*"}]);
    spec["images"] = json!([{
        "name": "imageVolumes",
        "expression": "(object != null ? object : oldObject).spec.?volumes.orValue([])\n\
            .filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))",
    }]);
    spec["validationConfigurations"] = json!({"mutateDigest": false, "verifyDigest": true, "required": true});
    if !policy.signers.is_empty() {
        spec["attestors"] = policy.signers.iter().map(|s| attestor(s, policy.transparency)).collect();
    }
    if policy.provenance.is_some() {
        spec["attestations"] = json!([{"name": "provenance", "intoto": {"type": "https://slsa.dev/provenance/v1"}}]);
    }
    let all = "(images.containers + images.initContainers + images.ephemeralContainers + images.imageVolumes)";
    spec["variables"] = json!([{
        "name": "refs",
        "expression": format!("{all}.map(image, {{'image': image, 'name': {}[0]}})", cel::names("[image]")),
    }]);
    let signed = by_any_signer(policy, |a| format!("verifyImageSignatures(r.image, [{a}]) > 0"));
    let mut validations = vec![json!({
        "expression": format!("variables.refs.all(r,\n{signed})"),
        "message": "PL-A001, PL-A002: image has no signature by a signer trusted for it",
    })];
    if let Some(rule) = &policy.provenance {
        let attested = by_any_signer(policy, |a| {
            format!("verifyAttestationSignatures(r.image, attestations.provenance, [{a}]) > 0")
        });
        validations.push(json!({
            "expression": format!("variables.refs.all(r,\n{attested})"),
            "message": "PL-A012, PL-A013: image has no SLSA provenance by a signer trusted for it",
        }));
        if let Some(builder) = builder(rule) {
            validations.push(json!({
                "expression": format!("variables.refs.all(r,\n{builder})"),
                "message": "PL-A014: provenance is by no builder that reaches the level the tier requires",
            }));
        }
    }
    spec["validations"] = json!(validations);
    object("ImageValidatingPolicy", "plimsoll-image-trust", spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signers_become_identifiers() {
        assert_eq!(identifier("shop-ci"), "signerShopCi");
        assert_eq!(identifier("2fa"), "signer2fa");
    }
}
