//! Linux kernels and their modules: the version that a kernel's image states, and the `.modinfo` of each module.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, elf, license, link};

/// Kernels with their debug information have some hundred megabytes.
const IMAGE: u64 = 512 * MIB;
const MODULE: u64 = 128 * MIB;
/// The most that a compressed module or kernel is unpacked to.
const MAX_UNPACKED: u64 = 256 * MIB;
const NAME: &str = "linux-kernel";

macro_rules! images {
    ($($name:literal)+) => {
        &[
            Evidence::Path { glob: "**/lib/modules/**/*.ko", limit: MODULE },
            Evidence::Path { glob: "**/lib/modules/**/*.ko.gz", limit: MODULE },
            Evidence::Path { glob: "**/lib/modules/**/*.ko.xz", limit: MODULE },
            Evidence::Path { glob: "**/lib/modules/**/*.ko.zst", limit: MODULE },
            $(
                Evidence::Path { glob: concat!("**/", $name), limit: IMAGE },
                Evidence::Path { glob: concat!("**/", $name, "-*"), limit: IMAGE },
            )+
        ]
    };
}

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "kernel",
    about: "Linux kernels and their modules",
    evidence: images!("kernel" "vmlinux" "vmlinuz" "bzImage" "zImage"),
    purls: &["generic"],
    gives: &[Gives::Licences, Gives::Dependencies],
    read,
    join: Some(join),
};
const MODULES: usize = 4;

/// Reads a kernel's image or a module.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    if file.which < MODULES {
        return match unpacked(file) {
            Ok(Some(bytes)) => module(file, &bytes, out),
            Ok(None) => module(file, file.bytes, out),
            Err(why) => out.trouble(None, why),
        };
    }
    let Some((format, banner)) = banner(file.bytes) else { return };
    let Some(release) = banner.split_whitespace().next().and_then(|r| link::token(r.as_bytes())) else { return };
    let mut properties =
        vec![("kernel:banner".to_owned(), banner.clone()), ("kernel:format".to_owned(), format.to_owned())];
    properties.sort();
    out.records.push(Record {
        ecosystem: Ecosystem::Kernel,
        name: NAME.to_owned(),
        purl: purl(NAME, &release),
        version: release,
        properties,
        ..Record::default()
    });
}

fn purl(name: &str, version: &str) -> String {
    Purl::new("generic", name).map(|p| p.with_version(version).to_string()).unwrap_or_default()
}

/// What a kernel says of itself, from its release on: `6.1.0-50-cloud-amd64 (…) #1 SMP …`.
fn banner(bytes: &[u8]) -> Option<(&'static str, String)> {
    if bytes.get(0x202..0x206) == Some(b"HdrS") {
        let at = bytes.get(0x20e..)?.first_chunk().copied().map(u16::from_le_bytes)?;
        let text = bytes.get(usize::from(at) + 0x200..)?.split(|&b| b == 0).next()?;
        return link::text(text).map(|t| ("bzImage", t));
    }
    let (format, found) = if bytes.starts_with(b"\x7fELF") {
        ("vmlinux", linux_version(bytes))
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        GzDecoder::new(bytes).take(MAX_UNPACKED).read_to_end(&mut unpacked).ok();
        return linux_version(&unpacked).map(|t| ("Image.gz", t));
    } else if bytes.get(0x38..0x3c) == Some(b"ARMd") || bytes.get(0x24..0x28) == Some(&[0x18, 0x28, 0x6f, 0x01]) {
        ("Image", linux_version(bytes))
    } else {
        return None;
    };
    found.map(|t| (format, t))
}

/// What follows `Linux version ` where a release does.
fn linux_version(bytes: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"Linux version ";
    memchr::memmem::find_iter(bytes, MARK).take(64).find_map(|at| {
        let rest = bytes.get(at + MARK.len()..)?;
        let text = rest.get(..rest.len().min(1024))?.split(|&b| b == 0).next()?;
        text.first().filter(|b| b.is_ascii_digit()).and(link::text(text))
    })
}

/// The bytes of a compressed module; `None` where it is not.
fn unpacked(file: &File<'_>) -> Result<Option<Vec<u8>>, String> {
    let mut out = Vec::new();
    let read = match file.bytes {
        [0x1f, 0x8b, ..] => GzDecoder::new(file.bytes).take(MAX_UNPACKED).read_to_end(&mut out),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            lzma_rust2::XzReader::new(file.bytes, true).take(MAX_UNPACKED).read_to_end(&mut out)
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => match zstd::Decoder::new(file.bytes) {
            Ok(decoder) => decoder.take(MAX_UNPACKED).read_to_end(&mut out),
            Err(error) => Err(error),
        },
        _ => return Ok(None),
    };
    match read {
        Ok(_) if (out.len() as u64) < MAX_UNPACKED => Ok(Some(out)),
        Ok(_) => Err(format!("unpacks to more than the {MAX_UNPACKED} bytes that are read")),
        Err(error) => Err(format!("cannot be unpacked: {error}")),
    }
}

