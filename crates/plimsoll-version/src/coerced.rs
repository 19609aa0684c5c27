//! SemVer as OSV records spell it: coerced.
//!
//! A leading `v` or `go` is ignored, there may be any number of numeric parts of any size, missing parts are zero, build
//! metadata (`+…`) does not count. Pre-releases order as SemVer 2.0 clause 11 says.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// Orders two versions.
///
/// # Errors
/// If either has no leading number or an empty identifier; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(a)?, parse(b)?);
    Ok(compare_numbers(x.0, y.0).then_with(|| compare_pre(x.1, y.1)))
}

fn parse(version: &str) -> Result<(&str, Option<&str>), VersionError> {
    let fail = |why| Err(VersionError::new("semver", version, why));
    let text = version.strip_prefix("go").or_else(|| version.strip_prefix('v')).unwrap_or(version);
    let text = text.split_once('+').map_or(text, |(t, _)| t);
    let (core, pre) = text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)));
    if !core.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return fail("its numbers are not dot-separated digits");
    }
    let identifier = |i: &str| !i.is_empty() && i.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !pre.is_none_or(|p| p.split('.').all(identifier)) {
        return fail("its pre-release is not dot-separated identifiers");
    }
    Ok((core, pre))
}

fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = (a.next(), b.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let order = number::compare(x.unwrap_or("").as_bytes(), y.unwrap_or("").as_bytes());
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_pre(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none().cmp(&b.is_none()) };
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => compare_identifiers(x.as_bytes(), y.as_bytes()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_identifiers(a: &[u8], b: &[u8]) -> Ordering {
    let numeric = |t: &[u8]| t.iter().all(u8::is_ascii_digit);
    match (numeric(a), numeric(b)) {
        (true, true) => number::compare(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_11_and_osv_spellings() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ok(Ordering::Less), "{pair:?}");
        }
        assert_eq!(compare("v1.2", "1.2.0+incompatible"), Ok(Ordering::Equal));
        assert_eq!(compare("go1.21.4", "1.21.5"), Ok(Ordering::Less));
        assert_eq!(compare("1.1.3.4.5", "1.1.3.4"), Ok(Ordering::Greater));
        assert!(
            compare("(devel)", "1.0.0").is_err() && compare("1.0.0-", "1.0.0").is_err() && compare("", "1").is_err()
        );
    }
}
