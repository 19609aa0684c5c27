//! Manifest patches for a hardened image: a Kustomize component that sets what is not already right.

use std::collections::BTreeMap;

use plimsoll_intent::RuntimeRule;
use plimsoll_oci::{Digest, Reference};
use plimsoll_workload::{Container, ContainerKind, Workload};
use serde_json::{Map, Value, json};

use crate::deny::below;
use crate::plan::{Plan, Writable};
use crate::seed::uses;
use crate::words;
use crate::yaml;

/// What is known about the hardened image.
#[derive(Clone, Debug)]
pub struct PatchFacts<'a> {
    /// Names under which the workloads call the image; empty: every container uses it.
    pub references: &'a [String],
    /// Where the hardened image was pushed, without tag or digest; `None` leaves the image as it is named.
    pub new_name: Option<&'a str>,
    /// Its digest.
    pub digest: Option<&'a Digest>,
    /// User id it runs as.
    pub uid: u32,
    /// Group id it runs as.
    pub gid: u32,
    /// Directories it writes to.
    pub writable: &'a [Writable],
}

impl<'a> PatchFacts<'a> {
    /// The facts of a plan, and of the image it became.
    pub fn of(plan: &'a Plan, references: &'a [String], new_name: Option<&'a str>, digest: Option<&'a Digest>) -> Self {
        Self { references, new_name, digest, uid: plan.uid, gid: plan.gid, writable: &plan.writable }
    }
}

/// The component's files by name; `kustomization.yaml` among them. Nothing to change gives no file: a second run over
/// patched manifests is empty. Namespaces and Pod Security labels are never touched.
///
/// `resolve_args` style values are not guessed: a container's image entry point is only rewritten where the manifest
/// itself writes the command.
pub fn patches(workloads: &[Workload], facts: &PatchFacts<'_>, runtime: &RuntimeRule) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut entries: Vec<Value> = Vec::new();
    let mut images: BTreeMap<String, Value> = BTreeMap::new();
    for workload in workloads {
        let Some(pod) = pod_patch(workload, facts, runtime) else { continue };
        let name = file_name(workload);
        let target = target(workload);
        // Removals name containers by position, and a merge may move them: removals come first.
        if !pod.removals.is_empty() {
            let file = format!("{name}.remove.yaml");
            files.insert(file.clone(), yaml::document(&Value::Array(pod.removals)));
            entries.push(json!({"path": file, "target": target}));
        }
        if let Some(spec) = pod.merge {
            let file = format!("{name}.patch.yaml");
            files.insert(file.clone(), yaml::document(&wrap(workload, spec)));
            entries.push(json!({"path": file, "target": target}));
        }
    }
    for container in workloads.iter().flat_map(Workload::containers).filter(|c| uses(c, facts.references)) {
        if let Some((name, entry)) = image_entry(&container, facts) {
            images.insert(name, entry);
        }
    }
    if entries.is_empty() && images.is_empty() {
        return files;
    }
    let mut kustomization = Map::new();
    kustomization.insert("apiVersion".into(), "kustomize.config.k8s.io/v1alpha1".into());
    kustomization.insert("kind".into(), "Component".into());
    if !images.is_empty() {
        kustomization.insert("images".into(), images.into_values().collect());
    }
    if !entries.is_empty() {
        kustomization.insert("patches".into(), Value::Array(entries));
    }
    files.insert("kustomization.yaml".to_owned(), yaml::document(&Value::Object(kustomization)));
    files
}

pub(crate) struct PodPatch {
    pub(crate) merge: Option<Value>,
    pub(crate) removals: Vec<Value>,
}

