//! The proving ground: throwaway images, good and deliberately bad, in an embedded registry on this machine, signed with
//! throwaway keys, and judged by the decided admission policy. Enforcement that was never tested is not enforcement.
//!
//! The decided signers keep their names and images; their identities are replaced by a throwaway key, so that no bad image
//! is ever signed with a key that anybody trusts.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_admit::corpus::{Case, CorpusImages, Expect, cases_for};
use plimsoll_admit::{Decision, decide};
use plimsoll_envelope::{
    COSIGN_SIGN_V1, Provenance, SLSA_PROVENANCE_V1, Statement, Subject as About, referrer_of, sign_statement,
};
use plimsoll_intent::{AdmissionPolicy, Identity, Transparency, glob_matches};
use plimsoll_oci::{Descriptor, Digest, Manifest, Reference, media_type};
use plimsoll_registry::blocking::{Client, RunningServer};
use plimsoll_registry::{Content, Options, ServerOptions};
use plimsoll_report::MatrixRow;
use plimsoll_trust::{PrivateKey, sign_statement_bundle};
use serde_json::{Map, json};

use crate::args::Common;
use crate::bundles::push;
use crate::exit::{Exit, Failure};
use crate::facts;
use crate::net;
use crate::ui::Ui;

/// What came of every case.
pub(crate) struct Proof {
    pub(crate) rows: Vec<Row>,
    /// What could not be tried, and why.
    pub(crate) gaps: Vec<String>,
}

/// One case and what was decided.
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) decision: Decision,
}

impl Row {
    /// Whether the decision is the expected one, for the expected reason.
    pub(crate) fn holds(&self) -> bool {
        self.case.holds(&self.decision)
    }

    /// The row of the admission matrix.
    pub(crate) fn matrix(&self) -> MatrixRow {
        let found: Vec<String> = self.decision.codes().iter().map(ToString::to_string).collect();
        MatrixRow {
            case: format!("{} ({})", self.case.name, self.case.what),
            expected: match self.case.expect {
                Expect::Allow => "allow".to_owned(),
                Expect::Deny(code) => format!("{code} {}", code.rule().name),
            },
            found: if self.decision.allowed() { "allow".to_owned() } else { found.join(" ") },
            holds: self.holds(),
        }
    }
}

/// Runs every built-in case against the policy.
pub(crate) fn prove(policy: &AdmissionPolicy, now: Timestamp, common: &Common, ui: &Ui) -> Result<Proof> {
    let mut gaps = Vec::new();
    let Some(repository) = repository(policy) else {
        gaps.push(
            "no image name is both allowed by admission.registries and covered by a signer: nothing can be admitted"
                .to_owned(),
        );
        return Ok(Proof { rows: Vec::new(), gaps });
    };
    let dir = tempfile::tempdir().map_err(|e| Failure::input(format!("cannot make a temporary directory: {e}")))?;
    let server = RunningServer::start(([127, 0, 0, 1], 0).into(), dir.path(), ServerOptions::default())?;
    let stand_ins = BTreeMap::from([(repository.registry.clone(), server.local_addr())]);
    let client = Arc::new(net::client_with(common, Options { stand_ins, ..Options::default() })?);
    let (trusted, stranger) = (PrivateKey::generate()?, PrivateKey::generate()?);
    let policy = with_throwaway_key(policy, &trusted, &mut gaps);
    let ground = Ground { client: &client, repository: &repository, policy: &policy, trusted: &trusted, now };
    let images = ground.images(&stranger)?;
    let mut rows = Vec::new();
    // The stand-in is on this machine, so --offline allows it.
    let common = Common { offline: false, ..common.clone() };
    for case in cases_for(&images, &policy) {
        let Some(workload) = case.workload() else {
            return Err(Failure::new(Exit::Internal, format!("case {} is no workload", case.name)).into());
        };
        rows.push((case, workload));
    }
    let workloads: Vec<_> = rows.iter().map(|(_, w)| w.clone()).collect();
    let quiet = ui.silent();
    let table = facts::gather(&workloads, &policy, &client, now, &common, &quiet)?;
    let rows =
        rows.into_iter().map(|(case, workload)| Row { decision: decide(&workload, &policy, &table), case }).collect();
    Ok(Proof { rows, gaps })
}

/// A repository that the policy allows and a signer covers.
fn repository(policy: &AdmissionPolicy) -> Option<Reference> {
    let sample = |glob: &str| glob.replace("**", "plimsoll/proving-ground").replace('*', "proving-ground");
    let allowed = |name: &str| policy.registries.iter().any(|glob| glob_matches(glob, name));
    let covered = |name: &str| policy.signers.iter().flat_map(|s| &s.images).any(|glob| glob_matches(glob, name));
    let from_signers = policy.signers.iter().flat_map(|s| &s.images);
    let hosted = |glob: &&String| *glob != "**";
    from_signers
        .chain(&policy.registries)
        .filter(hosted)
        .map(|glob| sample(glob))
        .chain(["registry.example.com/plimsoll/proving-ground".to_owned()])
        .find(|name| allowed(name) && covered(name))
        .and_then(|name| name.parse().ok())
}

