//! Exit codes, and the error that carries one.

use std::fmt;

/// Exit codes: a stable contract (see `docs/cli.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, and what was asked for holds.
    Ok = 0,
    /// Internal fault.
    Internal = 1,
    /// Usage or configuration error.
    Usage = 2,
    /// A required decision is missing; candidates were written.
    DecisionMissing = 3,
    /// No signature.
    NoSignature = 10,
    /// No such image or tag.
    NoImage = 11,
    /// No matching signature.
    NoMatch = 12,
    /// The scan gate denies.
    GateDenies = 20,
    /// Policy denies.
    PolicyDenies = 21,
    /// Hardening incomplete or refused.
    HardenRefused = 22,
    /// An input cannot be reached or read, does not match its digest, or access is refused.
    Input = 30,
    /// The advisory index is missing, damaged or too old.
    Index = 31,
    /// Nothing to examine.
    Nothing = 32,
    /// Undecidable: it fails closed.
    Undecidable = 33,
}

/// An error whose class is known: it ends the program with its exit code and its next step.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An input that cannot be had.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(Exit::Input, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
