//! Where an image's bundles are kept: beside it in a registry, or in its OCI layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use plimsoll_envelope::{Referrer, referrer_of};
use plimsoll_oci::{Descriptor, Digest, Document, Image as _, Reference, media_type, parse_document};
use plimsoll_registry::Content;
use plimsoll_registry::blocking::Client;
use plimsoll_source::{LayoutWriter, OpenOptions, SourceRef, parse_source};

use crate::args::{Common, SubjectArg, host_platform};
use crate::exit::Failure;
use crate::net;
use crate::open::source_failure;
use crate::ui::Ui;

/// The largest bundle read.
const MAX_BUNDLE: u64 = plimsoll_envelope::MAX_BUNDLE_BYTES as u64;
/// Bundles read of one image. More than an honest image has.
const MAX_BUNDLES: usize = 256;

/// Where bundles are.
pub(crate) enum Place {
    Registry { client: Arc<Client>, repository: Reference },
    Layout { path: PathBuf },
}

/// An image whose bundles are read or written.
pub(crate) struct Subject {
    pub(crate) place: Place,
    /// `registry/repository`, or the layout's path: what signers are trusted for, and what findings name.
    pub(crate) name: String,
    pub(crate) descriptor: Descriptor,
}

/// A bundle, and where it was found.
pub(crate) struct Found {
    pub(crate) bytes: Vec<u8>,
    pub(crate) source: String,
}

/// The subject a command names. A tag is refused unless it may be resolved, which is said.
pub(crate) fn subject(arg: &SubjectArg, common: &Common, ui: &Ui) -> Result<Subject> {
    match parse_source(&arg.reference).map_err(source_failure)? {
        SourceRef::Registry(reference) => {
            net::allow(common, &reference)?;
            let client = Arc::new(net::client(common)?);
            let resolved = client.resolve(&reference).map_err(net::failure)?;
            let pinned = reference.at(&resolved.digest);
            if reference.digest.is_none() {
                if !arg.resolve {
                    let message =
                        format!("'{}' is a tag, and a tag can be moved; it is {} now", arg.reference, resolved.digest);
                    return Err(Failure::usage(message).hint(format!("name {pinned}, or pass --resolve")).into());
                }
                ui.say(&format!("{reference} is {pinned}"));
            }
            Ok(Subject {
                name: reference.name(),
                descriptor: resolved.descriptor(),
                place: Place::Registry { client, repository: pinned },
            })
        }
        SourceRef::OciDir { path, name } => {
            let options =
                OpenOptions { platform: host_platform(), explicit: false, limits: plimsoll_layer::Limits::default() };
            let source = SourceRef::OciDir { path: path.clone(), name };
            let opened = plimsoll_source::open(&source, &options).map_err(source_failure)?;
            let manifest = opened.image.manifest_bytes();
            let descriptor = Descriptor::of(&opened.image.manifest().media_type, manifest);
            ui.say(&format!("{source} is {}", descriptor.digest));
            let name = arg.meant.clone().unwrap_or_else(|| path.display().to_string());
            Ok(Subject { name, descriptor, place: Place::Layout { path } })
        }
        other => {
            let message = format!("'{other}' has no place for signatures; name a registry's image or oci-dir:PATH");
            Err(Failure::usage(message).into())
        }
    }
}

impl Subject {
    /// Every bundle that refers to the subject.
    pub(crate) fn bundles(&self) -> Result<Vec<Found>> {
        match &self.place {
            Place::Registry { client, repository } => of_registry(client, repository, &self.descriptor.digest),
            Place::Layout { path } => of_layout(path, &self.descriptor.digest),
        }
    }

    /// Stores a bundle beside the subject and says under which digest.
    pub(crate) fn attach(&self, bundle: Vec<u8>, predicate_type: &str, created: Timestamp) -> Result<Digest> {
        let referrer = referrer_of(bundle, predicate_type, &self.descriptor, created);
        let digest = referrer.descriptor.digest.clone();
        match &self.place {
            Place::Registry { client, repository } => push(client, repository, &self.descriptor, referrer)?,
            Place::Layout { path } => {
                let mut writer = LayoutWriter::directory(path).map_err(source_failure)?;
                write(&mut writer, referrer)?;
                writer.finish().map_err(source_failure)?;
            }
        }
        Ok(digest)
    }
}

