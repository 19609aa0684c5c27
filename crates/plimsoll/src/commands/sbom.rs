//! `plimsoll sbom`.

use anyhow::Result;
use plimsoll_sbom::{Sbom, write_cyclonedx, write_purls, write_spdx};

use crate::args::{Common, SbomArgs};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::output::OutputSpec;
use crate::ui::Ui;

const FORMATS: [&str; 4] = ["table", "purls", "spdx-json", "cyclonedx-json"];

/// Runs the command.
pub(crate) fn run(args: &SbomArgs, common: &Common, ui: &Ui) -> Result<Exit> {
    let specs = OutputSpec::parse_all(&args.output, &FORMATS)?;
    for spec in &specs {
        let known = match spec.format.as_str() {
            "spdx-json" => "2.3",
            "cyclonedx-json" => "1.6",
            _ => "",
        };
        if let Some(version) = spec.version.as_deref().filter(|v| *v != known) {
            let message = format!("{} version {version} is not written; only {known} is", spec.format);
            return Err(Failure::usage(message).into());
        }
    }
    let found = open::packages(&args.source, &args.cataloguing, common, ui)?;
    let created = clock::build_time(clock::now(common))?;
    let sbom = Sbom::new(found.subject, found.catalog, crate::VERSION, created);
    for problem in &sbom.problems {
        let line = problem.line.map_or(String::new(), |l| format!(":{l}"));
        ui.say(&format!("{} {}{line}: {}", ui.err.yellow("not read:"), problem.path, problem.why));
    }
    for spec in specs {
        let bytes = match spec.format.as_str() {
            "spdx-json" => write_spdx(&sbom),
            "cyclonedx-json" => write_cyclonedx(&sbom),
            "purls" => write_purls(&sbom),
            _ => table(&sbom),
        };
        spec.write(&bytes)?;
    }
    if sbom.packages.is_empty() {
        ui.line(&format!("{} no packages were found", ui.err.yellow("warning:")));
        return Ok(Exit::Nothing);
    }
    Ok(if args.strict && !sbom.problems.is_empty() { Exit::Undecidable } else { Exit::Ok })
}

fn table(sbom: &Sbom) -> Vec<u8> {
    let head = ["NAME", "VERSION", "ARCH", "SOURCE", "LICENCE"].map(str::to_owned).to_vec();
    let rows = sbom
        .packages
        .iter()
        .map(|p| vec![p.name.clone(), p.version.clone(), p.arch.clone(), p.source.name.clone(), p.licenses.join(", ")]);
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    plimsoll_report::table(&rows).into_bytes()
}
