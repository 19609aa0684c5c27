//! Matching a catalogue against an index.
//!
//! A distribution package is looked up by its *source* name and compared by its *source* version: advisories speak of
//! sources, and a binary may carry a version of its own (binNMUs, differing epochs).

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use plimsoll_catalog::{Catalog, Distro, Ecosystem, Package, Problem};

use crate::index::RecordRef;
use crate::{FixState, Index, Rating, Scheme, Severity};

/// What is known about the release the image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistroStatus {
    /// The image holds no packages of a distribution.
    NotNeeded,
    /// It gets regular security support (or rolls).
    Supported {
        /// `debian:12`.
        namespace: String,
    },
    /// Regular support has ended; free long-term support goes on.
    LongTerm {
        /// `debian:12`.
        namespace: String,
        /// Last day of long-term support.
        until: Date,
    },
    /// Nobody fixes it any more: that nothing is found means nothing.
    EndOfLife {
        /// `alpine:v3.10`.
        namespace: String,
        /// Last day of support.
        since: Date,
    },
    /// The index holds advisories but does not say how long the release is looked after.
    LifetimeUnknown {
        /// `alpine:v3.99`.
        namespace: String,
    },
    /// The index holds no advisory on the release.
    NotInIndex {
        /// `debian:99`.
        namespace: String,
    },
    /// The image does not say which distribution it is, or plimsoll does not know it.
    Unknown {
        /// What is missing or not known.
        why: String,
    },
}

/// One package affected by one vulnerability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vulnerability {
    /// The CVE where there is one, else the advisory's own id.
    pub id: String,
    /// Other ids of the same fault, sorted.
    pub aliases: Vec<String>,
    /// Binary package name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
    /// Its package URL.
    pub purl: String,
    /// Source package name: what was looked up.
    pub source_name: String,
    /// Source package version: what was compared.
    pub source_version: String,
    /// Where it was looked up: `debian:12`.
    pub namespace: String,
    /// What the source says about a fix.
    pub state: FixState,
    /// The smallest version that fixes it, in the source package's numbering.
    pub fixed: Option<String>,
    /// Opinions on the severity, the most believed first.
    pub ratings: Vec<Rating>,
    /// It is in CISA's catalogue of exploited vulnerabilities.
    pub kev: bool,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When the record was last changed.
    pub modified: Option<Timestamp>,
    /// One line.
    pub summary: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
    /// The comparison that decided: `dpkg: zlib 1.2 < 1.3 (fixed)`.
    pub comparison: String,
    /// What each source said, the deciding one first.
    pub evidence: Vec<String>,
    /// Index of the layer that last changed the package.
    pub layer: u32,
}

impl Vulnerability {
    /// The severity: the most believed opinion, `Unknown` if there is none.
    pub fn severity(&self) -> Severity {
        self.ratings.first().map_or(Severity::Unknown, |r| r.severity)
    }

    /// The most believed opinion.
    pub fn rating(&self) -> Option<&Rating> {
        self.ratings.first()
    }

    /// The gravest opinion, if it is graver than the most believed one.
    pub fn graver(&self) -> Option<&Rating> {
        let gravest = self.ratings.iter().max_by_key(|r| r.severity as u8)?;
        (gravest.severity as u8 > self.severity() as u8).then_some(gravest)
    }
}

/// A record that could not be compared with a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecidable {
    /// Binary package name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Source package name.
    pub source_name: String,
    /// The record's id.
    pub id: String,
    /// Why.
    pub why: String,
}

/// Kernel headers: data for compilers, not code that runs. Their kernel's vulnerabilities are counted and not listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelHeaders {
    /// Binary package name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// How many vulnerabilities of the kernel its version has.
    pub count: usize,
}

/// The result of matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// The release.
    pub distro: DistroStatus,
    /// Packages that were looked up.
    pub examined: usize,
    /// Packages that could not be, counted by kind.
    pub not_examined: BTreeMap<String, usize>,
    /// Sorted by package, version, architecture, id.
    pub vulnerabilities: Vec<Vulnerability>,
    /// What could not be decided, sorted.
    pub undecidable: Vec<Undecidable>,
    /// Kernel headers, sorted.
    pub kernel_headers: Vec<KernelHeaders>,
    /// Package records that could not be read: what they speak of was not looked up.
    pub unreadable: Vec<Problem>,
}

