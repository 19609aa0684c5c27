//! Package notes.

use super::*;

/// The section as the linker writes it.
fn section(json: &str) -> Vec<u8> {
    let mut body = json.as_bytes().to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let mut out = Vec::new();
    out.extend(4u32.to_le_bytes());
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(TYPE.to_le_bytes());
    out.extend(b"FDO\0");
    out.extend(body);
    out
}

fn of(json: &str) -> Option<Record> {
    record(&serde_json::from_str(json).unwrap())
}

#[test]
fn notes_of_distributions() {
    for (json, ecosystem, purl) in [
        (
            r#"{"type":"rpm","name":"bash","version":"5.2.26-3.fc40","architecture":"x86_64","osCpe":"cpe:/o:fedoraproject:fedora:40"}"#,
            Ecosystem::Rpm,
            "pkg:rpm/fedora/bash@5.2.26-3.fc40?arch=x86_64&distro=fedora-40",
        ),
        (
            r#"{"type":"deb","os":"debian","name":"fsverity-utils","version":"1.3-1","architecture":"arm64","osVersion":"12"}"#,
            Ecosystem::Deb,
            "pkg:deb/debian/fsverity-utils@1.3-1?arch=arm64&distro=debian-12",
        ),
        (r#"{"type":"deb","name":"hello","version":"2.10"}"#, Ecosystem::Deb, ""),
        (
            r#"{"type":"testfixture","name":"libhello.so","version":"0.01","os":"ubuntu","osVersion":"22.04"}"#,
            Ecosystem::Binary,
            "pkg:generic/ubuntu/libhello.so@0.01?distro=ubuntu-22.04",
        ),
    ] {
        let read = of(json).unwrap();
        assert_eq!((read.ecosystem, read.purl.as_str()), (ecosystem, purl), "{json}");
    }
    assert!(of(r#"{"type":"rpm","version":"1"}"#).is_none());
    assert!(of(r#"{"name":7}"#).is_none());
    let read = of(r#"{"name":"x","license":"MIT","appCpe":"cpe:/a:v:p:1"}"#).unwrap();
    assert_eq!(read.licenses, ["MIT"]);
    assert_eq!(read.cpes, ["cpe:2.3:a:v:p:1:*:*:*:*:*:*:*"]);
}

#[test]
fn sections_of_several_notes() {
    let mut bytes = section(r#"{"name":"a"}"#);
    bytes.extend(section(r#"{"name":"bcd"}"#));
    assert_eq!(notes(&bytes, false).len(), 2);
    for end in 0..bytes.len() {
        assert!(notes(&bytes[..end], false).len() <= 2);
        notes(&bytes[..end], true);
    }
}
