//! Python distributions, conda packages and documents that declare others (`wheel-sbom`, `declared-sbom`), in small images
//! made here.

// The helpers of tests fail by panicking too.
#![allow(clippy::unwrap_used)]

use plimsoll_catalog::{Catalog, Ecosystem, Package, catalog, wants};
use plimsoll_tree::{Builder, MemoryContents};

fn read(files: &[(&str, &str)]) -> Catalog {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        builder.append_data(&mut header, path, data.as_bytes()).unwrap();
    }
    let layer = builder.into_inner().unwrap();
    let mut contents = MemoryContents::new(wants);
    let mut builder = Builder::default();
    builder.layer(0, layer.as_slice(), &mut contents).unwrap();
    catalog(&builder.finish(), &contents)
}

fn purls(catalog: &Catalog) -> Vec<&str> {
    catalog.packages.iter().map(|p| p.purl.as_str()).collect()
}

fn package<'c>(catalog: &'c Catalog, purl: &str) -> &'c Package {
    catalog.packages.iter().find(|p| p.purl == purl).unwrap()
}

fn property<'p>(package: &'p Package, name: &str) -> Option<&'p str> {
    package.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

const SITE: &str = "usr/lib/python3.11/site-packages";

/// An image of files below `site-packages`.
fn site(files: &[(&str, &str)]) -> Catalog {
    let files: Vec<(String, &str)> = files.iter().map(|(p, d)| (format!("{SITE}/{p}"), *d)).collect();
    read(&files.iter().map(|(p, d)| (p.as_str(), *d)).collect::<Vec<_>>())
}

