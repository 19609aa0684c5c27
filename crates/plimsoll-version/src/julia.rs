//! Julia's ordering (`Base.VersionNumber`, `isless`).
//!
//! SemVer, except that build metadata counts, because a rebuilt binary package (`+1`) is a newer one: a version without
//! is smaller than the same with, and two are compared like pre-releases.

use std::cmp::Ordering;

use crate::{VersionError, coerced};

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    coerced::compare_built("julia", a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_metadata_counts() {
        let ordered = ["1.0.0-pre", "1.0.0-pre+build", "1.0.0", "1.0.0+1", "1.0.0+2", "1.0.0+a", "1.0.1"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
        for bad in ["", "1.0.0+", "1.0.0+a..b", "any", "1.0.0+é"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad}");
        }
    }
}
