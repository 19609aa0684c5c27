//! An image hardened: planned, written, read back and started.

use std::io::{Seek as _, SeekFrom};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_harden::{HardenError, Hardened, LayerKind, Plan, PlanInput, Source, apply, plan};
use plimsoll_intent::{ClosureRule, RuntimeRule};
use plimsoll_oci::{Image, media_type};
use plimsoll_sandbox::{Mount, Outcome, Probe, Run, detect, extract, run};
use plimsoll_source::LayoutWriter;
use plimsoll_workload::Workload;
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::open::{LoadedImage, Need, load_image, source_failure};
use crate::ui::Ui;

/// What container runtimes set where the image sets no PATH.
const RUNTIME_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long the run proof may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long a process without a port must stay up.
const STAYS_UP: Duration = Duration::from_secs(2);

/// Plans the hardening of a loaded image.
pub(crate) fn make_plan(
    name: &str,
    references: &[String],
    image: &dyn Image,
    loaded: &LoadedImage,
    runtime: &RuntimeRule,
    closure: &ClosureRule,
    workloads: &[Workload],
) -> Result<Plan> {
    let input = PlanInput {
        image: name,
        references,
        tree: &loaded.tree,
        contents: &*loaded.contents,
        catalog: &loaded.catalog,
        config: image.config(),
        runtime,
        closure,
        workloads,
    };
    plan(&input).map_err(|e| failure(e).into())
}

/// A hardened image and the files its layers are in.
pub(crate) struct Written {
    pub(crate) hardened: Hardened,
    files: Vec<(LayerKind, std::fs::File)>,
}

/// Carries a plan out. Layers go to unlinked temporary files.
pub(crate) fn carry_out(
    plan: &Plan,
    image: &dyn Image,
    name: &str,
    loaded: &LoadedImage,
    created: Timestamp,
) -> Result<Written> {
    let temporary = || tempfile::tempfile().map_err(|e| Failure::input(format!("cannot make a temporary file: {e}")));
    let (runtime, application) = (temporary()?, temporary()?);
    let source = Source { digest: image.digest(), name: Some(name) };
    let hardened =
        apply(plan, &loaded.tree, &*loaded.contents, &source, created, &runtime, &application).map_err(failure)?;
    Ok(Written { hardened, files: vec![(LayerKind::Runtime, runtime), (LayerKind::Application, application)] })
}

impl Written {
    /// Adds the image to a layout under `name`.
    pub(crate) fn add_to(&mut self, writer: &mut LayoutWriter, name: Option<&str>) -> Result<()> {
        for (kind, blob) in &self.hardened.layers {
            if let Some((_, file)) = self.files.iter_mut().find(|(k, _)| k == kind) {
                file.seek(SeekFrom::Start(0)).map_err(|e| Failure::input(format!("cannot read a layer back: {e}")))?;
                writer.blob(&blob.descriptor, &*file).map_err(source_failure)?;
            }
        }
        writer.bytes(media_type::CONFIG, &self.hardened.config).map_err(source_failure)?;
        let mut manifest = writer.bytes(media_type::MANIFEST, &self.hardened.manifest).map_err(source_failure)?;
        let config = plimsoll_oci::Config::parse(&self.hardened.config).map_err(|e| Failure::input(e.to_string()))?;
        manifest.platform = Some(config.platform);
        writer.manifest(manifest, name);
        Ok(())
    }
}

