//! The real feeds and images of the data folder that `PLIMSOLL_DATA` names.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use plimsoll_advisory::{DistroStatus, Index, Matches, Severity, match_catalog, read_feeds};
use plimsoll_catalog::{Catalog, Distro, Ecosystem, Package, SourcePackage};

#[allow(clippy::disallowed_methods)]
fn data() -> Option<PathBuf> {
    let data = std::env::var_os("PLIMSOLL_DATA");
    if data.is_none() {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
    }
    data.map(PathBuf::from)
}

#[allow(clippy::disallowed_methods)]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Every file under the folders, decompressed; members of archives as files of their own.
fn files(data: &Path, folders: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for folder in folders {
        let mut paths: Vec<_> = std::fs::read_dir(data.join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_str().unwrap();
            let logical = format!("{}/{name}", folder.rsplit('/').next().unwrap());
            let bytes = read(&path);
            let bytes = if name.ends_with(".zst") { zstd::decode_all(&bytes[..]).unwrap() } else { bytes };
            if !name.contains(".tar") {
                out.push((logical, bytes));
                continue;
            }
            let mut archive = tar::Archive::new(&bytes[..]);
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let member = entry.path().unwrap().to_str().unwrap().to_owned();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                out.push((format!("{logical}/{member}"), content));
            }
        }
    }
    out
}

const ALL: &[&str] = &[
    "advisories/debian-bookworm-derived",
    "advisories/alpine-secdb",
    "advisories/almalinux",
    "advisories/golang",
    "advisories/rustsec-osv",
    "advisories/bitnami",
    "advisories/k8s",
    "advisories/osv-from-fixtures",
    "advisories/kev",
    "eol",
];

#[allow(clippy::disallowed_methods)]
fn index(data: &Path, folders: &[&str]) -> Vec<u8> {
    let files = files(data, folders);
    let start = Instant::now();
    let feeds = read_feeds(files);
    println!(
        "read in {:?}; {} passed over, {} unknown files, {} bad",
        start.elapsed(),
        feeds.passed_over,
        feeds.unknown.len(),
        feeds.bad.len()
    );
    feeds.bad.iter().take(12).for_each(|b| println!("  bad: {} {}: {}", b.0, b.1.place, b.1.why));
    let start = Instant::now();
    let bytes = feeds.builder.build(NOW.parse().unwrap()).unwrap();
    println!(
        "built in {:?}: {} bytes, {} with zstd",
        start.elapsed(),
        bytes.len(),
        zstd::encode_all(&bytes[..], 19).unwrap().len()
    );
    bytes
}

const NOW: &str = "2026-11-23T00:00:00Z";

fn package(ecosystem: Ecosystem, name: &str, version: &str, source: (&str, &str)) -> Package {
    Package {
        ecosystem,
        name: name.into(),
        version: version.into(),
        arch: "amd64".into(),
        source: SourcePackage { name: source.0.into(), version: source.1.into() },
        ..Package::default()
    }
}

fn catalog(id: &str, version: &str, packages: Vec<Package>) -> Catalog {
    let distro = Distro { id: id.into(), version_id: version.into(), codename: None, pretty_name: None };
    Catalog { distro: Some(distro), packages, problems: vec![] }
}

fn fields<'a>(stanza: &'a str, separator: &str, key: &str) -> Option<&'a str> {
    stanza.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(separator))
}

fn alpine(data: &Path, archive: &str, version: &str) -> Catalog {
    let gz = read(&data.join("images").join(archive));
    let mut outer = tar::Archive::new(flate2::read::GzDecoder::new(&gz[..]));
    for entry in outer.entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.path().unwrap().to_str().unwrap().ends_with("layer.tar") {
            continue;
        }
        let mut layer = Vec::new();
        entry.read_to_end(&mut layer).unwrap();
        for file in tar::Archive::new(&layer[..]).entries().unwrap() {
            let mut file = file.unwrap();
            if file.path().unwrap().to_str().unwrap() == "lib/apk/db/installed" {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                let packages = text.split("\n\n").filter(|s| !s.trim().is_empty()).map(|s| {
                    let field = |k| fields(s, ":", k).unwrap();
                    package(Ecosystem::Apk, field("P"), field("V"), (field("o"), field("V")))
                });
                return catalog("alpine", version, packages.collect());
            }
        }
    }
    panic!("no apk database in {archive}")
}

fn pairs(matches: &Matches) -> BTreeSet<(String, String)> {
    matches.vulnerabilities.iter().map(|v| (v.package.clone(), v.id.clone())).collect()
}

#[test]
fn alpine_3_10_agrees_with_trivy() {
    let Some(data) = data() else { return };
    let bytes = index(&data, &["advisories/alpine-secdb", "advisories/kev"]);
    let index = Index::open(&bytes).unwrap();
    let matches = match_catalog(&alpine(&data, "alpine-310.tar.gz", "3.10.4"), &index, NOW.parse().unwrap());
    let report: serde_json::Value = serde_json::from_slice(&read(&data.join("images/alpine-310.json"))).unwrap();
    let theirs: Vec<_> = report["Results"][0]["Vulnerabilities"].as_array().unwrap().iter().collect();
    let text = |v: &serde_json::Value, k: &str| v[k].as_str().unwrap().to_owned();
    let want = theirs.iter().map(|v| (text(v, "PkgName"), text(v, "VulnerabilityID"))).collect();
    assert_eq!(pairs(&matches), want);
    for v in &matches.vulnerabilities {
        let their =
            theirs.iter().find(|t| text(t, "PkgName") == v.package && text(t, "VulnerabilityID") == v.id).unwrap();
        assert_eq!(v.fixed.as_deref(), their["FixedVersion"].as_str(), "{} {}", v.package, v.id);
        assert_eq!(v.severity(), Severity::Unknown, "secdb states no severity");
    }
    assert_eq!(matches.undecidable, []);
    assert!(matches!(&matches.distro, DistroStatus::EndOfLife { since, .. } if since.to_string() == "2021-05-01"));
    assert_eq!(matches.examined, 14);
}

