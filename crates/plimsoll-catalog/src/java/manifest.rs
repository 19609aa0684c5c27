//! The main section of `META-INF/MANIFEST.MF`.

use std::collections::BTreeMap;

/// How much of a manifest is read: signed archives follow the main section with one for each file.
pub(super) const START: u64 = 128 * 1024;

/// The longest value that is kept; imports of bundles run to hundreds of kilobytes.
const MAX_VALUE: usize = 2048;

/// Headers that are kept, lower case.
const KEPT: &[&str] = &[
    "automatic-module-name",
    "bundle-description",
    "bundle-docurl",
    "bundle-license",
    "bundle-name",
    "bundle-symbolicname",
    "bundle-vendor",
    "bundle-version",
    "extension-name",
    "group-id",
    "artifact-id",
    "hudson-version",
    "implementation-title",
    "implementation-vendor-id",
    "implementation-version",
    "jenkins-version",
    "plugin-version",
    "short-name",
    "specification-version",
];

/// What a manifest says of the archive as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest(BTreeMap<&'static str, String>);

impl Manifest {
    /// The value of a header, named in lower case; empty if it has none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The bundle's symbolic name without its directives.
    pub(super) fn bundle(&self) -> &str {
        self.get("bundle-symbolicname").split(';').next().unwrap_or_default().trim()
    }
}

/// Reads the main section: headers up to the first empty line, continued where a line begins with a space.
pub(super) fn parse(bytes: &[u8]) -> Manifest {
    let mut headers: BTreeMap<&'static str, Vec<u8>> = BTreeMap::new();
    let mut current = None;
    for line in bytes.split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if let Some(more) = line.strip_prefix(b" ") {
            if let Some(value) = current.and_then(|name| headers.get_mut(name)).filter(|v| v.len() < MAX_VALUE) {
                value.extend_from_slice(more);
            }
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        current = KEPT.iter().copied().find(|k| k.as_bytes().eq_ignore_ascii_case(name));
        if let Some(name) = current {
            let value = value.get(1..).unwrap_or_default().trim_ascii_start();
            headers.insert(name, value.to_vec());
        }
    }
    let text =
        |v: Vec<u8>| String::from_utf8_lossy(v.get(..v.len().min(MAX_VALUE)).unwrap_or_default()).trim().to_owned();
    Manifest(headers.into_iter().map(|(name, value)| (name, text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_section() {
        let text = b"Manifest-Version: 1.0\r\nImplementation-Title: a\r\n bc\r\nBUNDLE-SYMBOLICNAME: x.y;singleton:=true\r\n\
            Import-Package: z,\r\n  y\r\nAutomatic-Module-Name:m.n\r\n\r\nName: f.class\r\nImplementation-Version: 9\r\n";
        let manifest = parse(text);
        assert_eq!(manifest.get("implementation-title"), "abc");
        assert_eq!(manifest.bundle(), "x.y");
        assert_eq!(manifest.get("automatic-module-name"), "m.n");
        assert_eq!(manifest.get("implementation-version"), "", "of a section, not of the archive");
        for end in 0..text.len() {
            parse(&text[..end]);
        }
    }
}
