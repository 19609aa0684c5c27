//! `plimsoll harden`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_harden::{PatchFacts, Plan, patches};
use plimsoll_intent::{ClosureLine, ClosureRule, Origin, RuntimeRule};
use plimsoll_oci::Image as _;
use plimsoll_report::{size_text, table};
use plimsoll_sandbox::Outcome;
use plimsoll_source::{LayoutWriter, OpenOptions, SourceRef, parse_source};
use plimsoll_workload::Workload;

use crate::args::{Common, Harden, host_platform};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::hardening::{carry_out, make_plan, outcome_text, parse_probe, probe_for, prove};
use crate::load;
use crate::open::{self, Need, OpenedImage, source_failure};
use crate::output::{print, write_file};
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(args: &Harden, common: &Common, ui: &Ui) -> Result<Exit> {
    let probe = args.probe.as_deref().map(parse_probe).transpose()?;
    let destination = args.output.as_deref().map(destination).transpose()?;
    let workloads = match &args.manifests {
        Some(path) => load::sound_manifests(path, ui)?,
        None => Vec::new(),
    };
    let (runtime, closure) = rules(args, common, ui)?;
    let opened = open::image(&args.image, common, ui)?;
    let loaded = open::load_image(&opened.image, Need::Everything, ui)?;
    let references = references(&opened, &workloads);
    let plan = make_plan(&opened.name, &references, &opened.image, &loaded, &runtime, &closure, &workloads)?;
    if args.plan {
        print(plan_text(&plan, true).as_bytes())?;
    }
    let stops: Vec<_> = plan.stops().into_iter().cloned().collect();
    if !stops.is_empty() {
        return Err(load::refuse(&stops, ui, Exit::HardenRefused, "the image cannot be hardened as it is"));
    }
    let Some(destination) = destination.filter(|_| !args.plan) else { return Ok(Exit::Ok) };
    let created = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(_) => clock::build_time(Timestamp::UNIX_EPOCH)?,
        // The input's own time: the same image hardened twice is the same image.
        None => opened.image.config().created.as_deref().and_then(|t| t.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH),
    };
    let mut written = carry_out(&plan, &opened.image, &opened.name, &loaded, created)?;
    drop(loaded);
    let mut writer = destination.writer()?;
    written.add_to(&mut writer, Some(destination.tag.as_str()))?;
    writer.finish().map_err(source_failure)?;
    let digest = written.hardened.digest.clone();
    print(plan_text(&plan, false).as_bytes())?;
    for finding in plan.findings.iter().filter(|f| !f.is_error()) {
        ui.detail(&plimsoll_report::finding_text(finding, ui.err));
    }
    let hardened = reopen(&destination.source())?;
    let outcome = if args.no_run {
        Outcome::Unverified { why: "--no-run was given".to_owned() }
    } else {
        prove(&hardened, &plan, probe.unwrap_or_else(|| probe_for(&hardened, &workloads)), ui)?
    };
    print(format!("run {}\nwrote {} {digest}\n", outcome_text(&outcome), destination.source()).as_bytes())?;
    if let Some(dir) = &args.patches {
        let facts = PatchFacts::of(&plan, &references, None, None);
        for (name, text) in patches(&workloads, &facts, &runtime) {
            write_file(&dir.join(name), text.as_bytes())?;
        }
    }
    Ok(if matches!(outcome, Outcome::Failed { .. }) { Exit::HardenRefused } else { Exit::Ok })
}

/// Where the hardened image goes.
struct Destination {
    path: PathBuf,
    archive: bool,
    tag: String,
}

fn destination(text: &str) -> Result<Destination> {
    let wrong =
        || Failure::usage(format!("'{text}' is no place for an image; use oci-dir:PATH[:TAG] or oci-archive:FILE"));
    let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (path, tag) = match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') && !tag.is_empty() => (path, tag),
        _ => (rest, "latest"),
    };
    let archive = match kind {
        "oci-dir" | "oci" => false,
        "oci-archive" => true,
        _ => return Err(wrong().into()),
    };
    if path.is_empty() {
        return Err(wrong().into());
    }
    Ok(Destination { path: PathBuf::from(path), archive, tag: tag.to_owned() })
}

impl Destination {
    fn writer(&self) -> Result<LayoutWriter> {
        let writer = if self.archive { LayoutWriter::archive(&self.path) } else { LayoutWriter::directory(&self.path) };
        writer.map_err(|e| source_failure(e).into())
    }

    fn source(&self) -> String {
        let kind = if self.archive { "oci-archive" } else { "oci-dir" };
        format!("{kind}:{}:{}", self.path.display(), self.tag)
    }
}

