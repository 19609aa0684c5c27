//! What one command costs, by GNU time, and how that is printed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::run::find;

/// What one run cost.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) wall: f64,
    pub(super) cpu: f64,
    pub(super) peak_kib: f64,
    /// What it and its children wrote to file systems on disk, temporary files that are gone included.
    pub(super) written_kib: f64,
}

impl Cost {
    /// Times what another cost: wall, CPU, memory. GNU time's steps are 10 ms, so nothing counts as less than one.
    pub(super) fn against(self, other: Self) -> [f64; 3] {
        let step = |n: f64| n.max(0.01);
        [step(self.wall) / step(other.wall), step(self.cpu) / step(other.cpu), self.peak_kib / other.peak_kib]
    }
}

/// A command to be timed.
pub(super) struct Row {
    pub(super) name: &'static str,
    command: Vec<String>,
    environment: Vec<(&'static str, String)>,
    runs: usize,
}

impl Row {
    pub(super) fn new(name: &'static str, command: &[&str], runs: usize) -> Self {
        Self { name, command: command.iter().map(|a| (*a).to_owned()).collect(), environment: Vec::new(), runs }
    }

    pub(super) fn env(mut self, name: &'static str, value: impl ToString) -> Self {
        self.environment.push((name, value.to_string()));
        self
    }
}

/// GNU time.
pub(super) struct Watch(PathBuf);

impl Watch {
    pub(super) fn new() -> Option<Self> {
        find("time").map(Self)
    }

    /// The run with the least wall time.
    pub(super) fn best(&self, row: &Row) -> Result<Cost> {
        let mut best: Option<Cost> = None;
        for _ in 0..row.runs {
            let cost = self.once(row)?;
            if best.is_none_or(|b| cost.wall < b.wall) {
                best = Some(cost);
            }
        }
        best.context("no run")
    }

    fn once(&self, row: &Row) -> Result<Cost> {
        let output = Command::new(&self.0)
            .args(["-f", "plimsoll-bench %e %U %S %M %O"])
            .args(&row.command)
            .envs(row.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .context("cannot start GNU time")?;
        let text = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("{:?} failed: {text}", row.command);
        }
        let line =
            text.lines().rev().find_map(|l| l.strip_prefix("plimsoll-bench ")).context("time printed nothing")?;
        let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [wall, user, system, peak_kib, blocks] = numbers[..] else { bail!("time printed {line}") };
        Ok(Cost { wall, cpu: user + system, peak_kib, written_kib: blocks / 2.0 })
    }
}

pub(super) fn heading(what: &str) {
    println!("\n{what:<44} {:>8} {:>8} {:>10}   against the floor: wall, CPU, memory", "wall s", "CPU s", "peak MiB");
}

pub(super) fn line(name: &str, cost: Cost, floor: Option<Cost>) {
    let Cost { wall, cpu, peak_kib, .. } = cost;
    let ratios = floor.map(|floor| {
        let [wall, cpu, memory] = cost.against(floor);
        format!("{wall:.2} x, {cpu:.2} x, {memory:.2} x")
    });
    let peak = peak_kib / 1024.0;
    println!("{name:<44} {wall:>8.2} {cpu:>8.2} {peak:>10.1}   {}", ratios.unwrap_or_default());
}
