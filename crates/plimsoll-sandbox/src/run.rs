//! One run: started, watched, probed, ended.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::observe::{self, Observed};
use crate::probe::{self, Probe};
use crate::runtime::{Runtime, RuntimeKind};
use crate::{bwrap, runc};

/// Bytes kept of each output stream: the last ones.
const TAIL: u64 = 8 * 1024;
const TICK: Duration = Duration::from_millis(20);

/// A writable directory of the run, empty in memory. The directory must exist in the root, or in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path.
    pub path: String,
    /// Permission bits; an `emptyDir` has `0o777`.
    pub mode: u32,
}

/// A file or directory of the host shown read-only, as a ConfigMap would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// Path on the host.
    pub host: PathBuf,
    /// Absolute path in the root; it must exist there.
    pub inside: String,
}

/// What to run, and what must be seen.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The extracted root.
    pub root: &'a Path,
    /// The process: its program must be an absolute path or found along the environment's PATH.
    pub argv: Vec<String>,
    /// `NAME=value` lines; nothing else is in the environment.
    pub env: Vec<String>,
    /// Working directory; empty is `/`.
    pub working_dir: String,
    /// User inside.
    pub uid: u32,
    /// Group inside.
    pub gid: u32,
    /// Writable directories, parents before children.
    pub writable: Vec<Mount>,
    /// Files shown read-only.
    pub binds: Vec<Bind>,
    /// The caller's network is shared. Off: a network of its own with nothing in it.
    pub network: bool,
    /// Ports from this one on need no right, as a pod sets it by the sysctl `net.ipv4.ip_unprivileged_port_start`. Only
    /// runc can set it, and only in a network of the run's own.
    pub unprivileged_port_start: Option<u16>,
    /// What must be seen.
    pub probe: Probe,
    /// How long it may take.
    pub deadline: Duration,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran as asked and the probe saw what it must.
    Proven {
        /// What was seen, one fact a line.
        evidence: Vec<String>,
    },
    /// It ran and did not show what it must.
    Failed {
        /// What was missing.
        why: String,
        /// The end of standard error, or of standard output where that is empty.
        stderr: String,
    },
    /// It could not be run here. This is a gap, not a pass.
    Unverified {
        /// Why.
        why: String,
    },
}

/// Why nothing can be said at all; the machine is at fault.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A temporary file or the runtime's bundle could not be written.
    #[error("cannot prepare the run: {0}")]
    Prepare(#[source] std::io::Error),
    /// The run asks for a network probe without a network; the caller is at fault.
    #[error("a probe over the network needs Run::network")]
    ProbeNeedsNetwork,
}

/// Runs and probes. `runtime` is what [`crate::detect`] found; none gives [`Outcome::Unverified`].
pub fn run(runtime: Option<&Runtime>, run: &Run<'_>) -> Result<Outcome, RunError> {
    let unverified = |why: String| Ok(Outcome::Unverified { why });
    let Some(runtime) = runtime else {
        return unverified("neither bwrap nor runc is installed".to_owned());
    };
    if run.probe.needs_network() && !run.network {
        return Err(RunError::ProbeNeedsNetwork);
    }
    if run.argv.is_empty() {
        return unverified("there is nothing to start".to_owned());
    }
    if run.unprivileged_port_start.is_some() && (run.network || runtime.kind == RuntimeKind::Bubblewrap) {
        return unverified("the port sysctl needs runc and a network of its own".to_owned());
    }
    if run.network
        && let Some(port) = run.probe.port()
        && observe::listens(std::process::id(), port)
    {
        return unverified(format!("port {port} is taken on this machine, so an answer would prove nothing"));
    }
    let scratch = tempfile::tempdir().map_err(RunError::Prepare)?;
    let id = format!("plimsoll-{}", std::process::id());
    let mut command = match runtime.kind {
        RuntimeKind::Bubblewrap => bwrap::command(runtime, run),
        RuntimeKind::Runc => {
            if !is_root() {
                return unverified("runc is used as root only, and bwrap is not installed".to_owned());
            }
            runc::write_bundle(scratch.path(), run).map_err(RunError::Prepare)?;
            runc::command(runtime, scratch.path(), &scratch.path().join("state"), &id)
        }
    };
    let stdout = tempfile::tempfile_in(scratch.path()).map_err(RunError::Prepare)?;
    let stderr = tempfile::tempfile_in(scratch.path()).map_err(RunError::Prepare)?;
    command
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(RunError::Prepare)?)
        .stderr(stderr.try_clone().map_err(RunError::Prepare)?);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(e) => return unverified(format!("{} could not be started: {e}", runtime.path.display())),
    };
    let mut guard = Guard { child, cleanup: None };
    if runtime.kind == RuntimeKind::Runc {
        guard.cleanup = Some(runc::delete(runtime, &scratch.path().join("state"), &id));
    }
    let seen = watch(&mut guard.child, run);
    drop(guard);
    let mut outcome = judge(seen, runtime, run, &tail(stderr), &tail(stdout));
    if let Outcome::Proven { evidence } = &mut outcome {
        evidence.insert(0, format!("runtime: {}", runtime.version));
    }
    Ok(outcome)
}

