//! The demo's advisories: what public feeds say of the packages in the embedded sample.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use plimsoll_advisory::parse::records;
use plimsoll_advisory::{End, FixState, Range, Rating, Record, Scheme, Severity, read_feeds};
use plimsoll_layer::{EntryKind, Limits, TarReader, decompress};

use crate::run::root;

/// The release the sample is made of.
const NAMESPACE: &str = "debian:12";

/// The sample's source packages with the versions it ships (`crates/plimsoll/src/sample/packages.rs`).
const SOURCES: [(&str, &str); 13] = [
    ("apt", "2.6.1"),
    ("base-files", "12.4+deb12u5"),
    ("bash", "5.2.15-2"),
    ("curl", "7.88.1-10"),
    ("dash", "0.5.12-2"),
    ("dpkg", "1.21.22"),
    ("glibc", "2.36-9+deb12u1"),
    ("netbase", "6.4"),
    ("openssl", "3.0.8-1"),
    ("perl", "5.36.0-7"),
    ("shadow", "1:4.13+dfsg1-1"),
    ("tzdata", "2024a-0+deb12u1"),
    ("zlib", "1:1.2.13.dfsg-1"),
];

/// The feeds that speak of the sample; what the others say of other systems is not in the extract.
const FEEDS: [&str; 3] = ["debian-changelogs", "debian-oval", "kev"];

/// The largest extract the binary carries.
const MOST: usize = 400_000;

/// Reads the feeds below `dir` (and lifetimes of releases in an `eol` folder beside it) and writes the demo's extract.
pub(crate) fn lane(dir: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(dir, "", &mut files)?;
    if let Some(eol) = dir.parent().map(|p| p.join("eol")).filter(|p| p.is_dir()) {
        collect(&eol, "eol/", &mut files)?;
    }
    let ratings = ratings(&files);
    let mut feeds = read_feeds(files);
    feeds.builder.rate(ratings);
    let sources: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
    let mut extract = records::parse(&feeds.builder.extract(&[NAMESPACE], &sources));
    if let Some(bad) = extract.parsed.bad.first() {
        bail!("the extract does not read back: {}: {}", bad.place, bad.why);
    }
    extract.parsed.records.retain(concerns_the_sample);
    extract.feeds.retain(|f| FEEDS.contains(&&*f.name));
    let bytes = records::write(&extract.parsed.records, &extract.feeds, &extract.lifetimes);
    if bytes.len() > MOST {
        bail!("the extract has {} bytes, more than {MOST}", bytes.len());
    }
    let path = root().join("crates/plimsoll/demo/advisories.jsonl");
    std::fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    let records = &extract.parsed.records;
    println!(
        "{} records, {} rated, {} known to be exploited, {} bytes: {}",
        records.len(),
        records.iter().filter(|r| !r.ratings.is_empty()).count(),
        records.iter().filter(|r| r.kev).count(),
        bytes.len(),
        path.display()
    );
    Ok(())
}

/// Debian's own data carries no severities. Two neighbours say theirs of a single vulnerability: Ubuntu's OVAL (a vector
/// or a priority on each CVE), and AlmaLinux where an advisory is about one CVE, or says "low", which none of its CVEs
/// can then exceed.
fn ratings(files: &[(String, Vec<u8>)]) -> Vec<(String, Rating)> {
    let mut ratings = Vec::new();
    for (name, bytes) in files {
        if name.ends_with(".oval.xml") {
            ratings.extend(String::from_utf8_lossy(bytes).split("<cve ").skip(1).filter_map(ubuntu));
        } else if name.contains("/ALSA-") {
            ratings.extend(almalinux(bytes).unwrap_or_default());
        }
    }
    ratings
}

/// `href="…" priority="high" … cvss_vector="…" …>CVE-…</cve>`.
fn ubuntu(element: &str) -> Option<(String, Rating)> {
    let (attributes, rest) = element.split_once('>')?;
    let (id, _) = rest.split_once("</cve>")?;
    let attribute = |name: &str| attributes.split_once(&format!("{name}=\""))?.1.split('"').next();
    let rating = match attribute("cvss_vector") {
        Some(vector) => Rating::from_vector(vector, "ubuntu"),
        None => Rating::from_word(attribute(" priority")?, "ubuntu"),
    };
    Some((id.to_owned(), rating?))
}

fn almalinux(bytes: &[u8]) -> Option<Vec<(String, Rating)>> {
    let advisory: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let related = advisory["related"].as_array()?.iter().filter_map(|id| id.as_str());
    let ids: Vec<&str> = related.filter(|id| id.starts_with("CVE-")).collect();
    let rating = Rating::from_word(advisory["summary"].as_str()?.split_once(':')?.0, advisory["id"].as_str()?)?;
    let exact = ids.len() == 1 || rating.severity == Severity::Low;
    exact.then(|| ids.into_iter().map(|id| (id.to_owned(), rating.clone())).collect())
}

/// Whether a record can affect the version the sample ships. What cannot be compared stays.
fn concerns_the_sample(record: &Record) -> bool {
    let Some((_, version)) = SOURCES.iter().find(|(name, _)| *name == record.package) else { return false };
    let Some(scheme) = Scheme::of(NAMESPACE) else { return true };
    match (record.state, &record.ranges[..]) {
        (FixState::NotAffected, _) => false,
        (FixState::Fixed, [Range { end: End::Fixed(fixed), .. }]) => {
            scheme.compare(version, fixed).map_or(true, std::cmp::Ordering::is_lt)
        }
        _ => true,
    }
}

/// Every file below `dir`, decompressed, archives by member; in the order of their names.
fn collect(dir: &Path, prefix: &str, out: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let listing = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut paths: Vec<PathBuf> = listing.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), out)?;
        } else {
            file(&path, name, out).with_context(|| format!("cannot read {}", path.display()))?;
        }
    }
    Ok(())
}

fn file(path: &Path, name: String, out: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let limits = Limits::default();
    let mut stream = decompress(File::open(path)?, &limits)?;
    let mut bytes = Vec::new();
    if !name.contains(".tar") {
        stream.read_to_end(&mut bytes)?;
        out.push((name, bytes));
        return Ok(());
    }
    let mut archive = TarReader::new(stream, &limits);
    while let Some(entry) = archive.next_entry()? {
        if entry.kind == EntryKind::File {
            let mut bytes = Vec::new();
            archive.read_to_end(&mut bytes)?;
            out.push((format!("{name}{}", entry.path), bytes));
        }
    }
    Ok(())
}
