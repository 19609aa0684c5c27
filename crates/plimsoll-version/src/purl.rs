//! Package URLs (the purl specification): strict reading, canonical writing, and the spelling of operating-system
//! packages that Grype and Dependency-Track read.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest package URL that is read. The specification sets none; nothing real comes near.
const MAX_LEN: usize = 16 * 1024;

/// A package URL, decoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purl {
    kind: String,
    namespace: Vec<String>,
    name: String,
    version: Option<String>,
    qualifiers: BTreeMap<String, String>,
    subpath: Vec<String>,
}

/// Why a package URL was refused; whoever wrote it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurlError {
    /// It does not begin with `pkg:`.
    #[error("a package URL begins with pkg:")]
    Scheme,
    /// The type is empty or holds a character other than letters, digits, `.`, `+` and `-`.
    #[error("the package URL's type is empty or malformed")]
    Type,
    /// There is no name.
    #[error("the package URL has no name")]
    Name,
    /// A `%` is not followed by two hex digits, or what it encodes is not UTF-8 or a control character.
    #[error("the package URL holds a malformed percent-encoding or a control character")]
    Encoding,
    /// A qualifier has no `=`, a malformed key, or a key that stands twice.
    #[error("the package URL's qualifiers are malformed or name one key twice")]
    Qualifier,
    /// A namespace or subpath segment decodes to something that holds a slash.
    #[error("a segment of the package URL holds an encoded slash, or is . or ..")]
    Segment,
    /// Longer than any real package URL.
    #[error("the package URL is longer than 16 KiB")]
    TooLong,
}

impl Purl {
    /// A package URL of a type (`deb`, `npm`) and a name. The type is written in lower case, and so is the name where
    /// its type asks for that.
    pub fn new(kind: &str, name: &str) -> Result<Self, PurlError> {
        let kind = kind.to_ascii_lowercase();
        let first = kind.bytes().next().ok_or(PurlError::Type)?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-');
        if !first.is_ascii_alphabetic() || !kind.bytes().all(legal) {
            return Err(PurlError::Type);
        }
        if name.is_empty() {
            return Err(PurlError::Name);
        }
        if name.chars().any(char::is_control) {
            return Err(PurlError::Encoding);
        }
        let name = match kind.as_str() {
            _ if lower_case(&kind) => name.to_lowercase(),
            "pypi" => name.to_lowercase().replace('_', "-"),
            _ => name.to_owned(),
        };
        Ok(Self { kind, namespace: Vec::new(), name, version: None, qualifiers: BTreeMap::new(), subpath: Vec::new() })
    }

    /// The same with a namespace, segments separated by `/`; empty segments are left out, and as everywhere in a package
    /// URL control characters are: none could be read back.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        let namespace = printable(namespace);
        let namespace = if lower_case(&self.kind) { namespace.to_lowercase() } else { namespace };
        self.namespace = namespace.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        self
    }

    /// The same with a version; an empty one is none.
    #[must_use]
    pub fn with_version(mut self, version: &str) -> Self {
        self.version = Some(printable(version)).filter(|v| !v.is_empty());
        self
    }

    /// The same with a qualifier. An empty value removes it, as the specification says. The key is ours to get right:
    /// one that the specification does not allow is left out.
    #[must_use]
    pub fn with_qualifier(mut self, key: &str, value: &str) -> Self {
        let (key, value) = (key.to_ascii_lowercase(), printable(value));
        if value.is_empty() {
            self.qualifiers.remove(&key);
        } else if is_key(&key) {
            self.qualifiers.insert(key, value);
        }
        self
    }

    /// The same with a subpath, segments separated by `/`; empty ones and `.` and `..` are left out.
    #[must_use]
    pub fn with_subpath(mut self, subpath: &str) -> Self {
        let subpath = printable(subpath);
        let told = subpath.split('/').filter(|s| !matches!(*s, "" | "." | ".."));
        self.subpath = told.map(str::to_owned).collect();
        self
    }

    /// The type: `deb`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The namespace, segments joined by `/`: `debian`.
    pub fn namespace(&self) -> Option<String> {
        (!self.namespace.is_empty()).then(|| self.namespace.join("/"))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The value of a qualifier.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.get(key).map(String::as_str)
    }

    /// The subpath, segments joined by `/`.
    pub fn subpath(&self) -> Option<String> {
        (!self.subpath.is_empty()).then(|| self.subpath.join("/"))
    }

    /// The source package that `upstream=NAME[@VERSION]` names; for rpm `upstream=NAME-VERSION-RELEASE.src.rpm`.
    pub fn upstream(&self) -> Option<(&str, Option<&str>)> {
        let value = self.qualifier("upstream")?;
        if self.kind == "rpm"
            && let Some(stem) = value.strip_suffix(".rpm").and_then(|v| v.rsplit_once('.')).map(|(stem, _)| stem)
            && let Some((at, _)) = stem.rmatch_indices('-').nth(1)
            && at > 0
        {
            return Some((&stem[..at], Some(&stem[at + 1..])));
        }
        // A deb or apk name holds no `@`; a version does not either.
        let (name, version) = value.split_once('@').map_or((value, None), |(n, v)| (n, Some(v)));
        (!name.is_empty()).then_some((name, version.filter(|v| !v.is_empty())))
    }

    /// The distribution that `distro=ID-VERSION` names: its identifier and version. Where the value is a bare version,
    /// as some tools write it, the namespace is the identifier.
    pub fn distro(&self) -> Option<(String, String)> {
        let value = self.qualifier("distro")?;
        if value.starts_with(|c: char| c.is_ascii_digit()) {
            return Some((self.namespace()?, value.to_owned()));
        }
        match value.rsplit_once('-') {
            Some((id, version)) if !id.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) => {
                Some((id.to_owned(), version.to_owned()))
            }
            _ => Some((value.to_owned(), String::new())),
        }
    }
}

