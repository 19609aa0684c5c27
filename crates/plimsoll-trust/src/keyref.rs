//! Key references: a file path or `env://VARIABLE`.

use std::io::Read as _;
use std::str::FromStr;

use plimsoll_envelope::PublicKey;
use zeroize::Zeroizing;

use crate::{PrivateKey, TrustError};

/// The most bytes of a key that are read.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// A file.
    File(String),
    /// An environment variable that holds the PEM text.
    Env(String),
}

impl FromStr for KeyRef {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        match text.split_once("://") {
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            None if !text.is_empty() => Ok(Self::File(text.to_owned())),
            _ => Err(TrustError::Reference(text.to_owned())),
        }
    }
}

impl KeyRef {
    fn read(&self) -> Result<Zeroizing<String>, TrustError> {
        match self {
            Self::Env(name) => {
                std::env::var(name).map(Zeroizing::new).map_err(|_| TrustError::Environment(name.clone()))
            }
            Self::File(path) => {
                let failed = |source| TrustError::Read { path: path.clone(), source };
                let mut text = Zeroizing::new(String::new());
                let file = std::fs::File::open(path).map_err(failed)?;
                file.take(MAX_KEY_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
                Ok(text)
            }
        }
    }
}

/// Reads a private key; `password` opens an encrypted one.
pub fn load_private_key(key: &KeyRef, password: Option<&[u8]>) -> Result<PrivateKey, TrustError> {
    PrivateKey::from_pem(&key.read()?, password)
}

/// Reads a public key.
pub fn load_public_key(key: &KeyRef) -> Result<PublicKey, TrustError> {
    Ok(PublicKey::from_pem(&key.read()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_schemes() {
        assert_eq!("env://KEY".parse::<KeyRef>().unwrap(), KeyRef::Env("KEY".into()));
        assert_eq!("dir/cosign.key".parse::<KeyRef>().unwrap(), KeyRef::File("dir/cosign.key".into()));
        for bad in ["", "awskms://x", "env://", "k8s://ns/secret"] {
            assert!(matches!(bad.parse::<KeyRef>(), Err(TrustError::Reference(_))), "{bad}");
        }
        let absent = KeyRef::File("/nonexistent/cosign.key".into());
        assert!(matches!(load_public_key(&absent), Err(TrustError::Read { .. })));
        let unset = KeyRef::Env("PLIMSOLL_TEST_NO_SUCH_KEY".into());
        assert!(matches!(load_private_key(&unset, None), Err(TrustError::Environment(_))));
    }
}
