//! SBOMs, reports and decision documents before the validators of their formats.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::judges::or_skip;
use super::{Bench, Outcome, plimsoll, root, run};

/// The exit code of a gate that denies.
const DENIED: i32 = 20;

/// The exit code of `documents.py` where a library is not installed.
const MISSING: i32 = 3;

/// Has `documents.py` judge `files`.
fn judge(bench: &Bench, python: &Path, arguments: &[&str], files: &[PathBuf]) -> Result<Outcome> {
    let mut command = Command::new(python);
    command.arg("documents.py").args(arguments).args(files).current_dir(&bench.dir);
    let (output, text) = bench.ask(&mut command)?;
    if output.status.code() == Some(MISSING) {
        return Ok(Outcome::Skipped(text.trim().trim_start_matches("skipped: ").to_owned()));
    }
    if !output.status.success() {
        bail!("{command:?} ended with {}:\n{text}", output.status);
    }
    let names = files.iter().filter_map(|f| f.file_name()?.to_str()).collect::<Vec<_>>();
    Ok(Outcome::Passed(names.join(", ")))
}

/// The documents that the tests of `plimsoll-sbom` left, of names that end in one of `suffixes`: hard cases that no real
/// image holds all of. None where the tests have not been run.
fn left_by_tests(suffixes: &[&str]) -> Result<Vec<PathBuf>> {
    let dir = root().join("target/tmp");
    let mut files = Vec::new();
    if dir.is_dir() {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let is_ours = ["hard.", "empty.", "index.", "sample."].iter().any(|p| name.starts_with(p));
            if is_ours && suffixes.iter().any(|s| name.ends_with(s)) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What the tests left before one judge; skipped where they left nothing.
fn judge_left(bench: &Bench, arguments: &[&str], suffixes: &[&str]) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    let files = left_by_tests(suffixes)?;
    if files.is_empty() {
        return Ok(Outcome::Skipped("cargo test -p plimsoll-sbom has left no documents".to_owned()));
    }
    judge(bench, &python, arguments, &files)
}

/// SPDX 3, which only a model of its own can read.
pub(super) fn spdx3(bench: &Bench) -> Result<Outcome> {
    judge_left(bench, &["spdx3"], &[".spdx3.json"])
}

/// CycloneDX in every version and as XML.
pub(super) fn cyclonedx_versions(bench: &Bench) -> Result<Outcome> {
    judge_left(bench, &["cyclonedx"], &[".cdx.json", ".cdx.xml"])
}

/// SPDX 2.3 in both of its forms.
pub(super) fn spdx_forms(bench: &Bench) -> Result<Outcome> {
    judge_left(bench, &["spdx"], &[".spdx.json", ".spdx"])
}

/// The NTIA's minimum elements of an image whose packages name versions and maintainers.
pub(super) fn ntia(bench: &Bench) -> Result<Outcome> {
    judge_left(bench, &["ntia"], &["sample.spdx.json", "sample.spdx3.json"])
}

/// Our own SBOM against its published schema.
pub(super) fn own_sbom(bench: &Bench) -> Result<Outcome> {
    let schema = root().join("schemas/plimsoll-sbom.v1.schema.json").display().to_string();
    judge_left(bench, &["schema", &schema], &[".plimsoll.json"])
}

/// The SBOM of every layout of the demo, in one format.
fn sboms(bench: &Bench, format: &str, versions: &[&str]) -> Result<Vec<PathBuf>> {
    let (_, layouts) = bench.demo()?;
    let binary = plimsoll()?;
    let out = bench.fresh(format)?;
    let mut files = Vec::new();
    for (number, layout) in layouts.iter().enumerate() {
        for version in versions {
            let name = layout.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let file = out.join(format!("{number}-{name}{version}.json"));
            run(Command::new(&binary)
                .args(["sbom", "-q", &format!("oci-dir:{}", layout.display())])
                .args(["-o", &format!("{format}{version}={}", file.display())]))?;
            files.push(file);
        }
    }
    Ok(files)
}

pub(super) fn cyclonedx(bench: &Bench) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    judge(bench, &python, &["cyclonedx"], &sboms(bench, "cyclonedx-json", &[""])?)
}

pub(super) fn spdx(bench: &Bench) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    judge(bench, &python, &["spdx"], &sboms(bench, "spdx-json", &[""])?)
}

/// What the scan of the demo's image, which is denied, reports in one format.
fn scan(bench: &Bench, format: &str) -> Result<PathBuf> {
    let (dir, layouts) = bench.demo()?;
    let file = bench.fresh(&format!("scan-{format}"))?.join(format!("scan.{format}"));
    let mut command = Command::new(plimsoll()?);
    command.args(["scan", "-q", &format!("oci-dir:{}", layouts[0].display()), "--fail-on", "high", "--db"]);
    command.arg(dir.join("plimsoll.db")).args(["-o", &format!("{format}={}", file.display())]);
    let (output, text) = bench.ask(&mut command)?;
    if output.status.code() != Some(DENIED) || !file.is_file() {
        bail!("{command:?} ended with {} where the gate had to deny:\n{text}", output.status);
    }
    Ok(file)
}

pub(super) fn sarif(bench: &Bench) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    or_skip!(bench.node());
    let schema = bench.dir.join("node_modules/@microsoft/sarif-multitool-linux/sarif-2.1.0.json");
    if !schema.is_file() {
        return Ok(Outcome::Skipped("the package with the schema installs on Linux only".to_owned()));
    }
    judge(bench, &python, &["schema", &schema.display().to_string()], &[scan(bench, "sarif")?])
}

/// What plimsoll publishes as schemas holds for what it writes.
pub(super) fn own_schemas(bench: &Bench) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    let findings = root().join("schemas/findings.v1.schema.json").display().to_string();
    let dir = bench.fresh("own")?;
    let checked = dir.join("decisions.json");
    let (demo, _) = bench.demo()?;
    run(Command::new(plimsoll()?)
        .args(["decisions", "check", "-q", "-o", &format!("json={}", checked.display())])
        .arg(demo.join("decisions")))?;
    judge(bench, &python, &["schema", &findings], &[scan(bench, "json")?, checked])?;
    let decisions = dir.join("plimsoll.v1.schema.json");
    std::fs::write(&decisions, plimsoll_intent::schema_json())?;
    let starter = dir.join("plimsoll.yaml");
    run(Command::new(plimsoll()?).args(["decisions", "init", "-q"]).arg(&starter))?;
    judge(bench, &python, &["schema", &decisions.display().to_string()], &[starter])?;
    Ok(Outcome::Passed("findings of a scan and of decisions, and the starter of decisions".to_owned()))
}
