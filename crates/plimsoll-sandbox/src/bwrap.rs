//! bubblewrap's command line.

use std::process::Command;

use crate::run::Run;
use crate::runtime::Runtime;

/// The command that starts the run under bubblewrap.
pub(crate) fn command(runtime: &Runtime, run: &Run<'_>) -> Command {
    let mut c = Command::new(&runtime.path);
    c.arg("--ro-bind").arg(run.root).arg("/");
    c.args(["--proc", "/proc", "--dev", "/dev"]);
    for mount in &run.writable {
        c.args(["--perms", &format!("{:04o}", mount.mode), "--tmpfs", &mount.path]);
    }
    for bind in &run.binds {
        c.arg("--ro-bind").arg(&bind.host).arg(&bind.inside);
    }
    c.arg("--unshare-all");
    if run.network {
        c.arg("--share-net");
    }
    c.args(["--uid", &run.uid.to_string(), "--gid", &run.gid.to_string()]);
    c.args(["--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"]);
    for line in &run.env {
        if let Some((name, value)) = line.split_once('=') {
            c.args(["--setenv", name, value]);
        }
    }
    c.args(["--chdir", if run.working_dir.is_empty() { "/" } else { &run.working_dir }]);
    c.arg("--").args(&run.argv);
    c
}

/// Why bubblewrap could not set the sandbox up, as opposed to the process failing in it.
pub(crate) fn setup_failure(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|l| l.starts_with("bwrap: "))?;
    // The program itself could not be started: that is the image's fault.
    (!line.starts_with("bwrap: execvp")).then_some(line)
}
