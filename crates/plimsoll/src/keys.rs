//! Private keys and their password.

use anyhow::Result;
use plimsoll_trust::{KeyRef, PrivateKey, TrustError, load_private_key};

use crate::exit::{Exit, Failure};

/// `COSIGN_PASSWORD`, if it is set.
pub(crate) fn password() -> Option<Vec<u8>> {
    std::env::var_os("COSIGN_PASSWORD").map(std::ffi::OsString::into_encoded_bytes)
}

/// The private key a reference names.
pub(crate) fn private(reference: &str) -> Result<PrivateKey> {
    let key: KeyRef = reference.parse().map_err(|e: TrustError| Failure::usage(e.to_string()))?;
    // A key file made without a password is encrypted with an empty one, as cosign does.
    let password = password().unwrap_or_default();
    load_private_key(&key, Some(&password)).map_err(|e| {
        let exit = match &e {
            TrustError::Read { .. } => Exit::Input,
            _ => Exit::Usage,
        };
        Failure::new(exit, format!("key '{reference}': {e}"))
            .hint("COSIGN_PASSWORD holds the password of a key file")
            .into()
    })
}
