//! Fields that may name an image and that nobody listed: what a future volume source, or a driver's options, would use.

use serde_json::Value;

use crate::Workload;

/// Maps whose keys the user chooses freely: a key `image` there names nothing.
const FREE_MAPS: [&str; 7] = ["nodeSelector", "matchLabels", "labels", "annotations", "limits", "requests", "overhead"];

/// How deep the walk goes; deeper than any pod spec, and bounded for hostile input.
const MAX_DEPTH: usize = 64;

impl Workload {
    /// Paths inside the pod spec whose key is `image` or `reference` and that are none of the known image fields, sorted.
    /// A Ceph block device (`rbd.image`) is known not to be a container image. What lies deeper than 64 levels is named too.
    pub fn unknown_image_fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Value::Object(spec) = self.pod_spec() {
            for (key, value) in spec {
                match (key.as_str(), value) {
                    ("containers" | "initContainers" | "ephemeralContainers", Value::Array(list)) => {
                        for (index, item) in list.iter().enumerate() {
                            walk_entry(item, &format!("{key}[{index}]"), &["image"], &mut found);
                        }
                    }
                    ("volumes", Value::Array(list)) => {
                        for (index, item) in list.iter().enumerate() {
                            volume(item, &format!("volumes[{index}]"), &mut found);
                        }
                    }
                    _ => walk_key(key, value, key.clone(), 0, &mut found),
                }
            }
        }
        found.sort();
        found
    }
}

fn walk_entry(value: &Value, path: &str, known: &[&str], found: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten().filter(|(k, _)| !known.contains(&k.as_str())) {
        walk_key(key, inner, format!("{path}.{key}"), 0, found);
    }
}

fn volume(value: &Value, path: &str, found: &mut Vec<String>) {
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match key.as_str() {
            "image" => walk_entry(inner, &path, &["reference", "pullPolicy"], found),
            "rbd" => walk_entry(inner, &path, &["image"], found),
            _ => walk_key(key, inner, path, 0, found),
        }
    }
}

fn walk_key(key: &str, value: &Value, path: String, depth: usize, found: &mut Vec<String>) {
    if key.eq_ignore_ascii_case("image") || key.eq_ignore_ascii_case("reference") || depth > MAX_DEPTH {
        found.push(path);
    } else if !FREE_MAPS.contains(&key) {
        walk(value, &path, depth + 1, found);
    }
}

fn walk(value: &Value, path: &str, depth: usize, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                walk_key(key, inner, format!("{path}.{key}"), depth, found);
            }
        }
        Value::Array(list) if depth <= MAX_DEPTH => {
            for (index, inner) in list.iter().enumerate() {
                walk(inner, &format!("{path}[{index}]"), depth + 1, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::{Origin, workload_from_object};
    use serde_json::json;

    #[test]
    fn finds_images_nobody_listed() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
            "nodeSelector": {"image": "gpu"},
            "containers": [{"image": "known", "resources": {"limits": {"image": "1"}}, "newThing": {"Image": "x"}}],
            "volumes": [
                {"name": "a", "image": {"reference": "known", "pullPolicy": "Always"}},
                {"name": "b", "rbd": {"image": "block", "pool": "p"}},
                {"name": "c", "csi": {"driver": "d", "volumeAttributes": {"image": "evil"}}},
                {"name": "d", "artifact": {"reference": "evil"}}],
            "later": [{"reference": "evil"}]}});
        let pod = workload_from_object(pod, Origin::default()).unwrap();
        assert_eq!(
            pod.unknown_image_fields(),
            [
                "containers[0].newThing.Image",
                "later[0].reference",
                "volumes[2].csi.volumeAttributes.image",
                "volumes[3].artifact.reference"
            ]
        );
    }
}
