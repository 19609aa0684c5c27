//! dpkg's status, records and lists of owned files.
#![no_main]

use plimsoll_catalog::dpkg;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for is_record in [false, true] {
        let (records, problems) = dpkg::parse(data, "/var/lib/dpkg/status", is_record, None);
        assert!(records.iter().all(|r| !r.package.name.is_empty() && !r.package.version.is_empty()));
        // Each line can be at fault once, and each record once more.
        assert!(problems.len() <= 2 * (data.len() + 1));
    }
    assert!(dpkg::list(data).chain(dpkg::md5sums(data)).all(|path| path.starts_with('/')));
    let _ = plimsoll_catalog::release::os_release(data);
});
