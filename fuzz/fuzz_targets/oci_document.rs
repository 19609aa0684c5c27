//! Manifests, indexes and image configurations: hostile bytes are an error, and what is read can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_oci::{Config, Document, parse_document};

fuzz_target!(|data: &[u8]| {
    let written = match parse_document(data) {
        Ok(Document::Manifest(manifest)) => manifest.to_bytes(),
        Ok(Document::Index(index)) => index.to_bytes(),
        Err(_) => {
            let _ = Config::parse(data);
            return;
        }
    };
    // Annotations and the like are kept; what this project does not model is dropped once and not again.
    let again = match parse_document(&written) {
        Ok(Document::Manifest(manifest)) => manifest.to_bytes(),
        Ok(Document::Index(index)) => index.to_bytes(),
        Err(error) => panic!("what was written is not read: {error}"),
    };
    assert_eq!(written, again);
});
