//! The cataloger `declared-sbom`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plimsoll_fuzz::catalog("declared-sbom", data));
