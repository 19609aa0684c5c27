//! Hostile ELF files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(elf) = plimsoll_harden::elf::read(data) {
        // Everything that is read comes from the bytes: it cannot be larger than they are, times the names that share them.
        assert!(elf.interpreter.map_or(0, |i| i.len()) <= data.len());
        assert!(elf.library_names.iter().all(|n| n.len() <= data.len()));
    }
});
