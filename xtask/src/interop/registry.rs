//! The embedded registry before another client.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Bench, Outcome, find, root, run};

pub(super) fn skopeo(_: &Bench) -> Result<Outcome> {
    if find("skopeo").is_none() {
        return Ok(Outcome::Skipped("skopeo is not installed".to_owned()));
    }
    let output = run(Command::new(env!("CARGO"))
        .args(["test", "-q", "--locked", "-p", "plimsoll-registry", "--test", "registry", "skopeo"])
        .current_dir(root()))?;
    if !String::from_utf8_lossy(&output.stdout).contains("1 passed") {
        bail!("no test of plimsoll-registry has skopeo in its name");
    }
    Ok(Outcome::Passed("pushes, pulls and mounts".to_owned()))
}
