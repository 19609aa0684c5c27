//! SBOMs: the same bytes however an image is stored and read, every format, an index as a whole, and what holds a package.

use plimsoll_oci::{Descriptor, Digest, Platform, media_type};
use serde_json::{Value, json};
use testkit::{ImageBuilder, Layer, Stored};

use super::common::{Site, files};

const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
const STATUS: &str = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\n\
    Maintainer: Debian OpenSSL Team <pkg-openssl-devel@example.org>\nVersion: 3.0.8-1\n";

fn package(name: &str, version: &str) -> String {
    json!({"name": name, "version": version, "license": "MIT"}).to_string()
}

/// A base, an application and a fix of one of its packages; the layers differ in size, so that they end in any order.
fn builder(stored: Stored) -> ImageBuilder {
    let base = Layer::new()
        .stored(stored)
        .file("/etc/os-release", OS)
        .file("/var/lib/dpkg/status", STATUS)
        .file("/var/lib/dpkg/info/libssl3:amd64.list", "/usr/lib/libssl.so.3\n")
        .file("/usr/lib/libssl.so.3", vec![7; 300_000]);
    let application = Layer::new()
        .stored(stored)
        .file("/app/package.json", package("shop", "1.0.0"))
        .file("/app/node_modules/left-pad/package.json", package("left-pad", "1.1.0"))
        .file("/app/node_modules/@scope/thing/package.json", package("@scope/thing", "2.0.0"));
    let fix = Layer::new().stored(stored).file("/app/node_modules/left-pad/package.json", package("left-pad", "1.3.0"));
    ImageBuilder::new().layer(base).layer(application).layer(fix).name("registry.example/shop/web:1.0")
}

fn sbom(site: &Site, source: &str, more: &[&str]) -> Vec<u8> {
    let args = [&["sbom", source, "--platform", "linux/amd64", "-q"], more].concat();
    site.run(args).exit(0).out.into_bytes()
}

#[test]
fn bytes_depend_on_the_image_alone() {
    let site = Site::empty();
    builder(Stored::Gzip).write_layout(&site.path("layout"));
    for format in ["cyclonedx-json", "cyclonedx-json@1.7", "cyclonedx-xml", "spdx-json", "spdx-json@3.0", "files"] {
        let expected = sbom(&site, "oci-dir:layout", &["-o", format, "--jobs", "1"]);
        assert!(!expected.is_empty());
        for jobs in ["2", "8"] {
            assert_eq!(sbom(&site, "oci-dir:layout", &["-o", format, "--jobs", jobs]), expected, "{format} {jobs}");
        }
    }
    // How layers are stored decides the digest of the manifest, and nothing else.
    builder(Stored::Zstd).write_layout(&site.path("zstd"));
    site.write("docker.tar", builder(Stored::Plain).docker_archive());
    let of = |source: &str| {
        let text = String::from_utf8(sbom(&site, source, &["-o", "plimsoll-json"])).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let subject = document.as_object_mut().unwrap().remove("subject").unwrap();
        (subject["layers"].clone(), document)
    };
    let expected = of("oci-dir:layout");
    assert!(expected.1.to_string().contains("left-pad"));
    for source in ["oci-dir:zstd", "docker-archive:docker.tar"] {
        assert_eq!(of(source), expected, "{source}");
    }
}

#[test]
fn known_layers_are_not_read_again() {
    let site = Site::empty();
    builder(Stored::Gzip).write_layout(&site.path("layout"));
    let cached = |source: &str, format: &str| {
        let plimsoll = site.plimsoll().env("PLIMSOLL_NO_CACHE", "false").env("PLIMSOLL_CACHE_DIR", "cache");
        plimsoll.run(["sbom", source, "--platform", "linux/amd64", "-v", "-o", format])
    };
    let plain = sbom(&site, "oci-dir:layout", &["-o", "cyclonedx-json"]);
    let first = cached("oci-dir:layout", "cyclonedx-json").exit(0).says("0 of 3 layers are known");
    let second = cached("oci-dir:layout", "cyclonedx-json").exit(0).says("all known");
    assert_eq!(first.out.as_bytes(), plain);
    assert_eq!(second.out.as_bytes(), plain);
    // The files of packages are not kept with the catalogue, but the layers are.
    let with_files = cached("oci-dir:layout", "files").exit(0).says("3 of 3 layers are known");
    assert!(with_files.out.contains("libssl.so.3"), "{}", with_files.out);
    // Another image with the same base.
    let changed = builder(Stored::Gzip).layer(Layer::new().whiteout("/app"));
    changed.write_layout(&site.path("changed"));
    let done = cached("oci-dir:changed", "purls").exit(0).says("3 of 4 layers are known");
    assert!(!done.out.contains("left-pad"), "{}", done.out);
    // What was damaged is read again.
    for (name, bytes) in files(&site.path("cache")) {
        site.write(&format!("cache/{name}"), &bytes[..bytes.len() - 1]);
    }
    let again = cached("oci-dir:layout", "cyclonedx-json").exit(0).says("0 of 3 layers are known");
    assert_eq!(again.out.as_bytes(), plain);
}

