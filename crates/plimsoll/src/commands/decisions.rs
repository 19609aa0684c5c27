//! `plimsoll decisions check | show | init | schema`.

use std::path::Path;

use anyhow::Result;
use plimsoll_intent::State;

use crate::args::{Common, Decisions};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::load;
use crate::output::{print, write_file};
use crate::render;
use crate::ui::Ui;

/// Runs the command.
pub(crate) fn run(command: &Decisions, common: &Common, ui: &Ui) -> Result<Exit> {
    match command {
        Decisions::Check { path, output } => {
            let (raw, keys) = load::raw_decisions(path)?;
            let findings = match raw.resolve(&keys, load::today(clock::now(common))) {
                Ok(resolved) => resolved.findings,
                Err(findings) => findings,
            };
            let good = format!("{} documents count; no errors", raw.documents().len());
            render::findings(&findings, &good, &output.output, ui)?;
            Ok(if findings.iter().any(plimsoll_finding::Finding::is_error) { Exit::Usage } else { Exit::Ok })
        }
        Decisions::Show { path } => show(path, common, ui),
        Decisions::Init { path } => {
            if path.exists() {
                return Err(Failure::usage(format!("{} exists; it is not overwritten", path.display())).into());
            }
            write_file(path, plimsoll_intent::starter().as_bytes())?;
            ui.say(&format!("wrote {}", path.display()));
            Ok(Exit::Ok)
        }
        Decisions::Schema => print(plimsoll_intent::schema_json().as_bytes()).map(|()| Exit::Ok),
    }
}

fn show(path: &Path, common: &Common, ui: &Ui) -> Result<Exit> {
    let intent = load::intent(path, clock::now(common), ui)?;
    let rows: Vec<Vec<String>> = plimsoll_intent::show(&intent)
        .into_iter()
        .map(|shown| {
            let place = match (&shown.origin, &shown.state) {
                (Some(origin), _) => format!("{}:{}", origin.document, origin.line),
                (None, State::Missing) => "missing".to_owned(),
                (None, _) => "default".to_owned(),
            };
            vec![shown.key, place, shown.value]
        })
        .collect();
    print(plimsoll_report::table(&rows).as_bytes())?;
    Ok(Exit::Ok)
}
