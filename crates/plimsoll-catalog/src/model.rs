//! Models for machine learning: the headers of GGUF and safetensors files. They are read from the file's beginning alone,
//! for the files hold gigabytes.

use plimsoll_version::purl::Purl;

use crate::cataloger::{Cataloger, Evidence, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license, link};

/// Vocabularies stand in the header of a GGUF file and have some megabytes.
const HEAD: u64 = 32 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "model",
    about: "Machine-learning models: GGUF and safetensors headers",
    evidence: &[
        Evidence::Head { glob: "**/*.gguf", bytes: HEAD },
        Evidence::Head { glob: "**/*.safetensors", bytes: HEAD },
    ],
    purls: &["generic"],
    gives: &[],
    read,
    join: None,
};

/// Reads a model's header.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let read = if file.which == 0 { gguf(file.bytes) } else { safetensors(file.bytes) };
    let Some((fields, damaged)) = read else {
        return out.trouble(None, "its header cannot be read");
    };
    if damaged {
        out.trouble(None, "its header is longer than is read, or damaged");
    }
    out.records.push(record(file, &fields));
}

type Fields = Vec<(String, String)>;

fn record(file: &File<'_>, fields: &Fields) -> Record {
    let field = |keys: &[&str]| keys.iter().find_map(|k| fields.iter().find(|(n, _)| n == k)).map(|(_, v)| v.clone());
    let stem = file.name().rsplit_once('.').map_or(file.name(), |(stem, _)| stem);
    let name = field(&["general.name", "modelspec.title"]).unwrap_or_else(|| stem.to_owned());
    let name = if name.is_empty() { "model".to_owned() } else { name };
    let version = field(&["general.version", "modelspec.version"]).unwrap_or_default();
    let purl = Purl::new("generic", &name).map(|p| p.with_version(&version).to_string());
    let mut properties: Fields = fields.iter().map(|(k, v)| (format!("model:{k}"), v.clone())).collect();
    properties.sort();
    properties.dedup();
    Record {
        ecosystem: Ecosystem::Model,
        name,
        version,
        purl: purl.unwrap_or_default(),
        licenses: field(&["general.license", "modelspec.license", "license"])
            .map(|l| license::list(&l))
            .unwrap_or_default(),
        maintainer: field(&["general.author", "general.organization", "modelspec.author"]),
        description: field(&["general.description", "modelspec.description"]),
        homepage: field(&["general.url", "general.source.url", "general.repo_url", "general.source.repo_url"]),
        properties,
        ..Record::default()
    }
}

/// Keys that describe the model rather than its weights and its vocabulary.
fn tells(key: &str) -> bool {
    key.starts_with("general.")
        || key.ends_with(".context_length")
        || key.ends_with(".block_count")
        || key == "tokenizer.ggml.model"
}

struct Cursor<'a> {
    bytes: &'a [u8],
    big: bool,
    /// Version 1 counts in 32 bits.
    wide: bool,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        let add = |sum: u64, b: &u8| (sum << 8) | u64::from(*b);
        Some(if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    fn count(&mut self) -> Option<u64> {
        self.number(if self.wide { 8 } else { 4 })
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// A value as text; arrays are passed over, with their lists of lists down to a depth that no model reaches.
    fn value(&mut self, kind: u64, depth: u32) -> Option<Option<String>> {
        let signed = |v: u64, width: u32| (v << (64 - width)) as i64 >> (64 - width);
        Some(match kind {
            0 => Some(self.number(1)?.to_string()),
            1 => Some(signed(self.number(1)?, 8).to_string()),
            2 => Some(self.number(2)?.to_string()),
            3 => Some(signed(self.number(2)?, 16).to_string()),
            4 => Some(self.number(4)?.to_string()),
            5 => Some(signed(self.number(4)?, 32).to_string()),
            6 => Some(f32::from_bits(self.number(4)? as u32).to_string()),
            7 => Some((self.number(1)? != 0).to_string()),
            8 => link::text(self.string()?),
            9 => {
                let (kind, count) = (self.number(4)?, self.count()?);
                let width: usize = match kind {
                    0 | 1 | 7 => 1,
                    2 | 3 => 2,
                    4..=6 => 4,
                    10..=12 => 8,
                    _ => 0,
                };
                if width > 0 {
                    self.take(usize::try_from(count).ok()?.checked_mul(width)?)?;
                } else {
                    for _ in 0..count {
                        match kind {
                            8 => drop(self.string()?),
                            9 if depth < 4 => drop(self.value(9, depth + 1)?),
                            _ => return None,
                        }
                    }
                }
                None
            }
            10 => Some(self.number(8)?.to_string()),
            11 => Some((self.number(8)? as i64).to_string()),
            12 => Some(f64::from_bits(self.number(8)?).to_string()),
            _ => return None,
        })
    }
}

/// The fields of a GGUF header, and whether it ended too soon.
fn gguf(bytes: &[u8]) -> Option<(Fields, bool)> {
    let mut cursor = Cursor { bytes: bytes.strip_prefix(b"GGUF")?, big: false, wide: true };
    let version = cursor.bytes.first_chunk().copied().map(u32::from_le_bytes)?;
    cursor.big = version > 0xffff;
    let version = cursor.number(4)?;
    cursor.wide = version > 1;
    let (tensors, count) = (cursor.count()?, cursor.count()?);
    let mut fields =
        vec![("gguf.version".to_owned(), version.to_string()), ("gguf.tensors".to_owned(), tensors.to_string())];
    for _ in 0..count {
        let read = cursor.string().and_then(|key| {
            let kind = cursor.number(4)?;
            Some((link::text(key)?, cursor.value(kind, 0)?))
        });
        match read {
            Some((key, Some(value))) if tells(&key) && fields.len() < 256 => fields.push((key, value)),
            Some(_) => {}
            None => return Some((fields, true)),
        }
    }
    Some((fields, false))
}

/// The fields of a safetensors header: its free-form metadata, and the kinds of its tensors.
fn safetensors(bytes: &[u8]) -> Option<(Fields, bool)> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let rest = bytes.get(8..)?;
    if rest.len() < length {
        // Longer than is read: it is a model, of which only the name is known.
        return (rest.first() == Some(&b'{')).then(|| (Vec::new(), true));
    }
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(rest.get(..length)?).ok()?;
    let mut fields = Vec::new();
    if let Some(serde_json::Value::Object(metadata)) = header.get("__metadata__") {
        let told =
            metadata.iter().filter_map(|(k, v)| Some((link::text(k.as_bytes())?, link::text(v.as_str()?.as_bytes())?)));
        fields.extend(told.take(256));
    }
    let tensors = header.iter().filter(|(k, _)| *k != "__metadata__");
    let mut kinds: Vec<&str> = tensors.clone().filter_map(|(_, v)| v.get("dtype")?.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    fields.push(("safetensors.tensors".to_owned(), tensors.count().to_string()));
    fields.push(("safetensors.dtypes".to_owned(), kinds.into_iter().take(16).collect::<Vec<_>>().join(",")));
    Some((fields, false))
}

#[cfg(test)]
mod tests;
