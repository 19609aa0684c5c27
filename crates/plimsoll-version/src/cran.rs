//! CRAN's ordering (R's `package_version` and `compareVersion`).
//!
//! Numbers between dots and hyphens, which mean the same; of two that begin alike, the shorter is smaller.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// Orders two versions.
///
/// # Errors
/// If either is not numbers between dots and hyphens; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    Ok(number::compare_rows(parse(a)?, parse(b)?))
}

fn parse(version: &str) -> Result<impl Iterator<Item = &[u8]>, VersionError> {
    VersionError::bounded("cran", version)?;
    let numbers = || version.split(['.', '-']);
    if !numbers().all(number::is_digits) {
        return Err(VersionError::new("cran", version, "it is not numbers between dots and hyphens"));
    }
    Ok(numbers().map(str::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Less};

    #[test]
    fn dots_and_hyphens_are_the_same() {
        for (a, b, order) in [
            ("0.01.0", "0.1-0", Equal),
            ("0.1", "0.1-0", Less),
            ("0.9", "0.75", Less),
            ("1.0-2", "1.0-10", Less),
            ("3.1-162", "3.1-163", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
        for bad in ["", "1.", "-1", "1..2", "1.0a", "1_0", "v1", "1 "] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad}");
        }
    }
}