/// An operating-system package, as its package URL needs it.
#[derive(Clone, Copy, Debug)]
pub struct OsPackage<'a> {
    /// Binary package name.
    pub name: &'a str,
    /// Version, epoch included.
    pub version: &'a str,
    /// Architecture, empty where unknown.
    pub arch: &'a str,
    /// Source package name.
    pub source_name: &'a str,
    /// Source package version.
    pub source_version: &'a str,
    /// The distribution's `ID` and `VERSION_ID`.
    pub distro: Option<(&'a str, &'a str)>,
}

/// The package URL of a dpkg package: the epoch stays in the version, and `upstream` stands where the source differs in
/// name or version, because that is where advisories are looked up.
pub fn deb(package: &OsPackage<'_>) -> Result<Purl, PurlError> {
    let differs = package.source_version != package.version && !package.source_version.is_empty();
    let upstream = match (package.source_name != package.name, differs) {
        (_, true) => format!("{}@{}", package.source_name, package.source_version),
        (true, false) => package.source_name.to_owned(),
        (false, false) => String::new(),
    };
    Ok(os("deb", package)?.with_qualifier("upstream", &upstream))
}

/// The package URL of an apk package. An origin has no version of its own: `upstream` is its name alone.
pub fn apk(package: &OsPackage<'_>) -> Result<Purl, PurlError> {
    let upstream = if package.source_name == package.name { "" } else { package.source_name };
    Ok(os("apk", package)?.with_qualifier("upstream", upstream))
}

/// The package URL of an rpm package: the epoch is a qualifier where the version states one, and `upstream` is the file
/// name of the source package, always.
pub fn rpm(package: &OsPackage<'_>, source_rpm: &str) -> Result<Purl, PurlError> {
    let (epoch, version) = package.version.split_once(':').unwrap_or(("", package.version));
    let purl = os("rpm", &OsPackage { version, ..*package })?;
    // Vendors differ from what os-release calls their systems.
    let namespace = match package.distro.map_or("", |(id, _)| id) {
        "rhel" | "hummingbird" => "redhat",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    };
    Ok(purl.with_namespace(namespace).with_qualifier("epoch", epoch).with_qualifier("upstream", source_rpm))
}

/// The package URL of a pacman package; `upstream` is the package base, where it differs.
pub fn alpm(package: &OsPackage<'_>) -> Result<Purl, PurlError> {
    let upstream = if package.source_name == package.name { "" } else { package.source_name };
    Ok(os("alpm", package)?.with_qualifier("upstream", upstream))
}

/// The package URL of an entry of Bottlerocket's inventory. No type is registered for it.
pub fn bottlerocket(package: &OsPackage<'_>) -> Result<Purl, PurlError> {
    Ok(os("generic", package)?.with_namespace("bottlerocket"))
}

