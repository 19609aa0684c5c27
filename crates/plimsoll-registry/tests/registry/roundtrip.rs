//! Push and pull.

use plimsoll_oci::{Descriptor, Digest, Document, media_type};
use plimsoll_registry::blocking::RunningServer;
use plimsoll_registry::{Content, RegistryError};

use crate::support::{Registry, any_port, client, image};

#[test]
fn what_is_pushed_is_pulled() {
    let registry = Registry::start(|_| {});
    let client = client();
    let layer: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let image = image(&layer);
    let to = registry.reference("team/app:v1");
    let descriptor = image.push(&client, &to);

    registry.log();
    let resolved = client.resolve(&to).unwrap();
    assert_eq!(registry.log().len(), 1, "a tag is resolved in one request");
    assert_eq!((&resolved.digest, resolved.media_type.as_str()), (&descriptor.digest, media_type::MANIFEST));
    assert_eq!(resolved.document, Document::Manifest(image.manifest.clone()));
    assert_eq!(client.manifest(&to.at(&resolved.digest)).unwrap().bytes, resolved.bytes);
    assert!(matches!(client.manifest(&to), Err(RegistryError::Invalid { .. })));

    assert_eq!(client.blob_bytes(&to, &image.manifest.config, 4096).unwrap(), image.config);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("layer");
    let mut seen = Vec::new();
    let mut report = |done: u64, total: u64| seen.push((done, total));
    client.blob_to_file(&to, &image.manifest.layers[0], &file, Some(&mut report)).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), layer);
    assert_eq!(seen.last(), Some(&(3_000_000, 3_000_000)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no part file is left");

    // A second push sends nothing; a push from a file shows its progress.
    assert!(!client.push_blob(&to, &Digest::sha256(&layer), &Content::File(file.clone()), None).unwrap());
    let other = registry.reference("team/other:v1");
    let mut last = (0, 0);
    let mut report = |done: u64, total: u64| last = (done, total);
    assert!(client.push_blob(&other, &Digest::sha256(&layer), &Content::File(file), Some(&mut report)).unwrap());
    assert_eq!(last, (3_000_000, 3_000_000));
    assert!(client.blob_exists(&other, &Digest::sha256(&layer)).unwrap());
    assert!(!client.blob_exists(&other, &Digest::sha256(b"absent")).unwrap());
}

#[test]
fn absence_is_its_own_error() {
    let registry = Registry::start(|_| {});
    let client = client();
    let error = client.resolve(&registry.reference("nothing:v1")).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.to_string().contains("nothing:v1"), "{error}");
    let digest = Digest::sha256(b"x");
    let error = client.resolve(&registry.reference(&format!("a@{digest}"))).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains(&format!("a@{digest}")), "{error}");
    let blob = Descriptor::of(media_type::LAYER, b"x");
    assert!(client.blob_bytes(&registry.reference("a"), &blob, 10).unwrap_err().is_not_found());
    assert!(client.tags(&registry.reference("a")).unwrap_err().is_not_found());
    assert!(client.referrers(&registry.reference("a"), &digest).unwrap().is_empty());
}

#[test]
fn tags_come_over_pages() {
    let registry = Registry::start(|_| {});
    let client = client();
    let image = image(b"layer");
    let to = registry.reference("app:t0000");
    image.push(&client, &to);
    let tags = registry.dir.path().join("repositories/app/_tags");
    for n in 1..2500 {
        std::fs::copy(tags.join("t0000"), tags.join(format!("t{n:04}"))).unwrap();
    }
    registry.log();
    let found = client.tags(&to).unwrap();
    assert_eq!(found.len(), 2500);
    assert!(found.is_sorted());
    assert_eq!(registry.log().len(), 3);
}

#[test]
fn the_registry_survives_a_restart() {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app:v1");
    let pushed = image(b"layer").push(&client, &to);
    let Registry { dir, server, options, .. } = registry;
    drop(server);
    let server = RunningServer::start(any_port(), dir.path(), options).unwrap();
    let again = format!("{}/app:v1", server.local_addr()).parse().unwrap();
    assert_eq!(client.resolve(&again).unwrap().digest, pushed.digest);
    assert_eq!(client.blob_bytes(&again, &Descriptor::of(media_type::LAYER, b"layer"), 10).unwrap(), b"layer");
}

#[test]
fn sha512_content_is_checked_too() {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app");
    // `printf abc | sha512sum`
    let digest: Digest = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        .parse()
        .unwrap();
    let content = Content::Bytes(bytes::Bytes::from_static(b"abc"));
    assert!(client.push_blob(&to, &digest, &content, None).unwrap());
    let mut blob = Descriptor::new(media_type::LAYER, digest, 3);
    assert_eq!(client.blob_bytes(&to, &blob, 3).unwrap(), b"abc");
    blob.size = 2;
    assert!(matches!(client.blob_bytes(&to, &blob, 3), Err(RegistryError::TooLarge { .. })));
    blob.size = 4;
    assert!(matches!(client.blob_bytes(&to, &blob, 4), Err(RegistryError::SizeMismatch { expected: 4, found: 3, .. })));
}
