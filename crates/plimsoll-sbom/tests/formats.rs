//! Every format written from one hard case and read back. The documents are left in the target directory's `tmp`, for the
//! public validators.

// The helpers of tests fail by panicking too, and files are written here for others to judge.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use plimsoll_catalog::{Catalog, Distro, Ecosystem, Hash, HashAlgorithm, Package, Problem, SourcePackage};
use plimsoll_oci::{Digest, Platform};
use plimsoll_sbom::{
    Form, IndexEntry, IndexOutput, IndexSbom, Output, ReadError, Removed, Sbom, Subject, Version, attestable, read,
    sniff, write, write_files, write_index,
};

const DOCUMENTS: [(Output, &str); 8] = [
    (Output::CycloneDxJson(Version::V1_5), "1.5.cdx.json"),
    (Output::CycloneDxJson(Version::V1_6), "1.6.cdx.json"),
    (Output::CycloneDxJson(Version::V1_7), "1.7.cdx.json"),
    (Output::CycloneDxXml, "cdx.xml"),
    (Output::SpdxJson, "spdx.json"),
    (Output::SpdxTagValue, "spdx"),
    (Output::Spdx3, "spdx3.json"),
    (Output::PlimsollJson, "plimsoll.json"),
];

fn keep(name: &str, bytes: &[u8]) {
    std::fs::write(format!("{}/{name}", env!("CARGO_TARGET_TMPDIR")), bytes).unwrap();
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|t| (*t).to_owned()).collect()
}

fn package(ecosystem: Ecosystem, name: &str, version: &str, purl: &str) -> Package {
    Package {
        ecosystem,
        name: name.into(),
        version: version.into(),
        source: SourcePackage { name: name.into(), version: version.into() },
        purl: purl.into(),
        evidence: vec![format!("/usr/share/{name}")],
        ..Package::default()
    }
}

const LIBC: &str = "pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64&distro=debian-12&upstream=glibc";
const PYTHON: &str = "pkg:deb/debian/python3-yaml@6.0-3?arch=amd64&distro=debian-12&upstream=pyyaml";

