//! Decision documents: whatever the bytes, reading and resolving end, and what resolves can be shown and written again.
#![no_main]

use std::collections::BTreeMap;

use plimsoll_intent::{Document, WorkloadId, glob_matches, read, show};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    // A NUL byte separates documents, so that supersession and conflicts are reached too.
    let documents: Vec<Document> = text
        .split('\0')
        .take(8)
        .enumerate()
        .map(|(n, text)| {
            let path = if n == 1 { "plimsoll.yaml".to_owned() } else { format!("adrs/{n:04}-x.md") };
            Document { path, text: text.to_owned() }
        })
        .collect();
    let raw = read(&documents);
    let files: BTreeMap<String, String> = raw.key_files().into_iter().map(|k| (k.path, text.to_string())).collect();
    if let Ok(resolved) = raw.resolve(&files, jiff::civil::date(2026, 11, 23)) {
        assert_eq!(resolved.intent.digest(), resolved.intent.clone().digest());
        assert!(!show(&resolved.intent).is_empty());
        let _ = resolved.intent.resolve_for(&WorkloadId::default());
    }
    if let Some((pattern, name)) = text.split_once('\n') {
        glob_matches(pattern.get(..256).unwrap_or(pattern), name.get(..4096).unwrap_or(name));
    }
});
