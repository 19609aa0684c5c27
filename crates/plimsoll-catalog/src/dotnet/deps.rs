//! `*.deps.json`: the packages that an application or runtime was published with.

use std::collections::HashMap;

use serde_json::Value;

use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields, link};

/// The most packages of one file that are read.
const MAX_PACKAGES: usize = 50_000;

/// The note with the files of a record.
pub(super) fn assets(index: usize) -> String {
    format!("assets:{index}")
}

/// A library of the file.
struct Library<'v> {
    key: &'v str,
    kind: String,
    hashes: Vec<crate::Hash>,
    assets: Vec<String>,
    needs: Vec<usize>,
}

/// Reads the file. A package counts if it brings files, or depends on one that does: the file lists packages too that
/// were only needed to compile.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let map = match fields::only(bytes, &["runtimeTarget", "targets", "libraries"]) {
        Ok(map) => map,
        Err(error) => return out.trouble(None, format!("not a list of .NET dependencies: {error}")),
    };
    let Some(listed) = map.get("libraries").and_then(Value::as_object) else {
        return out.trouble(None, "names no libraries; nothing was read");
    };
    let mut libraries: Vec<Library<'_>> = listed
        .iter()
        .take(MAX_PACKAGES)
        .map(|(key, value)| Library {
            key,
            kind: fields::member(value, "type").unwrap_or_default().to_ascii_lowercase(),
            hashes: fields::member(value, "sha512").map(|s| fields::integrity(&s)).unwrap_or_default(),
            assets: Vec::new(),
            needs: Vec::new(),
        })
        .collect();
    let by_key: HashMap<String, usize> = libraries.iter().enumerate().map(|(i, l)| (l.key.to_lowercase(), i)).collect();
    let runtime = map.get("runtimeTarget").and_then(|t| t.as_str().or_else(|| t.get("name")?.as_str()));
    let targets = map.get("targets").and_then(Value::as_object);
    let target = targets.and_then(|t| runtime.and_then(|name| t.get(name)).or_else(|| t.values().next()));
    for (key, value) in target.and_then(Value::as_object).into_iter().flatten() {
        let Some(library) = by_key.get(&key.to_lowercase()).and_then(|i| libraries.get_mut(*i)) else { continue };
        for table in ["runtime", "native", "resources", "runtimeTargets"] {
            // `_._` stands for "no file here".
            library.assets.extend(fields::keys(value.get(table)).into_iter().filter(|a| !a.ends_with("/_._")));
        }
        let needs = value.get("dependencies").and_then(Value::as_object).into_iter().flatten();
        library.needs = needs
            .take(fields::MAX_ENTRIES)
            .filter_map(|(name, version)| {
                let version = version.as_str()?;
                by_key.get(&format!("{name}/{version}").to_lowercase()).copied()
            })
            .collect();
    }
    emit(&libraries, &bringing_files(&libraries, target.is_some()), out);
}

/// Which libraries bring files or depend on such that do. Without a target there is nothing to tell by.
fn bringing_files(libraries: &[Library<'_>], told: bool) -> Vec<bool> {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); libraries.len()];
    for (index, library) in libraries.iter().enumerate() {
        for need in &library.needs {
            if let Some(list) = dependents.get_mut(*need) {
                list.push(index);
            }
        }
    }
    let mut live: Vec<bool> = libraries.iter().map(|l| !told || l.kind == "project" || !l.assets.is_empty()).collect();
    let mut open: Vec<usize> = (0..libraries.len()).filter(|i| live.get(*i) == Some(&true)).collect();
    while let Some(index) = open.pop() {
        for dependent in dependents.get(index).into_iter().flatten() {
            if let Some(slot) = live.get_mut(*dependent).filter(|slot| !**slot) {
                *slot = true;
                open.push(*dependent);
            }
        }
    }
    live
}

fn emit(libraries: &[Library<'_>], live: &[bool], out: &mut Facts) {
    let mut places: HashMap<usize, u32> = HashMap::new();
    for (index, library) in libraries.iter().enumerate().filter(|(i, _)| live.get(*i) == Some(&true)) {
        // References to bare assemblies carry no package's version; the assembly tells its own.
        if library.kind == "reference" || library.kind == "referenceassembly" {
            continue;
        }
        let found = library.key.rsplit_once('/');
        let found = found.map(|(name, version)| (name.strip_prefix("runtimepack.").unwrap_or(name), version));
        let version = found.and_then(|(_, v)| link::token(v.as_bytes()));
        let (Some((name, _)), Some(version)) = (found.filter(|(name, _)| super::is_name(name)), version) else {
            out.trouble(None, format!("{} is not a package and its version; left out", library.key));
            continue;
        };
        let place = out.records.len();
        let mut files = library.assets.clone();
        if library.kind == "project" {
            files.extend([".dll", ".exe"].map(|extension| format!("{name}{extension}")));
        }
        if !files.is_empty() {
            out.note(&assets(place), files);
        }
        places.insert(index, place as u32);
        let project = (library.kind == "project").then(|| ("dotnet:type".to_owned(), "project".to_owned()));
        out.records.push(Record {
            ecosystem: Ecosystem::Nuget,
            purl: super::purl(name, &version),
            name: name.to_owned(),
            version,
            hashes: library.hashes.clone(),
            properties: project.into_iter().collect(),
            ..Record::default()
        });
    }
    for (index, place) in &places {
        let needs = libraries.get(*index).map(|l| l.needs.as_slice()).unwrap_or_default();
        let mut needs: Vec<u32> = needs.iter().filter_map(|n| places.get(n).copied()).filter(|n| n != place).collect();
        needs.sort_unstable();
        needs.dedup();
        if let Some(record) = out.records.get_mut(*place as usize) {
            record.needs = needs;
        }
    }
}
