//! Documents written from catalogues, read back, and from hostile bytes. Those of real images are left in the target
//! directory's `tmp`, for the public validators.

// The helpers of tests fail by panicking too, and the data of real images is opened here.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::io::Read;

use jiff::Timestamp;
use plimsoll_catalog::{Catalog, Distro, Ecosystem, Package, Problem, SourcePackage, catalog, wants};
use plimsoll_oci::{Digest, Platform};
use plimsoll_sbom::{
    Format, Output, ReadError, Removed, Sbom, Subject, read, sniff, write, write_cyclonedx, write_purls, write_spdx,
};
use plimsoll_tree::{Builder, MemoryContents};

fn package(name: &str, version: &str, licenses: &[&str], depends: &[&str]) -> Package {
    Package {
        ecosystem: Ecosystem::Deb,
        name: name.into(),
        version: version.into(),
        arch: "amd64".into(),
        source: SourcePackage { name: format!("{name}-src"), version: "1:0".into() },
        licenses: licenses.iter().map(|l| (*l).to_owned()).collect(),
        maintainer: Some("Jörg \"J\" (X) <j@example.org>".into()),
        description: Some("a\u{7f}b \"quoted\"".into()),
        homepage: Some("https://example.org/a b".into()),
        depends: depends.iter().map(|d| (*d).to_owned()).collect(),
        files: Vec::new(),
        evidence: vec!["/var/lib/dpkg/info/x y.list".into(), "/var/lib/dpkg/status".into()],
        first_layer: 0,
        layer: 1,
        purl: format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12&upstream={name}-src%401:0"),
        ..Package::default()
    }
}

fn sample() -> Sbom {
    let catalog = Catalog {
        distro: Some(Distro {
            id: "debian".into(),
            version_id: "12".into(),
            codename: Some("bookworm".into()),
            pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
        }),
        packages: vec![
            package(
                "bash",
                "5.2",
                &["BSD", "GPL-2.0-or-later OR MIT", "public domain (sic)"],
                &["pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12&upstream=libc6-src%401:0"],
            ),
            package("libc6", "2.36", &["LGPL-2.1-only"], &[]),
        ],
        problems: vec![Problem { path: "/var/lib/dpkg/status".into(), line: Some(7), why: "because".into() }],
    };
    let subject = Subject {
        name: "registry.example.org/shop/web".into(),
        version: Some("1.2".into()),
        digest: Some(Digest::sha256(b"manifest")),
        sha512: None,
        platform: Some(Platform::new("linux", "amd64")),
        layers: vec![Digest::sha256(b"0"), Digest::sha256(b"1")],
    };
    let mut sbom = Sbom::new(subject, catalog, "0.1.0", "2026-11-23T12:00:00Z".parse().unwrap());
    sbom.author = Some("Example Ltd <sbom@example.org>".into());
    sbom.removed = vec![Removed {
        name: "apt".into(),
        version: "2.6".into(),
        purl: "pkg:deb/debian/apt@2.6".into(),
        reason: "package manager".into(),
    }];
    sbom
}

#[test]
fn both_formats_read_back_what_was_written() {
    let sbom = sample();
    for bytes in [write_cyclonedx(&sbom), write_spdx(&sbom)] {
        let back = read(&bytes).unwrap();
        assert_eq!(back, sbom);
        assert_eq!(read(&write_cyclonedx(&back)).unwrap(), back);
        assert_eq!(read(&write_spdx(&back)).unwrap(), back);
        assert!(back.is_about(&Digest::sha256(b"manifest")) && !back.is_about(&Digest::sha256(b"other")));
    }
}

#[test]
fn the_same_value_gives_the_same_bytes_and_another_value_another_identifier() {
    let sbom = sample();
    let mut other = sample();
    other.packages.pop();
    other.packages[0].depends.clear();
    for write in [write_cyclonedx, write_spdx] {
        assert_eq!(write(&sbom), write(&sbom));
        let id = |bytes: &[u8]| {
            let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            value.get("serialNumber").or(value.get("documentNamespace")).unwrap().to_string()
        };
        assert_ne!(id(&write(&sbom)), id(&write(&other)));
    }
    assert_eq!(String::from_utf8(write_purls(&sbom)).unwrap().lines().count(), 2);
}

