//! Engines: admission policies emitted for Kyverno, Gatekeeper and ValidatingAdmissionPolicy.
//!
//! Every emitted rule says what the native evaluator decides from a manifest, in the engine's own language; a conformance
//! suite evaluates the emitted text and proves that the two agree. What an engine cannot say is named by [`limits`] and
//! stands at the head of its files. No file ever sets a Pod Security label: that floor belongs to the cluster's owners.

mod cel;
mod config;
mod gatekeeper;
mod kyverno;
mod limits;
mod rego;
mod vap;
mod webhook;
mod yaml;

use std::collections::BTreeMap;

use plimsoll_intent::{AdmissionPolicy, Engine, FailurePolicy};
use serde_json::{Value, json};

pub use config::{cluster_image_policy, verify_config};
pub use limits::limits;

/// How to emit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmitOptions {
    /// For ValidatingAdmissionPolicy and webhooks loaded by the API server from files (names end in `.static.k8s.io`,
    /// active before the first request, not deletable through the API). Other engines have no such form.
    pub static_manifests: bool,
}

/// The policy files of one engine, by path relative to the output directory. Same policy, same bytes.
pub fn emit(engine: Engine, policy: &AdmissionPolicy, options: EmitOptions) -> BTreeMap<String, String> {
    match engine {
        Engine::Vap => vap::emit(policy, options),
        Engine::Kyverno => kyverno::emit(policy),
        Engine::Gatekeeper => gatekeeper::emit(policy),
        Engine::Webhook => webhook::emit(policy, options),
    }
}

/// Base name of everything that is emitted.
pub(crate) const NAME: &str = "plimsoll-workload-trust";

/// The suffix that the API server demands of manifests it loads from files.
pub(crate) const STATIC_SUFFIX: &str = ".static.k8s.io";

pub(crate) fn failure_policy(policy: &AdmissionPolicy) -> &'static str {
    match policy.failure_policy {
        FailurePolicy::Fail => "Fail",
        FailurePolicy::Ignore => "Ignore",
    }
}

/// The selector that leaves excluded namespaces alone; `None` if there are none. The label is one that the API server
/// sets itself, so nobody can move a namespace out of reach.
pub(crate) fn namespace_selector(policy: &AdmissionPolicy) -> Option<Value> {
    let excluded = &policy.exclude_namespaces;
    (!excluded.is_empty()).then(|| {
        json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": excluded}]})
    })
}

/// What the API server is to match: every workload, on creation and update, and ephemeral containers.
pub(crate) fn resource_rules(versions: &str) -> Value {
    let rule = |group: &str, resources: Value| {
        json!({
            "apiGroups": [group],
            "apiVersions": [versions],
            "operations": ["CREATE", "UPDATE"],
            "resources": resources,
        })
    };
    json!([
        rule("", json!(["pods", "pods/ephemeralcontainers", "replicationcontrollers", "podtemplates"])),
        rule("apps", json!(["deployments", "replicasets", "statefulsets", "daemonsets"])),
        rule("batch", json!(["jobs", "cronjobs"])),
    ])
}

/// A file: what it is, what its engine cannot do, then the documents.
pub(crate) fn file(engine: Engine, about: &str, policy: &AdmissionPolicy, documents: &[Value]) -> String {
    let mut head = vec![format!("{about} (tier {}).", policy.tier.number()), String::new()];
    let limits = limits(engine);
    if !limits.is_empty() {
        head.push("What this engine cannot do:".to_owned());
        head.extend(limits.iter().map(|l| format!("- {l}")));
        head.push(String::new());
    }
    if !policy.exclude_namespaces.is_empty() {
        head.push(format!("Not checked, by decision: namespaces {}.", policy.exclude_namespaces.join(", ")));
    }
    head.push("Pod Security labels are not set here: this extends that floor and does not own it.".to_owned());
    yaml::documents(&head, documents)
}
