//! SBOM documents in every format that is read; what is read can be written in every format, and read back.
#![no_main]

use plimsoll_sbom::Output;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(sbom) = plimsoll_sbom::read(data) else { return };
    for (name, version, output) in Output::NAMES {
        let bytes = plimsoll_sbom::write(&sbom, *output);
        if *output == Output::Purls {
            continue;
        }
        let back = plimsoll_sbom::read(&bytes).unwrap_or_else(|e| panic!("our own {name} {version} does not read: {e}"));
        assert_eq!(back.packages.len(), sbom.packages.len(), "{name} {version}");
    }
});
