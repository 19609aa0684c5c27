//! An index of hostile bytes is refused or can be read in full.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(index) = plimsoll_advisory::Index::open(data) else { return };
    let namespaces: Vec<String> = index.namespaces().map(|(n, _)| n.to_owned()).collect();
    for namespace in &namespaces {
        index.lookup(namespace, "openssl").for_each(|r| drop(r.to_record()));
    }
    drop((index.feeds(), index.lifetimes().count()));
});