/// Ends the run whatever happens.
struct Guard {
    child: Child,
    cleanup: Option<Command>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let processes = observe::descendants(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(cleanup) = &mut self.cleanup {
            let _ = cleanup.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        // The sandbox's first process dies with its parent; its end frees the port for the next run.
        let until = Instant::now() + Duration::from_secs(2);
        while processes.iter().any(|p| observe::is_alive(*p)) && Instant::now() < until {
            std::thread::sleep(TICK);
        }
    }
}

/// What was seen of a run.
struct Seen {
    process: Option<Observed>,
    exit: Option<ExitStatus>,
    proof: Option<String>,
    last: String,
}

fn watch(child: &mut Child, run: &Run<'_>) -> Seen {
    let start = Instant::now();
    let mut seen = Seen { process: None, exit: None, proof: None, last: String::new() };
    loop {
        let processes = observe::descendants(child.id());
        // The runtime's own helper stays root until it has become the program: the last state seen counts.
        let inner = processes.iter().rev().filter_map(|p| observe::observe(*p)).find(is_program);
        if inner.is_some() {
            seen.process = inner;
        }
        match child.try_wait() {
            Ok(Some(status)) => {
                seen.exit = Some(status);
                if run.probe == Probe::ExitsZero && status.success() {
                    seen.proof = Some("the process ended with status 0".to_owned());
                }
            }
            Ok(None) => {
                if let Some(process) = &seen.process {
                    match &run.probe {
                        Probe::StaysUp(time) if start.elapsed() >= *time => {
                            seen.proof = Some(format!("the process was up after {} ms", time.as_millis()));
                        }
                        Probe::Listens(port) if observe::listens(process.pid, *port) => {
                            seen.proof = Some(format!("the process listens on port {port}"));
                        }
                        probe if probe.needs_network() => match probe::try_network(probe) {
                            Ok(proof) => seen.proof = Some(proof),
                            Err(why) => seen.last = why,
                        },
                        _ => {}
                    }
                }
            }
            Err(e) => seen.last = e.to_string(),
        }
        let took = start.elapsed();
        if seen.proof.is_some() || seen.exit.is_some() || took >= run.deadline {
            return seen;
        }
        std::thread::sleep(TICK);
    }
}

/// Whether a process is the program rather than the runtime preparing it: the runtime's name is gone.
fn is_program(process: &Observed) -> bool {
    !matches!(process.name.as_str(), "bwrap" | "runc" | "runc:[0:PARENT]" | "runc:[1:CHILD]" | "runc:[2:INIT]" | "exe")
}

fn judge(seen: Seen, runtime: &Runtime, run: &Run<'_>, stderr: &str, stdout: &str) -> Outcome {
    let output = || if stderr.trim().is_empty() { stdout.to_owned() } else { stderr.to_owned() };
    let setup = match runtime.kind {
        RuntimeKind::Bubblewrap => bwrap::setup_failure(stderr),
        RuntimeKind::Runc => runc::setup_failure(stderr),
    };
    if let (Some(why), true) = (setup, seen.proof.is_none()) {
        return Outcome::Unverified { why: format!("the sandbox could not be set up: {why}") };
    }
    let Some(proof) = seen.proof else {
        let why = match seen.exit {
            Some(status) => format!("the process ended early ({status})"),
            None if seen.last.is_empty() => format!("nothing was seen within {} s", run.deadline.as_secs()),
            None => format!("nothing was seen within {} s: {}", run.deadline.as_secs(), seen.last),
        };
        return Outcome::Failed { why, stderr: output() };
    };
    let mut evidence = vec![proof];
    match &seen.process {
        Some(process) => {
            // What was asked for is measured: a sandbox that did not hold proves nothing.
            let broken = [
                (process.uid != Some(run.uid), format!("uid inside is {:?}", process.uid)),
                (process.gid != Some(run.gid), format!("gid inside is {:?}", process.gid)),
                (process.capabilities != Some(0), format!("capabilities are {:?}", process.capabilities)),
                (process.no_new_privs != Some(true), "no_new_privs is not set".to_owned()),
                (process.root_read_only != Some(true), "the root is not read-only".to_owned()),
            ];
            if let Some((_, why)) = broken.into_iter().find(|(is, _)| *is) {
                return Outcome::Unverified { why: format!("the sandbox did not hold: {why}") };
            }
            evidence.push(format!(
                "process {}: uid {}, gid {}, CapEff 0, NoNewPrivs 1, / read-only",
                process.name, run.uid, run.gid
            ));
        }
        None if run.probe == Probe::ExitsZero => {
            evidence.push(format!(
                "asked for: uid {}, gid {}, no capabilities, read-only root; it ended before it was measured",
                run.uid, run.gid
            ));
        }
        None => return Outcome::Unverified { why: "the process could not be observed".to_owned() },
    }
    Outcome::Proven { evidence }
}

fn tail(mut file: File) -> String {
    let len = file.metadata().map(|m| m.len()).unwrap_or(0);
    let mut bytes = Vec::new();
    if file.seek(SeekFrom::Start(len.saturating_sub(TAIL))).is_ok() {
        let _ = file.take(TAIL).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| s.lines().find_map(|l| l.strip_prefix("Uid:").map(str::to_owned)))
        .is_some_and(|l| l.split_ascii_whitespace().nth(1) == Some("0"))
}
