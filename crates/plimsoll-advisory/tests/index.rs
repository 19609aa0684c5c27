//! The index: round trip, equal bytes for equal contents, hostile bytes, and matching on small records.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use plimsoll_advisory::parse::records;
use plimsoll_advisory::{
    DistroStatus, End, Feed, FixState, Index, IndexBuilder, IndexError, Lifetime, Range, Rating, Record, Severity,
    Standing, match_catalog, read_feeds,
};
use plimsoll_catalog::{Catalog, Distro, Ecosystem, Package, SourcePackage};
use proptest::prelude::*;

const NOW: &str = "2026-11-23T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn sample() -> Vec<Record> {
    let openssl =
        Record { evidence: vec!["tracker: fixed".into()], ..Record::new("debian:12", "openssl", "CVE-2023-0286") };
    let several = Record {
        ranges: vec![
            Range { introduced: Some("1.0-1".into()), end: End::LastAffected("1.4-1".into()) },
            Range { introduced: Some("2.0-1".into()), end: End::Fixed("2.1-1".into()) },
        ],
        versions: vec!["3.0-1".into()],
        state: FixState::Fixed,
        summary: Some("several ranges — and a dash".into()),
        url: Some("https://example.com/a".into()),
        published: "2024-01-01T00:00:00Z".parse().ok(),
        ..Record::new("debian:12", "several", "CVE-2024-0001")
    };
    let cleared = Record { state: FixState::NotAffected, ..Record::new("debian:12", "several", "CVE-2024-0002") };
    vec![
        openssl.fixed_in("3.0.8-1"),
        several,
        cleared,
        Record::new("debian:12", "openssl", "CVE-2007-6755").open(),
        Record::new("debian:12", "linux", "CVE-2024-0003").fixed_in("6.1.99-1"),
        Record::new("alpine:v3.10", "busybox", "CVE-2021-28831").fixed_in("1.30.1-r5"),
        Record::new("alpine:v3.10", "odd", "CVE-2021-0009").fixed_in("4.8.0.-r1"),
    ]
}

fn builder(records: Vec<Record>) -> IndexBuilder {
    let mut builder = IndexBuilder::new();
    let rating = Rating::from_vector("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H", "GHSA-x4qr-2fvf-3mr5").unwrap();
    let word = Rating::from_word("CRITICAL", "BIT-openssl-2023-0286").unwrap();
    let life = |n: &str, end: &str| Lifetime {
        namespace: n.into(),
        codename: None,
        regular: end.parse().ok(),
        long_term: None,
    };
    builder
        .add(Standing::Vendor, records)
        .rate([("CVE-2023-0286".into(), rating), ("CVE-2023-0286".into(), word)])
        .exploited(["CVE-2021-28831".to_owned()])
        .feed(Feed { name: "test".into(), snapshot: Some(now()), records: 7, bad: 1 })
        .lifetimes([life("debian:12", "2028-06-30"), life("alpine:v3.10", "2021-05-01")]);
    builder
}

fn package(ecosystem: Ecosystem, name: &str, source: &str, version: &str, source_version: &str) -> Package {
    Package {
        ecosystem,
        name: name.into(),
        version: version.into(),
        arch: "amd64".into(),
        source: SourcePackage { name: source.into(), version: source_version.into() },
        layer: 3,
        purl: format!("pkg:deb/debian/{name}@{version}"),
        ..Package::default()
    }
}

fn catalog(id: &str, version: &str, packages: Vec<Package>) -> Catalog {
    let distro = Distro { id: id.into(), version_id: version.into(), codename: None, pretty_name: None };
    Catalog { distro: Some(distro), packages, problems: vec![] }
}

#[test]
fn records_come_back_whole() {
    let bytes = builder(sample()).build(now()).unwrap();
    let index = Index::open(&bytes).unwrap();
    assert_eq!((index.len(), index.built_at(), index.is_empty()), (7, now(), false));
    assert_eq!(index.namespaces().collect::<Vec<_>>(), [("alpine:v3.10", 2), ("debian:12", 5)]);
    assert_eq!(index.feeds()[0].snapshot, Some(now()));
    let several: Vec<Record> = index.lookup("debian:12", "several").map(|r| r.to_record()).collect();
    let want: Vec<Record> = sample().into_iter().filter(|r| r.package == "several").collect();
    assert_eq!(several, want);
    assert_eq!(index.lookup("debian:12", "severa").count() + index.lookup("debian:13", "several").count(), 0);
    let openssl =
        index.lookup("debian:12", "openssl").map(|r| r.to_record()).find(|r| r.id == "CVE-2023-0286").unwrap();
    assert_eq!(
        openssl.ratings.iter().map(|r| (r.severity, r.score)).collect::<Vec<_>>(),
        [(Severity::High, Some(74)), (Severity::Critical, None)]
    );
    assert_eq!(index.digest(), plimsoll_oci::Digest::sha256(&bytes));
}

