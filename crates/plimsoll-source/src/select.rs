//! Which image of an index is meant: by name or digest, then by platform.

use std::sync::Arc;

use plimsoll_oci::{
    Config, Descriptor, Document, Index, MAX_MANIFEST_BYTES, Manifest, Platform, media_type, parse_document,
};

use crate::layout::{BlobStore, MAX_CONFIG_BYTES, read_blob};
use crate::{BlobImage, OpenOptions, Opened, SourceError};

const MAX_DEPTH: usize = 4;
const MAX_DOCUMENTS: usize = 256;
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

struct Candidate {
    descriptor: Descriptor,
    platform: Option<Platform>,
    bytes: Vec<u8>,
    manifest: Manifest,
    /// The index that lists it, if that is a blob.
    index: Option<Descriptor>,
    name: Option<String>,
}

/// Opens the image of `index` that `wanted` (a name or a digest) and the options' platform select.
pub(crate) fn select(
    store: &Arc<dyn BlobStore>,
    index: &Index,
    wanted: Option<&str>,
    options: &OpenOptions,
) -> Result<Opened, SourceError> {
    let mut candidates = candidates(store, index, wanted)?;
    let by_digest = wanted.is_some_and(|w| w.starts_with('@'));
    let chosen =
        if by_digest && candidates.len() == 1 { candidates.remove(0) } else { by_platform(candidates, options)? };
    image(store, chosen)
}

/// Opens every image of the one index that `wanted` selects, in its order.
pub(crate) fn all(
    store: &Arc<dyn BlobStore>,
    index: &Index,
    wanted: Option<&str>,
) -> Result<(Descriptor, Vec<Opened>), SourceError> {
    let candidates = candidates(store, index, wanted)?;
    let mut parents: Vec<&Descriptor> = candidates.iter().filter_map(|c| c.index.as_ref()).collect();
    parents.dedup_by(|a, b| a.digest == b.digest);
    let [parent] = parents[..] else {
        return Err(SourceError::malformed("source", "it does not hold exactly one index of images by platform"));
    };
    let parent = parent.clone();
    let images = candidates.into_iter().filter(|c| c.index.is_some()).map(|c| image(store, c));
    Ok((parent, images.collect::<Result<_, _>>()?))
}

/// The images that a name or a digest selects, each once.
fn candidates(store: &Arc<dyn BlobStore>, index: &Index, wanted: Option<&str>) -> Result<Vec<Candidate>, SourceError> {
    let digest = wanted.and_then(|w| w.strip_prefix('@'));
    let name = wanted.filter(|w| !w.starts_with('@'));
    let mut candidates = Vec::new();
    let mut budget = MAX_DOCUMENTS;
    for entry in index.manifests.iter().filter(|e| name.is_none_or(|n| is_named(e, n))) {
        collect(store.as_ref(), entry, None, name_of(entry), digest, MAX_DEPTH, &mut budget, &mut candidates)?;
    }
    // One image under two names is one image.
    candidates.sort_by(|a, b| a.descriptor.digest.cmp(&b.descriptor.digest));
    candidates.dedup_by(|a, b| a.descriptor.digest == b.descriptor.digest);
    if candidates.is_empty() {
        let found = index.manifests.iter().map(|e| name_of(e).unwrap_or_else(|| e.digest.to_string()));
        return Err(SourceError::NoSuchImage { wanted: wanted.unwrap_or("(any)").to_owned(), found: list(found) });
    }
    Ok(candidates)
}

