//! dpkg's and opkg's records: `status`, the records of `status.d`, the lists of owned files, and `copyright`.

use crate::assemble::{Join, Read};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::copyright;
use crate::deb822::{Stanza, stanzas};
use crate::facts::{Facts, File, Record};
use crate::link;
use crate::{Ecosystem, SourcePackage};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "dpkg",
    about: "Debian and opkg packages",
    evidence: &[
        Evidence::Path { glob: "**/var/lib/dpkg/status", limit: 128 * MIB },
        Evidence::Path { glob: "**/var/lib/dpkg/status.d/*", limit: 16 * MIB },
        Evidence::Path { glob: "**/var/lib/dpkg/info/*.list", limit: 16 * MIB },
        Evidence::Path { glob: "**/usr/share/doc/*/copyright", limit: 4 * MIB },
        Evidence::Path { glob: "**/usr/lib/opkg/status", limit: 128 * MIB },
        Evidence::Path { glob: "**/usr/lib/opkg/info/*.list", limit: 16 * MIB },
    ],
    purls: &["deb"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files, Gives::Supplier],
    read,
    join: Some(join),
};

const STATUS: usize = 0;
const RECORD: usize = 1;
const LIST: usize = 2;
const OPKG_STATUS: usize = 4;
const OPKG_LIST: usize = 5;

/// Reads one of dpkg's files.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    match file.which {
        RECORD if file.path.ends_with(".md5sums") => out.note("owned", md5sums(file.bytes).collect()),
        RECORD if is_script(file.name()) => {}
        STATUS | RECORD | OPKG_STATUS => parse(file.bytes, file.which == RECORD, out),
        LIST | OPKG_LIST => out.note("owned", list(file.bytes).collect()),
        _ => {
            let found = copyright::licenses(file.bytes);
            if found.len() >= copyright::MAX_LICENSES {
                out.trouble(None, "names more licences than are listed");
            }
            if !found.is_empty() {
                out.note("licenses", found);
            }
        }
    }
}

/// Files that lie beside the records of `status.d` and are none.
fn is_script(name: &str) -> bool {
    const OTHER: &[&str] = &[
        ".list",
        ".conffiles",
        ".preinst",
        ".postinst",
        ".prerm",
        ".postrm",
        ".triggers",
        ".shlibs",
        ".symbols",
        ".templates",
        ".config",
    ];
    OTHER.iter().any(|o| name.ends_with(o))
}

/// Gives each record its licences and files.
fn join(join: &mut Join<'_>) {
    let (mut statuses, mut beside) = (Vec::new(), std::mem::take(&mut join.files));
    let is_status = |r: &Read<'_>| matches!(r.which, STATUS | RECORD | OPKG_STATUS);
    let paths: Vec<&str> = beside.iter().filter(|(_, r)| is_status(r)).map(|(p, _)| *p).collect();
    for path in paths {
        // Checksums of `status.d` stay beside: they are looked up by the record's name.
        if !path.ends_with(".md5sums") {
            statuses.extend(beside.remove(path));
        }
    }
    for status in statuses {
        for mut record in status.facts.records {
            let (root, name, arch) = (status.root.clone(), record.name.clone(), record.arch.clone());
            if let Some((real, _)) = join.tree.lookup(&format!("{root}/usr/share/doc/{name}/copyright"))
                && let Some(read) = beside.get(real.as_str())
            {
                record.licenses.extend(read.facts.noted("licenses").iter().cloned());
            }
            let candidates = match status.which {
                RECORD => vec![format!("{}.md5sums", status.path)],
                OPKG_STATUS => vec![format!("{root}/usr/lib/opkg/info/{name}.list")],
                _ => {
                    let info = format!("{root}/var/lib/dpkg/info/{name}");
                    vec![format!("{info}:{arch}.list"), format!("{info}.list")]
                }
            };
            // Each list is one package's: it is moved, for all of them together are large.
            let candidate = candidates.iter().find(|c| beside.contains_key(c.as_str()));
            if let Some(read) = candidate.and_then(|c| beside.get_mut(c.as_str())) {
                record.owned = read.facts.take("owned");
            }
            let files = candidate.and_then(|c| Some((c, beside.get(c.as_str())?)));
            let index = join.place(record, &root, status.path, status.node);
            // A status file changes with every package: the narrowest record tells the layers.
            if let Some((path, read)) = files {
                let placed = &mut join.placed[index];
                placed.evidence.push(path.clone());
                (placed.first_layer, placed.layer) = (read.node.first_layer, read.node.layer);
            }
        }
    }
}

