//! Policies that do again what the Pod Security label does, and pod templates that nobody looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_finding::{Finding, manifest};
use plimsoll_workload::{OtherObject, Workload};
use serde_json::Value;

use crate::audit::listed;
use crate::audit::policies::{Policy, Role, about, policies, texts};

const LABEL: &str = "pod-security.kubernetes.io/";

/// Fields that the Pod Security Standards check. One of them may be mentioned in passing.
const FLOOR_FIELDS: [&str; 9] = [
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostPath",
    "privileged",
    "allowPrivilegeEscalation",
    "seccompProfile",
    "procMount",
    "seLinuxOptions",
];

/// Constraint kinds of the Gatekeeper library that check what the standards do not.
const BEYOND_FLOOR: [&str; 3] = ["K8sPSPReadOnlyRootFilesystem", "K8sPSPAllowedUsers", "K8sPSPFSGroup"];

/// Policies that set or repeat the Pod Security label.
pub(crate) fn owned(others: &[OtherObject], workloads: &[Workload]) -> Vec<Finding> {
    let policies = policies(others);
    let labelled: Vec<&OtherObject> = others.iter().filter(|o| is_labelled_namespace(o)).collect();
    let mut out = Vec::new();
    for policy in &policies {
        let Some(why) = repeats(policy) else { continue };
        let does = if labelled.is_empty() { "replaces" } else { "duplicates" };
        let message = format!("{} {does} the Pod Security label: {why}", policy.object.display_name());
        let mut finding = about(manifest::OWNS_FLOOR, policy.object, message);
        if let Some(namespace) = labelled.first() {
            finding = finding.with_evidence(format!("{} carries the label", namespace.display_name()));
        }
        out.push(finding);
    }
    let folder = |path: &str| Path::new(path).parent().map(Path::to_path_buf).unwrap_or_default();
    let policy_files: BTreeSet<&str> = policies.iter().map(|p| p.object.origin.path.as_str()).collect();
    let policy_folders: BTreeSet<_> = policy_files.iter().map(|f| folder(f)).collect();
    let homes: BTreeSet<_> = workloads.iter().map(|w| folder(&w.origin.path)).collect();
    for namespace in labelled {
        let path = namespace.origin.path.as_str();
        let with_policies =
            policy_folders.contains(&folder(path)) && !homes.contains(&folder(path)) || policy_files.contains(path);
        if with_policies {
            let message = format!("{} is labelled among the admission policies", namespace.display_name());
            let hint = "keep the namespace and its label with the cluster's owners, apart from the policies";
            out.push(about(manifest::OWNS_FLOOR, namespace, message).with_hint(hint));
        }
    }
    out
}

fn is_labelled_namespace(object: &OtherObject) -> bool {
    let labels = object.object.pointer("/metadata/labels").and_then(Value::as_object);
    object.kind() == "Namespace"
        && object.group().is_empty()
        && labels.is_some_and(|l| l.keys().any(|k| k.starts_with(LABEL)))
}

/// How a policy owns the floor.
fn repeats(policy: &Policy<'_>) -> Option<String> {
    let object = policy.object;
    let spec = object.object.get("spec").unwrap_or(&Value::Null);
    let texts = texts(spec);
    if policy.role == Role::Changes {
        return texts.iter().any(|t| t.contains(LABEL)).then(|| "it sets the label itself".to_owned());
    }
    if object.group() == "kyverno.io" && texts.contains(&"podSecurity") {
        return Some("its podSecurity rule checks the standards again".to_owned());
    }
    let category = object.object.pointer("/metadata/annotations/policies.kyverno.io~1category").and_then(Value::as_str);
    if let Some(category) = category.filter(|c| c.starts_with("Pod Security Standards")) {
        return Some(format!("its category is {category}"));
    }
    if object.group() == "constraints.gatekeeper.sh" {
        let kind = object.kind();
        let again = kind.starts_with("K8sPSP") && !BEYOND_FLOOR.contains(&kind);
        return again.then(|| format!("{kind} checks a field of the standards again"));
    }
    // Words, so that `unprivileged` is not `privileged`.
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words: BTreeSet<&str> = texts.iter().flat_map(|t| t.split(word)).collect();
    let fields: Vec<&str> = FLOOR_FIELDS.into_iter().filter(|f| words.contains(f)).collect();
    (fields.len() > 1).then(|| format!("it checks {} again", fields.join(", ")))
}

/// Objects of kinds that are not known, and hold a list of containers.
pub(crate) fn unexamined(others: &[OtherObject]) -> Vec<Finding> {
    let policies: BTreeSet<*const OtherObject> =
        policies(others).iter().map(|p| std::ptr::from_ref(p.object)).collect();
    let mut kinds: BTreeMap<String, Vec<&OtherObject>> = BTreeMap::new();
    for object in others {
        let known = policies.contains(&std::ptr::from_ref(object)) || object.group().contains("kyverno.io");
        if !known && holds_containers(&object.object) {
            kinds.entry(object.kind().to_owned()).or_default().push(object);
        }
    }
    let finding = |(kind, objects): (&String, &Vec<&OtherObject>)| {
        let names: Vec<String> = objects.iter().map(|o| o.display_name()).collect();
        let message = format!("objects of kind {kind} hold containers and were not examined");
        let evidence = listed(names.iter().map(String::as_str), 5);
        objects.first().map(|o| about(manifest::NOT_EXAMINED, o, message).with_evidence(evidence))
    };
    kinds.iter().filter_map(finding).collect()
}

fn holds_containers(object: &Value) -> bool {
    let mut open = vec![object];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                let named = map.get("containers").and_then(Value::as_array);
                if named.is_some_and(|l| l.iter().any(|c| c.get("image").is_some_and(Value::is_string))) {
                    return true;
                }
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    false
}
