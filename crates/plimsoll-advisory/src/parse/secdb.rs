//! Alpine's secdb (JSON): fixed version to ids, by source package.
//!
//! An entry may hold several ids and remarks (`CVE-2018-1234 XSA-273 (SMB)`): each CVE becomes a record, other ids its
//! aliases; without a CVE the first id names the record. A fixed version of `0` says "not affected". A package or CVE may
//! stand twice; the merge keeps the highest fixed version, because only that one is fixed for certain.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Parsed, is_cve};
use crate::{FixState, Record};

#[derive(Deserialize)]
struct Secdb {
    distroversion: String,
    reponame: String,
    packages: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    secfixes: BTreeMap<String, Option<Vec<serde_json::Value>>>,
}

/// Reads one repository of one release.
pub fn parse(bytes: &[u8]) -> Parsed {
    let db: Secdb = match serde_json::from_slice(bytes) {
        Ok(db) => db,
        Err(e) => return Parsed::broken("secdb", e),
    };
    let namespace = format!("alpine:{}", db.distroversion);
    let mut parsed = Parsed::default();
    for (n, value) in db.packages.into_iter().enumerate() {
        match serde_json::from_value::<Entry>(value) {
            Ok(entry) => package(&mut parsed, &namespace, &db.reponame, entry.pkg),
            Err(e) => parsed.refuse(format!("packages[{n}]"), e),
        }
    }
    parsed
}

fn package(parsed: &mut Parsed, namespace: &str, repository: &str, package: Package) {
    for (fixed, entries) in package.secfixes {
        let not_affected = fixed == "0";
        // A version outside apk's grammar is kept: the match then says that it cannot decide, which is the truth.
        for entry in entries.unwrap_or_default() {
            let place = || format!("{} {fixed}", package.name);
            let Some(text) = entry.as_str() else {
                parsed.refuse(place(), "an id is not text");
                continue;
            };
            let (cves, others) = ids(text);
            let (names, aliases) = match (cves.is_empty(), others.split_first()) {
                (false, _) => (cves, others),
                (true, Some((first, rest))) => (vec![first.clone()], rest.to_vec()),
                (true, None) => {
                    parsed.refuse(place(), format!("no id in '{}'", text.escape_debug()));
                    continue;
                }
            };
            for id in names {
                let mut record = Record::new(namespace, &*package.name, id);
                if not_affected {
                    record.state = FixState::NotAffected;
                    record.evidence = vec![format!("alpine-secdb {repository}: not affected")];
                } else {
                    record = record.fixed_in(&*fixed);
                    record.evidence = vec![format!("alpine-secdb {repository}: fixed in {fixed}")];
                }
                record.aliases.clone_from(&aliases);
                parsed.records.push(record);
            }
        }
    }
}

/// The CVEs and the other ids in an entry; remarks in brackets are no ids.
fn ids(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut cves, mut others) = (Vec::new(), Vec::new());
    let text = text.split_once('(').map_or(text, |(ids, _)| ids);
    for word in text.split_whitespace() {
        let word = word.replacen("CVE_", "CVE-", 1);
        let cve = word.strip_suffix(".patch").unwrap_or(&word);
        if is_cve(cve) {
            cves.push(cve.to_owned());
        } else if !word.starts_with("CVE")
            && word.contains('-')
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            others.push(word);
        }
    }
    others.sort_unstable();
    others.dedup();
    (cves, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_entries_that_were_published() {
        let text = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            ids("CVE-2018-3620 CVE-2018-3646 XSA-273"),
            (text(&["CVE-2018-3620", "CVE-2018-3646"]), text(&["XSA-273"]))
        );
        assert_eq!(ids("CVE_2019-2426"), (text(&["CVE-2019-2426"]), vec![]));
        assert_eq!(ids("CVE-2017-2616 (+ regression fix)"), (text(&["CVE-2017-2616"]), vec![]));
        assert_eq!(ids("CVE-????-????? XSA-238"), (vec![], text(&["XSA-238"])));
        assert_eq!(ids("CVE N/A ZBX-11023"), (vec![], text(&["ZBX-11023"])));
        assert_eq!(ids("CVE-2020"), (vec![], vec![]));
    }

    #[test]
    fn zero_is_not_affected_and_bad_entries_are_named() {
        let text = br#"{"distroversion":"v3.10","reponame":"main","packages":[
            {"pkg":{"name":"musl","secfixes":{"1.1.22-r4":["CVE-2020-28928"],"0":["CVE-2019-0001",7,"CVE-2020"]}}},
            {"pkg":{}},
            {"pkg":{"name":"quiet","secfixes":{"1-r0":null}}}]}"#;
        let parsed = parse(text);
        assert_eq!(parsed.records.len(), 2);
        assert_eq!(parsed.records[0].state, FixState::NotAffected);
        assert_eq!(
            (parsed.records[1].namespace.as_str(), parsed.records[1].id.as_str()),
            ("alpine:v3.10", "CVE-2020-28928")
        );
        assert_eq!(
            parsed.bad.iter().map(|b| b.place.as_str()).collect::<Vec<_>>(),
            ["musl 0", "musl 0", "packages[1]"]
        );
    }
}
