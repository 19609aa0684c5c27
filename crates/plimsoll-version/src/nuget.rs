//! NuGet's ordering (`NuGet.Versioning`, `VersionComparer.Default`).
//!
//! One to four numbers, missing ones are zero; then SemVer 2.0's pre-releases without regard to case. Build metadata does
//! not count.

use std::cmp::Ordering;

use crate::{VersionError, coerced, number};

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(a)?, parse(b)?);
    Ok(number::compare_padded(number::dotted(x.0), number::dotted(y.0)).then_with(|| match (x.1, y.1) {
        (Some(x), Some(y)) => compare_pre(x, y),
        (x, y) => x.is_none().cmp(&y.is_none()),
    }))
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => match (number::is_digits(x), number::is_digits(y)) {
                (true, true) => number::compare(x.as_bytes(), y.as_bytes()),
                (false, false) => {
                    x.bytes().map(|b| b.to_ascii_uppercase()).cmp(y.bytes().map(|b| b.to_ascii_uppercase()))
                }
                (x, y) => y.cmp(&x),
            },
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn parse(version: &str) -> Result<(&str, Option<&str>), VersionError> {
    VersionError::bounded("nuget", version)?;
    let fail = |why| Err(VersionError::new("nuget", version, why));
    let (text, build) = version.split_once('+').map_or((version, None), |(t, b)| (t, Some(b)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)));
    if !core.split('.').all(number::is_digits) || core.split('.').count() > 4 {
        return fail("its numbers are not one to four dot-separated runs of digits");
    }
    if !pre.is_none_or(coerced::are_identifiers) {
        return fail("its pre-release is not dot-separated identifiers");
    }
    if !build.is_none_or(coerced::are_identifiers) {
        return fail("its build metadata is not dot-separated identifiers");
    }
    Ok((core, pre))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn four_numbers_and_any_case() {
        for (a, b, order) in [
            ("1.0", "1.0.0.0", Equal),
            ("1.0.0", "1.0.0.1", Less),
            ("1.0.0-BETA", "1.0.0-beta", Equal),
            ("1.0.0-beta", "1.0.0-BETA2", Less),
            ("1.0.0-beta.5", "1.0.0-beta.10", Less),
            ("1.0.0-1", "1.0.0-a", Less),
            ("1.0.0-rc", "1.0.0", Less),
            ("1.0.0+a", "1.0.0+b", Equal),
            ("1.0.01", "1.0.1", Equal),
            ("1.0.0.1-alpha", "1.0.0", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
        for bad in ["", "1.2.3.4.5", "1.", "1.0-", "1.0+", "1.0-a..b", "1.0-a_b", "v1.0", "1.*", "[1.0,2.0)"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
