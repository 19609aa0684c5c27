//! Private keys in the forms other tools write.

use plimsoll_envelope::decode_pem;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use crate::{PrivateKey, TrustError, keyfile};

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

impl PrivateKey {
    /// Reads a private key in PEM: a cosign key file (which needs the password), PKCS#8, SEC1 or PKCS#1.
    pub fn from_pem(pem: &str, password: Option<&[u8]>) -> Result<Self, TrustError> {
        let block = decode_pem(pem)?;
        let body = zeroize::Zeroizing::new(block.body);
        match block.label.as_str() {
            label if keyfile::is_encrypted_label(label) => {
                keyfile::decrypt(pem, password.ok_or(TrustError::PasswordMissing)?)
            }
            "PRIVATE KEY" => Self::from_pkcs8(&body),
            "EC PRIVATE KEY" => Self::from_sec1(&body),
            "RSA PRIVATE KEY" => Self::from_pkcs1(&body),
            _ => Err(TrustError::Label(block.label)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_envelope::encode_pem;

    #[test]
    fn imports_plain_keys_and_wants_a_password_for_encrypted_ones() {
        let key = PrivateKey::generate().unwrap();
        let pem = encode_pem("PRIVATE KEY", &key.to_pkcs8().unwrap());
        assert_eq!(PrivateKey::from_pem(&pem, None).unwrap().public_key(), key.public_key());
        let encrypted = encode_pem(keyfile::KEY_LABEL, b"{}");
        assert!(matches!(PrivateKey::from_pem(&encrypted, None), Err(TrustError::PasswordMissing)));
        let public = key.public_key().to_pem();
        assert!(matches!(PrivateKey::from_pem(&public, None), Err(TrustError::Label(_))));
        let damaged = encode_pem("RSA PRIVATE KEY", b"\x30\x03\x02\x01\x00");
        assert!(matches!(PrivateKey::from_pem(&damaged, None), Err(TrustError::Unsupported)));
    }
}
