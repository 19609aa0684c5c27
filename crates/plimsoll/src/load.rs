//! Decisions and manifests read from the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use plimsoll_finding::{Finding, Level};
use plimsoll_intent::{Document, Intent, Raw};
use plimsoll_workload::{Workload, parse_manifests};

use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Folders may not nest deeper than this.
const MAX_DEPTH: usize = 16;
/// A document or manifest larger than this is refused unread.
const MAX_FILE: u64 = 4 << 20;

/// The documents below `path`, or the one file: Markdown, and YAML named `plimsoll.yaml`.
pub(crate) fn documents(path: &Path) -> Result<Vec<Document>> {
    let is_document = |p: &Path| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        name.ends_with(".md") || matches!(name, "plimsoll.yaml" | "plimsoll.yml")
    };
    let files = if path.is_file() { vec![path.to_path_buf()] } else { walk(path, &is_document)? };
    if files.is_empty() {
        let message = format!("{} holds no decision document (Markdown or plimsoll.yaml)", path.display());
        return Err(Failure::usage(message).hint("plimsoll decisions init writes a commented starter").into());
    }
    files.iter().map(|p| Ok(Document { path: p.display().to_string(), text: read_text(p)? })).collect()
}

/// The raw decisions, and the key files they name.
pub(crate) fn raw_decisions(path: &Path) -> Result<(Raw, BTreeMap<String, String>)> {
    let raw = plimsoll_intent::read(&documents(path)?);
    let mut keys = BTreeMap::new();
    for file in raw.key_files() {
        // A key file that is not there is told by resolve, with the line of the document that names it.
        if let Ok(text) = read_text(Path::new(&file.path)) {
            keys.insert(file.path, text);
        }
    }
    Ok((raw, keys))
}

/// The intent, or every error of the documents printed and a usage failure.
pub(crate) fn intent(path: &Path, now: Timestamp, ui: &Ui) -> Result<Intent> {
    let (raw, keys) = raw_decisions(path)?;
    match raw.resolve(&keys, today(now)) {
        Ok(resolved) => {
            for finding in resolved.findings.iter().filter(|f| f.level == Level::Warning) {
                ui.say(&plimsoll_report::finding_text(finding, ui.err));
            }
            Ok(resolved.intent)
        }
        Err(findings) => Err(refuse(&findings, ui, Exit::Usage, "the decisions cannot be used")),
    }
}

/// The day of `now`, UTC.
pub(crate) fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Prints findings and makes the failure that ends the run.
pub(crate) fn refuse(findings: &[Finding], ui: &Ui, exit: Exit, what: &str) -> anyhow::Error {
    ui.line(&plimsoll_report::findings_text(findings, ui.err));
    let errors = findings.iter().filter(|f| f.is_error()).count();
    Failure::new(exit, format!("{what}: {errors} error{}", if errors == 1 { "" } else { "s" })).into()
}

/// What the manifests below `path` hold.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) problems: Vec<Finding>,
    /// Files read.
    pub(crate) files: usize,
}

/// The workloads below `path`, or of the one file. Parts that cannot be read are findings.
pub(crate) fn manifests(path: &Path) -> Result<Loaded> {
    let is_manifest = |p: &Path| matches!(p.extension().and_then(|e| e.to_str()), Some("yaml" | "yml" | "json"));
    let files = if path.is_file() { vec![path.to_path_buf()] } else { walk(path, &is_manifest)? };
    let mut loaded = Loaded::default();
    for file in files {
        let found = parse_manifests(&file.display().to_string(), &read_text(&file)?);
        loaded.workloads.extend(found.workloads);
        loaded.problems.extend(found.problems.iter().map(plimsoll_workload::ParseProblem::finding));
        loaded.files += 1;
    }
    Ok(loaded)
}

/// [`manifests`], refusing when any part cannot be read or there is no workload at all.
pub(crate) fn sound_manifests(path: &Path, ui: &Ui) -> Result<Vec<Workload>> {
    let loaded = manifests(path)?;
    if !loaded.problems.is_empty() {
        return Err(refuse(&loaded.problems, ui, Exit::Usage, "the manifests cannot be read"));
    }
    if loaded.workloads.is_empty() {
        let message = format!("{} holds no workload ({} files read)", path.display(), loaded.files);
        return Err(Failure::new(Exit::Nothing, message).into());
    }
    Ok(loaded.workloads)
}

/// A text file of bounded size.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    read_text_upto(path, MAX_FILE)
}

/// The same with another limit, in bytes.
pub(crate) fn read_text_upto(path: &Path, most: u64) -> Result<String> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot read {}: {e}", path.display()));
    let size = std::fs::metadata(path).map_err(fault)?.len();
    if size > most {
        let message = format!("{} has {size} bytes; at most {most} are read", path.display());
        return Err(Failure::usage(message).into());
    }
    let bytes = std::fs::read(path).map_err(fault)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{} is not UTF-8 text", path.display())).into())
}

fn walk(dir: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    walk_into(dir, wanted, 0, &mut files)?;
    files.sort();
    Ok(files)
}

fn walk_into(dir: &Path, wanted: &dyn Fn(&Path) -> bool, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot read {}: {e}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let kind = entry.file_type().map_err(fault)?;
        let path = entry.path();
        let hidden = entry.file_name().to_str().is_none_or(|n| n.starts_with('.'));
        if kind.is_dir() && !hidden {
            if depth == MAX_DEPTH {
                let message = format!("{} is nested deeper than {MAX_DEPTH} folders", path.display());
                return Err(Failure::usage(message).into());
            }
            walk_into(&path, wanted, depth + 1, files)?;
        } else if wanted(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
