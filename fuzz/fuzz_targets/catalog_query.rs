//! Questions about packages.
#![no_main]

use plimsoll_catalog::{Answer, Package, Query};

libfuzzer_sys::fuzz_target!(|data: &str| {
    let Ok(query) = data.parse::<Query>() else { return };
    for (name, version, purl) in [
        ("libssl3", "3.0.15-1~deb12u1", "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64"),
        ("org.x:log4j-core", "2.14.1", "pkg:maven/org.x/log4j-core@2.14.1"),
        ("x", "", "pkg:npm/x"),
        ("x", "1.x", ""),
    ] {
        let package =
            Package { name: name.into(), version: version.into(), purl: purl.into(), ..Package::default() };
        let answer = query.ask(&package);
        assert!(version.is_empty() || !matches!(&answer, Answer::Undecided(why) if why.is_empty()));
    }
});
