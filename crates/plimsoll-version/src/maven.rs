//! Maven's ordering (the POM reference, "Version Order Specification"; `ComparableVersion` of Maven 3.9).
//!
//! A version is a row of tokens, numbers and qualifiers, split by dots, hyphens, and where digits and letters meet, which
//! reads as a hyphen. A dot before a qualifier reads as a hyphen too. Tokens that mean nothing (`0`, `ga`, `final`,
//! `release`, and what stands between two separators) are dropped before a hyphen and before the end.
//!
//! Where two rows first differ, the pre-release qualifiers are smallest (`alpha`, `beta`, `milestone`, `rc` or `cr`,
//! `snapshot`), then the end, `sp`, any other qualifier by its letters, a number behind a hyphen, and a number behind a
//! dot.
//!
//! `ComparableVersion` reads a dot before a qualifier as a hyphen only where a digit or the end follows, by which
//! `1-alpha < 1 < 1.redhat-1 < 1-alpha`. The specification makes no such difference, and is followed.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// What a token is; the order of the variants is the ordering's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Alpha,
    Beta,
    Milestone,
    Candidate,
    Snapshot,
    End,
    /// A qualifier that means nothing but has a number behind a dot after it.
    Release,
    ServicePack,
    Other,
    /// A number behind a hyphen.
    Section,
    /// A number behind a dot.
    Number,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a [u8],
}

impl Token<'_> {
    fn is_null(&self) -> bool {
        match self.kind {
            Kind::Release => true,
            Kind::Section | Kind::Number => self.text.iter().all(|&b| b == b'0'),
            _ => false,
        }
    }
}

fn qualifier(text: &[u8], before_digit: bool) -> Kind {
    const WORDS: [(&[u8], Kind); 10] = [
        (b"alpha", Kind::Alpha),
        (b"beta", Kind::Beta),
        (b"milestone", Kind::Milestone),
        (b"rc", Kind::Candidate),
        (b"cr", Kind::Candidate),
        (b"snapshot", Kind::Snapshot),
        (b"ga", Kind::Release),
        (b"final", Kind::Release),
        (b"release", Kind::Release),
        (b"sp", Kind::ServicePack),
    ];
    const LETTERS: [(&[u8], Kind); 3] = [(b"a", Kind::Alpha), (b"b", Kind::Beta), (b"m", Kind::Milestone)];
    let find = |words: &[(&[u8], Kind)]| words.iter().find(|(w, _)| w.eq_ignore_ascii_case(text)).map(|w| w.1);
    find(&WORDS).or_else(|| if before_digit { find(&LETTERS) } else { None }).unwrap_or(Kind::Other)
}

/// Reads all tokens off a version that was checked, those that mean nothing too.
#[derive(Clone)]
struct Raw<'a> {
    /// What is left, beginning with a separator unless it is the beginning or letters and digits meet there.
    rest: &'a [u8],
    begun: bool,
}

impl<'a> Raw<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let first = *self.rest.first()?;
        // A number at the beginning counts as one behind a dot.
        let (kind, text) = match (self.begun, first) {
            (false, _) => (Kind::Number, self.rest),
            (true, b'.') => (Kind::Number, &self.rest[1..]),
            (true, b'-') => (Kind::Section, &self.rest[1..]),
            (true, _) => (Kind::Section, self.rest),
        };
        self.begun = true;
        let (digits, after) = number::split(text);
        if !digits.is_empty() {
            self.rest = after;
            return Some(Token { kind, text: digits });
        }
        let ends = |b: &u8| matches!(b, b'.' | b'-') || b.is_ascii_digit();
        let (word, after) = text.split_at(text.iter().position(ends).unwrap_or(text.len()));
        self.rest = after;
        if word.is_empty() {
            return Some(Token { kind, text: b"0" });
        }
        Some(Token { kind: qualifier(word, after.first().is_some_and(u8::is_ascii_digit)), text: word })
    }
}

/// Reads the tokens that count.
struct Tokens<'a> {
    raw: Raw<'a>,
    /// How much of the version is left behind the number that makes the null tokens before it count.
    kept_until: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Token<'a> {
        loop {
            let Some(token) = self.raw.next() else { return Token { kind: Kind::End, text: b"" } };
            if !token.is_null() || self.raw.rest.len() > self.kept_until {
                return token;
            }
            // Null tokens count if a number that is not null is among the numbers behind dots that follow them.
            let (mut ahead, mut dropped) = (self.raw.clone(), self.raw.clone());
            while let Some(next) = ahead.next().filter(|t| t.kind == Kind::Number) {
                if !next.is_null() {
                    self.kept_until = ahead.rest.len();
                    return token;
                }
                dropped = ahead.clone();
            }
            self.raw = dropped;
        }
    }
}

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (mut a, mut b) = (tokens(a)?, tokens(b)?);
    loop {
        let (x, y) = (a.next(), b.next());
        let order = x.kind.cmp(&y.kind).then_with(|| match x.kind {
            Kind::Section | Kind::Number => number::compare(x.text, y.text),
            Kind::Other => x.text.iter().map(u8::to_ascii_lowercase).cmp(y.text.iter().map(u8::to_ascii_lowercase)),
            _ => Ordering::Equal,
        });
        if order != Ordering::Equal || x.kind == Kind::End {
            return Ok(order);
        }
    }
}

/// Maven orders any text. What holds a space, a bracket or a property is no version but a range or a template.
fn tokens(version: &str) -> Result<Tokens<'_>, VersionError> {
    VersionError::bounded("maven", version)?;
    let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'$' | b'{' | b'}' | b'[' | b']' | b'(' | b')' | b',');
    match version.bytes().all(legal) {
        true => Ok(Tokens { raw: Raw { rest: version.as_bytes(), begun: false }, kept_until: usize::MAX }),
        false => Err(VersionError::new("maven", version, "it holds a character that no version may hold")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn the_order_of_tokens() {
        let ordered = [
            "1-alpha",
            "1-alpha-2",
            "1-beta-1",
            "1-milestone-1",
            "1-rc1",
            "1-snapshot",
            "1",
            "1-sp",
            "1-a",
            "1-xyz",
            "1-1",
            "1-2",
            "1.0.1",
            "1.1-alpha",
            "1.1",
            "2-rc",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
    }

    #[test]
    fn spellings_and_what_means_nothing() {
        for (a, b, order) in [
            ("1.0.0", "1", Equal),
            ("1.ga", "1-final", Equal),
            ("4.1.0.Final", "4.1.0", Equal),
            ("4.1.0.CR1", "4.1.0.Final", Less),
            ("1.0.RC2", "1.0-rc2", Equal),
            ("1a1", "1-alpha-1", Equal),
            ("1-0.alpha", "1", Less),
            ("1x", "1.0.0-X", Equal),
            ("1-ga-1", "1-1", Equal),
            ("1-1.foo-bar-1-baz-0.1", "1-1.foo-bar1baz-.1", Equal),
            ("1.0-alpha-1-SNAPSHOT", "1.0-alpha-1", Less),
            ("2.0.1-xyz", "2.0.1-123", Less),
            ("1.0.x", "1-alpha", Greater),
            ("1.0.0.1", "1.0", Greater),
            ("1.0.1", "1.0.0.1", Greater),
            ("31.1-jre", "31.1-android", Greater),
            ("2.9.10.8", "2.9.10", Greater),
            ("Hoxton.SR1", "Hoxton.RELEASE", Greater),
            ("12345678901234567890.1", "1234567890.1", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn templates_and_ranges_have_no_order() {
        for bad in ["", "${project.version}", "[1.0,2.0)", "1 2", "1\n", "1é", "(,1]"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
