//! References, suppliers, licences and identifiers, told alike in every format.

use jiff::Timestamp;
use plimsoll_catalog::license::is_expression;
use plimsoll_catalog::{Ecosystem, Hash, HashAlgorithm, Package, Problem};
use plimsoll_oci::Digest;
use plimsoll_version::purl::Purl;
use serde_json::{Value, json};

use super::view::View;
use crate::attest::ATTESTED;
use crate::{Form, Removed, Sbom, Subject};

/// The time to the second, as SPDX requires it.
pub(super) fn time(created: Timestamp) -> String {
    Timestamp::from_second(created.as_second()).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// A removed package as a note: a reader finds it in a property or an annotation.
pub(super) fn removed(removed: &Removed) -> Value {
    json!({"name": removed.name, "version": removed.version, "purl": removed.purl, "reason": removed.reason})
}

/// See [`removed`].
pub(super) fn problem(problem: &Problem) -> Value {
    json!({"path": problem.path, "line": problem.line, "why": problem.why})
}

/// What is told of the image, and that the document is the attested form, where it is.
pub(super) fn with_form(mut note: Value, sbom: &Sbom) -> Value {
    if sbom.form == Form::Attested {
        note["plimsoll:form"] = ATTESTED.into();
    }
    note
}

/// The digests of the image's manifest.
pub(super) fn digests(subject: &Subject) -> impl Iterator<Item = &Digest> {
    let second = subject.sha512.as_ref().filter(|d| Some(*d) != subject.digest.as_ref());
    subject.digest.iter().chain(second)
}

/// A person or organisation.
pub(super) struct Party {
    pub(super) is_organisation: bool,
    pub(super) name: String,
    pub(super) mail: Option<String>,
}

/// Reads `Name <mail>`. Teams are told from people by the words they use of themselves and by list addresses.
pub(super) fn party(text: &str) -> Option<Party> {
    const TEAM: &[&str] = &[
        "team",
        "group",
        "maintainers",
        "developers",
        "packagers",
        "project",
        "debian",
        "ubuntu",
        "alpine",
        "foundation",
        "inc.",
        "ltd",
        "gmbh",
        "organization",
    ];
    let (name, mail) = text.split_once('<').map_or((text, None), |(n, m)| (n, m.split('>').next()));
    let clean = |t: &str| t.chars().filter(|c| !matches!(c, '(' | ')' | '"')).collect::<String>().trim().to_owned();
    let mail = mail.map(clean).filter(|m| m.contains('@') && !m.contains(char::is_whitespace));
    let name = Some(clean(name)).filter(|n| !n.is_empty()).or_else(|| mail.clone())?;
    let lower = name.to_lowercase();
    let is_team = lower.split_whitespace().any(|w| TEAM.contains(&w));
    let is_list = mail.as_deref().is_some_and(|m| m.contains("@lists.") || m.contains("list@"));
    Some(Party { is_organisation: is_team || is_list, name, mail })
}

/// Who supplies a package: its maintainer; where the record names none, the distribution that it is a package of or
/// that ships it in one of its own.
pub(super) fn supplier(view: &View<'_>, index: usize) -> Option<Party> {
    let package = view.package(index);
    let of_distro = |package: &Package| {
        let maintainer = package.maintainer.as_deref().and_then(party);
        maintainer.or_else(|| {
            let distro = view.sbom.distro.as_ref().filter(|_| package.ecosystem.is_system())?;
            Some(Party { is_organisation: true, name: distro.id.clone(), mail: None })
        })
    };
    of_distro(package).or_else(|| view.owners[index].iter().find_map(|owner| of_distro(view.package(*owner))))
}

/// Whether the supplier of a package is not its maintainer.
pub(super) fn is_derived(view: &View<'_>, index: usize) -> bool {
    let maintainer = view.package(index).maintainer.as_deref();
    maintainer.and_then(party).is_none() && supplier(view, index).is_some()
}

/// Who answers for the document: the organisation that is configured.
pub(super) fn author(sbom: &Sbom) -> Option<Party> {
    sbom.author.as_deref().and_then(party).map(|p| Party { is_organisation: true, ..p })
}

/// What a file that is the package itself says of it, in the words of BSI TR-03183-2.
pub(super) struct Deployable<'a> {
    pub(super) filename: &'a str,
    pub(super) executable: Option<&'static str>,
    pub(super) archive: Option<&'static str>,
    pub(super) structured: Option<&'static str>,
}

