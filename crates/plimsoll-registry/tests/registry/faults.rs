//! Registries that stall, fail and lie.

use std::time::{Duration, Instant};

use plimsoll_oci::{Descriptor, media_type};
use plimsoll_registry::blocking::Client;
use plimsoll_registry::{Fault, Options, RegistryError};

use crate::support::{Registry, client, image, quick};

fn with_image() -> (Registry, Client, plimsoll_oci::Reference) {
    let registry = Registry::start(|_| {});
    let client = client();
    let to = registry.reference("app:v1");
    image(b"layer").push(&client, &to);
    (registry, client, to)
}

#[test]
fn a_registry_that_stalls_ends_in_an_error() {
    let (registry, client, to) = with_image();
    for fault in [Fault::Stall, Fault::StallBody] {
        registry.fault("GET", "manifests", 9, fault);
        let started = Instant::now();
        let error = client.resolve(&to).unwrap_err();
        assert!(matches!(error, RegistryError::Timeout { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5));
        registry.options.faults.clear();
    }
    assert!(client.resolve(&to).is_ok());
}

#[test]
fn the_whole_operation_has_a_deadline() {
    let (registry, _, to) = with_image();
    registry.fault("GET", "manifests", 99, Fault::Status(503));
    let options = Options { operation_timeout: Duration::from_millis(600), retries: 1000, ..quick() };
    let client = Client::new(options).unwrap();
    let started = Instant::now();
    let error = client.resolve(&to).unwrap_err();
    assert!(matches!(error, RegistryError::Server { status: 503, .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_passing_fault_is_survived_and_a_lasting_one_is_named() {
    let (registry, client, to) = with_image();
    registry.fault("GET", "manifests", 2, Fault::Status(500));
    assert!(client.resolve(&to).is_ok());
    registry.fault("GET", "manifests", 9, Fault::Status(502));
    let error = client.resolve(&to).unwrap_err();
    assert!(matches!(error, RegistryError::Server { status: 502, .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1") && error.to_string().contains("v1"), "{error}");
}

#[test]
fn a_rate_limit_is_waited_for_or_named() {
    let (registry, client, to) = with_image();
    registry.fault("GET", "manifests", 1, Fault::RateLimit(1));
    let started = Instant::now();
    assert!(client.resolve(&to).is_ok());
    assert!(started.elapsed() >= Duration::from_secs(1));
    registry.fault("GET", "manifests", 1, Fault::RateLimit(86_400));
    let error = client.resolve(&to).unwrap_err();
    assert!(matches!(error, RegistryError::RateLimited { retry_after: Some(86_400), .. }), "{error}");
}

#[test]
fn wrong_bytes_never_pass() {
    let (registry, client, to) = with_image();
    let digest = client.resolve(&to).unwrap().digest;
    // By tag, the header contradicts the bytes; by digest, the reference does.
    for reference in [to.clone(), to.at(&digest)] {
        registry.fault("GET", "manifests", 1, Fault::WrongBytes);
        let error = client.resolve(&reference).unwrap_err();
        assert!(matches!(error, RegistryError::DigestMismatch { .. }), "{error}");
    }
    let blob = Descriptor::of(media_type::LAYER, b"layer");
    registry.fault("GET", "blobs", 2, Fault::WrongBytes);
    assert!(matches!(client.blob_bytes(&to, &blob, 10), Err(RegistryError::DigestMismatch { .. })));
    let dir = tempfile::tempdir().unwrap();
    let error = client.blob_to_file(&to, &blob, &dir.path().join("x"), None).unwrap_err();
    assert!(matches!(error, RegistryError::DigestMismatch { .. }), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing half-written is left");
}

#[test]
fn a_huge_body_is_cut_off() {
    let (registry, client, to) = with_image();
    registry.fault("GET", "manifests", 1, Fault::Huge(2 << 30));
    let error = client.resolve(&to).unwrap_err();
    assert!(matches!(error, RegistryError::TooLarge { limit: 4_194_304, .. }), "{error}");
    registry.fault("GET", "tags/list", 1, Fault::Huge(2 << 30));
    assert!(matches!(client.tags(&to), Err(RegistryError::TooLarge { .. })));
    registry.fault("GET", "blobs", 1, Fault::Huge(2 << 30));
    let blob = Descriptor::of(media_type::LAYER, b"layer");
    assert!(matches!(client.blob_bytes(&to, &blob, 10), Err(RegistryError::TooLarge { .. })));
}

#[test]
fn nothing_listening_is_unreachable_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let started = Instant::now();
    let error = client().resolve(&format!("{addr}/a:v1").parse().unwrap()).unwrap_err();
    assert!(matches!(error, RegistryError::Unreachable { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn redirects_are_followed_and_bounded() {
    let (registry, client, to) = with_image();
    let addr = registry.server.local_addr();
    let blob = Descriptor::of(media_type::LAYER, b"layer");
    let there = format!("http://{addr}/v2/app/blobs/{}", blob.digest);
    registry.fault("GET", "blobs", 1, Fault::Redirect(there.clone()));
    assert_eq!(client.blob_bytes(&to, &blob, 10).unwrap(), b"layer");
    registry.fault("GET", "blobs", 99, Fault::Redirect(there));
    assert!(matches!(client.blob_bytes(&to, &blob, 10), Err(RegistryError::Protocol { .. })));
    registry.options.faults.clear();
    registry.fault("GET", "blobs", 1, Fault::Redirect("http://198.51.100.1/x".into()));
    let error = client.blob_bytes(&to, &blob, 10).unwrap_err();
    assert!(error.to_string().contains("without HTTPS"), "{error}");
}

#[test]
fn an_upload_that_fails_once_is_started_again() {
    let registry = Registry::start(|_| {});
    let client = client();
    registry.fault("PUT", "blobs/uploads", 1, Fault::Status(500));
    registry.fault("POST", "blobs/uploads", 1, Fault::Status(503));
    let to = registry.reference("app:v1");
    image(&vec![7; 400_000]).push(&client, &to);
    assert!(client.resolve(&to).is_ok());
}
