//! Kept facts of a layer, whoever wrote them; and layers read, kept and merged.
#![no_main]

use plimsoll_catalog::{LayerFacts, assemble, merge_layers, read_layer};
use plimsoll_fuzz::check;
use plimsoll_layer::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { max_layer_bytes: 1 << 22, max_entries: 1 << 12, ..Limits::default() };
    let mut layers = Vec::new();
    // The mark in front, so that the fuzzer need not find it.
    let marked = [LayerFacts::default().to_bytes().split_last_chunk::<3>().map_or(&[][..], |(mark, _)| mark), data].concat();
    for bytes in [data, &marked] {
        if let Some(layer) = LayerFacts::from_bytes(bytes) {
            assert_eq!(LayerFacts::from_bytes(&layer.to_bytes()).as_ref(), Some(&layer));
            layers.push(layer);
        }
    }
    if let Ok(layer) = read_layer(data, &limits) {
        let _ = check::kept(layer.clone(), &limits);
        layers.push(layer);
    }
    if let Ok((tree, facts)) = merge_layers(layers, &limits) {
        // Facts that somebody else wrote may name packages as they like; they are put together all the same.
        let _ = assemble(&tree, facts);
    }
});
