//! Packagist's ordering (Composer: `Composer\Semver\VersionParser::normalize`, then PHP's `version_compare`).
//!
//! The leading numbers are padded to four with zeros. Where two rows of words and numbers first differ, `dev` is smaller
//! than `alpha` (`a`), that than `beta` (`b`), that than `rc`, that than the end, the end than a number, and a number
//! smaller than `patch` (`pl`, `p`). `stable` says nothing, and neither does what follows a `+`.
//!
//! A branch (`dev-main`, `1.0.x-dev`) has no order: what it holds changes. Composer agrees for `dev-main`, and takes the
//! other for newer than every release of its line, which would call unknown code fixed.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// Where a token sorts; the order of the variants is the ordering's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Dev,
    Alpha,
    Beta,
    Candidate,
    End,
    Number,
    Patch,
}

/// How many numbers Composer gives every version.
const NUMBERS: usize = 4;

/// Orders two versions.
///
/// # Errors
/// If either is a branch or not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (mut a, mut b) = (Tokens::new(parse(a)?), Tokens::new(parse(b)?));
    loop {
        let ((x, digits_x), (y, digits_y)) = (a.next(), b.next());
        let order = x.cmp(&y).then_with(|| number::compare(digits_x, digits_y));
        if order != Ordering::Equal || x == Kind::End {
            return Ok(order);
        }
    }
}

/// Reads tokens off a version that was checked.
struct Tokens<'a> {
    rest: &'a [u8],
    numbers: usize,
}

impl<'a> Tokens<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, numbers: 0 }
    }

    fn next(&mut self) -> (Kind, &'a [u8]) {
        loop {
            let text = self.rest.split_first().filter(|(b, _)| is_separator(**b)).map_or(self.rest, |(_, rest)| rest);
            let (digits, rest) = number::split(text);
            if !digits.is_empty() {
                self.rest = rest;
                self.numbers += 1;
                return (Kind::Number, digits);
            }
            if self.numbers < NUMBERS {
                self.numbers += 1;
                return (Kind::Number, b"0");
            }
            if text.is_empty() {
                return (Kind::End, text);
            }
            let (letters, rest) = number::split_letters(text);
            self.rest = rest;
            if let Some(Some(kind)) = word(letters) {
                // From here on a number is no longer one of the four.
                return (kind, b"");
            }
        }
    }
}

/// What a word means: `Some(None)` for `stable`, which means nothing, and `None` if it is not known.
fn word(letters: &[u8]) -> Option<Option<Kind>> {
    const WORDS: [(&[u8], Option<Kind>); 10] = [
        (b"dev", Some(Kind::Dev)),
        (b"alpha", Some(Kind::Alpha)),
        (b"a", Some(Kind::Alpha)),
        (b"beta", Some(Kind::Beta)),
        (b"b", Some(Kind::Beta)),
        (b"rc", Some(Kind::Candidate)),
        (b"patch", Some(Kind::Patch)),
        (b"pl", Some(Kind::Patch)),
        (b"p", Some(Kind::Patch)),
        (b"stable", None),
    ];
    WORDS.iter().find(|(name, _)| letters.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

/// What is compared of a version: without the `v` and without build metadata.
fn parse(version: &str) -> Result<&[u8], VersionError> {
    VersionError::bounded("composer", version)?;
    let fail = |why| Err(VersionError::new("composer", version, why));
    if version.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("dev-")) {
        return fail("it is a branch, whose content changes");
    }
    let text = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let text = text.split_once('+').map_or(text, |(t, _)| t).as_bytes();
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return fail("it does not start with a number");
    }
    let mut rest = text;
    while let Some(first) = rest.first() {
        rest = match first {
            b'0'..=b'9' => number::split(rest).1,
            b if b.is_ascii_alphabetic() => {
                let (letters, after) = number::split_letters(rest);
                if matches!(letters, b"x" | b"X") {
                    return fail("it is a branch, whose content changes");
                }
                if word(letters).is_none() {
                    return fail("it holds a word that is no stability");
                }
                after
            }
            b if is_separator(*b) && rest.get(1).is_some_and(u8::is_ascii_alphanumeric) => &rest[1..],
            _ => return fail("it holds something no version may hold there"),
        };
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn stabilities_in_their_order() {
        let ordered =
            ["1.0-dev", "1.0a1", "1.0b1", "1.0RC1", "1.0RC2", "1.0", "1.0p1", "1.0pl2", "1.0.0.1", "1.0.1-dev"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
        for (a, b, order) in [
            ("1.0", "v1.0.0.0", Equal),
            ("1.0.0-patch1", "1.0pl1", Equal),
            ("1.0.0.rc2", "1.0.0rc2", Equal),
            ("1.25.0-beta2.1", "1.25.0-b.2.1", Equal),
            ("1.0-stable", "1.0", Equal),
            ("1.0.0+build.5", "1.0.0", Equal),
            ("1.0-beta1-dev", "1.0-beta1", Less),
            ("1.0-beta", "1.0-beta1", Less),
            ("10", "9.99", Greater),
            ("20100102", "20100102.1", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn branches_and_other_words_have_no_order() {
        for bad in [
            "",
            "v",
            "dev-main",
            "DEV-main",
            "1.0.x-dev",
            "1.x",
            "1.0-foo",
            "1.",
            "1..2",
            "1.0-",
            "1.2.3.#",
            "^1.0",
            "1.0 dev",
            "1.0é",
            "master",
        ] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
