//! runc's bundle.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::run::Run;
use crate::runtime::Runtime;

/// Writes the bundle's `config.json` (runtime specification 1.0.2).
pub(crate) fn write_bundle(bundle: &Path, run: &Run<'_>) -> io::Result<()> {
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]}),
    ];
    for mount in &run.writable {
        let options = ["nosuid".to_owned(), "nodev".to_owned(), format!("mode={:o}", mount.mode)];
        mounts.push(json!({"destination": mount.path, "type": "tmpfs", "source": "tmpfs", "options": options}));
    }
    for bind in &run.binds {
        mounts
            .push(json!({"destination": bind.inside, "type": "bind", "source": bind.host, "options": ["bind", "ro"]}));
    }
    let mut namespaces: Vec<Value> = ["pid", "ipc", "uts", "mount"].iter().map(|n| json!({"type": n})).collect();
    if !run.network {
        namespaces.push(json!({"type": "network"}));
    }
    let sysctl: Value = match run.unprivileged_port_start {
        Some(start) => json!({"net.ipv4.ip_unprivileged_port_start": start.to_string()}),
        None => json!({}),
    };
    let none: [&str; 0] = [];
    let config = json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": run.uid, "gid": run.gid},
            "args": run.argv,
            "env": run.env,
            "cwd": if run.working_dir.is_empty() { "/" } else { &run.working_dir },
            "capabilities": {"bounding": none, "effective": none, "permitted": none, "inheritable": none, "ambient": none},
            "noNewPrivileges": true,
        },
        "root": {"path": run.root, "readonly": true},
        "hostname": "plimsoll",
        "mounts": mounts,
        "linux": {"namespaces": namespaces, "sysctl": sysctl, "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"], "readonlyPaths": ["/proc/sys"]},
    });
    fs::write(bundle.join("config.json"), config.to_string())
}

/// The command that starts the bundle.
pub(crate) fn command(runtime: &Runtime, bundle: &Path, state: &Path, id: &str) -> Command {
    let mut c = Command::new(&runtime.path);
    c.arg("--root").arg(state).args(["run", "--bundle"]).arg(bundle).arg(id);
    c
}

/// The command that ends it.
pub(crate) fn delete(runtime: &Runtime, state: &Path, id: &str) -> Command {
    let mut c = Command::new(&runtime.path);
    c.arg("--root").arg(state).args(["delete", "--force", id]);
    c
}

/// Why runc could not set the container up.
pub(crate) fn setup_failure(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|l| l.contains("level=error") || l.contains("container_linux.go"))?;
    (!line.contains("executable file not found") && !line.contains("no such file or directory")).then_some(line)
}
