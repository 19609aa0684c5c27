//! What secdb and KEV parsers accept can be built and opened.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    use plimsoll_advisory::{Index, read_feeds};
    drop(plimsoll_advisory::parse::secdb::parse(data));
    drop(plimsoll_advisory::parse::kev::parse(data));
    let feeds = read_feeds([("a.json".to_owned(), data.to_vec()), ("b.jsonl".to_owned(), data.to_vec())]);
    if let Ok(bytes) = feeds.builder.build(jiff::Timestamp::UNIX_EPOCH) {
        assert!(Index::open(&bytes).is_ok());
    }
});