pub(crate) fn pod_patch(workload: &Workload, facts: &PatchFacts<'_>, runtime: &RuntimeRule) -> Option<PodPatch> {
    let containers = workload.containers();
    let ours: Vec<&Container<'_>> = containers.iter().filter(|c| uses(c, facts.references)).collect();
    if ours.is_empty() {
        return None;
    }
    let spec = workload.pod_spec();
    let mut merge = Map::new();
    let mut removals = Vec::new();
    let mut volumes: BTreeMap<String, Value> = BTreeMap::new();
    // The pod's own context speaks for every container, so it is only set when every container uses this image.
    if ours.len() == containers.len() {
        let mut context = Map::new();
        let have = spec.get("securityContext");
        set(&mut context, have, "runAsNonRoot", json!(true));
        set(&mut context, have, "runAsUser", json!(facts.uid));
        set(&mut context, have, "runAsGroup", json!(facts.gid));
        if !seccomp_is_right(have) {
            context.insert("seccompProfile".into(), json!({"type": "RuntimeDefault"}));
        }
        if needs_group(workload, facts) && have.and_then(|h| h.get("fsGroup")).is_none() {
            context.insert("fsGroup".into(), json!(facts.gid));
            set(&mut context, have, "fsGroupChangePolicy", json!("OnRootMismatch"));
        }
        if !context.is_empty() {
            merge.insert("securityContext".into(), Value::Object(context));
        }
    }
    for kind in [ContainerKind::Init, ContainerKind::Main, ContainerKind::Ephemeral] {
        let list: Vec<Value> = ours
            .iter()
            .filter(|c| c.kind == kind)
            .filter_map(|c| container_patch(workload, c, facts, runtime, &mut volumes, &mut removals))
            .collect();
        if !list.is_empty() {
            merge.insert(kind.list().to_owned(), Value::Array(in_order(kind, &containers, list)));
        }
    }
    if !volumes.is_empty() {
        merge.insert("volumes".into(), volumes.into_values().collect());
    }
    let merge = (!merge.is_empty()).then_some(Value::Object(merge));
    (merge.is_some() || !removals.is_empty()).then_some(PodPatch { merge, removals })
}

