//! Manifest patches and contradictions.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_finding::{Finding, manifest as m};
use plimsoll_harden::{Deployed, PatchFacts, Writable, contradictions, patches, rendered, rendered_yaml};
use plimsoll_intent::RuntimeRule;
use plimsoll_oci::{Config, Digest};
use plimsoll_workload::{Origin, Workload, workload_from_object};
use serde_json::{Value, json};

#[path = "support/image.rs"]
mod image;
use image::{File, tree};

fn deployment(pod: Value) -> Workload {
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": pod}}});
    workload_from_object(object, Origin::default()).unwrap()
}

fn writable() -> Vec<Writable> {
    ["/run", "/run/app", "/tmp"].iter().map(|p| Writable { path: (*p).into(), mode: 0o755, why: "x".into() }).collect()
}

fn facts<'a>(references: &'a [String], digest: &'a Digest, writable: &'a [Writable]) -> PatchFacts<'a> {
    PatchFacts {
        references,
        new_name: Some("registry.example/hard/web"),
        digest: Some(digest),
        uid: 65532,
        gid: 65532,
        writable,
    }
}

/// What kustomize's strategic merge does, for the shapes the patches use: maps merge, lists of named things merge by name
/// (mounts by path), other lists are replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) if from.iter().all(Value::is_object) && !from.is_empty() => {
            for item in from {
                let key = if item.get("mountPath").is_some() { "mountPath" } else { "name" };
                match into.iter_mut().find(|i| i[key] == item[key]) {
                    Some(found) => merge(found, item),
                    None => into.push(item.clone()),
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn applied(workload: &Workload, files: &BTreeMap<String, String>) -> Workload {
    let mut object = workload.object.clone();
    for (name, text) in files {
        if name.ends_with(".patch.yaml") {
            merge(&mut object, &parse(text));
        } else if name.ends_with(".remove.yaml") {
            for op in parse(text).as_array().unwrap() {
                let path = op["path"].as_str().unwrap();
                let (parent, key) = path.rsplit_once('/').unwrap();
                object.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
            }
        }
    }
    workload_from_object(object, Origin::default()).unwrap()
}

#[test]
fn one_run_hardens_every_list_and_a_second_finds_nothing() {
    let workload = deployment(json!({
        "securityContext": {"runAsUser": 0},
        "initContainers": [{"name": "init", "image": "registry.example/web:1", "command": ["sh", "-c", "exec app --migrate"]}],
        "containers": [{
            "name": "web", "image": "registry.example/web:1",
            "securityContext": {"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}, "readOnlyRootFilesystem": true},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            "readinessProbe": {"periodSeconds": 3, "exec": {"command": ["sh", "-c", "app --check"]}},
        }],
        "ephemeralContainers": [{"name": "debug", "image": "registry.example/web:1"}],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }));
    let digest = Digest::sha256(b"hardened");
    let (references, writable) = (Vec::new(), writable());
    let facts = facts(&references, &digest, &writable);
    let runtime = RuntimeRule::default();
    let files = patches(std::slice::from_ref(&workload), &facts, &runtime);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["kustomization.yaml", "shop-web-deployment.patch.yaml", "shop-web-deployment.remove.yaml"]);
    let kustomization = parse(&files["kustomization.yaml"]);
    assert_eq!(kustomization["kind"], "Component");
    assert_eq!(
        kustomization["images"],
        json!([{"name": "registry.example/web", "newName": "registry.example/hard/web", "digest": digest.to_string()}])
    );
    assert_eq!(kustomization["patches"][0]["target"]["kind"], "Deployment");
    assert!(!files.values().any(|f| f.contains("pod-security")));
    let mut after = applied(&workload, &files);
    for container in after.containers() {
        let security = after.security(&container);
        assert_eq!(security.run_as_user.value(), Some(65532), "{}", container.name);
        assert_eq!(security.run_as_group.value(), Some(65532));
        assert_eq!(security.run_as_non_root.value(), Some(true));
        assert_eq!(security.read_only_root.value(), Some(true));
        assert_eq!(security.allow_privilege_escalation.value(), Some(false));
        assert!(security.drops_all() && security.capabilities.add.is_empty());
        assert_eq!(security.privileged.value(), None);
        assert_eq!(security.seccomp.as_deref(), Some("RuntimeDefault"));
        let mounts: BTreeSet<String> = container.mounts().into_iter().map(|m| m.path).collect();
        assert_eq!(mounts, ["/run", "/run/app", "/tmp"].map(str::to_owned).into());
        for mount in container.mounts() {
            assert!(after.volume(&mount.volume).is_some(), "{mount:?}");
        }
    }
    assert_eq!(after.pod_spec()["initContainers"][0]["command"], json!(["app", "--migrate"]));
    let probe = &after.pod_spec()["containers"][0]["readinessProbe"];
    assert_eq!((&probe["periodSeconds"], &probe["exec"]["command"]), (&json!(3), &json!(["app", "--check"])));
    assert_eq!(after.fs_group().value(), Some(65532));
    // The images transformer is kustomize's; with its effect written in, nothing is left to do.
    let image = format!("registry.example/hard/web@{digest}");
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        after.object["spec"]["template"]["spec"][list][0]["image"] = json!(image);
    }
    assert_eq!(patches(std::slice::from_ref(&after), &facts, &runtime), BTreeMap::new());
    let out = rendered(std::slice::from_ref(&workload), &facts, &runtime);
    assert_eq!(out, [("shop-web-deployment.yaml".to_owned(), after.object.clone())]);
    let text = rendered_yaml(&[workload], &facts, &runtime);
    assert_eq!(parse(&text["shop-web-deployment.yaml"]), after.object);
}

#[test]
fn rendering_touches_only_our_containers_and_keeps_their_order() {
    let context = json!({"privileged": true});
    let ours = |name: &str| json!({"name": name, "image": "registry.example/web:1", "securityContext": context});
    let other = |name: &str| json!({"name": name, "image": "registry.example/other:1"});
    let workload = deployment(json!({
        "initContainers": [other("first"), ours("second"), other("third")],
        "containers": [other("proxy"), ours("web")],
    }));
    let digest = Digest::sha256(b"hardened");
    let references = vec!["registry.example/web".to_owned()];
    let facts = PatchFacts { new_name: None, ..facts(&references, &digest, &[]) };
    let runtime = RuntimeRule::default();
    let files = patches(std::slice::from_ref(&workload), &facts, &runtime);
    let patch = parse(&files["shop-web-deployment.patch.yaml"]);
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    let spec = &patch["spec"]["template"]["spec"];
    assert_eq!(names(&spec["initContainers"]), ["first", "second"], "kustomize puts the items of a patch first");
    assert_eq!(names(&spec["containers"]), ["proxy", "web"]);
    let entries = parse(&files["kustomization.yaml"])["patches"].clone();
    assert_eq!(entries[0]["path"], "shop-web-deployment.remove.yaml", "positions hold before the merge");

    let service = workload_from_object(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [other("x")]}}),
        Origin::default(),
    );
    let out = rendered(&[workload.clone(), service.clone().unwrap(), workload.clone()], &facts, &runtime);
    let files: Vec<&str> = out.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(files, ["shop-web-deployment.yaml", "x-pod.yaml", "shop-web-deployment-2.yaml"]);
    assert_eq!(out[1].1, service.unwrap().object, "no patch, no change");
    let pod = &out[0].1["spec"]["template"]["spec"];
    assert_eq!(names(&pod["initContainers"]), ["first", "second", "third"]);
    assert_eq!(pod["containers"][0], other("proxy"));
    assert_eq!(pod["containers"][1]["image"], format!("registry.example/web@{digest}"));
    assert_eq!(pod["initContainers"][1]["securityContext"].get("privileged"), None);
    let again: Vec<Workload> =
        out.into_iter().map(|(_, object)| workload_from_object(object, Origin::default()).unwrap()).collect();
    assert_eq!(patches(&again, &facts, &runtime), BTreeMap::new());
}

