//! Go's ordering (the Go modules reference, "Versions" and "Pseudo-versions"; `golang.org/x/mod/semver`; for toolchains
//! "Go toolchains", "Go versions").
//!
//! SemVer with or without the `v`. A pseudo-version's timestamp and revision are a pre-release, and order as one. The
//! standard library and the toolchain are versioned `go1.21rc2`, which the vulnerability database spells `1.21.0-rc.2`;
//! a toolchain's suffix (`go1.21.4-bigcorp`, `go1.21.4 X:boringcrypto`) does not count.

use std::cmp::Ordering;

use crate::{VersionError, coerced, number};

/// The pseudo-version that `go` writes where a replaced module has none.
const PLACEHOLDER: &str = "00010101000000-000000000000";

struct Parts<'a> {
    core: &'a str,
    /// Identifiers between dots, and the number behind a toolchain's `rc`.
    pre: Option<(&'a str, Option<&'a str>)>,
}

/// Orders two versions.
///
/// # Errors
/// If either is not a version (`(devel)`), or stands for an unknown one; then the order is undecidable.
pub fn compare(a: &str, b: &str) -> Result<Ordering, VersionError> {
    let (x, y) = (parse(a)?, parse(b)?);
    Ok(number::compare_padded(number::dotted(x.core), number::dotted(y.core)).then_with(|| match (x.pre, y.pre) {
        (Some((p, n)), Some((q, m))) => coerced::compare_rows(p.split('.').chain(n), q.split('.').chain(m)),
        (x, y) => x.is_none().cmp(&y.is_none()),
    }))
}

fn parse(version: &str) -> Result<Parts<'_>, VersionError> {
    VersionError::bounded("go", version)?;
    let fail = |why| Err(VersionError::new("go", version, why));
    let (text, pre) = match version.strip_prefix("go") {
        Some(toolchain) => (toolchain.split(['-', '+', ' ']).next().unwrap_or_default(), None),
        None => {
            let text = version.strip_prefix('v').unwrap_or(version);
            let text = text.split_once('+').map_or(text, |(t, _)| t);
            text.split_once('-').map_or((text, None), |(c, p)| (c, Some(p)))
        }
    };
    let letter = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (core, kind) = text.split_at(letter);
    if !core.split('.').all(number::is_digits) || core.split('.').count() > 3 {
        return fail("its numbers are not one to three dot-separated runs of digits");
    }
    if pre.is_some_and(|p| p.ends_with(PLACEHOLDER)) {
        return fail("it is the placeholder for a replaced module whose version is unknown");
    }
    let pre = match (kind, pre) {
        ("", Some(pre)) if !coerced::are_identifiers(pre) => {
            return fail("its pre-release is not dot-separated identifiers");
        }
        ("", pre) => pre.map(|p| (p, None)),
        (kind, None) => {
            let word =
                ["alpha", "beta", "rc"].into_iter().find(|w| kind.strip_prefix(w).is_some_and(number::is_digits));
            let Some(word) = word else {
                return fail("what follows its numbers is not alpha, beta or rc and a number");
            };
            Some((word, Some(&kind[word.len()..])))
        }
        (_, Some(_)) => return fail("letters stand among its numbers"),
    };
    Ok(Parts { core, pre })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Equal, Less};

    #[test]
    fn pseudo_versions_stand_where_their_commit_does() {
        let ordered = [
            "v0.0.0-20190101000000-aaaaaaaaaaaa",
            "v0.0.0-20220622213112-05595931fe9d",
            "v0.0.0",
            "v1.2.3-pre",
            "v1.2.3-pre.0.20200101000000-abcdefabcdef",
            "v1.2.3",
            "v1.2.4-0.20191109021931-daa7c04131f5",
            "v1.2.4-0.20201109021931-00a7c04131f5",
            "v1.2.4",
            "v2.0.0+incompatible",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), Ok(i.cmp(&j)), "{a} ? {b}");
                assert_eq!(compare(&a[1..], b), Ok(i.cmp(&j)), "{a} without v ? {b}");
            }
        }
    }

    #[test]
    fn toolchains() {
        for (a, b, order) in [
            ("go1.21rc2", "1.21.0-rc.2", Equal),
            ("go1.21rc2", "go1.21rc10", Less),
            ("go1.21beta1", "go1.21rc1", Less),
            ("go1.21rc2", "go1.21.0", Less),
            ("1.21.0-0", "go1.21beta1", Less),
            ("go1.20", "1.20.0", Equal),
            ("go1.9.2rc2", "go1.9.2", Less),
            ("go1.21.4-bigcorp", "go1.21.4", Equal),
            ("go1.21.4 X:boringcrypto", "1.21.4", Equal),
            ("v1.2.3+dirty", "v1.2.3", Equal),
        ] {
            assert_eq!(compare(a, b), Ok(order), "{a} ? {b}");
            assert_eq!(compare(b, a), Ok(order.reverse()), "{b} ? {a}");
        }
    }

    #[test]
    fn what_has_no_order() {
        for bad in [
            "",
            "(devel)",
            "devel",
            "devel go1.22-abcdef",
            "v",
            "go",
            "v1.2.3.4",
            "v1.2.x",
            "v1.2.3-",
            "go1.21foo1",
            "go1.21rc",
            "1.21rc1-a",
            "v0.0.0-00010101000000-000000000000",
            "master",
        ] {
            assert!(compare(bad, "1").is_err() && compare("1", bad).is_err(), "{bad:?}");
        }
    }
}
