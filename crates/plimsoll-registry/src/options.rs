//! What a client is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::Credentials;

/// Limits and credentials of a client.
#[derive(Clone, Debug)]
pub struct Options {
    /// Credentials by registry.
    pub credentials: Credentials,
    /// Registries that an address on this machine stands in for, as the embedded registry does in demonstrations and
    /// behind an air gap. Addresses elsewhere are ignored.
    pub stand_ins: BTreeMap<String, SocketAddr>,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long a registry may be silent in the middle of an answer, or take nothing of a body.
    pub stall_timeout: Duration,
    /// How long an operation on manifests, tags or referrers may take, retries included.
    pub operation_timeout: Duration,
    /// How long the transfer of one blob may take, retries included.
    pub transfer_timeout: Duration,
    /// How often a request is repeated after a server error, a rate limit or a broken connection.
    pub retries: u32,
    /// How long after writing a referrers tag it is read again, to find the write of a racing client that undid ours.
    pub settle: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            credentials: Credentials::anonymous(),
            stand_ins: BTreeMap::new(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            operation_timeout: Duration::from_secs(90),
            transfer_timeout: Duration::from_secs(1800),
            retries: 4,
            settle: Duration::from_millis(300),
        }
    }
}
