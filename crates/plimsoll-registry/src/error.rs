//! Why a registry operation failed.

use std::time::Duration;

use plimsoll_oci::Digest;

/// Why a registry operation failed. Every variant names the host, and the operation or the content it was about; none
/// ever holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry answered that the image, tag, blob or repository is not there; the reference is at fault.
    #[error("{host}: {what} is not there")]
    NotFound {
        /// Registry host.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The registry wants credentials, or refuses those it was given; the configured credentials are at fault.
    #[error("{host}: not authorised to {operation}: {why}")]
    Unauthorized {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// The registry's reason.
        why: String,
    },
    /// The credentials are good and may not do this; the account's rights are at fault.
    #[error("{host}: access denied to {operation}: {why}")]
    Denied {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// The registry's reason.
        why: String,
    },
    /// The registry limits the rate, and waiting as long as it asks would pass the deadline.
    #[error("{host}: rate limited during {operation}{}", retry_after.map(|s| format!("; try again in {s} s")).unwrap_or_default())]
    RateLimited {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// Seconds the registry asked to wait.
        retry_after: Option<u64>,
    },
    /// No connection, or it broke; network or registry are at fault.
    #[error("{host}: cannot be reached to {operation}: {why}")]
    Unreachable {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// The network's error.
        why: String,
    },
    /// The registry stalled, or the whole operation took longer than its deadline.
    #[error("{host}: {operation} timed out after {} s", limit.as_secs_f32())]
    Timeout {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// The limit that was passed.
        limit: Duration,
    },
    /// The registry kept answering with a server error; the registry is at fault.
    #[error("{host}: server error {status} during {operation}: {why}")]
    Server {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// HTTP status of the last answer.
        status: u16,
        /// The registry's reason.
        why: String,
    },
    /// The content does not have the digest it was asked by; the registry, or something between, is at fault.
    #[error("{host}: {what} does not match its digest: expected {expected}, found {found}")]
    DigestMismatch {
        /// Registry host.
        host: String,
        /// What was read.
        what: String,
        /// The digest asked for.
        expected: Box<Digest>,
        /// The digest of what came.
        found: Box<Digest>,
    },
    /// The content is shorter than its descriptor says; the registry, or something between, is at fault.
    #[error("{host}: {what} has {found} bytes where its descriptor says {expected}")]
    SizeMismatch {
        /// Registry host.
        host: String,
        /// What was read.
        what: String,
        /// Size in the descriptor.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// The content is larger than is read; the registry or the image are at fault.
    #[error("{host}: {what} is larger than {limit} bytes, the most that is read")]
    TooLarge {
        /// Registry host.
        host: String,
        /// What was read.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The answer is not what the distribution specification says; the registry is at fault.
    #[error("{host}: unexpected answer to {operation}: {why}")]
    Protocol {
        /// Registry host.
        host: String,
        /// What was attempted.
        operation: String,
        /// What is wrong with it.
        why: String,
    },
    /// Other writers kept replacing the referrers tag until the deadline; the operation may be tried again.
    #[error("{host}: {what} kept changing while it was updated; try again")]
    Conflict {
        /// Registry host.
        host: String,
        /// What was updated.
        what: String,
    },
    /// The Docker configuration or a credential helper failed; the machine's configuration is at fault.
    #[error("credentials for {host} cannot be had: {why}")]
    Credentials {
        /// Registry host.
        host: String,
        /// What failed, never with a secret.
        why: String,
    },
    /// No trusted certificate could be loaded; the machine's configuration is at fault.
    #[error("{host}: no HTTPS connection can be made: {why}")]
    Tls {
        /// Registry host.
        host: String,
        /// What failed.
        why: String,
    },
    /// What was asked for makes no sense; the caller is at fault.
    #[error("{what} cannot be used: {why}")]
    Invalid {
        /// What was given.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of this machine cannot be read or written.
    #[error("{what}: {source}")]
    Io {
        /// The file and what was done with it.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
}

impl RegistryError {
    /// Whether this says that the thing asked for does not exist, as opposed to that it could not be had.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