fn os(kind: &str, package: &OsPackage<'_>) -> Result<Purl, PurlError> {
    let mut purl = Purl::new(kind, package.name)?.with_version(package.version).with_qualifier("arch", package.arch);
    // Without a distribution there is no namespace: to write "debian" would be a guess that a matcher would believe.
    if let Some((id, version)) = package.distro.filter(|(id, _)| !id.is_empty()) {
        let distro = if version.is_empty() { id.to_owned() } else { format!("{id}-{version}") };
        purl = purl.with_namespace(id).with_qualifier("distro", &distro);
    }
    Ok(purl)
}

/// The text without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Types whose namespace and name are case-insensitive and written in lower case.
fn lower_case(kind: &str) -> bool {
    matches!(kind, "alpm" | "apk" | "bitbucket" | "deb" | "github" | "hex" | "luarocks" | "oci")
}

fn is_key(key: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    !key.is_empty() && !key.as_bytes()[0].is_ascii_digit() && key.bytes().all(legal)
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        if text.len() > MAX_LEN {
            return Err(PurlError::TooLong);
        }
        let (scheme, rest) = text.split_once(':').ok_or(PurlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkg") {
            return Err(PurlError::Scheme);
        }
        let (rest, subpath) = match rest.rsplit_once('#') {
            Some((rest, subpath)) => (rest, segments(subpath, true)?),
            None => (rest, Vec::new()),
        };
        let (rest, qualifiers) = match rest.rsplit_once('?') {
            Some((rest, text)) => (rest, qualifiers(text)?),
            None => (rest, BTreeMap::new()),
        };
        let (kind, rest) = rest.trim_start_matches('/').split_once('/').ok_or(PurlError::Name)?;
        let rest = rest.trim_matches('/');
        // An `@` that begins the last segment belongs to the name (`@scope`), not to a version.
        let at = rest.rfind('@').filter(|&i| i > 0 && rest.as_bytes()[i - 1] != b'/');
        let (path, version) = match at {
            Some(i) => (&rest[..i], decode(&rest[i + 1..])?),
            None => (rest, String::new()),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let namespace = segments(namespace, false)?.join("/");
        let mut purl = Self::new(kind, &decode(name)?)?.with_namespace(&namespace).with_version(&version);
        purl.qualifiers = qualifiers;
        purl.subpath = subpath;
        Ok(purl)
    }
}

fn segments(text: &str, relative: bool) -> Result<Vec<String>, PurlError> {
    let mut list = Vec::new();
    for segment in text.split('/').filter(|s| !s.is_empty()) {
        let segment = decode(segment)?;
        if segment.is_empty() || segment.contains('/') || (relative && matches!(segment.as_str(), "." | "..")) {
            return Err(PurlError::Segment);
        }
        list.push(segment);
    }
    Ok(list)
}

fn qualifiers(text: &str) -> Result<BTreeMap<String, String>, PurlError> {
    let mut map = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for pair in text.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(PurlError::Qualifier)?;
        let key = key.to_ascii_lowercase();
        if !is_key(&key) || !seen.insert(key.clone()) {
            return Err(PurlError::Qualifier);
        }
        let value = decode(value)?;
        if !value.is_empty() {
            map.insert(key, value);
        }
    }
    Ok(map)
}

fn decode(text: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or(PurlError::Encoding);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| PurlError::Encoding)?);
    }
    let text = String::from_utf8(bytes).map_err(|_| PurlError::Encoding)?;
    if text.chars().any(char::is_control) { Err(PurlError::Encoding) } else { Ok(text) }
}

