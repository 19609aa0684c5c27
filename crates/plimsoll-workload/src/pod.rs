//! The pod inside a workload: where its spec stands, its containers, and every image it would pull.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::{Container, ContainerKind, ImageUse, Origin, Workload};

/// Kinds that are a pod or make pods, with the API group they belong to and the path of their pod spec.
pub const WORKLOAD_KINDS: [(&str, &str, &[&str]); 9] = [
    ("Pod", "", &["spec"]),
    ("ReplicationController", "", &["spec", "template", "spec"]),
    ("PodTemplate", "", &["template", "spec"]),
    ("Deployment", "apps", &["spec", "template", "spec"]),
    ("ReplicaSet", "apps", &["spec", "template", "spec"]),
    ("StatefulSet", "apps", &["spec", "template", "spec"]),
    ("DaemonSet", "apps", &["spec", "template", "spec"]),
    ("Job", "batch", &["spec", "template", "spec"]),
    ("CronJob", "batch", &["spec", "jobTemplate", "spec", "template", "spec"]),
];

/// A part of a workload that does not have the type Kubernetes gives it. The manifest's author is at fault; nothing about
/// such a workload can be decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Malformed {
    /// Field path from the pod spec: `containers[0].image`; empty for the spec itself.
    pub field: String,
    /// What stands there and what should: `is a number, not a string`.
    pub problem: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.field.is_empty() { "pod spec" } else { &self.field }, self.problem)
    }
}

/// What a JSON value is, for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The field of an object, `null` counting as absent, which is how the API server reads it.
pub(crate) fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|v| !v.is_null())
}

pub(crate) fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// Where the pod spec of an object stands, or `None` if it is no workload. `extensions` is the group that once held the
/// controllers of `apps`.
pub(crate) fn pod_path(object: &Value) -> Option<&'static [&'static str]> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (group, kind) = (group(text("apiVersion")), text("kind"));
    let is = |name: &str, home: &str| name == kind && (group == home || (group == "extensions" && home == "apps"));
    WORKLOAD_KINDS.iter().find(|(name, home, _)| is(name, home)).map(|(_, _, path)| *path)
}

/// The workload an object is, or `None` if it is of another kind.
pub fn workload_from_object(object: Value, origin: Origin) -> Option<Workload> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let pod_path = pod_path(&object)?;
    let metadata = object.get("metadata");
    let meta = |key: &str| metadata.and_then(|m| m.get(key)).and_then(Value::as_str).filter(|s| !s.is_empty());
    let map = |key: &str| -> BTreeMap<String, String> {
        let entries = metadata.and_then(|m| m.get(key)).and_then(Value::as_object);
        entries.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    };
    Some(Workload {
        namespace: meta("namespace").map(str::to_owned),
        name: meta("name").unwrap_or_default().to_owned(),
        labels: map("labels"),
        annotations: map("annotations"),
        pod_path: pod_path.to_vec(),
        api_version,
        kind,
        origin,
        object,
    })
}

const NO_SPEC: Value = Value::Null;

impl Workload {
    /// The pod spec; `null` where the object has none (then [`Self::malformed`] says so).
    pub fn pod_spec(&self) -> &Value {
        self.pod_path.iter().try_fold(&self.object, |value, key| value.get(*key)).unwrap_or(&NO_SPEC)
    }

    /// Labels of the pods themselves: the template's, or a Pod's own. Sorted.
    pub fn pod_labels(&self) -> BTreeMap<String, String> {
        let (_, parents) = self.pod_path.split_last().unwrap_or((&"", &[]));
        let pod = parents.iter().try_fold(&self.object, |value, key| value.get(*key)).unwrap_or(&NO_SPEC);
        let labels = pod.get("metadata").and_then(|m| m.get("labels")).and_then(Value::as_object);
        labels.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    }

