//! Databases that rpm, SQLite and Berkeley DB wrote, and what rpm says is in them.

use std::io::Read as _;

use plimsoll_tree::{Builder, MemoryContents};

use super::*;
use crate::{Catalog, SourcePackage, catalog, wants};

const SQLITE: &[u8] = include_bytes!("../../tests/data/rpm/rpmdb.sqlite.gz");
const SMALL: &[u8] = include_bytes!("../../tests/data/rpm/small-pages.sqlite.gz");
const NDB: &[u8] = include_bytes!("../../tests/data/rpm/Packages.db.gz");
const LITTLE: &[u8] = include_bytes!("../../tests/data/rpm/Packages.little.gz");
const BIG: &[u8] = include_bytes!("../../tests/data/rpm/Packages.big.gz");
const BIG_64K: &[u8] = include_bytes!("../../tests/data/rpm/Packages.big-64k.gz");
const PACKAGE: &[u8] = include_bytes!("../../tests/data/rpm/plim-app.rpm");

/// `rpm -qa --qf '%{NAME} %{EVR} %{ARCH} %{SOURCERPM}\n' | sort`
const TRUTH: [&str; 4] = [
    "plim-app 1.1~rc1-1.tst noarch plim-app-1.1~rc1-1.tst.src.rpm",
    "plim-base 1:2.0-3.tst noarch plim-base-2.0-3.tst.src.rpm",
    "plim-lib 0:0.1^git-2.tst x86_64 plim-lib-0.1^git-2.tst.src.rpm",
    "plim-tool 7-1 noarch plim-tool-7-1.src.rpm",
];

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

fn read_as(which: usize, path: &str, bytes: &[u8]) -> Facts {
    let mut out = Facts::default();
    read(&File { path, root: "", which, bytes }, &mut out);
    out
}

fn listed(facts: &Facts) -> Vec<String> {
    let mut list: Vec<String> = facts
        .records
        .iter()
        .map(|r| format!("{} {} {} {}", r.name, r.version, r.arch, package::source_rpm(r)))
        .collect();
    list.sort();
    list
}

#[test]
fn every_format_gives_what_rpm_lists() {
    for (which, bytes) in [(0, SQLITE), (3, NDB), (6, LITTLE), (6, BIG), (6, BIG_64K)] {
        let facts = read_as(which, "/var/lib/rpm/x", &inflated(bytes));
        assert_eq!(facts.troubles, [], "{which}");
        assert_eq!(listed(&facts), TRUTH, "{which}");
        let find = |name: &str| facts.records.iter().position(|r| r.name == name).unwrap();
        let app = &facts.records[find("plim-app")];
        // `rpm -ql` without directories, and the providers of `rpm -qR`: by version, by name, in a rich dependency, by file.
        assert_eq!(app.owned, ["/usr/bin/plim-app", "/usr/share/plim-app/data.txt"]);
        let mut needs = ["plim-base", "plim-lib", "plim-tool"].map(|n| u32::try_from(find(n)).unwrap());
        needs.sort_unstable();
        assert_eq!(app.needs, needs);
        assert_eq!(app.maintainer.as_deref(), Some("Plimsoll Test <test@example.org>"));
        assert_eq!(app.description.as_deref(), Some("Test package plim-app"));
        assert_eq!(app.homepage.as_deref(), Some("https://example.org/plim-app"));
        let names: Vec<&str> = app.properties.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["rpm:header-sha256", "rpm:modularity", "rpm:payload-sha256"]);
        assert_eq!(app.properties[1].1, "plim:1:20260101:abcdef");
        assert_eq!(facts.records[find("plim-base")].licenses, ["BSD", "GPL-2.0-or-later"]);
        assert_eq!(facts.records[find("plim-lib")].licenses, ["Apache-2.0"]);
    }
}

#[test]
fn a_deep_tree_is_read_to_its_leaves() {
    let bytes = inflated(SMALL);
    let mut blobs = Vec::new();
    sqlite::blobs(&bytes, &mut |blob| blobs.push(blob.unwrap().into_owned())).unwrap();
    // 190 fillers and five headers went in, of which the first five rows and one more were deleted.
    assert_eq!(blobs.iter().filter(|b| **b == [0; 300]).count(), 185);
    assert_eq!(blobs.len(), 189);
    assert_eq!(listed(&read_as(0, "/x", &bytes)), TRUTH);
}

#[test]
fn a_package_file_is_read() {
    let facts = read_as(16, "/repo/plim-app.rpm", PACKAGE);
    assert_eq!(listed(&facts), TRUTH[..1]);
    let record = &facts.records[0];
    // `sha256sum`
    assert_eq!(record.hashes[0].hex, "8c0d3e34be35390d1c00d7d639445cedc172df246d9a2bbb1bf28085fd9171f2");
    assert_eq!(record.wants.len(), 6, "{:?}", record.wants);
    assert_eq!(record.provides, ["plim-app"]);
    assert_eq!(record.purl, "pkg:rpm/plim-app@1.1~rc1-1.tst?arch=noarch&upstream=plim-app-1.1~rc1-1.tst.src.rpm");
}

