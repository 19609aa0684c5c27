//! Which distribution an image is: `os-release` and the older release files.

use std::collections::BTreeMap;

use crate::Distro;
use crate::assemble::{Join, Read};
use crate::cataloger::{CATALOGERS, Cataloger, Evidence, MIB};
use crate::facts::{Facts, File};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "release",
    about: "the distribution",
    evidence: &[
        Evidence::Path { glob: "**/etc/os-release", limit: MIB / 16 },
        Evidence::Path { glob: "**/usr/lib/os-release", limit: MIB / 16 },
        Evidence::Path { glob: "**/etc/alpine-release", limit: MIB / 16 },
        Evidence::Path { glob: "**/etc/debian_version", limit: MIB / 16 },
        // In this order: clones keep a `redhat-release` that names what they are built from.
        Evidence::Path { glob: "**/etc/oracle-release", limit: MIB / 16 },
        Evidence::Path { glob: "**/etc/centos-release", limit: MIB / 16 },
        Evidence::Path { glob: "**/etc/redhat-release", limit: MIB / 16 },
    ],
    purls: &[],
    gives: &[],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    let distro = match file.which {
        0 | 1 => os_release(file.bytes),
        2 => alpine_release(file.bytes),
        3 => debian_version(file.bytes),
        _ => redhat_release(file.bytes),
    };
    match distro {
        Some(d) => {
            let values = vec![d.id, d.version_id, d.codename.unwrap_or_default(), d.pretty_name.unwrap_or_default()];
            out.note("distro", values);
        }
        None if file.which < 2 => out.trouble(None, "names no distribution (ID)"),
        None => {}
    }
}

/// Distributions are known before anything else is joined.
fn join(join: &mut Join<'_>) {
    join.files.clear();
}

/// The distribution of each root file system, by the best of its files.
pub(crate) fn distros(files: &mut [BTreeMap<&str, Read<'_>>]) -> BTreeMap<String, Distro> {
    let own = CATALOGERS.iter().position(|c| c.name == CATALOGER.name).and_then(|i| files.get(i));
    let mut best: BTreeMap<String, (usize, Distro)> = BTreeMap::new();
    for read in own.into_iter().flat_map(BTreeMap::values) {
        let [id, version_id, codename, pretty] = read.facts.noted("distro") else { continue };
        let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
        let distro = Distro {
            id: id.clone(),
            version_id: version_id.clone(),
            codename: filled(codename),
            pretty_name: filled(pretty),
        };
        let known = best.get(&read.root).is_some_and(|(which, _)| *which <= read.which);
        if !known {
            best.insert(read.root.clone(), (read.which, distro));
        }
    }
    best.into_iter().map(|(root, (_, distro))| (root, distro)).collect()
}

/// Reads an `os-release` file: shell assignments, quoted or not. `None` if it names no `ID`.
pub(crate) fn os_release(bytes: &[u8]) -> Option<Distro> {
    let (mut id, mut version, mut codename, mut pretty) = (None, None, None, None);
    for line in bytes.split(|&b| b == b'\n').take(1000) {
        let line = String::from_utf8_lossy(line.get(..line.len().min(4096)).unwrap_or_default());
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        let slot = match key {
            "ID" => &mut id,
            "VERSION_ID" => &mut version,
            "VERSION_CODENAME" => &mut codename,
            "PRETTY_NAME" => &mut pretty,
            _ => continue,
        };
        // As in a shell, the last assignment stands.
        *slot = Some(unquote(value)).filter(|v| !v.is_empty());
    }
    let id = id.map(|i| i.to_lowercase()).filter(|i| is_token(i))?;
    let version_id = version.filter(|v| is_token(v)).unwrap_or_default();
    Some(Distro { id, version_id, codename, pretty_name: pretty })
}

/// Reads `alpine-release`: the version alone.
pub(crate) fn alpine_release(bytes: &[u8]) -> Option<Distro> {
    let version = first_word(bytes)?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| Distro {
        id: "alpine".into(),
        version_id: version,
        codename: None,
        pretty_name: None,
    })
}

/// Reads `debian_version`: `12.11`, whose major number is `VERSION_ID`, or `trixie/sid`, which has none. Derived
/// distributions keep Debian's file, so this is read only where nothing better is there.
pub(crate) fn debian_version(bytes: &[u8]) -> Option<Distro> {
    let text = first_word(bytes)?;
    let major: String = text.chars().take_while(char::is_ascii_digit).collect();
    let codename = text.strip_suffix("/sid").map(str::to_owned);
    (codename.is_some() || !major.is_empty()).then(|| Distro {
        id: "debian".into(),
        version_id: major,
        codename,
        pretty_name: None,
    })
}

