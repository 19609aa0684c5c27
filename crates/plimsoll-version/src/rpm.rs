//! rpm's ordering (rpm-version(7); `rpmvercmp` and `rpmverCmp` of rpm's `rpmio` and `lib`).
//!
//! A version is `[epoch:]version[-release]`. A part is read as a row of tokens, runs of letters and runs of digits, and
//! every other byte only separates. Where two rows first differ, `~` is smaller than the end, the end smaller than `^`,
//! that smaller than letters, and letters smaller than digits. No release is smaller than any.

use std::cmp::Ordering;

use crate::{VersionError, number};

struct Parts<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

/// A token; the order of the variants is the ordering's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Tilde,
    End,
    Caret,
    Letters,
    Digits,
}

/// Orders two rpm versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (a, b) = (parse(a)?, parse(b)?);
    Ok(number::compare(a.epoch, b.epoch).then_with(|| compare_part(a.version, b.version)).then_with(|| {
        match (a.release, b.release) {
            (Some(x), Some(y)) => compare_part(x, y),
            (x, y) => x.is_some().cmp(&y.is_some()),
        }
    }))
}

/// Whether `version` is one that rpm can order.
///
/// # Errors
/// What is wrong with it.
pub fn check(version: &str) -> Result<(), VersionError> {
    parse(version).map(drop)
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("rpm", version)?;
    let fail = |why| Err(VersionError::new("rpm", version, why));
    if version.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return fail("it holds a character that no version may hold");
    }
    // Only digits before a colon are an epoch; any other colon separates like a dot.
    let (digits, rest) = number::split(version.as_bytes());
    let (epoch, rest) = match rest.strip_prefix(b":") {
        Some(rest) => (digits, rest),
        None => (&digits[..0], version.as_bytes()),
    };
    if number::compare(epoch, b"4294967295") == Ordering::Greater {
        return fail("the epoch is too large");
    }
    let (version_part, release) = match rest.iter().rposition(|&b| b == b'-') {
        Some(dash) => (&rest[..dash], Some(&rest[dash + 1..])),
        None => (rest, None),
    };
    if version_part.is_empty() {
        return fail("the version before the release is empty");
    }
    Ok(Parts { epoch, version: version_part, release })
}

fn token(text: &[u8]) -> (Kind, &[u8], &[u8]) {
    let separates = |b: &u8| !b.is_ascii_alphanumeric() && !matches!(b, b'~' | b'^');
    let text = &text[text.iter().take_while(|b| separates(b)).count()..];
    match text.first() {
        None => (Kind::End, text, text),
        Some(b'~') => (Kind::Tilde, &text[..0], &text[1..]),
        Some(b'^') => (Kind::Caret, &text[..0], &text[1..]),
        Some(b) if b.is_ascii_digit() => {
            let (run, rest) = number::split(text);
            (Kind::Digits, run, rest)
        }
        Some(_) => {
            let (run, rest) = number::split_letters(text);
            (Kind::Letters, run, rest)
        }
    }
}

fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let ((x, run_x, rest_x), (y, run_y, rest_y)) = (token(a), token(b));
        let order = x.cmp(&y).then_with(|| match x {
            Kind::Digits => number::compare(run_x, run_y),
            _ => run_x.cmp(run_y),
        });
        if order != Ordering::Equal || x == Kind::End {
            return order;
        }
        (a, b) = (rest_x, rest_y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn each_rule() {
        for (a, b, order) in [
            ("1.0~rc1", "1.0", Less),
            ("1.0^git1", "1.0", Greater),
            ("1.0^git1", "1.0.1", Less),
            ("1.0^git1~pre", "1.0^git1", Less),
            ("1.0~rc1^git1", "1.0~rc1", Greater),
            ("2.0.1a", "2.0.1", Greater),
            ("6.0.rc1", "6.0", Greater),
            ("xyz.4", "8", Less),
            ("10.0001", "10.1", Equal),
            ("2_0", "2.0", Equal),
            ("1:1", "2", Greater),
            ("0:1", "1", Equal),
            ("1", "1-1", Less),
            ("5.14.0-427.13.1.el9_4", "5.14.0-427.9.1.el9_4", Greater),
            ("3.10.0-229.el7", "3.10.0-229.1.2.ael7b", Less),
            ("1.m+e2:1", "4.m+e1:1", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        let long = "1".repeat(1025);
        for bad in ["", "1:", "-1", "1:-1", "1 2", "1\n", "4294967296:1", "(none) ", long.as_str()] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
