//! An independent client: skopeo pushes to the registry and pulls from it.

use std::path::Path;
use std::process::Command;

use plimsoll_oci::{Descriptor, Document, media_type, parse_document};

use crate::support::{Registry, client, image};

fn skopeo(arguments: &[&str]) {
    let output = Command::new("skopeo").arg("--insecure-policy").args(arguments).output().unwrap();
    assert!(output.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An OCI layout of one image.
fn layout(dir: &Path) -> Descriptor {
    let mut image = image(b"");
    // An empty tar: two zero blocks.
    image.layer = vec![0; 1024];
    let layer = Descriptor::of(media_type::LAYER, &image.layer);
    image.config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{"User":"65532"}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        layer.digest
    )
    .into_bytes();
    image.manifest.config = Descriptor::of(media_type::CONFIG, &image.config);
    image.manifest.layers = vec![layer];
    let manifest = image.manifest.to_bytes();
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    for blob in [&image.config, &image.layer, &manifest] {
        std::fs::write(blobs.join(plimsoll_oci::Digest::sha256(blob).hex()), blob).unwrap();
    }
    let descriptor = Descriptor::of(media_type::MANIFEST, &manifest);
    let mut entry = descriptor.clone();
    entry.annotations.insert("org.opencontainers.image.ref.name".into(), "v1".into());
    let index = plimsoll_oci::Index {
        media_type: media_type::INDEX.into(),
        manifests: vec![entry],
        subject: None,
        annotations: Default::default(),
    };
    std::fs::write(dir.join("index.json"), index.to_bytes()).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    descriptor
}

#[test]
fn skopeo_pushes_and_pulls() {
    if Command::new("skopeo").arg("--version").output().is_err() {
        eprintln!("skipped: skopeo is not on PATH");
        return;
    }
    let registry = Registry::start(|_| {});
    let dir = tempfile::tempdir().unwrap();
    let (source, back) = (dir.path().join("source"), dir.path().join("back"));
    let pushed = layout(&source);
    let there = format!("docker://{}/team/app:v1", registry.server.local_addr());
    let from = format!("oci:{}:v1", source.display());
    // Without the flag skopeo compresses the layer, which makes another image.
    skopeo(&["copy", "--preserve-digests", "--dest-tls-verify=false", &from, &there]);
    let resolved = client().resolve(&registry.reference("team/app:v1")).unwrap();
    assert_eq!(resolved.digest, pushed.digest);
    assert_eq!(resolved.bytes.len() as u64, pushed.size);
    // To another repository of the same registry, which skopeo does by mounting.
    let other = format!("docker://{}/team/other:v1", registry.server.local_addr());
    skopeo(&["copy", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", &there, &other]);
    skopeo(&["copy", "--preserve-digests", "--src-tls-verify=false", &other, &format!("oci:{}:v1", back.display())]);
    let index = parse_document(&std::fs::read(back.join("index.json")).unwrap()).unwrap();
    let Document::Index(index) = index else { panic!("not an index") };
    assert_eq!(index.manifests[0].digest, pushed.digest);
    skopeo(&["inspect", "--tls-verify=false", &there]);
    skopeo(&["delete", "--tls-verify=false", &there]);
    assert!(client().resolve(&registry.reference("team/app:v1")).unwrap_err().is_not_found());
}