/// Matches `catalog` against `index`. `now` decides what has reached its end of life.
pub fn match_catalog(catalog: &Catalog, index: &Index<'_>, now: Timestamp) -> Matches {
    let native = catalog.packages.iter().any(|p| p.ecosystem.is_system());
    let (distro, namespace) = match (native, namespace(catalog.distro.as_ref())) {
        (false, _) => (DistroStatus::NotNeeded, None),
        (true, Ok(namespace)) => (status(&namespace, index, now), Some(namespace)),
        (true, Err(why)) => (DistroStatus::Unknown { why }, None),
    };
    let mut matches = Matches {
        distro,
        examined: 0,
        not_examined: BTreeMap::new(),
        vulnerabilities: Vec::new(),
        undecidable: Vec::new(),
        kernel_headers: Vec::new(),
        unreadable: catalog.problems.iter().filter(|p| may_hide_packages(&p.path)).cloned().collect(),
    };
    let known = namespace.filter(|n| index.knows(n));
    for package in &catalog.packages {
        // What a distribution packaged is that distribution's to judge, for it backports fixes without a new version:
        // but only where its advisories are known, and it is counted. Of another owner (conda) nothing is known.
        if known.is_some() && !package.owners.is_empty() && package.owners.iter().all(|o| is_distribution(o)) {
            let kind = format!("{} of the distribution's packages", package.ecosystem.name());
            *matches.not_examined.entry(kind).or_default() += 1;
            continue;
        }
        match target(package, known.as_deref(), index) {
            Ok((namespace, scheme, name)) => {
                matches.examined += 1;
                examine(&mut matches, package, index, &namespace, scheme, &name);
            }
            Err(kind) => *matches.not_examined.entry(kind).or_default() += 1,
        }
    }
    matches
        .vulnerabilities
        .sort_by(|a, b| (&a.package, &a.version, &a.arch, &a.id).cmp(&(&b.package, &b.version, &b.arch, &b.id)));
    matches.undecidable.sort_unstable();
    matches.undecidable.dedup();
    matches.kernel_headers.sort_unstable();
    matches
}

/// Whether a package URL is of a distribution whose advisories are read.
fn is_distribution(purl: &str) -> bool {
    purl.starts_with("pkg:deb/") || purl.starts_with("pkg:apk/")
}

/// Whether what is wrong with this evidence may hide a package. Licences and lists of owned files name none, and a
/// distribution that is not known is told by itself.
fn may_hide_packages(path: &str) -> bool {
    !["/copyright", ".list", ".md5sums", "/os-release"].iter().any(|end| path.ends_with(end))
}

/// The namespace of a release: Debian by `VERSION_ID`, Alpine by major and minor.
fn namespace(distro: Option<&Distro>) -> Result<String, String> {
    let distro = distro.ok_or("the image has no os-release: its distribution is not known")?;
    let version = distro.version_id.as_str();
    match distro.id.as_str() {
        "debian" if version.is_empty() => {
            Err("the image is a Debian without VERSION_ID (testing or unstable): no advisories are kept for it"
                .to_owned())
        }
        "debian" => Ok(format!("debian:{version}")),
        "alpine" if version.contains("_alpha") => Ok("alpine:edge".to_owned()),
        "alpine" => match version.split('.').collect::<Vec<_>>()[..] {
            [major, minor, ..] if !major.is_empty() && !minor.is_empty() => Ok(format!("alpine:v{major}.{minor}")),
            _ => Err(format!("the Alpine release '{}' has no major and minor number", version.escape_debug())),
        },
        other => Err(format!("no advisories are read for the distribution '{}'", other.escape_debug())),
    }
}

