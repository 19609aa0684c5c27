//! Images opened from every medium, hostile ones included.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use plimsoll_layer::{Entry, EntryKind, Limits, TarWriter};
use plimsoll_oci::{Digest, Image, ImageError, Platform};
use plimsoll_source::{
    LayoutWriter, OpenOptions, Opened, SourceError, SourceRef, SpoolContents, copy_image, load, open, open_directory,
    parse_source,
};
use plimsoll_tree::{Contents, MemoryContents, NodeKind};
use testkit::{ImageBuilder, Layer, Stored};

fn options() -> OpenOptions {
    OpenOptions { platform: Platform::new("linux", "amd64"), explicit: false, limits: Limits::default() }
}

fn open_text(text: &str) -> Result<Opened, SourceError> {
    open(&parse_source(text)?, &options())
}

fn builder() -> ImageBuilder {
    ImageBuilder::new()
        .layer(Layer::new().file("etc/os-release", "ID=test\n").file("gone", "x").stored(Stored::Plain))
        .layer(Layer::new().whiteout("gone").executable("app", vec![7; 300_000]).stored(Stored::Gzip))
        .layer(Layer::new().symlink("link", "/app").stored(Stored::Zstd))
        .config(serde_json::json!({ "User": "65532" }))
}

fn check(image: &dyn Image) {
    // A small memory makes the larger file go to disk.
    let mut contents = SpoolContents::new(|_: &str, _| true, 1024, 1 << 20);
    let tree = load(image, &mut contents, &Limits::default()).unwrap();
    assert!(tree.get("/gone").is_none());
    assert_eq!(tree.get("/app").unwrap().layer, 1);
    assert_eq!(contents.read(&tree, "/link").unwrap().unwrap().as_ref(), [7; 300_000]);
    assert_eq!(contents.read(&tree, "/etc/os-release").unwrap().unwrap().as_ref(), b"ID=test\n");
    assert_eq!(contents.spilled(), 300_000);
    assert_eq!(image.config().container.user, "65532");
    assert_eq!(image.layers()[1].created_by.as_deref(), Some("step 1"));
}

#[test]
fn every_medium_gives_the_same_image() {
    let dir = tempfile::tempdir().unwrap();
    let layout = dir.path().join("layout");
    let digest = builder().write_layout(&layout);
    let opened = open_text(layout.to_str().unwrap()).unwrap();
    assert_eq!(opened.image.digest(), &digest);
    assert_eq!(opened.name.as_deref(), Some("latest"));
    check(&opened.image);
    for text in [format!("oci-dir:{}:latest", layout.display()), format!("oci:{}@{digest}", layout.display())] {
        assert_eq!(open_text(&text).unwrap().image.digest(), &digest, "{text}");
    }

    let archive = dir.path().join("image.tar");
    let mut writer = LayoutWriter::archive(&archive).unwrap();
    copy_image(&opened.image, &mut writer, Some("latest")).unwrap();
    assert!(!archive.exists(), "nothing before the end");
    writer.finish().unwrap();
    let opened = open_text(archive.to_str().unwrap()).unwrap();
    assert_eq!(opened.image.digest(), &digest);
    check(&opened.image);

    let compressed = dir.path().join("image.tar.zst");
    fs::write(&compressed, zstd_of(&fs::read(&archive).unwrap())).unwrap();
    assert_eq!(open_text(&format!("oci-archive:{}", compressed.display())).unwrap().image.digest(), &digest);

    let docker = dir.path().join("docker.tar");
    fs::write(&docker, builder().docker_archive()).unwrap();
    let opened = open_text(docker.to_str().unwrap()).unwrap();
    assert_eq!(opened.name.as_deref(), Some("test:latest"));
    assert_eq!(opened.image.config_bytes(), builder().config_bytes());
    check(&opened.image);
    assert!(open_text(&format!("docker-archive:{}:test:latest", docker.display())).is_ok());
    assert!(matches!(
        open_text(&format!("docker-archive:{}:other:1", docker.display())),
        Err(SourceError::NoSuchImage { .. })
    ));
    check(&builder().build());
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "no temporary file stays: {left:?}");
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    Layer::raw(bytes.to_vec()).stored(Stored::Zstd).blob()
}

