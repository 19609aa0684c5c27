//! pacman's ordering (vercmp(8); `alpm_pkg_vercmp` of libalpm).
//!
//! A version is `[epoch:]version[-release]`. A part is runs of letters and runs of digits; what separates them counts by
//! its length. Where two rows first differ, a run of letters directly behind another run is smaller than the end
//! (`1.0rc < 1.0`), the end smaller than everything else, fewer separators smaller than more, and letters smaller than
//! digits.
//!
//! Two spellings have no order here. libalpm ignores a release that only one side has, by which `1-1 = 1 = 1-2`; such a
//! pair is undecidable where the rest is equal. And a part that ends in a separator is refused: libalpm makes
//! `1.1 < 1..a < 1. < 1.1` of it.

use std::cmp::Ordering;

use crate::{VersionError, number};

struct Parts<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

/// Orders two pacman versions.
///
/// # Errors
/// If either is not a version, or only a release that one of them lacks could tell them apart; then the order is
/// undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(a)?, parse(b)?);
    let order = number::compare(x.epoch, y.epoch).then_with(|| compare_part(x.version, y.version));
    match (order, x.release, y.release) {
        (Ordering::Equal, Some(p), Some(q)) => Ok(compare_part(p, q)),
        (Ordering::Equal, None, Some(_)) => {
            Err(VersionError::new("alpm", a, "it lacks the release that would tell the two apart"))
        }
        (Ordering::Equal, Some(_), None) => {
            Err(VersionError::new("alpm", b, "it lacks the release that would tell the two apart"))
        }
        _ => Ok(order),
    }
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("alpm", version)?;
    let fail = |why| Err(VersionError::new("alpm", version, why));
    if !version.bytes().all(|b| b.is_ascii_graphic() && b != b'/') {
        return fail("it holds a character that no version may hold");
    }
    let (digits, rest) = number::split(version.as_bytes());
    let (epoch, rest) = match rest.strip_prefix(b":") {
        Some(rest) => (digits, rest),
        None => (&digits[..0], version.as_bytes()),
    };
    let (version_part, release) = match rest.iter().rposition(|&b| b == b'-') {
        Some(dash) => (&rest[..dash], Some(&rest[dash + 1..])),
        None => (rest, None),
    };
    let ends_well = |part: &[u8]| part.last().is_some_and(u8::is_ascii_alphanumeric);
    if !ends_well(version_part) || !release.is_none_or(ends_well) {
        return fail("a part is empty or ends in a separator");
    }
    Ok(Parts { epoch, version: version_part, release })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Letters,
    Digits,
}

/// Where a token sorts before its text is looked at; the order of the variants is the ordering's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Letters that no separator divides from what stands before them.
    DirectLetters,
    End,
    /// Anything else: the number of separators, then the kind.
    Run(usize, Kind),
}

fn token(text: &[u8]) -> (Place, &[u8], &[u8]) {
    let separators = text.iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
    let text = &text[separators..];
    match (text.first(), separators) {
        (None, _) => (Place::End, text, text),
        (Some(b), _) if b.is_ascii_digit() => {
            let (run, rest) = number::split(text);
            (Place::Run(separators, Kind::Digits), run, rest)
        }
        (Some(_), n) => {
            let (run, rest) = number::split_letters(text);
            (if n == 0 { Place::DirectLetters } else { Place::Run(n, Kind::Letters) }, run, rest)
        }
    }
}

fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        let ((x, run_x, rest_x), (y, run_y, rest_y)) = (token(a), token(b));
        let order = x.cmp(&y).then_with(|| match x {
            Place::Run(_, Kind::Digits) => number::compare(run_x, run_y),
            _ => run_x.cmp(run_y),
        });
        if order != Ordering::Equal || x == Place::End {
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
    fn what_vercmp_says() {
        // vercmp(8), and libalpm's own test cases.
        let ordered =
            ["1.0a", "1.0b", "1.0beta", "1.0p", "1.0pre", "1.0rc", "1.0", "1.0.a", "1.0.1", "1.1", "1.1.1", "1.2"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
        for (a, b, order) in [
            ("1.5.0-1", "1.5.0-2", Less),
            ("1.5.1-1", "1.5.0-2", Greater),
            ("1.5.a", "1.5", Greater),
            ("1.5.b", "1.5.1", Less),
            ("2.0", "2_0", Equal),
            ("2.0", "2..0", Less),
            ("1:1.0-1", "2.0-1", Greater),
            ("0:1.0-1", "1.0-1", Equal),
            ("1.0-1", "1.1", Less),
            ("1:1.2.r3.g1a-1", "1:1.2.r12.g0b-1", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_has_no_order() {
        for bad in ["", "1.", "1.-1", "1-", "-1", "1:", "1 2", "1é", "1/2"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
        assert!(compare("1.0-1", "1.0").is_err() && compare("1.0", "1.0-1").is_err());
    }
}
