//! What the JSON records of npm, Composer and NuGet have in common.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::{Hash, HashAlgorithm, license, link};

/// The most entries of one list or table that are read: dependencies, licences, authors.
pub(crate) const MAX_ENTRIES: usize = 4096;

/// The named fields of a JSON object; everything else is skipped without being kept. A field that stands twice has its
/// last value, as in JavaScript.
pub(crate) fn only(bytes: &[u8], keys: &[&str]) -> Result<Map<String, Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(without_bom(bytes));
    let map = Only(keys).deserialize(&mut reader)?;
    reader.end()?;
    Ok(map)
}

/// Windows editors put a byte order mark in front, which the package managers strip.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

struct Only<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for Only<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Only<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if self.0.contains(&key.as_str()) {
                out.insert(key, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(out)
    }
}

/// A field's text, on one line.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    link::text(value?.as_str()?.trim().as_bytes())
}

/// A member of an object, as text.
pub(crate) fn member(value: &Value, key: &str) -> Option<String> {
    text(value.get(key))
}

/// The keys of a table of dependencies.
pub(crate) fn keys(value: Option<&Value>) -> Vec<String> {
    let table = value.and_then(Value::as_object);
    table.into_iter().flat_map(|t| t.keys()).take(MAX_ENTRIES).cloned().collect()
}

/// A person: `"Name <mail> (page)"`, an object, or a list of these, of which the first counts.
pub(crate) fn person(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(written) => {
            let name = written.split('(').next().unwrap_or_default();
            link::text(name.trim().as_bytes())
        }
        Value::Array(list) => list.iter().take(MAX_ENTRIES).find_map(|p| match p {
            // Lists do not nest.
            Value::Array(_) => None,
            one => person(Some(one)),
        }),
        object => match (member(object, "name"), member(object, "email")) {
            (Some(name), Some(mail)) => Some(format!("{name} <{mail}>")),
            (name, mail) => name.or(mail),
        },
    }
}

/// Declared licences: a text, an object with a `type` or `name`, or a list of these.
pub(crate) fn licenses(value: Option<&Value>, out: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) => licence(text, out),
        Some(Value::Array(list)) => {
            for one in list.iter().take(MAX_ENTRIES) {
                match one {
                    Value::String(text) => licence(text, out),
                    one => licence_object(one, out),
                }
            }
        }
        Some(object) => licence_object(object, out),
        None => {}
    }
}

fn licence_object(value: &Value, out: &mut Vec<String>) {
    if let Some(name) = ["type", "name", "license", "url"].iter().find_map(|key| member(value, key)) {
        licence(&name, out);
    }
}

/// One declared licence; sorted in, no licence twice.
pub(crate) fn licence(text: &str, out: &mut Vec<String>) {
    let Some(text) = link::text(text.trim().as_bytes()) else { return };
    out.extend(license::list(&text));
    out.sort();
    out.dedup();
}

/// Digests as Subresource Integrity writes them: `sha512-BASE64`, several separated by white space.
pub(crate) fn integrity(text: &str) -> Vec<Hash> {
    let mut hashes: Vec<Hash> = text.split_ascii_whitespace().take(16).filter_map(one_integrity).collect();
    hashes.sort();
    hashes.dedup();
    hashes
}

fn one_integrity(word: &str) -> Option<Hash> {
    let (algorithm, digest) = word.split_once('-')?;
    // Options may follow a question mark.
    let digest = digest.split('?').next()?;
    let (algorithm, length) = match algorithm {
        "md5" => (HashAlgorithm::Md5, 16),
        "sha1" => (HashAlgorithm::Sha1, 20),
        "sha256" => (HashAlgorithm::Sha256, 32),
        "sha384" => (HashAlgorithm::Sha384, 48),
        "sha512" => (HashAlgorithm::Sha512, 64),
        _ => return None,
    };
    if digest.len() > 128 {
        return None;
    }
    let bytes = STANDARD.decode(digest).ok().filter(|b| b.len() == length)?;
    Some(Hash { algorithm, hex: bytes.iter().map(|b| format!("{b:02x}")).collect() })
}

/// A digest in hex, if it is as long as its algorithm's.
pub(crate) fn hex(algorithm: HashAlgorithm, text: &str) -> Option<Hash> {
    let length = match algorithm {
        HashAlgorithm::Md5 => 32,
        HashAlgorithm::Sha1 => 40,
        HashAlgorithm::Sha256 => 64,
        HashAlgorithm::Sha384 => 96,
        HashAlgorithm::Sha512 => 128,
    };
    let legal = text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    legal.then(|| Hash { algorithm, hex: text.to_ascii_lowercase() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_and_licences_in_every_shape() {
        for (value, expected) in [
            (json!("A B <a@b> (https://x)"), Some("A B <a@b>")),
            (json!({"name": "A", "email": "a@b"}), Some("A <a@b>")),
            (json!([{"name": "A"}, "B"]), Some("A")),
            (json!([[["A"]]]), None),
            (json!(1), None),
        ] {
            assert_eq!(person(Some(&value)).as_deref(), expected, "{value}");
        }
        for (value, expected) in [
            (json!("MIT"), vec!["MIT"]),
            (json!({"type": "MIT", "url": "x"}), vec!["MIT"]),
            (json!([{"type": "MIT"}, "Apache-2.0"]), vec!["Apache-2.0", "MIT"]),
            (json!("(MIT OR Apache-2.0)"), vec!["(MIT OR Apache-2.0)"]),
            (json!(null), vec![]),
        ] {
            let mut out = Vec::new();
            licenses(Some(&value), &mut out);
            assert_eq!(out, expected, "{value}");
        }
    }

    #[test]
    fn digests() {
        let sha1 = integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
        assert_eq!(
            sha1,
            [Hash { algorithm: HashAlgorithm::Sha1, hex: "da39a3ee5e6b4b0d3255bfef95601890afd80709".into() }]
        );
        assert!(integrity("sha512-AAAA sha1- x sha9-AAAA").is_empty());
        assert!(hex(HashAlgorithm::Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd8070").is_none());
    }

    #[test]
    fn only_named_fields_are_kept() {
        let map = only(b"\xef\xbb\xbf{\"a\": 1, \"b\": {\"c\": []}, \"a\": 2}", &["a"]).unwrap();
        assert_eq!(Value::Object(map), json!({"a": 2}));
        assert!(only(b"[]", &[]).is_err());
        assert!(only(b"{} x", &[]).is_err());
    }
}
