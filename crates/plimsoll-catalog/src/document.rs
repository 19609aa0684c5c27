//! SBOM documents found in images and directories, read into records that are only declared: CycloneDX JSON and SPDX 2
//! JSON.
//!
//! Package URLs are spelled as everywhere in the catalogue, so that what a document declares and what is found is one
//! package; addresses on the machine that built a package are left out of them.

mod cyclonedx;
mod join;
mod spdx;

use std::collections::HashMap;
use std::str::FromStr;

use plimsoll_version::purl::Purl;

use crate::facts::{Facts, Record};
use crate::python::name;
use crate::{Ecosystem, link};

pub(crate) use join::{Declared, place};

/// Components that are read of one document; what names more is told.
const MAX_COMPONENTS: usize = 100_000;

/// Longest name, version or reference.
const MAX_LEN: usize = 4096;

/// The note that holds the indices of what a document is about.
pub(crate) const ABOUT: &str = "about";

/// The property that says a component is not part of what is shipped: build tools, tests, sources.
pub(crate) const SCOPE: &str = "declared:scope";

/// Reads a document of either format into records, the components that hold others as their `within`.
pub(crate) fn read(bytes: &[u8], out: &mut Facts) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return out.trouble(None, "is neither CycloneDX nor SPDX in JSON; not read");
    }
    match serde_json::from_slice::<Kind>(bytes) {
        Ok(Kind { bom_format: Some(format), .. }) if format == "CycloneDX" => cyclonedx::read(bytes, out),
        Ok(Kind { spdx_version: Some(version), .. }) if version.starts_with("SPDX-2") => spdx::read(bytes, out),
        Ok(_) => out.trouble(None, "is JSON, but neither CycloneDX nor SPDX 2; not read"),
        Err(error) => out.trouble(line(&error), format!("is not JSON: {error}")),
    }
}

#[derive(serde::Deserialize)]
struct Kind {
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Option<String>,
}

fn line(error: &serde_json::Error) -> Option<u32> {
    u32::try_from(error.line()).ok().filter(|l| *l > 0)
}

/// Records of one document by the references that it uses; a package URL that stands twice is one record.
struct Records<'f> {
    out: &'f mut Facts,
    by_key: HashMap<(String, String, String), u32>,
    by_reference: HashMap<String, u32>,
    full: bool,
}

impl<'f> Records<'f> {
    fn new(out: &'f mut Facts) -> Self {
        Self { out, by_key: HashMap::new(), by_reference: HashMap::new(), full: false }
    }

    /// Adds a component. `None` where it has no name.
    fn add(
        &mut self,
        reference: Option<&str>,
        purl: Option<&str>,
        stated: (&str, &str),
        record: Record,
    ) -> Option<u32> {
        let record = identified(purl, stated, record, self.out)?;
        let key = (record.purl.clone(), record.name.clone(), record.version.clone());
        let index = match self.by_key.get(&key) {
            Some(known) => *known,
            None if self.out.records.len() >= MAX_COMPONENTS => {
                if !std::mem::replace(&mut self.full, true) {
                    self.out.trouble(None, format!("more than {MAX_COMPONENTS} components; the first are listed"));
                }
                return None;
            }
            None => {
                let index = self.out.records.len() as u32;
                self.out.records.push(record);
                self.by_key.insert(key, index);
                index
            }
        };
        if let Some(reference) = reference.filter(|r| r.len() <= MAX_LEN) {
            self.by_reference.insert(reference.to_owned(), index);
        }
        Some(index)
    }

    fn of(&self, reference: &str) -> Option<u32> {
        self.by_reference.get(reference).copied()
    }

    fn get(&mut self, index: u32) -> Option<&mut Record> {
        self.out.records.get_mut(index as usize)
    }

    /// `from` depends on `to`.
    fn needs(&mut self, from: &str, to: &str) {
        if let (Some(from), Some(to)) = (self.of(from), self.of(to))
            && from != to
            && let Some(record) = self.get(from)
        {
            record.needs.push(to);
        }
    }

    /// `inner` is part of `outer`. The first that says so is believed, and a circle is not.
    fn within(&mut self, inner: u32, outer: u32) {
        let mut above = Some(outer);
        for _ in 0..64 {
            match above {
                Some(index) if index == inner => return,
                Some(index) => above = self.out.records.get(index as usize).and_then(|r| r.within),
                None => break,
            }
        }
        if above.is_none()
            && let Some(record) = self.get(inner)
        {
            record.within.get_or_insert(outer);
        }
    }

