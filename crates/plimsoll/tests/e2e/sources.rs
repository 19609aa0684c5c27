//! Sources: five kinds that agree, and hostile ones that end in a clear error, bounded, with nothing half-written.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use plimsoll_layer::{Entry, EntryKind, TarWriter};
use plimsoll_oci::{Image as _, Reference, media_type};
use plimsoll_registry::blocking::Client;
use plimsoll_registry::{Content, Fault, Options};
use serde_json::Value;
use testkit::{ImageBuilder, Layer, Stored};

use super::common::{Done, NOW, Registry, Site, files};

/// More than any answer may take here, and less than the defaults of a client.
const BOUND: Duration = Duration::from_secs(20);

const STATUS: &str = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.8-1\n\n\
Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n";
const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

fn builder(stored: Stored) -> ImageBuilder {
    let base = Layer::new().stored(stored).file("/etc/os-release", OS).file("/var/lib/dpkg/status", STATUS);
    // The second layer takes a package away again, so that whiteouts count.
    let status_d = Layer::new().stored(stored).file("/var/lib/dpkg/status.d/gone", STATUS.replace("zlib1g", "gone"));
    let without = Layer::new().stored(stored).whiteout("/var/lib/dpkg/status.d/gone");
    ImageBuilder::new().layer(base).layer(status_d).layer(without).name("registry.example/team/app:1.0")
}

fn sbom(site: &Site, source: &str, format: &str) -> Done {
    site.run(["sbom", source, "--platform", "linux/amd64", "-o", format])
}

#[test]
fn every_kind_of_source_gives_the_same_packages() {
    let site = Site::empty();
    let image = builder(Stored::Gzip);
    let digest = image.write_layout(&site.path("layout"));
    let mut tar = TarWriter::new(Vec::new());
    for (name, bytes) in files(&site.path("layout")) {
        let entry = Entry::new(format!("/{name}"), EntryKind::File, 0o644, bytes.len() as u64);
        tar.append(&entry, &mut bytes.as_slice()).unwrap();
    }
    site.write("layout.tar", tar.finish().unwrap());
    site.write("docker.tar", builder(Stored::Plain).docker_archive());
    site.write("root/etc/os-release", OS);
    site.write("root/var/lib/dpkg/status", STATUS);
    let registry = Registry::start();
    let name = push(&registry, &image, "team/app:1.0");
    let at_digest = format!("{}@{digest}", name.rsplit_once(':').unwrap().0);
    builder(Stored::Zstd).write_layout(&site.path("zstd"));
    let components =
        |source: &str| -> Value { sbom(&site, source, "cyclonedx-json").exit(0).json()["components"].clone() };
    let expected = components("oci-dir:layout");
    assert_eq!(expected.as_array().unwrap().len(), 3, "the system and two packages: {expected}");
    for source in [
        "layout",
        "oci-dir:layout:1.0",
        "oci-archive:layout.tar",
        "layout.tar",
        "docker-archive:docker.tar",
        "docker.tar",
        "oci-dir:zstd",
        &name,
        &at_digest,
        &format!("registry:{name}"),
    ] {
        assert_eq!(components(source), expected, "{source}");
    }
    let purls = sbom(&site, "layout", "purls").exit(0).out;
    assert_eq!(purls.lines().count(), 2, "{purls}");
    for source in ["dir:root", "root", "oci-archive:layout.tar", "docker.tar", &name] {
        assert_eq!(sbom(&site, source, "purls").exit(0).out, purls, "{source}");
    }
    // The digest that a source resolved to is the first thing said.
    let said = sbom(&site, &name, "purls").err;
    assert!(said.starts_with(&format!("source registry:{name} → {digest} (linux/amd64)\n")), "{said}");
}

fn push(registry: &Registry, image: &ImageBuilder, name: &str) -> String {
    let name = format!("{}/{name}", registry.name());
    let to: Reference = name.parse().unwrap();
    let client = Client::new(Options::default()).unwrap();
    let image = image.build();
    for (digest, bytes) in image.blobs().into_iter().filter(|(digest, _)| digest != image.digest()) {
        client.push_blob(&to, &digest, &Content::Bytes(bytes.to_vec().into()), None).unwrap();
    }
    client.push_manifest(&to, media_type::MANIFEST, image.manifest_bytes()).unwrap();
    name
}

/// A tar member with any name at all, then the end of the archive.
fn member(name: &str, kind: u8, link: &str, size: u64) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A layout whose one layer is these bytes of tar.
fn layout(tar: Vec<u8>) -> Site {
    let site = Site::empty();
    ImageBuilder::new().layer(Layer::raw(tar)).write_layout(&site.path("layout"));
    site
}

