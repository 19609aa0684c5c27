//! The workloads with their patches applied: what Kustomize would give for the component of [`crate::patches`].

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_intent::RuntimeRule;
use plimsoll_workload::Workload;
use serde_json::{Map, Value};

use crate::patch::{PatchFacts, file_name, image_entry, pod_patch, wrap};
use crate::seed::uses;
use crate::yaml;

/// Each workload as it will stand in the cluster, with the name of its file (`shop-web-deployment.yaml`), in the order
/// given. A workload that needs no patch comes back as it is.
///
/// Over what this returns, [`crate::patches`] finds nothing to do.
pub fn rendered(workloads: &[Workload], facts: &PatchFacts<'_>, runtime: &RuntimeRule) -> Vec<(String, Value)> {
    let mut taken = BTreeSet::new();
    workloads
        .iter()
        .map(|workload| {
            let base = file_name(workload);
            let mut name = format!("{base}.yaml");
            let mut n = 2;
            // Two objects of one name are no Kubernetes cluster's, but none may be lost silently.
            while !taken.insert(name.clone()) {
                name = format!("{base}-{n}.yaml");
                n += 1;
            }
            (name, patched(workload, facts, runtime))
        })
        .collect()
}

/// [`rendered`] as YAML files by name.
pub fn rendered_yaml(
    workloads: &[Workload],
    facts: &PatchFacts<'_>,
    runtime: &RuntimeRule,
) -> BTreeMap<String, String> {
    rendered(workloads, facts, runtime).into_iter().map(|(name, value)| (name, yaml::document(&value))).collect()
}

fn patched(workload: &Workload, facts: &PatchFacts<'_>, runtime: &RuntimeRule) -> Value {
    let mut object = workload.object.clone();
    if let Some(pod) = pod_patch(workload, facts, runtime) {
        for removal in &pod.removals {
            remove(&mut object, removal);
        }
        if let Some(spec) = pod.merge {
            merge(&mut object, wrap(workload, spec));
        }
    }
    // Kustomize changes images after it has patched. Names and positions of containers are what they were.
    for container in workload.containers().iter().filter(|c| uses(c, facts.references)) {
        let Some((written, entry)) = image_entry(container, facts) else { continue };
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let Some(digest) = text("digest") else { continue };
        let image = format!("{}@{digest}", text("newName").unwrap_or(&written));
        let pod = workload.pod_path.iter().try_fold(&mut object, |value, key| value.get_mut(*key));
        let place = pod.and_then(|p| p.get_mut(container.kind.list())).and_then(|l| l.get_mut(container.index));
        if let Some(Value::Object(place)) = place {
            place.insert("image".to_owned(), image.into());
        }
    }
    object
}

/// A JSON patch's `remove`. A path that is not there is none of ours and changes nothing.
fn remove(object: &mut Value, operation: &Value) {
    let path = operation.get("path").and_then(Value::as_str).and_then(|p| p.rsplit_once('/'));
    let Some((parent, key)) = path else { return };
    if let Some(Value::Object(map)) = object.pointer_mut(parent) {
        map.shift_remove(key);
    }
}

/// Lists that a strategic merge joins, with the key of their items. Others are replaced as a whole.
fn merge_key(field: &str) -> Option<&'static str> {
    match field {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

/// A strategic merge, for the shapes that the patches have. Items keep their places, new ones come last.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| field(into, &key, value))
        }
        (into, from) => *into = from,
    }
}

fn field(into: &mut Map<String, Value>, key: &str, value: Value) {
    let Some(there) = into.get_mut(key).filter(|v| !v.is_null()) else {
        into.insert(key.to_owned(), value);
        return;
    };
    match (merge_key(key), there, value) {
        (Some(by), Value::Array(there), Value::Array(items)) => {
            for item in items {
                match there.iter_mut().find(|t| t.get(by).is_some() && t.get(by) == item.get(by)) {
                    Some(found) => merge(found, item),
                    None => there.push(item),
                }
            }
        }
        (_, there, value) => merge(there, value),
    }
}
