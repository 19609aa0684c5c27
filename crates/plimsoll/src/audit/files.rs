//! The files of an inherited workload: manifests, and what stands beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use plimsoll_finding::{Finding, Location, admission};
use plimsoll_workload::{MAX_MANIFEST_BYTES, OtherObject, ProblemKind, Workload, parse_manifests};
use serde_json::Value;

use crate::audit::provisioning;
use crate::exit::Failure;

/// Folders deeper than this are not walked.
const MAX_DEPTH: usize = 24;
/// Files looked at; more is no workload's folder.
const MAX_FILES: usize = 50_000;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) workloads: Vec<Workload>,
    /// Objects of other kinds: policies, namespaces, tests of policies.
    pub(crate) others: Vec<OtherObject>,
    /// Parts that could not be read.
    pub(crate) problems: Vec<Finding>,
    /// Pipelines and provisioning by what they are, with their files.
    pub(crate) provisioning: BTreeMap<&'static str, BTreeSet<String>>,
    /// A report of plimsoll shows bad images refused.
    pub(crate) proven: bool,
    /// Manifest files read.
    pub(crate) files: usize,
    /// Files that were passed over, and why.
    pub(crate) passed_over: Vec<String>,
}

/// Reads a directory, or one file.
pub(crate) fn read(path: &Path) -> Result<Inherited> {
    let single = path.is_file();
    let mut files = Vec::new();
    if single {
        files.push(path.to_path_buf());
    } else {
        walk(path, 0, &mut files)?;
        files.sort();
    }
    let mut found = Inherited::default();
    let mut patches = BTreeSet::new();
    for file in &files {
        let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let below = file.strip_prefix(path).unwrap_or(file);
        if let Some(what) = provisioning::of_path(below).filter(|_| !single) {
            found.provisioning.entry(what).or_default().insert(file.display().to_string());
        } else if name == "supply-chain.md" {
            found.proven |= text_of(file)?.is_ok_and(|text| shows_refusals(&text));
        } else if single || is_manifest(file) {
            manifest(file, single, &mut patches, &mut found)?;
        }
    }
    // A patch is part of a workload that stands elsewhere; alone it would be judged for what it does not repeat.
    let is_patch = |origin: &str| patches.contains(&real(Path::new(origin)));
    found.workloads.retain(|w| !is_patch(&w.origin.path));
    for (what, file) in found.others.iter().filter_map(|o| Some((provisioning::of_object(o)?, &o.origin.path))) {
        found.provisioning.entry(what).or_default().insert(file.clone());
    }
    found.passed_over.extend(patches.iter().map(|p| format!("{}: a patch of a kustomization", p.display())));
    Ok(found)
}

fn is_manifest(file: &Path) -> bool {
    matches!(file.extension().and_then(|e| e.to_str()), Some("yaml" | "yml" | "json"))
}

fn manifest(file: &Path, named: bool, patches: &mut BTreeSet<PathBuf>, found: &mut Inherited) -> Result<()> {
    let shown = file.display().to_string();
    let text = match text_of(file)? {
        Ok(text) => text,
        Err(why) => {
            let location = Location::File { path: shown, line: None, column: None };
            found.problems.push(Finding::new(admission::UNREADABLE_MANIFEST, location, why));
            return Ok(());
        }
    };
    let parsed = parse_manifests(&shown, &text);
    found.files += 1;
    let stem = file.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    if stem.eq_ignore_ascii_case("kustomization") {
        // Its kind may be left out, and then it is no object for the reader.
        let whole = format!("kind: Kustomization\n{text}");
        let mut again = parsed.others;
        if again.is_empty() {
            again = parse_manifests(&shown, &whole).others;
        }
        let dir = file.parent().unwrap_or(Path::new(""));
        patches.extend(again.iter().flat_map(|o| patch_files(&o.object)).map(|p| real(&dir.join(p))));
        return Ok(());
    }
    for problem in &parsed.problems {
        // A folder holds other YAML and JSON too; what has no kind can be applied by nobody.
        if problem.kind == ProblemKind::NotAnObject && !named {
            found.passed_over.push(problem.to_string());
        } else {
            found.problems.push(problem.finding());
        }
    }
    found.workloads.extend(parsed.workloads);
    found.others.extend(parsed.others);
    Ok(())
}

