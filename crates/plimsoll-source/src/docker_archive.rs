//! What `docker save` writes: `manifest.json` with configurations and layers by member name, and since Docker 25 an OCI
//! layout in the same archive.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use plimsoll_layer::{Compression, HashingReader, detect};
use plimsoll_oci::{Config, Descriptor, Digest, Image, ImageError, MAX_MANIFEST_BYTES, Manifest, media_type};
use serde::Deserialize;

use crate::archive::Archive;
use crate::layout::{BlobStore, check_marker, parse_index};
use crate::{BlobImage, OpenOptions, Opened, SourceError, select};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

/// Opens the image called `name` of a docker archive, or its only one. Where the archive is an OCI layout too, that gives
/// the image its real digest, and both descriptions must agree: which of them a runtime reads depends on its version.
pub(crate) fn open(archive: Archive, name: Option<&str>, options: &OpenOptions) -> Result<Opened, SourceError> {
    let archive = Arc::new(archive);
    let saved: Vec<Saved> = serde_json::from_slice(&archive.document("manifest.json")?)
        .map_err(|e| SourceError::malformed("manifest.json", e))?;
    let chosen = choose(&saved, name)?;
    let config_bytes = archive.document(&chosen.config)?;
    let what = format!("configuration '{}'", chosen.config);
    // Configurations are named by their digest.
    let stem = chosen.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    if let Ok(expected) = format!("sha256:{stem}").parse::<Digest>() {
        let found = Digest::sha256(&config_bytes);
        if found != expected {
            return Err(ImageError::DigestMismatch { what, expected, found }.into());
        }
    }
    let config = Config::parse(&config_bytes).map_err(|e| SourceError::malformed(&what, e))?;
    if config.diff_ids.len() != chosen.layers.len() {
        return Err(SourceError::malformed(what, "it does not have one diffID per layer"));
    }
    if options.explicit && !config.platform.serves(&options.platform) {
        return Err(SourceError::NoPlatform { wanted: options.platform.clone(), found: config.platform.to_string() });
    }
    let name = chosen.repo_tags.iter().flatten().next().cloned();
    if archive.has("oci-layout") && archive.has("index.json") {
        let opened = open_layout(&archive, &config_bytes, options)?;
        return Ok(Opened { name, ..opened });
    }
    let (manifest, members) = synthesise(&archive, chosen, &config, &config_bytes)?;
    let open = move |descriptor: &Descriptor| -> io::Result<Box<dyn Read + Send>> {
        let name = members.get(&descriptor.digest).ok_or(io::ErrorKind::NotFound)?;
        let (slice, _) = archive.member(name).map_err(io::Error::other)?;
        Ok(Box::new(slice))
    };
    Ok(Opened { image: BlobImage::new(None, manifest.to_bytes(), config_bytes, open)?, index: None, name })
}

fn choose<'a>(saved: &'a [Saved], name: Option<&str>) -> Result<&'a Saved, SourceError> {
    let tags = || {
        let all: Vec<&str> = saved.iter().flat_map(|s| s.repo_tags.iter().flatten()).map(String::as_str).collect();
        if all.is_empty() { "images without a name".to_owned() } else { all.join(", ") }
    };
    match (name, saved) {
        (None, [only]) => Ok(only),
        (None, []) => Err(SourceError::malformed("manifest.json", "it lists no image")),
        (None, _) => Err(SourceError::Ambiguous(tags())),
        (Some(name), _) => saved
            .iter()
            .find(|s| s.repo_tags.iter().flatten().any(|t| t == name))
            .ok_or_else(|| SourceError::NoSuchImage { wanted: name.to_owned(), found: tags() }),
    }
}

fn open_layout(archive: &Arc<Archive>, config: &[u8], options: &OpenOptions) -> Result<Opened, SourceError> {
    check_marker(&archive.document("oci-layout")?)?;
    let bytes = archive.document("index.json")?;
    if bytes.len() > MAX_MANIFEST_BYTES {
        return Err(SourceError::malformed("index.json", "it is too large"));
    }
    let index = parse_index(&bytes)?;
    let store: Arc<dyn BlobStore> = Arc::<Archive>::clone(archive);
    // The layout may list more images than the one that manifest.json names: it is the one with the same configuration.
    let mut last = None;
    for entry in &index.manifests {
        match select::select(&store, &index, Some(&format!("@{}", entry.digest)), options) {
            Ok(opened) if opened.image.config_bytes() == config => return Ok(opened),
            Ok(_) => {}
            Err(error) => last = Some(error),
        }
    }
    let disagrees = || SourceError::malformed("docker archive", "manifest.json and index.json name different images");
    Err(last.unwrap_or_else(disagrees))
}

/// The manifest the archive leaves out, and which member holds each layer.
fn synthesise(
    archive: &Archive,
    saved: &Saved,
    config: &Config,
    config_bytes: &[u8],
) -> Result<(Manifest, BTreeMap<Digest, String>), SourceError> {
    let mut members = BTreeMap::new();
    let mut layers = Vec::new();
    for (name, diff_id) in saved.layers.iter().zip(&config.diff_ids) {
        let what = format!("archive member '{name}'");
        let (mut slice, len) = archive.member(name)?;
        let mut magic = Vec::new();
        slice.by_ref().take(6).read_to_end(&mut magic).map_err(SourceError::io(format!("read {what}")))?;
        let compression = detect(&magic).map_err(|e| SourceError::malformed(&what, e))?;
        let (kind, digest) = match compression {
            // A plain layer's digest is its diffID, which is checked when it is read: no pass over it now.
            Compression::None => (media_type::LAYER, diff_id.clone()),
            compressed => {
                let mut hashing = HashingReader::new(io::Cursor::new(magic).chain(slice));
                io::copy(&mut hashing, &mut io::sink()).map_err(SourceError::io(format!("read {what}")))?;
                let kind =
                    if compressed == Compression::Gzip { media_type::LAYER_GZIP } else { media_type::LAYER_ZSTD };
                (kind, hashing.finish().0)
            }
        };
        layers.push(Descriptor::new(kind, digest.clone(), len));
        members.insert(digest, name.clone());
    }
    let manifest = Manifest {
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, config_bytes),
        layers,
        subject: None,
        annotations: BTreeMap::new(),
    };
    Ok((manifest, members))
}
