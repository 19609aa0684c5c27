//! The client against the embedded registry, and both against a hostile world.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod auth;
mod faults;
mod protocol;
mod referrers;
mod roundtrip;
mod skopeo;
mod support;