/// Nested, owned, declared, without version, without package URL, licences of every kind, text beyond ASCII.
fn hard() -> Sbom {
    let hex = |byte: &str, count: usize| byte.repeat(count);
    let mut packages = vec![
        Package {
            arch: "amd64".into(),
            source: SourcePackage { name: "glibc".into(), version: "2.36-9+deb12u9".into() },
            licenses: texts(&["LGPL-2.1-only"]),
            maintainer: Some("GNU Libc Maintainers <debian-glibc@lists.debian.org>".into()),
            homepage: Some("https://www.gnu.org/software/libc/libc.html".into()),
            cpes: texts(&["cpe:2.3:a:gnu:glibc:2.36:*:*:*:*:*:*:*", "cpe:2.3:a:gnu:libc:2.36:*:*:*:*:*:*:*"]),
            files: texts(&["/lib/x86_64-linux-gnu/libc.so.6", "/usr/share/doc/libc6/copyright", "/x"]),
            ..package(Ecosystem::Deb, "libc6", "2.36-9+deb12u9", LIBC)
        },
        Package {
            arch: "amd64".into(),
            source: SourcePackage { name: "pyyaml".into(), version: "6.0-3".into() },
            licenses: texts(&["Artistic", "GPL-2.0-or-later OR MIT", "public domain (sic) <&>"]),
            depends: texts(&[LIBC]),
            ..package(Ecosystem::Deb, "python3-yaml", "6.0-3", PYTHON)
        },
        Package {
            maintainer: Some("Kirill Simonov (maybe) <xi@resolvent.net>".into()),
            owners: texts(&[PYTHON]),
            properties: vec![("installer".into(), "debian".into()), ("installer".into(), "pip".into())],
            ..package(Ecosystem::Pypi, "pyyaml", "6.0", "pkg:pypi/pyyaml@6.0")
        },
        Package {
            licenses: texts(&["BSD-3-Clause"]),
            layer: 1,
            ..package(Ecosystem::Pypi, "cryptography", "42.0", "pkg:pypi/cryptography@42.0")
        },
        Package {
            download: Some("https://registry.npmjs.org/@b%C3%A4r/x/-/x-1.0.0.tgz".into()),
            description: Some("größer, 漢字, \u{1f980}, \"quoted\" </text> & <tags>".into()),
            homepage: Some("not an address".into()),
            maintainer: Some("Ünï Cødé".into()),
            hashes: vec![
                Hash { algorithm: HashAlgorithm::Sha1, hex: hex("0a", 20) },
                Hash { algorithm: HashAlgorithm::Sha512, hex: hex("0b", 64) },
            ],
            ..package(Ecosystem::Npm, "@bär/x", "1.0.0", "pkg:npm/%40b%C3%A4r/x@1.0.0")
        },
        Package {
            evidence: texts(&["/app/big.jar!/BOOT-INF/lib/asm-9.jar"]),
            within: Some("pkg:maven/com.example/big@1".into()),
            ..package(Ecosystem::Maven, "org.ow2.asm:asm", "9", "pkg:maven/org.ow2.asm/asm@9")
        },
        Package {
            evidence: texts(&["/app/big.jar"]),
            hashes: vec![Hash { algorithm: HashAlgorithm::Sha256, hex: hex("0c", 32) }],
            ..package(Ecosystem::Maven, "com.example:big", "1", "pkg:maven/com.example/big@1")
        },
        package(Ecosystem::Golang, "github.com/Shop/Web", "", "pkg:golang/github.com/Shop/Web"),
        Package {
            declared: true,
            within: Some("pkg:pypi/cryptography@42.0".into()),
            evidence: Vec::new(),
            ..package(Ecosystem::Cargo, "openssl", "0.10", "pkg:cargo/openssl@0.10")
        },
        Package {
            declared: true,
            within: Some("pkg:cargo/openssl@0.10".into()),
            evidence: Vec::new(),
            depends: texts(&["pkg:cargo/openssl@0.10"]),
            ..package(Ecosystem::Cargo, "openssl-sys", "0.9", "pkg:cargo/openssl-sys@0.9")
        },
        Package {
            cpes: texts(&["cpe:2.3:a:nginx:nginx:1.25:*:*:*:*:*:*:*", "cpe:2.3:a:nginx:nginx:1.25"]),
            evidence: texts(&["/opt/bin/nginx"]),
            ..package(Ecosystem::Binary, "nginx", "1.25", "pkg:generic/nginx@1.25")
        },
        package(Ecosystem::Other, "nameless thing", "7", ""),
    ];
    packages.sort_by(|a, b| (a.ecosystem, &a.name).cmp(&(b.ecosystem, &b.name)));
    let distro = Distro {
        id: "debian".into(),
        version_id: "12".into(),
        codename: Some("bookworm".into()),
        pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
    };
    let problems = vec![Problem { path: "/a b".into(), line: Some(3), why: "größer\nals".into() }];
    let catalog = Catalog { distro: Some(distro), packages, problems };
    let mut sbom = Sbom::new(subject(), catalog, "0.1.0", "2026-11-23T12:00:00Z".parse().unwrap());
    sbom.author = Some("Example Ltd <sbom@example.org>".into());
    sbom.removed = vec![Removed {
        name: "apt".into(),
        version: "2.6".into(),
        purl: "pkg:deb/debian/apt@2.6".into(),
        reason: "package manager".into(),
    }];
    sbom
}

fn subject() -> Subject {
    let subject = Subject {
        name: "registry.example.org/shop/web".into(),
        version: Some("1.2".into()),
        platform: Some(Platform::new("linux", "amd64")),
        layers: vec![Digest::sha256(b"0"), Digest::sha256(b"1")],
        ..Subject::default()
    };
    subject.of_manifest(b"manifest")
}