#[test]
#[allow(clippy::disallowed_methods)]
fn debian_12_and_the_whole_index() {
    let Some(data) = data() else { return };
    let bytes = index(&data, ALL);
    let start = Instant::now();
    let index = Index::open(&bytes).unwrap();
    println!("opened in {:?}, {} records", start.elapsed(), index.len());
    for feed in index.feeds() {
        println!(
            "  {} {:?} {} records, {} bad",
            feed.name,
            feed.snapshot.map(|s| s.to_string()),
            feed.records,
            feed.bad
        );
    }
    let status = zstd::decode_all(&read(&data.join("images/debian-12.11.dpkg-status.zst"))[..]).unwrap();
    let status = String::from_utf8(status).unwrap();
    let packages = status.split("\n\n").filter(|s| !s.trim().is_empty()).map(|s| {
        let field = |k| fields(s, ": ", k);
        let (name, version) = (field("Package").unwrap(), field("Version").unwrap());
        let (source, source_version) = match field("Source") {
            Some(s) => match s.split_once(" (") {
                Some((s, v)) => (s, v.trim_end_matches(')')),
                None => (s, version),
            },
            None => (name, version),
        };
        package(Ecosystem::Deb, name, version, (source, source_version))
    });
    let catalog = catalog("debian", "12", packages.collect());
    let start = Instant::now();
    let matches = match_catalog(&catalog, &index, NOW.parse().unwrap());
    println!(
        "matched {} packages in {:?}: {} findings, {} undecidable",
        matches.examined,
        start.elapsed(),
        matches.vulnerabilities.len(),
        matches.undecidable.len()
    );
    println!("{:?} {:?} {:?}", matches.distro, matches.kernel_headers, matches.not_examined);
    matches.undecidable.iter().take(10).for_each(|u| println!("  {u:?}"));
    for severity in Severity::ALL {
        println!(
            "  {} {}",
            severity.name(),
            matches.vulnerabilities.iter().filter(|v| v.severity() == severity).count()
        );
    }
    for v in matches.vulnerabilities.iter().filter(|v| v.source_name == "openssl" || v.kev).take(12) {
        println!("  {} {} {} {:?} {} {:?}", v.package, v.id, v.severity().name(), v.fixed, v.comparison, v.evidence);
    }
    assert_eq!(matches.examined, 772);
    assert_eq!(matches.undecidable, []);
    assert!(matches!(matches.distro, DistroStatus::LongTerm { .. }));
    let found = pairs(&matches);
    // Fixed by a security update after this status was written.
    assert!(found.contains(&("libssl3".to_owned(), "CVE-2026-45447".to_owned())));
    // Long fixed.
    assert!(!found.iter().any(|(_, id)| id == "CVE-2014-0160" || id == "CVE-2021-3156"));
    // Held open by the tracker, no fix stated.
    assert!(found.contains(&("tar".to_owned(), "CVE-2005-2541".to_owned())));
    assert!(
        matches.vulnerabilities.iter().all(|v| v.source_name != "linux" || !v.package.starts_with("linux-libc-dev"))
    );
}

/// The extract that the demo embeds is made of packages with real ratings.
#[test]
fn an_extract_of_the_real_data_is_small_and_rated() {
    let Some(data) = data() else { return };
    let feeds = read_feeds(files(&data, ALL));
    let packages = ["openssl", "zlib", "curl", "bash", "dpkg", "busybox", "libssh2", "nghttp2"];
    let extract = feeds.builder.extract(&["debian:12"], &packages);
    let again = read_feeds([("demo.jsonl".to_owned(), extract.clone())]);
    assert!(again.bad.is_empty() && again.builder.extract(&["debian:12"], &[]) == extract);
    let records = again.builder.merged();
    let rated = records.iter().filter(|r| !r.ratings.is_empty()).count();
    println!(
        "{} bytes, {} records, {rated} rated, {} exploited",
        extract.len(),
        records.len(),
        records.iter().filter(|r| r.kev).count()
    );
    for r in records.iter().filter(|r| !r.ratings.is_empty()).rev().take(20) {
        println!("  {} {} {} {} {:?}", r.package, r.id, r.ratings[0].severity.name(), r.ranges[0], r.evidence);
    }
    assert!(rated > 15);
    let graded = |id: &str| records.iter().find(|r| r.id == id).unwrap().ratings[0].severity;
    assert_eq!((graded("CVE-2022-3602"), graded("CVE-2021-3711")), (Severity::High, Severity::Critical));
    // What a demo can be made of: fixed in bookworm's own updates, rated high or worse.
    let all = feeds.builder.merged();
    let updates = all.iter().filter(|r| r.namespace == "debian:12" && r.evidence[0].contains("deb12u"));
    for r in updates.filter(|r| r.ratings.first().is_some_and(|x| x.severity.reaches(Severity::High) == Some(true))) {
        println!(
            "  demo: {} {} {} {}{}",
            r.package,
            r.id,
            r.ratings[0].severity.name(),
            r.ranges[0],
            if r.kev { " exploited" } else { "" }
        );
    }
}
