//! dpkg's records: `status`, the records of `status.d`, and the lists of owned files.

use plimsoll_version::purl::{self, OsPackage};

use crate::deb822::{Stanza, stanzas};
use crate::link::{self, Record};
use crate::{Distro, Ecosystem, Package, Problem, SourcePackage};

/// Reads a status file or a record of `status.d`, where a record without `Status` is an installed package
/// (`is_record`). Gives the packages that are on the disk, whatever half-way state they are in, and what could not be
/// read. `Package::depends`, `files`, `licenses` and layers are left for the caller.
pub fn parse(bytes: &[u8], path: &str, is_record: bool, distro: Option<&Distro>) -> (Vec<Record>, Vec<Problem>) {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let mut tell = |line: u32, why: String| problems.push(Problem { path: path.to_owned(), line: Some(line), why });
    for stanza in stanzas(bytes) {
        for (line, why) in &stanza.faults {
            tell(*line, (*why).to_owned());
        }
        match stanza.get("Status").map(state) {
            Some(State::Absent) => continue,
            Some(State::Present) => {}
            Some(State::Unknown) => tell(stanza.line, "the record's Status is not one dpkg writes; listed".into()),
            None if is_record => {}
            None => tell(stanza.line, "the record has no Status; listed".into()),
        }
        match record(&stanza, path, distro) {
            Ok(record) => records.push(record),
            Err(why) => tell(stanza.line, why),
        }
    }
    (records, problems)
}

enum State {
    Present,
    Absent,
    Unknown,
}

/// The third word of `Status: want flag state` says what is on the disk.
fn state(value: &[u8]) -> State {
    match value.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).nth(2) {
        Some(
            b"installed" | b"unpacked" | b"half-configured" | b"half-installed" | b"triggers-awaited"
            | b"triggers-pending",
        ) => State::Present,
        Some(b"config-files" | b"not-installed") => State::Absent,
        _ => State::Unknown,
    }
}

fn record(stanza: &Stanza<'_>, path: &str, distro: Option<&Distro>) -> Result<Record, String> {
    let name = stanza.get("Package").ok_or("a record has no Package; left out")?;
    let name = link::name(name).ok_or("a record's Package is not a package name; left out")?;
    let version = stanza.get("Version").ok_or_else(|| format!("package {name} has no Version; left out"))?;
    let version = link::token(version).ok_or_else(|| format!("package {name} has a malformed Version; left out"))?;
    let arch = stanza.get("Architecture").and_then(link::name).unwrap_or_default();
    let source = match stanza.get("Source") {
        None => SourcePackage { name: name.clone(), version: version.clone() },
        Some(text) => {
            source(text, &version).ok_or_else(|| format!("package {name} has a malformed Source; left out"))?
        }
    };
    let purl = purl::deb(&OsPackage {
        name: &name,
        version: &version,
        arch: &arch,
        source_name: &source.name,
        source_version: &source.version,
        distro: distro.map(|d| (d.id.as_str(), d.version_id.as_str())),
    });
    let wants = ["Pre-Depends", "Depends"].iter().filter_map(|f| stanza.get(f)).flat_map(groups).collect();
    let provides = stanza.get("Provides").map(groups).unwrap_or_default().into_iter().flatten().collect();
    let package = Package {
        ecosystem: Ecosystem::Deb,
        purl: purl.map_err(|e| format!("package {name}: {e}; left out"))?.to_string(),
        name,
        version,
        arch,
        source,
        licenses: Vec::new(),
        maintainer: stanza.get("Maintainer").and_then(link::text),
        description: stanza.get("Description").and_then(link::text),
        homepage: stanza.get("Homepage").and_then(link::text),
        depends: Vec::new(),
        files: Vec::new(),
        evidence: vec![path.to_owned()],
        first_layer: 0,
        layer: 0,
    };
    Ok(Record { package, wants, provides, owned: Vec::new() })
}

/// `name` or `name (version)`.
fn source(text: &[u8], version: &str) -> Option<SourcePackage> {
    let open = text.iter().position(|&b| b == b'(');
    let Some(open) = open else {
        return Some(SourcePackage { name: link::name(text)?, version: version.to_owned() });
    };
    let inner = text[open + 1..].strip_suffix(b")")?;
    Some(SourcePackage { name: link::name(text[..open].trim_ascii())?, version: link::token(inner.trim_ascii())? })
}

/// The names of a relationship field: groups at commas, alternatives at bars; versions, architectures (`:any`, `[…]`)
/// and build profiles fall away. What is not a name is left out: an edge is a service, not a promise.
fn groups(value: &[u8]) -> Vec<Vec<String>> {
    let alternative = |text: &[u8]| {
        let text = text.trim_ascii();
        let end = text.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'(' | b'[' | b':' | b'<'));
        link::name(&text[..end.unwrap_or(text.len())])
    };
    let group = |text: &[u8]| text.split(|&b| b == b'|').filter_map(alternative).collect::<Vec<_>>();
    value.split(|&b| b == b',').map(group).filter(|g| !g.is_empty()).collect()
}

