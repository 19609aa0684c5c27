//! Conan: `conan.lock` of both generations, and the `conaninfo.txt` of installed packages.

use serde_json::Value;

use super::{add, json, record};
use crate::Ecosystem;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "conan",
    about: "packages of Conan",
    evidence: &[
        Evidence::Directory { glob: "**/conan.lock", limit: 16 * MIB },
        Evidence::Path { glob: "**/conaninfo.txt", limit: MIB },
    ],
    purls: &["conan"],
    gives: &[Gives::Dependencies],
    read,
    join: None,
};

const LOCK: usize = 0;

/// Reads one of them.
fn read(file: &File<'_>, out: &mut Facts) {
    if file.which == LOCK { lock(file, out) } else { info(file, out) }
}

/// `name/version@user/channel#recipe:package#revision%time`, most of which may be missing.
fn reference(file: &File<'_>, text: &str) -> Option<Record> {
    let text = text.split(['#', '%', ':']).next().unwrap_or_default();
    let (name, version) = text.split_once('/')?;
    let (version, origin) = version.split_once('@').unwrap_or((version, ""));
    let mut record = record(file, Ecosystem::Conan, name, version).filter(|r| !r.version.is_empty())?;
    if let Some((user, channel)) = origin.split_once('/').filter(|(u, _)| !u.is_empty() && *u != "_") {
        let purl = plimsoll_version::purl::Purl::new("conan", name).ok()?.with_namespace(user);
        record.purl = purl.with_version(version).with_qualifier("channel", channel).to_string();
    }
    Some(record)
}

/// Version 1 has a graph of nodes with edges; version 2 lists of references.
fn lock(file: &File<'_>, out: &mut Facts) {
    let Some(value) = json(file, out) else { return };
    if let Some(nodes) = value.pointer("/graph_lock/nodes").and_then(Value::as_object) {
        let mut index = std::collections::BTreeMap::new();
        for (id, node) in nodes {
            // The node without a reference is the project itself.
            let Some(text) = node.get("ref").and_then(Value::as_str) else { continue };
            let count = out.records.len();
            add(out, None, reference(file, text));
            if out.records.len() > count {
                index.insert(id.as_str(), count);
            }
        }
        for (id, own) in &index {
            let requires = nodes.get(*id).and_then(|n| n.get("requires")).and_then(Value::as_array);
            let needs = requires.into_iter().flatten().filter_map(Value::as_str).filter_map(|r| index.get(r));
            let needs: Vec<u32> = needs.filter_map(|n| u32::try_from(*n).ok()).collect();
            if let Some(record) = out.records.get_mut(*own) {
                record.needs = needs;
            }
        }
        return;
    }
    for (list, kind) in [("requires", ""), ("build_requires", "build"), ("python_requires", "python")] {
        for text in value.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let mut made = reference(file, text);
            if let Some(record) = made.as_mut().filter(|_| !kind.is_empty()) {
                record.properties.push(("conan:requirement".to_owned(), kind.to_owned()));
            }
            add(out, None, made);
        }
    }
}

/// `[full_requires]` lists references with their package; the package itself is named by the directories above.
fn info(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    // `.conan/data/NAME/VERSION/USER/CHANNEL/package/ID/conaninfo.txt`
    let above: Vec<&str> = file.dir().rsplit('/').take(6).collect();
    let own = match above.as_slice() {
        [_, "package", channel, user, version, name] => reference(file, &format!("{name}/{version}@{user}/{channel}")),
        _ => None,
    };
    let holder = own.is_some();
    out.records.extend(own);
    let mut section = "";
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with('[') {
            section = line;
        } else if section == "[full_requires]" && !line.is_empty() {
            add(out, Some(number), reference(file, line));
        }
    }
    if holder {
        let count = u32::try_from(out.records.len()).unwrap_or(u32::MAX);
        if let Some(first) = out.records.first_mut() {
            first.needs = (1..count).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_all;
    use super::*;

    #[test]
    fn both_generations() {
        let two = br#"{"version":"0.5","requires":["zlib/1.2.13#abc%1699","bzip2/1.0.8@user/stable#def"],"build_requires":["cmake/3.27.1"]}"#;
        let out = read_all(read, 0, two);
        let purls: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            purls,
            ["pkg:conan/zlib@1.2.13", "pkg:conan/user/bzip2@1.0.8?channel=stable", "pkg:conan/cmake@3.27.1"]
        );
        let one = br#"{"graph_lock":{"nodes":{"0":{"requires":["1"]},"1":{"ref":"poco/1.9.4","requires":["2"]},"2":{"ref":"zlib/1.2.11"}}},"version":"0.4"}"#;
        let out = read_all(read, 0, one);
        assert_eq!((out.records.len(), &out.records[0].needs), (2, &vec![1]));
    }

    #[test]
    fn an_installed_package() {
        let text = b"[settings]\n    arch=x86_64\n\n[full_requires]\n    zlib/1.2.11:6af9cc7cb931c5ad942174fd7838eb655717c709\n\n[options]\n    shared=False\n";
        let path = "/root/.conan/data/poco/1.9.4/_/_/package/0123/conaninfo.txt";
        let mut out = Facts::default();
        read(&File { path, root: "", which: 1, bytes: text }, &mut out);
        let purls: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(purls, ["pkg:conan/poco@1.9.4", "pkg:conan/zlib@1.2.11"]);
        assert_eq!(out.records[0].needs, [1]);
    }
}