    /// `Deployment/shop/web`, or `Deployment/web` where no namespace is stated; a generated name shows as `prefix*`.
    pub fn display_name(&self) -> String {
        let generated = || {
            let prefix = self.object.get("metadata").and_then(|m| m.get("generateName")).and_then(Value::as_str);
            format!("{}*", prefix.unwrap_or_default())
        };
        let name = if self.name.is_empty() { generated() } else { self.name.clone() };
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{name}", self.kind),
            None => format!("{}/{name}", self.kind),
        }
    }

    /// A path from the pod spec as a path from the object: `containers[0]` → `spec.template.spec.containers[0]`.
    pub fn object_field(&self, field: &str) -> String {
        let spec = self.pod_path.join(".");
        if field.is_empty() { spec } else { format!("{spec}.{field}") }
    }

    /// Whether the object is already being deleted.
    pub fn is_terminating(&self) -> bool {
        self.object.get("metadata").is_some_and(|m| present(m, "deletionTimestamp").is_some())
    }

    /// Every container in order: main, init (native sidecars included), ephemeral. Entries that are no objects are left
    /// out here and named by [`Self::malformed`].
    pub fn containers(&self) -> Vec<Container<'_>> {
        let spec = self.pod_spec();
        let lists = [ContainerKind::Main, ContainerKind::Init, ContainerKind::Ephemeral];
        let entries = lists.into_iter().flat_map(|kind| {
            let list = spec.get(kind.list()).and_then(Value::as_array);
            list.into_iter().flatten().enumerate().map(move |(index, value)| (kind, index, value))
        });
        entries
            .filter(|(_, _, value)| value.is_object())
            .map(|(kind, index, value)| Container {
                kind,
                index,
                name: value.get("name").and_then(Value::as_str).unwrap_or_default(),
                image: value.get("image").and_then(Value::as_str).unwrap_or_default(),
                value,
            })
            .collect()
    }

    /// Every image the pod would pull: those of containers, then those of image volumes. An absent image is listed with
    /// empty text, so that nobody mistakes it for a container without one.
    pub fn images(&self) -> Vec<ImageUse<'_>> {
        let containers = self.containers().into_iter();
        let mut images: Vec<_> =
            containers.map(|c| ImageUse { field: format!("{}.image", c.field()), image: c.image }).collect();
        let volumes = self.pod_spec().get("volumes").and_then(Value::as_array);
        for (index, volume) in volumes.into_iter().flatten().enumerate() {
            if let Some(source) = present(volume, "image") {
                images.push(ImageUse {
                    field: format!("volumes[{index}].image.reference"),
                    image: source.get("reference").and_then(Value::as_str).unwrap_or_default(),
                });
            }
        }
        images
    }

    /// Parts that admission reads and that do not have their type, sorted. Empty for anything an API server would accept.
    pub fn malformed(&self) -> Vec<Malformed> {
        let spec = self.pod_spec();
        let mut found = Vec::new();
        if !spec.is_object() {
            found.push(wrong("", spec, "an object"));
            return found;
        }
        for kind in [ContainerKind::Main, ContainerKind::Init, ContainerKind::Ephemeral] {
            let list = kind.list();
            let Some(value) = present(spec, list) else { continue };
            let Some(items) = value.as_array() else {
                found.push(wrong(list, value, "a list"));
                continue;
            };
            for (index, item) in items.iter().enumerate() {
                let field = format!("{list}[{index}]");
                if !item.is_object() {
                    found.push(wrong(&field, item, "an object"));
                } else if let Some(image) = present(item, "image").filter(|v| !v.is_string()) {
                    found.push(wrong(&format!("{field}.image"), image, "a string"));
                }
            }
        }
        if present(spec, "containers").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            found.push(Malformed { field: "containers".to_owned(), problem: "names no container".to_owned() });
        }
        malformed_volumes(spec, &mut found);
        found.extend(self.malformed_security());
        found.sort();
        found.dedup();
        found
    }
}

