//! Public keys: `SubjectPublicKeyInfo` in and out, without any cryptography.

use plimsoll_oci::Digest;

use crate::der::{BIT_STRING, INTEGER, NULL, OBJECT, SEQUENCE, element};
use crate::{PemError, base64, decode_pem, encode_pem};

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The kinds of key that cosign signs with; the hash follows from the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256, cosign's default.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521,
    /// RSA, PKCS#1 v1.5 with SHA-256, at least 2048 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl KeyAlgorithm {
    /// The name for people: `ECDSA P-256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// A public key as its `SubjectPublicKeyInfo` (RFC 5280).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
    raw: Vec<u8>,
}

/// Why a public key was refused; the key given is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// PEM, but of something else.
    #[error("PEM block is '{0}'; expected 'PUBLIC KEY'")]
    Label(String),
    /// Not a `SubjectPublicKeyInfo`.
    #[error("public key is not a DER SubjectPublicKeyInfo")]
    Der,
    /// Well formed, but of a kind that is not supported.
    #[error("public key is of an unsupported kind; expected ECDSA P-256, P-384 or P-521, RSA or Ed25519")]
    Unsupported,
    /// RSA below 2048 bits or above 8192.
    #[error("RSA key has {0} bits; 2048 to 8192 are accepted")]
    RsaSize(usize),
}

impl PublicKey {
    /// Reads the one `PUBLIC KEY` block of a PEM text.
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        let block = decode_pem(text)?;
        if block.label != "PUBLIC KEY" {
            return Err(PublicKeyError::Label(block.label));
        }
        Self::from_spki(&block.body)
    }

    /// Reads a DER `SubjectPublicKeyInfo`.
    pub fn from_spki(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let (outer, after) = element(spki, SEQUENCE).ok_or(PublicKeyError::Der)?;
        let (identifier, rest) = element(outer, SEQUENCE).ok_or(PublicKeyError::Der)?;
        let (bits, tail) = element(rest, BIT_STRING).ok_or(PublicKeyError::Der)?;
        let (oid, parameters) = element(identifier, OBJECT).ok_or(PublicKeyError::Der)?;
        let Some((0, raw)) = bits.split_first().map(|(unused, raw)| (*unused, raw)) else {
            return Err(PublicKeyError::Der);
        };
        if !after.is_empty() || !tail.is_empty() {
            return Err(PublicKeyError::Der);
        }
        let algorithm = match oid {
            EC_PUBLIC_KEY => {
                let (curve, end) = element(parameters, OBJECT).ok_or(PublicKeyError::Unsupported)?;
                let (algorithm, point) = match curve {
                    P256 => (KeyAlgorithm::EcdsaP256, 65),
                    P384 => (KeyAlgorithm::EcdsaP384, 97),
                    P521 => (KeyAlgorithm::EcdsaP521, 133),
                    _ => return Err(PublicKeyError::Unsupported),
                };
                if !end.is_empty() || raw.len() != point || raw.first() != Some(&4) {
                    return Err(PublicKeyError::Der);
                }
                algorithm
            }
            RSA => {
                let bits = rsa_bits(raw).filter(|_| parameters == NULL).ok_or(PublicKeyError::Der)?;
                if !(2048..=8192).contains(&bits) {
                    return Err(PublicKeyError::RsaSize(bits));
                }
                KeyAlgorithm::Rsa
            }
            ED25519 if parameters.is_empty() && raw.len() == 32 => KeyAlgorithm::Ed25519,
            ED25519 => return Err(PublicKeyError::Der),
            _ => return Err(PublicKeyError::Unsupported),
        };
        Ok(Self { algorithm, spki: spki.to_vec(), raw: raw.to_vec() })
    }

    /// The kind of key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key inside: the uncompressed point, the PKCS#1 `RSAPublicKey`, or the 32 bytes of Ed25519.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The PEM text.
    pub fn to_pem(&self) -> String {
        encode_pem("PUBLIC KEY", &self.spki)
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: how the key is named to people.
    pub fn fingerprint(&self) -> Digest {
        Digest::sha256(&self.spki)
    }

    /// The hint that cosign writes into a bundle: base64 of the fingerprint's raw bytes.
    pub fn hint(&self) -> String {
        let digest = self.fingerprint();
        let nibble = |c: u8| if c.is_ascii_digit() { c - b'0' } else { c - b'a' + 10 };
        let raw: Vec<u8> =
            digest.hex().as_bytes().chunks_exact(2).map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])).collect();
        base64::encode(&raw)
    }
}

/// Bits of the modulus of a PKCS#1 `RSAPublicKey`.
fn rsa_bits(raw: &[u8]) -> Option<usize> {
    let (body, end) = element(raw, SEQUENCE)?;
    let (modulus, rest) = element(body, INTEGER)?;
    let (exponent, tail) = element(rest, INTEGER)?;
    let positive = |n: &[u8]| n.first().is_some_and(|b| b & 0x80 == 0);
    if !end.is_empty() || !tail.is_empty() || !positive(modulus) || !positive(exponent) {
        return None;
    }
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let first = digits.first()?;
    (*first != 0).then(|| digits.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p256() -> Vec<u8> {
        let mut spki = vec![0x30, 0x59, 0x30, 0x13, 0x06, 7];
        spki.extend(EC_PUBLIC_KEY);
        spki.extend([0x06, 8]);
        spki.extend(P256);
        spki.extend([0x03, 0x42, 0, 4]);
        spki.extend([1; 64]);
        spki
    }

    #[test]
    fn reads_and_writes_a_key() {
        let key = PublicKey::from_spki(&p256()).unwrap();
        assert_eq!((key.algorithm(), key.raw().len()), (KeyAlgorithm::EcdsaP256, 65));
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key.clone()));
        assert_eq!(base64::decode(&key.hint()).unwrap().len(), 32);
        let hex: String = base64::decode(&key.hint()).unwrap().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, key.fingerprint().hex());
    }

    #[test]
    fn reads_ed25519_and_knows_small_rsa() {
        let mut ed = vec![0x30, 0x2a, 0x30, 5, 0x06, 3];
        ed.extend(ED25519);
        ed.extend([0x03, 0x21, 0]);
        ed.extend([9; 32]);
        assert_eq!(PublicKey::from_spki(&ed).unwrap().algorithm(), KeyAlgorithm::Ed25519);
        assert_eq!(rsa_bits(&[0x30, 6, 2, 1, 0x05, 2, 1, 3]), Some(3));
        assert_eq!(rsa_bits(&[0x30, 6, 2, 1, 0x85, 2, 1, 3]), None);
    }

    #[test]
    fn refuses_every_truncation_and_foreign_text() {
        let spki = p256();
        for n in 0..spki.len() {
            assert!(PublicKey::from_spki(&spki[..n]).is_err(), "{n}");
        }
        let mut longer = spki.clone();
        longer.push(0);
        assert_eq!(PublicKey::from_spki(&longer), Err(PublicKeyError::Der));
        let label = encode_pem("CERTIFICATE", &spki);
        assert_eq!(PublicKey::from_pem(&label), Err(PublicKeyError::Label("CERTIFICATE".into())));
    }
}
