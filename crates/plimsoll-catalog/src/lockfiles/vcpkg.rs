//! vcpkg: the `status` of what is installed, written like dpkg's.

use super::{add, record};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::deb822::stanzas;
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, link, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "vcpkg",
    about: "libraries that vcpkg installed",
    evidence: &[Evidence::Path { glob: "**/vcpkg/status", limit: 16 * MIB }],
    purls: &["vcpkg"],
    gives: &[Gives::Dependencies],
    read,
    join: None,
};

/// Reads the status. A feature of a package has a stanza of its own without a version.
fn read(file: &File<'_>, out: &mut Facts) {
    for stanza in stanzas(file.bytes) {
        let text = |name: &str| stanza.get(name).map(|v| String::from_utf8_lossy(v));
        let installed = text("Status").is_some_and(|s| s.split_ascii_whitespace().last() == Some("installed"));
        if !installed || stanza.get("Feature").is_some() {
            continue;
        }
        let version = text("Version").unwrap_or_default();
        // A port's own revision stands after `#`.
        let port = text("Port-Version").filter(|p| p != "0").map_or(String::new(), |p| format!("#{p}"));
        let made = text("Package").and_then(|n| record(file, Ecosystem::Vcpkg, &n, &format!("{version}{port}")));
        let depends = text("Depends").unwrap_or_default();
        let wants = depends.split(',').filter_map(|d| plain::token(plain::before(d, &['(', ':', '['])));
        let triplet = stanza.get("Architecture").and_then(link::name);
        let made = made.map(|r| Record {
            wants: wants.map(|n| vec![n]).collect(),
            description: stanza.get("Description").and_then(link::text),
            properties: triplet.map(|t| ("vcpkg:triplet".to_owned(), t)).into_iter().collect(),
            ..r
        });
        add(out, Some(stanza.line), made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status() {
        let text = b"Package: zlib\nVersion: 1.3.1\nPort-Version: 2\nDepends: vcpkg-cmake:x64-linux (>= 1), b\nArchitecture: x64-linux\nMulti-Arch: same\nAbi: 00\nDescription: A compression library\nType: Port\nStatus: install ok installed\n\n\
            Package: zlib\nFeature: x\nArchitecture: x64-linux\nStatus: install ok installed\n\nPackage: gone\nVersion: 1\nStatus: purge ok not-installed\n";
        let out = super::super::read_all(read, 0, text);
        assert_eq!(out.records.len(), 1);
        assert_eq!(out.records[0].purl, "pkg:vcpkg/zlib@1.3.1%232");
        assert_eq!(out.records[0].wants, [vec!["vcpkg-cmake"], vec!["b"]]);
    }
}
