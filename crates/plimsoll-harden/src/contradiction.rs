//! Contradictions between manifests and the image they name, and what a manifest leaves open.

use std::collections::BTreeSet;

use plimsoll_finding::{Finding, Location, manifest as m};
use plimsoll_oci::Config;
use plimsoll_tree::{Contents, Tree};
use plimsoll_workload::{Container, Field, Workload};
use serde_json::Value;

use crate::HardenError;
use crate::deny::below;
use crate::inspect::is_root;
use crate::plan::Writable;
use crate::read::Reader;
use crate::seed::uses;
use crate::words;

/// An image as it stands in a registry, for comparison with the manifests that name it.
pub struct Deployed<'a> {
    /// Names under which the workloads call it; empty: every container uses it.
    pub references: &'a [String],
    /// Its configuration.
    pub config: &'a Config,
    /// Its tree.
    pub tree: &'a Tree,
    /// Its files; `/etc/passwd` at least.
    pub contents: &'a dyn Contents,
    /// Directories it is known to write to.
    pub writable: &'a [Writable],
}

/// What the manifests and the image say that cannot both hold. With no image, what the manifests show alone.
pub fn contradictions(
    workloads: &[Workload],
    image: Option<&Deployed<'_>>,
    decided_capabilities: &BTreeSet<String>,
) -> Result<Vec<Finding>, HardenError> {
    let mut out = Vec::new();
    for workload in workloads {
        pod(&mut out, workload);
        for container in workload.containers() {
            let here = Site { workload, container };
            manifest_alone(&mut out, &here, decided_capabilities);
            if let Some(image) = image {
                if uses(&container, image.references) {
                    with_image(&mut out, &here, image)?;
                } else {
                    let message = format!(
                        "container '{}' uses {}, which this run does not know",
                        container.name, container.image
                    );
                    out.push(here.finding(m::OTHER_IMAGE, "image", message));
                }
            }
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}

struct Site<'a> {
    workload: &'a Workload,
    container: Container<'a>,
}

impl Site<'_> {
    fn finding(&self, code: plimsoll_finding::Code, field: &str, message: String) -> Finding {
        let field = self.workload.object_field(&format!("{}.{field}", self.container.field()));
        Finding::new(code, Location::Object { object: self.workload.display_name(), field }, message)
    }
}

fn pod(out: &mut Vec<Finding>, workload: &Workload) {
    let finding = |code, field: &str, message: String| {
        let location = Location::Object { object: workload.display_name(), field: workload.object_field(field) };
        Finding::new(code, location, message)
    };
    for namespace in workload.host_namespaces() {
        out.push(finding(m::HOST_NAMESPACE, namespace, format!("the pod sets {namespace}: true")));
    }
    let spec = workload.pod_spec();
    for (i, volume) in spec.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if let Some(path) = volume.get("hostPath").map(|h| h.get("path").and_then(Value::as_str).unwrap_or_default()) {
            out.push(finding(
                m::HOST_PATH,
                &format!("volumes[{i}].hostPath"),
                format!("the pod mounts {path} of its node"),
            ));
        }
    }
    if spec.get("automountServiceAccountToken").and_then(Value::as_bool) != Some(false) {
        out.push(finding(
            m::TOKEN_MOUNTED,
            "automountServiceAccountToken",
            "the pod mounts a service account token".to_owned(),
        ));
    }
}

fn manifest_alone(out: &mut Vec<Finding>, here: &Site<'_>, decided: &BTreeSet<String>) {
    let security = here.workload.security(&here.container);
    let name = here.container.name;
    if security.privileged.value() == Some(true) {
        out.push(here.finding(
            m::PRIVILEGED,
            "securityContext.privileged",
            format!("container '{name}' is privileged"),
        ));
    }
    if security.run_as_user.value() == Some(0) {
        let mut finding = here.finding(
            m::ROOT_IN_MANIFEST,
            "securityContext.runAsUser",
            format!("container '{name}' runs as user 0"),
        );
        if let Some(field) = security.run_as_user.field() {
            finding.evidence.push(format!("{field}: 0"));
        }
        out.push(finding);
    }
    for capability in &security.capabilities.add {
        let bare = capability.strip_prefix("CAP_").unwrap_or(capability);
        if !decided.contains(bare) {
            out.push(here.finding(
                m::CAPABILITY_ADDED,
                "securityContext.capabilities.add",
                format!("container '{name}' adds {bare}"),
            ));
        }
    }
    let mut missing = Vec::new();
    // A value that cannot be read counts as missing: it is never taken for a promise.
    if security.run_as_non_root.value() != Some(true) {
        missing.push("runAsNonRoot: true");
    }
    if security.read_only_root.value() != Some(true) {
        missing.push("readOnlyRootFilesystem: true");
    }
    if security.allow_privilege_escalation.value() != Some(false) {
        missing.push("allowPrivilegeEscalation: false");
    }
    if !security.drops_all() {
        missing.push("capabilities.drop: [ALL]");
    }
    if !matches!(security.seccomp.as_deref(), Some("RuntimeDefault" | "Localhost")) {
        missing.push("seccompProfile.type: RuntimeDefault");
    }
    if !missing.is_empty() {
        let message = format!("container '{name}' does not state {}", missing.join(", "));
        out.push(here.finding(m::CONTEXT_INCOMPLETE, "securityContext", message));
    }
}

