//! Small helpers that many catalogers share: package URLs, names and lists read from text.

use plimsoll_version::purl::Purl;

use crate::{Hash, HashAlgorithm, link};

/// A package URL of a language package; empty where none can be made.
pub(crate) fn purl(kind: &str, namespace: &str, name: &str, version: &str) -> String {
    let purl = Purl::new(kind, name).map(|p| p.with_namespace(namespace).with_version(version));
    purl.map(|p| p.to_string()).unwrap_or_default()
}

/// A name or version as text: see [`link::token`].
pub(crate) fn token(text: &str) -> Option<String> {
    link::token(text.trim().as_bytes())
}

/// One line of prose: see [`link::text`].
pub(crate) fn line(text: &str) -> Option<String> {
    link::text(text.trim().as_bytes())
}

/// A digest in hex, of the length its algorithm has.
pub(crate) fn hash(hex: &str) -> Option<Hash> {
    let algorithm = match hex.len() {
        32 => HashAlgorithm::Md5,
        40 => HashAlgorithm::Sha1,
        64 => HashAlgorithm::Sha256,
        96 => HashAlgorithm::Sha384,
        128 => HashAlgorithm::Sha512,
        _ => return None,
    };
    let hex = hex.to_ascii_lowercase();
    hex.bytes().all(|b| b.is_ascii_hexdigit()).then_some(Hash { algorithm, hex })
}

/// The name a dependency begins with: everything before a version, a comparison or white space.
pub(crate) fn before<'a>(text: &'a str, ends: &[char]) -> &'a str {
    let text = text.trim();
    text.split(|c: char| c.is_whitespace() || ends.contains(&c)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_names() {
        assert_eq!(hash(&"AB".repeat(32)).unwrap().hex, "ab".repeat(32));
        assert!(hash("ab").is_none() && hash(&"xy".repeat(32)).is_none() && hash("").is_none());
        assert_eq!(before("glibc>=2.3", &['<', '>', '=']), "glibc");
        assert_eq!(before(" a b", &[]), "a");
        assert_eq!(purl("cran", "", "rlang", "1.1"), "pkg:cran/rlang@1.1");
        assert_eq!(purl("cran", "", "", "1.1"), "");
    }
}
