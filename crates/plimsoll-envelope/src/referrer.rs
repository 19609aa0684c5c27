//! The OCI referrer that carries a bundle, exactly as cosign 3 writes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plimsoll_oci::media_type::{EMPTY, MANIFEST, SIGSTORE_BUNDLE};
use plimsoll_oci::{Descriptor, EMPTY_CONFIG, Manifest};

/// A bundle ready to be pushed: push `config` and `layer` as blobs, then `manifest` by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The manifest's descriptor with artifact type and annotations, as an index (the referrers list or the fallback
    /// tag) must list it.
    pub descriptor: Descriptor,
    /// The configuration blob.
    pub config: &'static [u8],
    /// The bundle, the only layer.
    pub layer: Vec<u8>,
}

/// The referrer of `bundle` on `subject` (media type, digest and size as the registry reports them).
pub fn referrer_of(bundle: Vec<u8>, predicate_type: &str, subject: &Descriptor, created: Timestamp) -> Referrer {
    let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let annotations = BTreeMap::from([
        ("dev.sigstore.bundle.content".to_owned(), "dsse-envelope".to_owned()),
        ("dev.sigstore.bundle.predicateType".to_owned(), predicate_type.to_owned()),
        ("org.opencontainers.image.created".to_owned(), created),
    ]);
    let mut config = Descriptor::of(EMPTY, EMPTY_CONFIG);
    config.artifact_type = Some(SIGSTORE_BUNDLE.to_owned());
    let manifest = Manifest {
        media_type: MANIFEST.to_owned(),
        artifact_type: Some(SIGSTORE_BUNDLE.to_owned()),
        config,
        layers: vec![Descriptor::of(SIGSTORE_BUNDLE, &bundle)],
        subject: Some(Descriptor::new(&subject.media_type, subject.digest.clone(), subject.size)),
        annotations: annotations.clone(),
    };
    let bytes = manifest.to_bytes();
    let mut descriptor = Descriptor::of(MANIFEST, &bytes);
    descriptor.artifact_type = Some(SIGSTORE_BUNDLE.to_owned());
    descriptor.annotations = annotations;
    Referrer { manifest: bytes, descriptor, config: EMPTY_CONFIG, layer: bundle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::COSIGN_SIGN_V1;
    use serde_json::{Value, json};

    #[test]
    fn is_cosigns_manifest() {
        let mut subject = Descriptor::of(MANIFEST, b"image");
        subject.annotations.insert("not".into(), "copied".into());
        let referrer = referrer_of(b"{bundle}".to_vec(), COSIGN_SIGN_V1, &subject, Timestamp::UNIX_EPOCH);
        let manifest: Value = serde_json::from_slice(&referrer.manifest).unwrap();
        let annotations = json!({
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
            "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
        });
        let expected = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": SIGSTORE_BUNDLE,
            "config": {
                "mediaType": EMPTY, "size": 2, "artifactType": SIGSTORE_BUNDLE,
                "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            },
            "layers": [{
                "mediaType": SIGSTORE_BUNDLE, "size": 8,
                "digest": plimsoll_oci::Digest::sha256(b"{bundle}").to_string(),
            }],
            "subject": {"mediaType": MANIFEST, "size": 5, "digest": subject.digest.to_string()},
            "annotations": annotations,
        });
        assert_eq!(manifest, expected);
        assert_eq!(referrer.descriptor.to_json()["annotations"], annotations);
        assert!(referrer.descriptor.digest.matches(&referrer.manifest));
    }
}
