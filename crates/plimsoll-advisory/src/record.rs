//! Records: what one advisory says about one package of one namespace.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use plimsoll_version::{VersionError, apk, coerced, dpkg};

use crate::Rating;

/// Which ordering a namespace's versions follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// dpkg.
    Dpkg,
    /// apk.
    Apk,
    /// SemVer as OSV spells it.
    Coerced,
}

impl Scheme {
    /// The ordering of a namespace; `None` where there is none (yet): then nothing in it is decided.
    pub fn of(namespace: &str) -> Option<Self> {
        Some(match namespace.split(':').next().unwrap_or_default() {
            "debian" => Self::Dpkg,
            "alpine" => Self::Apk,
            "go" | "npm" | "cargo" => Self::Coerced,
            _ => return None,
        })
    }

    /// Name of the comparator, for explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Coerced => "semver",
        }
    }

    /// Orders two versions.
    ///
    /// # Errors
    /// If either is not a version of the scheme.
    pub fn compare(self, a: &str, b: &str) -> Result<Ordering, VersionError> {
        match self {
            Self::Dpkg => dpkg::compare(a, b),
            Self::Apk => apk::compare(a, b),
            Self::Coerced => coerced::compare(a, b),
        }
    }
}

/// What the source says about a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FixState {
    /// There is a fixed version.
    Fixed,
    /// Affected, and the source states no fix.
    NoFix,
    /// The vendor said it will not be fixed.
    WillNotFix,
    /// The package of this namespace is not affected.
    NotAffected,
}

impl FixState {
    /// Kebab-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NoFix => "no-fix",
            Self::WillNotFix => "will-not-fix",
            Self::NotAffected => "not-affected",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fixed, Self::NoFix, Self::WillNotFix, Self::NotAffected].into_iter().find(|s| s.name() == word)
    }
}

/// Where a range of affected versions ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Before this version.
    Fixed(String),
    /// With this version.
    LastAffected(String),
    /// It does not end.
    Open,
}

/// A range of affected versions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First affected version; `None` from the beginning.
    pub introduced: Option<String>,
    /// Its end.
    pub end: End,
}

impl Range {
    /// From the beginning until `fixed`.
    pub fn until(fixed: impl Into<String>) -> Self {
        Self { introduced: None, end: End::Fixed(fixed.into()) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(introduced) = &self.introduced {
            write!(f, "from {introduced} ")?;
        }
        match &self.end {
            End::Fixed(v) => write!(f, "fixed in {v}"),
            End::LastAffected(v) => write!(f, "up to and including {v}"),
            End::Open => f.write_str("affected, no fix stated"),
        }
    }
}

/// What one advisory says about one package of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `debian:12`, `alpine:v3.10`, `go`, `npm`, `cargo`.
    pub namespace: String,
    /// Package name; the source package in a distribution.
    pub package: String,
    /// The CVE where there is one, else the advisory's own id.
    pub id: String,
    /// Other ids of the same fault, sorted.
    pub aliases: Vec<String>,
    /// What the source says about a fix.
    pub state: FixState,
    /// Affected ranges, sorted; ORed with [`Record::versions`].
    pub ranges: Vec<Range>,
    /// Versions named one by one, sorted.
    pub versions: Vec<String>,
    /// Opinions on the severity, the most believed first.
    pub ratings: Vec<Rating>,
    /// It is in CISA's catalogue of exploited vulnerabilities.
    pub kev: bool,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// One line.
    pub summary: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
    /// What each source said, the deciding one first: `debian-oval: fixed in 1.2-3`.
    pub evidence: Vec<String>,
}

impl Record {
    /// A record that states nothing yet.
    pub fn new(namespace: impl Into<String>, package: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            package: package.into(),
            id: id.into(),
            aliases: Vec::new(),
            state: FixState::NoFix,
            ranges: Vec::new(),
            versions: Vec::new(),
            ratings: Vec::new(),
            kev: false,
            published: None,
            modified: None,
            summary: None,
            url: None,
            evidence: Vec::new(),
        }
    }

    /// The same record, fixed in `version` and affected from the beginning until then.
    #[must_use]
    pub fn fixed_in(mut self, version: impl Into<String>) -> Self {
        self.state = FixState::Fixed;
        self.ranges = vec![Range::until(version)];
        self
    }

    /// The same record, affected from the beginning with no end.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.state = FixState::NoFix;
        self.ranges = vec![Range { introduced: None, end: End::Open }];
        self
    }

    /// Key of the merge: one record of each is kept.
    pub(crate) fn key(&self) -> (&str, &str, &str) {
        (&self.namespace, &self.package, &self.id)
    }
}
