//! OSV records, and own records, of hostile bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    drop(plimsoll_advisory::parse::osv::parse(data));
    drop(plimsoll_advisory::parse::osv::parse_lines(data));
    drop(plimsoll_advisory::parse::records::parse(data));
});