/// Files that a kustomization lays over its resources.
fn patch_files(kustomization: &Value) -> Vec<String> {
    let list = |key: &str| kustomization.get(key).and_then(Value::as_array).into_iter().flatten();
    let paths = list("patches").chain(list("patchesJson6902")).filter_map(|p| p.get("path"));
    paths.chain(list("patchesStrategicMerge")).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// Whether a `supply-chain.md` says that its matrix of bad images held.
fn shows_refusals(text: &str) -> bool {
    let code = plimsoll_finding::rubric::BAD_IMAGES.as_str();
    text.lines().any(|l| l.starts_with(&format!("| {code} |")) && l.contains("| pass |"))
}

/// The text of a file, or why it is none. A file that cannot be opened is an error.
fn text_of(file: &Path) -> Result<Result<String, String>> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot read {}: {e}", file.display()));
    let size = std::fs::metadata(file).map_err(fault)?.len();
    if size > MAX_MANIFEST_BYTES as u64 {
        return Ok(Err(format!("file has {size} bytes; at most {MAX_MANIFEST_BYTES} are read")));
    }
    let bytes = std::fs::read(file).map_err(fault)?;
    Ok(String::from_utf8(bytes).map_err(|_| "file is not UTF-8 text".to_owned()))
}

fn walk(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot read {}: {e}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or(".");
        let hidden = name.starts_with('.') && !provisioning::HIDDEN.contains(&name);
        // Links to directories are not followed: they may lead round in a circle.
        if entry.file_type().map_err(fault)?.is_dir() {
            if !hidden && name != "node_modules" && depth < MAX_DEPTH {
                walk(&path, depth + 1, files)?;
            }
        } else if !hidden && path.is_file() {
            files.push(path);
            if files.len() > MAX_FILES {
                let message = format!("{} holds more than {MAX_FILES} files", dir.display());
                return Err(Failure::usage(message).hint("name the folder of the manifests").into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: x}]}\n";

    fn dir(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        dir
    }

    #[test]
    fn a_folder_is_read_for_what_it_is() {
        let dir = dir(&[
            ("base/pod.yaml", POD),
            ("base/values.json", "{\"a\": 1}"),
            ("over/kustomization.yaml", "patches:\n- path: ../over/p.yaml\n"),
            ("over/p.yaml", POD),
            ("bad.yaml", "a: [\n"),
            ("chart/templates/d.yaml", "kind: Pod\nmetadata: {name: {{ .Values.x }}}\n"),
            (".github/workflows/ci.yml", "on: push\njobs: {}\n"),
            (".hidden/pod.yaml", POD),
            ("infra/main.tf", "resource \"x\" \"y\" {}"),
            ("t.yaml", "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\n"),
            ("supply-chain.md", "| PL-R014 | deliberately bad images were shown to be refused | pass | x |\n"),
        ]);
        let found = read(dir.path()).unwrap();
        assert_eq!(found.workloads.len(), 1, "the patch and the hidden folder are no workloads");
        assert!(found.proven);
        let codes: Vec<_> = found.problems.iter().map(|p| p.code).collect();
        assert_eq!(codes, [admission::UNREADABLE_MANIFEST, admission::TEMPLATE]);
        let what: Vec<_> = found.provisioning.keys().copied().collect();
        assert_eq!(what, ["GitHub Actions", "Tekton", "Terraform"]);
        assert_eq!(found.passed_over.len(), 2, "{:?}", found.passed_over);
    }

    #[test]
    fn a_file_that_is_named_must_be_a_manifest() {
        let dir = dir(&[("values.json", "{\"a\": 1}"), ("bin.yaml", "x")]);
        std::fs::write(dir.path().join("bin.yaml"), [0xff, 0xfe]).unwrap();
        assert_eq!(read(&dir.path().join("values.json")).unwrap().problems.len(), 1);
        assert!(read(&dir.path().join("bin.yaml")).unwrap().problems[0].message.contains("UTF-8"));
        assert!(read(&dir.path().join("gone")).is_err());
    }

    #[test]
    fn a_gap_in_a_report_is_no_proof() {
        assert!(!shows_refusals("| PL-R014 | deliberately bad images | **gap**: not run | pass |x"[..40].trim()));
        assert!(!shows_refusals("| PL-R013 | x | pass | y |"));
        assert!(shows_refusals("a\n| PL-R014 | x | pass | y |\n"));
    }
}
