//! `plimsoll registry serve`.

use std::sync::Arc;

use anyhow::Result;
use plimsoll_registry::blocking::RunningServer;
use plimsoll_registry::{Access, ServerOptions};

use crate::args::Registry;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// Serves until the process is ended.
pub(crate) fn run(command: &Registry, ui: &Ui) -> Result<Exit> {
    let Registry::Serve { listen, root } = command;
    let seen = ui.clone();
    let observer = Arc::new(move |access: &Access| {
        let seconds = access.duration.as_secs_f64();
        seen.detail(&format!("{} {} {} {seconds:.3}", access.method, access.path, access.status));
    });
    let options = ServerOptions { observer: Some(observer), ..ServerOptions::default() };
    let server = RunningServer::start(*listen, root, options)
        .map_err(|e| Failure::input(format!("cannot serve {}: {e}", root.display())))?;
    ui.say(&format!("registry on http://{} keeps its content in {}", server.local_addr(), root.display()));
    server.wait();
    Ok(Exit::Ok)
}
