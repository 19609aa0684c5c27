//! References, suppliers, licences and identifiers, told alike in every format.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use plimsoll_catalog::Package;
use plimsoll_catalog::license::is_expression;
use plimsoll_oci::Digest;
use plimsoll_version::purl::Purl;
use serde_json::{Map, Value};

use crate::{Sbom, Subject};

/// The time to the second, as SPDX requires it.
pub(super) fn time(created: Timestamp) -> String {
    Timestamp::from_second(created.as_second()).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The document's bytes: compact JSON and a final newline.
pub(super) fn bytes(document: &Map<String, Value>) -> Vec<u8> {
    // A `Value` made here has string keys and no non-finite numbers, so it can always be written.
    let mut out = serde_json::to_vec(document).unwrap_or_default();
    out.push(b'\n');
    out
}

/// A UUID derived from content: version 8 (RFC 9562), the variant of RFC 4122.
pub(super) fn uuid(content: &[u8]) -> String {
    let digest = Digest::sha256(content);
    let hex = digest.hex();
    let variant = match hex.as_bytes()[16] {
        b'0' | b'4' | b'8' | b'c' => '8',
        b'1' | b'5' | b'9' | b'd' => '9',
        b'2' | b'6' | b'a' | b'e' => 'a',
        _ => 'b',
    };
    format!("{}-{}-8{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// A reference for each package, unique in the document: its package URL, numbered where that repeats.
pub(super) fn references(sbom: &Sbom) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let reference = |p: &Package| {
        let base = p.id();
        let count = seen.entry(base.clone()).or_default();
        *count += 1;
        if *count == 1 { base } else { format!("{base}#{count}") }
    };
    sbom.packages.iter().map(reference).collect()
}

/// For each package the indices of those it depends on, sorted.
pub(super) fn edges(sbom: &Sbom) -> Vec<Vec<usize>> {
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (index, package) in sbom.packages.iter().enumerate() {
        by_id.entry(package.id()).or_insert(index);
    }
    let edges = sbom.packages.iter().enumerate().map(|(own, package)| {
        let targets = package.depends.iter().filter_map(|id| by_id.get(id).copied()).filter(|t| *t != own);
        targets.collect::<BTreeSet<_>>().into_iter().collect()
    });
    edges.collect()
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

/// Who supplies a package: its maintainer, or the distribution where the record names none.
pub(super) fn supplier(package: &Package, sbom: &Sbom) -> Option<Party> {
    let maintainer = package.maintainer.as_deref().and_then(party);
    maintainer.or_else(|| {
        let distro = sbom.distro.as_ref().filter(|_| package.ecosystem.is_system())?;
        Some(Party { is_organisation: true, name: distro.id.clone(), mail: None })
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
    fn uuids_have_the_form() {
        let id = uuid(b"x");
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'8');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        assert_ne!(id, uuid(b"y"));
    }

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
