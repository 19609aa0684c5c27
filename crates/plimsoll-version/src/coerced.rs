//! SemVer as OSV records spell it: coerced.
//!
//! A leading `v` or `go` is ignored, there may be any number of numeric parts of any size, missing parts are zero, build
//! metadata (`+…`) does not count. Pre-releases order as SemVer 2.0 clause 11 says.

use std::cmp::Ordering;

use crate::{VersionError, number};

/// A version taken apart. The build metadata is not checked here: most orderings ignore it.
pub(crate) struct Parts<'a> {
    pub(crate) core: &'a str,
    pub(crate) pre: Option<&'a str>,
    pub(crate) build: Option<&'a str>,
}

/// Orders two versions.
///
/// # Errors
/// If either has no leading number or an empty identifier; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse("semver", a)?, parse("semver", b)?);
    Ok(compare_parts(&x, &y))
}

pub(crate) fn parse<'a>(scheme: &'static str, version: &'a str) -> Result<Parts<'a>, VersionError> {
    VersionError::bounded(scheme, version)?;
    let fail = |why| Err(VersionError::new(scheme, version, why));
    let text = version.strip_prefix("go").or_else(|| version.strip_prefix('v')).unwrap_or(version);
    let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)));
    if !core.split('.').all(number::is_digits) {
        return fail("its numbers are not dot-separated digits");
    }
    if !pre.is_none_or(are_identifiers) {
        return fail("its pre-release is not dot-separated identifiers");
    }
    Ok(Parts { core, pre, build })
}

/// Whether `text` is dot-separated identifiers of letters, digits and hyphens.
pub(crate) fn are_identifiers(text: &str) -> bool {
    text.split('.').all(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// Orders numbers and pre-releases, without build metadata.
pub(crate) fn compare_parts(a: &Parts<'_>, b: &Parts<'_>) -> Ordering {
    number::compare_padded(number::dotted(a.core), number::dotted(b.core)).then_with(|| match (a.pre, b.pre) {
        (Some(x), Some(y)) => compare_rows(x.split('.'), y.split('.')),
        (x, y) => x.is_none().cmp(&y.is_none()),
    })
}

/// Orders rows of identifiers as clause 11.4 says.
pub(crate) fn compare_rows<'a>(mut a: impl Iterator<Item = &'a str>, mut b: impl Iterator<Item = &'a str>) -> Ordering {
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

/// Orders versions whose build metadata counts: none is smaller than any, and two order like pre-releases.
pub(crate) fn compare_built(scheme: &'static str, a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(scheme, a)?, parse(scheme, b)?);
    for (version, parts) in [(a, &x), (b, &y)] {
        if !parts.build.is_none_or(are_identifiers) {
            return Err(VersionError::new(scheme, version, "its build metadata is not dot-separated identifiers"));
        }
    }
    Ok(compare_parts(&x, &y).then_with(|| match (x.build, y.build) {
        (Some(x), Some(y)) => compare_rows(x.split('.'), y.split('.')),
        (x, y) => x.is_some().cmp(&y.is_some()),
    }))
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
