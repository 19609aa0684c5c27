//! The emitted text and the native evaluator decide alike: over the corpus, and over generated pods.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use cel::{Context, ExecutionError, Value as Cel};
use common::{BUILDER, CelPolicy, Engines, emitted, images, policy, rule_of};
use plimsoll_admit::corpus::{Expect, cases};
use plimsoll_admit::structural_findings;
use plimsoll_finding::admission;
use plimsoll_intent::{AdmissionPolicy, Engine};
use plimsoll_workload::{Origin, WORKLOAD_KINDS, workload_from_object};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Rules the native evaluator breaks a manifest on, as the engines word them.
fn native(object: &Value, policy: &AdmissionPolicy) -> BTreeSet<&'static str> {
    let workload = workload_from_object(object.clone(), Origin::default()).unwrap();
    let found = structural_findings(&workload, policy);
    let found = found.iter().filter(|f| f.is_error() && f.code != admission::UNKNOWN_IMAGE_FIELD);
    found.map(|f| rule_of(f.code.as_str())).collect()
}

#[test]
fn every_engine_decides_the_structural_corpus() {
    let policy = policy(&["registry.example.com/**"]);
    let engines = Engines::new(&policy);
    let mut seen = 0;
    for case in cases(&images()).iter().filter(|c| c.structural) {
        for (engine, failed) in engines.all(&case.manifest) {
            let rules: BTreeSet<_> = failed.iter().map(|m| rule_of(m)).collect();
            match case.expect {
                Expect::Allow => assert!(failed.is_empty(), "{engine} {}: {failed:?}", case.name),
                // No image at all, or one that cannot be read, has no repository to compare.
                Expect::Deny(admission::MISSING_DIGEST | admission::BAD_REFERENCE) => {
                    assert!(rules.contains("digest"), "{engine} {}: {failed:?}", case.name);
                }
                Expect::Deny(code) => {
                    let expected = BTreeSet::from([rule_of(code.as_str())]);
                    assert_eq!(rules, expected, "{engine} {}: {failed:?}", case.name);
                }
            }
        }
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn objects_on_their_way_out_are_left_alone_on_update_only() {
    let policy = policy(&["registry.example.com/**"]);
    let engines = Engines::new(&policy);
    let bad = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "image": "evil"}]},
        "metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    assert!(engines.vap.evaluate(&bad, "UPDATE", &[], &|_| {}).is_empty());
    assert!(!engines.vap.evaluate(&bad, "CREATE", &[], &|_| {}).is_empty());
    assert!(engines.rego(&bad, "UPDATE").is_empty());
    assert!(!engines.rego(&bad, "CREATE").is_empty());
}

#[test]
fn messages_name_the_offender() {
    let engines = Engines::new(&policy(&["registry.example.com/**"]));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
        "spec": {"containers": [{"name": "web", "image": "nginx:latest"}]}});
    for (engine, failed) in engines.all(&pod) {
        let text = failed.join("\n");
        assert!(text.contains("nginx:latest") && text.contains("web"), "{engine}: {text}");
    }
}

#[test]
fn unreadable_pods_fail_closed() {
    let engines = Engines::new(&policy(&["**"]));
    for bad in [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}),
    ] {
        for (engine, failed) in engines.all(&bad) {
            assert!(!failed.is_empty(), "{engine} lets {bad} in");
        }
    }
}

/// Signature facts of the corpus' images, as Kyverno would find them: (signed, provenance).
fn facts(image: &str) -> (bool, bool) {
    let images = images();
    let is = |digest: &plimsoll_oci::Digest| image.ends_with(&format!("@{digest}"));
    let both = is(&images.good) || is(&images.other) || is(&images.root);
    if both {
        (true, true)
    } else if is(&images.no_provenance) || is(&images.wrong_provenance) {
        (true, false)
    } else {
        (false, is(&images.unsigned))
    }
}

