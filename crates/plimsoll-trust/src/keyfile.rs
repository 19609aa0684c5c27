//! cosign's encrypted key file: scrypt and secretbox in JSON in PEM.

use std::fmt;

use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use plimsoll_envelope::{decode_pem, encode_pem, parse_strict};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{PrivateKey, Random, TrustError, import};

/// The PEM label that is written.
pub const KEY_LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The PEM label older cosign wrote; read, never written.
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// log2 of the scrypt cost written: N = 65536.
const LOG_N: u8 = 16;

/// Encrypts a private key into a cosign key file. An empty password is allowed, as in cosign.
pub fn encrypt(key: &PrivateKey, password: &[u8], random: &dyn Random) -> Result<String, TrustError> {
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    random.fill(&mut salt)?;
    random.fill(&mut nonce)?;
    let secret = derive(password, &salt, LOG_N)?;
    let ciphertext = XSalsa20Poly1305::new(Key::from_slice(secret.as_slice()))
        .encrypt(Nonce::from_slice(&nonce), key.to_pkcs8()?.as_slice())
        .map_err(|_| TrustError::Sign)?;
    let body = json!({
        "kdf": {
            "name": "scrypt",
            "params": {"N": 1u32 << LOG_N, "r": 8, "p": 1},
            "salt": import::base64(&salt),
        },
        "cipher": {"name": "nacl/secretbox", "nonce": import::base64(&nonce)},
        "ciphertext": import::base64(&ciphertext),
    });
    Ok(encode_pem(KEY_LABEL, body.to_string().as_bytes()))
}

/// Whether a PEM label is that of an encrypted cosign key.
pub(crate) fn is_encrypted_label(label: &str) -> bool {
    matches!(label, KEY_LABEL | OLD_LABEL)
}

/// Opens a cosign key file. Only the scrypt costs cosign writes are accepted: any other is a way to stop the reader.
pub fn decrypt(pem: &str, password: &[u8]) -> Result<PrivateKey, TrustError> {
    let block = decode_pem(pem)?;
    if !is_encrypted_label(&block.label) {
        return Err(TrustError::Label(block.label));
    }
    let parts = Parts::read(&block.body)?;
    let secret = derive(password, &parts.salt, parts.log_n)?;
    let pkcs8 = XSalsa20Poly1305::new(Key::from_slice(secret.as_slice()))
        .decrypt(Nonce::from_slice(&parts.nonce), parts.ciphertext.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| TrustError::Password)?;
    PrivateKey::from_pkcs8(&pkcs8)
}

/// Whether the JSON inside a cosign key file is well formed and asks only for what is allowed, without spending the
/// work that opening it costs.
pub fn check_key_file(body: &[u8]) -> Result<(), TrustError> {
    Parts::read(body).map(|_| ())
}

/// The encrypted file's parts, checked before anything expensive is done with them.
struct Parts {
    log_n: u8,
    salt: Vec<u8>,
    nonce: [u8; 24],
    ciphertext: Vec<u8>,
}

impl Parts {
    fn read(body: &[u8]) -> Result<Self, TrustError> {
        let malformed = |why: &dyn fmt::Display| TrustError::KeyFile(why.to_string());
        let value = parse_strict(body).map_err(|e| malformed(&e))?;
        let field = |pointer: &str| value.pointer(pointer).ok_or_else(|| malformed(&format!("no field {pointer}")));
        let text = |pointer| field(pointer)?.as_str().ok_or_else(|| malformed(&format!("{pointer} is not text")));
        let bytes =
            |pointer| import::unbase64(text(pointer)?).ok_or_else(|| malformed(&format!("{pointer} is not base64")));
        let number = |pointer| -> Result<u64, TrustError> {
            field(pointer)?.as_u64().ok_or_else(|| malformed(&format!("{pointer} is not a number")))
        };
        match (text("/kdf/name")?, text("/cipher/name")?) {
            ("scrypt", "nacl/secretbox") => {}
            (kdf, cipher) => return Err(TrustError::Parameters(format!("{kdf:?} with {cipher:?}"))),
        }
        let (n, r, p) = (number("/kdf/params/N")?, number("/kdf/params/r")?, number("/kdf/params/p")?);
        let log_n = match (n, r, p) {
            (32_768, 8, 1) => 15,
            (65_536, 8, 1) => 16,
            (131_072, 8, 1) => 17,
            _ => return Err(TrustError::Parameters(format!("N {n}, r {r}, p {p}"))),
        };
        let nonce = bytes("/cipher/nonce")?;
        let nonce = <[u8; 24]>::try_from(nonce).map_err(|_| malformed(&"the nonce is not 24 bytes"))?;
        Ok(Self { log_n, salt: bytes("/kdf/salt")?, nonce, ciphertext: bytes("/ciphertext")? })
    }
}