#[test]
fn documents_say_what_they_must() {
    let cyclonedx: serde_json::Value = serde_json::from_slice(&write_cyclonedx(&sample())).unwrap();
    assert_eq!(cyclonedx["metadata"]["timestamp"], "2026-11-23T12:00:00Z");
    assert_eq!(cyclonedx["metadata"]["component"]["hashes"][0]["content"], Digest::sha256(b"manifest").hex());
    assert_eq!(cyclonedx["components"].as_array().unwrap().len(), 3);
    assert_eq!(cyclonedx["components"][1]["licenses"][0]["license"]["name"], "BSD");
    assert_eq!(cyclonedx["components"][2]["licenses"][0]["expression"], "LGPL-2.1-only");
    assert_eq!(cyclonedx["compositions"][0]["aggregate"], "incomplete", "a problem was told");
    let edges = cyclonedx["dependencies"].as_array().unwrap();
    assert_eq!(
        edges.iter().find(|d| d["ref"] == cyclonedx["components"][1]["bom-ref"]).unwrap()["dependsOn"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let spdx: serde_json::Value = serde_json::from_slice(&write_spdx(&sample())).unwrap();
    let packages = spdx["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 4);
    assert_eq!(packages[0]["primaryPackagePurpose"], "CONTAINER");
    assert_eq!(packages[2]["supplier"], "Person: Jörg J X (j@example.org)");
    let declared = packages[2]["licenseDeclared"].as_str().unwrap();
    assert!(declared.contains("(GPL-2.0-or-later OR MIT)") && declared.contains("LicenseRef-plimsoll-BSD-"));
    assert_eq!(spdx["hasExtractedLicensingInfos"].as_array().unwrap().len(), 2);
    let kinds =
        |k: &str| spdx["relationships"].as_array().unwrap().iter().filter(|r| r["relationshipType"] == k).count();
    assert_eq!((kinds("DESCRIBES"), kinds("CONTAINS"), kinds("DEPENDS_ON")), (1, 3, 1));
}

#[test]
fn reads_trivy_and_syft() {
    let trivy = br#"{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"timestamp":"2026-01-01T00:00:00+00:00",
        "tools":[{"vendor":"aquasecurity","name":"trivy","version":"0.49"}],"component":{"type":"container","name":"x"}},
        "components":[{"bom-ref":"1","type":"operating-system","name":"debian","version":"12.15"},
        {"bom-ref":"2","type":"library","name":"bsdutils","version":"2.38.1-5+deb12u3",
        "purl":"pkg:deb/debian/bsdutils@2.38.1-5+deb12u3?arch=amd64&epoch=1&distro=debian-12.15","properties":[
        {"name":"aquasecurity:trivy:SrcName","value":"util-linux"},{"name":"aquasecurity:trivy:SrcVersion","value":"2.38.1"},
        {"name":"aquasecurity:trivy:SrcRelease","value":"5+deb12u3"}]},
        {"bom-ref":"3","type":"application","name":"package-lock.json"},
        {"bom-ref":"4","type":"library","group":"@a","name":"b","version":"1","purl":"pkg:npm/%40a/b@1"}]}"#;
    let sbom = read(trivy).unwrap();
    assert!(sbom.problems.is_empty(), "{:?}", sbom.problems);
    assert_eq!(sbom.tool.name, "trivy");
    assert_eq!(sbom.distro.unwrap().version_id, "12.15");
    assert_eq!(sbom.packages.len(), 2);
    assert_eq!(sbom.packages[0].version, "1:2.38.1-5+deb12u3");
    assert_eq!(
        sbom.packages[0].source,
        SourcePackage { name: "util-linux".into(), version: "2.38.1-5+deb12u3".into() }
    );
    assert_eq!((sbom.packages[1].ecosystem, sbom.packages[1].name.as_str()), (Ecosystem::Npm, "@a/b"));

    let syft = br#"{"artifacts":[{"id":"a","name":"bash","version":"5.2.15-2+b8","type":"deb","locations":[{"path":"/var/lib/dpkg/status"}],
        "licenses":[{"value":"GPL-3","spdxExpression":""}],"purl":"pkg:deb/debian/bash@5.2.15-2%2Bb8?arch=amd64&distro=debian-12&upstream=bash%405.2.15-2",
        "metadata":{"source":"bash","maintainer":"M <m@x>"}},{"id":"b","name":"libc6","version":"2.36","purl":"pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12"}],
        "artifactRelationships":[{"parent":"b","child":"a","type":"dependency-of"}],
        "source":{"name":"img","type":"image","metadata":{"manifestDigest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
        "distro":{"id":"debian","versionID":"12"},"descriptor":{"name":"syft","version":"1.18.1"},"schema":{"version":"16.0.24","url":"x"}}"#;
    assert_eq!(sniff(syft).unwrap(), Format::Syft("16.0.24".into()));
    let sbom = read(syft).unwrap();
    assert_eq!(sbom.packages[0].depends, ["pkg:deb/debian/libc6@2.36?arch=amd64&distro=debian-12"]);
    assert_eq!(sbom.packages[0].source.version, "5.2.15-2");
    assert!(sbom.is_about(&Digest::sha256(b"")));
    assert_eq!(sbom.created, Timestamp::UNIX_EPOCH);
    assert_eq!(sbom.problems.len(), 1, "the missing time is told");
}

