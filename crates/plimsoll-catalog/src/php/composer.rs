//! Composer's `vendor/composer/installed.json` and `composer.lock`: the same records in both.

use serde_json::Value;

use crate::facts::{Facts, Record};
use crate::{Ecosystem, HashAlgorithm, fields, license, link};

/// The most packages of one file that are read.
const MAX_PACKAGES: usize = 100_000;

/// Reads either file: a list (Composer 1), or an object with lists in `packages` and, in a lock file, `packages-dev`.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let value: Value = match serde_json::from_slice(fields::without_bom(bytes)) {
        Ok(value) => value,
        Err(error) => return out.trouble(None, format!("not a list of Composer's packages: {error}")),
    };
    let develops: Vec<&str> = list(value.get("dev-package-names")).filter_map(Value::as_str).collect();
    let develops: std::collections::BTreeSet<&str> = develops.into_iter().collect();
    let (packages, dev) = match &value {
        Value::Array(_) => (Some(&value), None),
        value => (value.get("packages"), value.get("packages-dev")),
    };
    if packages.is_none() && dev.is_none() {
        return out.trouble(None, "not a list of Composer's packages");
    }
    for (package, dev) in list(packages).map(|p| (p, false)).chain(list(dev).map(|p| (p, true))).take(MAX_PACKAGES) {
        match record(package) {
            Some(mut record) => {
                if dev || develops.contains(record.name.as_str()) {
                    record.properties.push(("composer:dev".into(), "true".into()));
                }
                out.records.push(record);
            }
            None => out.trouble(None, "a package has no name; left out"),
        }
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn record(package: &Value) -> Option<Record> {
    let name = fields::member(package, "name").and_then(|n| link::token(n.as_bytes()))?;
    let version = fields::member(package, "version").and_then(|v| link::token(v.as_bytes())).unwrap_or_default();
    let (namespace, bare) = name.split_once('/').unwrap_or(("", &name));
    let dist = package.get("dist").unwrap_or(&Value::Null);
    let source = package.get("source").unwrap_or(&Value::Null);
    let download = fields::member(dist, "url").or_else(|| fields::member(source, "url"));
    // The checksum of a download from a forge is empty: Composer does not check those.
    let hash = fields::member(dist, "shasum").and_then(|s| fields::hex(HashAlgorithm::Sha1, &s));
    let reference = fields::member(source, "reference").or_else(|| fields::member(dist, "reference"));
    // `php`, `ext-json` and `composer-runtime-api` are no packages.
    let packages = |field: &str| fields::keys(package.get(field)).into_iter().filter(|n| n.contains('/'));
    let provides = packages("provide").chain(packages("replace")).collect();
    Some(Record {
        ecosystem: Ecosystem::Composer,
        purl: super::purl("composer", namespace, bare, &version),
        licenses: licenses(package.get("license")),
        maintainer: fields::person(package.get("authors")),
        description: fields::member(package, "description"),
        homepage: fields::member(package, "homepage").filter(|h| h.contains("://")),
        download,
        hashes: hash.into_iter().collect(),
        wants: packages("require").map(|n| vec![n]).collect(),
        provides,
        properties: reference.map(|r| ("composer:reference".to_owned(), r)).into_iter().collect(),
        name,
        version,
        ..Record::default()
    })
}

/// Several licences are a choice, as Composer defines it.
fn licenses(value: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = list(value).filter_map(Value::as_str).take(64).collect();
    let normal: Option<Vec<String>> = texts.iter().map(|t| license::normalise(t)).collect();
    if let Some(normal) = normal.filter(|n| n.len() > 1) {
        let wrapped = normal.iter().map(|n| if n.contains(" AND ") { format!("({n})") } else { n.clone() });
        return vec![wrapped.collect::<Vec<_>>().join(" OR ")];
    }
    let mut out = Vec::new();
    fields::licenses(value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Facts {
        let mut out = Facts::default();
        read(text.as_bytes(), &mut out);
        out
    }

    const PACKAGE: &str = r#"{"name": "symfony/console", "version": "v5.4.1", "version_normalized": "5.4.1.0",
        "source": {"type": "git", "url": "https://github.com/symfony/console.git", "reference": "9130e1a0"},
        "dist": {"type": "zip", "url": "https://api.github.com/x", "reference": "9130e1a0", "shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        "require": {"php": ">=7.2", "psr/log": "^1", "ext-mbstring": "*"}, "provide": {"psr/log-implementation": "1.0"},
        "license": ["MIT"], "authors": [{"name": "F P", "email": "f@s"}], "description": "Eases"}"#;

    #[test]
    fn both_versions_and_the_lock_file() {
        let first = parsed(&format!("[{PACKAGE}]"));
        let second = parsed(&format!(r#"{{"packages": [{PACKAGE}], "dev": true, "dev-package-names": []}}"#));
        assert_eq!(first.records, second.records);
        let record = &first.records[0];
        assert_eq!(record.purl, "pkg:composer/symfony/console@v5.4.1");
        assert_eq!(record.wants, [["psr/log"]]);
        assert_eq!(record.provides, ["psr/log-implementation"]);
        assert_eq!(record.maintainer.as_deref(), Some("F P <f@s>"));
        assert_eq!((record.licenses.as_slice(), record.hashes.len()), (["MIT".to_owned()].as_slice(), 1));
        let lock = parsed(&format!(r#"{{"packages": [], "packages-dev": [{PACKAGE}, {{}}]}}"#));
        assert_eq!(lock.records[0].properties[0], ("composer:reference".into(), "9130e1a0".into()));
        assert_eq!(lock.records[0].properties[1], ("composer:dev".into(), "true".into()));
        assert_eq!(lock.troubles.len(), 1);
        assert_eq!(licenses(Some(&serde_json::json!(["MIT", "GPL-2.0-or-later"]))), ["MIT OR GPL-2.0-or-later"]);
    }

    #[test]
    fn hostile() {
        let text = format!("[{PACKAGE}]");
        for end in 0..text.len() {
            parsed(&text[..end]);
        }
        assert_eq!(parsed("{}").troubles.len(), 1);
        assert_eq!(parsed(&"[".repeat(100_000)).troubles.len(), 1);
    }
}
