//! The structured headers a registry sends are read without panic, and never grow.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for challenge in plimsoll_registry::parse_www_authenticate(text) {
        let held: usize = challenge.params.iter().map(|(k, v)| k.len() + v.len()).sum();
        assert!(challenge.scheme.len() + held <= text.len());
    }
    for link in plimsoll_registry::parse_link(text) {
        assert!(link.target.len() <= text.len());
    }
});
