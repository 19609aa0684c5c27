//! opam's ordering (opam manual, "Version ordering").
//!
//! Debian's, without epoch and revision: a hyphen and a leading letter are ordinary characters.

use std::cmp::Ordering;

use crate::{VersionError, dpkg};

/// Orders two versions.
///
/// # Errors
/// If either holds what no opam version holds; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    check(a)?;
    check(b)?;
    Ok(dpkg::compare_part(a.as_bytes(), b.as_bytes()))
}

fn check(version: &str) -> Result<(), VersionError> {
    VersionError::bounded("opam", version)?;
    match version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+' | b'.' | b'~')) {
        true => Ok(()),
        false => Err(VersionError::new("opam", version, "it holds a character that no version may hold")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_manual() {
        // The manual's own row, and what its packages use.
        let ordered = ["~~", "~", "~beta2", "~beta10", "0.1", "1.0~beta", "1.0", "1.0-test", "1.0.1", "1.0.10", "dev"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
        assert_eq!(compare("v0.16.0", "v0.9.1"), Ok(Ordering::Greater));
        for bad in ["", "1:2", "1 2", "1é", "1/2"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad}");
        }
    }
}