/// Starts a hardened image without privileges and says what was seen.
pub(crate) fn prove(image: &dyn Image, plan: &Plan, probe: Probe, ui: &Ui) -> Result<Outcome> {
    let search = std::env::var("PATH").unwrap_or_default();
    let Some(runtime) = detect(&search) else {
        return Ok(Outcome::Unverified { why: "neither bwrap nor runc is installed".to_owned() });
    };
    let loaded = load_image(image, Need::Everything, ui)?;
    let fault = |e: String| Failure::input(format!("cannot prepare the run: {e}"));
    let root = tempfile::tempdir().map_err(|e| fault(e.to_string()))?;
    extract(&loaded.tree, &*loaded.contents, root.path(), plan.uid, plan.gid).map_err(|e| fault(e.to_string()))?;
    let container = &image.config().container;
    let mut writable: Vec<Mount> = plan.writable.iter().map(|w| Mount { path: w.path.clone(), mode: 0o777 }).collect();
    writable.sort_by(|a, b| a.path.cmp(&b.path));
    let mut env = container.env.clone();
    if container.env_value("PATH").is_none() {
        env.push(RUNTIME_PATH.to_owned());
    }
    let asked = Run {
        root: root.path(),
        argv: plan.argv.clone(),
        env,
        working_dir: container.working_dir.clone(),
        uid: plan.uid,
        gid: plan.gid,
        writable,
        binds: Vec::new(),
        network: probe.needs_network(),
        unprivileged_port_start: None,
        probe,
        deadline: DEADLINE,
    };
    let step = ui.step("starting the hardened image");
    let outcome = run(Some(&runtime), &asked).map_err(|e| fault(e.to_string()))?;
    step.done();
    Ok(outcome)
}

/// What a run must show: what a readiness probe waits for, else the first declared port, else that it stays up.
pub(crate) fn probe_for(image: &dyn Image, workloads: &[Workload]) -> Probe {
    let declared = workloads.iter().flat_map(Workload::containers).find_map(|c| {
        let port = |probe: &str| {
            let probe = c.value.get(probe)?;
            let handler = probe.get("httpGet").or_else(|| probe.get("tcpSocket"))?;
            handler.get("port").and_then(Value::as_u64)
        };
        let container_port = || c.value.get("ports")?.as_array()?.first()?.get("containerPort")?.as_u64();
        port("readinessProbe").or_else(|| port("livenessProbe")).or_else(container_port)
    });
    let exposed = || {
        let ports = &image.config().container.exposed_ports;
        ports.iter().filter_map(|p| p.strip_suffix("/tcp").unwrap_or(p).parse().ok()).next()
    };
    let port = declared.and_then(|p| u16::try_from(p).ok()).or_else(exposed);
    port.map_or(Probe::StaysUp(STAYS_UP), Probe::Listens)
}

/// Reads `--probe`.
pub(crate) fn parse_probe(text: &str) -> Result<Probe> {
    let wrong = || {
        Failure::usage(format!("probe '{text}' is malformed"))
            .hint("listens:PORT, stays-up, exits-zero, http:PORT/PATH or tcp:PORT[:SEND=EXPECT]")
    };
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    Ok(match kind {
        "stays-up" => Probe::StaysUp(STAYS_UP),
        "exits-zero" => Probe::ExitsZero,
        "listens" => Probe::Listens(rest.parse().map_err(|_| wrong())?),
        "http" => {
            let (port, path) = rest.split_once('/').unwrap_or((rest, ""));
            Probe::Http { port: port.parse().map_err(|_| wrong())?, path: format!("/{path}") }
        }
        "tcp" => {
            let (port, talk) = rest.split_once(':').unwrap_or((rest, ""));
            let (send, expect) = talk.split_once('=').unwrap_or((talk, ""));
            let bytes = |t: &str| t.replace("\\r", "\r").replace("\\n", "\n").into_bytes();
            Probe::Tcp { port: port.parse().map_err(|_| wrong())?, send: bytes(send), expect: bytes(expect) }
        }
        _ => return Err(wrong().into()),
    })
}

/// The outcome in a word or a line.
pub(crate) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Proven { evidence } => format!("proven: {}", evidence.join("; ")),
        Outcome::Failed { why, stderr } if stderr.trim().is_empty() => format!("failed: {why}"),
        Outcome::Failed { why, stderr } => {
            let last: Vec<&str> = stderr.trim().lines().rev().take(3).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            format!("failed: {why}; it said: {}", last.join(" / "))
        }
        Outcome::Unverified { why } => format!("not verified: {why}"),
    }
}

/// A hardening error with its exit code.
pub(crate) fn failure(error: HardenError) -> Failure {
    let exit = match &error {
        HardenError::Read { .. } => Exit::Input,
        _ => Exit::HardenRefused,
    };
    Failure::new(exit, error.to_string())
}
