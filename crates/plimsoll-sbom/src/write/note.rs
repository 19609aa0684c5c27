//! What SPDX has no field for: told in a package's comment, a line each. JSON in JSON would cost a backslash a quote.

use super::shared;
use super::view::View;
use crate::identity;

/// The lines of a package's comment. `originator` is whom the document names as such, in its words. What stands in `told`
/// comes first.
pub(super) fn note(
    view: &View<'_>,
    index: usize,
    ids: &[String],
    originator: Option<&str>,
    told: Vec<(&'static str, String)>,
) -> String {
    let package = view.package(index);
    let mut lines = String::new();
    let mut set = |key: &str, value: &str| {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(key);
        lines.push(' ');
        lines.push_str(&identity::quoted(value));
    };
    told.iter().for_each(|(key, value)| set(key, value));
    let named = originator.map(identity::maintainer);
    if let Some(maintainer) = package.maintainer.as_ref().filter(|m| named.as_ref() != Some(*m)) {
        set("maintainer", maintainer);
    }
    if shared::is_derived(view, index) {
        set("supplier", "derived");
    }
    package.evidence.iter().for_each(|path| set("at", path));
    match (package.first_layer, package.layer) {
        (0, 0) => {}
        (first, last) if first == last => set("in", &first.to_string()),
        (first, last) => set("in", &format!("{first}-{last}")),
    }
    if package.version.is_empty() {
        set("unknown", "version");
    }
    if package.declared {
        set("declared", "only");
    }
    package.cpes.iter().filter(|cpe| !identity::is_cpe23(cpe)).for_each(|cpe| set("cpe", cpe));
    for (key, address) in [("homepage", &package.homepage), ("download", &package.download)] {
        if let Some(address) = address.as_ref().filter(|a| shared::web(Some(a)).is_none()) {
            set(key, address);
        }
    }
    if let Some(parent) = view.within[index].filter(|_| !view.is_nested(index)) {
        set("within", &ids[parent]);
    }
    for (key, value) in identity::beside(package, &package.name) {
        set(key, &value);
    }
    for (name, value) in &package.properties {
        set("property", &format!("{}={}", identity::quoted(name).replace('=', "\\3d;"), identity::quoted(value)));
    }
    lines
}
