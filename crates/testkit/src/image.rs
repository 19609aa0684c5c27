//! A test image, and the media it is written to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use plimsoll_layer::{Entry, EntryKind, TarWriter};
use plimsoll_oci::{Config, Descriptor, Digest, Image, ImageError, Index, LayerSource, Manifest, Platform, media_type};
use serde_json::{Value, json};

use crate::Layer;

/// Builds a small image.
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    layers: Vec<Layer>,
    config: Value,
    platform: Platform,
    name: String,
    annotations: BTreeMap<String, String>,
}

impl Default for ImageBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ImageBuilder {
    /// An image for linux/amd64 without layers, called `test:latest`.
    pub fn new() -> Self {
        Self {
            layers: Vec::new(),
            config: json!({}),
            platform: Platform::new("linux", "amd64"),
            name: "test:latest".to_owned(),
            annotations: BTreeMap::new(),
        }
    }

    /// Adds a layer.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Sets the execution part of the configuration (`User`, `Env`, `Entrypoint`, …).
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Sets the platform.
    #[must_use]
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = platform;
        self
    }

    /// Sets the name, `repository:tag`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Adds an annotation to the manifest.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The configuration blob.
    pub fn config_bytes(&self) -> Vec<u8> {
        let diff_ids: Vec<String> = self.layers.iter().map(|l| l.diff_id().to_string()).collect();
        let history: Vec<Value> = (0..diff_ids.len()).map(|i| json!({ "created_by": format!("step {i}") })).collect();
        let mut config = json!({
            "architecture": self.platform.architecture,
            "os": self.platform.os,
            "config": self.config,
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
            "history": history,
        });
        if let Some(variant) = &self.platform.variant {
            config["variant"] = json!(variant);
        }
        config.to_string().into_bytes()
    }

    /// The image in memory.
    pub fn build(&self) -> MemoryImage {
        let config_bytes = self.config_bytes();
        let (descriptors, blobs): (Vec<_>, Vec<_>) = self.layers.iter().map(Layer::described).unzip();
        let manifest = Manifest {
            media_type: media_type::MANIFEST.to_owned(),
            artifact_type: None,
            config: Descriptor::of(media_type::CONFIG, &config_bytes),
            layers: descriptors,
            subject: None,
            annotations: self.annotations.clone(),
        };
        MemoryImage::new(&manifest, config_bytes, blobs)
    }

    /// Writes an OCI layout into the directory `path`, made if need be, and gives the manifest's digest. The tag is the
    /// name's.
    pub fn write_layout(&self, path: &Path) -> Digest {
        Self::write_layout_of(std::slice::from_ref(self), path)[0].clone()
    }

    /// Writes several images into one OCI layout: one after the other in `index.json`, each with its tag and platform.
    pub fn write_layout_of(images: &[Self], path: &Path) -> Vec<Digest> {
        let mut manifests = Vec::new();
        let mut digests = Vec::new();
        for builder in images {
            let image = builder.build();
            for (digest, blob) in image.blobs() {
                write(&path.join("blobs/sha256").join(digest.hex()), blob);
            }
            let mut entry = Descriptor::of(media_type::MANIFEST, &image.manifest_bytes);
            entry.platform = Some(builder.platform.clone());
            let tag = builder.name.rsplit(':').next().unwrap_or_default().to_owned();
            entry.annotations.insert("org.opencontainers.image.ref.name".to_owned(), tag);
            digests.push(entry.digest.clone());
            manifests.push(entry);
        }
        let index =
            Index { media_type: media_type::INDEX.to_owned(), manifests, subject: None, annotations: BTreeMap::new() };
        write(&path.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#);
        write(&path.join("index.json"), &index.to_bytes());
        digests
    }

    /// A docker archive in the old form: layers as `N/layer.tar`.
    pub fn docker_archive(&self) -> Vec<u8> {
        let config = self.config_bytes();
        let config_name = format!("{}.json", Digest::sha256(&config).hex());
        let mut members = vec![(config_name.clone(), config)];
        let mut layers = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let name = format!("{number}/layer.tar");
            members.push((name.clone(), layer.blob()));
            layers.push(name);
        }
        let saved = json!([{ "Config": config_name, "RepoTags": [self.name], "Layers": layers }]);
        members.push(("manifest.json".to_owned(), saved.to_string().into_bytes()));
        tar_of(&members)
    }
}

/// A plain tar of files.
pub(crate) fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new());
    for (name, bytes) in members {
        let entry = Entry::new(format!("/{name}"), EntryKind::File, 0o644, bytes.len() as u64);
        tar.append(&entry, &mut bytes.as_slice()).expect("a member that can be written");
    }
    tar.finish().expect("memory does not fail")
}

fn write(path: &Path, bytes: &[u8]) {
    let parent = path.parent().expect("a path below a directory");
    fs::create_dir_all(parent).expect("a directory that can be made");
    fs::write(path, bytes).expect("a file that can be written");
}

/// An image in memory. Its blobs are given as they are, unchecked: tests break them on purpose.
#[derive(Clone, Debug)]
pub struct MemoryImage {
    digest: Digest,
    manifest_bytes: Vec<u8>,
    manifest: Manifest,
    config_bytes: Vec<u8>,
    config: Config,
    layers: Vec<LayerSource>,
    blobs: Vec<Vec<u8>>,
}

impl MemoryImage {
    /// An image of these parts.
    pub fn new(manifest: &Manifest, config_bytes: Vec<u8>, blobs: Vec<Vec<u8>>) -> Self {
        let manifest_bytes = manifest.to_bytes();
        let config = Config::parse(&config_bytes).expect("a configuration that parses");
        let layers = manifest
            .layers
            .iter()
            .zip(&config.diff_ids)
            .zip(&config.history)
            .map(|((descriptor, diff_id), history)| LayerSource {
                descriptor: descriptor.clone(),
                diff_id: diff_id.clone(),
                created_by: history.created_by.clone(),
            })
            .collect();
        Self {
            digest: Digest::sha256(&manifest_bytes),
            manifest_bytes,
            manifest: manifest.clone(),
            config_bytes,
            config,
            layers,
            blobs,
        }
    }

    /// Every blob of the image: manifest, configuration and layers.
    pub fn blobs(&self) -> Vec<(Digest, &[u8])> {
        let mut blobs = vec![
            (self.digest.clone(), self.manifest_bytes.as_slice()),
            (self.manifest.config.digest.clone(), self.config_bytes.as_slice()),
        ];
        blobs.extend(self.manifest.layers.iter().map(|l| l.digest.clone()).zip(self.blobs.iter().map(Vec::as_slice)));
        blobs
    }

    /// Replaces the stored bytes of a layer, leaving its descriptor.
    #[must_use]
    pub fn with_blob(mut self, layer: usize, blob: Vec<u8>) -> Self {
        self.blobs[layer] = blob;
        self
    }
}

impl Image for MemoryImage {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn config_bytes(&self) -> &[u8] {
        &self.config_bytes
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn layers(&self) -> &[LayerSource] {
        &self.layers
    }

    fn open_layer(&self, index: usize) -> Result<Box<dyn Read + Send + '_>, ImageError> {
        let blob = self.blobs.get(index).ok_or_else(|| ImageError::Missing(format!("layer {index}")))?;
        Ok(Box::new(Cursor::new(blob.as_slice())))
    }
}
