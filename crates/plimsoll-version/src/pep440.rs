//! Python's ordering (PEP 440, "Version specifiers": appendix B's grammar and "Summary of permitted suffixes and relative
//! ordering").
//!
//! A version is `[epoch!]release[pre][post][dev][+local]`, in any of the spellings the grammar permits. Versions of the
//! time before PEP 440 (`0.1-bulbasaur`) have no order.

use std::cmp::Ordering;

use crate::{VersionError, number};

struct Parts<'a> {
    epoch: &'a [u8],
    release: &'a [u8],
    /// Which kind (alpha, beta, candidate), and its number.
    pre: Option<(u8, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

const PRE: [(&[u8], u8); 8] =
    [(b"alpha", 0), (b"beta", 1), (b"preview", 2), (b"pre", 2), (b"rc", 2), (b"a", 0), (b"b", 1), (b"c", 2)];
const POST: [(&[u8], u8); 3] = [(b"post", 0), (b"rev", 0), (b"r", 0)];
const DEV: [(&[u8], u8); 1] = [(b"dev", 0)];

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (a, b) = (parse(a)?, parse(b)?);
    Ok(number::compare(a.epoch, b.epoch)
        .then_with(|| number::compare_padded(a.release.split(|&b| b == b'.'), b.release.split(|&b| b == b'.')))
        .then_with(|| pre_rank(&a).cmp(&pre_rank(&b)))
        .then_with(|| compare_numbers(a.pre.map(|p| p.1), b.pre.map(|p| p.1)))
        .then_with(|| compare_numbers(a.post, b.post))
        .then_with(|| a.dev.is_none().cmp(&b.dev.is_none()))
        .then_with(|| compare_numbers(a.dev, b.dev))
        .then_with(|| compare_local(a.local, b.local)))
}

/// A development release of the version itself comes before its pre-releases, and those before the version.
fn pre_rank(parts: &Parts<'_>) -> u8 {
    match parts.pre {
        Some((kind, _)) => kind + 1,
        None if parts.post.is_none() && parts.dev.is_some() => 0,
        None => u8::MAX,
    }
}

fn compare_numbers(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    a.is_some().cmp(&b.is_some()).then_with(|| number::compare(a.unwrap_or_default(), b.unwrap_or_default()))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.')
}

fn compare_local(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_some().cmp(&b.is_some()) };
    let (mut a, mut b) = (a.split(|&b| is_separator(b)), b.split(|&b| is_separator(b)));
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => (x, y),
            (x, y) => return x.is_some().cmp(&y.is_some()),
        };
        let numeric = |t: &[u8]| t.iter().all(u8::is_ascii_digit);
        let order = match (numeric(x), numeric(y)) {
            (true, true) => number::compare(x, y),
            (false, false) => x.iter().map(u8::to_ascii_lowercase).cmp(y.iter().map(u8::to_ascii_lowercase)),
            (x, y) => x.cmp(&y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("pep440", version)?;
    let fail = |why| VersionError::new("pep440", version, why);
    let text = version.trim_ascii().as_bytes();
    let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
    let (digits, rest) = number::split(text);
    let (epoch, text) = match rest.strip_prefix(b"!") {
        Some(rest) if !digits.is_empty() => (digits, rest),
        _ => (&text[..0], text),
    };
    let (release, mut rest) = text.split_at(release_len(text));
    if release.is_empty() {
        return Err(fail("it does not start with a number"));
    }
    let pre = suffix(&mut rest, &PRE);
    let post = match rest {
        [b'-', b'0'..=b'9', ..] => {
            let (digits, after) = number::split(&rest[1..]);
            rest = after;
            Some(digits)
        }
        _ => suffix(&mut rest, &POST).map(|p| p.1),
    };
    let dev = suffix(&mut rest, &DEV).map(|d| d.1);
    let local = rest.strip_prefix(b"+");
    let is_local =
        |t: &[u8]| t.split(|&b| is_separator(b)).all(|p| !p.is_empty() && p.iter().all(u8::is_ascii_alphanumeric));
    match local {
        None if !rest.is_empty() => Err(fail("something no version may hold follows its release")),
        Some(local) if !is_local(local) => Err(fail("its local part is not letters and digits")),
        _ => Ok(Parts { epoch, release, pre, post, dev, local }),
    }
}

/// How many bytes the dot-separated numbers at the beginning are.
fn release_len(text: &[u8]) -> usize {
    let mut len = number::split(text).0.len();
    while len > 0 && text.get(len) == Some(&b'.') {
        match number::split(&text[len + 1..]).0.len() {
            0 => break,
            n => len += n + 1,
        }
    }
    len
}

/// Takes a suffix of one of `words` off `text`: `[-_.]word[-_.][number]`.
fn suffix<'a>(text: &mut &'a [u8], words: &[(&[u8], u8)]) -> Option<(u8, &'a [u8])> {
    let skip = |t: &'a [u8]| t.split_first().filter(|(b, _)| is_separator(**b)).map_or(t, |(_, rest)| rest);
    let body = skip(text);
    let starts = |word: &[u8]| body.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
    let (word, kind) = words.iter().find(|(word, _)| starts(word))?;
    let (digits, rest) = number::split(skip(&body[word.len()..]));
    *text = rest;
    Some((*kind, digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn the_order_of_suffixes() {
        let ordered = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
            }
        }
    }

    #[test]
    fn spellings() {
        for (a, b, order) in [
            ("1.0", "1.0.0", Equal),
            ("v1.0", "1", Equal),
            ("0!1", "1", Equal),
            ("1.0-ALPHA.1", "1.0a1", Equal),
            ("1.0c1", "1.0.preview_1", Equal),
            ("1.0-1", "1.0.post1", Equal),
            ("1.0.rev", "1.0.r0", Equal),
            ("1.0dev", "1.0.dev0", Equal),
            ("1.0+Ubuntu-1", "1.0+ubuntu.1", Equal),
            ("1.0+a", "1.0+1", Less),
            ("1.0+1", "1.0+1.0", Less),
            ("1.0.post1", "1.0+local", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
        for bad in [
            "",
            "a",
            "1.",
            "1..2",
            "1.0-foo",
            "0.1-bulbasaur",
            "1+",
            "1+a..b",
            "1!",
            "1.0+é",
            "1.0 1",
            "1.0.*",
            "2004d",
        ] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
