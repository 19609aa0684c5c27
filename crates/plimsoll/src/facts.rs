//! What can be established about the images of workloads: fetched here, verified by `plimsoll-verify`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_admit::FactTable;
use plimsoll_intent::AdmissionPolicy;
use plimsoll_oci::{Config, Document, Platform, Reference};
use plimsoll_registry::blocking::Client;
use plimsoll_verify::{Candidate, Trust, Verification, verify_image};
use plimsoll_workload::Workload;

use crate::args::Common;
use crate::bundles::{self, Found};
use crate::net;
use crate::ui::Ui;

/// The largest image configuration read.
const MAX_CONFIG: u64 = 8 << 20;

/// Verifies every image that the workloads pin. What cannot be fetched is left out, which refuses it.
pub(crate) fn gather(
    workloads: &[Workload],
    policy: &AdmissionPolicy,
    client: &Arc<Client>,
    now: Timestamp,
    common: &Common,
    ui: &Ui,
) -> Result<FactTable> {
    let references: BTreeSet<Reference> =
        workloads.iter().flat_map(Workload::images).filter_map(|used| used.image.parse().ok()).collect();
    let mut table = FactTable::default();
    for reference in references {
        if let Err(error) = examine(&reference, policy, client, now, common, &mut table) {
            ui.say(&format!("{} nothing is known of {reference}: {error}", ui.err.yellow("warning:")));
        }
    }
    Ok(table)
}

fn examine(
    reference: &Reference,
    policy: &AdmissionPolicy,
    client: &Client,
    now: Timestamp,
    common: &Common,
    table: &mut FactTable,
) -> Result<()> {
    // A registry that no rule allows is never contacted: the pod's author must not choose whom this process calls.
    let allowed = policy.registries.iter().any(|glob| plimsoll_intent::glob_matches(glob, &reference.name()));
    if !allowed {
        return Ok(());
    }
    net::allow(common, reference)?;
    if reference.tag.is_some() {
        let tag = Reference { digest: None, ..reference.clone() };
        let digest = client.resolve(&tag).map_err(net::failure)?.digest;
        table.resolve(reference, digest);
    }
    let Some(digest) = &reference.digest else { return Ok(()) };
    let resolved = client.manifest(&reference.at(digest)).map_err(net::failure)?;
    let user = match &resolved.document {
        Document::Manifest(manifest) => {
            let bytes = client.blob_bytes(reference, &manifest.config, MAX_CONFIG).map_err(net::failure)?;
            Config::parse(&bytes).ok().map(|c| c.container.user)
        }
        Document::Index(index) => index_user(client, reference, &index.manifests)?,
    };
    let found = bundles::of_registry(client, reference, digest)?;
    table.insert(verify(digest, &reference.name(), &found, policy, now), user);
    Ok(())
}

/// The user of an index's images, if they all agree.
fn index_user(client: &Client, reference: &Reference, entries: &[plimsoll_oci::Descriptor]) -> Result<Option<String>> {
    let is_image = |p: &Platform| p.os != "unknown";
    let mut users = BTreeSet::new();
    for entry in entries.iter().filter(|e| e.platform.as_ref().is_none_or(is_image)).take(32) {
        let resolved = client.manifest(&reference.at(&entry.digest)).map_err(net::failure)?;
        let Document::Manifest(manifest) = resolved.document else { return Ok(None) };
        let bytes = client.blob_bytes(reference, &manifest.config, MAX_CONFIG).map_err(net::failure)?;
        users.insert(Config::parse(&bytes).ok().map(|c| c.container.user));
    }
    Ok(if users.len() == 1 { users.pop_first().flatten() } else { None })
}

/// Bundles against the policy's signers.
pub(crate) fn verify(
    digest: &plimsoll_oci::Digest,
    name: &str,
    found: &[Found],
    policy: &AdmissionPolicy,
    now: Timestamp,
) -> Verification {
    let candidates: Vec<Candidate<'_>> =
        found.iter().map(|f| Candidate { bytes: &f.bytes, source: &f.source }).collect();
    let trust = Trust { signers: &policy.signers, transparency: policy.transparency, trusted_root: None, now };
    verify_image(digest, name, &candidates, &trust)
}
