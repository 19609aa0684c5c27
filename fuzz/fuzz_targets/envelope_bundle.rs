//! A bundle of any bytes is read without panic, and what is read is written and read again alike.
#![no_main]

use plimsoll_envelope::Bundle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(bundle) = Bundle::parse(data) else { return };
    let again = Bundle::parse(&bundle.to_bytes()).expect("what is written is read");
    assert_eq!((&again.media_type, &again.content), (&bundle.media_type, &bundle.content));
    assert_eq!((&again.material.key, &again.material.timestamps), (&bundle.material.key, &bundle.material.timestamps));
});