    fn finish(self, about: Vec<u32>) {
        for record in &mut self.out.records {
            record.needs.sort_unstable();
            record.needs.dedup();
            record.licenses.sort();
            record.licenses.dedup();
            record.properties.sort();
        }
        if !about.is_empty() {
            self.out.note(ABOUT, about.iter().map(u32::to_string).collect());
        }
    }
}

/// Gives a record the name, version and ecosystem that its package URL states, or else those beside it.
fn identified(purl: Option<&str>, stated: (&str, &str), mut record: Record, out: &mut Facts) -> Option<Record> {
    let (name, version) = (short(stated.0), short(stated.1));
    let parsed = purl.map(str::trim).filter(|p| !p.is_empty()).and_then(|text| match Purl::from_str(text) {
        Ok(purl) => Some((text, purl)),
        Err(error) => {
            out.trouble(None, format!("{}: {error}: {}", name, text.chars().take(200).collect::<String>()));
            None
        }
    });
    record.declared = true;
    (record.name, record.version) = (name, version);
    if let Some((text, purl)) = parsed {
        record.purl = spelled(text, &purl);
        record.ecosystem = Ecosystem::of_purl_type(purl.kind());
        // A part of a package, such as one extension module, is no package of that name.
        if purl.subpath().is_some() && record.ecosystem == Ecosystem::Pypi && !record.name.is_empty() {
            record.ecosystem = Ecosystem::Other;
        } else {
            record.name = full_name(&purl, &record.name);
        }
        if let Some(version) = purl.version() {
            record.version = match purl.qualifier("epoch").filter(|e| *e != "0" && record.ecosystem == Ecosystem::Rpm) {
                Some(epoch) => format!("{epoch}:{version}"),
                None => version.to_owned(),
            };
        }
        if record.ecosystem.is_system() {
            record.arch = purl.qualifier("arch").unwrap_or_default().to_owned();
        }
    }
    if record.name.is_empty() {
        out.trouble(None, "a component has no name; left out");
        return None;
    }
    Some(record)
}

/// A package URL in the catalogue's spelling: `+` and `%2B` are one character, and a directory of the machine that built
/// a package is nobody's address.
fn spelled(text: &str, purl: &Purl) -> String {
    let is_local =
        |key| purl.qualifier(key).is_some_and(|v: &str| v.starts_with("file:") || v.starts_with("git+file:"));
    let local = ["download_url", "vcs_url"].into_iter().filter(|key| is_local(key));
    let spelled = local.fold(purl.clone(), |purl, key| purl.with_qualifier(key, "")).to_string();
    if spelled.is_empty() { text.to_owned() } else { spelled }
}

/// A package's name as its ecosystem writes it in full.
fn full_name(purl: &Purl, stated: &str) -> String {
    let namespace = purl.namespace().unwrap_or_default();
    let joined = |separator: &str| {
        if namespace.is_empty() { purl.name().to_owned() } else { format!("{namespace}{separator}{}", purl.name()) }
    };
    match Ecosystem::of_purl_type(purl.kind()) {
        Ecosystem::Pypi => name::normal(purl.name()).unwrap_or_else(|| purl.name().to_owned()),
        Ecosystem::Maven => joined(":"),
        Ecosystem::Npm | Ecosystem::Golang | Ecosystem::Composer | Ecosystem::Swift => joined("/"),
        Ecosystem::Other if !stated.is_empty() => stated.to_owned(),
        _ => purl.name().to_owned(),
    }
}

fn short(text: &str) -> String {
    link::text(text.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for (written, expected) in [
            ("pkg:cargo/toml@1.1.6+spec-1.1.0", "pkg:cargo/toml@1.1.6%2Bspec-1.1.0"),
            ("pkg:cargo/uv-fs@0.0.98?download_url=file://../uv-fs", "pkg:cargo/uv-fs@0.0.98"),
            ("pkg:cargo/a@1?download_url=https://example.org/a.crate", ""),
            ("pkg:rpm/almalinux/a@1.8.1-30.el8?arch=x86_64", "pkg:rpm/almalinux/a@1.8.1-30.el8?arch=x86_64"),
        ] {
            let mut out = Facts::default();
            let record = identified(Some(written), ("a", ""), Record::default(), &mut out).unwrap_or_default();
            let kept = expected.is_empty() && record.purl.contains("download_url=https");
            assert!(kept || record.purl == expected, "{} of {written}", record.purl);
        }
    }
}
