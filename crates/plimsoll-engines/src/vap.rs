//! Kubernetes' own ValidatingAdmissionPolicy and its binding.

use std::collections::BTreeMap;

use plimsoll_intent::{AdmissionPolicy, Engine, glob_regex};
use serde_json::{Value, json};

use crate::{EmitOptions, NAME, STATIC_SUFFIX, cel, failure_policy, file, namespace_selector, resource_rules};

const API_VERSION: &str = "admissionregistration.k8s.io/v1";

pub(crate) fn emit(policy: &AdmissionPolicy, options: EmitOptions) -> BTreeMap<String, String> {
    let suffix = if options.static_manifests { STATIC_SUFFIX } else { "" };
    let (name, binding) = (format!("{NAME}{suffix}"), format!("{NAME}-binding{suffix}"));
    let place = if options.static_manifests { "vap-static" } else { "vap" };
    let about = "Refuses workloads whose images or security contexts are not as decided";
    BTreeMap::from([
        (
            format!("{place}/{NAME}-validating-admission-policy.yaml"),
            file(Engine::Vap, about, policy, &[self::policy(policy, &name)]),
        ),
        (
            format!("{place}/{NAME}-validating-admission-policy-binding.yaml"),
            file(Engine::Vap, "Binds the policy to every namespace", policy, &[self::binding(policy, &name, &binding)]),
        ),
    ])
}

fn policy(policy: &AdmissionPolicy, name: &str) -> Value {
    let patterns: Vec<_> = policy.registries.iter().map(|g| glob_regex(g)).collect();
    let rules = cel::rules(&cel::any_match("n", &patterns));
    json!({
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": failure_policy(policy),
            "matchConstraints": {"matchPolicy": "Equivalent", "resourceRules": resource_rules("*")},
            "matchConditions": [{
                "name": "not-being-deleted",
                // Only an update can meet an object on its way out; a new object that claims to be is checked.
                "expression": "request.operation != 'UPDATE' || !has(object.metadata.deletionTimestamp)",
            }],
            "variables": cel::variables("object"),
            "validations": rules.iter().map(|r| r.validation(Some("Forbidden"))).collect::<Vec<_>>(),
        },
    })
}

fn binding(policy: &AdmissionPolicy, name: &str, binding: &str) -> Value {
    let mut spec = json!({"policyName": name, "validationActions": ["Deny"]});
    if let Some(selector) = namespace_selector(policy) {
        spec["matchResources"] = json!({"namespaceSelector": selector});
    }
    json!({
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": binding},
        "spec": spec,
    })
}