#[test]
fn equal_contents_are_equal_bytes() {
    let bytes = builder(sample()).build(now()).unwrap();
    let mut turned = sample();
    turned.reverse();
    assert_eq!(builder(turned.clone()).build(now()).unwrap(), bytes);
    // A record that stands twice changes nothing.
    turned.extend(sample());
    assert_eq!(builder(turned).build(now()).unwrap(), bytes);
}

#[test]
fn every_cut_and_every_flipped_byte_is_refused() {
    let bytes = builder(sample()).build(now()).unwrap();
    for end in 0..bytes.len() {
        assert!(Index::open(&bytes[..end]).is_err(), "cut at {end}");
    }
    let mut longer = bytes.clone();
    longer.extend([0; 8]);
    assert!(matches!(Index::open(&longer), Err(IndexError::Length(..))));
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x41;
        assert!(Index::open(&bad).is_err(), "byte {at}");
    }
    assert_eq!(Index::open(b"SQLite format 3\0").unwrap_err(), IndexError::NotAnIndex);
}

#[test]
fn source_name_and_source_version_decide() {
    let bytes = builder(sample()).build(now()).unwrap();
    let index = Index::open(&bytes).unwrap();
    let deb = |name, source, version, source_version| package(Ecosystem::Deb, name, source, version, source_version);
    let matches = match_catalog(
        &catalog(
            "debian",
            "12",
            vec![
                deb("libssl3", "openssl", "3.0.9-1+b1", "3.0.7-1"),
                deb("openssl", "openssl", "3.0.8-1", "3.0.8-1"),
                deb("a", "several", "1.2-1", "1.2-1"),
                deb("b", "several", "1.5-1", "1.5-1"),
                deb("c", "several", "2.0.5-1", "2.0.5-1"),
                deb("d", "several", "3.0-1", "3.0-1"),
                deb("e", "several", "not/a/version", "not/a/version"),
                deb("linux-libc-dev", "linux", "6.1.1-1", "6.1.1-1"),
                package(Ecosystem::Apk, "musl", "musl", "1", "1"),
            ],
        ),
        &index,
        now(),
    );
    let found: Vec<_> = matches.vulnerabilities.iter().map(|v| (&*v.package, &*v.id, v.fixed.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("a", "CVE-2024-0001", None),
            ("c", "CVE-2024-0001", Some("2.1-1")),
            ("d", "CVE-2024-0001", None),
            ("libssl3", "CVE-2007-6755", None),
            ("libssl3", "CVE-2023-0286", Some("3.0.8-1")),
            ("openssl", "CVE-2007-6755", None),
        ]
    );
    let libssl = matches.vulnerabilities.iter().find(|v| v.id == "CVE-2023-0286").unwrap();
    assert_eq!(libssl.comparison, "dpkg: openssl 3.0.7-1 < 3.0.8-1 (fixed)");
    assert_eq!((libssl.severity(), libssl.graver().map(|r| r.severity)), (Severity::High, Some(Severity::Critical)));
    assert_eq!(libssl.url.as_deref(), Some("https://security-tracker.debian.org/tracker/CVE-2023-0286"));
    assert_eq!(matches.vulnerabilities[0].state, FixState::NoFix);
    assert_eq!(matches.undecidable.iter().map(|u| (&*u.package, &*u.id)).collect::<Vec<_>>(), [("e", "CVE-2024-0001")]);
    assert_eq!((matches.kernel_headers[0].count, matches.examined), (1, 8));
    assert_eq!(matches.not_examined.get("apk"), Some(&1));
    assert!(matches!(matches.distro, DistroStatus::Supported { .. }));
}

