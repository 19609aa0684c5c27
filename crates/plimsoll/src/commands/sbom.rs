//! `plimsoll sbom`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use plimsoll_oci::Image as _;
use plimsoll_sbom::{IndexEntry, IndexOutput, IndexSbom, Output, Sbom, attestable, write, write_files, write_index};

use crate::args::{Common, SbomArgs};
use crate::cataloguing;
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::open;
use crate::output::{OutputSpec, write_file};
use crate::ui::Ui;

/// Stores of attestations refuse larger predicates.
pub(crate) const MAX_ATTESTED: usize = 16 << 20;

/// What one `-o` asks for.
#[derive(Clone, Copy)]
enum Wanted {
    Table,
    Files,
    Document(Output),
}

/// Runs the command.
pub(crate) fn run(args: &SbomArgs, common: &Common, ui: &Ui) -> Result<Exit> {
    let mut known: Vec<&str> = vec!["table", "files"];
    known.extend(Output::NAMES.iter().map(|(name, _, _)| *name));
    known.dedup();
    let specs = OutputSpec::parse_all(&args.output, &known)?;
    let wanted = specs.iter().map(wanted).collect::<Result<Vec<_>>>()?;
    if args.all_platforms {
        return index(args, &specs, &wanted, common, ui);
    }
    let with_files = wanted.iter().any(|w| matches!(w, Wanted::Files));
    let found = open::packages(&args.source, &args.cataloguing, with_files, common, ui)?;
    let created = clock::build_time(clock::now(common))?;
    let sbom = Sbom::new(found.subject, found.catalog, crate::VERSION, created);
    tell_problems(&sbom, ui);
    let sbom = formed(args, sbom);
    for (spec, wanted) in specs.iter().zip(&wanted) {
        let bytes = bytes(&sbom, *wanted);
        warn_of_size(spec, *wanted, bytes.len(), ui);
        spec.write(&bytes)?;
    }
    Ok(exit(args, &[&sbom], ui))
}

fn wanted(spec: &OutputSpec) -> Result<Wanted> {
    let unversioned = |wanted| match &spec.version {
        None => Ok(wanted),
        Some(_) => Err(Failure::usage(format!("{} has no versions", spec.format)).into()),
    };
    match spec.format.as_str() {
        "table" => unversioned(Wanted::Table),
        "files" => unversioned(Wanted::Files),
        name => Output::named(name, spec.version.as_deref()).map(Wanted::Document).ok_or_else(|| {
            let versions: Vec<&str> =
                Output::NAMES.iter().filter(|(n, v, _)| *n == name && !v.is_empty()).map(|(_, v, _)| *v).collect();
            let message = match versions.as_slice() {
                [] => format!("{name} has no versions"),
                versions => format!("{name} is written in version {}", versions.join(", ")),
            };
            Failure::usage(message).into()
        }),
    }
}

/// The SBOM in the form that is asked for.
fn formed(args: &SbomArgs, sbom: Sbom) -> Sbom {
    if args.attestable { attestable(&sbom) } else { sbom }
}

fn bytes(sbom: &Sbom, wanted: Wanted) -> Vec<u8> {
    match wanted {
        Wanted::Table => table(sbom),
        Wanted::Files => write_files(sbom),
        Wanted::Document(output) => write(sbom, output),
    }
}

fn warn_of_size(spec: &OutputSpec, wanted: Wanted, len: usize, ui: &Ui) {
    if matches!(wanted, Wanted::Document(_)) && len > MAX_ATTESTED {
        let format = &spec.format;
        ui.line(&format!(
            "{} the {format} document has {len} bytes; stores of attestations refuse more than {MAX_ATTESTED}; \
             --attestable writes a smaller one",
            ui.err.yellow("warning:")
        ));
    }
}

fn tell_problems(sbom: &Sbom, ui: &Ui) {
    for problem in &sbom.problems {
        let line = problem.line.map_or(String::new(), |l| format!(":{l}"));
        ui.say(&format!("{} {}{line}: {}", ui.err.yellow("not read:"), problem.path, problem.why));
    }
}

