//! Randomness as an argument, so that key files can be made twice alike in tests.

use aws_lc_rs::rand::SecureRandom as _;

use crate::TrustError;

/// A source of random bytes.
pub trait Random {
    /// Fills `out`.
    fn fill(&self, out: &mut [u8]) -> Result<(), TrustError>;
}

/// The cryptographic random source of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), TrustError> {
        aws_lc_rs::rand::SystemRandom::new().fill(out).map_err(|_| TrustError::Random)
    }
}