fn empty() -> Sbom {
    Sbom::new(Subject::default(), Catalog::default(), "0.1.0", "2026-11-23T12:00:00Z".parse().unwrap())
}

/// What only our own format holds.
fn levelled(mut sbom: Sbom) -> Sbom {
    sbom.packages.iter_mut().for_each(|p| p.files.clear());
    sbom
}

#[test]
fn every_format_reads_back_what_was_written() {
    for (name, sbom) in [("hard", hard()), ("empty", empty())] {
        for (output, suffix) in DOCUMENTS {
            let bytes = write(&sbom, output);
            keep(&format!("{name}.{suffix}"), &bytes);
            let back = read(&bytes).unwrap_or_else(|e| panic!("{name}.{suffix}: {e}"));
            let mut expected = if output == Output::PlimsollJson { sbom.clone() } else { levelled(sbom.clone()) };
            if sbom.subject.name.is_empty() && output != Output::PlimsollJson {
                // A component must have a name.
                expected.subject.name = "image".into();
            }
            if output == Output::SpdxTagValue {
                // The mark that ends a text cannot stand in it.
                let all = expected.packages.iter_mut().filter_map(|p| p.description.as_mut());
                all.for_each(|d| *d = d.replace("</text>", "</ text>"));
            }
            for (back, own) in back.packages.iter().zip(&expected.packages) {
                assert_eq!(back, own, "{name}.{suffix}");
            }
            assert_eq!(back, expected, "{name}.{suffix}");
            assert_eq!(bytes, write(&sbom, output), "the same value gives the same bytes");
            assert_eq!(read(&write(&back, output)).unwrap(), back, "{name}.{suffix}: twice");
        }
    }
}

/// Whatever form it is in, an SBOM says the same of what is matched, answered for and related.
#[test]
fn the_attested_form_reads_back_and_keeps_what_matters() {
    let mut full = hard();
    full.packages[0].evidence = (0..7).map(|i| format!("/usr/share/e{i} \\a;")).collect();
    // Edges that others imply, and a ring.
    let ids: Vec<String> = full.packages.iter().map(Package::id).collect();
    for (at, package) in full.packages.iter_mut().enumerate() {
        package.depends = { ids.iter().enumerate() }
            .filter(|(to, _)| *to != at && (*to > at || (at + to).is_multiple_of(5)))
            .map(|(_, id)| id.clone())
            .collect();
        package.depends.sort();
    }
    let lean = attestable(&full);
    assert_eq!(attestable(&lean), lean);
    assert_eq!((full.form, lean.form), (Form::Full, Form::Attested));
    for (output, suffix) in DOCUMENTS {
        let bytes = write(&lean, output);
        keep(&format!("lean.{suffix}"), &bytes);
        let back = read(&bytes).unwrap_or_else(|e| panic!("{suffix}: {e}"));
        assert_eq!(back, lean, "{suffix}");
        assert!(String::from_utf8(bytes).unwrap().contains("attested"), "{suffix}");
        assert_eq!((&back.removed, &back.problems, &back.subject), (&full.removed, &full.problems, &full.subject));
        for (back, own) in back.packages.iter().zip(&full.packages) {
            assert_eq!(
                (&back.purl, &back.name, &back.version, &back.source, &back.maintainer, &back.licenses, back.declared),
                (&own.purl, &own.name, &own.version, &own.source, &own.maintainer, &own.licenses, own.declared)
            );
            assert_eq!((&back.depends, &back.owners, &back.within), (&own.depends, &own.owners, &own.within));
            assert_eq!((back.first_layer, back.layer), (own.first_layer, own.layer));
            assert_eq!((back.cpes.first(), back.hashes.last()), (own.cpes.first(), own.hashes.last()));
        }
    }
    let kept = &lean.packages[0];
    assert_eq!((kept.evidence.len(), kept.properties.last()), (3, Some(&("evidence:more".into(), "4".into()))));
}

