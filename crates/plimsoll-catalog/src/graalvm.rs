//! The bill of materials that GraalVM embeds in native images: a compressed CycloneDX document in the program's data,
//! which two exported symbols lead to.

use std::collections::HashMap;
use std::io::Read as _;

use object::LittleEndian as Le;
use object::elf::{FileHeader64, PT_LOAD, ProgramHeader64, SHT_DYNSYM, SHT_SYMTAB};
use object::read::elf::{FileHeader as _, ProgramHeader as _, Sym as _};
use plimsoll_version::purl::Purl;
use serde::Deserialize;

use crate::cataloger::{Cataloger, Evidence, Format, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "graalvm",
    about: "what GraalVM's native images say they are made of",
    evidence: &[Evidence::Executable { format: Format::Elf, limit: 1024 * MIB }],
    purls: &["maven"],
    gives: &[Gives::Licences, Gives::Dependencies],
    read,
    join: None,
};

/// The largest document that is read.
const MAX_DOCUMENT: u64 = 64 * MIB;

/// The most components of one document.
const MAX_COMPONENTS: usize = 50_000;

fn read(file: &File<'_>, out: &mut Facts) {
    // Two symbols among millions: no table is searched unless the longer name stands somewhere.
    if memchr::memmem::find(file.bytes, b"\0sbom_length\0").is_none() {
        return;
    }
    match embedded(file.bytes) {
        None => {}
        Some(Ok(document)) => components(&document, out),
        Some(Err(why)) => out.trouble(None, why),
    }
}

/// The document, if the program has the symbols of one.
fn embedded(bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let header = FileHeader64::<Le>::parse(bytes).ok()?;
    let sections = header.sections(Le, bytes).ok()?;
    let segments = header.program_headers(Le, bytes).ok()?;
    let (mut start, mut length) = (None, None);
    for kind in [SHT_DYNSYM, SHT_SYMTAB] {
        let Ok(symbols) = sections.symbols(Le, bytes, kind) else { continue };
        for symbol in symbols.iter() {
            match symbol.name(Le, symbols.strings()) {
                Ok(b"sbom") => start = Some(symbol.st_value(Le)),
                Ok(b"sbom_length") => length = Some(symbol.st_value(Le)),
                _ => {}
            }
        }
        if start.is_some() && length.is_some() {
            break;
        }
    }
    let (start, length) = (start?, length?);
    let length = at(bytes, segments, length).and_then(|b| b.first_chunk()).map(|b| u64::from_le_bytes(*b));
    let packed = length.and_then(|l| at(bytes, segments, start)?.get(..usize::try_from(l).ok()?));
    let Some(packed) = packed else {
        return Some(Err("its embedded bill of materials lies outside of the file".to_owned()));
    };
    let mut document = Vec::new();
    let result = flate2::bufread::GzDecoder::new(packed).take(MAX_DOCUMENT + 1).read_to_end(&mut document);
    Some(match result {
        Err(error) => Err(format!("its embedded bill of materials cannot be unpacked: {error}")),
        Ok(_) if document.len() as u64 > MAX_DOCUMENT => {
            Err(format!("its embedded bill of materials is larger than {MAX_DOCUMENT} bytes"))
        }
        Ok(_) => Ok(document),
    })
}

/// The bytes of the file from a virtual address on.
fn at<'b>(bytes: &'b [u8], segments: &[ProgramHeader64<Le>], address: u64) -> Option<&'b [u8]> {
    segments.iter().filter(|s| s.p_type(Le) == PT_LOAD).find_map(|s| {
        let within = address.checked_sub(s.p_vaddr(Le)).filter(|w| *w < s.p_filesz(Le))?;
        let start = usize::try_from(s.p_offset(Le)).ok()?;
        let end = start.checked_add(usize::try_from(s.p_filesz(Le)).ok()?)?.min(bytes.len());
        bytes.get(start.checked_add(usize::try_from(within).ok()?)?..end)
    })
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref", default)]
    reference: String,
    #[serde(default)]
    group: String,
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    purl: String,
    #[serde(default)]
    licenses: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    license: Option<License>,
    expression: Option<String>,
}

#[derive(Deserialize)]
struct License {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn", default)]
    depends_on: Vec<String>,
}

fn components(document: &[u8], out: &mut Facts) {
    let document: Document = match serde_json::from_slice(document) {
        Ok(document) => document,
        Err(error) => {
            out.trouble(None, format!("its embedded bill of materials cannot be read: {error}"));
            return;
        }
    };
    if document.components.len() > MAX_COMPONENTS {
        out.trouble(None, format!("its embedded bill of materials lists more than {MAX_COMPONENTS} components"));
    }
    let mut by_reference: HashMap<String, u32> = HashMap::new();
    for component in document.components.into_iter().take(MAX_COMPONENTS) {
        if component.name.trim().is_empty() {
            out.trouble(None, "its embedded bill of materials lists a component without a name; left out");
            continue;
        }
        by_reference.insert(component.reference.clone(), out.records.len() as u32);
        out.records.push(record(component));
    }
    for dependency in document.dependencies {
        let own = by_reference.get(&dependency.reference).copied();
        if let Some(record) = own.and_then(|i| out.records.get_mut(i as usize)) {
            let found = dependency.depends_on.iter().filter_map(|r| by_reference.get(r).copied());
            record.needs.extend(found.filter(|n| Some(*n) != own));
            record.needs.sort_unstable();
            record.needs.dedup();
        }
    }
}

