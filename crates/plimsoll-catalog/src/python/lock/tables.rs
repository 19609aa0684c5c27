//! Lock files in TOML: those of Poetry, uv, PDM, and `pylock.toml`. They differ in how they write dependencies and
//! sources, and agree in the rest.

use serde::Deserialize;
use toml::Value;

use super::{pinned, text};
use crate::facts::Facts;
use crate::python::name;
use crate::python::requirement::Requirement;

/// Dependencies that are read of one package.
const MAX_WANTS: usize = 4096;

#[derive(Deserialize)]
struct Lock {
    /// Poetry, uv, PDM.
    #[serde(default)]
    package: Vec<Package>,
    /// `pylock.toml`.
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    dependencies: Option<Value>,
    source: Option<Value>,
    /// `pylock.toml`.
    vcs: Option<Value>,
    /// PDM.
    git: Option<String>,
    revision: Option<String>,
}

pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let text_of = String::from_utf8_lossy(bytes);
    let lock: Lock = match toml::from_str(&text_of) {
        Ok(lock) => lock,
        Err(error) => {
            let before = error.span().and_then(|s| text_of.get(..s.start));
            let line = before.map(|b| b.bytes().filter(|b| *b == b'\n').count() as u32 + 1);
            return out.trouble(line, format!("is not a lock file: {}", error.message()));
        }
    };
    for package in lock.package.into_iter().chain(lock.packages) {
        let at = |key: &str| package.source.as_ref().and_then(|s| s.get(key)).and_then(Value::as_str);
        if at("virtual").is_some() {
            // The project itself, which is not a package.
            continue;
        }
        let version = package.version.as_deref().unwrap_or_default();
        let Some(mut record) = pinned(&package.name, version, &origin(&package)) else {
            out.trouble(None, format!("not a name: {}", text(&package.name).unwrap_or_default()));
            continue;
        };
        record.wants = package.dependencies.as_ref().map(wants).unwrap_or_default();
        if let Some(path) = at("editable").and_then(text) {
            record.properties.push(("python:editable".to_owned(), path));
        }
        out.records.push(record);
    }
}

/// Where a version control system holds the package: `git+URL@COMMIT`.
fn origin(package: &Package) -> String {
    let get = |value: &Option<Value>, key: &str| {
        value.as_ref().and_then(|v| v.get(key)).and_then(Value::as_str).map(str::to_owned)
    };
    // uv writes `URL?rev=…#COMMIT`.
    if let Some(git) = get(&package.source, "git") {
        let (url, commit) = git.split_once('#').unwrap_or((&git, ""));
        return format!("git+{}@{commit}", url.split('?').next().unwrap_or_default());
    }
    let found = match get(&package.source, "type").as_deref() {
        Some("git") => get(&package.source, "url").zip(get(&package.source, "resolved_reference")),
        _ => package.git.clone().zip(package.revision.clone()),
    };
    if let Some((url, commit)) = found {
        return format!("git+{url}@{commit}");
    }
    match (get(&package.vcs, "type"), get(&package.vcs, "url"), get(&package.vcs, "commit-id")) {
        (Some(kind), Some(url), Some(commit)) => format!("{kind}+{url}@{commit}"),
        _ => String::new(),
    }
}

/// The names of a table of requirements, or of a list of requirements or of tables.
fn wants(value: &Value) -> Vec<Vec<String>> {
    let names: Vec<Option<String>> = match value {
        Value::Table(table) => table.keys().take(MAX_WANTS).map(|k| name::normal(k)).collect(),
        Value::Array(list) => list
            .iter()
            .take(MAX_WANTS)
            .map(|v| match v {
                Value::String(text) => Requirement::parse(text).map(|r| r.name),
                other => other.get("name").and_then(Value::as_str).and_then(name::normal),
            })
            .collect(),
        _ => Vec::new(),
    };
    names.into_iter().flatten().map(|n| vec![n]).collect()
}