fn with_throwaway_key(policy: &AdmissionPolicy, key: &PrivateKey, gaps: &mut Vec<String>) -> AdmissionPolicy {
    let mut policy = policy.clone();
    let pem = key.public_key().to_pem();
    if policy.signers.iter().any(|s| matches!(s.identity, Identity::Keyless { .. })) {
        gaps.push("keyless identities were replaced by a throwaway key: certificates were not exercised".to_owned());
    }
    if policy.transparency == Transparency::Required {
        gaps.push("throwaway signatures have no log entry: the demand for one was not exercised".to_owned());
        policy.transparency = Transparency::NotRequired;
    }
    for signer in &mut policy.signers {
        signer.identity = Identity::Key { pem: pem.clone(), file: None };
    }
    policy
}

struct Ground<'a> {
    client: &'a Client,
    repository: &'a Reference,
    policy: &'a AdmissionPolicy,
    trusted: &'a PrivateKey,
    now: Timestamp,
}

impl Ground<'_> {
    fn images(&self, stranger: &PrivateKey) -> Result<CorpusImages> {
        let tag = "v1";
        let good = self.image("good", "65532:65532", Some(tag))?;
        self.sign(&good, self.trusted)?;
        self.provenance(&good, &good.digest)?;
        let other = self.image("other", "65532:65532", None)?;
        self.sign(&other, self.trusted)?;
        self.provenance(&other, &other.digest)?;
        let unsigned = self.image("unsigned", "65532:65532", None)?;
        self.provenance(&unsigned, &unsigned.digest)?;
        let wrong_key = self.image("wrong-key", "65532:65532", None)?;
        self.sign(&wrong_key, stranger)?;
        self.provenance(&wrong_key, &wrong_key.digest)?;
        let root = self.image("root", "", None)?;
        self.sign(&root, self.trusted)?;
        self.provenance(&root, &root.digest)?;
        let no_provenance = self.image("no-provenance", "65532:65532", None)?;
        self.sign(&no_provenance, self.trusted)?;
        let wrong_provenance = self.image("wrong-provenance", "65532:65532", None)?;
        self.sign(&wrong_provenance, self.trusted)?;
        self.provenance(&wrong_provenance, &good.digest)?;
        Ok(CorpusImages {
            repository: self.repository.name(),
            tag: tag.to_owned(),
            good: good.digest,
            other: other.digest,
            unsigned: unsigned.digest,
            wrong_key: wrong_key.digest,
            root: root.digest,
            no_provenance: no_provenance.digest,
            wrong_provenance: wrong_provenance.digest,
        })
    }

    /// An image without layers, under a tag where one is given.
    fn image(&self, title: &str, user: &str, tag: Option<&str>) -> Result<Descriptor> {
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"User": user, "Labels": {"org.opencontainers.image.title": title}},
            "rootfs": {"type": "layers", "diff_ids": []},
        })
        .to_string()
        .into_bytes();
        let descriptor = Descriptor::of(media_type::CONFIG, &config);
        self.client
            .push_blob(self.repository, &descriptor.digest, &Content::Bytes(config.into()), None)
            .map_err(net::failure)?;
        let manifest = Manifest {
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: None,
            config: descriptor,
            layers: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
        }
        .to_bytes();
        let digest = Digest::sha256(&manifest);
        let to = Reference { tag: tag.map(str::to_owned), ..self.repository.clone() };
        let to = if tag.is_some() { to } else { self.repository.at(&digest) };
        self.client.push_manifest(&to, media_type::MANIFEST, &manifest).map_err(net::failure)?;
        Ok(Descriptor::of(media_type::MANIFEST, &manifest))
    }

    fn sign(&self, image: &Descriptor, key: &PrivateKey) -> Result<()> {
        self.attach(image, &sign_statement(&image.digest, BTreeMap::new()), key, COSIGN_SIGN_V1)
    }

    /// Provenance by a builder that the policy accepts, about `subject`, stored beside `image`.
    fn provenance(&self, image: &Descriptor, subject: &Digest) -> Result<()> {
        let accepted = self.policy.provenance.as_ref().and_then(|rule| {
            rule.builders.iter().find(|(_, level)| **level >= rule.min_level).map(|(id, _)| id.clone())
        });
        let provenance = Provenance {
            build_type: "https://plimsoll.dev/proving-ground/v1".to_owned(),
            external_parameters: Map::new(),
            dependencies: Vec::new(),
            builder_id: accepted.unwrap_or_else(|| crate::BUILDER_ID.to_owned()),
            builder_version: BTreeMap::new(),
            invocation_id: None,
            started: None,
            finished: None,
            byproducts: Vec::new(),
        };
        let statement = Statement::new(vec![About::of(subject)], SLSA_PROVENANCE_V1, provenance.to_json());
        self.attach(image, &statement, self.trusted, SLSA_PROVENANCE_V1)
    }

    fn attach(&self, image: &Descriptor, statement: &Statement, key: &PrivateKey, predicate: &str) -> Result<()> {
        let bundle = sign_statement_bundle(statement, key)?.to_bytes();
        push(self.client, self.repository, image, referrer_of(bundle, predicate, image, self.now))
    }
}
