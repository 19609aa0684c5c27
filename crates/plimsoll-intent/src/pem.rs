//! Public keys as decisions hold them: one PEM block, or the name of a file with one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The file that a `key` value names, if it names one.
pub(crate) fn file(written: &str) -> Option<&str> {
    written.trim().strip_prefix("file:").map(str::trim)
}

/// Whether a `key` value is a sound file name or one public key.
pub(crate) fn check_written(written: &str) -> Result<(), String> {
    match file(written) {
        Some("") => Err("names no file after file:".to_owned()),
        Some(path) if path.starts_with('/') || path.contains(['\0', '\\']) || path.contains("://") => {
            Err("must name a file relative to the document".to_owned())
        }
        Some(_) => Ok(()),
        None => check(written).map_err(|why| format!("must be file:PATH or a PEM public key; it {why}")),
    }
}

/// Whether `text` is one PEM block holding a DER `SubjectPublicKeyInfo`, as far as its frame shows.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.contains("PRIVATE KEY") {
        // The value itself is never repeated: it may be a secret.
        return Err("holds a private key; only the public half belongs into a decision".to_owned());
    }
    let text = text.trim();
    let Some(body) = text.strip_prefix(BEGIN).and_then(|t| t.strip_suffix(END)) else {
        return Err(format!("is not one block from {BEGIN} to {END}"));
    };
    if body.len() > 8192 {
        return Err("is too long for a public key".to_owned());
    }
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| "is not base64 inside".to_owned())?;
    if spki_frame(&der) { Ok(()) } else { Err("does not hold a public key (SubjectPublicKeyInfo)".to_owned()) }
}

/// SEQUENCE over the whole, and in it the algorithm's SEQUENCE beginning with an OID, then a BIT STRING to the end.
fn spki_frame(der: &[u8]) -> bool {
    let Some((0x30, inside, [])) = element(der) else { return false };
    let Some((0x30, algorithm, rest)) = element(inside) else { return false };
    let Some((0x06, oid, _)) = element(algorithm) else { return false };
    let Some((0x03, bits, [])) = element(rest) else { return false };
    !oid.is_empty() && bits.len() > 1 && bits[0] == 0
}

/// The first DER element: tag, content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(l, r)| (usize::from(*l), r))?,
        0x82 => rest.split_first_chunk::<2>().map(|(l, r)| (usize::from(u16::from_be_bytes(*l)), r))?,
        _ => return None,
    };
    (rest.len() >= len).then(|| (tag, &rest[..len], &rest[len..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn one_public_key() {
        assert_eq!(check(P256), Ok(()));
        assert_eq!(check_written(P256), Ok(()));
        assert_eq!(check_written("file:keys/release.pub"), Ok(()));
        assert_eq!(file(" file: keys/a.pub "), Some("keys/a.pub"));
    }

    #[test]
    fn anything_else_is_refused() {
        let private = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";
        assert!(check(private).unwrap_err().contains("private key"));
        assert!(check(&P256.replace("MFkw", "MFkx")).is_err());
        assert!(check(&P256.replace("R9Q==", "R9Q=")).is_err());
        assert!(check(&format!("{P256}{P256}")).is_err());
        assert!(check("").is_err());
        for written in ["file:", "file:/etc/passwd", "file:https://x.org/k", "keys/release.pub", "file:a\\b"] {
            assert!(check_written(written).is_err(), "{written}");
        }
    }
}
