//! PAX records behind a valid header, so that the checksum does not keep the fuzzer out.
#![no_main]

use plimsoll_layer::{Limits, TarReader};

fn header(flag: u8, size: usize) -> Vec<u8> {
    let mut block = vec![0_u8; 512];
    block[0] = b'x';
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = flag;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut tar = header(b'x', data.len());
    tar.extend_from_slice(data);
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.extend(header(b'0', 512));
    tar.extend([b'1'; 512]);
    let limits = Limits { max_layer_bytes: 1 << 22, ..Limits::default() };
    let mut reader = TarReader::new(tar.as_slice(), &limits);
    while let Ok(Some(_)) = reader.next_entry() {
        if std::io::copy(&mut reader, &mut std::io::sink()).is_err() {
            break;
        }
    }
});