fn by_platform(mut candidates: Vec<Candidate>, options: &OpenOptions) -> Result<Candidate, SourceError> {
    if candidates.len() == 1 && !options.explicit {
        return Ok(candidates.remove(0));
    }
    let found = list(candidates.iter().map(|c| c.platform.as_ref().map_or("unknown".to_owned(), Platform::to_string)));
    let serves = |c: &Candidate| c.platform.as_ref().is_some_and(|p| p.serves(&options.platform));
    let mut serving: Vec<Candidate> = candidates.into_iter().filter(serves).collect();
    // A request without a variant is served best by the image without one.
    if serving.len() > 1 && serving.iter().filter(|c| c.platform.as_ref() == Some(&options.platform)).count() == 1 {
        serving.retain(|c| c.platform.as_ref() == Some(&options.platform));
    }
    match serving.len() {
        0 => Err(SourceError::NoPlatform { wanted: options.platform.clone(), found }),
        1 => Ok(serving.remove(0)),
        _ => Err(SourceError::Ambiguous(list(
            serving.into_iter().map(|c| c.name.unwrap_or_else(|| format!("@{}", c.descriptor.digest))),
        ))),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.take(20).collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

fn name_of(entry: &Descriptor) -> Option<String> {
    NAMES.iter().find_map(|key| entry.annotations.get(*key)).cloned()
}

fn is_named(entry: &Descriptor, name: &str) -> bool {
    NAMES.iter().filter_map(|key| entry.annotations.get(*key)).any(|full| {
        full == name || full.strip_suffix(name).is_some_and(|head| head.ends_with(':') || head.ends_with('/'))
    })
}

/// Attestations that build tools list beside images are no images.
fn is_attestation(entry: &Descriptor) -> bool {
    entry.annotations.contains_key("vnd.docker.reference.type")
        || entry.artifact_type.is_some()
        || entry.platform.as_ref().is_some_and(|p| p.os == "unknown")
}

#[expect(clippy::too_many_arguments, reason = "the state of one walk")]
fn collect(
    store: &dyn BlobStore,
    entry: &Descriptor,
    parent: Option<&Descriptor>,
    name: Option<String>,
    digest: Option<&str>,
    depth: usize,
    budget: &mut usize,
    out: &mut Vec<Candidate>,
) -> Result<(), SourceError> {
    let is_wanted = digest.is_none_or(|d| d == entry.digest.to_string());
    if is_attestation(entry) && !(digest.is_some() && is_wanted) {
        return Ok(());
    }
    *budget = budget.checked_sub(1).ok_or_else(|| SourceError::malformed("index", "it lists too many manifests"))?;
    let is_index = matches!(entry.media_type.as_str(), media_type::INDEX | media_type::DOCKER_LIST);
    if !is_wanted && !is_index {
        return Ok(());
    }
    let bytes = read_blob(store, entry, "manifest", MAX_MANIFEST_BYTES)?;
    match parse_document(&bytes).map_err(|e| SourceError::malformed(format!("manifest {}", entry.digest), e))? {
        Document::Index(index) => {
            if depth == 0 {
                return Err(SourceError::malformed("index", "it is nested too deeply"));
            }
            // An index asked for by its digest gives every image below it.
            let digest = if is_wanted { None } else { digest };
            for child in &index.manifests {
                collect(store, child, Some(entry), name.clone(), digest, depth - 1, budget, out)?;
            }
        }
        Document::Manifest(manifest) => {
            let is_config =
                matches!(manifest.config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG);
            if !is_wanted || !is_config || manifest.artifact_type.is_some() {
                return Ok(());
            }
            let platform = match &entry.platform {
                Some(platform) => Some(platform.clone()),
                None => {
                    let config = read_blob(store, &manifest.config, "configuration", MAX_CONFIG_BYTES)?;
                    Config::parse(&config).ok().map(|c| c.platform)
                }
            };
            out.push(Candidate { descriptor: entry.clone(), platform, bytes, manifest, index: parent.cloned(), name });
        }
    }
    Ok(())
}

fn image(store: &Arc<dyn BlobStore>, chosen: Candidate) -> Result<Opened, SourceError> {
    let config = read_blob(store.as_ref(), &chosen.manifest.config, "configuration", MAX_CONFIG_BYTES)?;
    let blobs = Arc::clone(store);
    let open = move |descriptor: &Descriptor| blobs.blob(&descriptor.digest).map_err(std::io::Error::other);
    let image = BlobImage::new(Some(&chosen.descriptor.digest), chosen.bytes, config, open)?;
    Ok(Opened { image, index: chosen.index, name: chosen.name })
}