fn malformed_volumes(spec: &Value, found: &mut Vec<Malformed>) {
    let Some(value) = present(spec, "volumes") else { return };
    let Some(volumes) = value.as_array() else {
        found.push(wrong("volumes", value, "a list"));
        return;
    };
    for (index, volume) in volumes.iter().enumerate() {
        let field = format!("volumes[{index}]");
        if !volume.is_object() {
            found.push(wrong(&field, volume, "an object"));
        }
        let Some(image) = present(volume, "image") else { continue };
        if !image.is_object() {
            found.push(wrong(&format!("{field}.image"), image, "an object"));
        } else if let Some(reference) = present(image, "reference").filter(|r| !r.is_string()) {
            found.push(wrong(&format!("{field}.image.reference"), reference, "a string"));
        }
    }
}

pub(crate) fn wrong(field: &str, value: &Value, expected: &str) -> Malformed {
    Malformed { field: field.to_owned(), problem: format!("is {}, not {expected}", type_name(value)) }
}

impl ContainerKind {
    /// The pod spec's field that holds this list.
    pub fn list(self) -> &'static str {
        match self {
            Self::Main => "containers",
            Self::Init => "initContainers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl Container<'_> {
    /// Field path inside the pod spec: `initContainers[0]`.
    pub fn field(&self) -> String {
        format!("{}[{}]", self.kind.list(), self.index)
    }

    /// Whether this is a native sidecar: an init container that restarts always.
    pub fn is_sidecar(&self) -> bool {
        self.kind == ContainerKind::Init && self.value.get("restartPolicy").and_then(Value::as_str) == Some("Always")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workload(object: Value) -> Workload {
        workload_from_object(object, Origin::default()).unwrap()
    }

    #[test]
    fn every_kind_shows_every_image() {
        for (kind, group, path) in WORKLOAD_KINDS {
            let spec = json!({
                "containers": [{"name": "a", "image": "main"}],
                "initContainers": [{"name": "b", "image": "init"}, {"name": "s", "image": "side", "restartPolicy": "Always"}],
                "ephemeralContainers": [{"name": "c", "image": "debug"}],
                "volumes": [{"name": "e", "emptyDir": {}}, {"name": "m", "image": {"reference": "model"}}],
            });
            let mut object = path.iter().rev().fold(spec, |inner, key| json!({ *key: inner }));
            object["kind"] = json!(kind);
            object["apiVersion"] = json!(if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") });
            object["metadata"] = json!({"name": "w"});
            let workload = workload(object);
            let images: Vec<_> = workload.images().into_iter().map(|i| (i.field, i.image.to_owned())).collect();
            let pairs: Vec<_> = images.iter().map(|(f, i)| (f.as_str(), i.as_str())).collect();
            assert_eq!(
                pairs,
                [
                    ("containers[0].image", "main"),
                    ("initContainers[0].image", "init"),
                    ("initContainers[1].image", "side"),
                    ("ephemeralContainers[0].image", "debug"),
                    ("volumes[1].image.reference", "model"),
                ],
                "{kind}"
            );
            assert!(workload.containers()[2].is_sidecar() && workload.malformed().is_empty());
            assert!(workload.object_field("containers[0]").ends_with("spec.containers[0]"));
        }
    }

    #[test]
    fn other_groups_are_not_ours() {
        let volcano = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "spec": {}});
        assert!(workload_from_object(volcano, Origin::default()).is_none());
        let old = json!({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "spec": {}});
        assert!(workload_from_object(old, Origin::default()).is_some());
    }

    #[test]
    fn wrong_types_are_named() {
        let pod = workload(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {
            "containers": [{"image": 5}, "text"], "volumes": [{"image": "x"}, {"image": {"reference": []}}]}}));
        let fields: Vec<_> = pod.malformed().into_iter().map(|m| m.field).collect();
        assert_eq!(fields, ["containers[0].image", "containers[1]", "volumes[0].image", "volumes[1].image.reference"]);
        let empty = workload(json!({"apiVersion": "v1", "kind": "Pod"}));
        assert_eq!(empty.malformed()[0].to_string(), "pod spec is null, not an object");
        assert!(empty.images().is_empty());
    }

    #[test]
    fn names() {
        let pod = workload(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "job-", "namespace": "n"}}),
        );
        assert_eq!(pod.display_name(), "Pod/n/job-*");
    }
}