fn kyverno_stubs(context: &mut Context<'_, '_>) {
    // Only the shop's signer signed anything, whatever other attestors a policy asks about.
    let by_shop = |attestors: &[Cel]| attestors.iter().any(|a| *a == Cel::from("signerShopCi"));
    context
        .add_function("verifyImageSignatures", move |image: Arc<String>, attestors: Arc<Vec<Cel>>| -> i64 {
            i64::from(facts(&image).0 && by_shop(&attestors))
        })
        .unwrap();
    context
        .add_function(
            "verifyAttestationSignatures",
            move |image: Arc<String>, _attestation: Arc<String>, attestors: Arc<Vec<Cel>>| -> i64 {
                i64::from(facts(&image).1 && by_shop(&attestors))
            },
        )
        .unwrap();
    context
        .add_function(
            "extractPayload",
            |image: Arc<String>, _attestation: Arc<String>| -> Result<Cel, ExecutionError> {
                match facts(&image).1 {
                    true => {
                        Ok(cel::to_value(json!({"predicate": {"runDetails": {"builder": {"id": BUILDER}}}})).unwrap())
                    }
                    false => Err(ExecutionError::function_error("extractPayload", "no such attestation")),
                }
            },
        )
        .unwrap();
}

fn image_policy(policy: &AdmissionPolicy) -> impl Fn(&Value) -> Vec<String> + use<> {
    let spec = emitted(Engine::Kyverno, policy)["ImageValidatingPolicy"]["spec"].clone();
    let evaluator = CelPolicy::new(&spec);
    let attestors: Value = spec["attestors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|a| (a["name"].as_str().unwrap().to_owned(), a["name"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let volumes = spec["images"][0]["expression"].as_str().unwrap().to_owned();
    move |object: &Value| {
        let list = |key: &str| -> Vec<Value> {
            let items = object["spec"][key].as_array().into_iter().flatten();
            items.map(|c| c["image"].clone()).collect()
        };
        let extracted = {
            let mut context = Context::default();
            context.add_variable_from_value("object", cel::to_value(object).unwrap());
            context.add_variable_from_value("oldObject", Cel::Null);
            cel::Env::stdlib().compile(&volumes).unwrap().execute(&context).unwrap()
        };
        let mut images = std::collections::HashMap::from([("imageVolumes".to_owned(), extracted)]);
        for key in ["containers", "initContainers", "ephemeralContainers"] {
            images.insert(key.to_owned(), cel::to_value(list(key)).unwrap());
        }
        let images = Cel::from(images);
        let attestors = cel::to_value(&attestors).unwrap();
        evaluator.evaluate(object, "CREATE", &[], &|context| {
            context.add_variable_from_value("images", images.clone());
            context.add_variable_from_value("attestors", attestors.clone());
            context
                .add_variable_from_value("attestations", cel::to_value(json!({"provenance": "provenance"})).unwrap());
            kyverno_stubs(context);
        })
    }
}

#[test]
fn kyvernos_image_policy_refuses_what_is_not_signed_or_not_attested() {
    let check = image_policy(&policy(&["registry.example.com/**"]));
    let mut refused = BTreeSet::new();
    for case in cases(&images()).iter().filter(|c| c.manifest["kind"] == "Pod") {
        let failed = check(&case.manifest);
        match case.expect {
            Expect::Allow => assert!(failed.is_empty(), "{}: {failed:?}", case.name),
            Expect::Deny(code) => {
                let signature = [admission::UNSIGNED, admission::WRONG_SIGNER].contains(&code);
                let provenance = [admission::NO_PROVENANCE, admission::PROVENANCE_MISMATCH].contains(&code);
                if signature || provenance {
                    let first = if signature { "PL-A001" } else { "PL-A012" };
                    assert!(failed.iter().any(|m| m.starts_with(first)), "{}: {failed:?}", case.name);
                    refused.insert(code);
                }
            }
        }
    }
    assert_eq!(refused.len(), 4);
}

#[test]
fn kyvernos_image_policy_asks_a_signer_only_about_its_images() {
    let mut other = policy(&["registry.example.com/**"]);
    other.signers[0].images = vec!["registry.example.com/other/*".to_owned()];
    let good = cases(&images())[0].manifest.clone();
    assert!(!image_policy(&other)(&good).is_empty(), "the shop's signer is not trusted here");
    other.signers.clear();
    assert!(!image_policy(&other)(&good).is_empty(), "nobody is trusted");
    let mut weak = policy(&["registry.example.com/**"]);
    weak.provenance.as_mut().unwrap().min_level = 3;
    let failed = image_policy(&weak)(&good);
    assert!(failed.len() == 1 && failed[0].starts_with("PL-A014"), "{failed:?}");
}

/// Policies the generated pods meet.
const REGISTRIES: [&[&str]; 7] = [
    &["registry.example.com/**"],
    &["docker.io/library/*", "ghcr.io/shop/**"],
    &["**"],
    &[],
    &["registry.example.com/shop/*", "localhost:5000/**"],
    &["*/shop/web"],
    &["docker.io/**/web", "registry.example.com"],
];

static ENGINES: LazyLock<Vec<(AdmissionPolicy, Engines)>> =
    LazyLock::new(|| REGISTRIES.iter().map(|r| policy(r)).map(|p| (p.clone(), Engines::new(&p))).collect());

fn image() -> impl Strategy<Value = String> {
    let hex = "0123456789abcdef".repeat(4);
    let host = prop::sample::select(vec![
        "",
        "",
        "docker.io/",
        "index.docker.io/",
        "registry-1.docker.io/",
        "localhost/",
        "localhost:5000/",
        "registry.example.com/",
        "registry.example.com/",
        "registry.example.com:443/",
        "registry.example.com.evil.io/",
        "ghcr.io/",
        "[::1]:5000/",
        "UPPER.example.com/",
        "-bad.io/",
    ]);
    let path = prop::sample::select(vec![
        "nginx",
        "library/nginx",
        "shop/web",
        "shop/web",
        "shop/web/debug",
        "shop",
        "a//b",
        "Shop/web",
        "shop-/x",
        "shop__web",
        "shop_.web",
        "a--b/c.d",
        "..",
        "web",
        "localhost/web",
    ]);
    let tag = prop::sample::select(vec!["", "", ":1.2", ":latest", ":sha256-0123", ":", ":a:b", ":-x"]);
    let digest = prop::sample::select(vec![
        format!("@sha256:{hex}"),
        format!("@sha256:{hex}"),
        format!("@sha256:{hex}"),
        String::new(),
        format!("@sha256:{}", hex.to_uppercase()),
        format!("@sha256:{}", &hex[..12]),
        format!("@sha512:{hex}{hex}"),
        "@".to_owned(),
        format!("@sha256:{hex}@sha256:{hex}"),
        format!("@sha256:{hex}0"),
    ]);
    (host, path, tag, digest).prop_map(|(h, p, t, d)| format!("{h}{p}{t}{d}"))
}

/// A security context with some of the given settings.
fn context(settings: Vec<(&'static str, Vec<Value>)>) -> impl Strategy<Value = Option<Value>> {
    let fields: Vec<_> = settings
        .into_iter()
        .map(|(key, values)| {
            prop::option::of(prop::sample::select(values)).prop_map(move |v| v.map(|v| (key.to_owned(), v)))
        })
        .collect();
    prop::option::weighted(0.9, fields.prop_map(|f| Value::Object(f.into_iter().flatten().collect())))
}

fn users() -> Vec<(&'static str, Vec<Value>)> {
    let name = |n: &str| json!({"runAsUserName": n});
    vec![
        ("runAsUser", vec![json!(0), json!(1000), json!(65532)]),
        ("runAsGroup", vec![json!(0), json!(1000), json!(1000)]),
        ("runAsNonRoot", vec![json!(true), json!(true), json!(true), json!(false)]),
        ("windowsOptions", vec![name("ContainerUser"), name("containerADMINISTRATOR"), json!({}), json!({})]),
    ]
}

fn container() -> impl Strategy<Value = Value> {
    let mut settings = users();
    settings.push(("readOnlyRootFilesystem", vec![json!(true), json!(true), json!(true), json!(false)]));
    (image(), context(settings)).prop_map(|(image, context)| {
        let mut out = json!({"name": "c", "image": image});
        if let Some(context) = context {
            out["securityContext"] = context;
        }
        out
    })
}

fn workload() -> impl Strategy<Value = Value> {
    let mut settings = users();
    settings.push(("fsGroup", vec![json!(0), json!(1000), json!(1000)]));
    settings.push(("supplementalGroups", vec![json!([]), json!([1, 2]), json!([0])]));
    let volume = prop_oneof![
        Just(json!({"name": "v", "emptyDir": {}})),
        image().prop_map(|i| json!({"name": "v", "image": {"reference": i}})),
        Just(json!({"name": "v", "image": {}})),
    ];
    let list = |max: usize| prop::collection::vec(container(), 0..max);
    let parts = (prop::collection::vec(container(), 1..3), list(2), list(2), prop::collection::vec(volume, 0..2));
    (prop::sample::select(&WORKLOAD_KINDS[..]), parts, context(settings)).prop_map(
        |((kind, group, path), (main, init, ephemeral, volumes), context)| {
            let mut spec = json!({"containers": main});
            for (key, list) in [("initContainers", init), ("ephemeralContainers", ephemeral), ("volumes", volumes)] {
                if !list.is_empty() {
                    spec[key] = json!(list);
                }
            }
            if let Some(context) = context {
                spec["securityContext"] = context;
            }
            let mut object = path.iter().rev().fold(spec, |inner, key| json!({ *key: inner }));
            object["kind"] = json!(kind);
            object["apiVersion"] = json!(if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") });
            object["metadata"] = json!({"name": "w"});
            object
        },
    )
}

/// All engines and the native evaluator on one object under one policy.
fn agree(object: &Value, policy: &AdmissionPolicy, engines: &Engines) {
    let expected = native(object, policy);
    // A name that cannot be read has no repository, so only that it is refused can be compared.
    let readable = {
        let workload = workload_from_object(object.clone(), Origin::default()).unwrap();
        let found = structural_findings(&workload, policy);
        !found.iter().any(|f| f.code == admission::BAD_REFERENCE)
            && workload.images().iter().all(|i| !i.image.is_empty())
    };
    for (engine, failed) in engines.all(object) {
        let mut rules: BTreeSet<_> = failed.iter().map(|m| rule_of(m)).collect();
        let mut expected = expected.clone();
        assert_eq!(rules.is_empty(), expected.is_empty(), "{engine}: {failed:?} against {expected:?}\n{object:#}");
        if !readable {
            for set in [&mut rules, &mut expected] {
                set.remove("registry");
                set.remove("digest");
            }
        }
        assert_eq!(rules, expected, "{engine}: {failed:?}\n{object:#}");
    }
}

fn pod_with(image: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "w"}, "spec": {
        "securityContext": {"runAsNonRoot": true},
        "containers": [{"name": "c", "image": image, "securityContext": {"readOnlyRootFilesystem": true}}]}})
}