#[test]
fn archives_are_reproducible_and_layouts_can_grow() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = dir.path().join(name);
        let mut writer = LayoutWriter::archive(&path).unwrap();
        copy_image(&builder().build(), &mut writer, Some("a")).unwrap();
        writer.finish().unwrap();
        fs::read(path).unwrap()
    };
    assert!(write("one.tar") == write("two.tar"));
    let path = dir.path().join("layout");
    for name in ["a", "b", "a"] {
        let mut writer = LayoutWriter::directory(&path).unwrap();
        copy_image(&builder().annotation("n", name).build(), &mut writer, Some(name)).unwrap();
        writer.finish().unwrap();
    }
    let text = |name: &str| format!("oci-dir:{}:{name}", path.display());
    assert_ne!(open_text(&text("a")).unwrap().image.digest(), open_text(&text("b")).unwrap().image.digest());
    assert!(matches!(open_text(&format!("oci-dir:{}", path.display())), Err(SourceError::Ambiguous(_))));
    fs::create_dir(dir.path().join("full")).unwrap();
    fs::write(dir.path().join("full/x"), "").unwrap();
    assert!(LayoutWriter::directory(&dir.path().join("full")).is_err());
}

#[test]
fn a_written_layer_loads() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = LayoutWriter::directory(&dir.path().join("out")).unwrap();
    let written = writer
        .layer::<SourceError>(|tar| {
            tar.append(&Entry::new("/a", EntryKind::File, 0o644, 1), &mut &b"x"[..]).unwrap();
            Ok(())
        })
        .unwrap();
    let layer = Layer::new().file("a", "x");
    assert_eq!(written.diff_id, layer.diff_id());
    writer.finish().unwrap();
    assert!(dir.path().join("out/blobs/sha256").join(written.descriptor.digest.hex()).is_file());
}

#[test]
fn platforms_are_selected() {
    let dir = tempfile::tempdir().unwrap();
    let images: Vec<_> = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
        .map(|p| ImageBuilder::new().layer(Layer::new().file("p", p)).platform(p.parse().unwrap()))
        .into();
    let digests = ImageBuilder::write_layout_of(&images, dir.path());
    let source = SourceRef::OciDir { path: dir.path().into(), name: None };
    let with = |text: &str| {
        open(&source, &OpenOptions { platform: text.parse().unwrap(), explicit: true, ..options() })
            .map(|o| o.image.digest().clone())
    };
    assert_eq!(with("linux/amd64").unwrap(), digests[0]);
    assert_eq!(with("linux/arm64").unwrap(), digests[1]);
    assert_eq!(with("linux/arm").unwrap(), digests[2]);
    let error = with("linux/s390x").unwrap_err().to_string();
    assert!(error.contains("linux/arm/v7"), "{error}");
    // The only image is taken for a default platform, never for one that was asked for.
    let one = dir.path().join("one");
    images[1].write_layout(&one);
    let source = SourceRef::OciDir { path: one, name: None };
    assert!(open(&source, &options()).is_ok());
    assert!(open(&source, &OpenOptions { explicit: true, ..options() }).is_err());
}

fn none() -> MemoryContents<impl FnMut(&str, u64) -> bool> {
    MemoryContents::new(|_: &str, _| false)
}

