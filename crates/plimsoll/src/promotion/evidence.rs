//! What is attested: SBOMs, the scan, provenance; and the signature itself.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use plimsoll_envelope::{
    COSIGN_SIGN_V1, Dependency, Referrer, SLSA_PROVENANCE_V1, Statement, Subject as About, harden_provenance,
    predicate::VULN_V1, referrer_of, sign_statement,
};
use plimsoll_gate::Verdict;
use plimsoll_intent::{Custody, SbomFormat};
use plimsoll_oci::{Descriptor, Digest, Image as _};
use plimsoll_sbom::{Sbom, attestable, write_cyclonedx, write_spdx};
use plimsoll_source::LayoutWriter;
use plimsoll_trust::sign_statement_bundle;
use plimsoll_verify::{Verification, provenance_level};
use serde_json::{Map, Value, json};

use super::{Built, Job, cosign};
use crate::bundles;
use crate::commands::scan::vulnerability_predicate;
use crate::exit::{Exit, Failure};
use crate::open::source_failure;

const CYCLONEDX: &str = "https://cyclonedx.org/bom";
const SPDX: &str = "https://spdx.dev/Document";

/// The decided SBOM documents in the form that is attested, by file name. The files are what the bundles hold.
pub(crate) fn documents(sbom: &Sbom, formats: &[SbomFormat]) -> BTreeMap<String, Vec<u8>> {
    let sbom = &attestable(sbom);
    formats
        .iter()
        .map(|format| match format {
            SbomFormat::CycloneDx => ("sbom.cyclonedx.json".to_owned(), write_cyclonedx(sbom)),
            SbomFormat::Spdx => ("sbom.spdx.json".to_owned(), write_spdx(sbom)),
        })
        .collect()
}

/// The documents' formats, for people.
pub(crate) fn formats(documents: &BTreeMap<String, Vec<u8>>) -> String {
    let names: Vec<&str> =
        documents.keys().map(|name| if name.contains("cyclonedx") { "CycloneDX 1.6" } else { "SPDX 2.3" }).collect();
    if names.is_empty() { "in no format: that decision was put off".to_owned() } else { names.join(" and ") }
}

/// Signed bundles, ready to be attached.
pub(crate) struct Signed {
    pub(crate) subject: Descriptor,
    bundles: Vec<(&'static str, String, Vec<u8>)>,
}

impl Signed {
    /// What was signed, for people.
    pub(crate) fn what(&self) -> String {
        let names: Vec<&str> = self.bundles.iter().filter(|(n, ..)| *n != "signature").map(|(n, ..)| *n).collect();
        names.join(", ")
    }

    /// The bundles' files below the output directory.
    pub(crate) fn files(&self) -> Vec<String> {
        self.bundles.iter().map(|(name, ..)| file(name)).collect()
    }

    /// File and bytes of each bundle.
    pub(crate) fn bundles(&self) -> impl Iterator<Item = (String, &[u8])> {
        self.bundles.iter().map(|(name, _, bytes)| (file(name), bytes.as_slice()))
    }

