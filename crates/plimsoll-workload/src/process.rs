//! What a container runs and touches: commands of every hook and probe, environment, ports, mounts.

use serde_json::Value;

use crate::{Container, Workload};

/// A command the kubelet runs inside a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Field path inside the container: `livenessProbe.exec.command`.
    pub field: String,
    /// The arguments, the program first.
    pub argv: Vec<String>,
}

/// An environment variable with a literal value; one that is taken from elsewhere has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    /// `name`.
    pub name: String,
    /// `value`, if it is written out.
    pub value: Option<String>,
}

/// A port a container names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// `containerPort`.
    pub port: u16,
    /// `TCP` where nothing else is said.
    pub protocol: String,
    /// `hostPort`, if the node's port is taken too.
    pub host_port: Option<u16>,
}

/// A volume mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `name` of the volume.
    pub volume: String,
    /// `mountPath`.
    pub path: String,
    /// `subPath`, if a part of the volume is mounted.
    pub sub_path: Option<String>,
    /// Whether the mount is read-only.
    pub read_only: bool,
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn argv(value: &Value) -> Option<Vec<String>> {
    Some(value.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

impl Container<'_> {
    /// `command`, which replaces the image's entry point.
    pub fn command(&self) -> Option<Vec<String>> {
        self.value.get("command").and_then(argv)
    }

    /// `args`, which replace the image's command.
    pub fn args(&self) -> Option<Vec<String>> {
        self.value.get("args").and_then(argv)
    }

    /// `workingDir`.
    pub fn working_dir(&self) -> Option<&str> {
        self.value.get("workingDir").and_then(Value::as_str)
    }

    /// Commands of exec probes and lifecycle hooks: they need their programs in the image too.
    pub fn hook_commands(&self) -> Vec<Command> {
        let places = [
            ["livenessProbe", ""],
            ["readinessProbe", ""],
            ["startupProbe", ""],
            ["lifecycle", "postStart"],
            ["lifecycle", "preStop"],
        ];
        let hook = |[outer, inner]: [&str; 2]| {
            let (mut value, mut field) = (self.value.get(outer)?, outer.to_owned());
            if !inner.is_empty() {
                (value, field) = (value.get(inner)?, format!("{outer}.{inner}"));
            }
            let argv = argv(value.get("exec")?.get("command")?)?;
            Some(Command { field: format!("{field}.exec.command"), argv })
        };
        places.into_iter().filter_map(hook).collect()
    }

    /// `env`.
    pub fn env(&self) -> Vec<EnvVar> {
        let read = |v: &Value| Some(EnvVar { name: text(v, "name")?, value: text(v, "value") });
        items(self.value, "env").filter_map(read).collect()
    }

    /// `ports`.
    pub fn ports(&self) -> Vec<Port> {
        let number = |v: &Value, key: &str| v.get(key)?.as_u64().and_then(|n| u16::try_from(n).ok());
        let read = |v: &Value| {
            let protocol = text(v, "protocol").unwrap_or_else(|| "TCP".to_owned());
            Some(Port { port: number(v, "containerPort")?, protocol, host_port: number(v, "hostPort") })
        };
        items(self.value, "ports").filter_map(read).collect()
    }

    /// `volumeMounts`.
    pub fn mounts(&self) -> Vec<Mount> {
        let read = |v: &Value| {
            Some(Mount {
                volume: text(v, "name")?,
                path: text(v, "mountPath")?,
                sub_path: text(v, "subPath"),
                read_only: v.get("readOnly").and_then(Value::as_bool).unwrap_or(false),
            })
        };
        items(self.value, "volumeMounts").filter_map(read).collect()
    }
}

impl Workload {
    /// The volume of this name, as written.
    pub fn volume(&self, name: &str) -> Option<&Value> {
        items(self.pod_spec(), "volumes").find(|v| v.get("name").and_then(Value::as_str) == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Origin, workload_from_object};
    use serde_json::json;

    #[test]
    fn reads_what_runs_and_what_is_mounted() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Mi"}}],
            "containers": [{"name": "a", "command": ["/app"], "args": ["-v"], "workingDir": "/srv",
                "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {}}],
                "ports": [{"containerPort": 8080}, {"containerPort": 53, "protocol": "UDP", "hostPort": 53}],
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                "livenessProbe": {"exec": {"command": ["/probe", "x"]}},
                "readinessProbe": {"httpGet": {"port": 1}},
                "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 1"]}}}}]}});
        let pod = workload_from_object(pod, Origin::default()).unwrap();
        let container = pod.containers()[0];
        assert_eq!(container.command().unwrap(), ["/app"]);
        assert_eq!((container.args().unwrap()[0].as_str(), container.working_dir()), ("-v", Some("/srv")));
        let hooks: Vec<_> = container.hook_commands().into_iter().map(|c| (c.field, c.argv[0].clone())).collect();
        assert_eq!(hooks[0], ("livenessProbe.exec.command".to_owned(), "/probe".to_owned()));
        assert_eq!(hooks[1], ("lifecycle.preStop.exec.command".to_owned(), "sh".to_owned()));
        assert_eq!((container.env().len(), container.env()[1].value.as_deref()), (2, None));
        assert_eq!((container.ports()[0].protocol.as_str(), container.ports()[1].host_port), ("TCP", Some(53)));
        assert!(pod.volume(&container.mounts()[0].volume).is_some() && !container.mounts()[0].read_only);
    }
}
