//! Questions about packages: `log4j-core<2.17`, `pkg:deb/debian/openssl@>=3.0,<3.0.15`.

use std::cmp::Ordering;

use plimsoll_version::VersionError;
use plimsoll_version::order;
use plimsoll_version::purl::Purl;

use crate::Package;

/// The longest question that is read.
const MAX_LEN: usize = 4096;

/// A question: a name or package URL, and what the version must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    name: Name,
    bounds: Vec<(Bound, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Plain(String),
    Purl { kind: String, namespace: Option<String>, name: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Below,
    AtMost,
    Above,
    AtLeast,
    Exactly,
    Not,
}

/// What a package is to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is not asked about.
    No,
    /// It is what was asked for.
    Yes,
    /// It has the name, and whether its version is in the range cannot be said. This is never a no.
    Undecided(String),
}

/// Why a question was refused; whoever asked it is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Nothing stands before the range.
    #[error("the question has no name: write NAME or a package URL, and a range such as <2.17 behind it")]
    Name,
    /// A bound has no version, or an unknown sign.
    #[error("'{0}' is not a bound: write <, <=, >, >=, = or != and a version; separate several by commas")]
    Bound(String),
    /// The package URL is malformed.
    #[error(transparent)]
    Purl(#[from] plimsoll_version::purl::PurlError),
    /// Longer than any real question.
    #[error("the question is longer than 4,096 bytes")]
    TooLong,
}

impl std::str::FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        if text.len() > MAX_LEN {
            return Err(QueryError::TooLong);
        }
        // Qualifiers of a package URL are no part of a question.
        let text = match text.starts_with("pkg:") {
            true => text.split('?').next().unwrap_or_default(),
            false => text,
        };
        let (head, range) = text.find(['<', '>', '=', '!']).map_or((text, ""), |at| text.split_at(at));
        let head = head.trim().trim_end_matches('@');
        let mut bounds = Vec::new();
        for part in range.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            bounds.push(bound(part).ok_or_else(|| QueryError::Bound(part.to_owned()))?);
        }
        if !head.starts_with("pkg:") {
            if head.is_empty() {
                return Err(QueryError::Name);
            }
            return Ok(Self { name: Name::Plain(head.to_owned()), bounds });
        }
        let purl: Purl = head.parse()?;
        if let Some(version) = purl.version() {
            bounds.push((Bound::Exactly, version.to_owned()));
        }
        let (kind, name) = (purl.kind().to_owned(), purl.name().to_owned());
        Ok(Self { name: Name::Purl { kind, namespace: purl.namespace(), name }, bounds })
    }
}

fn bound(part: &str) -> Option<(Bound, String)> {
    const SIGNS: [(&str, Bound); 7] = [
        ("<=", Bound::AtMost),
        (">=", Bound::AtLeast),
        ("!=", Bound::Not),
        ("==", Bound::Exactly),
        ("<", Bound::Below),
        (">", Bound::Above),
        ("=", Bound::Exactly),
    ];
    let (version, bound) = SIGNS.iter().find_map(|(sign, bound)| Some((part.strip_prefix(sign)?.trim(), *bound)))?;
    let plain = !version.is_empty() && !version.contains(['<', '>', '=', '!']);
    plain.then(|| (bound, version.to_owned()))
}

impl Query {
    /// What `package` is to this question. A plain name is compared, without regard to case, with the package's own name,
    /// its last part (`log4j-core` of `org.apache.logging.log4j:log4j-core`) and the name of its source package.
    pub fn ask(&self, package: &Package) -> Answer {
        let purl = package.purl.parse::<Purl>().ok();
        let Some(by_source) = self.names(package, purl.as_ref()) else { return Answer::No };
        if self.bounds.is_empty() {
            return Answer::Yes;
        }
        let version = if by_source { &package.source.version } else { &package.version };
        if version.is_empty() {
            return Answer::Undecided("its version is not known".to_owned());
        }
        let kind = purl.as_ref().map_or_else(|| package.ecosystem.purl_type(), Purl::kind);
        let mut undecided = None;
        for (bound, limit) in &self.bounds {
            match holds(kind, version, *bound, limit) {
                Ok(true) => {}
                Ok(false) => return Answer::No,
                Err(why) => undecided = Some(why),
            }
        }
        undecided.map_or(Answer::Yes, Answer::Undecided)
    }