#[test]
fn a_distribution_and_what_it_requires() {
    let found = site(&[
        (
            "PyYAML-6.0.1.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0.1\nSummary: YAML\nHome-page: https://pyyaml.org/\nAuthor: K\nAuthor-email: k@x.org\n\
             License: MIT\nRequires-Dist: Zope.Interface[sec] (>=5)\nRequires-Dist: absent\nRequires-Dist: old ; python_version < '3'\n\
             Requires-Dist: fast ; extra == 'fast'\n\nVersion: 9\n",
        ),
        ("PyYAML-6.0.1.dist-info/INSTALLER", "pip\n"),
        (
            "zope.interface-6.0.dist-info/METADATA",
            "Name: zope.interface\nVersion: 6.0\nRequires-Dist: deep; extra == 'sec'\n",
        ),
        ("zope.interface-6.0.dist-info/INSTALLER", "pip\n"),
        ("old-1.dist-info/METADATA", "Name: old\nVersion: 1\n"),
        ("fast-1.dist-info/METADATA", "Name: fast\nVersion: 1\n"),
        ("deep-1.dist-info/METADATA", "Name: deep\nVersion: 1\nLicense-Expression: MIT OR Apache-2.0\n"),
    ]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let yaml = package(&found, "pkg:pypi/pyyaml@6.0.1");
    assert_eq!(yaml.depends, ["pkg:pypi/zope-interface@6.0"]);
    assert_eq!((yaml.name.as_str(), property(yaml, "python:name")), ("pyyaml", Some("PyYAML")));
    assert_eq!(yaml.maintainer.as_deref(), Some("K <k@x.org>"));
    assert_eq!(yaml.licenses, ["MIT"]);
    for purl in ["pkg:pypi/pyyaml@6.0.1", "pkg:pypi/zope-interface@6.0"] {
        assert_eq!(property(package(&found, purl), "python:installer"), Some("pip"), "files with the same bytes");
    }
    assert_eq!(
        package(&found, "pkg:pypi/zope-interface@6.0").depends,
        ["pkg:pypi/deep@1"],
        "an extra that was asked for"
    );
    assert_eq!(package(&found, "pkg:pypi/deep@1").licenses, ["MIT OR Apache-2.0"]);
}

#[test]
fn names_and_versions_that_only_the_directory_states() {
    let found = site(&[
        ("a_b-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nSummary: x\n"),
        ("gone-2.0.dist-info/RECORD", "gone/__init__.py,,\n"),
        ("~ip-23.dist-info/METADATA", "Name: pip\nVersion: 23\n"),
        ("six-1.16.0-py3.11.egg-info", "Metadata-Version: 1.0\nName: six\nVersion: 1.16.0\n"),
        ("egg-0.1-py3.11.egg/EGG-INFO/PKG-INFO", "Name: egg\nVersion: 0.1\n"),
        ("egg-0.1-py3.11.egg/EGG-INFO/requires.txt", "six\n\n[x]\na-b\n"),
        ("noname.dist-info/METADATA.txt", "Name: six\nVersion: 9\n"),
    ]);
    assert_eq!(
        purls(&found),
        ["pkg:pypi/a-b@1.0", "pkg:pypi/egg@0.1", "pkg:pypi/gone@2.0", "pkg:pypi/six@1.16.0"],
        "{:?}",
        found.problems
    );
    assert_eq!(package(&found, "pkg:pypi/egg@0.1").depends, ["pkg:pypi/six@1.16.0"]);
    assert_eq!(property(package(&found, "pkg:pypi/gone@2.0"), "python:metadata"), Some("absent"));
}

#[test]
fn vendored_code_is_listed_and_test_data_is_not() {
    let found = site(&[
        ("setuptools-80.dist-info/METADATA", "Name: setuptools\nVersion: 80\n"),
        (
            "setuptools-80.dist-info/RECORD",
            "setuptools-80.dist-info/METADATA,sha256=x,1\nsetuptools/_vendor/zipp-3.dist-info/METADATA,sha256=x,1\n\
             setuptools/tests/data/fake-1.dist-info/METADATA,,\n",
        ),
        ("setuptools/_vendor/zipp-3.dist-info/METADATA", "Name: zipp\nVersion: 3\n"),
        ("setuptools/tests/data/fake-1.dist-info/METADATA", "Name: fake\nVersion: 1\n"),
    ]);
    assert_eq!(purls(&found), ["pkg:pypi/setuptools@80", "pkg:pypi/zipp@3"]);
    let own = read(&[("usr/lib/python3.11/test/data/egg-1.egg-info/PKG-INFO", "Name: egg\nVersion: 1\n")]);
    assert!(purls(&own).is_empty(), "Python's own tests");
    let zipp = package(&found, "pkg:pypi/zipp@3");
    assert_eq!(zipp.within.as_deref(), Some("pkg:pypi/setuptools@80"));
    assert!(property(zipp, "python:vendored").unwrap().ends_with("/setuptools/_vendor"));
}

#[test]
fn editable_and_direct_installs() {
    let found = read(&[
        (&format!("{SITE}/app-1.dist-info/METADATA"), "Name: app\nVersion: 1\n"),
        (
            &format!("{SITE}/app-1.dist-info/direct_url.json"),
            r#"{"dir_info": {"editable": true}, "url": "file:///src/app"}"#,
        ),
        ("src/app/app.egg-info/PKG-INFO", "Name: app\nVersion: 1\n"),
        (&format!("{SITE}/old.egg-link"), "/src/old\n."),
        ("src/old/old.egg-info/PKG-INFO", "Name: old\nVersion: 2\n"),
        ("src/old/old.egg-info/requires.txt", "app\n"),
        (&format!("{SITE}/vc-1.dist-info/METADATA"), "Name: vc\nVersion: 1\n"),
        (
            &format!("{SITE}/vc-1.dist-info/direct_url.json"),
            r#"{"url": "https://u:secret@x.org/vc.git", "vcs_info": {"vcs": "git", "commit_id": "0f", "requested_revision": "main"}}"#,
        ),
    ]);
    let vcs = "pkg:pypi/vc@1?vcs_url=git%2Bhttps:%2F%2Fx.org%2Fvc.git%400f";
    assert_eq!(purls(&found), ["pkg:pypi/app@1", "pkg:pypi/old@2", vcs]);
    let app = package(&found, "pkg:pypi/app@1");
    assert_eq!((property(app, "python:editable"), app.evidence.len()), (Some("/src/app"), 2));
    let old = package(&found, "pkg:pypi/old@2");
    assert_eq!(property(old, "python:editable"), Some("/src/old"));
    assert_eq!(old.depends, ["pkg:pypi/app@1"], "requirements are met where the link is");
    assert!(old.evidence.iter().any(|e| e.ends_with("old.egg-link")));
}

const AUDITWHEEL: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
  "metadata": {"component": {"type": "library", "bom-ref": "own", "name": "psycopg2_binary", "version": "2.9",
    "purl": "pkg:pypi/psycopg2_binary@2.9?file_name=psycopg2_binary-2.9-cp311.whl"}},
  "components": [
    {"type": "library", "bom-ref": "own", "name": "psycopg2_binary", "version": "2.9",
      "purl": "pkg:pypi/psycopg2_binary@2.9?file_name=psycopg2_binary-2.9-cp311.whl"},
    {"type": "library", "bom-ref": "k", "name": "keyutils-libs", "version": "1.5.10-9.el8",
      "purl": "pkg:rpm/almalinux/keyutils-libs@1.5.10-9.el8"},
    {"type": "library", "name": "raqm", "version": "0.10", "licenses": [{"license": {"id": "MIT"}}]},
    {"type": "file", "name": "a.so"},
    {"type": "library", "name": "six", "purl": "pkg:pypi/six"}],
  "dependencies": [{"ref": "own", "dependsOn": ["k"]}, {"ref": "k"}]}"#;