/// The patches of a list with a bare name for each container that stands before a patched one. Kustomize puts the items
/// of a patch first, so that without the names init containers would run in another order.
fn in_order(kind: ContainerKind, containers: &[Container<'_>], patches: Vec<Value>) -> Vec<Value> {
    let mut patches = patches.into_iter().peekable();
    let mut out = Vec::new();
    for container in containers.iter().filter(|c| c.kind == kind) {
        match patches.next_if(|p| p.get("name").and_then(Value::as_str) == Some(container.name)) {
            Some(patch) => out.push(patch),
            None if patches.peek().is_some() => out.push(json!({"name": container.name})),
            None => break,
        }
    }
    out
}

fn container_patch(
    workload: &Workload,
    container: &Container<'_>,
    facts: &PatchFacts<'_>,
    runtime: &RuntimeRule,
    volumes: &mut BTreeMap<String, Value>,
    removals: &mut Vec<Value>,
) -> Option<Value> {
    let mut out = Map::new();
    let have = container.value.get("securityContext");
    let mut context = Map::new();
    set(&mut context, have, "runAsNonRoot", json!(true));
    set(&mut context, have, "runAsUser", json!(facts.uid));
    set(&mut context, have, "runAsGroup", json!(facts.gid));
    set(&mut context, have, "readOnlyRootFilesystem", json!(true));
    set(&mut context, have, "allowPrivilegeEscalation", json!(false));
    let seccomp_given = have.is_some_and(|h| h.get("seccompProfile").is_some());
    if (seccomp_given && !seccomp_is_right(have))
        || (!seccomp_given && !seccomp_is_right(workload.pod_spec().get("securityContext")))
    {
        context.insert("seccompProfile".into(), json!({"type": "RuntimeDefault"}));
    }
    let security = workload.security(container);
    let added: Vec<&String> =
        security.capabilities.add.iter().filter(|c| runtime.capabilities.contains_key(bare(c))).collect();
    let mut capabilities = Map::new();
    if security.capabilities.drop != ["ALL"] {
        capabilities.insert("drop".into(), json!(["ALL"]));
    }
    let decided: Vec<&String> = runtime.capabilities.keys().collect();
    if added.len() != security.capabilities.add.len() && !decided.is_empty()
        || (security.capabilities.add.is_empty() && !decided.is_empty())
    {
        capabilities.insert("add".into(), json!(decided));
    }
    if !capabilities.is_empty() {
        context.insert("capabilities".into(), Value::Object(capabilities));
    }
    if !context.is_empty() {
        out.insert("securityContext".into(), Value::Object(context));
    }
    // A list of plain values is replaced as a whole by a merge patch, but an addition nobody decided needs a removal.
    if decided.is_empty() && !security.capabilities.add.is_empty() {
        removals.push(remove(workload, container, "securityContext/capabilities/add"));
    }
    if security.privileged.value() == Some(true) {
        removals.push(remove(workload, container, "securityContext/privileged"));
    }
    let mounts = container.mounts();
    let mut added = Vec::new();
    for writable in facts.writable {
        // A mount at the path or above it decides already.
        if mounts.iter().any(|m| below(&writable.path, m.path.trim_end_matches('/'))) {
            continue;
        }
        let name = volume_name(workload, container, &writable.path);
        let limit = json!({"sizeLimit": runtime.tmp_size_limit});
        volumes.entry(name.clone()).or_insert_with(|| json!({"name": name, "emptyDir": limit}));
        added.push(json!({"name": name, "mountPath": writable.path}));
    }
    if !added.is_empty() {
        out.insert("volumeMounts".into(), Value::Array(added));
    }
    rewritten_commands(container, &mut out);
    if out.is_empty() {
        return None;
    }
    let mut named = Map::new();
    named.insert("name".into(), container.name.into());
    named.extend(out);
    Some(Value::Object(named))
}

/// Commands through a shell that only splits words, as plain programs.
fn rewritten_commands(container: &Container<'_>, out: &mut Map<String, Value>) {
    if let Some(command) = container.command() {
        let args = container.args().unwrap_or_default();
        let whole: Vec<String> = command.into_iter().chain(args.iter().cloned()).collect();
        if let Some(plain) = words::unshell(&whole) {
            out.insert("command".into(), json!(plain));
            if !args.is_empty() {
                out.insert("args".into(), json!([]));
            }
        }
    }
    for hook in container.hook_commands() {
        let Some(plain) = words::unshell(&hook.argv) else { continue };
        let mut value = json!(plain);
        let mut parts: Vec<&str> = hook.field.split('.').collect();
        let Some(first) = (!parts.is_empty()).then(|| parts.remove(0)) else { continue };
        for part in parts.into_iter().rev() {
            value = json!({ part: value });
        }
        merge(out.entry(first.to_owned()).or_insert_with(|| json!({})), value);
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Sets a field unless it is right already.
fn set(context: &mut Map<String, Value>, have: Option<&Value>, field: &str, wanted: Value) {
    if have.and_then(|h| h.get(field)) != Some(&wanted) {
        context.insert(field.to_owned(), wanted);
    }
}

fn seccomp_is_right(context: Option<&Value>) -> bool {
    let kind = context.and_then(|c| c.get("seccompProfile")).and_then(|p| p.get("type")).and_then(Value::as_str);
    matches!(kind, Some("RuntimeDefault" | "Localhost"))
}

/// Volumes whose files belong to a group only by `fsGroup`.
fn needs_group(workload: &Workload, facts: &PatchFacts<'_>) -> bool {
    let claims = workload.object.get("spec").and_then(|s| s.get("volumeClaimTemplates")).is_some();
    let volumes = workload.pod_spec().get("volumes").and_then(Value::as_array);
    let shared = volumes
        .into_iter()
        .flatten()
        .any(|v| ["emptyDir", "persistentVolumeClaim", "ephemeral", "csi"].iter().any(|k| v.get(k).is_some()));
    claims || shared || !facts.writable.is_empty()
}

pub(crate) fn image_entry(container: &Container<'_>, facts: &PatchFacts<'_>) -> Option<(String, Value)> {
    let digest = facts.digest?;
    let reference: Reference = container.image.parse().ok()?;
    // Kustomize matches the name as it is written, without tag and digest.
    let written = container.image.split('@').next().unwrap_or(container.image);
    let slash = written.rfind('/').map_or(0, |i| i + 1);
    let written = written[slash..].find(':').map_or(written, |i| &written[..slash + i]);
    let name = facts.new_name.filter(|n| *n != written && *n != reference.name());
    if name.is_none() && container.image.ends_with(&format!("@{digest}")) {
        return None;
    }
    let mut entry = Map::new();
    entry.insert("name".into(), written.into());
    if let Some(name) = name {
        entry.insert("newName".into(), name.into());
    }
    entry.insert("digest".into(), digest.to_string().into());
    Some((written.to_owned(), Value::Object(entry)))
}

fn remove(workload: &Workload, container: &Container<'_>, field: &str) -> Value {
    let path = format!("/{}/{}/{}/{field}", workload.pod_path.join("/"), container.kind.list(), container.index);
    json!({"op": "remove", "path": path})
}

fn bare(capability: &str) -> &str {
    capability.strip_prefix("CAP_").unwrap_or(capability)
}

/// `tmp`, `var-log-nginx`: kebab-case, at most 63 characters, one of its own where containers must not share files.
fn volume_name(workload: &Workload, container: &Container<'_>, path: &str) -> String {
    let base: String = path
        .trim_matches('/')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let base = if base.is_empty() { "root".to_owned() } else { base };
    let many = workload.containers().len() > 1;
    let full = if many { format!("{}-{base}", container.name) } else { base };
    let mut name = full.trim_matches('-').to_owned();
    if name.len() > 63 {
        // What is cut off still tells two names apart.
        let digest = Digest::sha256(name.as_bytes());
        name.truncate(50);
        name = format!("{}-{}", name.trim_matches('-'), digest.short());
    }
    // A volume of the manifest that has this name and is something else must not be changed.
    let mut unique = name.clone();
    let mut n = 2;
    while workload.volume(&unique).is_some() {
        unique = format!("{}-{n}", &name[..name.len().min(60)]);
        n += 1;
    }
    unique
}

pub(crate) fn file_name(workload: &Workload) -> String {
    let clean = |t: &str| {
        t.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect::<String>()
    };
    let parts: Vec<String> = [workload.namespace.as_deref().unwrap_or_default(), &workload.name, &workload.kind]
        .iter()
        .filter(|p| !p.is_empty())
        .map(|p| clean(p))
        .collect();
    parts.join("-")
}

fn target(workload: &Workload) -> Value {
    let mut out = Map::new();
    if let Some((group, version)) = workload.api_version.split_once('/') {
        out.insert("group".into(), group.into());
        out.insert("version".into(), version.into());
    } else {
        out.insert("version".into(), workload.api_version.clone().into());
    }
    out.insert("kind".into(), workload.kind.clone().into());
    out.insert("name".into(), workload.name.clone().into());
    if let Some(namespace) = &workload.namespace {
        out.insert("namespace".into(), namespace.clone().into());
    }
    Value::Object(out)
}

/// The pod spec's patch inside its object.
pub(crate) fn wrap(workload: &Workload, spec: Value) -> Value {
    let mut inner = spec;
    for key in workload.pod_path.iter().rev() {
        inner = json!({ *key: inner });
    }
    let mut metadata = Map::new();
    metadata.insert("name".into(), workload.name.clone().into());
    if let Some(namespace) = &workload.namespace {
        metadata.insert("namespace".into(), namespace.clone().into());
    }
    let mut out = Map::new();
    out.insert("apiVersion".into(), workload.api_version.clone().into());
    out.insert("kind".into(), workload.kind.clone().into());
    out.insert("metadata".into(), Value::Object(metadata));
    if let Value::Object(map) = inner {
        out.extend(map);
    }
    Value::Object(out)
}
