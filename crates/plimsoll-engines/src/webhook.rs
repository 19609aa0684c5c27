//! The registration of plimsoll's own webhook.

use std::collections::BTreeMap;

use plimsoll_intent::{AdmissionPolicy, Engine};
use serde_json::json;

use crate::{EmitOptions, NAME, STATIC_SUFFIX, failure_policy, file, namespace_selector, resource_rules};

pub(crate) fn emit(policy: &AdmissionPolicy, options: EmitOptions) -> BTreeMap<String, String> {
    let (place, name, client) = if options.static_manifests {
        // Loaded before any Service exists, so it can only be reached by URL.
        let client = json!({"url": "https://127.0.0.1:8443/validate"});
        ("webhook-static", format!("{NAME}{STATIC_SUFFIX}"), client)
    } else {
        let service =
            json!({"name": "plimsoll-admit", "namespace": "plimsoll-system", "path": "/validate", "port": 443});
        ("webhook", NAME.to_owned(), json!({"service": service}))
    };
    let mut webhook = json!({
        "name": "workload-trust.plimsoll.dev",
        "admissionReviewVersions": ["v1"],
        "clientConfig": client,
        "failurePolicy": failure_policy(policy),
        "matchPolicy": "Equivalent",
        "rules": resource_rules("*"),
        "sideEffects": "None",
        "timeoutSeconds": 10,
    });
    if let Some(selector) = namespace_selector(policy) {
        webhook["namespaceSelector"] = selector;
    }
    let object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    });
    let about = "Sends every workload to plimsoll admit serve; set clientConfig.caBundle to the CA of its certificate";
    let path = format!("{place}/{NAME}-validating-webhook-configuration.yaml");
    BTreeMap::from([(path, file(Engine::Webhook, about, policy, &[object]))])
}
