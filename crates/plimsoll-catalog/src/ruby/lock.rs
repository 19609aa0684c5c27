//! `Gemfile.lock`: what Bundler would install.

use std::collections::HashMap;

use crate::facts::{Facts, Record};
use crate::{Ecosystem, HashAlgorithm, fields, link};

/// Reads a lock file: sections at the margin, gems indented by four, what they depend on by six.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let text = String::from_utf8_lossy(bytes);
    let mut section = "";
    let mut remote = String::new();
    let mut by_gem: HashMap<(String, String), usize> = HashMap::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let bare = line.trim();
        match line.len() - line.trim_start().len() {
            _ if bare.is_empty() => {}
            0 => {
                section = bare;
                remote.clear();
            }
            2 if section == "CHECKSUMS" => {
                let Some((gem, digests)) = bare.split_once(") ") else { continue };
                let Some((name, version)) = gem.split_once(" (") else { continue };
                let hash = digests.split(',').find_map(|d| d.trim().strip_prefix("sha256="));
                let hash = hash.and_then(|h| fields::hex(HashAlgorithm::Sha256, h));
                let record = by_gem.get(&(name.to_owned(), version.to_owned())).and_then(|i| out.records.get_mut(*i));
                if let Some(record) = record {
                    record.hashes.extend(hash);
                }
            }
            2 if matches!(section, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                if let Some(address) = bare.strip_prefix("remote: ") {
                    address.clone_into(&mut remote);
                }
            }
            4 if matches!(section, "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE") => {
                let gem = bare.strip_suffix(')').and_then(|g| g.split_once(" ("));
                let Some((name, written)) = gem.filter(|(name, _)| super::is_name(name)) else {
                    out.trouble(Some(number), "not a gem and its version; left out");
                    continue;
                };
                // A platform follows the version, which holds no dash itself.
                let (version, platform) = written.split_once('-').unwrap_or((written, ""));
                by_gem.insert((name.to_owned(), written.to_owned()), out.records.len());
                out.records.push(Record {
                    ecosystem: Ecosystem::Gem,
                    purl: super::purl(name, version),
                    name: name.to_owned(),
                    version: link::token(version.as_bytes()).unwrap_or_default(),
                    download: (section == "GIT").then(|| link::text(remote.as_bytes())).flatten(),
                    properties: (!platform.is_empty())
                        .then(|| ("gem:platform".to_owned(), platform.to_owned()))
                        .into_iter()
                        .collect(),
                    ..Record::default()
                });
            }
            6 => {
                let name = bare.split([' ', '!']).next().unwrap_or_default();
                if let Some(record) = out.records.last_mut().filter(|r| r.wants.len() < fields::MAX_ENTRIES) {
                    record.wants.push(vec![name.to_owned()]);
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
    fn a_lock_file() {
        let text = b"GIT\n  remote: https://x/y.git\n  revision: ab\n  specs:\n    own (0.1)\n      rack (>= 1)\n\n\
            GEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.13.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.6.0)\n    ?\n\n\
            PLATFORMS\n  ruby\n\nDEPENDENCIES\n  own!\n\nCHECKSUMS\n  racc (1.6.0) sha256=2dede3b136eeabd0f7b8c9356b958b3d743c00158e2615acab431af141354551\n\nBUNDLED WITH\n   2.4\n";
        let mut out = Facts::default();
        read(text, &mut out);
        let found: Vec<&str> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(found, ["pkg:gem/own@0.1", "pkg:gem/nokogiri@1.13.0", "pkg:gem/racc@1.6.0"]);
        assert_eq!(out.records[0].download.as_deref(), Some("https://x/y.git"));
        assert_eq!(out.records[1].wants, [["racc"]]);
        assert_eq!(out.records[2].hashes.len(), 1);
        assert_eq!(out.troubles.len(), 1);
    }
}
