//! The note of package metadata (`.note.package`) that distributions and builders leave in ELF files, for programs whose
//! package manager's database is not there to tell.

use std::collections::{BTreeSet, HashMap};

use plimsoll_version::purl::{self, OsPackage, Purl};

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Format, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, elf, license, link};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "elf-note",
    about: "Package metadata notes of ELF files that no package owns",
    evidence: &[Evidence::Executable { format: Format::Elf, limit: 512 * MIB }],
    purls: &["deb", "rpm", "apk", "alpm", "generic"],
    gives: &[],
    read,
    join: Some(join),
};

/// The note's own type, and the longest one that is read.
const TYPE: u32 = 0xcafe_1a7e;
const MAX_NOTE: usize = 64 << 10;
const MAX_NOTES: usize = 64;

/// Reads an ELF file.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    for executable in elf::parse(file.bytes) {
        let Some(section) = executable.section(b".note.package") else { continue };
        let big = file.bytes.get(5) == Some(&2);
        for json in notes(section, big) {
            let json = json.get(..json.len().min(MAX_NOTE)).unwrap_or_default();
            let text = json.split(|&b| b == 0).next().unwrap_or_default();
            match serde_json::from_slice::<HashMap<String, serde_json::Value>>(text) {
                Ok(fields) => match record(&fields) {
                    Some(record) => out.records.push(record),
                    None => out.trouble(None, "its package note names no package"),
                },
                Err(error) => out.trouble(None, format!("its package note cannot be read: {error}")),
            }
        }
    }
}

/// Contents of the notes of our type in a section.
fn notes(mut section: &[u8], big: bool) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((header, rest)) = section.split_at_checked(12) {
        let number = |at: usize| {
            let bytes = header.get(at..).and_then(|b| b.first_chunk::<4>().copied()).unwrap_or_default();
            if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        let padded = |length: u32| (length as usize).checked_next_multiple_of(4);
        let (name, content) = (number(0), number(4));
        let Some((name, rest)) = padded(name).and_then(|l| rest.split_at_checked(l)) else { break };
        let Some(body) = rest.get(..content as usize) else { break };
        if number(8) == TYPE && name.starts_with(b"FDO") && found.len() < MAX_NOTES {
            found.push(body);
        }
        section = padded(content).and_then(|l| rest.get(l..)).unwrap_or_default();
    }
    found
}

fn record(fields: &HashMap<String, serde_json::Value>) -> Option<Record> {
    let field = |name: &str| fields.get(name).and_then(|v| v.as_str()).and_then(|v| link::text(v.as_bytes()));
    let name = field("name")?;
    let version = field("version").unwrap_or_default();
    let kind = field("type").unwrap_or_default();
    let ecosystem = match kind.as_str() {
        "deb" => Ecosystem::Deb,
        "rpm" => Ecosystem::Rpm,
        "apk" => Ecosystem::Apk,
        "alpm" => Ecosystem::Alpm,
        _ => Ecosystem::Binary,
    };
    let mut record = Record {
        ecosystem,
        name: name.clone(),
        version: version.clone(),
        arch: field("architecture").unwrap_or_default(),
        licenses: field("license").map(|l| license::list(&l)).unwrap_or_default(),
        cpes: field("appCpe").or_else(|| field("cpe")).and_then(|c| formatted(&c)).into_iter().collect(),
        ..Record::default()
    };
    let (os, os_version) = system(&field);
    if let Some(purl) = field("purl").filter(|p| p.parse::<Purl>().is_ok()) {
        record.purl = purl;
    } else {
        record.purl = package_url(&record, &os, &os_version)?;
    }
    for key in [
        "type",
        "os",
        "osVersion",
        "osCpe",
        "debugInfoUrl",
        "moduleVersion",
        "sourceRepo",
        "commit",
        "vendor",
        "correlation_id",
    ] {
        if let Some(value) = field(key) {
            record.properties.push((format!("elf:{key}"), value));
        }
    }
    record.properties.sort();
    Some(record)
}

/// The system that the package was built for: named, or read from its CPE (`cpe:/o:fedoraproject:fedora:40`).
fn system(field: &dyn Fn(&str) -> Option<String>) -> (String, String) {
    if let Some(os) = field("os") {
        return (os, field("osVersion").unwrap_or_default());
    }
    let cpe = field("osCpe").or_else(|| field("osCPE")).unwrap_or_default();
    let parts: Vec<&str> = match cpe.strip_prefix("cpe:/") {
        Some(uri) => uri.split(':').collect(),
        None => cpe.strip_prefix("cpe:2.3:").map(|c| c.split(':').collect()).unwrap_or_default(),
    };
    let part =
        |i: usize| parts.get(i).filter(|p| !matches!(**p, "*" | "-")).map(|p| (*p).to_owned()).unwrap_or_default();
    (part(2), part(3))
}

/// A CPE as a formatted string (2.3), whichever binding it is written in.
fn formatted(cpe: &str) -> Option<String> {
    if cpe.starts_with("cpe:2.3:") {
        return Some(cpe.to_owned());
    }
    let mut parts: Vec<&str> =
        cpe.strip_prefix("cpe:/")?.split(':').take(11).map(|p| if p.is_empty() { "*" } else { p }).collect();
    parts.resize(11, "*");
    Some(format!("cpe:2.3:{}", parts.join(":")))
}

/// The package URL, or an empty one where only the image knows the distribution.
fn package_url(record: &Record, os: &str, os_version: &str) -> Option<String> {
    let package = OsPackage {
        name: &record.name,
        version: &record.version,
        arch: &record.arch,
        source_name: &record.name,
        source_version: &record.version,
        distro: Some((os, os_version)),
    };
    let distro = if os_version.is_empty() { os.to_owned() } else { format!("{os}-{os_version}") };
    let purl = match record.ecosystem {
        Ecosystem::Binary => Purl::new("generic", &record.name)
            .map(|p| p.with_namespace(os).with_version(&record.version).with_qualifier("distro", &distro)),
        _ if os.is_empty() => return Some(String::new()),
        Ecosystem::Deb => purl::deb(&package),
        Ecosystem::Apk => purl::apk(&package),
        other => Purl::new(other.purl_type(), &record.name).map(|p| {
            p.with_namespace(os)
                .with_version(&record.version)
                .with_qualifier("arch", &record.arch)
                .with_qualifier("distro", &distro)
        }),
    };
    purl.ok().map(|p| p.to_string())
}

/// A note names the source package; where the installed package is known by its database, that one says more.
fn join(join: &mut Join<'_>) {
    // A database may record /bin/x where a merged tree holds /usr/bin/x.
    fn plain(path: &str) -> &str {
        let path = path.trim_start_matches('/');
        path.strip_prefix("usr/").unwrap_or(path)
    }
    let files = std::mem::take(&mut join.files);
    let mut owned: BTreeSet<String> = BTreeSet::new();
    if !files.is_empty() {
        let wanted: BTreeSet<&str> = files.keys().map(|p| plain(p)).collect();
        for placed in join.placed.iter().filter(|p| p.record.ecosystem.is_system()) {
            for file in &placed.record.owned {
                let at = if placed.root.is_empty() {
                    plain(file).to_owned()
                } else {
                    plain(&format!("{}/{}", placed.root, plain(file))).to_owned()
                };
                if wanted.contains(at.as_str()) {
                    owned.insert(at);
                }
            }
        }
    }
    for (path, read) in files {
        if !owned.contains(plain(path)) {
            join.place_all(read);
        }
    }
}

#[cfg(test)]
mod tests;