#[test]
fn refuses_what_is_not_a_document() {
    assert!(matches!(read(b""), Err(ReadError::Json(_))));
    assert!(matches!(read(b"[]"), Err(ReadError::Json(_) | ReadError::UnknownFormat)));
    assert!(matches!(read(b"{}"), Err(ReadError::UnknownFormat)));
    let newer = br#"{"bomFormat":"CycloneDX","specVersion":"9.9"}"#;
    assert!(matches!(read(newer), Err(ReadError::UnsupportedVersion { .. })));
    assert!(matches!(read(br#"{"@context":"x","@graph":[]}"#), Err(ReadError::UnsupportedVersion { .. })));
    // A key that stands twice could say one thing to us and another to the next reader.
    let twice = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"components":[]}"#;
    assert!(matches!(read(twice), Err(ReadError::Malformed { .. })));
    let inner =
        br#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","purl":"a","purl":"b"}]}"#;
    assert!(matches!(read(inner), Err(ReadError::Malformed { .. })));
    let deep = format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":{}{}}}"#,
        r#"[{"type":"library","components":"#.repeat(10_000),
        "}]".repeat(10_000)
    );
    assert!(read(deep.as_bytes()).is_err());
}

#[test]
fn every_truncation_is_an_error_and_no_panic() {
    let sbom = sample();
    for bytes in [write_cyclonedx(&sbom), write_spdx(&sbom)] {
        for end in (0..bytes.len() - 2).step_by(7) {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
    }
}

#[test]
fn components_that_cannot_be_matched_are_problems() {
    let text =
        br#"{"bomFormat":"CycloneDX","specVersion":"1.4","metadata":{"timestamp":"2026-01-01T00:00:00Z"},"components":[
        {"type":"library","name":"a"},{"type":"library","name":"b","version":"1","purl":"pkg:deb/%zz@1"},
        {"type":"library","name":"c","version":"1","purl":"pkg:deb/debian/c@1?distro=debian-12"},
        {"type":"library","name":"d","version":"1","purl":"pkg:deb/debian/d@1?distro=debian-11"}]}"#;
    let sbom = read(text).unwrap();
    assert_eq!(sbom.packages.len(), 2);
    assert_eq!(sbom.distro, None, "two distributions: none is taken");
    assert_eq!(sbom.problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["a", "b", "distro"]);
}

fn data() -> Option<String> {
    let found = std::env::var("PLIMSOLL_DATA").ok();
    if found.is_none() {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
    }
    found
}

fn gunzip(path: &str) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut out).unwrap();
    out
}

fn keep(name: &str, bytes: &[u8]) {
    std::fs::write(format!("{}/{name}", env!("CARGO_TARGET_TMPDIR")), bytes).unwrap();
}

#[test]
fn real_images_read_back_and_are_left_for_the_validators() {
    keep("sample.spdx.json", &write_spdx(&sample()));
    keep("sample.cdx.json", &write_cyclonedx(&sample()));
    keep("sample.spdx3.json", &write(&sample(), Output::Spdx3));
    let Some(dir) = data() else { return };
    for (name, count) in [("alpine-310", 14), ("alpine-311", 14), ("debian-12.11-rootfs-min", 772)] {
        let mut layer = gunzip(&format!("{dir}/images/{name}.tar.gz"));
        if name.starts_with("alpine") {
            let archive = std::mem::take(&mut layer);
            let mut archive = tar::Archive::new(archive.as_slice());
            let mut entries = archive.entries().unwrap().map(Result::unwrap);
            let mut entry = entries.find(|e| e.path().unwrap().ends_with("layer.tar")).unwrap();
            entry.read_to_end(&mut layer).unwrap();
        }
        let mut contents = MemoryContents::new(wants);
        let mut builder = Builder::default();
        builder.layer(0, layer.as_slice(), &mut contents).unwrap();
        let catalog = catalog(&builder.finish(), &contents);
        assert_eq!(catalog.packages.len(), count);
        let subject = Subject {
            name: format!("docker.io/library/{}", name.split('-').next().unwrap()),
            digest: Some(Digest::sha256(&layer)),
            sha512: None,
            layers: vec![Digest::sha256(&layer)],
            platform: Some(Platform::new("linux", "amd64")),
            version: None,
        };
        let mut sbom = Sbom::new(subject, catalog, "0.1.0", "2026-11-23T12:00:00Z".parse().unwrap());
        sbom.author = Some("Example".into());
        for (suffix, bytes) in [("cdx", write_cyclonedx(&sbom)), ("spdx", write_spdx(&sbom))] {
            keep(&format!("{name}.{suffix}.json"), &bytes);
            let mut back = read(&bytes).unwrap();
            assert_eq!(back.packages.len(), count);
            for (back, own) in back.packages.iter_mut().zip(&mut sbom.packages) {
                // Licences come back joined into one expression; files are not in documents.
                back.licenses.clone_from(&own.licenses);
                own.files.clear();
            }
            assert_eq!(back, sbom);
        }
    }
}
