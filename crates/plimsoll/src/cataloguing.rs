//! Images catalogued layer by layer: what is known of a layer is not read again.

use std::path::PathBuf;

use anyhow::Result;
use plimsoll_catalog::{Catalog, FACTS_VERSION, LayerFacts, assemble, merge_layers, read_layer};
use plimsoll_layer::Limits;
use plimsoll_oci::{Digest, Image};
use plimsoll_source::{Cache, SourceError, read_layers};

use crate::args::Cataloguing;
use crate::open::{Watched, source_failure};
use crate::ui::Ui;

/// The catalogue of an image. At most a layer's evidence is in memory for each job, and nothing goes to the disk but what
/// the cache keeps.
pub(crate) fn catalog(image: &dyn Image, how: &Cataloguing, ui: &Ui) -> Result<Catalog> {
    let limits = Limits::default();
    let cache = cache(how);
    let known = |index: usize| {
        let cache = cache.as_ref()?;
        let layer = image.layers().get(index)?;
        LayerFacts::from_bytes(&cache.get(&key(&layer.diff_id))?)
    };
    let mut layers: Vec<Option<LayerFacts>> = (0..image.layers().len()).map(known).collect();
    let unknown: Vec<usize> = (0..layers.len()).filter(|i| layers[*i].is_none()).collect();
    if let Some(cache) = &cache {
        let (hits, all) = (layers.len() - unknown.len(), layers.len());
        ui.detail(&format!("{hits} of {all} layers are known ({})", cache.dir().display()));
    }
    if !unknown.is_empty() {
        let total = unknown.iter().map(|i| image.layers()[*i].descriptor.size).sum();
        let step = ui.step_of("reading layers", Some(total));
        let watched = Watched::new(image, &step);
        let read = read_layers(&watched, &unknown, how.jobs(), &limits, &|_, tar| read_layer(tar, &limits));
        for (index, facts) in unknown.into_iter().zip(read.map_err(source_failure)?) {
            if let Some(cache) = &cache
                && let Err(error) = cache.put(&key(&image.layers()[index].diff_id), &facts.to_bytes())
            {
                ui.detail(&format!("the cache cannot be written: {error}"));
            }
            layers[index] = Some(facts);
        }
        step.done();
    }
    let (tree, facts) = merge_layers(layers.into_iter().flatten(), &limits)
        .map_err(|(layer, source)| source_failure(SourceError::Layer { layer, source }))?;
    Ok(assemble(&tree, facts))
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