fn with_image(out: &mut Vec<Finding>, here: &Site<'_>, image: &Deployed<'_>) -> Result<(), HardenError> {
    let reader = Reader::new(image.tree, image.contents);
    let security = here.workload.security(&here.container);
    let name = here.container.name;
    let user = &image.config.container.user;
    let promised = security.run_as_non_root.value() == Some(true);
    let overridden = matches!(&security.run_as_user, Field::Set(uid, _) if *uid != 0);
    if promised && !overridden {
        let shown = if user.is_empty() { "no user".to_owned() } else { format!("user '{user}'") };
        if is_root(user, image.tree, &reader)? {
            let message = format!("container '{name}' sets runAsNonRoot over an image with {shown}, which is root");
            out.push(here.finding(m::NON_ROOT_OVER_ROOT, "securityContext.runAsNonRoot", message));
        } else if user.split(':').next().is_some_and(|u| u.parse::<u32>().is_err()) {
            let message = format!("container '{name}' sets runAsNonRoot over an image with {shown}, a name");
            out.push(here.finding(m::USER_NOT_NUMERIC, "securityContext.runAsNonRoot", message));
        }
    }
    let mounts = here.container.mounts();
    if security.read_only_root.value() == Some(true) {
        let declared = image.config.container.volumes.iter().map(|v| (v.as_str(), "the image declares it a volume"));
        let known = image.writable.iter().map(|w| (w.path.as_str(), w.why.as_str()));
        let mut seen = BTreeSet::new();
        for (path, why) in declared.chain(known) {
            let mounted = mounts.iter().any(|mount| below(path, mount.path.trim_end_matches('/')) && !mount.read_only);
            if !mounted && seen.insert(path) {
                let message = format!("container '{name}' has a read-only root and no mount at {path}");
                out.push(
                    here.finding(m::READ_ONLY_WITHOUT_MOUNT, "volumeMounts", message).with_evidence(why.to_owned()),
                );
            }
        }
    }
    let runs_as_root = security.run_as_user.value() == Some(0) || (!overridden && is_root(user, image.tree, &reader)?);
    low_ports(out, here, image, runs_as_root && !promised);
    for hook in here.container.hook_commands() {
        shell_use(out, here, image, &hook.field, &hook.argv);
    }
    Ok(())
}

fn low_ports(out: &mut Vec<Finding>, here: &Site<'_>, image: &Deployed<'_>, root: bool) {
    let sysctls =
        here.workload.pod_spec().get("securityContext").and_then(|c| c.get("sysctls")).and_then(Value::as_array);
    let start = sysctls
        .into_iter()
        .flatten()
        .find(|s| s.get("name").and_then(Value::as_str) == Some("net.ipv4.ip_unprivileged_port_start"))
        .and_then(|s| s.get("value").and_then(Value::as_str))
        .and_then(|v| v.parse::<u32>().ok())
        .unwrap_or(1024);
    let security = here.workload.security(&here.container);
    let may_bind = security.capabilities.add.iter().any(|c| c.trim_start_matches("CAP_") == "NET_BIND_SERVICE");
    if root || may_bind {
        return;
    }
    let mut ports: BTreeSet<u32> = here.container.ports().iter().map(|p| u32::from(p.port)).collect();
    if ports.is_empty() {
        let exposed = image.config.container.exposed_ports.iter();
        ports.extend(exposed.filter_map(|p| p.split('/').next().and_then(|n| n.parse::<u32>().ok())));
    }
    for port in ports.into_iter().filter(|p| *p < start && *p > 0) {
        let message = format!("container '{}' listens on port {port} without being root", here.container.name);
        out.push(here.finding(m::PRIVILEGED_PORT, "ports", message));
    }
}

/// Commands through a shell the image does not have.
fn shell_use(out: &mut Vec<Finding>, here: &Site<'_>, image: &Deployed<'_>, field: &str, argv: &[String]) {
    let Some(program) = argv.first() else { return };
    let search = image.config.container.env_value("PATH").unwrap_or(crate::seed::DEFAULT_PATH);
    if crate::seed::program(image.tree, program, search, &image.config.container.working_dir).is_some() {
        return;
    }
    let message =
        format!("{field} of container '{}' starts '{program}', which is not in the image", here.container.name);
    let code = if words::is_shell(program) { m::EXEC_NEEDS_SHELL } else { m::COMMAND_NOT_FOUND };
    let mut finding = here.finding(code, field, message);
    if let Some(plain) = words::unshell(argv) {
        finding = finding.with_hint(format!("write it without a shell: {plain:?}"));
    }
    out.push(finding);
}
