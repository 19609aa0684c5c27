//! apk ordering: decided or refused, the same both ways.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((a, b)) = text.split_once('\n') else { return };
    let (ab, ba) = (plimsoll_version::apk::compare(a, b), plimsoll_version::apk::compare(b, a));
    assert_eq!(ab.ok(), ba.ok().map(std::cmp::Ordering::reverse));
});
