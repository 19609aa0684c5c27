//! Go programs: the build information that the Go linker leaves in every executable names the main module, what was
//! linked into it, and how it was built.

mod buildinfo;
mod nrv;
mod upx;
mod version;

use plimsoll_version::purl::Purl;

use crate::cataloger::{Cataloger, Evidence, Format, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, elf};
use buildinfo::{Found, Info, Module};

const LIMIT: u64 = 512 * MIB;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "go",
    about: "Go modules linked into executables, also into ones packed by UPX",
    evidence: &[
        Evidence::Executable { format: Format::Elf, limit: LIMIT },
        Evidence::Executable { format: Format::Pe, limit: LIMIT },
        Evidence::Executable { format: Format::MachO, limit: LIMIT },
    ],
    purls: &["golang"],
    gives: &[Gives::Dependencies],
    read,
    join: None,
};

/// Reads an executable of any language; one that is not Go's says nothing.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let mut seen: Vec<Info> = Vec::new();
    for executable in elf::parse(file.bytes) {
        let found = match buildinfo::find(&executable) {
            Found::Nothing if !executable.has_sections() => match upx::unpack(file.bytes) {
                Ok(Some(packed)) => {
                    buildinfo::find(&elf::Executable::of_segments(packed.iter().map(|(a, d)| (*a, d.as_slice()))))
                }
                Ok(None) => Found::Nothing,
                Err(why) => {
                    out.trouble(None, format!("is packed by UPX and cannot be unpacked: {why}"));
                    Found::Nothing
                }
            },
            found => found,
        };
        match found {
            Found::Info(info) if !seen.contains(&info) => {
                describe(&info, out);
                seen.push(info);
            }
            Found::Damaged => out.trouble(None, "holds Go build information that cannot be read"),
            Found::Info(_) | Found::Nothing => {}
        }
    }
}

/// Main module, main package and version of a Go program.
pub(crate) fn program(bytes: &[u8]) -> Option<(String, String, String)> {
    let Found::Info(info) = buildinfo::find(elf::parse(bytes).first()?) else { return None };
    let (path, version) = match main_module(&info) {
        Some(main) => {
            let record = module(&main);
            let version = if record.version.is_empty() { version::of_main(&main, &info) } else { record.version };
            (record.name, version)
        }
        None => (String::new(), String::new()),
    };
    Some((path, info.package, version))
}

/// The release of Go that a program was built with: `1.22.3`.
pub(crate) fn release(bytes: &[u8]) -> Option<String> {
    let Found::Info(info) = buildinfo::find(elf::parse(bytes).first()?) else { return None };
    standard_library(&info.go_version).map(|s| s.version)
}

/// The records of one program: the main module, the standard library, and each module linked in.
fn describe(info: &Info, out: &mut Facts) {
    let base = out.records.len() as u32;
    let main = main_module(info).map(|main| {
        let main = &main;
        let mut record = module(main);
        if record.version.is_empty() {
            record.version = version::of_main(main, info);
        }
        record.properties.push(("go:version".to_owned(), info.go_version.clone()));
        let settings = info.settings.iter().filter(|(k, v)| !k.is_empty() && !v.is_empty());
        record.properties.extend(settings.map(|(k, v)| (format!("go:build:{k}"), v.clone())));
        if !info.package.is_empty() {
            record.properties.push(("go:package".to_owned(), info.package.clone()));
        }
        record
    });
    let mut records: Vec<Record> = main.into_iter().collect();
    let first = records.len() as u32;
    records.extend(standard_library(&info.go_version));
    records.extend(info.deps.iter().filter(|d| !d.path.is_empty()).map(module));
    let all: Vec<u32> = (first..records.len() as u32).map(|i| base + i).collect();
    if first == 1
        && let Some(main) = records.first_mut()
    {
        main.needs = all;
    }
    for record in &mut records {
        record.purl = purl(&record.name, &record.version);
        record.properties.sort();
        record.properties.dedup();
    }
    out.records.extend(records);
}

/// The main module. A program built without modules names its main package alone, whose repository stands in its path on
/// the hosts where every repository has an owner and a name.
fn main_module(info: &Info) -> Option<Module> {
    if let Some(main) = info.main.as_ref().filter(|m| !m.path.is_empty()) {
        return Some(main.clone());
    }
    let (host, rest) = info.package.split_once('/')?;
    if !matches!(host, "github.com" | "gitlab.com" | "bitbucket.org" | "codeberg.org") {
        return None;
    }
    let (owner, rest) = rest.split_once('/')?;
    let name = rest.split('/').next().filter(|n| !n.is_empty() && !owner.is_empty())?;
    Some(Module { path: format!("{host}/{owner}/{name}"), ..Module::default() })
}

/// A module as it was linked: the one that replaced it, unless that is a directory, which has neither name nor version.
fn module(module: &Module) -> Record {
    let mut properties = Vec::new();
    let (name, version, sum) = match &module.replaced_by {
        Some(by) if is_directory(&by.path) => {
            properties.push(("go:replacedBy".to_owned(), by.path.clone()));
            (&module.path, "", "")
        }
        Some(by) => {
            properties.push(("go:replaces".to_owned(), format!("{}@{}", module.path, module.version)));
            (&by.path, by.version.as_str(), by.sum.as_str())
        }
        None => (&module.path, module.version.as_str(), module.sum.as_str()),
    };
    if !sum.is_empty() {
        properties.push(("go:h1".to_owned(), sum.to_owned()));
    }
    Record {
        ecosystem: Ecosystem::Golang,
        name: name.clone(),
        version: if version == "(devel)" { String::new() } else { version.to_owned() },
        properties,
        ..Record::default()
    }
}

/// Whether a replacement is a directory of the machine that built the program.
fn is_directory(path: &str) -> bool {
    let drive = |p: &str| p.as_bytes().get(1) == Some(&b':');
    path.is_empty() || path.starts_with(['.', '/', '\\']) || drive(path)
}

/// The standard library of a Go release, under the name of the Go vulnerability database.
fn standard_library(go_version: &str) -> Option<Record> {
    let release = go_version.split_whitespace().find_map(|w| w.strip_prefix("go"))?;
    let release = release.split_once('-').map_or(release, |(r, _)| r);
    if !release.starts_with(|c: char| c.is_ascii_digit()) || !release.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    // A candidate's number stands in the CPE's own field: 1.22rc1 is 1.22, update rc1.
    let update = release.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(release.len());
    let (number, update) = release.split_at_checked(update)?;
    let update = if update.is_empty() { "-" } else { update };
    Some(Record {
        ecosystem: Ecosystem::Golang,
        name: "stdlib".to_owned(),
        version: release.to_owned(),
        cpes: vec![format!("cpe:2.3:a:golang:go:{number}:{update}:*:*:*:*:*:*")],
        licenses: vec!["BSD-3-Clause".to_owned()],
        ..Record::default()
    })
}

/// The whole module path is namespace and name, its major version suffix too.
fn purl(module: &str, version: &str) -> String {
    let (namespace, name) = module.rsplit_once('/').unwrap_or(("", module));
    let purl = Purl::new(Ecosystem::Golang.purl_type(), name);
    purl.map(|p| p.with_namespace(namespace).with_version(version).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
