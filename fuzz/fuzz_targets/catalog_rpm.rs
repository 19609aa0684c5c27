//! The cataloger `rpm`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plimsoll_fuzz::catalog("rpm", data));