const CRATES: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {
    "type": "library", "bom-ref": "root", "name": "w", "version": "0.1", "purl": "pkg:cargo/w@0.1?download_url=file://.",
    "components": [{"type": "library", "bom-ref": "root lib", "name": "w", "version": "0.1",
      "purl": "pkg:cargo/w@0.1?download_url=file://.#src/lib.rs"}]}},
  "components": [
    {"type": "library", "bom-ref": "s", "name": "serde", "version": "1.0", "scope": "required",
      "purl": "pkg:cargo/serde@1.0", "licenses": [{"expression": "MIT OR Apache-2.0"}],
      "hashes": [{"alg": "SHA-256", "content": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]},
    {"type": "library", "bom-ref": "c", "name": "cc", "version": "1.1", "scope": "excluded", "purl": "pkg:cargo/cc@1.1"}],
  "dependencies": [{"ref": "root", "dependsOn": ["s", "nowhere"]}]}"#;

#[test]
fn documents_inside_wheels() {
    let found = site(&[
        ("psycopg2_binary-2.9.dist-info/METADATA", "Name: psycopg2-binary\nVersion: 2.9\n"),
        ("psycopg2_binary-2.9.dist-info/sboms/auditwheel.cdx.json", AUDITWHEEL),
        ("psycopg2_binary-2.9.dist-info/sboms/crates.cyclonedx.json", CRATES),
        ("psycopg2_binary-2.9.dist-info/sboms/notes.txt", "no document"),
        ("other-1.dist-info/METADATA", "Name: other\nVersion: 1\n"),
        ("other-1.dist-info/sboms/x.json", CRATES),
        ("six-1.dist-info/METADATA", "Name: six\nVersion: 1\n"),
    ]);
    let (own, rpm) = ("pkg:pypi/psycopg2-binary@2.9", "pkg:rpm/almalinux/keyutils-libs@1.5.10-9.el8");
    assert_eq!(
        purls(&found),
        [
            rpm,
            "pkg:pypi/other@1",
            own,
            "pkg:pypi/six@1",
            "pkg:cargo/cc@1.1",
            "pkg:cargo/serde@1.0",
            "pkg:cargo/w@0.1",
            ""
        ]
    );
    let keyutils = package(&found, rpm);
    assert!(keyutils.declared && keyutils.within.as_deref() == Some(own), "{keyutils:?}");
    assert!(package(&found, own).depends.contains(&rpm.to_owned()));
    let serde = package(&found, "pkg:cargo/serde@1.0");
    assert_eq!((serde.ecosystem, serde.hashes.len()), (Ecosystem::Cargo, 1));
    let by: Vec<&str> = serde.properties.iter().filter(|(n, _)| n == "declared:by").map(|(_, v)| v.as_str()).collect();
    assert_eq!(by, ["pkg:pypi/other@1", own], "one package, both that declare it");
    assert_eq!(property(package(&found, "pkg:cargo/cc@1.1"), "declared:scope"), Some("excluded"));
    let raqm = found.packages.iter().find(|p| p.name == "raqm").unwrap();
    assert_eq!((raqm.ecosystem, raqm.version.as_str()), (Ecosystem::Other, "0.10"));
    assert_eq!(found.problems.len(), 1, "what is no document is told: {:?}", found.problems);
}

