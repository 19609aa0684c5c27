//! SBOM documents; what is read can be written, and what is written can be read.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(sbom) = plimsoll_sbom::read(data) {
        for bytes in [plimsoll_sbom::write_cyclonedx(&sbom), plimsoll_sbom::write_spdx(&sbom)] {
            let back = plimsoll_sbom::read(&bytes).expect("our own document reads");
            assert_eq!(back.packages.len(), sbom.packages.len());
        }
    }
});
