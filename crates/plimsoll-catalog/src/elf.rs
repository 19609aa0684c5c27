//! Executables and libraries as catalogers need them: named sections and loaded segments of ELF, PE and Mach-O files, and
//! the custom sections of WebAssembly modules. Nothing but headers is read, so that the thousands of libraries that hold
//! no evidence cost microseconds.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64, PF_W, PF_X, PT_LOAD, SHT_NOBITS};
use object::macho::{MachHeader32, MachHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::macho::{FatArch, MachHeader, MachOFatFile32, Section as _, Segment as _};
use object::read::pe::{ImageNtHeaders, PeFile, PeFile32, PeFile64};
use object::read::{Object, SectionIndex};

use crate::cataloger::Format;

/// The most sections, segments and architectures of one file that are looked at. Kernel objects have some thousands.
const MAX_SECTIONS: usize = 65_536;
const MAX_ARCHITECTURES: usize = 30;
/// The longest name that is told apart.
const MAX_NAME: usize = 64;

/// A library with more bytes than this is not held whole only because its code and its constants share a segment.
const HUGE: u64 = 48 << 20;
/// What is held of such a segment: headers and notes.
const HELD: u64 = 1 << 20;

/// Where the code of an ELF file of `size` bytes lies, from its first bytes: offsets of segments that are executed and hold
/// nothing else, in rising order, none overlapping. Empty where the headers do not say, and where a packer has put
/// everything into the code. Where code and constants share a segment, only a huge file is cut, and none of Go's, whose
/// first segment is all code but whose list may lie anywhere; a list of crates in what was cut is told as unreadable.
pub(crate) fn code(head: &[u8], size: u64) -> Vec<(usize, usize)> {
    fn of<H: FileHeader<Endian = Endianness>>(head: &[u8], size: u64) -> Option<Vec<(usize, usize)>> {
        let header = H::parse(head).ok()?;
        let endian = header.endian().ok()?;
        let mut loaded: Vec<(u64, u64, bool)> = Vec::new();
        for segment in header.program_headers(endian, head).ok()? {
            if segment.p_type(endian) == PT_LOAD {
                let (from, length) = segment.file_range(endian);
                loaded.push((from, from.checked_add(length)?, segment.p_flags(endian).contains(PF_X)));
            }
        }
        loaded.sort_unstable();
        let apart = loaded.windows(2).all(|w| w[0].1 <= w[1].0) && loaded.last().is_some_and(|l| l.1 <= size);
        if !apart {
            return None;
        }
        // Where the first segment, which holds the headers, is executed, code and data were not kept apart.
        if let Some((0, end, true)) = loaded.first() {
            let is_go = memchr::memmem::find(head, b"\0\0\0Go\0\0").is_some();
            let cut = size > HUGE && !is_go && *end > HELD;
            return cut.then(|| Some(vec![(usize::try_from(HELD).ok()?, usize::try_from(*end).ok()?)])).flatten();
        }
        let code = loaded.into_iter().filter(|(_, _, executed)| *executed);
        code.map(|(from, to, _)| Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))).collect()
    }
    if Format::of(head) != Some(Format::Elf) || memchr::memmem::find(head, b"UPX!").is_some() {
        return Vec::new();
    }
    let found = match head.get(4) {
        Some(1) => of::<FileHeader32<Endianness>>(head, size),
        Some(2) => of::<FileHeader64<Endianness>>(head, size),
        _ => None,
    };
    found.unwrap_or_default()
}

/// One architecture of an executable.
#[derive(Debug, Default)]
pub(crate) struct Executable<'a> {
    /// Where its bytes lie in memory, by address.
    pub(crate) segments: Vec<Segment<'a>>,
    /// Whether it is a PE file, whose sections have no names that tell.
    pub(crate) is_pe: bool,
    sections: Vec<Section<'a>>,
}

/// A named section.
#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    name: &'a [u8],
    data: &'a [u8],
}

/// Bytes of the file that are loaded at an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// The address of its first byte.
    pub(crate) address: u64,
    /// Its bytes as the file holds them.
    pub(crate) data: &'a [u8],
    /// Whether the program may change it.
    pub(crate) writable: bool,
}

impl<'a> Executable<'a> {
    /// The bytes of the first section with a name.
    pub(crate) fn section(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.sections.iter().find(|s| s.name == name).map(|s| s.data)
    }

