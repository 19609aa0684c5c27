//! Gatekeeper: a ConstraintTemplate with a CEL and a Rego engine, and its constraint.

use std::collections::BTreeMap;

use plimsoll_intent::{AdmissionPolicy, Engine, glob_regex};
use serde_json::{Value, json};

use crate::{NAME, cel, failure_policy, file, rego};

const KIND: &str = "PlimsollWorkloadTrust";

pub(crate) fn emit(policy: &AdmissionPolicy) -> BTreeMap<String, String> {
    let about = "Refuses workloads whose images or security contexts are not as decided; both engines say the same";
    BTreeMap::from([
        (
            format!("gatekeeper/{NAME}-constraint-template.yaml"),
            file(Engine::Gatekeeper, about, policy, &[template(policy)]),
        ),
        (
            format!("gatekeeper/{NAME}-constraint.yaml"),
            file(Engine::Gatekeeper, "Puts the template to work in every namespace", policy, &[constraint(policy)]),
        ),
    ])
}

fn template(policy: &AdmissionPolicy) -> Value {
    let allowed = "variables.params.?registries.orValue([]).exists(r, n.matches(r))";
    let rules = cel::rules(allowed);
    json!({
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": KIND.to_lowercase()},
        "spec": {
            "crd": {"spec": {
                "names": {"kind": KIND},
                "validation": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"registries": {
                        "description": "Anchored regular expressions over registry/repository; none allows nothing.",
                        "type": "array",
                        "items": {"type": "string"},
                    }},
                }},
            }},
            "targets": [{
                "target": "admission.k8s.gatekeeper.sh",
                "code": [
                    {"engine": "K8sNativeValidation", "source": {
                        "failurePolicy": failure_policy(policy),
                        "generateVAP": true,
                        "matchConditions": [{
                            "name": "not-being-deleted",
                            "expression": "object == null || !has(object.metadata.deletionTimestamp)",
                        }],
                        "variables": cel::variables("variables.anyObject"),
                        "validations": rules.iter().map(|r| r.validation(None)).collect::<Vec<_>>(),
                    }},
                    {"engine": "Rego", "source": {"version": "v1", "rego": rego::module(&KIND.to_lowercase())}},
                ],
            }],
        },
    })
}

fn constraint(policy: &AdmissionPolicy) -> Value {
    let kinds = |group: &str, kinds: &[&str]| json!({"apiGroups": [group], "kinds": kinds});
    let mut matched = json!({"kinds": [
        kinds("", &["Pod", "ReplicationController", "PodTemplate"]),
        kinds("apps", &["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]),
        kinds("batch", &["Job", "CronJob"]),
    ]});
    if !policy.exclude_namespaces.is_empty() {
        matched["excludedNamespaces"] = json!(policy.exclude_namespaces);
    }
    let patterns: Vec<_> = policy.registries.iter().map(|g| glob_regex(g)).collect();
    json!({
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": KIND,
        "metadata": {"name": NAME},
        "spec": {
            "enforcementAction": "deny",
            "match": matched,
            "parameters": {"registries": patterns},
        },
    })
}