fn image(layers: &[&[(&str, &[u8])]]) -> Catalog {
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    for (index, files) in (0u32..).zip(layers) {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, data) in *files {
            let mut header = tar::Header::new_ustar();
            header.set_mode(0o644);
            header.set_size(data.len() as u64);
            tar.append_data(&mut header, path, *data).unwrap();
        }
        builder.layer(index, tar.into_inner().unwrap().as_slice(), &mut contents).unwrap();
    }
    catalog(&builder.finish(), &contents)
}

#[test]
fn an_image_has_one_database() {
    let (sqlite, bdb) = (inflated(SQLITE), inflated(LITTLE));
    let manifest =
        b"plim-tool\t7-1\t1\t1\tPlimsoll Test <test@example.org>\t(none)\t1\tnoarch\t0\tplim-tool-7-1.src.rpm\n";
    let found = image(&[&[
        ("etc/os-release", b"ID=\"rhel\"\nVERSION_ID=\"9.4\"\n"),
        ("usr/bin/plim-app", b"x"),
        ("var/lib/rpm/rpmdb.sqlite", &sqlite),
        ("var/lib/rpm/rpmdb.sqlite-wal", b""),
        ("var/lib/rpm/Packages", &bdb),
        ("var/lib/rpmmanifest/container-manifest-2", manifest),
        ("root/buildinfo/content_manifests/a-1-2.json", br#"{"content_sets":["rhel-9-for-x86_64-baseos-rpms"]}"#),
        ("root/buildinfo/Dockerfile-ubi9-9.4-1", b"LABEL com.redhat.component=\"ubi9-container\"\n"),
    ]]);
    let purls: Vec<&str> = found.packages.iter().map(|p| p.purl.as_str()).collect();
    assert_eq!(
        purls,
        [
            "pkg:rpm/redhat/plim-app@1.1~rc1-1.tst?arch=noarch&distro=rhel-9.4&upstream=plim-app-1.1~rc1-1.tst.src.rpm",
            "pkg:rpm/redhat/plim-base@2.0-3.tst?arch=noarch&distro=rhel-9.4&epoch=1&upstream=plim-base-2.0-3.tst.src.rpm",
            "pkg:rpm/redhat/plim-lib@0.1%5Egit-2.tst?arch=x86_64&distro=rhel-9.4&epoch=0&upstream=plim-lib-0.1%5Egit-2.tst.src.rpm",
            "pkg:rpm/redhat/plim-tool@7-1?arch=noarch&distro=rhel-9.4&upstream=plim-tool-7-1.src.rpm",
        ]
    );
    let [app, base, _, tool] = &found.packages[..] else { panic!() };
    assert_eq!(app.files, ["/usr/bin/plim-app"]);
    assert_eq!(app.depends.len(), 3);
    assert_eq!(app.evidence, ["/var/lib/rpm/rpmdb.sqlite"]);
    assert_eq!(tool.evidence, ["/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpmmanifest/container-manifest-2"]);
    assert_eq!(base.source, SourcePackage { name: "plim-base".into(), version: "2.0-3.tst".into() });
    let property = |name: &str| base.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(property("redhat:build"), Some("ubi9-container-9.4-1"));
    assert_eq!(property("redhat:content-set"), Some("rhel-9-for-x86_64-baseos-rpms"));
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    assert_eq!(found.problems[0].path, "/var/lib/rpm/Packages");
}

#[test]
fn a_log_with_changes_is_told() {
    let mut log = vec![0; 32 + 2 * (24 + 512)];
    log[..4].copy_from_slice(&[0x37, 0x7f, 0x06, 0x82]);
    log[8..12].copy_from_slice(&512u32.to_be_bytes());
    log[16..24].copy_from_slice(b"saltsalt");
    log[32 + 8..32 + 16].copy_from_slice(b"saltsalt");
    assert!(read_as(9, "/x", &log).is_empty(), "nothing was committed");
    log[32 + 7] = 9;
    assert_eq!(read_as(9, "/x", &log).troubles.len(), 1);
    log[32 + 8] = b'x';
    assert!(read_as(9, "/x", &log).is_empty(), "the frame is of an earlier round");
    assert!(read_as(9, "/x", b"").is_empty());
}

#[test]
fn what_is_no_database_is_told() {
    for which in [0, 3, 6, 16] {
        for bytes in [&b""[..], b"x", &[0; 5000], &[0xff; 5000]] {
            let facts = read_as(which, "/x", bytes);
            assert!(facts.records.is_empty());
            assert_eq!(facts.troubles.len(), 1, "{which}");
        }
    }
}

/// Cuts and scrambles: nothing panics, and what cannot be read is told.
#[test]
fn broken_files_are_read_as_far_as_they_go() {
    for (which, bytes) in [(0, SQLITE), (0, SMALL), (3, NDB), (6, LITTLE), (6, BIG), (6, BIG_64K), (16, PACKAGE)] {
        let whole = if which == 16 { bytes.to_vec() } else { inflated(bytes) };
        let steps = (0..300).chain((300..whole.len()).step_by(whole.len() / 50 + 1));
        for cut in steps.chain(whole.len().saturating_sub(50)..whole.len()).filter(|c| *c < whole.len()) {
            let facts = read_as(which, "/x.rpm", &whole[..cut]);
            assert!(facts.records.len() <= 4);
            assert!(facts.records.len() == 4 || !facts.troubles.is_empty() || which == 16, "{which} {cut}");
        }
        let mut seed = 1u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % below
        };
        for _ in 0..100 {
            let mut broken = whole.clone();
            for _ in 0..=random(8) {
                // Half of the changes go where the structure stands.
                let below = if random(2) == 0 { broken.len().min(4096) } else { broken.len() };
                let at = random(below);
                broken[at] = [0, 0xff, 0x7f, 1, broken[at] ^ 1 << random(8)][random(5)];
            }
            let facts = read_as(which, "/x.rpm", &broken);
            assert!(facts.records.iter().all(|r| !r.name.is_empty() && !r.version.is_empty()));
            assert!(facts.records.len() <= 500 && facts.troubles.len() <= MAX_TROUBLES + 1);
        }
    }
}