/// Opens an image that was just written.
pub(crate) fn reopen(source: &str) -> Result<plimsoll_source::BlobImage> {
    let source: SourceRef = parse_source(source).map_err(source_failure)?;
    let options = OpenOptions { platform: host_platform(), explicit: false, limits: plimsoll_layer::Limits::default() };
    Ok(plimsoll_source::open(&source, &options).map_err(source_failure)?.image)
}

/// Names under which the workloads call the image; empty where that is not known, and every container counts.
pub(crate) fn references(opened: &OpenedImage, workloads: &[Workload]) -> Vec<String> {
    let used = repositories(workloads);
    let by_name = |name: &str| {
        let known: Option<plimsoll_oci::Reference> = name.parse().ok();
        known.map(|r| r.name()).filter(|n| used.contains(n))
    };
    let own = opened.reference.as_ref().map(plimsoll_oci::Reference::name).filter(|n| used.contains(n));
    own.or_else(|| opened.tag.as_deref().and_then(by_name)).into_iter().collect()
}

/// The repositories that the workloads' images name, sorted.
pub(crate) fn repositories(workloads: &[Workload]) -> std::collections::BTreeSet<String> {
    let references = workloads.iter().flat_map(Workload::images).filter_map(|used| used.image.parse().ok());
    references.map(|r: plimsoll_oci::Reference| r.name()).collect()
}

fn rules(args: &Harden, common: &Common, ui: &Ui) -> Result<(RuntimeRule, ClosureRule)> {
    let (runtime, mut closure) = match &args.decisions {
        Some(path) => {
            let intent = load::intent(path, clock::now(common), ui)?;
            (intent.runtime, intent.closure)
        }
        None => (RuntimeRule::default(), ClosureRule::default()),
    };
    let line = |path: &String, flag: &str| ClosureLine {
        path: path.clone(),
        why: format!("asked for with {flag}"),
        origin: Origin { document: "the command line".to_owned(), line: 1 },
    };
    closure.keep.extend(args.keep.iter().map(|p| line(p, "--keep")));
    closure.drop.extend(args.drop.iter().map(|p| line(p, "--drop")));
    Ok((runtime, closure))
}

/// The plan for people: numbers always, every path where it was asked for.
pub(crate) fn plan_text(plan: &Plan, every_path: bool) -> String {
    let summary = plan.summary();
    let s = summary.stats;
    let percent = if s.bytes_before == 0 { 0.0 } else { 100.0 * (1.0 - s.bytes_after as f64 / s.bytes_before as f64) };
    let rows = [
        ["".to_owned(), "before".to_owned(), "after".to_owned()],
        ["size".to_owned(), size_text(s.bytes_before), format!("{} (-{percent:.1} %)", size_text(s.bytes_after))],
        ["files".to_owned(), s.files_before.to_string(), s.files_after.to_string()],
        ["packages".to_owned(), s.packages_before.to_string(), s.packages_after.to_string()],
        ["setuid files".to_owned(), s.setuid_before.to_string(), s.setuid_after.to_string()],
        ["shells".to_owned(), s.shells_before.to_string(), s.shells_after.to_string()],
    ];
    let mut text = table(&rows.map(|r| r.to_vec()));
    let _ = writeln!(text, "runs {} as {}:{}", plan.argv.join(" "), plan.uid, plan.gid);
    for change in &plan.config_changes {
        let _ = writeln!(text, "config {}: {} → {} ({})", change.field, change.before, change.after, change.why);
    }
    for writable in &plan.writable {
        let _ = writeln!(text, "writable {} ({})", writable.path, writable.why);
    }
    for undecided in &plan.undecided {
        let _ = writeln!(
            text,
            "undecided {} ({}), named by {}",
            undecided.path,
            size_text(undecided.size),
            undecided.named_by
        );
    }
    if every_path {
        for (path, kept) in &plan.kept {
            let _ = writeln!(text, "keep {} {path} ({})", kept.rule.id(), kept.via);
        }
        for (path, dropped) in &plan.dropped {
            let wanted = dropped.wanted_by.as_ref().map_or(String::new(), |w| format!(", named by {w}"));
            let _ = writeln!(text, "drop {path} ({}{wanted})", dropped.class.name());
        }
    }
    text
}

/// Writes a plan's every path to a file, the ledger of what went and why.
pub(crate) fn write_ledger(plan: &Plan, path: &Path) -> Result<()> {
    write_file(path, plan_text(plan, true).as_bytes())
}
