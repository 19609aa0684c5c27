//! Other people's tools judge what plimsoll writes. A judge that is missing is printed as skipped with the reason; one that
//! finds fault fails the lane.
//!
//! With `PLIMSOLL_INTEROP_INSTALL=1` the lane builds the Go judges (gator, kyverno, cosign) into its cache first; that takes
//! minutes once. The judges in Python and JavaScript are pinned in `interop/` and come from their registries.
//! `PLIMSOLL_INTEROP_ONLY=TEXT` asks only the judges whose names hold the text.

mod cosign;
mod documents;
mod judges;
mod policies;
mod registry;
mod signatures;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};

use crate::run::{cache, find, plimsoll, root, run};

/// What came of one part.
enum Outcome {
    /// The judge found nothing wrong.
    Passed(String),
    /// The judge could not be asked, and why.
    Skipped(String),
}

/// Where the judges live and work.
struct Bench {
    dir: PathBuf,
}

type Part = (&'static str, fn(&Bench) -> Result<Outcome>);

const PARTS: [Part; 18] = [
    ("@sigstore/verify", signatures::sigstore_verify),
    ("pyca/cryptography", signatures::cryptography),
    ("cyclonedx-python-lib", documents::cyclonedx),
    ("spdx-tools", documents::spdx),
    ("cyclonedx-python-lib (every version, XML)", documents::cyclonedx_versions),
    ("spdx-tools (JSON and tag-value)", documents::spdx_forms),
    ("ntia-conformance-checker (SPDX 3 model)", documents::spdx3),
    ("ntia-conformance-checker (NTIA)", documents::ntia),
    ("own SBOM schema", documents::own_sbom),
    ("SARIF schema", documents::sarif),
    ("own schemas", documents::own_schemas),
    ("skopeo", registry::skopeo),
    ("gator (Kubernetes CEL)", policies::gator_cel),
    ("gator (Rego)", policies::gator_rego),
    ("kyverno", policies::kyverno),
    ("kyverno (ValidatingAdmissionPolicy)", policies::kyverno_vap),
    ("kubectl", policies::kubectl),
    ("cosign", cosign::cosign),
];

/// Runs every judge that is installed.
pub(crate) fn lane() -> Result<()> {
    let bench = Bench { dir: cache("interop")? };
    for entry in std::fs::read_dir(root().join("interop"))? {
        let path = entry?.path();
        let name = path.file_name().context("a listed file has a name")?;
        if path.is_file() {
            std::fs::copy(&path, bench.dir.join(name))?;
        }
    }
    let only = std::env::var("PLIMSOLL_INTEROP_ONLY").unwrap_or_default();
    let mut failed = Vec::new();
    for (name, part) in PARTS.into_iter().filter(|(name, _)| name.contains(&only)) {
        match part(&bench) {
            Ok(Outcome::Passed(what)) => println!("ok: {name}: {what}"),
            Ok(Outcome::Skipped(why)) => println!("skipped: {name}: {why}"),
            Err(error) => {
                println!("failed: {name}: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("these judges found fault: {}", failed.join(", "));
    }
    Ok(())
}

impl Bench {
    /// An empty folder of a part.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// The demo's folder with its image layouts, made by the release binary on the first call.
    fn demo(&self) -> Result<(PathBuf, Vec<PathBuf>)> {
        let dir = self.dir.join("demo");
        let done = self.dir.join("demo.done");
        let binary = plimsoll()?;
        let made = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
        if made(&done).is_none() || made(&done) < made(&binary) {
            let dir = self.fresh("demo")?;
            run(Command::new(&binary).args(["demo", "--out"]).arg(&dir))?;
            std::fs::write(&done, b"")?;
        }
        let mut layouts = Vec::new();
        find_layouts(&dir, &mut layouts, 4)?;
        if layouts.is_empty() {
            bail!("plimsoll demo left no image layout in {}", dir.display());
        }
        Ok((dir, layouts))
    }

    /// Runs a program in `dir` and gives what it printed, whatever its exit code.
    fn ask(&self, command: &mut Command) -> Result<(Output, String)> {
        let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output, text))
    }
}

fn find_layouts(dir: &Path, out: &mut Vec<PathBuf>, depth: u8) -> Result<()> {
    if dir.join("oci-layout").is_file() && dir.join("index.json").is_file() {
        out.push(dir.to_path_buf());
        return Ok(());
    }
    let mut below: Vec<PathBuf> = std::fs::read_dir(dir)?.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    below.sort();
    for path in below.into_iter().filter(|p| p.is_dir() && depth > 0) {
        find_layouts(&path, out, depth - 1)?;
    }
    Ok(())
}
