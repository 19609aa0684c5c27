//! Layers merged: the input is cut into uncompressed layers of whole blocks at each 0xff that starts a block.
#![no_main]

use plimsoll_layer::Limits;
use plimsoll_tree::{Builder, MemoryContents};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits { max_layer_bytes: 1 << 20, max_entries: 1 << 12, ..Limits::default() };
    let mut builder = Builder::new(&limits);
    let mut contents = MemoryContents::new(|_: &str, size| size < 4096);
    let layers = data.chunks(512).collect::<Vec<_>>();
    for (index, layer) in layers.split(|block| block[0] == 0xff).take(8).enumerate() {
        if builder.layer(index as u32, layer.concat().as_slice(), &mut contents).is_err() {
            return;
        }
    }
    let tree = builder.finish();
    for (path, _) in tree.iter() {
        let _ = tree.resolve(path);
    }
});
