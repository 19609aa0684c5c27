//! Key files and bundles before other people's verifiers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::judges::or_skip;
use super::{Bench, Outcome, root, run};

/// Keys, bundles and what must become of them; made anew each time.
fn cases(bench: &Bench) -> Result<PathBuf> {
    let dir = bench.fresh("cases")?;
    run(Command::new(env!("CARGO"))
        .args(["run", "-q", "--locked", "-p", "plimsoll-trust", "--example", "interop-fixtures", "--"])
        .arg(&dir)
        .current_dir(root()))?;
    Ok(dir)
}

pub(super) fn sigstore_verify(bench: &Bench) -> Result<Outcome> {
    or_skip!(bench.node());
    let cases = cases(bench)?;
    let output = run(Command::new("node").args(["sigstore-verify.mjs", "--cases"]).arg(cases).current_dir(&bench.dir))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Outcome::Passed(text.lines().last().unwrap_or_default().to_owned()))
}

pub(super) fn cryptography(bench: &Bench) -> Result<Outcome> {
    let python = or_skip!(bench.python());
    let cases = cases(bench)?;
    let output = run(Command::new(python).arg("cosign-key.py").arg(cases).current_dir(&bench.dir))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(Outcome::Passed(format!("{} keys: files open, and both signatures of each agree", text.lines().count())))
}