#[test]
fn only_a_known_distribution_judges_what_it_packaged() {
    let npm = |fixed: &str| Record::new("npm", "left-pad", "CVE-2024-0009").fixed_in(fixed);
    let bytes = builder([sample(), vec![npm("2.0.0")]].concat()).build(now()).unwrap();
    let index = Index::open(&bytes).unwrap();
    let owned_by = |owner: &[&str]| Package {
        owners: owner.iter().map(|o| (*o).to_owned()).collect(),
        purl: "pkg:npm/left-pad@1.0.0".into(),
        ..package(Ecosystem::Npm, "left-pad", "left-pad", "1.0.0", "1.0.0")
    };
    let found = |distro: &str, owner: &[&str]| {
        let matches = match_catalog(&catalog(distro, "12", vec![owned_by(owner)]), &index, now());
        (matches.vulnerabilities.len(), matches.not_examined.values().sum::<usize>())
    };
    let deb = "pkg:deb/debian/node-left-pad@1.0.0-1?arch=all&distro=debian-12";
    let debian = |owner: &[&str]| {
        let own = package(Ecosystem::Deb, "node-left-pad", "node-left-pad", "1.0.0-1", "1.0.0-1");
        let matches = match_catalog(&catalog("debian", "12", vec![own, owned_by(owner)]), &index, now());
        (matches.vulnerabilities.len(), matches.not_examined.values().sum::<usize>())
    };
    assert_eq!(debian(&[deb]), (0, 1), "passed over, and counted");
    assert_eq!(debian(&[]), (1, 0));
    assert_eq!(debian(&["pkg:conda/left-pad@1.0.0"]), (1, 0), "conda has no advisories of its own");
    assert_eq!(found("fedora", &["pkg:rpm/fedora/left-pad@1.0.0-1"]), (1, 0), "nor has what is not in the index");
}

#[test]
fn releases_are_told_apart() {
    let bytes = builder(sample()).build(now()).unwrap();
    let index = Index::open(&bytes).unwrap();
    let apk = || {
        vec![
            package(Ecosystem::Apk, "busybox", "busybox", "1.30.1-r3", "1.30.1-r3"),
            package(Ecosystem::Apk, "odd", "odd", "4-r0", "4-r0"),
        ]
    };
    let matches = match_catalog(&catalog("alpine", "3.10.4", apk()), &index, now());
    assert_eq!(
        (matches.vulnerabilities.len(), matches.vulnerabilities[0].kev, matches.undecidable.len()),
        (1, true, 1)
    );
    assert!(matches!(&matches.distro, DistroStatus::EndOfLife { namespace, .. } if namespace == "alpine:v3.10"));
    let early = match_catalog(&catalog("alpine", "3.10.4", apk()), &index, "2020-01-01T00:00:00Z".parse().unwrap());
    assert!(matches!(early.distro, DistroStatus::Supported { .. }));
    let status = |id: &str, version: &str| match_catalog(&catalog(id, version, apk()), &index, now()).distro;
    assert!(
        matches!(status("alpine", "3.99.0"), DistroStatus::NotInIndex { namespace } if namespace == "alpine:v3.99")
    );
    assert!(matches!(status("alpine", "3"), DistroStatus::Unknown { .. }));
    assert!(matches!(status("wolfi", "20230201"), DistroStatus::Unknown { .. }));
    assert!(matches!(status("debian", ""), DistroStatus::Unknown { .. }));
    assert!(matches!(
        match_catalog(&Catalog { packages: apk(), ..Catalog::default() }, &index, now()).distro,
        DistroStatus::Unknown { .. }
    ));
    assert_eq!(match_catalog(&Catalog::default(), &index, now()).distro, DistroStatus::NotNeeded);
}

#[test]
fn an_extract_reads_back_to_the_same_records() {
    let whole = builder(sample());
    let extract = whole.extract(&["debian:12"], &["openssl", "linux"]);
    assert!(records::is_records(&extract));
    let feeds = read_feeds([("demo.jsonl".to_owned(), extract.clone())]);
    assert_eq!((feeds.bad.len(), feeds.unknown.len()), (0, 0));
    assert!(feeds.builder.extract(&["debian:12"], &[]) == extract, "an extract of an extract is the same bytes");
    let bytes = feeds.builder.build(now()).unwrap();
    let index = Index::open(&bytes).unwrap();
    let ids: Vec<_> = index.lookup("debian:12", "openssl").map(|r| r.id().to_owned()).collect();
    assert_eq!((ids, index.len()), (vec!["CVE-2007-6755".to_owned(), "CVE-2023-0286".to_owned()], 3));
    assert_eq!(index.feeds()[0].name, "test");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let mut text = if magic { b"PLMSLADV\x01\0\0\0\x09\0\0\0".to_vec() } else { Vec::new() };
        text.extend(&bytes);
        prop_assert!(Index::open(&text).is_err());
        _ = read_feeds([("a.json".to_owned(), bytes.clone()), ("b.jsonl".to_owned(), bytes.clone()), ("debian.csv".to_owned(), bytes)]);
    }
}
