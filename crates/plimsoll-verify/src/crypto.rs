//! One signature against one public key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use plimsoll_envelope::{KeyAlgorithm, PublicKey};

/// Whether `signature` over `message` was made with `key`. The hash follows from the key, never from the message.
pub(crate) fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
        KeyAlgorithm::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::EcdsaP384 => &ECDSA_P384_SHA384_ASN1,
        KeyAlgorithm::EcdsaP521 => &ECDSA_P521_SHA512_ASN1,
        KeyAlgorithm::Rsa => &RSA_PKCS1_2048_8192_SHA256,
        KeyAlgorithm::Ed25519 => &ED25519,
    };
    UnparsedPublicKey::new(algorithm, key.raw()).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    };

    fn check(spki: &PublicKeyX509Der<'_>, algorithm: KeyAlgorithm, signature: &[u8]) {
        let key = PublicKey::from_spki(spki.as_ref()).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert!(verifies(&key, b"message", signature), "{algorithm:?}");
        assert!(!verifies(&key, b"massage", signature) && !verifies(&key, b"message", b""));
        for at in 0..signature.len() {
            let mut flipped = signature.to_vec();
            flipped[at] ^= 1;
            assert!(!verifies(&key, b"message", &flipped), "{algorithm:?} byte {at}");
        }
    }

    #[test]
    fn every_kind_of_key_verifies_with_its_own_hash() {
        let rng = SystemRandom::new();
        for (signing, algorithm) in [
            (&ECDSA_P256_SHA256_ASN1_SIGNING, KeyAlgorithm::EcdsaP256),
            (&ECDSA_P384_SHA384_ASN1_SIGNING, KeyAlgorithm::EcdsaP384),
            (&ECDSA_P521_SHA512_ASN1_SIGNING, KeyAlgorithm::EcdsaP521),
        ] {
            let pair = EcdsaKeyPair::generate(signing).unwrap();
            let signature = pair.sign(&rng, b"message").unwrap();
            check(&pair.public_key().as_der().unwrap(), algorithm, signature.as_ref());
        }
        let pair = Ed25519KeyPair::generate().unwrap();
        check(&pair.public_key().as_der().unwrap(), KeyAlgorithm::Ed25519, pair.sign(b"message").as_ref());
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &rng, b"message", &mut signature).unwrap();
        check(&pair.public_key().as_der().unwrap(), KeyAlgorithm::Rsa, &signature);
    }
}
