//! Package URLs: the canonical form of what reads is read again as the same.
#![no_main]

use plimsoll_version::purl::Purl;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(purl) = text.parse::<Purl>() {
        let canonical = purl.to_string();
        // Encoding may triple the length, and what is longer than the limit is refused.
        if canonical.len() <= 16 * 1024 {
            assert_eq!(canonical.parse::<Purl>().as_ref(), Ok(&purl), "{canonical}");
        }
        let _ = (purl.upstream(), purl.distro());
    }
});
