//! Hostile `ld.so.cache` files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(entries) = plimsoll_harden::ldcache::read(data) {
        assert!(entries.len() <= data.len());
    }
});