/// A module by its `.modinfo`: fields `key=value` that end with a zero.
fn module(file: &File<'_>, bytes: &[u8], out: &mut Facts) {
    let executables = elf::parse(bytes);
    let Some(info) = executables.first().and_then(|e| e.section(b".modinfo")) else {
        return out.trouble(None, "holds no module information");
    };
    let fields: Vec<(&[u8], &[u8])> = info
        .split(|&b| b == 0)
        .take(10_000)
        .filter_map(|f| f.iter().position(|b| *b == b'=').and_then(|at| Some((f.get(..at)?, f.get(at + 1..)?))))
        .collect();
    let field = |key: &[u8]| fields.iter().find(|(k, _)| *k == key).and_then(|(_, v)| link::text(v));
    // The kernel writes names with underscores, whatever the file is called.
    let stem = || file.name().split('.').next().unwrap_or_default().replace('-', "_");
    let name = field(b"name").unwrap_or_else(stem);
    if link::name(name.as_bytes()).is_none() {
        return out.trouble(None, "its module has no legal name");
    }
    let version = field(b"version").unwrap_or_default();
    let told = ["intree", "srcversion", "vermagic"].into_iter();
    let properties = told.filter_map(|key| Some((format!("kernel:{key}"), field(key.as_bytes())?))).collect();
    let release = field(b"vermagic").and_then(|v| v.split_whitespace().next().map(str::to_owned)).unwrap_or_default();
    let depends = field(b"depends").unwrap_or_default();
    out.note(
        "module",
        std::iter::once(release).chain(depends.split(',').filter(|d| !d.is_empty()).map(str::to_owned)).collect(),
    );
    out.records.push(Record {
        ecosystem: Ecosystem::Kernel,
        purl: purl(&name, &version),
        name,
        version,
        licenses: field(b"license").map(|l| licenses(&l)).unwrap_or_default(),
        maintainer: field(b"author"),
        description: field(b"description"),
        properties,
        ..Record::default()
    });
}

/// The kernel's own words for licences (its rules say that `GPL` is version 2 and nothing more).
fn licenses(text: &str) -> Vec<String> {
    match text {
        "GPL" | "GPL v2" => vec!["GPL-2.0-only".to_owned()],
        "Dual BSD/GPL" => vec!["BSD-3-Clause OR GPL-2.0-only".to_owned()],
        "Dual MIT/GPL" => vec!["MIT OR GPL-2.0-only".to_owned()],
        other => license::list(other),
    }
}

/// Each module depends on its kernel and on the modules it names.
fn join(join: &mut Join<'_>) {
    let mut kernels: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut modules: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut wanting: Vec<(usize, String, Vec<String>)> = Vec::new();
    for (_, read) in std::mem::take(&mut join.files) {
        let root = read.root.clone();
        let noted = read.facts.noted("module").to_vec();
        let count = read.facts.records.len();
        let index = join.place_all(read);
        let Some(placed) = join.placed.get(index).filter(|_| count > 0) else { continue };
        match noted.split_first() {
            Some((release, depends)) => {
                modules.insert((root, release.clone(), placed.record.name.clone()), index);
                wanting.push((index, release.clone(), depends.to_vec()));
            }
            None => {
                // A kernel lies in /boot, or beside its modules.
                kernels.insert((root, placed.record.version.clone()), index);
            }
        }
    }
    for (index, release, depends) in wanting {
        let Some(root) = join.placed.get(index).map(|p| p.root.clone()) else { continue };
        let mut needs: Vec<usize> = depends
            .iter()
            .filter_map(|d| modules.get(&(root.clone(), release.clone(), d.replace('-', "_"))).copied())
            .collect();
        // A kernel's pattern begins at any directory, so that its root is the directory it lies in; that of a module may
        // end with the merged /usr.
        let root = root.strip_suffix("/usr").unwrap_or(&root);
        needs.extend(kernels.iter().find(|((at, r), _)| *r == release && at.starts_with(root)).map(|(_, i)| *i));
        if let Some(placed) = join.placed.get_mut(index) {
            placed.needs.extend(needs);
        }
    }
}

#[cfg(test)]
mod tests;
