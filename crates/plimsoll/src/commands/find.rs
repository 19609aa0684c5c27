//! `plimsoll find`: which images hold a package.

use std::path::Path;

use anyhow::Result;
use plimsoll_catalog::{Answer, Package, Query};
use plimsoll_sbom::Subject;
use plimsoll_verify::{Candidate, Trust, Verified, verify_attestation};
use serde_json::json;

use crate::args::{Common, Find, ImageArg, SubjectArg};
use crate::bundles;
use crate::clock;
use crate::commands::sign::predicate_uri;
use crate::commands::verify::believed;
use crate::exit::{Exit, Failure};
use crate::load::read_text;
use crate::open::{self, Packages};
use crate::output::{OutputSpec, print};
use crate::ui::Ui;

/// What was found, over all sources.
#[derive(Default)]
struct Tally {
    hits: usize,
    undecided: usize,
    unread: usize,
}

/// Runs the command. Each source's hits are printed before the next is opened.
pub(crate) fn run(args: &Find, common: &Common, ui: &Ui) -> Result<Exit> {
    let query: Query = args.query.parse().map_err(|e| Failure::usage(format!("'{}': {e}", args.query)))?;
    let specs = OutputSpec::parse_all(&args.output, &["text", "json"])?;
    let as_json = specs.iter().any(|s| s.format == "json");
    if specs.iter().any(|s| s.file.is_some()) {
        return Err(Failure::usage("find writes to stdout as it finds").into());
    }
    let mut sources = args.sources.clone();
    if let Some(list) = &args.from {
        let text = if list == Path::new("-") { std::io::read_to_string(std::io::stdin())? } else { read_text(list)? };
        sources.extend(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned));
    }
    if sources.is_empty() {
        return Err(Failure::new(Exit::Nothing, "no source was named, and --from listed none").into());
    }
    let mut tally = Tally::default();
    for source in &sources {
        match packages(source, args, common, ui) {
            Ok(found) => tell(source, &found, &query, as_json, &mut tally)?,
            Err(error) => {
                tally.unread += 1;
                ui.line(&format!("{} {source}: {error:#}", ui.err.red("not read:")));
            }
        }
    }
    ui.say(&format!(
        "{} of {} sources read; {} packages match, {} cannot be decided",
        sources.len() - tally.unread,
        sources.len(),
        tally.hits,
        tally.undecided
    ));
    Ok(match tally {
        Tally { unread: 1.., .. } => Exit::Input,
        Tally { undecided: 1.., .. } => Exit::Undecidable,
        _ => Exit::Ok,
    })
}

fn packages(source: &str, args: &Find, common: &Common, ui: &Ui) -> Result<Packages> {
    if args.attested {
        return attested(source, args, common, ui);
    }
    let image = ImageArg { image: source.to_owned(), platform: args.platform.clone() };
    open::packages(&image, &args.cataloguing, false, common, ui)
}

/// The packages of the SBOM that a believed signer attested to an image.
fn attested(source: &str, args: &Find, common: &Common, ui: &Ui) -> Result<Packages> {
    let believed = believed(&args.trust, common, ui)?;
    let subject = SubjectArg { reference: source.to_owned(), resolve: true, meant: None };
    let subject = bundles::subject(&subject, common, ui)?;
    let found = subject.bundles()?;
    let candidates: Vec<Candidate<'_>> =
        found.iter().map(|f| Candidate { bytes: &f.bytes, source: &f.source }).collect();
    let trust = Trust {
        signers: &believed.signers,
        transparency: believed.transparency,
        trusted_root: believed.trusted_root.as_deref(),
        now: clock::now(common),
    };
    let digest = &subject.descriptor.digest;
    for kind in ["cyclonedx", "spdx"] {
        let uri = predicate_uri(kind)?;
        let verified = verify_attestation(digest, &subject.name, &candidates, &trust, &uri);
        if let Some(fact) = verified.facts.attestations.first().map(Verified::get) {
            let sbom = plimsoll_sbom::read(fact.predicate.to_string().as_bytes())
                .map_err(|e| Failure::input(format!("the attested SBOM: {e}")))?;
            let catalog =
                plimsoll_catalog::Catalog { distro: sbom.distro, packages: sbom.packages, problems: sbom.problems };
            let about = Subject { name: subject.name.clone(), digest: Some(digest.clone()), ..sbom.subject };
            return Ok(Packages { subject: about, catalog });
        }
    }
    let message = format!("{}@{digest} has no SBOM attested by a believed signer", subject.name);
    Err(Failure::new(Exit::NoMatch, message).into())
}

fn tell(source: &str, found: &Packages, query: &Query, as_json: bool, tally: &mut Tally) -> Result<()> {
    let mut out = String::new();
    for package in &found.catalog.packages {
        let undecided = match query.ask(package) {
            Answer::No => continue,
            Answer::Yes => None,
            Answer::Undecided(why) => Some(why),
        };
        match undecided {
            None => tally.hits += 1,
            Some(_) => tally.undecided += 1,
        }
        if as_json {
            out += &line_of_json(source, found, package, undecided.as_deref()).to_string();
        } else {
            out += &line_of_text(source, package, undecided.as_deref());
        }
        out.push('\n');
    }
    if out.is_empty() { Ok(()) } else { print(out.as_bytes()) }
}

fn line_of_text(source: &str, package: &Package, undecided: Option<&str>) -> String {
    let version = if package.version.is_empty() { "(no version)" } else { &package.version };
    let places = match package.evidence.as_slice() {
        [] => String::new(),
        [only] => format!(" {only}"),
        [first, rest @ ..] => format!(" {first} and {} more", rest.len()),
    };
    let why = undecided.map(|w| format!(" undecided: {w}")).unwrap_or_default();
    let layers = match package.first_layer == package.layer {
        true => format!("layer {}", package.layer),
        false => format!("layers {} to {}", package.first_layer, package.layer),
    };
    format!("{source} {} {version} ({}, {layers}){places}{why}", package.name, package.ecosystem.name())
}

fn line_of_json(source: &str, found: &Packages, package: &Package, undecided: Option<&str>) -> serde_json::Value {
    let layer = |index: u32| found.subject.layers.get(index as usize).map(ToString::to_string);
    json!({
        "schemaVersion": "1",
        "source": source,
        "image": found.subject.digest.as_ref().map(ToString::to_string),
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "evidence": package.evidence,
        "owners": package.owners,
        "firstLayer": {"index": package.first_layer, "diffId": layer(package.first_layer)},
        "layer": {"index": package.layer, "diffId": layer(package.layer)},
        "undecided": undecided,
    })
}