#[test]
fn containers_of_other_images_are_left_alone() {
    let workload = deployment(json!({"containers": [
        {"name": "web", "image": "registry.example/web@sha256:0000000000000000000000000000000000000000000000000000000000000000"},
        {"name": "proxy", "image": "registry.example/proxy:2"},
    ]}));
    let digest = Digest::sha256(b"hardened");
    let references = vec!["registry.example/web:9".to_owned()];
    let files = patches(&[workload], &facts(&references, &digest, &[]), &RuntimeRule::default());
    let patch = parse(&files["shop-web-deployment.patch.yaml"]);
    let spec = &patch["spec"]["template"]["spec"];
    assert_eq!(spec["containers"].as_array().unwrap().len(), 1);
    assert_eq!(spec["containers"][0]["name"], "web");
    assert_eq!(spec["securityContext"], Value::Null, "the pod's context would reach the other container");
}

#[test]
fn a_decided_capability_stays() {
    let context = json!({"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}});
    let workload = deployment(json!({"containers": [{"name": "web", "image": "a", "securityContext": context}]}));
    let mut runtime = RuntimeRule::default();
    runtime.capabilities.insert("NET_BIND_SERVICE".into(), "port 80".into());
    let digest = Digest::sha256(b"");
    let files = patches(std::slice::from_ref(&workload), &facts(&[], &digest, &[]), &runtime);
    assert!(!files.contains_key("shop-web-deployment.remove.yaml"));
    assert_eq!(
        applied(&workload, &files).object["spec"]["template"]["spec"]["containers"][0]["securityContext"]["capabilities"],
        context["capabilities"]
    );
}

fn found(pod: Value, config: Value) -> Vec<Finding> {
    let (tree, contents) = tree(
        &[
            File("/etc/passwd", 0o644, 0, b"root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n".to_vec()),
            File("/usr/bin/app", 0o755, 0, b"x".to_vec()),
        ],
        &[],
        &[],
    );
    let config = json!({"config": config, "rootfs": {"diff_ids": []}});
    let config = Config::parse(config.to_string().as_bytes()).unwrap();
    let image = Deployed { references: &[], config: &config, tree: &tree, contents: &contents, writable: &[] };
    contradictions(&[deployment(pod)], Some(&image), &BTreeSet::new()).unwrap()
}

fn has(findings: &[Finding], code: plimsoll_finding::Code) -> bool {
    findings.iter().any(|f| f.code == code)
}

#[test]
fn contradictions_are_named() {
    let pod = |context: Value| json!({"securityContext": context, "containers": [{"name": "web", "image": "a"}]});
    let promise = json!({"runAsNonRoot": true});
    assert!(has(&found(pod(promise.clone()), json!({})), m::NON_ROOT_OVER_ROOT));
    assert!(has(&found(pod(promise.clone()), json!({"User": "0:0"})), m::NON_ROOT_OVER_ROOT));
    assert!(
        has(&found(pod(promise.clone()), json!({"User": "ghost"})), m::NON_ROOT_OVER_ROOT),
        "a name nobody knows is root until shown"
    );
    let named = found(pod(promise.clone()), json!({"User": "web"}));
    assert!(has(&named, m::USER_NOT_NUMERIC) && !has(&named, m::NON_ROOT_OVER_ROOT));
    let number = found(pod(promise), json!({"User": "33"}));
    assert!(!has(&number, m::USER_NOT_NUMERIC) && !has(&number, m::NON_ROOT_OVER_ROOT));
    let overridden = found(pod(json!({"runAsNonRoot": true, "runAsUser": 5})), json!({}));
    assert!(!has(&overridden, m::NON_ROOT_OVER_ROOT));
    assert!(has(&found(pod(json!({"runAsUser": 0})), json!({"User": "33"})), m::ROOT_IN_MANIFEST));
}

#[test]
fn mounts_ports_hooks_and_host_reach_are_named() {
    let findings = found(
        json!({"hostPID": true, "volumes": [{"name": "h", "hostPath": {"path": "/var/run/docker.sock"}}], "containers": [{
            "name": "web", "image": "a", "ports": [{"containerPort": 80}],
            "securityContext": {"readOnlyRootFilesystem": true, "runAsUser": 33, "privileged": true, "capabilities": {"add": ["CAP_SYS_TIME"]}},
            "livenessProbe": {"exec": {"command": ["/bin/sh", "-c", "app --ok"]}},
            "readinessProbe": {"exec": {"command": ["gone"]}},
        }]}),
        json!({"User": "33", "Volumes": {"/data": {}}}),
    );
    for code in [
        m::HOST_NAMESPACE,
        m::HOST_PATH,
        m::TOKEN_MOUNTED,
        m::PRIVILEGED,
        m::CAPABILITY_ADDED,
        m::READ_ONLY_WITHOUT_MOUNT,
        m::PRIVILEGED_PORT,
        m::EXEC_NEEDS_SHELL,
        m::COMMAND_NOT_FOUND,
        m::CONTEXT_INCOMPLETE,
    ] {
        assert!(has(&findings, code), "{code}: {findings:#?}");
    }
    let shell = findings.iter().find(|f| f.code == m::EXEC_NEEDS_SHELL).unwrap();
    assert!(shell.next_step().contains(r#"["app", "--ok"]"#), "{}", shell.next_step());
    let allowed = found(
        json!({"securityContext": {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]},
            "containers": [{"name": "web", "image": "a", "ports": [{"containerPort": 80}]}]}),
        json!({"User": "33"}),
    );
    assert!(!has(&allowed, m::PRIVILEGED_PORT));
}
