//! Small helpers that many catalogers share: package URLs, names and lists read from text.

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::{Hash, HashAlgorithm, license, link};

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

/// Licences as authors of smaller ecosystems write them, where [`license`] does not know the spelling.
pub(crate) fn licenses(text: &str) -> Vec<String> {
    let text = text.trim();
    let known = match text.to_ascii_lowercase().as_str() {
        "" | "n/a" | "none" | "unknown" | "license" | "see license" => return Vec::new(),
        "mit/x11" | "mit/x" | "x11/mit" | "mit license" | "the mit license" => "MIT",
        "apache 2"
        | "apache 2.0"
        | "apache2.0"
        | "apache v2"
        | "apache-2-0"
        | "asl2"
        | "asl 2.0"
        | "apache license 2.0"
        | "apache license, version 2.0"
        | "apache license v2.0"
        | "apache-2" => "Apache-2.0",
        "mpl2" | "mpl2.0" | "mpl 2.0" | "mpl-2" | "mozilla public license 2.0" => "MPL-2.0",
        "bsd 2-clause" | "2-clause bsd" | "bsd-2" => "BSD-2-Clause",
        "bsd 3-clause" | "3-clause bsd" | "new bsd" | "bsd-3" => "BSD-3-Clause",
        _ => return license::list(text),
    };
    vec![known.to_owned()]
}

/// Places records of evidence that may lie in any directory. What stands before it is no root file system then, and
/// dependencies are looked for in the whole image.
pub(crate) fn join(join: &mut Join<'_>) {
    for (_, mut read) in std::mem::take(&mut join.files) {
        read.root.clear();
        join.place_all(read);
    }
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
        assert_eq!(licenses("ASL2"), ["Apache-2.0"]);
        assert_eq!(licenses("GPL-2+"), ["GPL-2.0-or-later"]);
        assert!(licenses("N/A").is_empty());
    }
}
