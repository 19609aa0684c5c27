//! apk's database of installed packages.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (records, _) = plimsoll_catalog::apk::parse(data, "/lib/apk/db/installed", None);
    for record in records {
        assert!(!record.package.name.is_empty() && !record.package.version.is_empty());
        assert!(record.package.purl.parse::<plimsoll_version::purl::Purl>().is_ok());
    }
});
