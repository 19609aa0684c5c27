//! The catalogue of whole images: small ones made here, and real ones where the data is there.

// The helpers of tests fail by panicking too, and the data of real images is opened here.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::io::Read;

use plimsoll_catalog::{Catalog, Ecosystem, catalog, wants};
use plimsoll_tree::{Builder, MemoryContents};

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        if let Some(target) = data.strip_prefix(b"-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, std::str::from_utf8(target).unwrap()).unwrap();
            continue;
        }
        header.set_size(data.len() as u64);
        builder.append_data(&mut header, path, *data).unwrap();
    }
    builder.into_inner().unwrap()
}

fn read(layers: &[Vec<u8>]) -> Catalog {
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    for (index, layer) in (0u32..).zip(layers) {
        builder.layer(index, layer.as_slice(), &mut contents).unwrap();
    }
    catalog(&builder.finish(), &contents)
}

const OS: (&str, &[u8]) = ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n");

#[test]
fn a_debian_image() {
    let base = tar(&[
        OS,
        ("bin", b"-> usr/bin"),
        ("usr/bin/bash", b"elf"),
        ("usr/share/doc/bash/copyright", b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: GPL-3+\n"),
        ("usr/share/doc/libc6", b"-> bash"),
        (
            "var/lib/dpkg/status",
            b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\nDepends: awk, libc6 (>= 2.36)\n\n\
              Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\nSource: glibc\n",
        ),
        ("var/lib/dpkg/info/bash.list", b"/.\n/bin\n/bin/bash\n/bin/absent\n/usr\n"),
        ("var/lib/dpkg/info/libc6:amd64.list", b"/.\n"),
    ]);
    let upper = tar(&[
        (
            "var/lib/dpkg/status",
            b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\nDepends: awk, libc6 (>= 2.36)\n\n\
              Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\nSource: glibc\n\n\
              Package: mawk\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.3\nProvides: awk\n\n\
              Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n",
        ),
        ("var/lib/dpkg/info/mawk.list", b"/usr/bin/mawk\n"),
        ("usr/bin/mawk", b"elf"),
        // The same package as a record of its own: listed once, with both records.
        ("var/lib/dpkg/status.d/mawk", b"Package: mawk\nArchitecture: amd64\nVersion: 1.3\n"),
        ("var/lib/dpkg/status.d/mawk.md5sums", b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/mawk\n"),
    ]);
    let catalog = read(&[base, upper]);
    assert!(catalog.problems.is_empty(), "{:?}", catalog.problems);
    let names: Vec<&str> = catalog.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["bash", "libc6", "mawk"]);
    let [bash, libc6, mawk] = catalog.packages.as_slice() else { panic!("three packages") };
    assert_eq!(bash.files, ["/usr/bin/bash"], "dpkg records /bin/bash");
    assert_eq!(bash.depends, [libc6.id(), mawk.id()], "awk is provided by mawk");
    assert_eq!(bash.licenses, ["GPL-3.0-or-later"]);
    assert_eq!(libc6.licenses, ["GPL-3.0-or-later"], "the link is followed");
    assert_eq!(libc6.purl, "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc");
    assert_eq!((bash.first_layer, bash.layer), (0, 0), "its list is in the base, though the status file changed");
    assert_eq!((mawk.first_layer, mawk.layer), (1, 1));
    assert_eq!(
        mawk.evidence,
        [
            "/var/lib/dpkg/info/mawk.list",
            "/var/lib/dpkg/status",
            "/var/lib/dpkg/status.d/mawk",
            "/var/lib/dpkg/status.d/mawk.md5sums"
        ]
    );
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let layer =
        tar(&[("etc/os-release", b"NAME=x\n"), ("var/lib/dpkg/status", b"-> /data/status"), ("data/status", b"x")]);
    let catalog = read(&[layer]);
    assert!(catalog.packages.is_empty() && catalog.distro.is_none());
    let paths: Vec<&str> = catalog.problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["/etc/os-release", "/var/lib/dpkg/status"]);
    assert!(catalog.problems[1].why.contains("/data/status"));
    let behind = read(&[tar(&[("var/lib/dpkg", b"-> /data"), ("data/status", b"Package: a\n")])]);
    assert_eq!(behind.problems.len(), 1, "a database behind a linked directory is never silently absent");
}

