//! Debian's ordering (Debian policy 5.6.12; deb-version(7)).
//!
//! A version is `[epoch:]upstream[-revision]`. Within a part, runs of non-digits and runs of digits alternate: in the
//! former `~` sorts before the end, the end before letters, letters before everything else; the latter are numbers.

use std::cmp::Ordering;

use crate::{VersionError, number};

struct Parts<'a> {
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

/// Orders two Debian versions.
///
/// # Errors
/// If either is not a version that policy allows; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (a, b) = (parse(a)?, parse(b)?);
    Ok(number::compare(a.epoch, b.epoch)
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision)))
}

/// Whether `version` is one that policy allows.
///
/// # Errors
/// What is wrong with it.
pub fn check(version: &str) -> Result<(), VersionError> {
    parse(version).map(drop)
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("dpkg", version)?;
    let fail = |why| Err(VersionError::new("dpkg", version, why));
    let text = version.as_bytes();
    let (epoch, rest) = match text.iter().position(|&b| b == b':') {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (&text[..0], text),
    };
    if rest.len() < text.len() {
        // dpkg keeps the epoch in an int.
        if epoch.is_empty() || !epoch.iter().all(u8::is_ascii_digit) {
            return fail("the epoch is not a number");
        }
        if number::compare(epoch, b"2147483647") == Ordering::Greater {
            return fail("the epoch is too large");
        }
    }
    let (upstream, revision) = match rest.iter().rposition(|&b| b == b'-') {
        Some(dash) => (&rest[..dash], &rest[dash + 1..]),
        None => (rest, &rest[..0]),
    };
    if upstream.len() + 1 == rest.len() && revision.is_empty() {
        return fail("the revision is empty");
    }
    if !upstream.first().is_some_and(u8::is_ascii_digit) {
        return fail("the upstream part does not start with a digit");
    }
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'~');
    if !upstream.iter().all(|b| allowed(b) || *b == b'-' || *b == b':') || !revision.iter().all(allowed) {
        return fail("it holds a character that no version may hold");
    }
    Ok(Parts { epoch, upstream, revision })
}

/// Where a character of a non-digit run sorts; a digit and the end are the same place.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'~') => -1,
        Some(b) if b.is_ascii_digit() => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}

/// Orders two texts as policy orders upstream parts.
pub(crate) fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let starts_text = |t: &[u8]| t.first().is_some_and(|c| !c.is_ascii_digit());
    while !a.is_empty() || !b.is_empty() {
        while starts_text(a) || starts_text(b) {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order != Ordering::Equal {
                return order;
            }
            // Equal weights here mean equal characters: neither side is at its end or at a digit.
            (a, b) = (a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default());
        }
        let ((digits_a, rest_a), (digits_b, rest_b)) = (number::split(a), number::split(b));
        let order = number::compare(digits_a, digits_b);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn policy_examples() {
        for (a, b, order) in [
            ("1.0~rc1", "1.0", Less),
            ("1.0~~", "1.0~", Less),
            ("1.0", "1.0-0", Equal),
            ("1.0", "1.0a", Less),
            ("1.0a", "1.0+", Less),
            ("1:1.0", "2.0", Greater),
            ("0:1.0", "1.0", Equal),
            ("1.10", "1.9", Greater),
            ("1.01", "1.1", Equal),
            ("2.36-9+deb12u9", "2.36-9+deb12u10", Less),
            ("3.0.16-1~deb12u1", "3.0.16-1", Less),
            ("5.2.15-2+b7", "5.2.15-2", Greater),
            ("99999999999999999999999", "99999999999999999999998", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        for bad in ["", " ", "1 2", ":1", "a:1", "1:", "1-", "-1", "v1.0", "1.0_2", "1é", "2147483648:1", "1\0"] {
            assert!(compare(bad, "1").is_err(), "{bad:?}");
            assert!(compare("1", bad).is_err(), "{bad:?}");
            assert!(compare(bad, bad).is_err(), "{bad:?}");
        }
        assert!(check("2:1.0.4+git20190828.ff3d1d5-7.1").is_ok());
    }
}