fn exit(args: &SbomArgs, sboms: &[&Sbom], ui: &Ui) -> Exit {
    if sboms.iter().all(|s| s.packages.is_empty()) {
        ui.line(&format!("{} no packages were found", ui.err.yellow("warning:")));
        return Exit::Nothing;
    }
    let unread = sboms.iter().any(|s| !s.problems.is_empty());
    if args.strict && unread { Exit::Undecidable } else { Exit::Ok }
}

/// One document for each platform, and one for the index that ties them together.
fn index(args: &SbomArgs, specs: &[OutputSpec], wanted: &[Wanted], common: &Common, ui: &Ui) -> Result<Exit> {
    let mut outputs: Vec<(&Path, Output, IndexOutput)> = Vec::new();
    for (spec, wanted) in specs.iter().zip(wanted) {
        let index = match (wanted, spec.format.as_str()) {
            (Wanted::Document(output @ Output::CycloneDxJson(_)), _) => (*output, IndexOutput::CycloneDxJson),
            (Wanted::Document(output @ Output::SpdxJson), _) => (*output, IndexOutput::SpdxJson),
            (_, format) => {
                let message = format!("--all-platforms writes cyclonedx-json and spdx-json 2.3, not {format}");
                return Err(Failure::usage(message).into());
            }
        };
        let Some(file) = &spec.file else {
            let hint = format!("-o {}=FILE; each platform's document is written beside it", spec.format);
            return Err(Failure::usage("--all-platforms writes several files").hint(hint).into());
        };
        outputs.push((file, index.0, index.1));
    }
    let opened = open::index(&args.source.image, common, ui)?;
    let created = clock::build_time(clock::now(common))?;
    let mut sboms = Vec::new();
    for image in &opened.images {
        let catalog = cataloguing::catalog(image, &args.cataloguing, false, ui)?;
        let subject = open::subject(&opened.name, opened.tag.clone(), image);
        let sbom = Sbom::new(subject, catalog, crate::VERSION, created);
        tell_problems(&sbom, ui);
        sboms.push(formed(args, sbom));
    }
    for (file, output, index_output) in outputs {
        let mut entries = Vec::new();
        for (image, sbom) in opened.images.iter().zip(&sboms) {
            let platform = image.config().platform.clone();
            let bytes = write(sbom, output);
            write_file(&beside(file, &platform.to_string().replace('/', "-")), &bytes)?;
            entries.extend(IndexEntry::of(platform, image.digest().clone(), &bytes));
        }
        let tool = plimsoll_sbom::Tool { name: "plimsoll".to_owned(), version: crate::VERSION.to_owned() };
        let (name, version) = (opened.name.clone(), opened.tag.clone());
        let digest = opened.digest.clone();
        let index = IndexSbom { name, version, digest, entries, tool, author: None, created };
        write_file(file, &write_index(&index, index_output))?;
    }
    Ok(exit(args, &sboms.iter().collect::<Vec<_>>(), ui))
}

/// `sbom.json` and `linux-arm64` make `sbom.linux-arm64.json`.
fn beside(file: &Path, platform: &str) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = match name.split_once('.').filter(|(stem, _)| !stem.is_empty()) {
        Some((stem, rest)) => format!("{stem}.{platform}.{rest}"),
        None => format!("{name}.{platform}"),
    };
    file.with_file_name(name)
}

fn table(sbom: &Sbom) -> Vec<u8> {
    let head = ["NAME", "VERSION", "TYPE", "ARCH", "LICENCE"].map(str::to_owned).to_vec();
    let rows = sbom.packages.iter().map(|p| {
        let licences = p.licenses.join(", ");
        vec![p.name.clone(), p.version.clone(), p.ecosystem.name().to_owned(), p.arch.clone(), licences]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    plimsoll_report::table(&rows).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_stand_beside_the_index() {
        assert_eq!(beside(Path::new("a/sbom.cdx.json"), "linux-amd64"), Path::new("a/sbom.linux-amd64.cdx.json"));
        assert_eq!(beside(Path::new("sbom"), "linux-amd64"), Path::new("sbom.linux-amd64"));
    }
}
