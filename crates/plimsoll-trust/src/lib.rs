//! Keys: cosign-compatible key files and signing.
//!
//! A private key is read from a file or an environment variable, decrypted with the password the caller gives, and used
//! through [`Signer`]. Nothing here asks for a password and nothing is written: callers write what [`encrypt`] returns.

mod import;
mod keyfile;
mod keyref;
mod private;
mod random;
mod signer;

pub use keyfile::{KEY_LABEL, check_key_file, decrypt, encrypt};
pub use keyref::{KeyRef, load_private_key, load_public_key};
pub use private::PrivateKey;
pub use random::{Random, SystemRandom};
pub use signer::{Signer, sign_message_bundle, sign_statement_bundle};

/// Why a key could not be used, or a signature not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The key reference names a scheme that is not supported; the user is at fault.
    #[error("key reference '{0}' is not supported; expected a file path or env://VARIABLE")]
    Reference(String),
    /// The file cannot be read; the user or the file system is at fault.
    #[error("cannot read key '{path}': {source}")]
    Read {
        /// The path as given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The variable is not set, or not text; the user is at fault.
    #[error("environment variable '{0}' is not set to a key")]
    Environment(String),
    /// The text is not one PEM block; the key is at fault.
    #[error(transparent)]
    Pem(#[from] plimsoll_envelope::PemError),
    /// The PEM block is of another kind; the key is at fault.
    #[error("PEM block is '{0}'; expected a private key")]
    Label(String),
    /// The encrypted key's JSON is malformed; the key file is at fault.
    #[error("encrypted key is malformed: {0}")]
    KeyFile(String),
    /// The key file asks for parameters outside the list cosign allows; the key file is at fault.
    #[error(
        "encrypted key asks for {0}, which is not allowed; expected scrypt with N 32768, 65536 or 131072, r 8, p 1"
    )]
    Parameters(String),
    /// The password does not open the key; the caller is at fault (or the file was changed).
    #[error("the password does not open the key (COSIGN_PASSWORD)")]
    Password,
    /// The key is encrypted and no password was given; the caller is at fault.
    #[error("the key is encrypted and no password was given (COSIGN_PASSWORD)")]
    PasswordMissing,
    /// The private key is damaged or of a kind that is not supported; the key is at fault.
    #[error("private key is not an ECDSA P-256, P-384 or P-521, RSA (2048 bits or more) or Ed25519 key")]
    Unsupported,
    /// The public key is malformed; the key is at fault.
    #[error(transparent)]
    PublicKey(#[from] plimsoll_envelope::PublicKeyError),
    /// The random source failed; the machine is at fault.
    #[error("the random source failed")]
    Random,
    /// The cryptographic library refused; a fault of this program or the machine.
    #[error("the signature could not be made")]
    Sign,
}
