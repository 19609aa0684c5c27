//! The commands, one module each.

pub(crate) mod admit;
mod audit;
pub(crate) mod db;
mod decisions;
mod demo;
mod explain;
mod find;
pub(crate) mod harden;
mod inspect;
mod key;
mod policy;
mod promote;
mod registry;
mod sbom;
pub(crate) mod scan;
pub(crate) mod sign;
mod verify;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::output::print;
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(cli: Cli, ui: &Ui) -> Result<Exit> {
    let common = &cli.common;
    match cli.command {
        Command::Demo(args) => demo::run(&args, common, ui),
        Command::Promote(args) => promote::run(&args, common, ui),
        Command::Audit(args) => audit::run(&args, common, ui),
        Command::Decisions(command) => decisions::run(&command, common, ui),
        Command::Inspect(args) => inspect::run(&args, common, ui),
        Command::Harden(args) => harden::run(&args, common, ui),
        Command::Sbom(args) => sbom::run(&args, common, ui),
        Command::Find(args) => find::run(&args, common, ui),
        Command::Scan(args) => scan::run(&args, common, ui),
        Command::Db(command) => db::run(&command, common, ui),
        Command::Key(command) => key::run(&command, ui),
        Command::Sign(args) => sign::sign(&args, common, ui),
        Command::Attest(args) => sign::attest(&args, common, ui),
        Command::Provenance(args) => sign::provenance(&args, common, ui),
        Command::Verify(args) => verify::verify(&args, common, ui),
        Command::VerifyAttestation(args) => verify::verify_attestation(&args, common, ui),
        Command::Policy(command) => policy::run(&command, common, ui),
        Command::Admit(command) => admit::run(&command, common, ui),
        Command::Registry(command) => registry::run(&command, ui),
        Command::Explain { code } => explain::run(code.as_deref(), ui),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut script);
            print(&script).map(|()| Exit::Ok)
        }
        Command::Version => print(format!("plimsoll {}\n", crate::VERSION).as_bytes()).map(|()| Exit::Ok),
    }
}
