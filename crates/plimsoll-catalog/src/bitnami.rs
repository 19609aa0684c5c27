//! Bitnami's components: the SPDX documents that each leaves in `/opt/bitnami`, and the older `.bitnami_components.json`.
//!
//! The documents are Bitnami's package records: the component itself is installed, what it contains is declared.

use std::collections::{BTreeMap, HashMap, HashSet};

use plimsoll_version::purl::Purl;
use serde::Deserialize;

use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::document::{self, Declared};
use crate::facts::{Facts, File, Record};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "bitnami",
    about: "Bitnami components and what they declare",
    evidence: &[
        Evidence::Path { glob: "**/opt/bitnami/**/.spdx-*.spdx", limit: 64 * MIB },
        Evidence::Path { glob: "**/opt/bitnami/.bitnami_components.json", limit: MIB },
    ],
    purls: &["bitnami"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Supplier],
    read,
    join: Some(join),
};

#[derive(Deserialize)]
struct Component {
    version: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    distro: String,
}

fn read(file: &File<'_>, out: &mut Facts) {
    if !file.name().ends_with(".json") {
        document::read(file.bytes, out);
        for record in out.records.iter_mut().filter(|r| r.ecosystem == Ecosystem::Bitnami) {
            record.declared = false;
        }
        return;
    }
    let components: BTreeMap<String, Component> = match serde_json::from_slice(file.bytes) {
        Ok(components) => components,
        Err(error) => return out.trouble(None, format!("is not Bitnami's list of components: {error}")),
    };
    for (name, component) in components {
        let purl = Purl::new("bitnami", &name).map(|p| {
            p.with_version(&component.version)
                .with_qualifier("arch", &component.arch)
                .with_qualifier("distro", &component.distro)
        });
        match purl {
            Ok(purl) => out.records.push(Record {
                ecosystem: Ecosystem::Bitnami,
                name,
                version: component.version,
                purl: purl.to_string(),
                ..Record::default()
            }),
            Err(error) => out.trouble(None, format!("component {name}: {error}")),
        }
    }
}

/// Places documents first: a component of the list that has one is not listed again.
fn join(join: &mut Join<'_>) {
    let base = join.placed.len();
    let (lists, documents): (Vec<_>, Vec<_>) =
        std::mem::take(&mut join.files).into_values().partition(|r| r.path.ends_with(".json"));
    for read in documents {
        if !read.path.contains("/.spdx-") {
            continue;
        }
        let declared = Declared { holder: None, excluded: false, known: &|_| None };
        document::place(join, read, &declared, &mut HashMap::new());
    }
    let documented = join.placed.iter().skip(base).filter(|p| p.record.ecosystem == Ecosystem::Bitnami);
    let documented: HashSet<String> = documented.map(|p| p.record.name.clone()).collect();
    for mut read in lists.into_iter().filter(|r| r.path.ends_with("/.bitnami_components.json")) {
        read.facts.records.retain(|r| !documented.contains(&r.name));
        join.place_all(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_components() {
        let text = br#"{"redis": {"arch": "amd64", "distro": "debian-12", "type": "NAMI", "version": "7.2.4-0"}}"#;
        let mut out = Facts::default();
        read(&File { path: "/opt/bitnami/.bitnami_components.json", root: "", which: 1, bytes: text }, &mut out);
        assert_eq!(out.records[0].purl, "pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12");
        assert!(!out.records[0].declared);
    }
}