#[test]
fn content_that_does_not_match_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let digest = builder().write_layout(dir.path());
    let image = open_text(dir.path().to_str().unwrap()).unwrap().image;
    let blob = |d: &Digest| dir.path().join("blobs/sha256").join(d.hex());
    let layer = image.layers()[0].descriptor.clone();
    let original = fs::read(blob(&layer.digest)).unwrap();

    // A changed byte in the padding, which no parser looks at.
    let mut changed = original.clone();
    *changed.last_mut().unwrap() = 1;
    fs::write(blob(&layer.digest), &changed).unwrap();
    let error = load(&image, &mut none(), &Limits::default()).unwrap_err();
    assert!(matches!(error, SourceError::Image(ImageError::DigestMismatch { .. })), "{error}");

    for size in [original.len() - 512, original.len() + 512] {
        let mut lying = original.clone();
        lying.resize(size, 0);
        fs::write(blob(&layer.digest), lying).unwrap();
        let error = load(&image, &mut none(), &Limits::default()).unwrap_err();
        assert!(matches!(error, SourceError::Image(ImageError::Malformed { .. })), "{error}");
    }
    fs::remove_file(blob(&layer.digest)).unwrap();
    assert!(matches!(load(&image, &mut none(), &Limits::default()), Err(SourceError::Image(ImageError::Missing(_)))));
    fs::write(blob(&layer.digest), &original).unwrap();

    let config = blob(&image.manifest().config.digest);
    let bytes = fs::read(&config).unwrap();
    fs::write(&config, String::from_utf8(bytes).unwrap().replace("65532", "00000")).unwrap();
    assert!(matches!(
        open_text(dir.path().to_str().unwrap()),
        Err(SourceError::Image(ImageError::DigestMismatch { .. }))
    ));
    let manifest = blob(&digest);
    let mut bytes = fs::read(&manifest).unwrap();
    bytes.push(b' ');
    fs::write(&manifest, bytes).unwrap();
    assert!(open_text(dir.path().to_str().unwrap()).is_err());
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_refused() {
    let image = builder().build();
    let other = Layer::new().file("evil", "x").blob();
    let error = load(&image.with_blob(1, other), &mut none(), &Limits::default()).unwrap_err();
    assert!(matches!(error, SourceError::DiffId { layer: 1, .. }), "{error}");
}

#[test]
fn hostile_layers_end_in_bounded_time() {
    let mut gzip = flate2_bomb();
    let image = ImageBuilder::new().layer(Layer::raw(vec![0; 1024])).build();
    let limits = Limits { ratio_floor: 1 << 20, ..Limits::default() };
    let error = load(&image.clone().with_blob(0, gzip.clone()), &mut none(), &limits).unwrap_err().to_string();
    assert!(error.contains("max_ratio"), "{error}");
    gzip.truncate(gzip.len() / 2);
    assert!(load(&image.with_blob(0, gzip), &mut none(), &Limits::default()).is_err());
    let spool = |limit| {
        let mut contents = SpoolContents::new(|_: &str, _| true, 10, limit);
        load(&builder().build(), &mut contents, &Limits::default())
    };
    assert!(spool(1 << 20).is_ok());
    assert!(spool(1000).unwrap_err().to_string().contains("spool"));
}

/// One member of 128 MiB of zeros.
fn flate2_bomb() -> Vec<u8> {
    let mut blob = plimsoll_layer::BlobWriter::new(Vec::new());
    let size = 128 << 20;
    let mut tar = TarWriter::new(&mut blob as &mut dyn Write);
    tar.append(&Entry::new("/zeros", EntryKind::File, 0o644, size), &mut std::io::repeat(0).take(size)).unwrap();
    tar.finish().unwrap();
    blob.finish().unwrap().0
}

#[test]
fn hostile_archives_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tar");
    let text = format!("docker-archive:{}", path.display());
    let saved = |config: &str, layer: &str| {
        let mut tar = TarWriter::new(Vec::new());
        let manifest = serde_json::json!([{ "Config": config, "Layers": [layer] }]).to_string();
        for (name, bytes) in [("/manifest.json", manifest.into_bytes()), ("/c.json", builder().config_bytes())] {
            tar.append(&Entry::new(name, EntryKind::File, 0o644, bytes.len() as u64), &mut bytes.as_slice()).unwrap();
        }
        let link = EntryKind::Symlink { target: "../../../etc/passwd".into() };
        tar.append(&Entry::new("/0/layer.tar", link, 0o777, 0), &mut std::io::empty()).unwrap();
        let looped = EntryKind::Symlink { target: "loop".into() };
        tar.append(&Entry::new("/loop", looped, 0o777, 0), &mut std::io::empty()).unwrap();
        fs::write(&path, tar.finish().unwrap()).unwrap();
        open_text(&text)
    };
    for config in ["/etc/passwd", "../../etc/passwd", "loop", "missing", "c.json"] {
        assert!(saved(config, "0/layer.tar").is_err(), "{config}");
    }
    let whole = builder().docker_archive();
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    assert!(open_text(&text).is_err());
    fs::write(&path, [whole.clone(), whole].concat()).unwrap();
    assert!(open_text(&text).is_ok(), "what follows the end marker is not read");
    fs::write(&path, "nothing").unwrap();
    assert!(matches!(open_text(path.to_str().unwrap()), Err(SourceError::Unrecognised(_))));
}