#[test]
fn formats_are_told_apart() {
    for (output, suffix) in DOCUMENTS {
        let format = sniff(&write(&hard(), output)).unwrap();
        let expected = if suffix.contains("cdx") {
            "cyclonedx"
        } else if suffix.contains("spdx") {
            "spdx"
        } else {
            "plimsoll"
        };
        assert_eq!(format.name(), expected, "{suffix}");
    }
    for (name, version, output) in Output::NAMES {
        assert_eq!(Output::named(name, Some(version)), Some(*output));
    }
    assert_eq!(Output::named("spdx-json", None), Some(Output::SpdxJson));
    assert_eq!(Output::named("spdx-json", Some("9")), None);
}

#[test]
fn ownership_and_nesting_stand_in_the_documents() {
    let json = |output| serde_json::from_slice::<serde_json::Value>(&write(&hard(), output)).unwrap();
    let cyclonedx = json(Output::CycloneDxJson(Version::V1_6));
    let components = cyclonedx["components"].as_array().unwrap();
    let of = |name: &str| components.iter().find(|c| c["name"] == name).unwrap();
    assert_eq!(of("big")["components"][0]["group"], "org.ow2.asm");
    assert_eq!(of("big")["properties"][0]["name"], "bsi:component:filename");
    let owner = of("pyyaml")["properties"].as_array().unwrap().iter().find(|p| p["name"] == "plimsoll:owner").unwrap();
    assert_eq!(owner["value"], of("python3-yaml")["bom-ref"]);
    assert_eq!(of("pyyaml")["supplier"]["name"], "Kirill Simonov maybe");
    assert_eq!(of("libc6")["cpe"], "cpe:2.3:a:gnu:glibc:2.36:*:*:*:*:*:*:*");
    let hashes = cyclonedx["metadata"]["component"]["hashes"].as_array().unwrap();
    assert_eq!(hashes.len(), 2, "SHA-256 and SHA-512 of the manifest");
    // Layers' digests stand once, whatever the number of packages.
    let text = cyclonedx.to_string();
    assert_eq!(text.matches(Digest::sha256(b"0").hex()).count(), 1);

    let spdx = json(Output::SpdxJson);
    let others: Vec<_> =
        spdx["relationships"].as_array().unwrap().iter().filter(|r| r["relationshipType"] == "OTHER").collect();
    assert_eq!(others.len(), 1);
    let owner = spdx["packages"].as_array().unwrap().iter().find(|p| p["name"] == "python3-yaml").unwrap();
    assert_eq!(others[0]["spdxElementId"], owner["SPDXID"]);
    assert!(others[0]["comment"].as_str().unwrap().starts_with("ownership-by-file-overlap"));
}

#[test]
fn rings_and_depth_do_not_break_nesting() {
    let mut sbom = empty();
    sbom.packages = (0..60)
        .map(|i| Package {
            within: (i > 0).then(|| format!("pkg:cargo/a{:02}@1", i - 1)),
            ..package(Ecosystem::Cargo, &format!("a{i:02}"), "1", &format!("pkg:cargo/a{i:02}@1"))
        })
        .collect();
    for first in [None, Some("pkg:cargo/a02@1".to_owned())] {
        sbom.packages[0].within = first;
        for (output, suffix) in DOCUMENTS {
            let back = read(&write(&sbom, output)).unwrap_or_else(|e| panic!("{suffix}: {e}"));
            assert_eq!(back.packages, sbom.packages, "{suffix}");
        }
    }
}

#[test]
fn every_truncation_is_an_answer_and_no_panic() {
    for (output, suffix) in DOCUMENTS {
        let bytes = write(&hard(), output);
        for end in (0..bytes.len() - 2).step_by(37) {
            // Tag-value may end with any line.
            assert!(read(&bytes[..end]).is_err() || output == Output::SpdxTagValue, "{suffix} {end}");
        }
    }
}

