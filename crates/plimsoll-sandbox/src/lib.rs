//! Run proof: a hardened root started without privileges by an installed runtime.
//!
//! [`extract`] writes a tree to a directory, [`run`] starts a process in it: as the runtime user, with a read-only root, no
//! capabilities and no way to gain any, without a network unless one is asked for, under a deadline. What was asked for
//! is then measured on the running process where it lives long enough; the evidence says which. Where it cannot be done the result is [`Outcome::Unverified`],
//! never a pass.

mod bwrap;
mod extract;
mod observe;
mod probe;
mod run;
mod runc;
mod runtime;

pub use extract::{ExtractError, extract};
pub use probe::Probe;
pub use run::{Bind, Mount, Outcome, Run, RunError, run};
pub use runtime::{Runtime, RuntimeKind, detect, find};
