//! A statement of any bytes is read without panic, and what is read is written and read again alike.
#![no_main]

use plimsoll_envelope::{ProvenanceSummary, Statement};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(statement) = Statement::parse(data) else { return };
    let _ = ProvenanceSummary::read(&statement.predicate);
    let again = Statement::parse(&statement.to_bytes()).expect("what is written is read");
    assert_eq!((&again.subjects, &again.predicate_type), (&statement.subjects, &statement.predicate_type));
});
