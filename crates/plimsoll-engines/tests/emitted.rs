//! The shape of what is emitted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;

use common::{emitted, policy};
use plimsoll_engines::{EmitOptions, cluster_image_policy, emit, limits, verify_config};
use plimsoll_intent::{Engine, FailurePolicy, Transparency};
use serde_json::{Value, json};

const ENGINES: [Engine; 4] = [Engine::Vap, Engine::Kyverno, Engine::Gatekeeper, Engine::Webhook];

fn plain() -> plimsoll_intent::AdmissionPolicy {
    policy(&["registry.example.com/**"])
}

#[test]
fn files_are_kebab_case_and_name_their_kind() {
    for engine in ENGINES {
        for options in [EmitOptions::default(), EmitOptions { static_manifests: true }] {
            for (path, text) in emit(engine, &plain(), options) {
                let stem = path.rsplit('/').next().unwrap().strip_suffix(".yaml").unwrap();
                assert!(stem.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{path}");
                let document: Value = serde_saphyr::from_str(&text).unwrap();
                let squeezed = stem.replace('-', "");
                let kind = document["kind"].as_str().unwrap().to_lowercase();
                let is_constraint = kind == "plimsollworkloadtrust";
                assert!(squeezed.ends_with(if is_constraint { "constraint" } else { &kind }), "{path} is a {kind}");
                assert!(!text.contains("pod-security.kubernetes.io"), "{path} owns no Pod Security label");
                assert!(text.is_ascii() && text.ends_with('\n'), "{path}");
            }
        }
    }
}

#[test]
fn limits_stand_at_the_head_of_each_file() {
    for engine in ENGINES {
        for text in emit(engine, &plain(), EmitOptions::default()).values() {
            for limit in limits(engine) {
                assert!(text.contains(&limit), "{engine:?}: {limit}");
            }
            assert!(text.contains("# Not checked, by decision: namespaces kube-system."));
        }
    }
    assert!(limits(Engine::Webhook).is_empty());
    let cannot = |e: Engine| limits(e).iter().any(|l| l.contains("cannot verify signatures"));
    assert!(cannot(Engine::Vap) && cannot(Engine::Gatekeeper) && !cannot(Engine::Kyverno));
}

#[test]
fn same_policy_same_bytes() {
    for engine in ENGINES {
        let once = emit(engine, &plain(), EmitOptions::default());
        assert_eq!(once, emit(engine, &plain(), EmitOptions::default()));
    }
    assert_eq!(verify_config(&plain()), verify_config(&plain()));
}

#[test]
fn static_manifests_are_named_as_the_api_server_demands() {
    for text in emit(Engine::Vap, &plain(), EmitOptions { static_manifests: true }).values() {
        let document: Value = serde_saphyr::from_str(text).unwrap();
        assert!(document["metadata"]["name"].as_str().unwrap().ends_with(".static.k8s.io"));
        if let Some(bound) = document["spec"]["policyName"].as_str() {
            assert_eq!(bound, "plimsoll-workload-trust.static.k8s.io");
        }
        assert!(document["spec"].get("paramKind").is_none());
    }
}

#[test]
fn every_engine_matches_every_workload_and_subresource() {
    let vap = emitted(Engine::Vap, &plain());
    let resources = |rules: &Value| -> BTreeSet<String> {
        let rules = rules.as_array().unwrap().iter().flat_map(|r| r["resources"].as_array().unwrap().clone());
        rules.map(|r| r.as_str().unwrap().to_owned()).collect()
    };
    let all: BTreeSet<String> = [
        "pods",
        "pods/ephemeralcontainers",
        "replicationcontrollers",
        "podtemplates",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
    ]
    .map(str::to_owned)
    .into();
    let matched = &vap["ValidatingAdmissionPolicy"]["spec"]["matchConstraints"];
    assert_eq!((resources(&matched["resourceRules"]), &matched["matchPolicy"]), (all.clone(), &json!("Equivalent")));
    let kyverno = emitted(Engine::Kyverno, &plain());
    assert_eq!(resources(&kyverno["ValidatingPolicy"]["spec"]["matchConstraints"]["resourceRules"]), all);
    let pods = resources(&kyverno["ImageValidatingPolicy"]["spec"]["matchConstraints"]["resourceRules"]);
    assert!(pods.contains("pods") && pods.contains("pods/ephemeralcontainers"));
    let gatekeeper = emitted(Engine::Gatekeeper, &plain());
    let kinds = gatekeeper["PlimsollWorkloadTrust"]["spec"]["match"]["kinds"].as_array().unwrap();
    assert_eq!(kinds.iter().map(|k| k["kinds"].as_array().unwrap().len()).sum::<usize>(), 9);
    let name = &gatekeeper["ConstraintTemplate"]["metadata"]["name"];
    assert_eq!(name, "plimsollworkloadtrust", "the lower-cased kind");
}

#[test]
fn namespaces_and_failure_follow_the_policy() {
    let mut policy = plain();
    let selector = json!({"matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]});
    let vap = emitted(Engine::Vap, &policy);
    assert_eq!(vap["ValidatingAdmissionPolicyBinding"]["spec"]["matchResources"]["namespaceSelector"], selector);
    assert_eq!(vap["ValidatingAdmissionPolicy"]["spec"]["failurePolicy"], "Fail");
    let kyverno = emitted(Engine::Kyverno, &policy);
    for kind in ["ValidatingPolicy", "ImageValidatingPolicy"] {
        assert_eq!(kyverno[kind]["spec"]["matchConstraints"]["namespaceSelector"], selector);
    }
    policy.exclude_namespaces.clear();
    policy.failure_policy = FailurePolicy::Ignore;
    let vap = emitted(Engine::Vap, &policy);
    assert!(vap["ValidatingAdmissionPolicyBinding"]["spec"].get("matchResources").is_none());
    assert_eq!(vap["ValidatingAdmissionPolicy"]["spec"]["failurePolicy"], "Ignore");
    let webhook = emitted(Engine::Webhook, &policy);
    let hook = &webhook["ValidatingWebhookConfiguration"]["webhooks"][0];
    assert_eq!((&hook["failurePolicy"], &hook["sideEffects"]), (&json!("Ignore"), &json!("None")));
}

#[test]
fn kyverno_signers_carry_keys_and_anchored_identities() {
    let mut policy = plain();
    let spec = emitted(Engine::Kyverno, &policy)["ImageValidatingPolicy"]["spec"].clone();
    assert_eq!(spec["attestors"][0]["cosign"]["key"]["data"], common::PEM);
    assert_eq!(spec["attestors"][0]["cosign"]["ctlog"]["insecureIgnoreTlog"], true);
    let identity = &spec["attestors"][1]["cosign"]["keyless"]["identities"][0];
    assert_eq!(identity["subjectRegExp"], "^(?:https://github.com/shop/.+)$");
    assert_eq!(spec["attestors"][1]["cosign"]["ctlog"]["insecureIgnoreTlog"], false, "a certificate needs its time");
    assert_eq!(spec["images"][0]["name"], "imageVolumes");
    assert_eq!(spec["validations"].as_array().unwrap().len(), 3);
    policy.transparency = Transparency::Required;
    policy.provenance = None;
    let spec = emitted(Engine::Kyverno, &policy)["ImageValidatingPolicy"]["spec"].clone();
    assert_eq!(spec["attestors"][0]["cosign"]["ctlog"]["insecureIgnoreTlog"], false);
    assert!(spec.get("attestations").is_none() && spec["validations"].as_array().unwrap().len() == 1);
}

#[test]
fn hostile_decisions_stay_data() {
    let mut policy = policy(&["x') || true || ('/**", "a\nb/**", "`\"${{/*"]);
    policy.exclude_namespaces = vec!["a\nkind: Evil".to_owned()];
    policy.signers[0].images = vec!["') || true || ('".to_owned()];
    for engine in ENGINES {
        for text in emit(engine, &policy, EmitOptions::default()).values() {
            let _: Value = serde_saphyr::from_str(text).unwrap();
        }
    }
    let engines = common::Engines::new(&policy);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [
        {"name": "a", "image": format!("evil.io/x@sha256:{}", "a".repeat(64))}]}});
    for (engine, failed) in engines.all(&pod) {
        assert!(failed.iter().any(|m| m.starts_with("PL-A011")), "{engine}: {failed:?}");
    }
}

#[test]
fn verification_configuration_reads_back() {
    let config: Value = serde_saphyr::from_str(&verify_config(&plain())).unwrap();
    assert_eq!(config["signers"][0]["key"], common::PEM);
    let check = config["signers"][1]["check"].as_str().unwrap();
    assert!(check.contains("--certificate-identity-regexp '^(?:https://github.com/shop/.+)$'"), "{check}");
    assert_eq!((&config["tier"], &config["provenance"]["minLevel"]), (&json!(0), &json!(2)));
    let text = cluster_image_policy(&plain());
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0]["metadata"]["name"], "plimsoll-shop-ci-cluster-image-policy");
    assert_eq!(documents[0]["spec"]["authorities"][0]["signatureFormat"], "bundle");
    let cue = documents[0]["spec"]["authorities"][0]["attestations"][0]["policy"]["data"].as_str().unwrap();
    assert!(cue.contains(common::BUILDER) && !cue.contains("laptop"), "{cue}");
}
