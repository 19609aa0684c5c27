//! A key of any bytes, private or public, is read without panic. Encrypted keys are followed up to their parameters:
//! opening one costs a whole scrypt.
#![no_main]

use plimsoll_envelope::PublicKey;
use plimsoll_trust::{PrivateKey, check_key_file};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = check_key_file(data);
    let _ = PrivateKey::from_pkcs8(data);
    let _ = PrivateKey::from_sec1(data);
    let _ = PrivateKey::from_pkcs1(data);
    if let Ok(key) = PublicKey::from_spki(data) {
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
    }
    if let Ok(text) = str::from_utf8(data) {
        let _ = PublicKey::from_pem(text);
        let _ = PrivateKey::from_pem(text, None);
    }
});