#[test]
fn hostile_xml_and_tags_are_refused() {
    let bom = |inner: &str| {
        format!("<?xml version=\"1.0\"?>\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">{inner}</bom>")
    };
    assert!(read(bom("").as_bytes()).is_ok());
    for bad in [
        bom("<components><component type=\"library\"><name>a</name><name>b</name></component></components>"),
        bom("<components/><components/>"),
        bom("&lol;"),
        bom(&"<a>".repeat(500)),
        format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", bom("")),
        format!("{}<x/>", bom("")),
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\" xmlns=\"x\"/>".to_owned(),
        "<bom xmlns=\"http://cyclonedx.org/schema/bom/9.9\"/>".to_owned(),
        "<html/>".to_owned(),
        "<".to_owned(),
        "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageName: b\nSPDXID: SPDXRef-b".to_owned(),
        "SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1\nPackageVersion: 2".to_owned(),
        "SPDXVersion: SPDX-2.3\nDocumentName: <text>a".to_owned(),
        "SPDXVersion: SPDX-2.3\nno tag".to_owned(),
        "SPDXVersion: SPDX-9.9".to_owned(),
    ] {
        assert!(read(bad.as_bytes()).is_err(), "{bad}");
    }
    let twice = br#"{"schemaVersion":"1.0.0","packages":[{"ecosystem":"deb","name":"a","files":{"/":["a"],"/":["b"]}}],
        "tool":{"name":"x"},"created":"2026-01-01T00:00:00Z","subject":{"name":"x"}}"#;
    assert!(matches!(read(twice), Err(ReadError::Malformed { .. })));
}

#[test]
fn syft_keeps_nesting_ownership_and_layers() {
    let layer = Digest::sha256(b"1");
    let syft = format!(
        r#"{{"artifacts":[
        {{"id":"a","name":"python3-yaml","version":"6.0-3","purl":"pkg:deb/debian/python3-yaml@6.0-3?distro=debian-12"}},
        {{"id":"b","name":"pyyaml","version":"6.0","purl":"pkg:pypi/pyyaml@6.0","cpes":["cpe:2.3:a:x:y:6.0:*:*:*:*:*:*:*",
        {{"cpe":"cpe:2.3:a:y:y:6.0:*:*:*:*:*:*:*","source":"x"}}],"locations":[{{"path":"/p","layerID":"{layer}"}}],
        "metadata":{{"digest":[{{"algorithm":"sha1","value":"{}"}}]}}}},
        {{"id":"c","name":"in","version":"1","purl":"pkg:pypi/in@1"}}],"artifactRelationships":[
        {{"parent":"a","child":"b","type":"ownership-by-file-overlap"}},{{"parent":"img","child":"a","type":"contains"}},
        {{"parent":"b","child":"c","type":"contains"}}],
        "source":{{"id":"img","name":"img","metadata":{{"layers":[{{"digest":"{}"}},{{"digest":"{layer}"}}]}}}},
        "descriptor":{{"name":"syft","version":"1","timestamp":"2026-01-01T00:00:00Z"}},"schema":{{"version":"16"}}}}"#,
        "0a".repeat(20),
        Digest::sha256(b"0")
    );
    let sbom = read(syft.as_bytes()).unwrap();
    let of = |name: &str| sbom.packages.iter().find(|p| p.name == name).unwrap();
    assert_eq!(of("pyyaml").owners, [of("python3-yaml").id()]);
    assert_eq!((of("pyyaml").first_layer, of("pyyaml").layer), (1, 1));
    assert_eq!((of("pyyaml").cpes.len(), of("pyyaml").hashes.len()), (2, 1));
    assert_eq!(of("in").within.as_deref(), Some("pkg:pypi/pyyaml@6.0"));
    assert_eq!(of("python3-yaml").within, None);
}

