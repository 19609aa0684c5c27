//! Debian's copyright files, and the licence names in them.
#![no_main]

use plimsoll_catalog::{copyright, license};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    assert!(copyright::licenses(data).len() <= copyright::MAX_LICENSES);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Some(expression) = license::normalise(text) {
            assert!(expression.len() > license::MAX_LEN || license::is_expression(&expression), "{expression}");
        }
        let _ = license::list(text);
    }
});
