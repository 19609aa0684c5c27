//! Swift: `Package.resolved`, in its three versions.

use serde_json::Value;

use super::{add, json, record};
use crate::Ecosystem;
use crate::cataloger::{Cataloger, Evidence, MIB};
use crate::facts::{Facts, File};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "swift",
    about: "resolved packages of Swift",
    evidence: &[
        Evidence::Directory { glob: "**/Package.resolved", limit: 16 * MIB },
        Evidence::Directory { glob: "**/.package.resolved", limit: 16 * MIB },
    ],
    purls: &["swift"],
    gives: &[],
    read,
    join: None,
};

/// Version 1 keeps `object.pins` with `repositoryURL`, versions 2 and 3 keep `pins` with `location`.
fn read(file: &File<'_>, out: &mut Facts) {
    let Some(value) = json(file, out) else { return };
    let pins = value.get("pins").or_else(|| value.pointer("/object/pins")).and_then(Value::as_array);
    let Some(pins) = pins else {
        return out.trouble(None, "has no list of pins");
    };
    for pin in pins {
        let text = |key: &str| pin.get(key).and_then(Value::as_str);
        let state = |key: &str| pin.pointer(&format!("/state/{key}")).and_then(Value::as_str);
        let address = text("location").or(text("repositoryURL")).unwrap_or_default();
        // `https://host/owner/name.git`, `git@host:owner/name.git`, or a registry's `scope.name`.
        let place = address.split_once("://").map_or(address, |(_, p)| p);
        let place = place.rsplit_once('@').map_or(place, |(_, p)| p).replace(':', "/");
        let place = place.trim_end_matches('/').trim_end_matches(".git");
        let identity = text("identity").or(text("package")).unwrap_or_default();
        let (namespace, name) = place.rsplit_once('/').unwrap_or(("", identity));
        // A branch has no version; its commit is what there is.
        let version = state("version").or(state("revision")).unwrap_or_default();
        let full = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
        let made = record(file, Ecosystem::Swift, &full, version).and_then(|mut r| {
            let purl = Purl::new("swift", name).ok()?.with_namespace(namespace).with_version(&r.version);
            r.purl = purl.to_string();
            let commit = state("revision").filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()));
            r.properties = commit.map(|c| ("swift:revision".to_owned(), c.to_owned())).into_iter().collect();
            Some(r)
        });
        add(out, None, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_versions() {
        let two = br#"{"pins":[{"identity":"swift-nio","kind":"remoteSourceControl","location":"https://github.com/apple/swift-nio.git","state":{"revision":"abc123","version":"2.62.0"}}],"version":2}"#;
        let out = super::super::read_all(read, 0, two);
        assert_eq!(out.records[0].purl, "pkg:swift/github.com/apple/swift-nio@2.62.0");
        let one = br#"{"object":{"pins":[{"package":"Nio","repositoryURL":"git@github.com:apple/swift-nio.git","state":{"branch":null,"revision":"abc123","version":null}}]},"version":1}"#;
        let out = super::super::read_all(read, 0, one);
        assert_eq!(out.records[0].purl, "pkg:swift/github.com/apple/swift-nio@abc123");
    }
}
