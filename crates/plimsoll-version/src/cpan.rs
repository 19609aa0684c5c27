//! Perl's ordering (version.pm, "Declaring versions" and "Comparing versions").
//!
//! A decimal version's digits behind the point are read in groups of three (`1.5` is `v1.500`); with a `v` or two dots it
//! is numbers between dots. Missing numbers are zero. The underscore of a developer release does not count in a decimal
//! version; in dotted ones its meaning changed between versions of version.pm, and they have no order.

use std::cmp::Ordering;

use crate::{VersionError, number};

enum Parts<'a> {
    Dotted(std::str::Split<'a, char>),
    /// The number before the point until it was read, and the digits behind that are left.
    Decimal(Option<&'a str>, std::str::Bytes<'a>),
}

impl Iterator for Parts<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            // `parse` saw that each fits.
            Self::Dotted(parts) => parts.next().map(|p| p.parse().unwrap_or(u32::MAX)),
            Self::Decimal(whole, digits) => {
                if let Some(whole) = whole.take() {
                    return Some(whole.parse().unwrap_or(u32::MAX));
                }
                let mut digits = digits.by_ref().filter(|&b| b != b'_').map(|b| u32::from(b - b'0'));
                let first = digits.next()?;
                Some(first * 100 + digits.next().unwrap_or(0) * 10 + digits.next().unwrap_or(0))
            }
        }
    }
}

/// Orders two versions.
///
/// # Errors
/// If either is not a version; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (mut a, mut b) = (parse(a)?, parse(b)?);
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ok(Ordering::Equal);
        }
        let order = x.unwrap_or(0).cmp(&y.unwrap_or(0));
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("cpan", version)?;
    let fail = |why| Err(VersionError::new("cpan", version, why));
    // version.pm keeps its numbers in 32 bits.
    let fits = |n: &str| number::is_digits(n) && n.parse::<i32>().is_ok();
    let (text, is_dotted) = match version.strip_prefix('v') {
        Some(text) => (text, true),
        None => (version, version.matches('.').count() > 1),
    };
    if is_dotted {
        return match text.split('.').all(fits) {
            true => Ok(Parts::Dotted(text.split('.'))),
            false => fail("it is not numbers between dots"),
        };
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !fits(whole) || !fraction.split('_').all(number::is_digits) || fraction.matches('_').count() > 1 {
        return fail("it is not a decimal number");
    }
    Ok(Parts::Decimal(Some(whole), fraction.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Greater, Less};

    #[test]
    fn decimals_and_dots() {
        for (a, b, order) in [
            ("1.5", "1.50", Equal),
            ("1.5", "1.10", Greater),
            ("1.002003", "v1.2.3", Equal),
            ("1.2.3", "v1.2.3", Equal),
            ("v1.2", "1.2", Less),
            ("v1.2", "1.2.0", Equal),
            ("1.02_03", "1.0203", Equal),
            ("v1.10", "v1.9", Greater),
            ("2", "1.999999", Greater),
            ("5.036001", "5.36.1", Equal),
            ("0.0000001", "0", Greater),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
        for bad in ["", "v", "1.", ".5", "1.a", "v1.2_3", "1.2.3_4", "1_2", "1.0-TRIAL", "99999999999", "undef", "1._2"]
        {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
