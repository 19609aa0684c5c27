//! Effective security context: what a container runs with once pod and container settings are laid over each other.

use serde_json::Value;

use crate::pod::{present, wrong};
use crate::{Container, Malformed, Workload};

/// A setting as the kubelet would see it, or the reason it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<T> {
    /// Neither the container nor the pod says anything.
    Unset,
    /// The value that counts, and the path inside the pod spec it stands at.
    Set(T, String),
    /// Something of another type stands at this path. It is never read as "unset".
    Malformed(String),
}

impl<T: Copy> Field<T> {
    /// The value, if one is set.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Set(value, _) => Some(*value),
            _ => None,
        }
    }
}

impl<T> Field<T> {
    /// The path the value stands at, if any stands there.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Set(_, field) | Self::Malformed(field) => Some(field),
            Self::Unset => None,
        }
    }
}

/// Capabilities a container adds and drops, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `capabilities.add`.
    pub add: Vec<String>,
    /// `capabilities.drop`.
    pub drop: Vec<String>,
}

/// The effective security context of one container. The container's value wins over the pod's where both may be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// `runAsUser`.
    pub run_as_user: Field<i64>,
    /// `runAsGroup`.
    pub run_as_group: Field<i64>,
    /// `runAsNonRoot`.
    pub run_as_non_root: Field<bool>,
    /// `readOnlyRootFilesystem` (container only).
    pub read_only_root: Field<bool>,
    /// `privileged` (container only).
    pub privileged: Field<bool>,
    /// `allowPrivilegeEscalation` (container only).
    pub allow_privilege_escalation: Field<bool>,
    /// `capabilities` (container only).
    pub capabilities: Capabilities,
    /// `seccompProfile.type`.
    pub seccomp: Option<String>,
    /// `windowsOptions.runAsUserName`.
    pub windows_user: Option<String>,
}

impl Security {
    /// Whether `ALL` is dropped.
    pub fn drops_all(&self) -> bool {
        self.capabilities.drop.iter().any(|c| c.eq_ignore_ascii_case("ALL"))
    }
}

fn lookup<T>(places: &[(&Value, String)], key: &str, read: fn(&Value) -> Option<T>) -> Field<T> {
    for (container, path) in places {
        if let Some(value) = container.get("securityContext").and_then(|c| present(c, key)) {
            let field = format!("{path}securityContext.{key}");
            return match read(value) {
                Some(value) => Field::Set(value, field),
                None => Field::Malformed(field),
            };
        }
    }
    Field::Unset
}