fn derive(password: &[u8], salt: &[u8], log_n: u8) -> Result<Zeroizing<[u8; 32]>, TrustError> {
    let mut secret = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(log_n, 8, 1, 32).map_err(|e| TrustError::Parameters(e.to_string()))?;
    scrypt::scrypt(password, salt, &params, secret.as_mut_slice())
        .map_err(|e| TrustError::Parameters(e.to_string()))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;
    use serde_json::Value;

    struct Counting(std::cell::Cell<u8>);

    impl Random for Counting {
        fn fill(&self, out: &mut [u8]) -> Result<(), TrustError> {
            for byte in out {
                *byte = self.0.get();
                self.0.set(byte.wrapping_add(1));
            }
            Ok(())
        }
    }

    fn body(pem: &str) -> Value {
        serde_json::from_slice(&decode_pem(pem).unwrap().body).unwrap()
    }

    #[test]
    fn writes_cosigns_parameters_and_opens_with_the_password_only() {
        let key = PrivateKey::generate().unwrap();
        let source = || Counting(0.into());
        let pem = encrypt(&key, b"correct horse", &source()).unwrap();
        assert_eq!(pem, encrypt(&key, b"correct horse", &source()).unwrap(), "same random bytes, same file");
        assert!(pem.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
        assert_eq!(body(&pem)["kdf"]["params"], json!({"N": 65536, "r": 8, "p": 1}));
        let opened = decrypt(&pem, b"correct horse").unwrap();
        assert_eq!(opened.public_key(), key.public_key());
        assert!(matches!(decrypt(&pem, b"wrong"), Err(TrustError::Password)));
        let old = pem.replace("SIGSTORE", "COSIGN");
        assert_eq!(decrypt(&old, b"correct horse").unwrap().public_key(), key.public_key());
    }

    #[test]
    fn refuses_expensive_and_unknown_parameters_without_trying() {
        let key = PrivateKey::generate().unwrap();
        let good = body(&encrypt(&key, b"", &SystemRandom).unwrap());
        let with = |pointer: &str, value: Value| {
            let mut changed = good.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            decrypt(&encode_pem(KEY_LABEL, changed.to_string().as_bytes()), b"")
        };
        for (pointer, value) in [
            ("/kdf/params/N", json!(1u64 << 40)),
            ("/kdf/params/N", json!(16_384)),
            ("/kdf/params/r", json!(9)),
            ("/kdf/params/p", json!(2)),
            ("/kdf/name", json!("argon2")),
            ("/cipher/name", json!("aes")),
        ] {
            assert!(matches!(with(pointer, value), Err(TrustError::Parameters(_))), "{pointer}");
        }
        for (pointer, value) in [
            ("/cipher/nonce", json!("AAAA")),
            ("/kdf/salt", json!("!")),
            ("/ciphertext", json!(3)),
            ("/kdf/params/N", json!("65536")),
        ] {
            assert!(matches!(with(pointer, value), Err(TrustError::KeyFile(_))), "{pointer}");
        }
        let text = good.to_string().into_bytes();
        assert!(check_key_file(&text).is_ok());
        for n in 0..text.len() {
            assert!(check_key_file(&text[..n]).is_err(), "{n}");
        }
        assert!(matches!(decrypt(&encode_pem("PRIVATE KEY", b"x"), b""), Err(TrustError::Label(_))));
        assert!(matches!(decrypt(&encode_pem(KEY_LABEL, b"[]"), b""), Err(TrustError::KeyFile(_))));
    }
}