fn record(component: Component) -> Record {
    let Component { group, name, version, purl, licenses, .. } = component;
    let parsed = purl.parse::<Purl>().ok();
    let ecosystem = parsed.as_ref().map_or(Ecosystem::Maven, |p| Ecosystem::of_purl_type(p.kind()));
    let made = || Purl::new("maven", &name).map(|p| p.with_namespace(&group).with_version(&version).to_string());
    let purl = parsed.map(|p| p.to_string()).or_else(|| made().ok()).unwrap_or_default();
    let names = licenses.into_iter().filter_map(|c| c.expression.or_else(|| c.license.and_then(|l| l.id.or(l.name))));
    Record {
        ecosystem,
        name: match (ecosystem, group.is_empty()) {
            (_, true) => name,
            (Ecosystem::Maven, _) => format!("{group}:{name}"),
            _ => format!("{group}/{name}"),
        },
        version,
        purl,
        licenses: names.flat_map(|n| license::list(&n)).collect(),
        declared: true,
        ..Record::default()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const DOCUMENT: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[
        {"type":"library","group":"io.netty","name":"netty-codec-http2","version":"4.1.76.Final","purl":"pkg:maven/io.netty/netty-codec-http2@4.1.76.Final","bom-ref":"a"},
        {"type":"library","group":"commons-validator","name":"commons-validator","version":"1.5.1","bom-ref":"b","licenses":[{"license":{"id":"Apache-2.0"}}]},
        {"type":"library","name":" "}],
        "dependencies":[{"ref":"a","dependsOn":["b","missing","a"]}]}"#;

    /// A program with one segment, the two symbols and the document, as the linker lays it out.
    fn program(document: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(document).unwrap();
        let packed = gzip.finish().unwrap();
        let strings = b"\0sbom\0sbom_length\0";
        const BASE: u64 = 0x40_0000;
        let (data, size) = (64 + 56, packed.len() as u64);
        let (symbols, strings_at) = (data + 8 + size, data + 8 + size + 3 * 24);
        let sections = strings_at + strings.len() as u64;
        let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let u16s = |out: &mut Vec<u8>, all: &[u16]| all.iter().for_each(|v| out.extend(v.to_le_bytes()));
        let u32s = |out: &mut Vec<u8>, all: &[u32]| all.iter().for_each(|v| out.extend(v.to_le_bytes()));
        let u64s = |out: &mut Vec<u8>, all: &[u64]| all.iter().for_each(|v| out.extend(v.to_le_bytes()));
        u16s(&mut out, &[3, 62]);
        u32s(&mut out, &[1]);
        u64s(&mut out, &[0, 64, sections]);
        u32s(&mut out, &[0]);
        u16s(&mut out, &[64, 56, 1, 64, 3, 0]);
        u32s(&mut out, &[PT_LOAD, 4]);
        u64s(&mut out, &[0, BASE, BASE, sections, sections, 4096]);
        u64s(&mut out, &[size]);
        out.extend(&packed);
        out.extend([0; 24]);
        for (name, address) in [(1, data + 8), (6, data)] {
            u32s(&mut out, &[name]);
            out.extend([0x11, 0, 1, 0]);
            u64s(&mut out, &[BASE + address, 8]);
        }
        out.extend(strings);
        out.extend([0; 64]);
        for (kind, offset, size, link, entry) in
            [(SHT_DYNSYM, symbols, 72, 2, 24), (3, strings_at, strings.len() as u64, 0, 0)]
        {
            u32s(&mut out, &[0, kind]);
            u64s(&mut out, &[0, 0, offset, size]);
            u32s(&mut out, &[link, 0]);
            u64s(&mut out, &[8, entry]);
        }
        out
    }

    fn facts(bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path: "/app", root: "", which: 0, bytes }, &mut out);
        out
    }

    #[test]
    fn reads_the_document() {
        let out = facts(&program(DOCUMENT.as_bytes()));
        let names: Vec<(&str, &str)> = out.records.iter().map(|r| (r.name.as_str(), r.purl.as_str())).collect();
        assert_eq!(
            names,
            [
                ("io.netty:netty-codec-http2", "pkg:maven/io.netty/netty-codec-http2@4.1.76.Final"),
                ("commons-validator:commons-validator", "pkg:maven/commons-validator/commons-validator@1.5.1"),
            ]
        );
        assert_eq!(out.records[0].needs, [1]);
        assert!(out.records.iter().all(|r| r.declared && r.ecosystem == Ecosystem::Maven));
        assert_eq!(out.records[1].licenses, ["Apache-2.0"]);
        assert_eq!(out.troubles.len(), 1, "the nameless one is told");
    }

    #[test]
    fn what_is_damaged_is_told() {
        let whole = program(DOCUMENT.as_bytes());
        assert_eq!(facts(&program(b"{")).troubles.len(), 1);
        let mut lying = whole.clone();
        lying[120..128].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(facts(&lying).troubles.len(), 1);
        for end in 0..whole.len() {
            facts(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            facts(&bytes);
        }
    }
}