/// Every command that reads the image ends with 30, says why, and writes nothing.
#[track_caller]
fn refused(site: &Site, source: &str, why: &str) {
    let before = site.files();
    let started = Instant::now();
    let commands: [&[&str]; 4] = [
        &["sbom", source, "-o", "spdx-json=out.json"],
        &["inspect", source, "-o", "json=out.json"],
        &["harden", source, "-o", "oci-dir:hardened", "--no-run"],
        &["harden", source, "-o", "oci-archive:hardened.tar", "--no-run"],
    ];
    for args in commands {
        let done = site.run(args.iter().chain(&["--platform", "linux/amd64", "--timeout", "2"])).exit(30).says(why);
        assert!(done.err.contains("error: ") && !done.err.contains("please report"), "{}", done.err);
        assert_eq!(done.out, "");
    }
    assert!(started.elapsed() < BOUND * commands.len() as u32);
    assert_eq!(site.files(), before, "nothing half-written");
}

#[test]
fn paths_that_leave_the_image_are_refused() {
    for (name, why) in
        [("../etc/passwd", "it holds '..'"), ("a/../../b", "it holds '..'"), ("/etc/passwd", "unsafe path")]
    {
        for kind in [b'0', b'5'] {
            let mut tar = member(name, kind, "", 0);
            tar.extend([0; 1024]);
            refused(&layout(tar), "oci-dir:layout", why);
        }
    }
    let mut tar = member("a", b'1', "../../etc/passwd", 0);
    tar.extend([0; 1024]);
    refused(&layout(tar), "oci-dir:layout", "unsafe path");
}

#[test]
fn symbolic_links_that_go_round_are_refused() {
    let loops = Layer::new().symlink("/etc", "lib").symlink("/lib", "etc").file("/etc/os-release", OS);
    refused(&layout(loops.tar()), "oci-dir:layout", "too many symbolic links");
    // A loop that nothing is written through is part of the image, and ends.
    let site =
        layout(Layer::new().symlink("/var/lib/dpkg/status", "status").symlink("/a", "b").symlink("/b", "a").tar());
    sbom(&site, "oci-dir:layout", "purls").exit(32);
    // In a directory of the machine a link never leads out of it.
    let site = Site::empty();
    site.write("outside", STATUS);
    site.write("root/etc/os-release", OS);
    std::fs::create_dir_all(site.path("root/var/lib/dpkg")).unwrap();
    std::os::unix::fs::symlink(site.path("outside"), site.path("root/var/lib/dpkg/status")).unwrap();
    sbom(&site, "dir:root", "purls").exit(32);
}

#[test]
fn truncated_and_changed_blobs_are_refused() {
    let image = builder(Stored::Gzip);
    let layer = &image.build().manifest().layers[0].clone();
    let config = &image.build().manifest().config.clone();
    for blob in [layer, config] {
        let path = format!("layout/blobs/sha256/{}", blob.digest.hex());
        let site = Site::empty();
        image.write_layout(&site.path("layout"));
        let bytes = std::fs::read(site.path(&path)).unwrap();
        site.write(&path, &bytes[..bytes.len() - 20]);
        refused(&site, "oci-dir:layout", "it is shorter than the");
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 4;
        site.write(&path, &changed);
        refused(&site, "oci-dir:layout", "error: ");
        // Well-formed, of the right length or not, and not what was named.
        site.write(&path, Layer::new().file("/etc/os-release", "ID=alpine\n").blob());
        refused(&site, "oci-dir:layout", "error: ");
        std::fs::remove_file(site.path(&path)).unwrap();
        refused(&site, "oci-dir:layout", "is not there");
    }
    let site = Site::empty();
    image.write_layout(&site.path("layout"));
    site.write("layout/index.json", "{\"schemaVersion\": 2, \"manifests\": [");
    refused(&site, "oci-dir:layout", "index.json is malformed");
    let site = Site::empty();
    site.write("half.tar", &builder(Stored::Plain).docker_archive()[..4000]);
    refused(&site, "docker-archive:half.tar", "truncated");
}