    /// An executable of which only loaded bytes are known.
    pub(crate) fn of_segments(segments: impl Iterator<Item = (u64, &'a [u8])>) -> Self {
        let segments = segments.map(|(address, data)| Segment { address, data, writable: true });
        Self { segments: segments.collect(), ..Self::default() }
    }

    /// Whether it names any sections; packed and stripped ones do not.
    pub(crate) fn has_sections(&self) -> bool {
        self.sections.iter().any(|s| !s.name.is_empty())
    }

    /// `length` bytes at an address.
    pub(crate) fn at(&self, address: u64, length: u64) -> Option<&'a [u8]> {
        let found = self.segments.iter().find_map(|s| {
            let from = usize::try_from(address.checked_sub(s.address)?).ok()?;
            let to = from.checked_add(usize::try_from(length).ok()?)?;
            s.data.get(from..to)
        });
        found.filter(|_| length > 0)
    }
}

/// The architectures of an executable; more than one only in universal Mach-O files. What cannot be read is none.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Executable<'_>> {
    let one = match Format::of(bytes) {
        Some(Format::Elf) => elf(bytes),
        Some(Format::Pe) => pe(bytes),
        Some(Format::MachO) if bytes.starts_with(&[0xca, 0xfe, 0xba, 0xbe]) => return universal(bytes),
        Some(Format::MachO) => macho(bytes),
        Some(Format::Wasm) => wasm(bytes),
        None => None,
    };
    one.into_iter().collect()
}

fn elf(bytes: &[u8]) -> Option<Executable<'_>> {
    match bytes.get(4) {
        Some(1) => elf_of::<FileHeader32<Endianness>>(bytes),
        Some(2) => elf_of::<FileHeader64<Endianness>>(bytes),
        _ => None,
    }
}

fn elf_of<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Executable<'_>> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let mut out = Executable::default();
    if let Ok(programs) = header.program_headers(endian, bytes) {
        let loaded = programs.iter().filter(|p| p.p_type(endian) == PT_LOAD).take(MAX_SECTIONS);
        out.segments.extend(loaded.filter_map(|p| {
            let data = p.data(endian, bytes).ok()?;
            let writable = p.p_flags(endian).0 & PF_W.0 != 0;
            Some(Segment { address: p.p_vaddr(endian).into(), data, writable })
        }));
    }
    if let Ok(table) = header.sections(endian, bytes) {
        let names = header.shstrndx(endian, bytes).ok().and_then(|i| table.section(SectionIndex(i as usize)).ok());
        let names = names.and_then(|s| s.data(endian, bytes).ok()).unwrap_or_default();
        let held = table.iter().filter(|s| s.sh_type(endian) != SHT_NOBITS).take(MAX_SECTIONS);
        out.sections.extend(held.filter_map(|s| {
            // A hostile table of names has no end; ours are short.
            let name = names.get(s.sh_name(endian) as usize..)?;
            let name = trimmed(name.get(..name.len().min(MAX_NAME)).unwrap_or_default());
            Some(Section { name, data: s.data(endian, bytes).ok()? })
        }));
    }
    Some(out)
}

fn pe(bytes: &[u8]) -> Option<Executable<'_>> {
    if let Ok(file) = PeFile64::parse(bytes) {
        return Some(pe_of(&file, bytes));
    }
    PeFile32::parse(bytes).ok().map(|file| pe_of(&file, bytes))
}

fn pe_of<'a, P: ImageNtHeaders>(file: &PeFile<'a, P>, bytes: &'a [u8]) -> Executable<'a> {
    let mut out = Executable { is_pe: true, ..Executable::default() };
    let base = file.relative_address_base();
    for section in file.section_table().iter().take(MAX_SECTIONS) {
        let Ok(data) = section.pe_data(bytes) else { continue };
        let address = base.saturating_add(u64::from(section.virtual_address.get(object::LittleEndian)));
        let flags = section.characteristics.get(object::LittleEndian);
        let writable = flags.0 & object::pe::IMAGE_SCN_MEM_WRITE.0 != 0;
        out.sections.push(Section { name: trimmed(&section.name), data });
        out.segments.push(Segment { address, data, writable });
    }
    out
}

/// A name as far as the first zero.
fn trimmed(name: &[u8]) -> &[u8] {
    name.split(|&b| b == 0).next().unwrap_or_default()
}

fn universal(bytes: &[u8]) -> Vec<Executable<'_>> {
    let Ok(fat) = MachOFatFile32::parse(bytes) else { return Vec::new() };
    let parts = fat.arches().iter().take(MAX_ARCHITECTURES).filter_map(|arch| arch.data(bytes).ok());
    parts.filter(|part| !part.starts_with(&[0xca, 0xfe])).filter_map(macho).collect()
}