/// Pushes a referrer.
pub(crate) fn push(client: &Client, repository: &Reference, subject: &Descriptor, referrer: Referrer) -> Result<()> {
    let blobs = [Content::Bytes(referrer.config.to_vec().into()), Content::Bytes(referrer.layer.into())];
    client.attach(repository, subject, &referrer.manifest, &blobs).map_err(net::failure)?;
    Ok(())
}

/// Adds a referrer to a layout.
pub(crate) fn write(writer: &mut LayoutWriter, referrer: Referrer) -> Result<()> {
    writer.bytes(media_type::EMPTY, referrer.config).map_err(source_failure)?;
    writer.bytes(media_type::SIGSTORE_BUNDLE, &referrer.layer).map_err(source_failure)?;
    writer.bytes(media_type::MANIFEST, &referrer.manifest).map_err(source_failure)?;
    writer.manifest(referrer.descriptor, None);
    Ok(())
}

/// The bundles that refer to `digest` in a repository.
pub(crate) fn of_registry(client: &Client, repository: &Reference, digest: &Digest) -> Result<Vec<Found>> {
    let referrers = client.referrers(repository, digest).map_err(net::failure)?;
    let mut found = Vec::new();
    for entry in referrers.iter().filter(|d| is_bundle(d.artifact_type.as_deref())).take(MAX_BUNDLES) {
        let manifest = client.manifest(&repository.at(&entry.digest)).map_err(net::failure)?;
        let Document::Manifest(manifest) = manifest.document else { continue };
        if manifest.subject.as_ref().is_none_or(|s| s.digest != *digest) {
            continue;
        }
        let Some(layer) = manifest.layers.first().filter(|l| is_bundle(Some(&l.media_type))) else { continue };
        let bytes = client.blob_bytes(repository, layer, MAX_BUNDLE).map_err(net::failure)?;
        found.push(Found { bytes, source: format!("referrer {}", entry.digest) });
    }
    Ok(found)
}

fn of_layout(path: &Path, digest: &Digest) -> Result<Vec<Found>> {
    let malformed = |why: String| Failure::input(format!("{}: {why}", path.display()));
    let read = |descriptor: &Descriptor, limit: u64| -> Result<Vec<u8>> {
        if descriptor.size > limit {
            return Err(malformed(format!("{} is larger than {limit} bytes", descriptor.digest)).into());
        }
        let file = path.join("blobs").join(descriptor.digest.algorithm().name()).join(descriptor.digest.hex());
        let bytes = std::fs::read(&file).map_err(|e| malformed(format!("{}: {e}", descriptor.digest)))?;
        if !descriptor.digest.matches(&bytes) {
            return Err(malformed(format!("blob {} does not match its digest", descriptor.digest)).into());
        }
        Ok(bytes)
    };
    let index = std::fs::read(path.join("index.json")).map_err(|e| malformed(e.to_string()))?;
    let Document::Index(index) = parse_document(&index).map_err(|e| malformed(e.to_string()))? else {
        return Err(malformed("index.json is not an index".to_owned()).into());
    };
    let mut found = Vec::new();
    for entry in index.manifests.iter().filter(|d| is_bundle(d.artifact_type.as_deref())).take(MAX_BUNDLES) {
        let bytes = read(entry, plimsoll_oci::MAX_MANIFEST_BYTES as u64)?;
        let Ok(Document::Manifest(manifest)) = parse_document(&bytes) else { continue };
        if manifest.subject.as_ref().is_none_or(|s| s.digest != *digest) {
            continue;
        }
        let Some(layer) = manifest.layers.first().filter(|l| is_bundle(Some(&l.media_type))) else { continue };
        found.push(Found { bytes: read(layer, MAX_BUNDLE)?, source: format!("referrer {}", entry.digest) });
    }
    Ok(found)
}

fn is_bundle(media_type: Option<&str>) -> bool {
    media_type.is_some_and(|t| t.starts_with("application/vnd.dev.sigstore.bundle"))
}