    /// The referrers, one a bundle.
    pub(crate) fn referrers(&self, job: &Job<'_>) -> Vec<Referrer> {
        let referrer =
            |(_, uri, bytes): &(&str, String, Vec<u8>)| referrer_of(bytes.clone(), uri, &self.subject, job.created);
        self.bundles.iter().map(referrer).collect()
    }
}

fn file(name: &str) -> String {
    format!("attestations/{name}.sigstore.json")
}

/// Signs the digest and everything that is said about it, and adds the referrers to the layout.
pub(crate) fn sign(
    job: &Job<'_>,
    built: &Built,
    documents: &BTreeMap<String, Vec<u8>>,
    verdict: Option<&Verdict>,
    layout: &Path,
) -> Result<Signed> {
    let seal = signer(job)?;
    let digest = built.image.digest();
    let about = || vec![About::of(digest)];
    let parse = |bytes: &[u8]| -> Result<Value> {
        serde_json::from_slice(bytes).map_err(|e| Failure::new(Exit::Internal, format!("SBOM: {e}")).into())
    };
    let mut statements = vec![("signature", COSIGN_SIGN_V1, sign_statement(digest, BTreeMap::new()))];
    for (name, bytes) in documents {
        let (name, uri) = if name.contains("cyclonedx") { ("sbom-cyclonedx", CYCLONEDX) } else { ("sbom-spdx", SPDX) };
        statements.push((name, uri, Statement::new(about(), uri, parse(bytes)?)));
    }
    if let Some(verdict) = verdict {
        statements.push((
            "vulnerabilities",
            VULN_V1,
            Statement::new(about(), VULN_V1, vulnerability_predicate(verdict)),
        ));
    }
    let provenance = provenance(job, built);
    statements.push(("provenance", SLSA_PROVENANCE_V1, Statement::new(about(), SLSA_PROVENANCE_V1, provenance)));
    let mut bundles = Vec::new();
    for (name, uri, statement) in statements {
        bundles.push((name, uri.to_owned(), seal(&statement)?));
    }
    let subject = Descriptor::of(&built.image.manifest().media_type, built.image.manifest_bytes());
    let signed = Signed { subject, bundles };
    let mut writer = LayoutWriter::directory(layout).map_err(source_failure)?;
    for referrer in signed.referrers(job) {
        bundles::write(&mut writer, referrer)?;
    }
    writer.finish().map_err(source_failure)?;
    Ok(signed)
}

/// Signs a statement and gives the bundle's bytes.
type Seal<'a> = Box<dyn Fn(&Statement) -> Result<Vec<u8>> + 'a>;

/// What signs a statement: the decided signer with the decided key.
fn signer<'a>(job: &'a Job<'_>) -> Result<Seal<'a>> {
    let missing = || Failure::usage("signing needs the private key").hint("--key FILE or --key env://VAR");
    let transparency = job.effective.admission.transparency;
    match (job.effective.tools.signer.as_str(), job.effective.custody) {
        (_, Some(Custody::Keyless)) => {
            let message = "keys.custody decides keyless, which this version cannot sign with";
            Err(Failure::usage(message)
                .hint("decide keys.custody: key-file as an exception, or sign with cosign")
                .into())
        }
        ("cosign", _) => {
            let key = job.key_reference.as_deref().ok_or_else(missing)?;
            Ok(Box::new(move |statement| cosign::sign(statement, key, transparency)))
        }
        (_, Some(Custody::Kms)) => {
            let message = "keys.custody decides a key management service, which this version cannot sign with";
            Err(Failure::usage(message).hint("decide tools.signer: cosign, which can").into())
        }
        _ => {
            let key = job.key.as_ref().ok_or_else(missing)?;
            Ok(Box::new(move |statement| Ok(sign_statement_bundle(statement, key)?.to_bytes())))
        }
    }
}

/// Provenance of the hardening: a build of its own, with the input image as a dependency.
fn provenance(job: &Job<'_>, built: &Built) -> Value {
    let input = job.image.image.digest();
    let name = job.image.reference.as_ref().map_or_else(|| job.image.name.clone(), |r| r.name());
    let repository = name.rsplit('/').next().unwrap_or(&name).to_owned();
    let input = Dependency::of(
        &format!("pkg:oci/{repository}@{}", input.to_string().replace(':', "%3A")),
        input,
        "input image",
    );
    let version = format!("pkg:cargo/plimsoll@{}", crate::VERSION);
    let tool = Dependency { uri: version, digests: BTreeMap::new(), name: Some("plimsoll".to_owned()) };
    let mut parameters = Map::new();
    parameters.insert("workload".into(), job.workload.display_name().into());
    parameters.insert("intent".into(), job.intent.digest().to_string().into());
    parameters.insert("uid".into(), built.plan.uid.into());
    parameters.insert("gid".into(), built.plan.gid.into());
    parameters.insert("sourceDateEpoch".into(), json!(job.created.as_second()));
    harden_provenance(input, tool, parameters, crate::BUILDER_ID, crate::VERSION, Some(job.created)).to_json()
}

/// The level that the verified provenance reaches, for people.
pub(crate) fn level_text(verification: &Verification, job: &Job<'_>) -> String {
    let any = plimsoll_intent::ProvenanceRule { required: Vec::new(), min_level: 0, builders: BTreeMap::new() };
    let rule = job.effective.provenance.as_ref().unwrap_or(&any);
    match provenance_level(&verification.facts, rule) {
        Ok(level) => format!("SLSA v1, build level {} by {}", level.level, level.builder_id),
        Err(finding) => format!("{} {}", finding.code, finding.message),
    }
}

/// Whether an attestation of the type was verified.
pub(crate) fn attested(verification: &Verification, uri: &str) -> bool {
    verification.facts.attestations.iter().any(|a| a.get().predicate_type == uri)
}

/// Whether every decided SBOM is attested.
pub(crate) fn sboms_attested(verification: &Verification, formats: &[SbomFormat]) -> bool {
    let uri = |format: &SbomFormat| if *format == SbomFormat::CycloneDx { CYCLONEDX } else { SPDX };
    !formats.is_empty() && formats.iter().all(|format| attested(verification, uri(format)))
}

/// The digest as it stands in documents.
pub(crate) fn code(digest: &Digest) -> String {
    format!("`{digest}`")
}
