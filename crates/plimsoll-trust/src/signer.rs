//! Signing: statements into envelopes into bundles.

use aws_lc_rs::digest::{SHA256, digest};
use plimsoll_envelope::{Bundle, Envelope, IN_TOTO_PAYLOAD, PublicKey, Statement, pae};

use crate::{PrivateKey, TrustError};

/// Whoever can sign with a managed key.
pub trait Signer {
    /// Signs `message`, hashing it as the key's kind asks.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TrustError>;

    /// The public half, which verifiers need.
    fn public_key(&self) -> &PublicKey;

    /// The hint a bundle carries.
    fn hint(&self) -> String {
        self.public_key().hint()
    }
}

impl Signer for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TrustError> {
        Self::sign(self, message)
    }

    fn public_key(&self) -> &PublicKey {
        Self::public_key(self)
    }
}

/// Signs a statement into a bundle v0.3.
pub fn sign_statement_bundle(statement: &Statement, signer: &dyn Signer) -> Result<Bundle, TrustError> {
    let payload = statement.to_bytes();
    let signature = signer.sign(&pae(IN_TOTO_PAYLOAD, &payload))?;
    let envelope = Envelope { payload_type: IN_TOTO_PAYLOAD.to_owned(), payload, signature, keyid: String::new() };
    Ok(Bundle::managed_key(envelope, signer.public_key()))
}

/// Signs a file's bytes into a bundle v0.3.
pub fn sign_message_bundle(message: &[u8], signer: &dyn Signer) -> Result<Bundle, TrustError> {
    let hash = digest(&SHA256, message).as_ref().to_vec();
    Ok(Bundle::managed_key_message(hash, signer.sign(message)?, signer.public_key()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_envelope::{Content, KeyMaterial, sign_statement};

    #[test]
    fn a_bundle_carries_the_statement_and_the_hint() {
        let key = PrivateKey::generate().unwrap();
        let statement = sign_statement(&key.public_key().fingerprint(), Default::default());
        let bundle = sign_statement_bundle(&statement, &key).unwrap();
        assert_eq!(bundle.material.key, KeyMaterial::PublicKey { hint: Signer::hint(&key) });
        let Content::Envelope(envelope) = &bundle.content else { unreachable!() };
        assert_eq!(Statement::parse(&envelope.payload).unwrap(), statement);
        assert_eq!(Bundle::parse(&bundle.to_bytes()).unwrap(), bundle);
    }
}
