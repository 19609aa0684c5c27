//! What SPDX has no field for: told in a package's comment, as JSON.

use serde_json::{Map, Value, json};

use super::shared;
use super::view::View;
use crate::identity;

/// What SPDX has no field for. `originator` is whom the document names as such, in its words.
pub(super) fn note(view: &View<'_>, index: usize, ids: &[String], originator: Option<&str>) -> Map<String, Value> {
    let package = view.package(index);
    let mut note = Map::new();
    let mut set = |key: &str, value: Value| note.insert(format!("plimsoll:{key}"), value);
    let named = originator.map(identity::maintainer);
    if let Some(maintainer) = package.maintainer.as_ref().filter(|m| named.as_ref() != Some(*m)) {
        set("maintainer", json!(maintainer));
    }
    if !package.evidence.is_empty() {
        set("evidence", json!(package.evidence));
    }
    if !package.evidence.is_empty() || package.first_layer > 0 || package.layer > 0 {
        set("firstLayer", json!(package.first_layer));
        if package.layer != package.first_layer {
            set("layer", json!(package.layer));
        }
    }
    if package.version.is_empty() {
        set("unknown", json!("version"));
    }
    let cpes: Vec<&String> = package.cpes.iter().filter(|cpe| !identity::is_cpe23(cpe)).collect();
    if !cpes.is_empty() {
        set("cpes", json!(cpes));
    }
    for (key, address) in [("homepage", &package.homepage), ("download", &package.download)] {
        if let Some(address) = address.as_ref().filter(|a| shared::web(Some(a)).is_none()) {
            set(key, json!(address));
        }
    }
    if let Some(parent) = view.within[index].filter(|_| !view.is_nested(index)) {
        set("within", json!(ids[parent]));
    }
    for (key, value) in identity::beside(package, &package.name) {
        set(key, json!(value));
    }
    if !package.properties.is_empty() {
        set("properties", json!(package.properties));
    }
    note
}