#[test]
fn every_spelling_of_docker_hub_is_one_registry() {
    let hub = policy(&["docker.io/library/*"]);
    let engines = Engines::new(&hub);
    let digest = images().good;
    for (name, allowed) in [
        ("nginx", true),
        ("nginx:1.2", true),
        ("library/nginx", true),
        ("docker.io/nginx", true),
        ("docker.io/library/nginx:1", true),
        ("index.docker.io/nginx", true),
        ("index.docker.io/library/nginx", true),
        ("registry-1.docker.io/nginx", true),
        ("registry-1.docker.io/library/nginx", true),
        ("nginxevil/x", false),
        ("evil/nginx", false),
        ("localhost/nginx", false),
        ("docker.io.evil.io/library/nginx", false),
        ("docker.io:443/library/nginx", false),
        ("xindex.docker.io/nginx", false),
        ("docker.io/library/nginx/evil", false),
    ] {
        let object = pod_with(&format!("{name}@{digest}"));
        assert_eq!(native(&object, &hub).is_empty(), allowed, "{name}");
        agree(&object, &hub, &engines);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_workloads_are_decided_alike(object in workload(), index in 0..REGISTRIES.len()) {
        let (policy, engines) = &ENGINES[index];
        agree(&object, policy, engines);
    }

    #[test]
    fn generated_image_names_are_decided_alike(image in image(), index in 0..REGISTRIES.len()) {
        let (policy, engines) = &ENGINES[index];
        let object = pod_with(&image);
        agree(&object, policy, engines);
    }
}
