//! What an ELF file asks for: interpreter, libraries, search paths, and the names in its read-only data.

use std::collections::BTreeSet;

use object::elf;
use object::endian::Endianness;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};

/// Vendor note "FDO", type of `.note.dlopen`.
const NOTE_DLOPEN: u32 = 0x407c_0c0a;
/// Entries of a dynamic table that are read; real files have a few hundred.
const MAX_DYNAMIC: usize = 16_384;
/// Names taken from the read-only data of one file.
const MAX_STRINGS: usize = 65_536;
/// Longest file name or path that is looked at.
const MAX_NAME: usize = 1_024;

/// What an ELF file asks the dynamic loader, and itself at run time, for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// 64-bit class.
    pub wide: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `PT_INTERP`.
    pub interpreter: Option<String>,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED`, in order, then `DT_AUXILIARY` and `DT_FILTER`.
    pub needed: Vec<String>,
    /// `DT_RPATH`, split at colons; empty when `DT_RUNPATH` is there.
    pub rpath: Vec<String>,
    /// `DT_RUNPATH`, split at colons.
    pub runpath: Vec<String>,
    /// Library names of `.note.dlopen`.
    pub dlopen: Vec<String>,
    /// Read-only strings that look like the name of a shared library.
    pub library_names: BTreeSet<String>,
    /// Read-only strings that look like an absolute path.
    pub paths: BTreeSet<String>,
    /// Some part is malformed; what could be read is given.
    pub damaged: bool,
}

/// Whether `bytes` begin like an ELF file.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Reads an ELF file. `None` if it is not one. Total on hostile bytes: time is linear in their length.
pub fn read(bytes: &[u8]) -> Option<Elf> {
    if !is_elf(bytes) {
        return None;
    }
    match bytes.get(4) {
        Some(2) => Some(read_class::<elf::FileHeader64<Endianness>>(bytes)),
        Some(1) => Some(read_class::<elf::FileHeader32<Endianness>>(bytes)),
        _ => None,
    }
}

fn read_class<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Elf {
    let mut out = Elf::default();
    let Ok(header) = H::parse(bytes) else {
        return Elf { damaged: true, ..out };
    };
    let Ok(endian) = header.endian() else {
        return Elf { damaged: true, ..out };
    };
    out.wide = header.is_type_64();
    out.machine = header.e_machine(endian).0;
    let segments = header.program_headers(endian, bytes).unwrap_or_else(|_| {
        out.damaged = true;
        &[]
    });
    for segment in segments {
        match segment.p_type(endian) {
            elf::PT_INTERP => match segment.interpreter(endian, bytes) {
                Ok(Some(name)) => out.interpreter = text(name),
                _ => out.damaged = true,
            },
            elf::PT_DYNAMIC => match segment.dynamic(endian, bytes) {
                Ok(Some(table)) => read_dynamic::<H>(&mut out, bytes, endian, segments, table),
                _ => out.damaged = true,
            },
            elf::PT_NOTE => read_notes::<H>(&mut out, bytes, endian, segment),
            _ => {}
        }
    }
    read_strings::<H>(&mut out, bytes, endian, header, segments);
    out
}

fn read_dynamic<H: FileHeader<Endian = Endianness>>(
    out: &mut Elf,
    bytes: &[u8],
    endian: Endianness,
    segments: &[H::ProgramHeader],
    table: &[H::Dyn],
) {
    let entries: Vec<(elf::DynamicTag, u64)> = table
        .iter()
        .take(MAX_DYNAMIC)
        .map(|d| (d.d_tag(endian), d.d_val(endian).into()))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .collect();
    let value = |wanted| entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, v)| *v);
    let strings = value(elf::DT_STRTAB).and_then(|address| {
        segments.iter().filter(|s| s.p_type(endian) == elf::PT_LOAD).find_map(|s| {
            let start: u64 = s.p_vaddr(endian).into();
            let data = s.data(endian, bytes).ok()?;
            data.get(usize::try_from(address.checked_sub(start)?).ok()?..)
        })
    });
    let Some(strings) = strings else {
        out.damaged |= value(elf::DT_NEEDED).is_some();
        return;
    };
    let at = |offset: u64| {
        let rest = strings.get(usize::try_from(offset).ok()?..)?;
        let end = rest.iter().take(MAX_NAME).position(|b| *b == 0)?;
        text(&rest[..end])
    };
    let mut seen = BTreeSet::new();
    for (tag, offset) in &entries {
        let is_string = matches!(
            *tag,
            elf::DT_NEEDED | elf::DT_AUXILIARY | elf::DT_FILTER | elf::DT_SONAME | elf::DT_RPATH | elf::DT_RUNPATH
        );
        if !is_string {
            continue;
        }
        let Some(name) = at(*offset) else {
            out.damaged = true;
            continue;
        };
        match *tag {
            elf::DT_SONAME => out.soname = Some(name),
            elf::DT_RPATH => out.rpath = split_path(&name),
            elf::DT_RUNPATH => out.runpath = split_path(&name),
            _ if seen.insert(name.clone()) => out.needed.push(name),
            _ => {}
        }
    }
    if !out.runpath.is_empty() {
        out.rpath.clear();
    }
}

fn read_notes<H: FileHeader<Endian = Endianness>>(
    out: &mut Elf,
    bytes: &[u8],
    endian: Endianness,
    segment: &H::ProgramHeader,
) {
    let Ok(Some(mut notes)) = segment.notes(endian, bytes) else { return };
    while let Ok(Some(note)) = notes.next() {
        if note.name() != b"FDO" || note.n_type(endian).0 != NOTE_DLOPEN {
            continue;
        }
        let json = note.desc().split(|b| *b == 0).next().unwrap_or_default();
        let Ok(serde_json::Value::Array(entries)) = serde_json::from_slice(json) else {
            out.damaged = true;
            continue;
        };
        for entry in &entries {
            let names = entry.get("soname").and_then(|v| v.as_array());
            out.dlopen.extend(names.into_iter().flatten().filter_map(|v| v.as_str()).map(str::to_owned));
        }
    }
}

/// Strings of `.rodata` where sections are there, of every loaded segment otherwise.
fn read_strings<H: FileHeader<Endian = Endianness>>(
    out: &mut Elf,
    bytes: &[u8],
    endian: Endianness,
    header: &H,
    segments: &[H::ProgramHeader],
) {
    let mut found = false;
    if let Ok(sections) = header.sections(endian, bytes) {
        for section in sections.iter() {
            let name = sections.section_name(endian, section).unwrap_or_default();
            if (name == b".rodata" || name.starts_with(b".rodata.") || name == b".data.rel.ro")
                && let Ok(data) = section.data(endian, bytes)
            {
                found = true;
                scan(out, data);
            }
        }
    }
    if !found {
        for segment in segments.iter().filter(|s| s.p_type(endian) == elf::PT_LOAD).take(64) {
            if let Ok(data) = segment.data(endian, bytes) {
                scan(out, data);
            }
        }
    }
}

fn scan(out: &mut Elf, data: &[u8]) {
    for run in data.split(|b| *b == 0) {
        if run.len() < 5 || run.len() > MAX_NAME || out.library_names.len() + out.paths.len() >= MAX_STRINGS {
            continue;
        }
        if run[0] == b'/' && run.iter().all(|b| b.is_ascii_graphic()) {
            if let Some(path) = text(run) {
                out.paths.insert(path);
            }
        } else if run.starts_with(b"lib")
            && run.windows(3).any(|w| w == b".so")
            && run.iter().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(b))
            && let Some(name) = text(run)
        {
            out.library_names.insert(name);
        }
    }
}

fn split_path(text: &str) -> Vec<String> {
    text.split(':').filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

fn text(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    (!bytes.is_empty() && bytes.len() <= MAX_NAME).then(|| std::str::from_utf8(bytes).ok().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_library_request_and_strings() {
        let elf = crate::testing::elf(&crate::testing::ElfSpec {
            interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
            needed: &["libssl.so.3", "libc.so.6"],
            runpath: Some("$ORIGIN/../lib:/opt/lib"),
            soname: None,
            rodata: b"libz.so.1\0/usr/share/zoneinfo\0hello world\0",
        });
        let read = read(&elf).unwrap();
        assert!(!read.damaged && read.wide);
        assert_eq!(read.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(read.needed, ["libssl.so.3", "libc.so.6"]);
        assert_eq!(read.runpath, ["$ORIGIN/../lib", "/opt/lib"]);
        assert!(read.library_names.contains("libz.so.1"));
        assert!(read.paths.contains("/usr/share/zoneinfo"));
    }

    #[test]
    fn every_prefix_and_every_flipped_byte_is_survived() {
        let whole = crate::testing::elf(&crate::testing::ElfSpec {
            interpreter: Some("/lib/ld-musl-x86_64.so.1"),
            needed: &["libc.musl-x86_64.so.1"],
            ..Default::default()
        });
        for end in 0..whole.len() {
            let _ = read(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            let _ = read(&bytes);
        }
        assert_eq!(read(b"#!/bin/sh\n"), None);
    }
}
