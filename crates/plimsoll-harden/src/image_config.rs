//! The image configuration after hardening (rule R13).

use plimsoll_intent::RuntimeRule;
use serde_json::{Map, Value, json};

use crate::plan::ConfigChange;
use crate::seed::{Place, Seed};

/// What the new configuration is made from.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a plimsoll_oci::Config,
    pub(crate) runtime: &'a RuntimeRule,
    pub(crate) seeds: &'a [Seed],
    /// Whether the health check can run in the hardened image.
    pub(crate) health_check: bool,
    /// Whether a directory of the search path holds anything after hardening.
    pub(crate) directory: &'a dyn Fn(&str) -> bool,
}

/// The fields (layers, history and creation time aside) and what changed.
pub(crate) fn rewrite(facts: &Facts<'_>) -> (Map<String, Value>, Vec<ConfigChange>) {
    let mut raw = facts.config.raw.clone();
    for field in
        ["rootfs", "history", "created", "container", "container_config", "docker_version", "id", "parent", "throwaway"]
    {
        raw.remove(field);
    }
    let mut config = match raw.remove("config") {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let mut changes = Vec::new();
    let mut set = |field: &'static str, value: Option<Value>, why: &str| {
        let before = config.get(field).cloned().unwrap_or(Value::Null);
        let after = value.clone().unwrap_or(Value::Null);
        let empty = |v: &Value| v.is_null() || v == "" || v == &json!([]) || v == &json!({});
        if before != after && !(empty(&before) && empty(&after)) {
            changes.push(ConfigChange {
                field,
                before: before.to_string(),
                after: after.to_string(),
                why: why.to_owned(),
            });
        }
        match value {
            Some(value) => {
                config.insert(field.to_owned(), value);
            }
            None => {
                config.shift_remove(field);
            }
        }
    };
    let user = format!("{}:{}", facts.runtime.uid, facts.runtime.gid);
    set("User", Some(user.into()), "a number without a group runs in group 0; names cannot be checked by the kubelet");
    let container = &facts.config.container;
    if let Some(seed) = facts.seeds.iter().find(|s| s.place == Place::Image && s.rewritten()) {
        // What stood in Cmd may be replaced by a manifest's args; here the shell line was split over both, so all of it moves.
        set("Entrypoint", Some(json!(seed.argv)), "the shell only started this program");
        set("Cmd", None, "part of the entry point now");
    }
    if !facts.health_check {
        set("Healthcheck", None, "its program is not in the hardened image; Kubernetes uses probes");
    } else if let Some(seed) = facts.seeds.iter().find(|s| s.place == Place::HealthCheck && s.rewritten()) {
        let mut check = facts.config.raw.get("config").and_then(|c| c.get("Healthcheck")).cloned().unwrap_or_default();
        let mut test = vec!["CMD".to_owned()];
        test.extend(seed.argv.iter().cloned());
        if let Value::Object(map) = &mut check {
            map.insert("Test".to_owned(), json!(test));
            set("Healthcheck", Some(check), "the shell only started this program");
        }
    }
    if !container.volumes.is_empty() {
        set("Volumes", None, "mounts are the manifest's; see the writable paths");
    }
    set("OnBuild", None, "means nothing at run time");
    set("Shell", None, "means nothing at run time");
    set("ArgsEscaped", None, "means nothing on Linux");
    if let Some(path) = container.env_value("PATH") {
        let left: Vec<&str> = path.split(':').filter(|d| (facts.directory)(d)).collect();
        if !left.is_empty() && left.len() < path.split(':').count() {
            let line = format!("PATH={}", left.join(":"));
            let env: Vec<String> =
                container.env.iter().filter(|l| !l.starts_with("PATH=")).cloned().chain([line]).collect();
            set("Env", Some(json!(env)), "PATH names only directories that are left");
        }
    }
    raw.insert("config".to_owned(), Value::Object(config));
    (raw, changes)
}
