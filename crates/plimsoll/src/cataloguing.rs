//! Images catalogued layer by layer: what is known of a layer is not read again.

use std::path::PathBuf;

use anyhow::Result;
use plimsoll_catalog::{
    Catalog, FACTS_VERSION, LayerFacts, assemble_and_drop, merge_layers, read_layer, read_layer_again,
};
use plimsoll_layer::Limits;
use plimsoll_oci::{Digest, Image};
use plimsoll_source::{Cache, SourceError, read_layers};

use crate::args::Cataloguing;
use crate::open::{Watched, source_failure};
use crate::ui::Ui;

/// The catalogue of an image. A known one comes without the files of its packages, unless `with_files`.
pub(crate) fn catalog(image: &dyn Image, how: &Cataloguing, with_files: bool, ui: &Ui) -> Result<Catalog> {
    let cache = cache(how);
    let Some(cache) = &cache else { return from_layers(image, None, how, ui) };
    let key = whole(image);
    if !with_files && let Some(known) = cache.get(&key).and_then(|bytes| Catalog::from_bytes(&bytes)) {
        ui.detail(&format!("the image's layers are all known ({})", cache.dir().display()));
        return Ok(known);
    }
    let catalog = from_layers(image, Some(cache), how, ui)?;
    keep(cache, &key, &catalog.to_bytes(), ui);
    Ok(catalog)
}

/// What an image's catalogue is kept under: its layers in their order, and how they are read.
fn whole(image: &dyn Image) -> Digest {
    let layers: Vec<String> = image.layers().iter().map(|l| l.diff_id.to_string()).collect();
    Digest::sha256(format!("{} {FACTS_VERSION} {}", layers.join(" "), crate::VERSION).as_bytes())
}

/// Keeps a result. A cache that cannot be written makes the next run slower and this one no worse.
fn keep(cache: &Cache, key: &Digest, bytes: &[u8], ui: &Ui) {
    if let Err(error) = cache.put(key, bytes) {
        ui.detail(&format!("the cache cannot be written: {error}"));
    }
}

/// The catalogue of an image from its layers. At most a layer's evidence is in memory for each job, and nothing goes to the disk but what
/// the cache keeps.
fn from_layers(image: &dyn Image, cache: Option<&Cache>, how: &Cataloguing, ui: &Ui) -> Result<Catalog> {
    let limits = Limits::default();
    let known = |index: usize| {
        let cache = cache?;
        let layer = image.layers().get(index)?;
        LayerFacts::from_bytes(&cache.get(&key(&layer.diff_id))?)
    };
    let mut layers: Vec<Option<LayerFacts>> = (0..image.layers().len()).map(known).collect();
    let unknown: Vec<usize> = (0..layers.len()).filter(|i| layers[*i].is_none()).collect();
    if let Some(cache) = cache {
        let (hits, all) = (layers.len() - unknown.len(), layers.len());
        ui.detail(&format!("{hits} of {all} layers are known ({})", cache.dir().display()));
    }
    if !unknown.is_empty() {
        let total = unknown.iter().map(|i| image.layers()[*i].descriptor.size).sum();
        let step = ui.step_of("reading layers", Some(total));
        let watched = Watched::new(image, &step);
        let read = read_layers(&watched, &unknown, how.jobs(), &limits, &|_, tar| read_layer(tar, &limits));
        let mut read = read.map_err(source_failure)?;
        let again: Vec<usize> = (0..read.len()).filter(|i| !read[*i].is_complete()).collect();
        if !again.is_empty() {
            let layers: Vec<usize> = again.iter().map(|i| unknown[*i]).collect();
            let first = |layer: usize| unknown.iter().position(|u| *u == layer).map(|i| &read[i]);
            let second = read_layers(image, &layers, how.jobs(), &limits, &|layer, tar| match first(layer) {
                Some(known) => read_layer_again(tar, &limits, known),
                None => read_layer(tar, &limits),
            });
            for (place, facts) in again.into_iter().zip(second.map_err(source_failure)?) {
                read[place] = facts;
            }
        }
        for (index, facts) in unknown.into_iter().zip(read) {
            if let Some(cache) = cache {
                keep(cache, &key(&image.layers()[index].diff_id), &facts.to_bytes(), ui);
            }
            layers[index] = Some(facts);
        }
        step.done();
    }
    let (tree, facts) = merge_layers(layers.into_iter().flatten(), &limits)
        .map_err(|(layer, source)| source_failure(SourceError::Layer { layer, source }))?;
    Ok(assemble_and_drop(tree, facts))
}

/// What facts of a layer are kept under: the layer's content, and how it was read.
fn key(diff_id: &Digest) -> Digest {
    Digest::sha256(format!("{diff_id} {FACTS_VERSION} {}", crate::VERSION).as_bytes())
}

fn cache(how: &Cataloguing) -> Option<Cache> {
    if how.no_cache {
        return None;
    }
    let dir = how.cache_dir.clone().or_else(|| {
        // A home that is not there is not made.
        let home = || std::env::var_os("HOME").map(PathBuf::from).filter(|h| h.is_dir()).map(|h| h.join(".cache"));
        let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute()).or_else(home)?;
        Some(base.join("plimsoll").join("layers"))
    })?;
    Some(Cache::new(dir))
}
