//! A layer as it comes: decompressed if it is compressed, then walked and read.
#![no_main]

use std::io::Read;

use plimsoll_layer::{Limits, TarReader, decompress};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { max_layer_bytes: 1 << 22, max_entries: 1 << 12, ..Limits::default() };
    let Ok(stream) = decompress(data, &limits) else { return };
    let mut tar = TarReader::new(stream, &limits);
    while let Ok(Some(_)) = tar.next_entry() {
        let mut content = Vec::new();
        if tar.read_to_end(&mut content).is_err() {
            break;
        }
    }
});