#[test]
fn indexes_tie_documents_together() {
    let sbom = hard();
    let manifest = sbom.subject.digest.clone().unwrap();
    for (output, own, suffix) in [
        (Output::CycloneDxJson(Version::V1_6), IndexOutput::CycloneDxJson, "cdx.json"),
        (Output::SpdxJson, IndexOutput::SpdxJson, "spdx.json"),
    ] {
        let document = write(&sbom, output);
        let entry = |arch: &str| IndexEntry::of(Platform::new("linux", arch), manifest.clone(), &document).unwrap();
        let index = IndexSbom {
            name: sbom.subject.name.clone(),
            version: Some("1.2".into()),
            digest: Digest::sha256(b"index"),
            entries: vec![entry("amd64"), entry("arm64")],
            tool: sbom.tool.clone(),
            author: sbom.author.clone(),
            created: sbom.created,
        };
        let bytes = write_index(&index, own);
        assert_eq!(bytes, write_index(&index, own));
        keep(&format!("index.{suffix}"), &bytes);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(Digest::sha256(&document).hex()));
        assert!(text.contains("urn:cdx:") || text.contains("DocumentRef-0"));
        assert!(read(&bytes).unwrap().is_about(&Digest::sha256(b"index")));
    }
    let files = String::from_utf8(write_files(&sbom)).unwrap();
    assert_eq!(files.lines().count(), 2);
    assert!(files.contains(r#""files":{"/lib/x86_64-linux-gnu/":["libc.so.6"]"#));
}

/// What the attested forms cost: 4,000 packages of the mixture of a fat image, with evidence and edges.
#[test]
fn attested_forms_stay_small() {
    let mut sbom = hard();
    let deb = |i: usize| {
        format!(
            "pkg:deb/debian/libexample{i}-dev@1.2.{i}-3%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=example{i}%401.2.{i}-3"
        )
    };
    let npm = |i: usize| format!("pkg:npm/%40example/module-{i}@4.5.{i}");
    sbom.packages = (0..1000_usize)
        .map(|i| Package {
            arch: "amd64".into(),
            source: SourcePackage { name: format!("example{i}"), version: format!("1.2.{i}-3") },
            licenses: texts(&["GPL-2.0-or-later", "LGPL-2.1-only"]),
            maintainer: Some("Debian Example Maintainers <pkg-example@lists.alioth.debian.org>".into()),
            description: Some("example library, development files and a little more".into()),
            homepage: Some("https://example.org/projects/example".into()),
            depends: (i.saturating_sub(5)..i).map(deb).collect(),
            evidence: vec![
                "/var/lib/dpkg/status".into(),
                format!("/usr/share/doc/libexample{i}-dev/copyright"),
                format!("/var/lib/dpkg/info/libexample{i}-dev.list"),
            ],
            ..package(Ecosystem::Deb, &format!("libexample{i}-dev"), &format!("1.2.{i}-3+deb12u1"), &deb(i))
        })
        .chain((0..3000_usize).map(|i| Package {
            licenses: texts(&["MIT"]),
            maintainer: Some("Example Person <person@example.org>".into()),
            description: Some("A module that does one thing".into()),
            homepage: Some("https://github.com/example/module#readme".into()),
            cpes: vec![format!("cpe:2.3:a:example:module-{i}:4.5.{i}:*:*:*:*:node.js:*:*")],
            depends: (i.saturating_sub(3)..i).map(npm).collect(),
            evidence: vec![format!("/app/node_modules/@example/module-{i}/package.json")],
            layer: 1,
            first_layer: 1,
            ..package(Ecosystem::Npm, &format!("@example/module-{i}"), &format!("4.5.{i}"), &npm(i))
        }))
        .collect();
    for (output, suffix) in DOCUMENTS {
        let bytes = write(&sbom, output).len();
        eprintln!("{suffix}: {bytes} bytes, {} per package", bytes / sbom.packages.len());
        assert!(bytes <= 6_000_000, "{suffix}: {bytes}");
        let lean = write(&attestable(&sbom), output).len() / sbom.packages.len();
        eprintln!("{suffix}: {lean} bytes per package attested");
        let most = match output {
            Output::CycloneDxJson(_) => 850,
            Output::SpdxJson => 900,
            _ => 1500,
        };
        assert!(lean <= most, "{suffix}: {lean}");
    }
}