/// A key, the type it should have in words, and a test of that.
type TypedKey = (&'static str, &'static str, fn(&Value) -> bool);

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Workload {
    /// What `container` runs with.
    pub fn security(&self, container: &Container<'_>) -> Security {
        let own = (container.value, format!("{}.", container.field()));
        let both = [own.clone(), (self.pod_spec(), String::new())];
        let own = [own];
        let nested = |outer: &str, inner: &str| {
            both.iter().find_map(|(value, _)| {
                let found = value.get("securityContext")?.get(outer)?.get(inner)?.as_str()?;
                Some(found.to_owned())
            })
        };
        let capabilities = container.value.get("securityContext").and_then(|c| c.get("capabilities"));
        Security {
            run_as_user: lookup(&both, "runAsUser", Value::as_i64),
            run_as_group: lookup(&both, "runAsGroup", Value::as_i64),
            run_as_non_root: lookup(&both, "runAsNonRoot", Value::as_bool),
            read_only_root: lookup(&own, "readOnlyRootFilesystem", Value::as_bool),
            privileged: lookup(&own, "privileged", Value::as_bool),
            allow_privilege_escalation: lookup(&own, "allowPrivilegeEscalation", Value::as_bool),
            capabilities: Capabilities {
                add: strings(capabilities.and_then(|c| c.get("add"))),
                drop: strings(capabilities.and_then(|c| c.get("drop"))),
            },
            seccomp: nested("seccompProfile", "type"),
            windows_user: nested("windowsOptions", "runAsUserName"),
        }
    }

    /// `securityContext.fsGroup` of the pod.
    pub fn fs_group(&self) -> Field<i64> {
        lookup(&[(self.pod_spec(), String::new())], "fsGroup", Value::as_i64)
    }

    /// `securityContext.supplementalGroups` of the pod. Entries that are no numbers are named by [`Self::malformed`].
    pub fn supplemental_groups(&self) -> Vec<i64> {
        let groups = self.pod_spec().get("securityContext").and_then(|c| c.get("supplementalGroups"));
        groups.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64).collect()
    }

    /// Host namespaces the pod shares: any of `hostNetwork`, `hostPID`, `hostIPC` that is true.
    pub fn host_namespaces(&self) -> Vec<&'static str> {
        let spec = self.pod_spec();
        let shared = |key: &&str| spec.get(*key).and_then(Value::as_bool) == Some(true);
        ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(shared).collect()
    }

    /// `hostUsers`: false puts the pod into a user namespace.
    pub fn host_users(&self) -> Option<bool> {
        self.pod_spec().get("hostUsers").and_then(Value::as_bool)
    }

    /// Security settings that do not have their type.
    pub(crate) fn malformed_security(&self) -> Vec<Malformed> {
        let mut found = Vec::new();
        let mut check = |owner: &Value, prefix: &str, keys: &[TypedKey]| {
            let Some(context) = present(owner, "securityContext") else { return };
            if !context.is_object() {
                found.push(wrong(&format!("{prefix}securityContext"), context, "an object"));
            }
            for (key, expected, is_ok) in keys {
                if let Some(value) = present(context, key).filter(|v| !is_ok(v)) {
                    found.push(wrong(&format!("{prefix}securityContext.{key}"), value, expected));
                }
            }
        };
        let number: fn(&Value) -> bool = |v| v.as_i64().is_some();
        let numbers: fn(&Value) -> bool = |v| v.as_array().is_some_and(|a| a.iter().all(|i| i.as_i64().is_some()));
        let ids = [("runAsUser", "an integer", number), ("runAsGroup", "an integer", number)];
        let flag = ("runAsNonRoot", "a boolean", Value::is_boolean as fn(&Value) -> bool);
        let root = ("readOnlyRootFilesystem", "a boolean", Value::is_boolean as fn(&Value) -> bool);
        let windows = ("windowsOptions", "an object", Value::is_object as fn(&Value) -> bool);
        let pod = [("fsGroup", "an integer", number), ("supplementalGroups", "a list of integers", numbers)];
        check(self.pod_spec(), "", &[ids.as_slice(), &[flag, windows], &pod].concat());
        for container in self.containers() {
            let prefix = format!("{}.", container.field());
            check(container.value, &prefix, &[ids.as_slice(), &[flag, root, windows]].concat());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, workload_from_object};
    use serde_json::json;

    fn pod(spec: Value) -> Workload {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
        workload_from_object(object, Origin::default()).unwrap()
    }

    #[test]
    fn the_container_wins_over_the_pod() {
        let pod = pod(json!({
            "securityContext": {"runAsUser": 1000, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {"name": "a", "securityContext": {"runAsUser": 0, "readOnlyRootFilesystem": true,
                 "capabilities": {"drop": ["all"], "add": ["NET_BIND_SERVICE"]}}},
                {"name": "b", "securityContext": {"runAsNonRoot": false}},
                {"name": "c", "securityContext": {"runAsUser": null}},
            ],
        }));
        let all: Vec<_> = pod.containers().iter().map(|c| pod.security(c)).collect();
        assert_eq!(all[0].run_as_user, Field::Set(0, "containers[0].securityContext.runAsUser".into()));
        assert_eq!(all[0].run_as_non_root.value(), Some(true));
        assert!(all[0].drops_all() && all[0].read_only_root.value() == Some(true));
        assert_eq!(all[0].seccomp.as_deref(), Some("RuntimeDefault"));
        assert_eq!((all[1].run_as_user.value(), all[1].run_as_non_root.value()), (Some(1000), Some(false)));
        assert_eq!(all[2].run_as_user.field(), Some("securityContext.runAsUser"), "null is unset");
        assert_eq!(all[2].read_only_root, Field::Unset);
    }

    #[test]
    fn wrong_types_are_not_unset() {
        let pod = pod(
            json!({"securityContext": {"runAsUser": "0", "supplementalGroups": [0, "x"]}, "containers": [{"name": "a"}]}),
        );
        let context = pod.security(&pod.containers()[0]);
        assert_eq!(context.run_as_user, Field::Malformed("securityContext.runAsUser".into()));
        let fields: Vec<_> = pod.malformed().into_iter().map(|m| m.field).collect();
        assert_eq!(fields, ["securityContext.runAsUser", "securityContext.supplementalGroups"]);
    }
}