/// A header from its entries: tag, type, count, data.
fn header_of(entries: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, kind, count, data) in entries {
        for number in [*tag, *kind, u32::try_from(store.len()).unwrap(), *count] {
            index.extend(number.to_be_bytes());
        }
        store.extend(*data);
    }
    let counts = [entries.len(), store.len()].map(|n| u32::try_from(n).unwrap().to_be_bytes());
    [counts.concat(), index, store].concat()
}

#[test]
fn headers_that_lie_are_bounded() {
    let record = |entries: &[(u32, u32, u32, &[u8])]| {
        let blob = header_of(entries);
        package::record(&header::Header::parse(&blob).unwrap().0)
    };
    let name: (u32, u32, u32, &[u8]) = (1000, 6, 1, b"a\0");
    let version: (u32, u32, u32, &[u8]) = (1001, 6, 1, b"1\0");
    assert_eq!(record(&[(1000, 6, 1, b"gpg-pubkey\0")]), Ok(None));
    assert!(record(&[name]).is_err());
    assert!(record(&[version]).is_err());
    assert!(record(&[(1000, 6, 1, b"a"), version]).is_ok(), "the name runs on into the version");
    // An entry appended to an installed package's header replaces the one before it.
    let (twice, _) = record(&[name, version, (1001, 6, 1, b"2\0")]).unwrap().unwrap();
    assert_eq!(twice.version, "2");
    // One long directory, and a million names in it that take one byte each.
    let dir = [b"/".as_slice(), &[b'd'; 4000], b"\0"].concat();
    let (names, indexes) = (vec![0; 100_000], vec![0; 400_000]);
    let lies = [
        name,
        version,
        (1118, 8, 1, dir.as_slice()),
        (1116, 4, 100_000, indexes.as_slice()),
        (1117, 8, u32::MAX, names.as_slice()),
    ];
    let (bounded, trouble) = record(&lies).unwrap().unwrap();
    assert!(bounded.owned.is_empty() && trouble.is_some());
    let (_, trouble) = record(&[name, version, (1117, 8, 1, b"x\0"), (1116, 4, 1, &[0, 0, 0, 9])]).unwrap().unwrap();
    assert!(trouble.is_some());
    assert!(header::Header::parse(&[0xff; 64]).is_err());
}

#[test]
fn sources_are_taken_from_file_names() {
    let source = |file: &str| package::source(file).map(|s| (s.name, s.version));
    assert_eq!(source("a-b-1-2.el8.src.rpm"), Some(("a-b".into(), "1-2.el8".into())));
    assert_eq!(source("kernel-default-5.14-1.nosrc.rpm"), Some(("kernel-default".into(), "5.14-1".into())));
    assert_eq!(source("-1-2.src.rpm"), None);
    assert_eq!(source("a-1.src.rpm"), None);
    assert_eq!(source("a-1-2"), None);
    let blob = header_of(&[(1000, 6, 1, b"k\0"), (1001, 6, 1, b"5\0"), (1044, 6, 1, b"k-5-1.nosrc.rpm\0")]);
    let (record, _) = package::record(&header::Header::parse(&blob).unwrap().0).unwrap().unwrap();
    assert_eq!(package::source_rpm(&record), "k-5-1.nosrc.rpm");
}
