//! Conan's ordering (Conan 2, `conan.internal.model.version.Version`).
//!
//! A version is `items[-pre][+build]`, each of them items between dots without their trailing zeros. Numbers order by
//! value, other items as text, and of two rows that begin alike the shorter is smaller. A pre-release is smaller than
//! none, and no build smaller than any.
//!
//! Conan compares a number with a text, and two texts, by their characters, and so `2 < 10 < 1a < 2`. Items are therefore
//! decided only where that agrees with the value of the digits they begin with; that is an order, and decides `1.1.1` and
//! `1.1.1w`, but not `9` and `10a`.

use std::cmp::Ordering;

use crate::{VersionError, number};

struct Parts<'a> {
    items: &'a str,
    pre: Option<&'a str>,
    build: Option<&'a str>,
}

/// Orders two versions.
///
/// # Errors
/// If either is not a version, or Conan's own order of the two is not one; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(a)?, parse(b)?);
    let order = || {
        let mut order = compare_rows(x.items, y.items)?;
        if order.is_eq() {
            order = match (x.pre, y.pre) {
                (Some(p), Some(q)) => compare_rows(p, q)?,
                (p, q) => p.is_none().cmp(&q.is_none()),
            };
        }
        if order.is_eq() {
            order = match (x.build, y.build) {
                (Some(p), Some(q)) => compare_rows(p, q)?,
                (p, q) => p.is_some().cmp(&q.is_some()),
            };
        }
        Some(order)
    };
    order().ok_or_else(|| VersionError::new("conan", a, "Conan does not order it and the other consistently"))
}

fn compare_rows(a: &str, b: &str) -> Option<Ordering> {
    let (mut a, mut b) = (items(a), items(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Some(Ordering::Equal),
            (Some(x), Some(y)) => compare_items(x, y)?,
            (x, y) => x.is_some().cmp(&y.is_some()),
        };
        if order.is_ne() {
            return Some(order);
        }
    }
}

fn items(row: &str) -> impl Iterator<Item = &str> {
    let mut row = row;
    let zero = |item: &str| item.bytes().all(|b| b == b'0');
    while let Some((before, last)) = row.rsplit_once('.') {
        if !zero(last) {
            break;
        }
        row = before;
    }
    row.split('.').filter(move |_| row.contains('.') || !zero(row))
}

fn compare_items(a: &str, b: &str) -> Option<Ordering> {
    let ((digits_a, rest_a), (digits_b, rest_b)) = (number::split(a.as_bytes()), number::split(b.as_bytes()));
    let natural = digits_a
        .is_empty()
        .cmp(&digits_b.is_empty())
        .then_with(|| number::compare(digits_a, digits_b))
        .then_with(|| rest_a.cmp(rest_b));
    // A number is compared as Conan writes it, without leading zeros.
    let zeros = |item: &str, rest: &[u8]| {
        let zeros = item.bytes().take_while(|&b| b == b'0').count();
        if rest.is_empty() { zeros.min(item.len() - 1) } else { 0 }
    };
    let (text_a, text_b) = (&a[zeros(a, rest_a)..], &b[zeros(b, rest_b)..]);
    let conan = if rest_a.is_empty() && rest_b.is_empty() { natural } else { text_a.cmp(text_b) };
    (natural == conan).then_some(natural)
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("conan", version)?;
    let fail = |why| Err(VersionError::new("conan", version, why));
    let (text, build) = version.rsplit_once('+').map_or((version, None), |(t, b)| (t, Some(b)));
    let (items, pre) = text.split_once('-').map_or((text, None), |(i, p)| (i, Some(p)));
    // Python's `int` reads `1_0` as ten and `-1` as a number below zero.
    let is_item = |i: &str| {
        i.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            && !i.starts_with('-')
            && i.bytes().any(|b| b.is_ascii_alphanumeric())
            && (!i.contains('_') || i.bytes().any(|b| b.is_ascii_alphabetic()))
    };
    let is_row = |row: &str| row.split('.').all(is_item);
    if !is_row(items) || !pre.is_none_or(is_row) || !build.is_none_or(is_row) {
        return fail("it is not dot-separated letters and digits");
    }
    Ok(Parts { items, pre, build })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn what_conan_says() {
        for (a, b, order) in [
            ("1.0", "1", Equal),
            ("0.0", "0", Equal),
            ("1.2", "1.10", Less),
            ("1.1.1", "1.1.1w", Less),
            ("1.1.1t", "1.1.1w", Less),
            ("1.0-rc1", "1.0", Less),
            ("1.0-rc.2", "1.0-rc.10", Less),
            ("1.0", "1.0+1", Less),
            ("1.0+2", "1.0+10", Less),
            ("1.0-a+1", "1.0", Less),
            ("cci.20200101", "1.2.3", Greater),
            ("cci.20200101", "cci.20210101", Less),
            ("2", "10", Less),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_has_no_order() {
        for bad in ["", ".", "1.", "1-", "1+", "1_0", "1--1", "1 0", "1é", "1.0+a+b", "[>1 <2]"] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
        assert!(compare("9", "10a").is_err() && compare("10a", "9").is_err());
        assert!(compare("9b", "10a").is_err());
        // Conan reads `01` as 1, and `01a` as a text below it.
        assert!(compare("01", "01a").is_err());
    }
}
