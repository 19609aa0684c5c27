//! Private keys among an image's files.

/// Why the start of a file shows it to be a private key.
pub(crate) fn private_key(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(16_384)];
    for (marker, kind) in [
        (&b"-----BEGIN PRIVATE KEY-----"[..], "a PKCS #8 private key"),
        (b"-----BEGIN RSA PRIVATE KEY-----", "an RSA private key"),
        (b"-----BEGIN EC PRIVATE KEY-----", "an EC private key"),
        (b"-----BEGIN DSA PRIVATE KEY-----", "a DSA private key"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", "an encrypted private key"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----", "an OpenSSH private key"),
        (b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", "a cosign private key"),
        (b"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----", "a cosign private key"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----", "a PGP private key"),
    ] {
        // At a line's start: a program that knows the marker as a string is not a key.
        if head.starts_with(marker)
            || head.windows(marker.len() + 1).any(|w| w[0] == b'\n' && &w[1..] == marker) && !crate::elf::is_elf(bytes)
        {
            return Some(kind);
        }
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    (matches!(name, "id_rsa" | "id_ecdsa" | "id_ed25519" | "id_dsa") && !bytes.is_empty())
        .then_some("an SSH private key by its name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_program_that_knows_the_words() {
        assert!(private_key("/app/k.pem", b"x\n-----BEGIN EC PRIVATE KEY-----\nAA").is_some());
        assert!(private_key("/app/lib.so", b"\x7fELF\n-----BEGIN EC PRIVATE KEY-----\n").is_none());
        assert!(private_key("/app/a.py", b"x = '-----BEGIN EC PRIVATE KEY-----'").is_none());
    }
}