/// Reads a status file or a record of `status.d`, where a record without `Status` is an installed package
/// (`is_record`). Gives the packages that are on the disk, whatever half-way state they are in.
fn parse(bytes: &[u8], is_record: bool, out: &mut Facts) {
    for stanza in stanzas(bytes) {
        for (line, why) in &stanza.faults {
            out.trouble(Some(*line), *why);
        }
        match stanza.get("Status").map(state) {
            Some(State::Absent) => continue,
            Some(State::Present) => {}
            Some(State::Unknown) => {
                out.trouble(Some(stanza.line), "the record's Status is not one dpkg writes; listed");
            }
            None if is_record => {}
            None => out.trouble(Some(stanza.line), "the record has no Status; listed"),
        }
        match record(&stanza) {
            Ok(record) => out.records.push(record),
            Err(why) => out.trouble(Some(stanza.line), why),
        }
    }
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

fn record(stanza: &Stanza<'_>) -> Result<Record, String> {
    let name = stanza.get("Package").ok_or("a record has no Package; left out")?;
    let name = link::name(name).ok_or("a record's Package is not a package name; left out")?;
    let version = stanza.get("Version").ok_or_else(|| format!("package {name} has no Version; left out"))?;
    let version = link::token(version).ok_or_else(|| format!("package {name} has a malformed Version; left out"))?;
    let arch = stanza.get("Architecture").and_then(link::name).unwrap_or_default();
    let source = match stanza.get("Source") {
        None => None,
        Some(text) => {
            Some(source(text, &version).ok_or_else(|| format!("package {name} has a malformed Source; left out"))?)
        }
    };
    let wants = ["Pre-Depends", "Depends"].iter().filter_map(|f| stanza.get(f)).flat_map(groups).collect();
    let provides = stanza.get("Provides").map(groups).unwrap_or_default().into_iter().flatten().collect();
    Ok(Record {
        ecosystem: Ecosystem::Deb,
        name,
        version,
        arch,
        source,
        maintainer: stanza.get("Maintainer").and_then(link::text),
        description: stanza.get("Description").and_then(link::text),
        homepage: stanza.get("Homepage").and_then(link::text),
        wants,
        provides,
        ..Record::default()
    })
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
pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes
        .split(|&b| b == b'\n')
        .filter(|l| l.starts_with(b"/") && l.len() > 2 && l.len() <= 4096)
        .map(crate::owned::path)
}

/// The paths of an `.md5sums` file: 32 hex digits, two spaces (or a space and a star), a path without its slash.
pub(crate) fn md5sums(bytes: &[u8]) -> impl Iterator<Item = String> {
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

    fn parsed(text: &[u8], is_record: bool) -> Facts {
        let mut out = Facts::default();
        parse(text, is_record, &mut out);
        out
    }

    #[test]
    fn reads_a_record() {
        let text = b"Package: bsdutils\nEssential: yes\nStatus: install ok installed\nMaintainer: Chris Hofstaedtler <zeha@debian.org>\n\
            Architecture: amd64\nSource: util-linux (2.38.1-5+deb12u3)\nVersion: 1:2.38.1-5+deb12u3\nPre-Depends: libc6 (>= 2.34), libsystemd0\n\
            Depends: a:any (>= 1) | b, ${x}, c [amd64]\nProvides: v (= 1), w\nHomepage: https://example.org/\nDescription: basic utilities\n more\n";
        let out = parsed(text, false);
        assert!(out.troubles.is_empty());
        let record = &out.records[0];
        assert_eq!(
            record.source,
            Some(SourcePackage { name: "util-linux".into(), version: "2.38.1-5+deb12u3".into() })
        );
        assert_eq!(record.wants, [vec!["libc6"], vec!["libsystemd0"], vec!["a", "b"], vec!["c"]]);
        assert_eq!(record.provides, ["v", "w"]);
        assert_eq!(record.description.as_deref(), Some("basic utilities"));
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
        let out = parsed(text.as_bytes(), false);
        let names: Vec<&str> = out.records.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "g", "h", "i"]);
        assert_eq!(out.troubles.len(), 2, "an unknown and a missing Status are told: {:?}", out.troubles);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let text =
            b"Package: a\nStatus: install ok installed\n\nPackage: b c\nStatus: install ok installed\nVersion: 1\n\n\
            Status: install ok installed\nVersion: 1\n\nPackage: d\nStatus: install ok installed\nVersion: 1 2\n\n\
            Package: e\nStatus: install ok installed\nVersion: 1\nSource: (\n";
        let out = parsed(text, false);
        assert!(out.records.is_empty());
        assert_eq!(out.troubles.iter().map(|p| p.0.unwrap()).collect::<Vec<_>>(), [1, 4, 8, 11, 15]);
    }

    #[test]
    fn owned_files() {
        assert_eq!(list(b"/.\n/bin\n/bin/a b\nx\n").collect::<Vec<_>>(), ["/bin", "/bin/a b"]);
        let sums = b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\nbad  b\nd41d8cd98f00b204e9800998ecf8427e *c\n\n";
        assert_eq!(md5sums(sums).collect::<Vec<_>>(), ["/usr/bin/a", "/c"]);
    }
}
