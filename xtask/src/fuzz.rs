//! Every fuzz target for a while.

use std::process::Command;

use anyhow::{Result, bail};

use crate::run::{find, root};

/// Runs each target for `seconds`. Needs a nightly toolchain and cargo-fuzz.
pub(crate) fn lane(seconds: u64) -> Result<()> {
    if find("cargo-fuzz").is_none() {
        println!("skipped: cargo-fuzz is not installed (cargo install cargo-fuzz)");
        return Ok(());
    }
    let mut targets: Vec<String> = std::fs::read_dir(root().join("fuzz/fuzz_targets"))?
        .filter_map(|e| Some(e.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    targets.sort();
    let mut failed = Vec::new();
    for target in targets {
        println!("fuzzing {target} for {seconds} s");
        let status = Command::new("cargo")
            .args([
                "+nightly",
                "fuzz",
                "run",
                &target,
                "--",
                &format!("-max_total_time={seconds}"),
                "-rss_limit_mb=2048",
                "-timeout=10",
                "-verbosity=0",
                "-print_final_stats=1",
            ])
            .current_dir(root())
            .status()?;
        if !status.success() {
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("these targets found a fault: {}", failed.join(", "));
    }
    Ok(())
}
