//! Snaps: what `snap.yaml` says of the snap itself, and the Debian packages that its build put into it.

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::outline::{self, Line};
use crate::{Ecosystem, license, link, plain};
use plimsoll_version::purl::Purl;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "snap",
    about: "snaps and the Debian packages in them",
    evidence: &[
        Evidence::Path { glob: "**/snap/manifest.yaml", limit: 16 * MIB },
        Evidence::Path { glob: "**/snap/snapcraft.yaml", limit: 4 * MIB },
        Evidence::Path { glob: "**/usr/share/snappy/dpkg.yaml", limit: 16 * MIB },
        Evidence::Path { glob: "**/meta/snap.yaml", limit: 4 * MIB },
    ],
    purls: &["snap", "deb"],
    gives: &[Gives::Licences],
    read,
    join: None,
};

const MANIFEST: usize = 0;
const BASE_SNAP: usize = 2;

/// The most packages read of one file.
const MOST: usize = 16_384;

/// Reads one document.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let (mut own, mut packages, mut list, mut base) = (Snap::default(), Packages::default(), "", "");
    let mut list_indent = 0;
    for line in outline::lines(file.bytes) {
        if !line.key.is_empty() && !line.item {
            if line.indent == 0 {
                own.field(&line);
                base = if line.key == "base" { line.value } else { base };
            }
            (list, list_indent) = (line.key, line.indent);
        } else if line.item && line.key.is_empty() && line.indent >= list_indent {
            let top = list_indent == 0;
            match (list, file.which) {
                ("primed-stage-packages", MANIFEST) if top => packages.add(line.value, false),
                ("stage-packages", MANIFEST) if !top => packages.add(line.value, true),
                ("packages", BASE_SNAP) if top => packages.add(line.value, false),
                ("architectures", _) if top && own.arch.is_empty() => own.arch = line.value.to_owned(),
                _ => {}
            }
        }
    }
    if packages.full {
        out.trouble(None, "lists more packages than are read");
    }
    let arch = own.arch.clone();
    let outer = own.record();
    let holder = outer.is_some().then_some(0);
    // A manifest with neither is of some other program: `snap` is a common word.
    out.records.extend(outer);
    for (name, version, own_arch) in packages.finish() {
        let arch = if own_arch.is_empty() { arch.clone() } else { own_arch };
        if let Some(mut record) = package(&name, &version, &arch, base) {
            record.within = holder;
            out.records.push(record);
        }
    }
}

/// Packages as they are met: those that were put in, and those that were only asked for, which count where an old
/// manifest has no list of the former.
#[derive(Default)]
struct Packages {
    primed: Vec<String>,
    staged: Vec<String>,
    full: bool,
}

impl Packages {
    fn add(&mut self, text: &str, staged: bool) {
        let list = if staged { &mut self.staged } else { &mut self.primed };
        if list.len() < MOST {
            list.push(text.to_owned());
        } else {
            self.full = true;
        }
    }

    /// Names, versions and architectures: `name=version`, `name:arch=version`.
    fn finish(self) -> Vec<(String, String, String)> {
        let list = if self.primed.is_empty() { self.staged } else { self.primed };
        let mut found: Vec<_> = list
            .iter()
            .filter_map(|text| {
                let (name, version) = text.split_once('=')?;
                let (name, arch) = name.split_once(':').unwrap_or((name, ""));
                Some((link::name(name.as_bytes())?, plain::token(version)?, arch.to_owned()))
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

fn package(name: &str, version: &str, arch: &str, base: &str) -> Option<Record> {
    // `core22` is built of Ubuntu 22.04; advisories are looked up by that.
    let year = base.strip_prefix("core").filter(|y| y.len() == 2 && y.bytes().all(|b| b.is_ascii_digit()));
    let distro = year.map_or(String::new(), |y| format!("ubuntu-{y}.04"));
    let purl = Purl::new("deb", name).ok()?.with_namespace("ubuntu").with_version(version);
    let purl = purl.with_qualifier("arch", arch).with_qualifier("distro", &distro).to_string();
    let (name, version, arch) = (name.to_owned(), version.to_owned(), arch.to_owned());
    Some(Record { ecosystem: Ecosystem::Deb, name, version, arch, purl, declared: true, ..Record::default() })
}

#[derive(Default)]
struct Snap {
    name: String,
    version: String,
    arch: String,
    license: Vec<String>,
    summary: Option<String>,
    is_snap: bool,
}

impl Snap {
    fn field(&mut self, line: &Line<'_>) {
        match line.key {
            "name" => self.name = plain::token(line.value).unwrap_or_default(),
            // `version: git` asks snapcraft to find it out.
            "version" => self.version = plain::token(line.value).filter(|v| v != "git").unwrap_or_default(),
            "license" => self.license = license::list(line.value),
            "summary" => self.summary = plain::line(line.value),
            // Every snap has one of these; a YAML file that has none of them is not a snap's.
            "apps" | "grade" | "confinement" | "base" | "type" | "parts" | "hooks" | "snapcraft-version" => {
                self.is_snap = true;
            }
            _ => {}
        }
    }

    fn record(self) -> Option<Record> {
        if !self.is_snap || self.name.is_empty() {
            return None;
        }
        let purl = plain::purl("snap", "", &self.name, &self.version);
        Some(Record {
            ecosystem: Ecosystem::Snap,
            name: self.name,
            version: self.version,
            arch: self.arch,
            purl,
            licenses: self.license,
            description: self.summary,
            ..Record::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(which: usize, bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path: "/snap/x/1/snap/manifest.yaml", root: "", which, bytes }, &mut out);
        out
    }

    const MANIFEST_YAML: &[u8] = b"snapcraft-version: 8.2\nname: hello\nversion: '2.10'\nsummary: GNU Hello\nlicense: GPL-3.0\nbase: core22\n\
        parts:\n  gnu:\n    stage-packages:\n    - libold=1\n    build-packages:\n    - gcc=12\narchitectures:\n- amd64\nprimed-stage-packages:\n- libc6=2.35-0ubuntu3\n- libgcc-s1:i386=12-1\n- bad\n";

    #[test]
    fn a_manifest() {
        let out = facts(0, MANIFEST_YAML);
        let found: Vec<_> = out.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            found,
            [
                "pkg:snap/hello@2.10",
                "pkg:deb/ubuntu/libc6@2.35-0ubuntu3?arch=amd64&distro=ubuntu-22.04",
                "pkg:deb/ubuntu/libgcc-s1@12-1?arch=i386&distro=ubuntu-22.04",
            ]
        );
        assert_eq!(out.records[1].within, Some(0));
        for cut in 0..MANIFEST_YAML.len() {
            facts(0, &MANIFEST_YAML[..cut]);
        }
    }

    #[test]
    fn an_old_manifest_and_a_base() {
        let out = facts(0, b"name: a\nversion: 1\ngrade: stable\nparts:\n  p:\n    stage-packages:\n    - libold=1\n");
        assert_eq!(out.records.len(), 2);
        let out =
            facts(2, b"package-repositories:\n- x=1\npackages:\n- adduser=3.118ubuntu2\n- libc6:amd64=2.31-0ubuntu9\n");
        assert_eq!(out.records.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["adduser", "libc6"]);
    }

    #[test]
    fn other_yaml_is_no_snap() {
        assert!(facts(3, b"name: x\nversion: 1\ndescription: a chart\n").is_empty());
        assert_eq!(facts(3, b"name: x\nversion: git\napps:\n  a:\n    command: a\n").records[0].version, "");
    }
}
