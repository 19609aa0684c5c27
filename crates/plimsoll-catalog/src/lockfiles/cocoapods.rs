//! CocoaPods: `Podfile.lock`.

use super::{add, record};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File};
use crate::outline;
use crate::{Ecosystem, plain};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "cocoapods",
    about: "lock files of CocoaPods",
    evidence: &[Evidence::Directory { glob: "**/Podfile.lock", limit: 16 * MIB }],
    purls: &["cocoapods"],
    gives: &[Gives::Dependencies],
    read,
    join: None,
};

/// `PODS:` lists `- Name/Subspec (1.0):` with dependencies below; `SPEC CHECKSUMS:` follows.
fn read(file: &File<'_>, out: &mut Facts) {
    let mut section = "";
    let mut index: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut current: Option<usize> = None;
    for line in outline::lines(file.bytes) {
        if line.indent == 0 && !line.item {
            section = line.key;
            continue;
        }
        let text = if line.key.is_empty() { line.value } else { line.key };
        match section {
            "PODS" if line.item && line.indent <= 2 => {
                let (name, version) = match text.split_once(" (") {
                    Some((name, version)) => (name, version.trim_end_matches(')')),
                    None => (text, ""),
                };
                let made = record(file, Ecosystem::Cocoapods, name, version).map(|mut r| {
                    // A subspec is a part of its pod.
                    let (pod, part) = name.split_once('/').unwrap_or((name, ""));
                    let purl = Purl::new("cocoapods", pod).map(|p| p.with_version(version).with_subpath(part));
                    r.purl = purl.map(|p| p.to_string()).unwrap_or_default();
                    r
                });
                let count = out.records.len();
                add(out, Some(line.number), made);
                current = (out.records.len() > count).then_some(count);
                if current.is_some() {
                    index.insert(name.split('/').next().unwrap_or(name).to_owned(), count);
                }
            }
            "PODS" if line.item => {
                if let Some(record) = current.and_then(|c| out.records.get_mut(c)) {
                    record.wants.extend(plain::token(plain::before(text, &['('])).map(|n| vec![n]));
                }
            }
            "SPEC CHECKSUMS" => {
                if let Some(record) = index.get(line.key).and_then(|i| out.records.get_mut(*i)) {
                    record.properties.extend(plain::token(line.value).map(|v| ("cocoapods:checksum".to_owned(), v)));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_encoded_as_a_subpath() {
        let text = b"PODS:\n  - A/S%cu (4.0.1)\n  - A/../B (1)\n";
        let mut facts = Facts::default();
        (CATALOGER.read)(&File { path: "/Podfile.lock", root: "", which: 0, bytes: text }, &mut facts);
        let purls: Vec<&str> = facts.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(purls, ["pkg:cocoapods/A@4.0.1#S%25cu", "pkg:cocoapods/A@1#B"]);
    }

    #[test]
    fn a_lock_file() {
        let text = b"PODS:\n  - AFNetworking (4.0.1):\n    - AFNetworking/Security (= 4.0.1)\n  - AFNetworking/Security (4.0.1)\n  - GTM (1.1)\n\nDEPENDENCIES:\n  - AFNetworking\n\n\
            SPEC CHECKSUMS:\n  GTM: 3e0c1f\n\nCOCOAPODS: 1.12.1\n";
        let out = super::super::read_all(read, 0, text);
        let purls: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            purls,
            ["pkg:cocoapods/AFNetworking@4.0.1", "pkg:cocoapods/AFNetworking@4.0.1#Security", "pkg:cocoapods/GTM@1.1"]
        );
        assert_eq!(out.records[0].wants, [vec!["AFNetworking/Security"]]);
        assert_eq!(out.records[2].properties[0].1, "3e0c1f");
    }
}