fn status(namespace: &str, index: &Index<'_>, now: Timestamp) -> DistroStatus {
    let namespace = namespace.to_owned();
    if !index.knows(&namespace) {
        return DistroStatus::NotInIndex { namespace };
    }
    if namespace == "alpine:edge" {
        return DistroStatus::Supported { namespace };
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    let lifetime = index.lifetimes().find(|l| l.namespace == namespace);
    match lifetime.map(|l| (l.regular, l.end())) {
        Some((_, Some(end))) if end < today => DistroStatus::EndOfLife { namespace, since: end },
        Some((Some(regular), _)) if today <= regular => DistroStatus::Supported { namespace },
        Some((_, Some(end))) => DistroStatus::LongTerm { namespace, until: end },
        // A release that is out without an announced end (Debian testing), or one nobody told the index about.
        Some((_, None)) | None => DistroStatus::LifetimeUnknown { namespace },
    }
}

/// Where a package is looked up, under which name; or the kind it is counted under if it is not.
fn target(package: &Package, release: Option<&str>, index: &Index<'_>) -> Result<(String, Scheme, String), String> {
    let native = |kind: &str, family: &str| {
        let namespace = release.filter(|n| n.split(':').next() == Some(family)).ok_or_else(|| kind.to_owned())?;
        let scheme = Scheme::of(namespace).ok_or_else(|| kind.to_owned())?;
        Ok((namespace.to_owned(), scheme, package.source.name.clone()))
    };
    match package.ecosystem {
        Ecosystem::Deb => native("deb", "debian"),
        Ecosystem::Apk => native("apk", "alpine"),
        _ => {
            let kind =
                package.purl.strip_prefix("pkg:").and_then(|p| p.split('/').next()).unwrap_or("unknown").to_owned();
            let namespace = match kind.as_str() {
                "golang" => "go",
                "npm" => "npm",
                "cargo" => "cargo",
                _ => return Err(kind),
            };
            let scheme = Scheme::of(namespace).filter(|_| index.knows(namespace)).ok_or(kind)?;
            Ok((namespace.to_owned(), scheme, package.name.clone()))
        }
    }
}

fn is_kernel_headers(package: &Package) -> bool {
    let name = package.name.as_str();
    match package.ecosystem {
        Ecosystem::Deb => {
            package.source.name.starts_with("linux")
                && ["linux-libc-dev", "linux-headers-", "linux-kbuild-"].iter().any(|p| name.starts_with(p))
        }
        Ecosystem::Apk => name == "linux-headers",
        _ => false,
    }
}

fn examine(m: &mut Matches, package: &Package, index: &Index<'_>, namespace: &str, scheme: Scheme, name: &str) {
    let headers = is_kernel_headers(package);
    let mut count = 0;
    for record in index.lookup(namespace, name) {
        if record.state() == FixState::NotAffected {
            continue;
        }
        match decide(&record, scheme, &package.source.version) {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) if headers => count += 1,
            Ok(Some(hit)) => m.vulnerabilities.push(vulnerability(package, &record, scheme, name, hit)),
            Err(why) => m.undecidable.push(Undecidable {
                package: package.name.clone(),
                version: package.version.clone(),
                source_name: name.to_owned(),
                id: record.id().to_owned(),
                why,
            }),
        }
    }
    if headers {
        m.kernel_headers.push(KernelHeaders { package: package.name.clone(), version: package.version.clone(), count });
    }
}

/// How a version was found to be affected.
struct Hit<'a> {
    fixed: Option<&'a str>,
    how: String,
}

/// Whether `version` is affected. A range that hits decides even where another cannot be compared; a range that cannot
/// be compared and no hit is undecidable.
fn decide<'a>(record: &RecordRef<'a>, scheme: Scheme, version: &str) -> Result<Option<Hit<'a>>, String> {
    let mut trouble = None;
    for range in record.ranges() {
        let in_range = || -> Result<Option<Hit<'a>>, plimsoll_version::VersionError> {
            if let Some(introduced) = range.introduced
                && scheme.compare(version, introduced)?.is_lt()
            {
                return Ok(None);
            }
            let since = range.introduced.map_or_else(String::new, |i| format!("{i} <= "));
            let how = match (range.fixed, range.last_affected) {
                (Some(fixed), _) if scheme.compare(version, fixed)?.is_lt() => {
                    format!("{since}{version} < {fixed} (fixed)")
                }
                (None, Some(last)) if scheme.compare(version, last)?.is_le() => {
                    format!("{since}{version} <= {last} (last affected)")
                }
                (None, None) => format!("{since}{version}, no fix stated"),
                _ => return Ok(None),
            };
            Ok(Some(Hit { fixed: range.fixed, how }))
        };
        match in_range() {
            Ok(Some(hit)) => return Ok(Some(hit)),
            Ok(None) => {}
            Err(e) => trouble = Some(e.to_string()),
        }
    }
    if record.versions().any(|v| v == version) {
        return Ok(Some(Hit { fixed: None, how: format!("{version} is named as affected") }));
    }
    trouble.map_or(Ok(None), Err)
}

fn vulnerability(package: &Package, record: &RecordRef<'_>, scheme: Scheme, name: &str, hit: Hit<'_>) -> Vulnerability {
    let record = record.to_record();
    let url = record.url.or_else(|| match record.namespace.split(':').next() {
        Some("debian") => Some(format!("https://security-tracker.debian.org/tracker/{}", record.id)),
        Some("alpine") => Some(format!("https://security.alpinelinux.org/vuln/{}", record.id)),
        _ => None,
    });
    Vulnerability {
        comparison: format!("{}: {name} {}", scheme.name(), hit.how),
        // A range may be open although another one of the record ends with a fix.
        state: if record.state == FixState::Fixed && hit.fixed.is_none() { FixState::NoFix } else { record.state },
        fixed: hit.fixed.map(str::to_owned),
        id: record.id,
        aliases: record.aliases,
        package: package.name.clone(),
        version: package.version.clone(),
        arch: package.arch.clone(),
        purl: package.purl.clone(),
        source_name: name.to_owned(),
        source_version: package.source.version.clone(),
        namespace: record.namespace,
        ratings: record.ratings,
        kev: record.kev,
        published: record.published,
        modified: record.modified,
        summary: record.summary,
        url,
        evidence: record.evidence,
        layer: package.layer,
    }
}
