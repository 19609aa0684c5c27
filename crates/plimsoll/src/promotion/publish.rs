//! The image and its bundles pushed, and read back. Blobs go first, then what refers to the image, then the image by its
//! digest; the tag is last, so that nobody can pull it by name before it is signed.

use std::path::Path;

use anyhow::Result;
use plimsoll_oci::{Digest, Image as _, Reference, media_type};
use plimsoll_registry::Content;
use plimsoll_source::BlobImage;
use plimsoll_verify::Verification;

use super::Job;
use super::evidence::Signed;
use crate::args::{Common, SubjectArg};
use crate::bundles::{self, Found};
use crate::exit::Failure;
use crate::facts;
use crate::net;
use crate::ui::Ui;

/// Verifies what was just made, in the layout it was written to. A key that the decisions do not trust ends the run here,
/// before anything is pushed.
pub(crate) fn check(job: &Job<'_>, image: &BlobImage, layout: &Path, common: &Common) -> Result<Verification> {
    let digest = image.digest();
    let name = job.push.as_ref().map_or_else(|| trusted_name(job), Reference::name);
    let arg = SubjectArg { reference: format!("oci-dir:{}@{digest}", layout.display()), resolve: false, meant: None };
    let made = bundles::subject(&arg, common, &Ui::nothing())?.bundles()?;
    trusted(job, image, &name, &made)
}

/// Pushes where that was asked for, reads everything back and verifies it again. Gives the verification, and where it was
/// read; `made` is what [`check`] gave.
pub(crate) fn publish(
    job: &Job<'_>,
    image: &BlobImage,
    signed: &Signed,
    made: Verification,
    layout: &Path,
    common: &Common,
) -> Result<(Verification, String)> {
    let Some(to) = &job.push else { return Ok((made, "the layout that was written".to_owned())) };
    let digest = image.digest();
    push(job, image, signed, layout, to, common)?;
    let verification = trusted(job, image, &to.name(), &bundles::of_registry(&job.client, to, digest)?)?;
    Ok((verification, format!("{}@{digest}", to.name())))
}

/// Verifies the bundles; that the image is not signed is a failure.
fn trusted(job: &Job<'_>, image: &BlobImage, name: &str, found: &[Found]) -> Result<Verification> {
    let mut verification = facts::verify(image.digest(), name, found, &job.effective.admission, job.now);
    verification.facts.user = Some(image.config().container.user.clone());
    if verification.is_signed() {
        return Ok(verification);
    }
    let why = verification.reasons.first().map_or_else(
        || "no reason was given".to_owned(),
        |r| format!("{}: expected {}, found {}", r.code, r.expected, r.found),
    );
    let message = format!("the signature just made is not one the decisions trust: {why}");
    Err(Failure::usage(message).hint("trust.signers must name the public half of --key, for this image").into())
}

/// A name that a signer is trusted for, where the image was pushed nowhere: the workload's own name for it.
fn trusted_name(job: &Job<'_>) -> String {
    let used = job.workload.images().into_iter().next().and_then(|u| u.image.parse::<Reference>().ok());
    used.map_or_else(|| job.image.name.clone(), |r| r.name())
}

fn push(
    job: &Job<'_>,
    image: &BlobImage,
    signed: &Signed,
    layout: &Path,
    to: &Reference,
    common: &Common,
) -> Result<()> {
    net::allow(common, to)?;
    let client = &job.client;
    let blob = |digest: &Digest| layout.join("blobs").join(digest.algorithm().name()).join(digest.hex());
    let manifest = image.manifest();
    for descriptor in manifest.layers.iter().chain([&manifest.config]) {
        client
            .push_blob(to, &descriptor.digest, &Content::File(blob(&descriptor.digest)), None)
            .map_err(net::failure)?;
    }
    for referrer in signed.referrers(job) {
        bundles::push(client, to, &signed.subject, referrer)?;
    }
    let pinned = to.at(image.digest());
    client.push_manifest(&pinned, media_type::MANIFEST, image.manifest_bytes()).map_err(net::failure)?;
    if to.tag.is_some() {
        client.push_manifest(to, media_type::MANIFEST, image.manifest_bytes()).map_err(net::failure)?;
    }
    Ok(())
}
