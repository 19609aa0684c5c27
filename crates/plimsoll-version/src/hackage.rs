//! Haskell's ordering (the Package Versioning Policy; `Data.Version`).
//!
//! Numbers between dots; of two that begin alike, the shorter is smaller.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// Orders two versions.
///
/// # Errors
/// If either is not dot-separated numbers; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    check(a)?;
    check(b)?;
    Ok(number::compare_rows(number::dotted(a), number::dotted(b)))
}

fn check(version: &str) -> Result<(), VersionError> {
    VersionError::bounded("hackage", version)?;
    match version.split('.').all(number::is_digits) {
        true => Ok(()),
        false => Err(VersionError::new("hackage", version, "it is not dot-separated numbers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_is_smaller() {
        let ordered = ["0.11.3.0", "1", "1.0", "1.0.0", "1.0.1.0", "1.1", "1.10"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
        for bad in ["", "1.", "1-2", "1.0a", "1..2"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad}");
        }
    }
}