fn macho(bytes: &[u8]) -> Option<Executable<'_>> {
    // The magic number is written in the file's own order: its last byte tells the width where it comes last.
    match bytes.get(..4)? {
        [_, _, _, 0xcf] | [0xcf, ..] => macho_of::<MachHeader64<Endianness>>(bytes),
        _ => macho_of::<MachHeader32<Endianness>>(bytes),
    }
}

fn macho_of<H: MachHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Executable<'_>> {
    let header = H::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    let mut out = Executable::default();
    while let Ok(Some(command)) = commands.next() {
        let Ok(Some((segment, rest))) = H::Segment::from_command(command) else { continue };
        if let Ok(data) = segment.data(endian, bytes) {
            let writable = segment.name().starts_with(b"__DATA");
            out.segments.push(Segment { address: segment.vmaddr(endian).into(), data, writable });
        }
        for section in segment.sections(endian, rest).unwrap_or_default() {
            if out.sections.len() < MAX_SECTIONS
                && let Ok(data) = section.data(endian, bytes, section.offset(endian).into())
            {
                out.sections.push(Section { name: section.name(), data });
            }
        }
    }
    Some(out)
}

fn wasm(bytes: &[u8]) -> Option<Executable<'_>> {
    let mut out = Executable::default();
    let mut rest = bytes.get(8..)?;
    while let Some((&id, after)) = rest.split_first() {
        let (length, after) = leb128(after)?;
        let (content, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        if id == 0
            && let Some((length, content)) = leb128(content)
            && let Some((name, data)) = usize::try_from(length).ok().and_then(|l| content.split_at_checked(l))
        {
            out.sections.push(Section { name, data });
        }
        if out.sections.len() >= MAX_SECTIONS {
            break;
        }
        rest = after;
    }
    Some(out)
}

/// An unsigned number of at most 32 bits, seven of them in each byte.
fn leb128(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit ELF header and segments to load: offset, length in the file, flags.
    fn header(segments: &[(u64, u64, u32)]) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(16, 0);
        head.extend([3, 0, 62, 0, 1, 0, 0, 0]);
        head.extend([0; 8]);
        head.extend(64_u64.to_le_bytes());
        head.extend([0; 8]);
        head.extend([0; 4]);
        head.extend([64, 0, 56, 0, segments.len() as u8, 0, 64, 0, 0, 0, 0, 0]);
        for (offset, length, flags) in segments {
            head.extend(1_u32.to_le_bytes());
            head.extend(flags.to_le_bytes());
            head.extend([*offset, *offset, *offset, *length, *length, 4096].iter().flat_map(|n| n.to_le_bytes()));
        }
        head.resize(4096, 0);
        head
    }

    #[test]
    fn code_is_told_from_data() {
        let (r, x, w) = (4, 5, 6);
        let apart = header(&[(0, 8192, r), (8192, 4096, x), (12_288, 4096, r), (16_384, 100, w)]);
        assert_eq!(code(&apart, 20_000), [(8192, 12_288)]);
        assert!(code(&apart, 12_000).is_empty(), "a segment beyond the end");
        let mut packed = apart.clone();
        packed[400..404].copy_from_slice(b"UPX!");
        assert!(code(&packed, 20_000).is_empty());
        let shared = header(&[(0, 60 << 20, x), (60 << 20, 4096, w)]);
        assert!(code(&shared, 40 << 20).is_empty());
        assert_eq!(code(&shared, 61 << 20), [(1 << 20, 60 << 20)]);
        let mut go = shared.clone();
        go[500..512].copy_from_slice(b"\x04\0\0\0\x04\0\0\0Go\0\0");
        assert!(code(&go, 61 << 20).is_empty());
        for end in 0..apart.len() {
            let _ = code(&apart[..end], 20_000);
        }
    }

    #[test]
    fn custom_sections_of_a_module_are_found() {
        let module = b"\0asm\x01\0\0\0\x01\x01\0\x00\x0a\x07.dep-v0ab";
        let read = parse(module);
        assert_eq!(read[0].section(b".dep-v0"), Some(&b"ab"[..]));
        for end in 0..module.len() {
            let _ = parse(&module[..end]);
        }
    }

    #[test]
    fn this_program_has_sections_and_segments() {
        let Ok(path) = std::env::current_exe() else { return };
        #[expect(clippy::disallowed_methods, reason = "the test's own program is the nearest real executable")]
        let bytes = std::fs::read(path).unwrap();
        let read = parse(&bytes);
        assert!(!read.is_empty());
        for end in (0..4096).chain([bytes.len() / 2, bytes.len() - 1]) {
            let _ = parse(&bytes[..end.min(bytes.len())]);
        }
    }
}
