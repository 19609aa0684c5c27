//! Private keys: every kind cosign signs with.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use plimsoll_envelope::{KeyAlgorithm, PublicKey};
use zeroize::Zeroizing;

use crate::TrustError;

/// A private key and its public half.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

const CURVES: [&EcdsaSigningAlgorithm; 3] =
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];

impl PrivateKey {
    /// A new ECDSA P-256 key, cosign's default. The library draws it from the process's random source.
    pub fn generate() -> Result<Self, TrustError> {
        Self::generate_of(KeyAlgorithm::EcdsaP256)
    }

    /// A new key of a kind; RSA keys have 3072 bits.
    pub fn generate_of(algorithm: KeyAlgorithm) -> Result<Self, TrustError> {
        let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Pair::Ecdsa);
        let pair = match algorithm {
            KeyAlgorithm::EcdsaP256 => ecdsa(CURVES[0]),
            KeyAlgorithm::EcdsaP384 => ecdsa(CURVES[1]),
            KeyAlgorithm::EcdsaP521 => ecdsa(CURVES[2]),
            KeyAlgorithm::Rsa => RsaKeyPair::generate(KeySize::Rsa3072).map(Pair::Rsa),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        Self::new(pair.map_err(|_| TrustError::Random)?)
    }

    /// Reads an unencrypted PKCS#8 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, TrustError> {
        let ecdsa = CURVES.iter().find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok()).map(Pair::Ecdsa);
        let ed25519 = || Ed25519KeyPair::from_pkcs8(der).ok().map(Pair::Ed25519);
        let rsa = || RsaKeyPair::from_pkcs8(der).ok().map(Pair::Rsa);
        Self::new(ecdsa.or_else(ed25519).or_else(rsa).ok_or(TrustError::Unsupported)?)
    }

    /// Reads a SEC1 (`EC PRIVATE KEY`) key.
    pub fn from_sec1(der: &[u8]) -> Result<Self, TrustError> {
        let pair = CURVES.iter().find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, der).ok());
        Self::new(Pair::Ecdsa(pair.ok_or(TrustError::Unsupported)?))
    }

    /// Reads a PKCS#1 (`RSA PRIVATE KEY`) key.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, TrustError> {
        Self::new(Pair::Rsa(RsaKeyPair::from_der(der).map_err(|_| TrustError::Unsupported)?))
    }

    fn new(pair: Pair) -> Result<Self, TrustError> {
        let spki: PublicKeyX509Der<'_> = match &pair {
            Pair::Ecdsa(key) => key.public_key().as_der(),
            Pair::Rsa(key) => key.public_key().as_der(),
            Pair::Ed25519(key) => key.public_key().as_der(),
        }
        .map_err(|_| TrustError::Unsupported)?;
        let public = PublicKey::from_spki(spki.as_ref())?;
        Ok(Self { public, pair })
    }

    /// The unencrypted PKCS#8 key, wiped from memory when dropped.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, TrustError> {
        let bytes = match &self.pair {
            Pair::Ecdsa(key) => key.to_pkcs8v1().map(|d| d.as_ref().to_vec()),
            Pair::Rsa(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).map(|d| d.as_ref().to_vec()),
            Pair::Ed25519(key) => AsDer::<Pkcs8V1Der<'_>>::as_der(key).map(|d| d.as_ref().to_vec()),
        };
        bytes.map(Zeroizing::new).map_err(|_| TrustError::Unsupported)
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `message` with the hash that follows from the key. ECDSA signatures are ASN.1 and differ each time.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TrustError> {
        match &self.pair {
            Pair::Ecdsa(key) => {
                key.sign(&SystemRandom::new(), message).map(|s| s.as_ref().to_vec()).map_err(|_| TrustError::Sign)
            }
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| TrustError::Sign)?;
                Ok(signature)
            }
            Pair::Ed25519(key) => key.try_sign(message).map(|s| s.as_ref().to_vec()).map_err(|_| TrustError::Sign),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only what is public.
        write!(f, "PrivateKey({}, {})", self.public.algorithm().name(), self.public.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::EcPrivateKeyRfc5915Der;

    #[test]
    fn every_kind_survives_pkcs8() {
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384,
            KeyAlgorithm::EcdsaP521,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa,
        ] {
            let key = PrivateKey::generate_of(algorithm).unwrap();
            assert_eq!(key.public_key().algorithm(), algorithm);
            let again = PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            assert!(!again.sign(b"x").unwrap().is_empty());
            if let Pair::Ecdsa(pair) = &key.pair {
                let sec1 = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&pair.private_key()).unwrap();
                assert_eq!(PrivateKey::from_sec1(sec1.as_ref()).unwrap().public_key(), key.public_key());
            }
        }
    }

    #[test]
    fn debug_shows_nothing_secret() {
        let key = PrivateKey::generate().unwrap();
        assert!(format!("{key:?}").starts_with("PrivateKey(ECDSA P-256, sha256:"));
        assert!(matches!(PrivateKey::from_pkcs8(b"\x30\x00"), Err(TrustError::Unsupported)));
    }
}
