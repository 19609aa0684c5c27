//! `plimsoll sign`, `attest` and `provenance`.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_envelope::{
    COSIGN_SIGN_V1, Dependency, Provenance, ProvenanceMode, SLSA_PROVENANCE_V1, Statement, Subject as About,
    claimed_level, predicate::type_uri, sign_statement,
};
use plimsoll_oci::Digest;
use plimsoll_trust::sign_statement_bundle;
use serde_json::{Map, Value};

use crate::args::{Attest, Common, ProvenanceArgs, Sign};
use crate::bundles::{self, Subject};
use crate::clock;
use crate::commands::sbom::MAX_ATTESTED;
use crate::exit::{Exit, Failure};
use crate::keys;
use crate::load;
use crate::output::print;
use crate::ui::Ui;

/// The largest predicate that is read, in bytes: what a bundle holds in Base64.
const MAX_PREDICATE: u64 = (plimsoll_envelope::MAX_BUNDLE_BYTES / 4 * 3) as u64;

/// `plimsoll sign`.
pub(crate) fn sign(args: &Sign, common: &Common, ui: &Ui) -> Result<Exit> {
    let annotations = pairs(&args.annotations, "annotation")?;
    let subject = bundles::subject(&args.subject, common, ui)?;
    let statement = sign_statement(&subject.descriptor.digest, annotations);
    store(&subject, &statement, &args.key, COSIGN_SIGN_V1, common, ui)
}

/// `plimsoll attest`.
pub(crate) fn attest(args: &Attest, common: &Common, ui: &Ui) -> Result<Exit> {
    let uri = predicate_uri(&args.predicate_type)?;
    if uri == COSIGN_SIGN_V1 {
        return Err(Failure::usage("that predicate type is a signature; use plimsoll sign").into());
    }
    let text = load::read_text_upto(&args.predicate, MAX_PREDICATE)?;
    let predicate: Value = plimsoll_envelope::parse_strict(text.as_bytes())
        .map_err(|e| Failure::usage(format!("{}: {e}", args.predicate.display())))?;
    if text.len() > MAX_ATTESTED {
        ui.line(&format!(
            "{} {} has {} bytes; stores of attestations refuse more than {MAX_ATTESTED}; for an SBOM, \
             plimsoll sbom --attestable writes a smaller one",
            ui.err.yellow("warning:"),
            args.predicate.display(),
            text.len()
        ));
    }
    let subject = bundles::subject(&args.subject, common, ui)?;
    let statement = Statement::new(vec![About::of(&subject.descriptor.digest)], &uri, predicate);
    store(&subject, &statement, &args.key, &uri, common, ui)
}

/// `plimsoll provenance`.
pub(crate) fn provenance(args: &ProvenanceArgs, common: &Common, ui: &Ui) -> Result<Exit> {
    let dependencies = args.materials.iter().map(|m| material(m)).collect::<Result<_>>()?;
    let subject = bundles::subject(&args.subject, common, ui)?;
    let at = clock::build_time(clock::now(common))?;
    let mut parameters = Map::new();
    parameters.insert("image".to_owned(), subject.name.clone().into());
    let provenance = Provenance {
        build_type: args.build_type.clone().unwrap_or_else(|| "https://plimsoll.dev/external/v1".to_owned()),
        external_parameters: parameters,
        dependencies,
        builder_id: args.builder_id.clone(),
        builder_version: BTreeMap::from([("plimsoll".to_owned(), crate::VERSION.to_owned())]),
        invocation_id: None,
        started: None,
        finished: Some(at),
        byproducts: Vec::new(),
    };
    let level = claimed_level(&args.builder_id, ProvenanceMode::CommandLine);
    ui.say(&format!("provenance by {} claims SLSA build level {level}", args.builder_id));
    let statement =
        Statement::new(vec![About::of(&subject.descriptor.digest)], SLSA_PROVENANCE_V1, provenance.to_json());
    store(&subject, &statement, &args.key, SLSA_PROVENANCE_V1, common, ui)
}

fn store(
    subject: &Subject,
    statement: &Statement,
    key: &str,
    predicate_type: &str,
    common: &Common,
    ui: &Ui,
) -> Result<Exit> {
    let key = keys::private(key)?;
    let bundle = sign_statement_bundle(statement, &key)?;
    let created: Timestamp = clock::build_time(clock::now(common))?;
    let digest = subject.attach(bundle.to_bytes(), predicate_type, created)?;
    ui.say(&format!("{} {predicate_type} attached to {}", ui.err.green("ok"), subject.descriptor.digest));
    print(format!("{digest}\n").as_bytes())?;
    Ok(Exit::Ok)
}

/// The URI of a predicate type's name, or the URI that was given.
pub(crate) fn predicate_uri(name: &str) -> Result<String> {
    type_uri(name).ok_or_else(|| {
        let known: Vec<&str> = plimsoll_envelope::predicate::TYPES.iter().map(|(name, _)| *name).collect();
        Failure::usage(format!("unknown predicate type '{name}'; a URI, or one of {}", known.join(", "))).into()
    })
}

fn pairs(values: &[String], what: &str) -> Result<BTreeMap<String, String>> {
    let pair = |text: &String| {
        text.split_once('=')
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .ok_or_else(|| Failure::usage(format!("{what} '{text}' is not KEY=VALUE")).into())
    };
    values.iter().map(pair).collect()
}

fn material(text: &str) -> Result<Dependency> {
    let wrong = || Failure::usage(format!("material '{text}' is not URI@ALGORITHM:HEX"));
    let (uri, digest) = text.rsplit_once('@').ok_or_else(wrong)?;
    let (algorithm, hex) = digest.split_once(':').ok_or_else(wrong)?;
    match digest.parse::<Digest>() {
        Ok(digest) => Ok(Dependency {
            uri: uri.to_owned(),
            digests: BTreeMap::from([(digest.algorithm().name().to_owned(), digest.hex().to_owned())]),
            name: None,
        }),
        Err(_) if algorithm == "gitCommit" && hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Dependency {
                uri: uri.to_owned(),
                digests: BTreeMap::from([("gitCommit".to_owned(), hex.to_owned())]),
                name: None,
            })
        }
        Err(_) => Err(wrong().into()),
    }
}