#[test]
fn an_archive_of_both_kinds_must_agree_with_itself() {
    let dir = tempfile::tempdir().unwrap();
    let layout = dir.path().join("layout");
    let digest = builder().write_layout(&layout);
    let path = dir.path().join("both.tar");
    // What Docker 25 and later write: `manifest.json` names blobs of the layout beside it.
    let write = |described: &ImageBuilder| {
        let image = described.build();
        let name = |d: &Digest| format!("blobs/sha256/{}", d.hex());
        let saved = serde_json::json!([{
            "Config": name(&image.manifest().config.digest),
            "RepoTags": ["test:latest"],
            "Layers": image.layers().iter().map(|l| name(&l.descriptor.digest)).collect::<Vec<_>>(),
        }]);
        let mut members = std::collections::BTreeMap::new();
        members.insert("/manifest.json".to_owned(), saved.to_string().into_bytes());
        for file in ["oci-layout", "index.json"] {
            members.insert(format!("/{file}"), fs::read(layout.join(file)).unwrap());
        }
        for other in [builder().build(), image.clone()] {
            members.extend(other.blobs().into_iter().map(|(d, b)| (format!("/{}", name(&d)), b.to_vec())));
        }
        let mut tar = TarWriter::new(Vec::new());
        for (name, bytes) in members {
            let entry = Entry::new(name, EntryKind::File, 0o644, bytes.len() as u64);
            tar.append(&entry, &mut bytes.as_slice()).unwrap();
        }
        fs::write(&path, tar.finish().unwrap()).unwrap();
        open_text(path.to_str().unwrap())
    };
    let opened = write(&builder()).unwrap();
    assert_eq!(opened.image.digest(), &digest, "the layout's own manifest, not a made-up one");
    check(&opened.image);
    let error = write(&builder().config(serde_json::json!({ "User": "0" }))).unwrap_err().to_string();
    assert!(error.contains("different images"), "{error}");
}

#[test]
fn nested_indexes_are_followed_to_a_bound() {
    use plimsoll_oci::{Descriptor, Index, media_type};
    let dir = tempfile::tempdir().unwrap();
    let digest = builder().write_layout(dir.path());
    let blobs = dir.path().join("blobs/sha256");
    let mut bytes = fs::read(dir.path().join("index.json")).unwrap();
    let text = dir.path().to_str().unwrap().to_owned();
    for depth in 1..8 {
        let inner = Descriptor::of(media_type::INDEX, &bytes);
        fs::write(blobs.join(inner.digest.hex()), &bytes).unwrap();
        let mut attestation = Descriptor::of(media_type::MANIFEST, b"not there");
        attestation.annotations.insert("vnd.docker.reference.type".into(), "attestation-manifest".into());
        let index = Index {
            media_type: media_type::INDEX.into(),
            manifests: vec![attestation, inner],
            subject: None,
            annotations: Default::default(),
        };
        bytes = index.to_bytes();
        fs::write(dir.path().join("index.json"), &bytes).unwrap();
        match open_text(&text) {
            Ok(opened) => {
                assert!(depth <= 4, "{depth}");
                assert_eq!(opened.image.digest(), &digest);
                assert!(opened.index.is_some());
            }
            Err(error) => assert!(depth > 4 && error.to_string().contains("deep"), "{depth}: {error}"),
        }
    }
}

