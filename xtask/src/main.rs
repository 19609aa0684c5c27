//! Lanes that are not default tests, and (in `tidy`) the tests that keep the house rules.
//!
//! `cargo xtask LANE`: `images`, `images-sbom`, `accuracy`, `bench`, `interop`, `fuzz`, `schemas`, `licences`, `demo-data`.

mod accuracy;
mod bench;
mod demo_data;
mod fuzz;
mod images;
mod interop;
mod licences;
mod promote;
mod run;
mod sbom_images;
mod schemas;
#[cfg(test)]
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask LANE

lanes:
  images            build the real Debian images (nginx, redis) from packages, harden and start them; cached
  images-sbom [NAME]
                    build the images that SBOM work is measured on (small, base, polyglot) and the truth about
                    them, as their own package managers tell it; cached
  accuracy          compare what plimsoll finds in the images of images-sbom with what their own package managers
                    say; a missing image is printed as skipped
  bench             time plimsoll against the floor and against peers that are installed; prints ratios
  interop           have other people's tools judge our output; a missing tool is printed as skipped
  fuzz [SECONDS]    run every fuzz target for SECONDS (default 60) each; needs a nightly toolchain and cargo-fuzz
  schemas           regenerate docs/findings.md and schemas/ from the code
  licences          regenerate the tables of licences of crates and Go modules with cargo and go
  demo-data DIR     regenerate the demo's advisory extract from a folder of public advisory data
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["images"] => images::lane(),
        ["images-sbom"] => sbom_images::lane(None),
        ["images-sbom", name] => sbom_images::lane(Some(name)),
        ["accuracy"] => accuracy::lane(),
        ["bench"] => bench::lane(),
        ["interop"] => interop::lane(),
        ["fuzz"] => fuzz::lane(60),
        ["fuzz", seconds] => seconds.parse().map_err(anyhow::Error::from).and_then(fuzz::lane),
        ["schemas"] => schemas::lane(),
        ["licences"] => licences::lane(),
        ["demo-data", dir] => demo_data::lane(dir.as_ref()),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