/// Reads `redhat-release` and its like, `CentOS release 6.10 (Final)`, which is all that systems before `os-release` have.
/// `VERSION_ID` is written as the later releases of each write it.
pub(crate) fn redhat_release(bytes: &[u8]) -> Option<Distro> {
    let line = bytes.split(|&b| b == b'\n').next()?;
    let line = std::str::from_utf8(line.get(..line.len().min(256))?).ok()?.trim();
    let (product, rest) = line.split_once(" release ")?;
    let version = rest.split(' ').next().filter(|v| is_token(v) && v.starts_with(|c: char| c.is_ascii_digit()))?;
    let is_any = |names: &[&str]| names.iter().any(|n| product.starts_with(n));
    let (id, version) = match () {
        () if is_any(&["CentOS"]) => ("centos", version.split('.').next()?),
        () if is_any(&["Red Hat Enterprise Linux"]) => ("rhel", version),
        () if is_any(&["Oracle Linux", "Enterprise Linux"]) => ("ol", version),
        () if is_any(&["Fedora"]) => ("fedora", version),
        () if is_any(&["Scientific Linux"]) => ("scientific", version),
        () => return None,
    };
    Some(Distro { id: id.into(), version_id: version.into(), codename: None, pretty_name: Some(line.to_owned()) })
}

fn first_word(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|&b| b == b'\n').next()?;
    let word = std::str::from_utf8(line.get(..line.len().min(64))?).ok()?.trim().to_owned();
    is_token(&word).then_some(word)
}

/// Identifiers and versions go into package URLs and paths of advisories; what holds white space or worse is refused.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The value of a shell assignment: single quotes, double quotes with backslashes, or bare.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let mut out = String::new();
    let mut quote = None;
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => out.extend(rest.next()),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            (c, None) if c.is_whitespace() => break,
            (c, _) if c.is_control() => {}
            (c, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quoted_and_bare_values() {
        let debian = os_release(
            b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n",
        )
        .unwrap();
        assert_eq!((debian.id.as_str(), debian.version_id.as_str()), ("debian", "12"));
        assert_eq!(debian.codename.as_deref(), Some("bookworm"));
        assert_eq!(debian.pretty_name.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        let odd = os_release(b"# c\nID='Alpine' # x\nVERSION_ID=3.10.4\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"").unwrap();
        assert_eq!((odd.id.as_str(), odd.version_id.as_str()), ("alpine", "3.10.4"));
        assert_eq!(odd.pretty_name.as_deref(), Some("a \"b\" $c"));
        assert_eq!(os_release(b"ID=arch\n").unwrap().version_id, "");
    }

    #[test]
    fn what_names_no_distribution_gives_none() {
        assert_eq!(os_release(b""), None);
        assert_eq!(os_release(b"NAME=x\nID=\n"), None);
        assert_eq!(os_release(b"ID=\"de bian\"\n"), None);
        assert_eq!(os_release(&[b'I'; 100_000]), None);
        assert_eq!(alpine_release(b"edge"), None);
        assert_eq!(debian_version(b"\xff"), None);
    }

    #[test]
    fn older_release_files() {
        assert_eq!(alpine_release(b"3.10.4\n").unwrap().version_id, "3.10.4");
        assert_eq!(debian_version(b"12.11\n").unwrap().version_id, "12");
        for (text, id, version) in [
            (&b"CentOS release 6.10 (Final)\n"[..], "centos", "6"),
            (b"Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel", "6.10"),
            (b"Oracle Linux Server release 6.10\n", "ol", "6.10"),
            (b"Fedora release 16 (Verne)", "fedora", "16"),
        ] {
            let distro = redhat_release(text).unwrap();
            assert_eq!((distro.id.as_str(), distro.version_id.as_str()), (id, version));
        }
        assert_eq!(redhat_release(b"Derived release x"), None);
        assert_eq!(redhat_release(b"CentOS"), None);
        let sid = debian_version(b"trixie/sid\n").unwrap();
        assert_eq!((sid.version_id.as_str(), sid.codename.as_deref()), ("", Some("trixie")));
    }
}