#[test]
fn a_decompression_bomb_is_bounded() {
    // Gigabytes of zeros in a few megabytes: a gzip member of 64 MiB, repeated.
    let gzip = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let zeros = gzip(&vec![0; 64 << 20]);
    let mut blob = gzip(&member("var/lib/dpkg/status", b'0', "", (8 << 30) - 1));
    (0..64).for_each(|_| blob.extend_from_slice(&zeros));
    let site = Site::empty();
    let image = ImageBuilder::new().layer(Layer::new()).build();
    let mut manifest = image.manifest().clone();
    manifest.layers[0] = plimsoll_oci::Descriptor::of(media_type::LAYER_GZIP, &blob);
    let image = testkit::MemoryImage::new(&manifest, image.config_bytes().to_vec(), vec![blob]);
    for (digest, bytes) in image.blobs() {
        site.write(&format!("layout/blobs/sha256/{}", digest.hex()), bytes);
    }
    let entry = plimsoll_oci::Descriptor::of(media_type::MANIFEST, image.manifest_bytes());
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [{"mediaType": entry.media_type, "digest": entry.digest.to_string(), "size": entry.size}]});
    site.write("layout/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    site.write("layout/index.json", index.to_string());
    let before = site.files();
    // Half a gigabyte of address space: what is read is not kept.
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "ulimit -v 524288 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_plimsoll")]);
    shell.args(["sbom", "oci-dir:layout", "--platform", "linux/amd64", "-o", "spdx-json=out.json"]);
    let started = Instant::now();
    let done = Done::of(shell.current_dir(site.path("")).stdin(Stdio::null()).output().unwrap());
    done.exit(30).says("it looks like a decompression bomb");
    assert!(started.elapsed() < BOUND * 3);
    assert_eq!(site.files(), before);
}

#[test]
fn a_registry_that_misbehaves_is_bounded() {
    let faults = [
        Fault::Stall,
        Fault::StallBody,
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(403),
        Fault::WrongBytes,
        Fault::Huge(64 << 20),
    ];
    // One thread for each: most of the time is spent waiting.
    std::thread::scope(|scope| {
        for (path, fault) in ["/manifests/", "/blobs/"].into_iter().flat_map(|p| faults.iter().map(move |f| (p, f))) {
            scope.spawn(move || misbehaves(path, fault));
        }
    });
}

fn misbehaves(path: &str, fault: &Fault) {
    let registry = Registry::start();
    let name = push(&registry, &builder(Stored::Gzip), "team/app:1.0");
    registry.break_with(path, fault.clone());
    let site = Site::empty();
    let started = Instant::now();
    let done = site.run(["sbom", &name, "--platform", "linux/amd64", "--timeout", "2", "-o", "spdx-json=out.json"]);
    let done = done.exit(30).says("error: ").says(&registry.name());
    assert!(started.elapsed() < BOUND, "{fault:?} at {path}");
    assert!(!done.err.contains("please report"), "{fault:?} at {path}: {}", done.err);
    assert!(site.files().is_empty(), "{fault:?} at {path}");
}

#[test]
fn what_is_not_there_is_11() {
    let registry = Registry::start();
    push(&registry, &builder(Stored::Gzip), "team/app:1.0");
    let site = Site::empty();
    for missing in ["team/app:2.0", "team/other:1.0", &format!("team/app@sha256:{}", "0".repeat(64))] {
        sbom(&site, &format!("{}/{missing}", registry.name()), "purls").exit(11);
    }
    builder(Stored::Gzip).write_layout(&site.path("layout"));
    sbom(&site, "oci-dir:layout:2.0", "purls").exit(11).says("there is: 1.0");
    sbom(&site, "team app", "purls").exit(2);
    sbom(&site, "docker:app", "purls").exit(2);
}

#[test]
fn a_file_that_is_no_image_is_told_so() {
    let site = Site::empty();
    let mut random = Vec::new();
    (0..10_000_u32).for_each(|n| random.write_all(&n.wrapping_mul(2_654_435_761).to_le_bytes()).unwrap());
    site.write("noise", random);
    sbom(&site, "noise", "purls").exit(30).says("is not an image layout");
    refused(&site, "oci-archive:noise", "noise");
    refused(&site, "docker-archive:noise", "noise");
}

#[test]
fn package_records_that_cannot_be_read_are_never_a_pass() {
    let site = Site::new();
    let record = "Package: netbase\nStatus: install ok installed\nArchitecture: all\nVersion: 6.4\n\n";
    site.write("root/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    site.write("root/var/lib/dpkg/status", record);
    let scan = ["scan", "dir:root", "--db", "plimsoll.db", "--now", NOW, "--fail-on", "critical"];
    site.run(scan).exit(0);
    let broken = format!("{record}Package: openssl\nStatus: install ok installed\nArchitecture: amd64\n\n");
    site.write("root/var/lib/dpkg/status", broken);
    let done = site.run(scan).exit(33);
    assert!(done.out.contains("error[PL-G022]") && done.out.contains("openssl has no Version"), "{}", done.out);
}
