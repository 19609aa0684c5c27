//! A Docker configuration is read without panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = plimsoll_registry::Credentials::from_docker_config(data);
});