#[test]
fn conda_packages_own_their_distributions() {
    let zlib = r#"{"name": "zlib", "version": "1.2.13", "build": "h_6", "channel": "https://conda.anaconda.org/conda-forge/linux-64",
        "subdir": "linux-64", "fn": "zlib-1.2.13-h_6.conda", "depends": [], "files": ["lib/libz.so"], "license": "Zlib"}"#;
    let numpy = r#"{"name": "numpy", "version": "1.26.4", "build": "py311_0", "channel": "conda-forge", "subdir": "linux-64",
        "fn": "numpy-1.26.4-py311_0.tar.bz2", "depends": ["zlib >=1.2", "__glibc >=2.17"],
        "files": ["lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA"]}"#;
    let found = read(&[
        ("opt/conda/conda-meta/zlib-1.2.13-h_6.json", zlib),
        ("opt/conda/conda-meta/numpy-1.26.4-py311_0.json", numpy),
        ("opt/conda/conda-meta/history", "==> x <=="),
        ("opt/conda/conda-meta/state.json", "{\"env_vars\": {}}"),
        ("opt/conda/lib/libz.so", "elf"),
        ("opt/conda/lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA", "Name: numpy\nVersion: 1.26.4\n"),
        ("opt/conda/lib/python3.11/site-packages/own-1.dist-info/METADATA", "Name: own\nVersion: 1\n"),
        // The same bytes in another environment are another evidence of the same package.
        ("opt/conda/envs/b/conda-meta/zlib-1.2.13-h_6.json", zlib),
    ]);
    let zlib = "pkg:conda/zlib@1.2.13?build=h_6&channel=conda-forge&subdir=linux-64&type=conda";
    let numpy = "pkg:conda/numpy@1.26.4?build=py311_0&channel=conda-forge&subdir=linux-64&type=tar.bz2";
    assert_eq!(purls(&found), ["pkg:pypi/numpy@1.26.4", "pkg:pypi/own@1", numpy, zlib]);
    assert_eq!(package(&found, "pkg:pypi/numpy@1.26.4").owners, [numpy]);
    assert!(package(&found, "pkg:pypi/own@1").owners.is_empty());
    assert_eq!(package(&found, numpy).depends, [zlib]);
    assert_eq!(package(&found, zlib).files, ["/opt/conda/lib/libz.so"]);
    assert_eq!(package(&found, zlib).evidence.len(), 2);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

const SPDX: &str = r#"{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentDescribes": ["SPDXRef-redis"],
  "packages": [
    {"SPDXID": "SPDXRef-redis", "name": "redis", "versionInfo": "7.2.4", "licenseDeclared": "BSD-3-Clause", "downloadLocation": "NOASSERTION",
     "supplier": "Organization: VMware, Inc.",
     "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
       "referenceLocator": "pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12"}]},
    {"SPDXID": "SPDXRef-x", "name": "golang.org/x/net", "versionInfo": "v0.1.0",
     "externalRefs": [{"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:golang/golang.org/x/net@v0.1.0"}]},
    {"SPDXID": "SPDXRef-src", "name": "redis-src", "versionInfo": "7.2.4"}],
  "relationships": [
    {"spdxElementId": "SPDXRef-redis", "relatedSpdxElement": "SPDXRef-x", "relationshipType": "CONTAINS"},
    {"spdxElementId": "SPDXRef-x", "relatedSpdxElement": "SPDXRef-redis", "relationshipType": "CONTAINS"},
    {"spdxElementId": "SPDXRef-redis", "relatedSpdxElement": "SPDXRef-src", "relationshipType": "GENERATED_FROM"}]}"#;