/// The file that is the package, where its evidence is that file and not a record about it.
pub(super) fn deployable(package: &Package) -> Option<Deployable<'_>> {
    let [path] = package.evidence.as_slice() else { return None };
    let filename = path.rsplit(['/', '!']).next().filter(|f| !f.is_empty())?;
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| filename.to_ascii_lowercase().ends_with(s));
    let plain = Deployable { filename, executable: None, archive: Some("no archive"), structured: None };
    match package.ecosystem {
        Ecosystem::Maven
            if ends(&[".jar", ".war", ".ear", ".par", ".sar", ".nar", ".jpi", ".hpi", ".kar", ".lpkg"]) =>
        {
            Some(Deployable { archive: Some("archive"), structured: Some("structured"), ..plain })
        }
        Ecosystem::Binary if !filename.contains(".so") => Some(Deployable { executable: Some("executable"), ..plain }),
        Ecosystem::Binary | Ecosystem::Kernel => Some(plain),
        Ecosystem::Model => Some(Deployable { executable: Some("non-executable"), ..plain }),
        _ => None,
    }
}

/// The digests that have the length of their algorithm; a document with another would not be valid.
pub(super) fn hashes(package: &Package) -> impl Iterator<Item = &Hash> {
    package.hashes.iter().filter(|hash| {
        let length = match hash.algorithm {
            HashAlgorithm::Md5 => 32,
            HashAlgorithm::Sha1 => 40,
            HashAlgorithm::Sha256 => 64,
            HashAlgorithm::Sha384 => 96,
            HashAlgorithm::Sha512 => 128,
        };
        hash.hex.len() == length && hash.hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Whether a licence is an SPDX expression without references of its own.
pub(super) fn is_spdx(license: &str) -> bool {
    !license.contains("Ref-") && is_expression(license)
}

/// Expressions that all hold, as one.
pub(super) fn all_of<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let parts: Vec<&str> = parts.collect();
    let wrap = |p: &&str| if parts.len() > 1 && p.contains(" OR ") { format!("({p})") } else { (*p).to_owned() };
    parts.iter().map(wrap).collect::<Vec<_>>().join(" AND ")
}

/// The package URL of the image, where it has a digest and a name that a registry would take.
pub(super) fn image_purl(subject: &Subject) -> Option<String> {
    let digest = subject.digest.as_ref()?;
    let name = subject.name.rsplit('/').next()?;
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    if !name.bytes().next()?.is_ascii_alphanumeric() || !name.bytes().all(legal) {
        return None;
    }
    let host = subject.name.split('/').next().filter(|h| *h != name && (h.contains(['.', ':']) || *h == "localhost"));
    let platform = subject.platform.as_ref();
    let purl = Purl::new("oci", name).ok()?.with_version(&digest.to_string());
    let purl = purl
        .with_qualifier("arch", platform.map_or("", |p| &p.architecture))
        .with_qualifier("repository_url", host.map_or("", |_| &subject.name))
        .with_qualifier("tag", subject.version.as_deref().filter(|v| !v.contains(':')).unwrap_or_default());
    Some(purl.to_string())
}

/// Text that readers of a document may open: only web addresses pass.
pub(super) fn web(address: Option<&String>) -> Option<&str> {
    let address = address.map(String::as_str)?;
    let known = address.starts_with("https://") || address.starts_with("http://");
    let plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
    let host = address.split('/').nth(2).unwrap_or_default();
    let host_legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_');
    let escapes =
        address.split('%').skip(1).all(|t| t.len() >= 2 && t.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    (known
        && address.bytes().all(plain)
        && !host.is_empty()
        && host.bytes().all(host_legal)
        && escapes
        && address.matches('#').count() <= 1
        && !address.contains(['[', ']']))
    .then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties() {
        let team = party("Debian Adduser Developers <adduser@packages.debian.org>").unwrap();
        assert!(team.is_organisation);
        assert_eq!(
            (team.name.as_str(), team.mail.as_deref()),
            ("Debian Adduser Developers", Some("adduser@packages.debian.org"))
        );
        let person = party("Timo (x) Teräs <timo.teras@iki.fi>").unwrap();
        assert!(!person.is_organisation);
        assert_eq!(person.name, "Timo x Teräs");
        assert!(party("").is_none() && party("<>").is_none());
        assert_eq!(party("<a@b>").unwrap().name, "a@b");
    }

    #[test]
    fn image_urls() {
        let digest = Digest::sha256(b"");
        let mut subject = Subject { name: "ghcr.io/shop/web".into(), digest: Some(digest), ..Subject::default() };
        assert!(image_purl(&subject).unwrap().ends_with("b855?repository_url=ghcr.io%2Fshop%2Fweb"));
        subject.name = "Some File.tar".into();
        assert_eq!(image_purl(&subject), None);
    }
}
