//! A package as its header tells it.

use crate::facts::Record;
use crate::{Ecosystem, SourcePackage, link, owned};

use super::header::{Header, tag};
use super::license;

/// The name under which keys that rpm trusts stand among the packages.
const KEY: &[u8] = b"gpg-pubkey";

/// The most bytes of owned paths for each byte of a header; real ones stay below one.
const MAX_PATHS: usize = 8;

/// Reads a header. `None` for a key, which is no package. A trouble may come with a record that it does not prevent.
pub(super) fn record(header: &Header<'_>) -> Result<Option<(Record, Option<String>)>, String> {
    let name = header.text(tag::NAME).ok_or("a package has no name; left out")?;
    if name == KEY {
        return Ok(None);
    }
    let name = link::token(name).ok_or("a package's name is malformed; left out")?;
    let version =
        version(header).ok_or_else(|| format!("package {name} has no version, or a malformed one; left out"))?;
    let source_rpm = header.text(tag::SOURCE_RPM).and_then(link::token);
    let arch = match source_rpm {
        // `(none)`, as rpm prints it, is not an architecture.
        Some(_) => header.text(tag::ARCH).and_then(link::name).unwrap_or_default(),
        None if header.has(tag::SOURCE_PACKAGE) => "src".to_owned(),
        None => header.text(tag::ARCH).and_then(link::name).unwrap_or_default(),
    };
    let text = |tag| header.text(tag).and_then(link::text);
    let (owned, trouble) = match owned(header) {
        Ok(owned) => (owned, None),
        Err(why) => (Vec::new(), Some(format!("the files of package {name} {why}"))),
    };
    let mut properties = Vec::new();
    let mut property = |name: &str, value: Option<String>| properties.extend(value.map(|v| (name.to_owned(), v)));
    property("rpm:header-sha256", header.text(tag::SHA256_HEADER).and_then(sha256));
    property("rpm:modularity", text(tag::MODULARITY_LABEL));
    // Algorithm 8 is SHA-256, the only one in use. The digest is of the compressed archive inside the package file.
    let is_sha256 = header.number(tag::PAYLOAD_DIGEST_ALGORITHM) == Some(8);
    property("rpm:payload-sha256", header.text(tag::PAYLOAD_DIGEST).filter(|_| is_sha256).and_then(sha256));
    let source = source_rpm.as_deref().and_then(source);
    property(SOURCE_RPM, source_rpm.filter(|file| source.as_ref().is_none_or(|s| *file != file_of(s))));
    let record = Record {
        ecosystem: Ecosystem::Rpm,
        name,
        version,
        arch,
        source,
        licenses: text(tag::LICENSE).map(|l| license::list(&l)).unwrap_or_default(),
        maintainer: text(tag::VENDOR).or_else(|| text(tag::PACKAGER)),
        description: text(tag::SUMMARY),
        homepage: text(tag::URL),
        owned,
        properties,
        ..Record::default()
    };
    Ok(Some((record, trouble)))
}

/// `[epoch:]version-release`; an epoch of 0 is written where the package states it, as rpm prints it.
fn version(header: &Header<'_>) -> Option<String> {
    let version = link::token(header.text(tag::VERSION)?)?;
    let release = match header.text(tag::RELEASE) {
        Some(release) => format!("-{}", link::token(release)?),
        None => String::new(),
    };
    let epoch = header.number(tag::EPOCH).map(|e| format!("{e}:")).unwrap_or_default();
    Some(format!("{epoch}{version}{release}"))
}

/// The property that holds the file name of a source package which its name and version do not give.
const SOURCE_RPM: &str = "rpm:source-rpm";

/// `NAME-VERSION-RELEASE.src.rpm`, or `.nosrc.rpm` where the sources may not be passed on.
pub(super) fn source(file: &str) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let release = stem.rfind('-')?;
    let (name, _) = stem.get(..release)?.rsplit_once('-')?;
    let version = stem.get(name.len() + 1..)?;
    (!name.is_empty()).then(|| SourcePackage { name: name.to_owned(), version: version.to_owned() })
}

/// The file name of the source package of a record, which package URLs name; empty where there is none.
pub(crate) fn source_rpm(record: &Record) -> String {
    let known = record.properties.iter().find(|(name, _)| name == SOURCE_RPM).map(|(_, file)| file.clone());
    known.or_else(|| record.source.as_ref().map(file_of)).unwrap_or_default()
}

fn file_of(source: &SourcePackage) -> String {
    format!("{}-{}.src.rpm", source.name, source.version)
}

fn sha256(text: &[u8]) -> Option<String> {
    link::token(text).filter(|t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_hexdigit())).map(|t| t.to_lowercase())
}

/// The files that a package owns, without directories, and without those that rpm says were not installed, or belong to
/// another package by now.
fn owned(header: &Header<'_>) -> Result<Vec<String>, &'static str> {
    let mut room = header.len() * MAX_PATHS;
    let mut modes = header.numbers(tag::FILE_MODES);
    let mut states = header.numbers(tag::FILE_STATES);
    let mut is_owned = move || {
        let is_directory = modes.next().is_some_and(|mode| mode & 0o170_000 == 0o040_000);
        // 0 is installed, 3 lies on a shared disk.
        let is_installed = states.next().is_none_or(|state| matches!(state, 0 | 3));
        !is_directory && is_installed
    };
    let mut files = Vec::new();
    let mut add = |dir: &[u8], base: &[u8]| {
        let path = [dir, base].concat();
        room = room.checked_sub(path.len()).ok_or("have paths longer than the package's header allows; left out")?;
        if path.starts_with(b"/") && path.len() <= 4096 {
            files.push(owned::path(&path));
        }
        Ok(())
    };
    let dirs: Vec<&[u8]> = header.texts(tag::DIR_NAMES).collect();
    for (base, dir) in header.texts(tag::BASE_NAMES).zip(header.numbers(tag::DIR_INDEXES)) {
        let dir = dirs.get(dir as usize).ok_or("name a directory that is not listed; left out")?;
        if is_owned() {
            add(dir, base)?;
        }
    }
    // Packages built before 2000 hold whole paths.
    for path in header.texts(tag::OLD_FILE_NAMES) {
        if is_owned() {
            add(b"", path)?;
        }
    }
    Ok(files)
}
