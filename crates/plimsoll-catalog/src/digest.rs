//! Digests as package managers write them.

use crate::{Hash, HashAlgorithm};

/// A digest by the name of its algorithm (`sha256`, `SHA-256`) and its hex digits. `None` where the two do not fit.
pub(crate) fn hex(algorithm: &str, hex: &str) -> Option<Hash> {
    let (algorithm, length) = match algorithm.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "md5" => (HashAlgorithm::Md5, 32),
        "sha1" => (HashAlgorithm::Sha1, 40),
        "sha256" => (HashAlgorithm::Sha256, 64),
        "sha384" => (HashAlgorithm::Sha384, 96),
        "sha512" => (HashAlgorithm::Sha512, 128),
        _ => return None,
    };
    let legal = hex.len() == length && hex.bytes().all(|b| b.is_ascii_hexdigit());
    legal.then(|| Hash { algorithm, hex: hex.to_ascii_lowercase() })
}

/// `sha256:…` or `sha256=…`.
pub(crate) fn named(text: &str) -> Option<Hash> {
    let (algorithm, digits) = text.trim().split_once([':', '='])?;
    hex(algorithm, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let sum = "D41D8CD98F00B204E9800998ECF8427E";
        assert_eq!(named(&format!("md5:{sum}")), hex("MD5", &sum.to_lowercase()));
        assert_eq!(hex("SHA-256", sum), None);
        assert_eq!(hex("sha256", &"z".repeat(64)), None);
        assert!(hex("SHA-512", &"0".repeat(128)).is_some());
        assert_eq!(named("x"), None);
    }
}
