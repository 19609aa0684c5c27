//! Debian lines and tables of releases.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    drop(plimsoll_advisory::parse::debian::parse(data, "debian:12", "fuzz"));
    drop(plimsoll_advisory::parse::eol::debian(data));
});