#[test]
fn bitnami_components() {
    let found = read(&[
        ("opt/bitnami/redis/.spdx-redis.spdx", SPDX),
        (
            "opt/bitnami/.bitnami_components.json",
            r#"{"redis": {"arch": "amd64", "distro": "debian-12", "version": "7.2.4-0"}, "wait": {"arch": "amd64", "distro": "debian-12", "version": "1.0-2"}}"#,
        ),
    ]);
    let redis = "pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12";
    let net = "pkg:golang/golang.org/x/net@v0.1.0";
    assert_eq!(purls(&found), [net, redis, "pkg:bitnami/wait@1.0-2?arch=amd64&distro=debian-12"]);
    assert!(!package(&found, redis).declared && package(&found, net).declared);
    assert_eq!(package(&found, net).within.as_deref(), Some(redis), "and not the other way round");
    assert_eq!(package(&found, redis).maintainer.as_deref(), Some("VMware, Inc."));
}

#[test]
fn documents_of_the_image_itself() {
    let wolfi = r#"{"spdxVersion": "SPDX-2.3", "packages": [
        {"SPDXID": "a", "name": "busybox", "versionInfo": "1.36-r0", "externalRefs": [
          {"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:apk/wolfi/busybox@1.36-r0?arch=x86_64"}]},
        {"SPDXID": "b", "name": "extra", "versionInfo": "1", "externalRefs": [
          {"referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/%40s/extra@1"}]},
        {"SPDXID": "c", "name": "source", "versionInfo": "1", "primaryPackagePurpose": "SOURCE"}]}"#;
    let found = read(&[
        ("etc/os-release", "ID=wolfi\nVERSION_ID=20230201\n"),
        ("usr/lib/apk/db/installed", "P:busybox\nV:1.36-r0\nA:x86_64\n\n"),
        ("var/lib/db/sbom/busybox-1.36-r0.spdx.json", wolfi),
        ("app/test/data/other.spdx.json", SPDX),
    ]);
    let busybox = "pkg:apk/wolfi/busybox@1.36-r0?arch=x86_64&distro=wolfi-20230201";
    assert_eq!(purls(&found), [busybox, "pkg:npm/%40s/extra@1"], "what is installed is not listed again");
    assert!(!package(&found, busybox).declared);
    let extra = package(&found, "pkg:npm/%40s/extra@1");
    assert!(extra.declared && extra.name == "@s/extra");
}

#[test]
fn broken_files_are_told_and_never_stop() {
    for document in [AUDITWHEEL, CRATES, SPDX] {
        for end in 0..document.len() {
            if !document.is_char_boundary(end) || end % 7 != 0 {
                continue;
            }
            let found = site(&[
                ("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"),
                ("a-1.dist-info/sboms/x.json", document.get(..end).unwrap()),
            ]);
            assert_eq!((purls(&found).len(), found.problems.len()), (1, 1), "{end}");
        }
    }
    let deep = format!("{{\"bomFormat\": \"CycloneDX\", \"components\": {}", "[{\"components\": ".repeat(10_000));
    let found = site(&[("a-1.dist-info/METADATA", "Name: a\nVersion: 1\n"), ("a-1.dist-info/sboms/x.json", &deep)]);
    assert_eq!(found.problems.len(), 1);
    let metadata = "Name: a\nVersion: 1\nLicense: x\n  y\nRequires-Dist: b[c] ; (extra == 'd')\n";
    for end in 1..metadata.len() {
        site(&[("a-1.dist-info/METADATA", metadata.get(..end).unwrap())]);
    }
    let found = site(&[("a-1.dist-info/METADATA", "Name: a b\nVersion: 1 2\n")]);
    assert_eq!((purls(&found), found.problems.len()), (vec!["pkg:pypi/a@1"], 2));
}