#[test]
fn problems_are_bounded() {
    let status = b"nonsense\n\n".repeat(10_000);
    let catalog = read(&[tar(&[("var/lib/dpkg/status", &status)])]);
    assert_eq!(catalog.problems.len(), 51);
}

fn data(name: &str) -> Option<Vec<u8>> {
    let Some(dir) = runtime_data() else {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
        return None;
    };
    let mut bytes = Vec::new();
    open(&format!("{dir}/images/{name}")).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

fn runtime_data() -> Option<String> {
    std::env::var("PLIMSOLL_DATA").ok()
}

fn open(path: &str) -> std::fs::File {
    std::fs::File::open(path).unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

/// The layer inside a docker archive with one layer.
fn docker_layer(archive: &[u8]) -> Vec<u8> {
    let archive = gunzip(archive);
    let mut archive = tar::Archive::new(archive.as_slice());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries.find(|e| e.path().unwrap().ends_with("layer.tar")).unwrap();
    let mut layer = Vec::new();
    entry.read_to_end(&mut layer).unwrap();
    layer
}

#[test]
fn real_alpine_images() {
    for (name, version) in [("alpine-310.tar.gz", "3.10.4"), ("alpine-311.tar.gz", "3.11.5")] {
        let Some(bytes) = data(name) else { return };
        let layer = docker_layer(&bytes);
        let found = read(std::slice::from_ref(&layer));
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.distro.as_ref().unwrap().version_id, version);
        // The truth, read naively.
        let mut archive = tar::Archive::new(layer.as_slice());
        let mut entries = archive.entries().unwrap().map(Result::unwrap);
        let mut entry = entries.find(|e| e.path().unwrap().ends_with("lib/apk/db/installed")).unwrap();
        let mut installed = String::new();
        entry.read_to_string(&mut installed).unwrap();
        let with = |p: &str| installed.lines().filter_map(|l| l.strip_prefix(p)).collect::<Vec<_>>();
        let mut names = with("P:");
        names.sort();
        assert_eq!(found.packages.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), names);
        assert_eq!(found.packages.iter().map(|p| p.files.len()).sum::<usize>(), with("R:").len());
        let busybox = found.packages.iter().find(|p| p.name == "busybox").unwrap();
        let musl = found.packages.iter().find(|p| p.name == "musl").unwrap();
        assert_eq!(busybox.depends, [musl.id()]);
        assert!(found.packages.iter().all(|p| p.ecosystem == Ecosystem::Apk && !p.licenses.is_empty()));
        assert_eq!(found, read(&[layer]), "twice the same");
    }
}

#[test]
fn a_real_debian_status() {
    let Some(bytes) = data("debian-12.11-rootfs-min.tar.gz") else { return };
    let layer = gunzip(&bytes);
    let found = read(std::slice::from_ref(&layer));
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let mut archive = tar::Archive::new(layer.as_slice());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries.find(|e| e.path().unwrap().ends_with("var/lib/dpkg/status")).unwrap();
    let mut status = String::new();
    entry.read_to_string(&mut status).unwrap();
    let installed = status.split("\n\n").filter(|s| s.contains("\nStatus: install ok installed")).count();
    assert_eq!(installed, 772);
    assert_eq!(found.packages.len(), installed);
    let sources = status.lines().filter(|l| l.starts_with("Source: ")).count();
    assert_eq!(found.packages.iter().filter(|p| p.purl.contains("&upstream=")).count(), sources);
    let ids: std::collections::BTreeSet<String> = found.packages.iter().map(plimsoll_catalog::Package::id).collect();
    assert!(found.packages.iter().flat_map(|p| &p.depends).all(|d| ids.contains(d)));
}