#[test]
fn names_are_read() {
    let daemon = |text: &str| matches!(parse_source(text), Err(SourceError::Daemon(_)));
    assert!(daemon("docker:alpine") && daemon("podman:alpine:3") && daemon("containerd:x"));
    let shown = |text: &str| parse_source(text).map(|s| s.to_string());
    for text in ["alpine:3", "registry:alpine:3", "docker://alpine:3"] {
        assert_eq!(shown(text).unwrap(), "registry:docker.io/library/alpine:3", "{text}");
    }
    let digest = Digest::sha256(b"");
    assert_eq!(shown("oci:out:v1").unwrap(), "oci-dir:out:v1");
    assert_eq!(shown(&format!("oci-dir:out@{digest}")).unwrap(), format!("oci-dir:out@{digest}"));
    assert_eq!(shown("sbom:x.json").unwrap(), "sbom:x.json");
    for bad in ["oci-dir:", "./missing", "/missing/too", "", "oci-dir:out@sha256:../../etc"] {
        assert!(parse_source(bad).is_err(), "{bad}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        parse_source(path.to_str().unwrap()).unwrap()
    };
    assert!(matches!(file("a", r#"{"bomFormat":"CycloneDX"}"#), SourceRef::Sbom(_)));
    assert!(matches!(file("b", r#"{"SchemaVersion":2,"ArtifactName":"x"}"#), SourceRef::Report(_)));
    assert!(matches!(parse_source(dir.path().to_str().unwrap()), Ok(SourceRef::Directory(_))));
}

#[test]
fn a_directory_is_read_without_following_links() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::write(root.join("usr/bin/env"), "env").unwrap();
    fs::hard_link(root.join("usr/bin/env"), root.join("usr/bin/env2")).unwrap();
    fs::write(dir.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink("../../secret", root.join("out")).unwrap();
    std::os::unix::fs::symlink("usr/bin", root.join("bin")).unwrap();
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    let read = |root: &Path| {
        let mut contents = MemoryContents::new(|_: &str, _| true);
        let read = open_directory(root, &mut contents, &Limits::default()).unwrap();
        (read, contents)
    };
    let (first, contents) = read(&root);
    assert_eq!(contents.read(&first.tree, "/bin/env2").unwrap().unwrap().as_ref(), b"env");
    assert_eq!(first.tree.get("/usr/bin/env").unwrap().kind, first.tree.get("/usr/bin/env2").unwrap().kind);
    assert_eq!(first.tree.get("/out").unwrap().kind, NodeKind::Symlink { target: "../../secret".into() });
    assert_eq!(contents.read(&first.tree, "/out").unwrap(), None);
    assert_eq!(first.tree.resolve("/loop"), None);
    assert_eq!(read(&root).0.digest, first.digest);
    fs::write(root.join("usr/bin/env"), "ENV").unwrap();
    assert_ne!(read(&root).0.digest, first.digest, "the content counts");
}

#[test]
fn real_images() {
    let Some(data) = std::env::var_os("PLIMSOLL_DATA") else {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
        return;
    };
    for (name, release, paths) in [("alpine-310", "3.10.4", 400), ("alpine-311", "3.11.5", 400)] {
        let path = Path::new(&data).join("images").join(format!("{name}.tar.gz"));
        let opened = open_text(path.to_str().unwrap()).unwrap();
        let mut contents = SpoolContents::new(|_: &str, _| true, 1 << 20, 1 << 30);
        let tree = load(&opened.image, &mut contents, &Limits::default()).unwrap();
        let version = contents.read(&tree, "/etc/alpine-release").unwrap().unwrap();
        assert_eq!(version.as_ref(), format!("{release}\n").as_bytes());
        assert!(tree.len() > paths, "{name} has {} paths", tree.len());
        assert_eq!(tree.resolve("/bin/sh").as_deref(), Some("/bin/busybox"));
    }
    let path = Path::new(&data).join("images/debian-12.11-rootfs-min.tar.gz");
    let file = fs::File::open(&path).unwrap();
    let tar = plimsoll_layer::decompress(file, &Limits::default()).unwrap();
    let mut contents = MemoryContents::new(|path: &str, _| path == "/var/lib/dpkg/status");
    let mut builder = plimsoll_tree::Builder::default();
    builder.layer(0, tar, &mut contents).unwrap();
    let status = contents.read(&builder.finish(), "/var/lib/dpkg/status").unwrap().unwrap().len();
    assert_eq!(status, 709_671);
    // A root file system is not an image archive.
    assert!(matches!(parse_source(path.to_str().unwrap()), Err(SourceError::Unrecognised(_))));
}