    /// Whether the package is meant, and if so, whether only its source package is.
    fn names(&self, package: &Package, purl: Option<&Purl>) -> Option<bool> {
        match &self.name {
            Name::Plain(wanted) => {
                let own = package.name.as_str();
                let last = own.rsplit(['/', ':']).next().unwrap_or_default();
                if wanted.eq_ignore_ascii_case(own) || wanted.eq_ignore_ascii_case(last) {
                    return Some(false);
                }
                wanted.eq_ignore_ascii_case(&package.source.name).then_some(true)
            }
            Name::Purl { kind, namespace, name } => {
                let purl = purl?;
                let same_space = namespace.is_none() || *namespace == purl.namespace();
                (kind == purl.kind() && same_space && name == purl.name()).then_some(false)
            }
        }
    }
}

fn holds(kind: &str, version: &str, bound: Bound, limit: &str) -> Result<bool, String> {
    // What is equal to the letter is equal in every ordering.
    let ordering = if version == limit {
        Ordering::Equal
    } else {
        let compare = order::of(kind).ok_or_else(|| format!("no ordering is known for versions of type {kind}"))?;
        compare(version, limit).map_err(|e: VersionError| e.to_string())?
    };
    Ok(match bound {
        Bound::Below => ordering.is_lt(),
        Bound::AtMost => ordering.is_le(),
        Bound::Above => ordering.is_gt(),
        Bound::AtLeast => ordering.is_ge(),
        Bound::Exactly => ordering.is_eq(),
        Bound::Not => ordering.is_ne(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ecosystem, SourcePackage};

    fn package(ecosystem: Ecosystem, name: &str, version: &str, source: (&str, &str), purl: &str) -> Package {
        Package {
            ecosystem,
            name: name.into(),
            version: version.into(),
            source: SourcePackage { name: source.0.into(), version: source.1.into() },
            purl: purl.into(),
            ..Package::default()
        }
    }

    #[test]
    fn answers() {
        let ssl = package(
            Ecosystem::Deb,
            "libssl3",
            "3.0.15-1~deb12u1",
            ("openssl", "3.0.15-1~deb12u1"),
            "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64",
        );
        let log4j = package(
            Ecosystem::Maven,
            "org.apache.logging.log4j:log4j-core",
            "2.14.1",
            ("x", "2.14.1"),
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        );
        let yes = |query: &str, package: &Package| query.parse::<Query>().unwrap().ask(package) == Answer::Yes;
        assert!(yes("libssl3", &ssl) && yes("OpenSSL", &ssl) && yes("openssl<3.0.16", &ssl));
        assert!(yes("openssl >= 3, < 3.0.15-1", &ssl), "a tilde sorts before nothing");
        assert!(!yes("openssl<3", &ssl) && !yes("ssl", &ssl) && !yes("openssl!=3.0.15-1~deb12u1", &ssl));
        assert!(yes("log4j-core", &log4j) && yes("org.apache.logging.log4j:log4j-core=2.14.1", &log4j));
        assert!(yes("pkg:maven/org.apache.logging.log4j/log4j-core", &log4j));
        assert!(yes("pkg:maven/log4j-core@2.14.1", &log4j) && !yes("pkg:npm/log4j-core", &log4j));
        assert!(!yes("pkg:maven/org.other/log4j-core", &log4j));
        assert!(yes("pkg:deb/debian/libssl3@<4?arch=amd64", &ssl));
        assert!(yes("pkg:deb/debian/libssl3?arch=amd64", &ssl));
    }

    #[test]
    fn what_cannot_be_said_is_not_a_no() {
        let odd = package(Ecosystem::Other, "x", "1.x", ("x", "1.x"), "pkg:generic/x@1.x");
        let none = package(Ecosystem::Npm, "x", "", ("x", ""), "pkg:npm/x");
        for package in [&odd, &none] {
            assert!(matches!("x<2".parse::<Query>().unwrap().ask(package), Answer::Undecided(_)));
        }
        assert_eq!("x=1.x".parse::<Query>().unwrap().ask(&odd), Answer::Yes);
    }

    #[test]
    fn malformed_questions_are_refused() {
        for bad in ["", "<2", "a<", "a<<2", "a<=>1", "a!2", "pkg:", "pkg:npm", "pkg:npm/%zz"] {
            assert!(bad.parse::<Query>().is_err(), "{bad}");
        }
        assert!("x".repeat(5000).parse::<Query>().is_err());
    }
}
