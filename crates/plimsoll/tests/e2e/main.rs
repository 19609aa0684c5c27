//! The whole program from outside: the real binary on its own sample, a registry on loopback, no privileges, no clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test may fail by panicking"
)]

mod cli;
mod common;
mod decisions;
mod demo;
mod manifests;
mod promote;
mod sbom;
mod sign;
mod sources;