/// Percent-encodes all but letters, digits, `.`, `-`, `_`, `~` and the colon.
fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        for segment in &self.namespace {
            encode(f, segment)?;
            f.write_str("/")?;
        }
        encode(f, &self.name)?;
        if let Some(version) = &self.version {
            f.write_str("@")?;
            encode(f, version)?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}=", if index == 0 { '?' } else { '&' })?;
            encode(f, value)?;
        }
        for (index, segment) in self.subpath.iter().enumerate() {
            f.write_str(if index == 0 { "#" } else { "/" })?;
            encode(f, segment)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_can_be_read() {
        assert_eq!(Purl::new("npm", "a\u{1}"), Err(PurlError::Encoding));
        let purl = Purl::new("npm", "a").unwrap().with_namespace("\u{1}/@s\u{7f}").with_version("1\n2\u{85}");
        let purl = purl.with_qualifier("arch", "\0").with_qualifier("distro", "x\ty").with_subpath("./b%\r/../c");
        assert_eq!(purl.to_string(), "pkg:npm/%40s/a@12?distro=xy#b%25/c");
        assert_eq!(purl.to_string().parse(), Ok(purl));
    }

    const BSDUTILS: &str = "pkg:deb/debian/bsdutils@1:2.38.1-5%2Bdeb12u3?arch=amd64&distro=debian-12&upstream=util-linux%402.38.1-5%2Bdeb12u3";

    fn package<'a>(name: &'a str, version: &'a str, source_name: &'a str, source_version: &'a str) -> OsPackage<'a> {
        OsPackage { name, version, arch: "amd64", source_name, source_version, distro: Some(("debian", "12")) }
    }

    #[test]
    fn debian_packages_are_spelled_as_matchers_expect() {
        let cases = [
            (package("bsdutils", "1:2.38.1-5+deb12u3", "util-linux", "2.38.1-5+deb12u3"), BSDUTILS),
            (
                package("libssl3", "3.0.16-1~deb12u1", "openssl", "3.0.16-1~deb12u1"),
                "pkg:deb/debian/libssl3@3.0.16-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl",
            ),
            (
                package("bash", "5.2.15-2+b8", "bash", "5.2.15-2"),
                "pkg:deb/debian/bash@5.2.15-2%2Bb8?arch=amd64&distro=debian-12&upstream=bash%405.2.15-2",
            ),
            (
                package("libstdc++6", "12.2.0-14", "libstdc++6", "12.2.0-14"),
                "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12",
            ),
        ];
        for (package, text) in cases {
            let purl = deb(&package).unwrap();
            assert_eq!(purl.to_string(), text);
            assert_eq!(text.parse::<Purl>().unwrap(), purl);
        }
        let nowhere = OsPackage { distro: None, ..package("a", "1", "a", "1") };
        assert_eq!(deb(&nowhere).unwrap().to_string(), "pkg:deb/a@1?arch=amd64");
    }

    #[test]
    fn alpine_origins_have_no_version() {
        let package = OsPackage {
            name: "libcrypto1.1",
            version: "1.1.1d-r2",
            arch: "x86_64",
            source_name: "openssl",
            source_version: "1.1.1d-r2",
            distro: Some(("alpine", "3.10.4")),
        };
        assert_eq!(
            apk(&package).unwrap().to_string(),
            "pkg:apk/alpine/libcrypto1.1@1.1.1d-r2?arch=x86_64&distro=alpine-3.10.4&upstream=openssl"
        );
    }

    #[test]
    fn rpm_packages_are_spelled_as_matchers_expect() {
        let package = |version, distro| OsPackage {
            name: "bash",
            version,
            arch: "x86_64",
            source_name: "",
            source_version: "",
            distro,
        };
        for (version, distro, source, text) in [
            (
                "1:5.2.15-3.fc38",
                Some(("fedora", "38")),
                "bash-5.2.15-3.fc38.src.rpm",
                "pkg:rpm/fedora/bash@5.2.15-3.fc38?arch=x86_64&distro=fedora-38&epoch=1&upstream=bash-5.2.15-3.fc38.src.rpm",
            ),
            ("0:1-2", Some(("rhel", "8.4")), "", "pkg:rpm/redhat/bash@1-2?arch=x86_64&distro=rhel-8.4&epoch=0"),
            (
                "1-2",
                Some(("opensuse-leap", "15.4")),
                "k-1-2.nosrc.rpm",
                "pkg:rpm/opensuse/bash@1-2?arch=x86_64&distro=opensuse-leap-15.4&upstream=k-1-2.nosrc.rpm",
            ),
            ("1~rc^2-3", None, "", "pkg:rpm/bash@1~rc%5E2-3?arch=x86_64"),
        ] {
            let purl = rpm(&package(version, distro), source).unwrap();
            assert_eq!(purl.to_string(), text);
            assert_eq!(text.parse::<Purl>().unwrap(), purl);
        }
        let upstream = |file| {
            let purl = rpm(&package("1", None), file).unwrap();
            purl.upstream().map(|(n, v)| (n.to_owned(), v.map(str::to_owned)))
        };
        assert_eq!(upstream("a-b-1.2-3.el8.src.rpm"), Some(("a-b".into(), Some("1.2-3.el8".into()))));
        assert_eq!(upstream("k-1-2.nosrc.rpm"), Some(("k".into(), Some("1-2".into()))));
        assert_eq!(upstream("odd"), Some(("odd".into(), None)));
    }

    #[test]
    fn reads_what_qualifiers_say() {
        let purl: Purl = BSDUTILS.parse().unwrap();
        assert_eq!(purl.upstream(), Some(("util-linux", Some("2.38.1-5+deb12u3"))));
        assert_eq!(purl.distro(), Some(("debian".into(), "12".into())));
        let bare: Purl = "pkg:apk/alpine/musl@1?distro=3.10.4".parse().unwrap();
        assert_eq!(bare.distro(), Some(("alpine".into(), "3.10.4".into())));
        let rolling: Purl = "pkg:deb/kali/a@1?distro=kali-rolling".parse().unwrap();
        assert_eq!(rolling.distro(), Some(("kali-rolling".into(), String::new())));
        let leap: Purl = "pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.4".parse().unwrap();
        assert_eq!(leap.distro(), Some(("opensuse-leap".into(), "15.4".into())));
    }

    #[test]
    fn canonical_form() {
        for (given, canonical) in [
            ("PKG://NPM/%40angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1"),
            ("pkg:npm/@angular/animation", "pkg:npm/%40angular/animation"),
            ("pkg:GitHub/Package-URL/Purl-Spec@244fd47e07d1", "pkg:github/package-url/purl-spec@244fd47e07d1"),
            ("pkg:pypi/Django_package@1.11.1", "pkg:pypi/django-package@1.11.1"),
            ("pkg:maven/a.b/c@1?Type=zip&classifier=", "pkg:maven/a.b/c@1?type=zip"),
            (
                "pkg:golang/google.golang.org/genproto#/googleapis//api/annotations/",
                "pkg:golang/google.golang.org/genproto#googleapis/api/annotations",
            ),
            (
                "pkg:oci/debian@sha256%3Aab?tag=1&repository_url=docker.io/library/debian",
                "pkg:oci/debian@sha256:ab?repository_url=docker.io%2Flibrary%2Fdebian&tag=1",
            ),
            ("pkg:generic/a%20b@%C3%BC", "pkg:generic/a%20b@%C3%BC"),
        ] {
            let purl: Purl = given.parse().unwrap();
            assert_eq!(purl.to_string(), canonical);
            assert_eq!(canonical.parse::<Purl>().unwrap(), purl, "the canonical form reads back");
        }
    }

    #[test]
    fn refuses_what_is_not_a_package_url() {
        for (bad, why) in [
            ("", PurlError::Scheme),
            ("deb/debian/a@1", PurlError::Scheme),
            ("http://a/b", PurlError::Scheme),
            ("pkg:deb", PurlError::Name),
            ("pkg:deb/", PurlError::Name),
            ("pkg:d%65b/a", PurlError::Type),
            ("pkg:3d/a", PurlError::Type),
            ("pkg:deb/a@%", PurlError::Encoding),
            ("pkg:deb/a@%2", PurlError::Encoding),
            ("pkg:deb/a@%zz", PurlError::Encoding),
            ("pkg:deb/a@%FF", PurlError::Encoding),
            ("pkg:deb/a%0Ab", PurlError::Encoding),
            ("pkg:deb/a?arch", PurlError::Qualifier),
            ("pkg:deb/a?arch=x&ARCH=y", PurlError::Qualifier),
            ("pkg:deb/a?=x", PurlError::Qualifier),
            ("pkg:golang/a%2Fb/c", PurlError::Segment),
            ("pkg:golang/a#../b", PurlError::Segment),
        ] {
            assert_eq!(bad.parse::<Purl>(), Err(why), "{bad}");
        }
        let long = format!("pkg:deb/{}", "a".repeat(MAX_LEN));
        assert_eq!(long.parse::<Purl>(), Err(PurlError::TooLong));
    }
}
