//! Names of licences.
#![no_main]

use plimsoll_catalog::license;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Some(expression) = license::normalise(text) {
        assert!(expression.len() > license::MAX_LEN || license::is_expression(&expression), "{expression}");
    }
    let _ = license::list(text);
});
