//! `Cargo.lock`, versions 1 to 4: the part of TOML that cargo writes.

use std::collections::HashMap;

use super::record;
use crate::facts::Facts;
use crate::{Hash, HashAlgorithm, link};

const MAX_PACKAGES: usize = 100_000;
const MAX_DEPENDENCIES: usize = 10_000;

#[derive(Default)]
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    source: &'a str,
    checksum: &'a str,
    dependencies: Vec<&'a str>,
    line: u32,
}

/// Reads a lock file.
pub(crate) fn read(bytes: &[u8], out: &mut Facts) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.trouble(None, "is not UTF-8");
    };
    let (packages, checksums) = packages(text, out);
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, package) in packages.iter().enumerate() {
        by_name.entry(package.name).or_default().push(index);
    }
    let base = out.records.len() as u32;
    for package in &packages {
        let mut record = record(package.name, package.version);
        let needs = package.dependencies.iter().filter_map(|d| find(d, &packages, &by_name));
        record.needs = needs.map(|i| base + i as u32).collect();
        let key = format!("checksum {} {} ({})", package.name, package.version, package.source);
        let checksum =
            if package.checksum.is_empty() { checksums.get(key.as_str()).copied() } else { Some(package.checksum) };
        if let Some(hex) = checksum.filter(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit())) {
            record.hashes.push(Hash { algorithm: HashAlgorithm::Sha256, hex: hex.to_ascii_lowercase() });
        }
        if !package.source.is_empty()
            && !package.source.contains("crates.io-index")
            && !package.source.contains("index.crates.io")
        {
            record.properties.push(("rust:source".to_owned(), package.source.chars().take(1024).collect()));
        }
        out.records.push(record);
    }
}

/// The package that `name`, `name version` or `name version (source)` means.
fn find(wanted: &str, packages: &[Package<'_>], by_name: &HashMap<&str, Vec<usize>>) -> Option<usize> {
    let mut words = wanted.splitn(3, ' ');
    let (name, version, source) = (words.next()?, words.next(), words.next());
    let source = source.and_then(|s| s.strip_prefix('(')?.strip_suffix(')'));
    let of_name = by_name.get(name)?.iter().copied();
    let mut fitting = of_name.filter(|i| {
        packages.get(*i).is_some_and(|p| version.is_none_or(|v| p.version == v) && source.is_none_or(|s| p.source == s))
    });
    fitting.next()
}

fn packages<'a>(text: &'a str, out: &mut Facts) -> (Vec<Package<'a>>, HashMap<&'a str, &'a str>) {
    #[derive(PartialEq)]
    enum In {
        Package,
        Metadata,
        Other,
    }
    let (mut packages, mut checksums): (Vec<Package<'a>>, HashMap<&str, &str>) = (Vec::new(), HashMap::new());
    let (mut section, mut in_list) = (In::Other, false);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if in_list {
            in_list = !line.starts_with(']');
            if let Some(package) = packages.last_mut().filter(|p| p.dependencies.len() < MAX_DEPENDENCIES) {
                package.dependencies.extend(quoted(line.trim_end_matches(',')));
            }
            continue;
        }
        if line.starts_with('[') {
            section = match line {
                "[[package]]" | "[root]" if packages.len() < MAX_PACKAGES => {
                    packages.push(Package { line: number as u32 + 1, ..Package::default() });
                    In::Package
                }
                "[metadata]" => In::Metadata,
                _ => In::Other,
            };
            continue;
        }
        let Some((key, value)) = line.split_once(" = ") else { continue };
        match section {
            In::Package => {
                let Some(package) = packages.last_mut() else { continue };
                match key {
                    "name" => package.name = quoted(value).unwrap_or_default(),
                    "version" => package.version = quoted(value).unwrap_or_default(),
                    "source" => package.source = quoted(value).unwrap_or_default(),
                    "checksum" => package.checksum = quoted(value).unwrap_or_default(),
                    "dependencies" if value == "[" => in_list = true,
                    "dependencies" => {
                        let list = value.trim_start_matches('[').trim_end_matches(']').split(',');
                        package.dependencies.extend(list.filter_map(|d| quoted(d.trim())).take(MAX_DEPENDENCIES));
                    }
                    _ => {}
                }
            }
            In::Metadata => {
                if let (Some(key), Some(value)) = (quoted(key), quoted(value)) {
                    checksums.insert(key, value);
                }
            }
            In::Other => {}
        }
    }
    packages.retain(|p| {
        let named = link::name(p.name.as_bytes()).is_some();
        if !named {
            out.trouble(Some(p.line), "a package without a legal name");
        }
        named
    });
    (packages, checksums)
}

fn quoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}
