//! Alpine's ordering (apk-package(5), "Package version").
//!
//! A version is `number{.number}{letter}{_suffix{number}}{~hash}{-r#}`. It is read as a row of tokens; the first
//! difference decides. Where the kinds differ, a pre-release suffix is smaller, and otherwise the kind that could have
//! been followed by more is larger. As apk 2 does, digits may follow the letter (`1.9.5p2-r0` was published).

use std::cmp::Ordering;

use crate::{VersionError, number};

/// Token kinds; of two that differ, the smaller makes the larger version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    First,
    Number,
    Letter,
    AfterLetter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    /// The digits, letter, hash or suffix word.
    text: &'a [u8],
}

const SUFFIXES: [&[u8]; 9] = [b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const PRE_RELEASES: usize = 4;

fn suffix(word: &[u8]) -> Option<usize> {
    SUFFIXES.iter().position(|s| *s == word)
}

impl Token<'_> {
    fn is_pre_release(&self) -> bool {
        self.kind == Kind::Suffix && suffix(self.text).is_some_and(|s| s < PRE_RELEASES)
    }
}

/// Reads tokens off a version. Bytes that fit no token end it with an error.
struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    fn new(version: &'a str) -> Self {
        Self { rest: version.as_bytes(), last: None }
    }

    fn take(&mut self, kind: Kind, skip: usize, len: usize) -> Token<'a> {
        let text = &self.rest[skip..skip + len];
        self.rest = &self.rest[skip + len..];
        self.last = Some(kind);
        Token { kind, text }
    }

    fn next(&mut self) -> Result<Token<'a>, &'static str> {
        let digits_at = |skip: usize| self.rest.iter().skip(skip).take_while(|b| b.is_ascii_digit()).count();
        let Some(last) = self.last else {
            return match digits_at(0) {
                0 => Err("it does not start with a digit"),
                n => Ok(self.take(Kind::First, 0, n)),
            };
        };
        match self.rest.first() {
            None => Ok(self.take(Kind::End, 0, 0)),
            Some(b'.') if last <= Kind::Number => match digits_at(1) {
                0 => Err("a number is empty"),
                n => Ok(self.take(Kind::Number, 1, n)),
            },
            Some(b'a'..=b'z') if last <= Kind::Number => Ok(self.take(Kind::Letter, 0, 1)),
            Some(b'0'..=b'9') if last == Kind::Letter => Ok(self.take(Kind::AfterLetter, 0, digits_at(0))),
            Some(b'0'..=b'9') if last == Kind::Suffix => Ok(self.take(Kind::SuffixNumber, 0, digits_at(0))),
            Some(b'_') if last <= Kind::SuffixNumber => {
                let word = self.rest[1..].iter().take_while(|b| b.is_ascii_lowercase()).count();
                suffix(&self.rest[1..=word]).ok_or("its suffix is not one apk knows")?;
                Ok(self.take(Kind::Suffix, 1, word))
            }
            Some(b'~') if last < Kind::Hash => {
                match self.rest[1..].iter().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count() {
                    0 => Err("its commit hash is empty"),
                    n => Ok(self.take(Kind::Hash, 1, n)),
                }
            }
            Some(b'-') if last < Kind::Revision && self.rest.get(1) == Some(&b'r') => {
                Ok(self.take(Kind::Revision, 2, digits_at(2)))
            }
            Some(_) => Err("it holds something no version may hold there"),
        }
    }
}

/// Orders two apk versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    check(a)?;
    check(b)?;
    let (mut left, mut right) = (Tokens::new(a), Tokens::new(b));
    loop {
        let x = left.next().map_err(|why| VersionError::new("apk", a, why))?;
        let y = right.next().map_err(|why| VersionError::new("apk", b, why))?;
        let order = compare_tokens(x, y);
        if order != Ordering::Equal || x.kind == Kind::End {
            return Ok(order);
        }
    }
}

/// Whether `version` is an apk version.
///
/// # Errors
/// What is wrong with it.
pub fn check(version: &str) -> Result<(), VersionError> {
    VersionError::bounded("apk", version)?;
    let mut tokens = Tokens::new(version);
    while tokens.next().map_err(|why| VersionError::new("apk", version, why))?.kind != Kind::End {}
    Ok(())
}

fn compare_tokens(a: Token<'_>, b: Token<'_>) -> Ordering {
    if a.kind != b.kind {
        return match (a.is_pre_release(), b.is_pre_release()) {
            (true, _) => Ordering::Less,
            (_, true) => Ordering::Greater,
            _ => b.kind.cmp(&a.kind),
        };
    }
    match a.kind {
        // After a dot, numbers with a leading zero are fractions and compare as text.
        Kind::Number if a.text.first() == Some(&b'0') || b.text.first() == Some(&b'0') => a.text.cmp(b.text),
        Kind::Suffix => suffix(a.text).cmp(&suffix(b.text)),
        Kind::Letter | Kind::Hash => a.text.cmp(b.text),
        _ => number::compare(a.text, b.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn each_token_kind() {
        for (a, b, order) in [
            ("1.1.1d-r2", "1.1.1g-r0", Less),
            ("1.30.1-r3", "1.30.1-r5", Less),
            ("1.30.1-r5", "1.30.1-r5", Equal),
            ("1.2_rc1", "1.2", Less),
            ("1.2_p1", "1.2", Greater),
            ("1.2_alpha", "1.2_beta", Less),
            ("1.2_pre", "1.2_p", Less),
            ("1.2", "1.2.0", Less),
            ("1.2a", "1.2.1", Less),
            ("1.06", "1.6", Less),
            ("006", "6", Equal),
            ("1.9.5p2-r0", "1.9.5p1-r0", Greater),
            ("1.9.5p2-r0", "1.9.5p-r0", Greater),
            ("1.2_git20200101", "1.2_git20191231", Greater),
            ("1.2~abc-r1", "1.2~abc-r2", Less),
            ("20190108-r0", "20200601-r0", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_is_no_version_has_no_order() {
        for bad in [
            "",
            "a",
            ".1",
            "1.",
            "1..2",
            "1.2A",
            "1bc",
            "1_foo",
            "1_",
            "1-",
            "1-x1",
            "1-r1-r2",
            "1~",
            "4.8.0.-r1",
            "1-r1a",
            "1é",
        ] {
            assert!(compare(bad, "1").is_err(), "{bad:?}");
            assert!(compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