#[test]
fn what_cannot_be_read_is_told_and_only_strict_fails() {
    let site = Site::empty();
    let layer = Layer::new()
        .file("/etc/os-release", OS)
        .file("/var/lib/dpkg/status", STATUS)
        .file("/app/node_modules/broken/package.json", "{\"name\":")
        .file("/opt/broken.jar", "PK\u{3}\u{4} and no more");
    ImageBuilder::new().layer(layer).write_layout(&site.path("layout"));
    let args = ["sbom", "oci-dir:layout", "--platform", "linux/amd64", "-o", "cyclonedx-json"];
    let done = site.run(args).exit(0).says("not read: /opt/broken.jar");
    let document = done.json();
    assert!(document["properties"].to_string().contains("/app/node_modules/broken/package.json"), "{document}");
    assert!(document["components"].to_string().contains("libssl3"));
    site.run([&args[..], &["--strict"]].concat()).exit(33);
}

#[test]
fn an_index_gives_a_document_for_each_platform_and_one_over_them() {
    let site = Site::empty();
    let arm = Platform { variant: Some("v8".into()), ..Platform::new("linux", "arm64") };
    let images = [builder(Stored::Gzip), builder(Stored::Gzip).layer(Layer::new().file("/x", "y")).platform(arm)];
    let digests = ImageBuilder::write_layout_of(&images, &site.path("layout"));
    // The layout's own index becomes a blob that the layout lists, as registries and build tools have it.
    let mut index: Value = serde_json::from_str(&site.read("layout/index.json")).unwrap();
    for (entry, (arch, variant)) in
        index["manifests"].as_array_mut().unwrap().iter_mut().zip([("amd64", None), ("arm64", Some("v8"))])
    {
        entry.as_object_mut().unwrap().remove("annotations");
        entry["platform"] = json!({"os": "linux", "architecture": arch});
        if let Some(variant) = variant {
            entry["platform"]["variant"] = json!(variant);
        }
    }
    index["mediaType"] = json!(media_type::INDEX);
    let bytes = index.to_string();
    let blob = Descriptor::of(media_type::INDEX, bytes.as_bytes());
    site.write(&format!("layout/blobs/sha256/{}", blob.digest.hex()), &bytes);
    let outer = json!({"schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [
        {"mediaType": media_type::INDEX, "digest": blob.digest.to_string(), "size": blob.size,
         "annotations": {"org.opencontainers.image.ref.name": "1.0"}}]});
    site.write("layout/index.json", outer.to_string());
    let args = ["sbom", "oci-dir:layout:1.0", "--all-platforms", "-o", "cyclonedx-json=out/web.cdx.json"];
    site.run([&args[..], &["-o", "spdx-json=out/web.spdx.json"]].concat()).exit(0);
    let names: Vec<String> = files(&site.path("out")).into_keys().collect();
    assert_eq!(
        names,
        [
            "web.cdx.json",
            "web.linux-amd64.cdx.json",
            "web.linux-amd64.spdx.json",
            "web.linux-arm64-v8.cdx.json",
            "web.linux-arm64-v8.spdx.json",
            "web.spdx.json",
        ]
    );
    let over = site.read("out/web.cdx.json");
    for (platform, digest) in ["linux-amd64", "linux-arm64-v8"].iter().zip(&digests) {
        let own = site.read(&format!("out/web.{platform}.cdx.json"));
        let own_document: Value = serde_json::from_str(&own).unwrap();
        let serial = own_document["serialNumber"].as_str().unwrap().trim_start_matches("urn:uuid:").to_owned();
        assert!(over.contains(&serial), "the index names the SBOM of {platform}: {over}");
        assert!(over.contains(digest.hex()) && own.contains(digest.hex()));
        assert!(over.contains(Digest::sha256(own.as_bytes()).hex()), "and its digest");
    }
    site.run(["sbom", "oci-dir:layout", "--all-platforms", "-o", "table"]).exit(2);
    site.run(["sbom", "oci-dir:layout", "--all-platforms", "-o", "cyclonedx-json"]).exit(2).says("several files");
}

#[test]
fn find_tells_where_a_package_is() {
    let site = Site::empty();
    builder(Stored::Gzip).write_layout(&site.path("web"));
    let clean = Layer::new().file("/etc/os-release", OS).file("/var/lib/dpkg/status", STATUS);
    ImageBuilder::new().layer(clean).write_layout(&site.path("clean"));
    site.write("web.cdx.json", sbom(&site, "oci-dir:web", &["-o", "cyclonedx-json"]));
    let find = |query: &str, more: &[&str]| {
        site.run(
            [&["find", query, "oci-dir:web", "oci-dir:clean", "web.cdx.json", "--platform", "linux/amd64"], more]
                .concat(),
        )
    };
    let done = find("left-pad<1.4", &[]).exit(0);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", done.out);
    assert_eq!(lines[0], "oci-dir:web left-pad 1.3.0 (npm, layers 1 to 2) /app/node_modules/left-pad/package.json");
    assert!(lines[1].starts_with("web.cdx.json left-pad 1.3.0"));
    assert_eq!(find("left-pad<1.3", &[]).exit(0).out, "", "1.1.0 was replaced by a later layer");
    assert_eq!(find("openssl", &[]).exit(0).out.lines().count(), 3, "by the name of the source package");
    let json = find("pkg:deb/debian/libssl3@<3.1", &["-o", "json"]).exit(0);
    let hits: Vec<Value> = json.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(hits.len(), 3);
    assert_eq!(hits[0]["firstLayer"]["index"], 0);
    assert!(hits[0]["firstLayer"]["diffId"].as_str().unwrap().starts_with("sha256:"));
    site.run(["find", "left-pad<", "oci-dir:web"]).exit(2);
    site.run(["find", "left-pad"]).exit(32);
    let gone = site.run(["find", "left-pad", "oci-dir:gone", "oci-dir:web", "--platform", "linux/amd64"]).exit(30);
    assert!(gone.out.contains("left-pad"), "the others are read: {}", gone.out);
}
