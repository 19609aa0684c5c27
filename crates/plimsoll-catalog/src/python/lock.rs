//! Python's lock files in directories: pinned requirements, `Pipfile.lock`, and those of Poetry, uv, PDM and PEP 751.

mod tables;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::requirement::Requirement;
use super::{name, text};
use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::digest;
use crate::facts::{Facts, File, Record};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "python-lock",
    about: "Python's lock files and pinned requirements",
    evidence: &[
        Evidence::Directory { glob: "**/*requirements*.txt", limit: 16 * MIB },
        Evidence::Directory { glob: "**/requirements/*.txt", limit: 16 * MIB },
        Evidence::Directory { glob: "**/Pipfile.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/poetry.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/uv.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/pdm.lock", limit: 32 * MIB },
        Evidence::Directory { glob: "**/pylock.toml", limit: 32 * MIB },
        Evidence::Directory { glob: "**/pylock.*.toml", limit: 32 * MIB },
    ],
    purls: &["pypi"],
    gives: &[Gives::Dependencies],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    match file.name() {
        "Pipfile.lock" => pipfile(file.bytes, out),
        name if name.ends_with(".txt") => requirements(file.bytes, out),
        _ => tables::read(file.bytes, out),
    }
}

/// Places each file's packages; names are resolved within one file.
fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        for record in &mut read.facts.records {
            path.clone_into(&mut record.scope);
        }
        read.root.clear();
        join.place_all(read);
    }
}

/// A package that a lock file pins. `origin` is where a version control system holds it.
fn pinned(stated: &str, version: &str, origin: &str) -> Option<Record> {
    let name = name::normal(stated)?;
    let purl = name::package_url(&name, version, origin);
    Some(Record { ecosystem: Ecosystem::Pypi, purl, version: version.to_owned(), name, ..Record::default() })
}

/// The version that a specifier pins: `==1.2`, `===1.2`, without a star.
fn exact(specifier: &str) -> Option<&str> {
    let version = specifier.trim().trim_start_matches('(').trim_end_matches(')').trim().strip_prefix("==")?;
    let version = version.trim_start_matches('=').trim();
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'_' | b'!');
    (!version.is_empty() && version.len() <= 256 && version.bytes().all(legal)).then_some(version)
}

/// A requirements file: its lines that pin a version. Options, other files and ranges say nothing of what is installed.
fn requirements(bytes: &[u8], out: &mut Facts) {
    let mut logical = String::new();
    for line in decoded(bytes).lines() {
        let line = line.trim();
        let (part, more) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        if logical.len() < 64 << 10 {
            logical.push_str(part);
            logical.push(' ');
        }
        if !more {
            out.records.extend(requirement(&logical));
            logical.clear();
        }
    }
    out.records.extend(requirement(&logical));
}

fn requirement(line: &str) -> Option<Record> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.starts_with(['#', '-']) {
        return None;
    }
    let (line, options) = line.find(" --").map_or((line, ""), |at| line.split_at(at));
    let stated = Requirement::parse(line)?;
    let specifier = line.split(';').next().unwrap_or_default();
    let specifier = &specifier[specifier.find(['=', '<', '>', '~', '!', '(', '@'])?..];
    let mut record = pinned(&stated.name, exact(specifier)?, "")?;
    let mut sums = options.split_whitespace().filter_map(|o| digest::named(o.strip_prefix("--hash=")?));
    // Several are of several files, of which one would be installed.
    if let (Some(sum), None) = (sums.next(), sums.next()) {
        record.hashes.push(sum);
    }
    Some(record)
}

/// Text in UTF-8, or in UTF-16 as PowerShell writes it.
fn decoded(bytes: &[u8]) -> String {
    if let [0xff, 0xfe, rest @ ..] = bytes {
        let units = rest.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        return char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned()
}

#[derive(Deserialize)]
struct Pipfile {
    #[serde(default)]
    default: BTreeMap<String, Pin>,
    #[serde(default)]
    develop: BTreeMap<String, Pin>,
}

#[derive(Deserialize)]
struct Pin {
    version: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

fn pipfile(bytes: &[u8], out: &mut Facts) {
    let lock: Pipfile = match serde_json::from_slice(bytes) {
        Ok(lock) => lock,
        Err(error) => {
            return out.trouble(u32::try_from(error.line()).ok(), format!("is not a lock of pipenv: {error}"));
        }
    };
    let sections = [("", lock.default), ("develop", lock.develop)];
    for (group, (name, pin)) in sections.into_iter().flat_map(|(g, s)| s.into_iter().map(move |p| (g, p))) {
        let origin = match (&pin.git, &pin.reference) {
            (Some(url), Some(commit)) => format!("git+{url}@{commit}"),
            _ => String::new(),
        };
        let version = pin.version.as_deref().and_then(exact).unwrap_or_default();
        if version.is_empty() && origin.is_empty() {
            // A path in the project itself: its own metadata says what it is.
            continue;
        }
        match pinned(&name, version, &origin) {
            Some(mut record) => {
                if !group.is_empty() {
                    record.properties.push(("python:group".to_owned(), group.to_owned()));
                }
                out.records.push(record);
            }
            None => out.trouble(None, format!("not a name: {}", text(&name).unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests;
