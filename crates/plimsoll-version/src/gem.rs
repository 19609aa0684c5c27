//! RubyGems' ordering (`Gem::Version`).
//!
//! A version is runs of digits and runs of letters. Letters are smaller than any number, and what is missing is zero, so
//! `1.0.a < 1.0`. Zeros before the first letters do not count: `1.0.a = 1.a`. A hyphen reads as `.pre.`.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// A segment; letters order before numbers.
enum Segment<'a> {
    Letters(&'a [u8]),
    Number(&'a [u8]),
}

/// Reads segments off a version that was checked.
struct Segments<'a> {
    /// The numbers before the first letters or hyphen, without trailing zeros.
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Segments<'a> {
    fn new(version: &'a str) -> Result<Self, VersionError> {
        check(version)?;
        let text = version.as_bytes();
        let end = text.iter().position(|&b| b == b'-' || b.is_ascii_alphabetic()).unwrap_or(text.len());
        let (mut head, tail) = text.split_at(end);
        loop {
            head = head.strip_suffix(b".").unwrap_or(head);
            let digits = head.iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let (before, last) = head.split_at(head.len() - digits);
            if last.is_empty() || last.iter().any(|&b| b != b'0') {
                return Ok(Self { head, tail });
            }
            head = before;
        }
    }

    fn next(&mut self) -> Option<Segment<'a>> {
        let text = if self.head.is_empty() { &mut self.tail } else { &mut self.head };
        let dots = text.iter().take_while(|&&b| b == b'.').count();
        *text = &text[dots..];
        let first = *text.first()?;
        let (segment, rest) = if first == b'-' {
            (Segment::Letters(b"pre"), &text[1..])
        } else if first.is_ascii_digit() {
            let (run, rest) = number::split(text);
            (Segment::Number(run), rest)
        } else {
            let (run, rest) = number::split_letters(text);
            (Segment::Letters(run), rest)
        };
        *text = rest;
        Some(segment)
    }
}

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (mut a, mut b) = (Segments::new(a)?, Segments::new(b)?);
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ok(Ordering::Equal);
        }
        let order = match (x.unwrap_or(Segment::Number(b"")), y.unwrap_or(Segment::Number(b""))) {
            (Segment::Letters(x), Segment::Letters(y)) => x.cmp(y),
            (Segment::Number(x), Segment::Number(y)) => number::compare(x, y),
            (Segment::Letters(_), Segment::Number(_)) => Ordering::Less,
            (Segment::Number(_), Segment::Letters(_)) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}

fn check(version: &str) -> Result<(), VersionError> {
    VersionError::bounded("gem", version)?;
    let fail = |why| Err(VersionError::new("gem", version, why));
    if !version.as_bytes()[0].is_ascii_digit() {
        return fail("it does not start with a digit");
    }
    let (release, pre) = version.split_once('-').map_or((version, None), |(r, p)| (r, Some(p)));
    let is_segment = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric());
    if !release.split('.').all(is_segment) {
        return fail("it is not dot-separated letters and digits");
    }
    let is_pre_segment = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !pre.is_none_or(|p| p.split('.').all(is_pre_segment)) {
        return fail("what follows its hyphen is not dot-separated letters, digits and hyphens");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn letters_are_below_zero() {
        for (a, b, order) in [
            ("1.0", "1", Equal),
            ("1.0.a", "1.0", Less),
            ("1.0.a", "1.a", Equal),
            ("1.0.a2", "1.0.a.2", Equal),
            ("1.0.a9", "1.0.a10", Less),
            ("1.0.b1", "1.0.a.2", Greater),
            ("1.0.rc1", "1.0.0", Less),
            ("1.0.1.a", "1.a", Greater),
            ("1.a.0", "1.a", Equal),
            ("1.0-1", "1.0.pre.1", Equal),
            ("1.0-1", "1.0", Less),
            ("3.10", "3.2", Greater),
            ("0.0.0", "0", Equal),
            ("10.0", "1", Greater),
            ("5.2.4.3", "5.2.4.3.rc1", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        for bad in ["", "a", ".1", "1.", "1..2", "1.0_1", "1-", "1-a..b", "1+1", "1é", " 1"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
