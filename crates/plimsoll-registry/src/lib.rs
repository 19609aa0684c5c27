//! The OCI distribution client and the embedded registry (distribution specification v1.1).
//!
//! The client trusts nothing a registry says: every manifest and blob is checked against its digest and size, every body
//! is bounded, every wait ends. The server keeps a registry on disk for demonstrations, tests and air gaps.

mod auth;
pub mod blocking;
mod call;
mod client;
mod content;
mod credentials;
mod error;
mod header;
mod helper;
mod options;
mod retry;
mod secret;
mod server;
mod tls;
mod transport;
mod upload;
mod why;

pub use client::{Attached, Client, Pushed, ReferrersVia, Resolved, fallback_tag};
pub use content::{Content, Progress};
pub use credentials::{Credentials, docker_config_path};
pub use error::RegistryError;
pub use header::{Challenge, Link, parse_link, parse_www_authenticate};
pub use options::Options;
pub use server::{Access, Fault, FaultRule, Faults, Observer, Server, ServerError, ServerOptions};
