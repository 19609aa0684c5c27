//! The plimsoll binary: arguments, commands and what a person sees. The only place that wires the crates together.

#[allow(rustdoc::broken_intra_doc_links, reason = "its comments are help texts, where brackets mean optional")]
mod args;
mod audit;
mod bundles;
mod cataloguing;
mod clock;
mod commands;
mod exit;
mod facts;
mod hardening;
mod keys;
mod load;
mod map;
mod net;
mod open;
mod output;
mod promotion;
mod proving;
mod render;
mod sample;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// The builder identity of provenance made on a command line: the tenant's own, so never above SLSA build level 1.
pub(crate) const BUILDER_ID: &str = "https://plimsoll.dev/builder/cli/v1";

/// This program's version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui::new(&cli.common);
    let exit_zero = cli.common.exit_zero;
    match commands::run(cli, &ui) {
        Ok(_) if exit_zero => ExitCode::SUCCESS,
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => ExitCode::from(report(&ui, &error) as u8),
    }
}

/// Says what went wrong and gives its exit code.
fn report(ui: &Ui, error: &anyhow::Error) -> Exit {
    let failure = error.downcast_ref::<Failure>();
    let exit = failure.map_or(Exit::Internal, |f| f.exit);
    let head = ui.err.red("error:");
    ui.line(&format!("{head} {error:#}"));
    if let Some(hint) = failure.and_then(|f| f.hint.as_deref()) {
        ui.line(&format!("{} {hint}", ui.err.cyan("hint:")));
    }
    if failure.is_none() {
        ui.line("this is a fault of plimsoll itself; please report it with the command that shows it");
    }
    exit
}
