//! Attaching artefacts, with the referrers API and without.

use std::collections::BTreeSet;

use plimsoll_oci::{Descriptor, Digest, media_type};
use plimsoll_registry::{Fault, ReferrersVia, RegistryError, fallback_tag};

use crate::support::{Registry, artefact, client, http, image};

#[test]
fn the_api_shows_what_is_attached() {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app:v1");
    let subject = image(b"layer").push(&client, &to);
    let (manifest, blob) = artefact(&subject, "https://slsa.dev/provenance/v1");
    let attached = client.attach(&to, &subject, &manifest, &[blob]).unwrap();
    assert_eq!(attached.via, ReferrersVia::Api);
    let found = client.referrers(&to, &subject.digest).unwrap();
    assert_eq!(found, std::slice::from_ref(&attached.descriptor));
    assert_eq!(found[0].artifact_type.as_deref(), Some(media_type::SIGSTORE_BUNDLE));
    assert_eq!(found[0].annotations["dev.sigstore.bundle.predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(client.tags(&to).unwrap(), ["v1"], "no fallback tag beside the API");
}

#[test]
fn the_fallback_tag_carries_full_descriptors() {
    let registry = Registry::start(|o| o.referrers_api = false);
    let client = client();
    let to = registry.reference("app:v1");
    let subject = image(b"layer").push(&client, &to);
    let (first, blob) = artefact(&subject, "one");
    let one = client.attach(&to, &subject, &first, &[blob]).unwrap();
    let (second, blob) = artefact(&subject, "two");
    let two = client.attach(&to, &subject, &second, std::slice::from_ref(&blob)).unwrap();
    assert_eq!((one.via, two.via), (ReferrersVia::FallbackTag, ReferrersVia::FallbackTag));
    assert_eq!(client.referrers(&to, &subject.digest).unwrap(), [one.descriptor, two.descriptor.clone()]);
    assert_eq!(client.tags(&to).unwrap(), [fallback_tag(&subject.digest), "v1".to_owned()]);
    // Attaching the same again changes nothing.
    registry.log();
    client.attach(&to, &subject, &second, &[blob]).unwrap();
    assert!(!registry.log().iter().any(|l| l.starts_with("PUT") && l.contains("manifests/sha256-")));
}

#[test]
fn twenty_clients_attach_at_once_and_all_survive() {
    let registry = Registry::start(|o| o.referrers_api = false);
    let to = registry.reference("app:v1");
    let subject = image(b"layer").push(&client(), &to);
    let attached: BTreeSet<Digest> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..20)
            .map(|n| {
                let (to, subject) = (&to, &subject);
                scope.spawn(move || {
                    let (manifest, blob) = artefact(subject, &format!("predicate {n}"));
                    client().attach(to, subject, &manifest, &[blob]).unwrap().descriptor.digest
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    let found = client().referrers(&to, &subject.digest).unwrap();
    assert_eq!(found.len(), 20);
    assert_eq!(found.iter().map(|d| d.digest.clone()).collect::<BTreeSet<_>>(), attached);
    assert!(found.iter().all(|d| d.artifact_type.is_some() && !d.annotations.is_empty()));
}

#[test]
fn a_write_that_a_rival_undid_is_made_again() {
    let registry = Registry::start(|o| {
        o.referrers_api = false;
        o.conditional_writes = false;
    });
    let client = client();
    let to = registry.reference("app:v1");
    let subject = image(b"layer").push(&client, &to);
    registry.fault("PUT", "manifests/sha256-", 2, Fault::LoseWrite);
    let (manifest, blob) = artefact(&subject, "one");
    let attached = client.attach(&to, &subject, &manifest, &[blob]).unwrap();
    assert_eq!(client.referrers(&to, &subject.digest).unwrap(), [attached.descriptor]);
}

#[test]
fn referrers_come_over_pages_and_by_type() {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app:v1");
    let subject = image(b"layer").push(&client, &to);
    for n in 0..5 {
        let (manifest, blob) = artefact(&subject, &format!("{n}"));
        client.attach(&to, &subject, &manifest, &[blob]).unwrap();
    }
    let path = format!("/v2/app/referrers/{}", subject.digest);
    let addr = registry.server.local_addr();
    let page = http(
        addr,
        "GET",
        &format!("{path}?n=2&artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson"),
        &[],
        b"",
    );
    assert_eq!(page.headers["oci-filters-applied"], "artifactType");
    let link = page.headers["link"].trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert!(link.contains("n=2") && link.contains("%2Bjson"), "{link}");
    let second = http(addr, "GET", &link, &[], b"");
    assert!(String::from_utf8_lossy(&second.body).contains("sigstore"));
    assert_ne!(page.body, second.body);
    let none = http(addr, "GET", &format!("{path}?artifactType=x"), &[], b"");
    assert_eq!((none.status, none.headers["content-type"].as_str()), (200, media_type::INDEX));
    assert!(String::from_utf8_lossy(&none.body).contains(r#""manifests":[]"#));
}

#[test]
fn a_missing_subject_is_allowed_and_a_wrong_one_is_not() {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app");
    let absent = Descriptor::of(media_type::MANIFEST, b"not pushed yet");
    let (manifest, blob) = artefact(&absent, "early");
    client.attach(&to, &absent, &manifest, std::slice::from_ref(&blob)).unwrap();
    assert_eq!(client.referrers(&to, &absent.digest).unwrap().len(), 1);
    let other = Descriptor::of(media_type::MANIFEST, b"another image");
    let error = client.attach(&to, &other, &manifest, &[blob]).unwrap_err();
    assert!(matches!(error, RegistryError::Invalid { .. }), "{error}");
}