/// The paths of a `.list` file: one a line, absolute.
pub fn list(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes
        .split(|&b| b == b'\n')
        .filter(|l| l.starts_with(b"/") && l.len() > 2 && l.len() <= 4096)
        .map(crate::owned::path)
}

/// The paths of an `.md5sums` file: 32 hex digits, two spaces (or a space and a star), a path without its slash.
pub fn md5sums(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|&b| b == b'\n').filter_map(|line| {
        let (sum, rest) = line.split_at_checked(32)?;
        let path = rest.strip_prefix(b"  ").or_else(|| rest.strip_prefix(b" *"))?;
        let legal = sum.iter().all(u8::is_ascii_hexdigit) && !path.is_empty() && path.len() <= 4096;
        legal.then(|| format!("/{}", crate::owned::path(path).trim_start_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Distro {
        Distro { id: "debian".into(), version_id: "12".into(), codename: None, pretty_name: None }
    }

    #[test]
    fn reads_a_record() {
        let text = b"Package: bsdutils\nEssential: yes\nStatus: install ok installed\nMaintainer: Chris Hofstaedtler <zeha@debian.org>\n\
            Architecture: amd64\nSource: util-linux (2.38.1-5+deb12u3)\nVersion: 1:2.38.1-5+deb12u3\nPre-Depends: libc6 (>= 2.34), libsystemd0\n\
            Depends: a:any (>= 1) | b, ${x}, c [amd64]\nProvides: v (= 1), w\nHomepage: https://example.org/\nDescription: basic utilities\n more\n";
        let (records, problems) = parse(text, "/var/lib/dpkg/status", false, Some(&debian()));
        assert!(problems.is_empty());
        let record = &records[0];
        assert_eq!(
            record.package.source,
            SourcePackage { name: "util-linux".into(), version: "2.38.1-5+deb12u3".into() }
        );
        assert_eq!(record.wants, [vec!["libc6"], vec!["libsystemd0"], vec!["a", "b"], vec!["c"]]);
        assert_eq!(record.provides, ["v", "w"]);
        assert_eq!(record.package.description.as_deref(), Some("basic utilities"));
        assert!(
            record
                .package
                .purl
                .starts_with("pkg:deb/debian/bsdutils@1:2.38.1-5%2Bdeb12u3?arch=amd64&distro=debian-12&")
        );
    }

    #[test]
    fn states() {
        let stanza =
            |name: &str, status: &str| format!("Package: {name}\nStatus: {status}\nVersion: 1\nArchitecture: all\n\n");
        let text = [
            stanza("a", "install ok installed"),
            stanza("b", "hold ok installed"),
            stanza("c", "install ok unpacked"),
            stanza("d", "install reinstreq half-configured"),
            stanza("e", "deinstall ok config-files"),
            stanza("f", "purge ok not-installed"),
            stanza("g", "install ok triggers-pending"),
            stanza("h", "nonsense"),
            "Package: i\nVersion: 1\n".to_owned(),
        ]
        .concat();
        let (records, problems) = parse(text.as_bytes(), "/s", false, None);
        let names: Vec<&str> = records.iter().map(|r| r.package.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "g", "h", "i"]);
        assert_eq!(problems.len(), 2, "an unknown and a missing Status are told: {problems:?}");
        assert_eq!(records[0].package.purl, "pkg:deb/a@1?arch=all");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let text =
            b"Package: a\nStatus: install ok installed\n\nPackage: b c\nStatus: install ok installed\nVersion: 1\n\n\
            Status: install ok installed\nVersion: 1\n\nPackage: d\nStatus: install ok installed\nVersion: 1 2\n\n\
            Package: e\nStatus: install ok installed\nVersion: 1\nSource: (\n";
        let (records, problems) = parse(text, "/s", false, None);
        assert!(records.is_empty());
        assert_eq!(problems.iter().map(|p| p.line.unwrap()).collect::<Vec<_>>(), [1, 4, 8, 11, 15]);
    }

    #[test]
    fn owned_files() {
        assert_eq!(list(b"/.\n/bin\n/bin/a b\nx\n").collect::<Vec<_>>(), ["/bin", "/bin/a b"]);
        let sums = b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\nbad  b\nd41d8cd98f00b204e9800998ecf8427e *c\n\n";
        assert_eq!(md5sums(sums).collect::<Vec<_>>(), ["/usr/bin/a", "/c"]);
    }
}
