//! SBOMs, reports and decision documents before the validators of their formats.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::judges::or_skip;
use super::{Bench, Outcome, plimsoll, root, run};

/// The exit code of a gate that denies.
const DENIED: i32 = 20;

/// Has `documents.py` judge `files`.
fn judge(bench: &Bench, python: &Path, arguments: &[&str], files: &[PathBuf]) -> Result<Outcome> {
    run(Command::new(python).arg("documents.py").args(arguments).args(files).current_dir(&bench.dir))?;
    let names = files.iter().filter_map(|f| f.file_name()?.to_str()).collect::<Vec<_>>();
    Ok(Outcome::Passed(names.join(", ")))
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
