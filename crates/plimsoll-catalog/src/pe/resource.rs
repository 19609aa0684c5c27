//! The version resource of a PE file (`VS_VERSIONINFO`), and whether it is a .NET assembly. Every offset is checked and
//! every list bounded.

/// The most sections, resources of one level and strings that are looked at.
const MAX_SECTIONS: usize = 96;
const MAX_ENTRIES: usize = 4096;
const MAX_STRINGS: usize = 64;

/// The resource type of version information.
const RT_VERSION: u32 = 16;

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// Keys and values of its first table of strings.
    pub(super) strings: Vec<(String, String)>,
    /// Whether it has a CLR header.
    pub(super) managed: bool,
}

/// Reads a file; `None` where it is no PE file or has no version resource.
pub(super) fn read(bytes: &[u8]) -> Option<Version> {
    let pe = Pe::read(bytes)?;
    let (start, length) = pe.directory(2)?;
    let resources = bytes.get(pe.offset(start)?..)?;
    let resources = resources.get(..resources.len().min(length as usize)).unwrap_or(resources);
    // Type, name, language: the first of each counts.
    let names = entry(resources, 0, |id| id == RT_VERSION).and_then(subdirectory)?;
    let languages = entry(resources, names, |_| true).and_then(subdirectory)?;
    let leaf = entry(resources, languages, |_| true).filter(|l| l & SUBDIRECTORY == 0)? as usize;
    let (data, size) = (u32_at(resources, leaf)?, u32_at(resources, leaf + 4)? as usize);
    let info = bytes.get(pe.offset(data)?..)?;
    let info = info.get(..info.len().min(size))?;
    let mut strings = Vec::new();
    walk(Node::read(info)?, 0, &mut strings);
    let managed = pe.directory(14).is_some();
    (!strings.is_empty()).then_some(Version { strings, managed })
}

struct Pe<'a> {
    bytes: &'a [u8],
    directories: usize,
    count: usize,
    sections: usize,
    section_count: usize,
}

impl<'a> Pe<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"MZ") {
            return None;
        }
        let header = u32_at(bytes, 0x3c)? as usize;
        if bytes.get(header..header.checked_add(4)?)? != b"PE\0\0" {
            return None;
        }
        let section_count = usize::from(u16_at(bytes, header + 6)?).min(MAX_SECTIONS);
        let optional_size = usize::from(u16_at(bytes, header + 20)?);
        let optional = header + 24;
        let directories = match u16_at(bytes, optional)? {
            0x10b => optional + 96,
            0x20b => optional + 112,
            _ => return None,
        };
        let count = u32_at(bytes, directories - 4)? as usize;
        Some(Self { bytes, directories, count: count.min(16), sections: optional + optional_size, section_count })
    }

    /// Address and size of a data directory that is there.
    fn directory(&self, index: usize) -> Option<(u32, u32)> {
        if index >= self.count {
            return None;
        }
        let at = self.directories + index * 8;
        let (start, size) = (u32_at(self.bytes, at)?, u32_at(self.bytes, at + 4)?);
        (start != 0 && size != 0).then_some((start, size))
    }

    /// Where in the file an address lies.
    fn offset(&self, address: u32) -> Option<usize> {
        (0..self.section_count).find_map(|index| {
            let at = self.sections + index * 40;
            let (size, start) = (u32_at(self.bytes, at + 8)?, u32_at(self.bytes, at + 12)?);
            let (raw_size, raw) = (u32_at(self.bytes, at + 16)?, u32_at(self.bytes, at + 20)?);
            let within = address.checked_sub(start).filter(|w| *w < size.max(raw_size))?;
            usize::try_from(raw.checked_add(within)?).ok()
        })
    }
}

/// The bit that says that an entry leads to another directory.
const SUBDIRECTORY: u32 = 1 << 31;

fn subdirectory(to: u32) -> Option<usize> {
    (to & SUBDIRECTORY != 0).then_some((to & !SUBDIRECTORY) as usize)
}

/// Where the first entry that fits leads, in the resource directory at `at`.
fn entry(resources: &[u8], at: usize, fits: impl Fn(u32) -> bool) -> Option<u32> {
    let count = usize::from(u16_at(resources, at + 12)?) + usize::from(u16_at(resources, at + 14)?);
    (0..count.min(MAX_ENTRIES)).find_map(|index| {
        let at = at + 16 + index * 8;
        fits(u32_at(resources, at)?).then(|| u32_at(resources, at + 4)).flatten()
    })
}

/// A node of the version information: length, length of the value, type, key, value, children.
struct Node<'a> {
    key: String,
    value: &'a [u8],
    children: &'a [u8],
    /// Its length with the padding behind it.
    length: usize,
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let length = usize::from(u16_at(bytes, 0)?);
        let value_length = usize::from(u16_at(bytes, 2)?);
        let is_text = u16_at(bytes, 4)? == 1;
        let body = bytes.get(..length.min(bytes.len()))?;
        let key_end = utf16_end(body, 6)?;
        let key = utf16(body.get(6..key_end)?);
        let value_at = align(key_end + 2);
        // Texts count in characters; some tools count bytes, and then the value ends at the node's end or its NUL.
        let value_size = if is_text { value_length * 2 } else { value_length };
        let rest = body.get(value_at.min(body.len())..)?;
        let value = rest.get(..value_size.min(rest.len()))?;
        let children = body.get(align(value_at + value_size).min(body.len())..)?;
        Some(Self { key, value, children, length: align(length) })
    }
}

/// `VS_VERSION_INFO`, `StringFileInfo`, the first table of it, its strings.
fn walk(node: Node<'_>, depth: usize, out: &mut Vec<(String, String)>) {
    let mut rest = node.children;
    while let Some(child) = Node::read(rest) {
        let length = child.length;
        match depth {
            0 if child.key == "StringFileInfo" => return walk(child, 1, out),
            1 => return walk(child, 2, out),
            2 if out.len() < MAX_STRINGS => {
                let end = utf16_end(child.value, 0).unwrap_or(child.value.len());
                out.push((child.key, utf16(child.value.get(..end).unwrap_or_default())));
            }
            0 => {}
            _ => return,
        }
        match rest.get(length..).filter(|_| length > 0) {
            Some(next) => rest = next,
            None => return,
        }
    }
}

fn align(at: usize) -> usize {
    at.next_multiple_of(4)
}

/// Where the text that begins at `from` has its NUL.
fn utf16_end(bytes: &[u8], from: usize) -> Option<usize> {
    let pairs = bytes.get(from..)?.chunks_exact(2).take(4096);
    pairs.into_iter().position(|pair| pair == [0, 0]).map(|at| from + at * 2)
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> =
        bytes.chunks_exact(2).filter_map(|p| <[u8; 2]>::try_from(p).ok()).map(u16::from_le_bytes).collect();
    String::from_utf16_lossy(&units)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    fn node(key: &str, value: &[u8], is_text: bool, children: &[Vec<u8>]) -> Vec<u8> {
        let mut body = text(key);
        let pad = |body: &mut Vec<u8>| body.resize((body.len() + 6).next_multiple_of(4) - 6, 0);
        pad(&mut body);
        body.extend(value);
        for child in children {
            pad(&mut body);
            body.extend(child);
        }
        let count = if is_text { value.len() / 2 } else { value.len() };
        let mut out = ((body.len() + 6) as u16).to_le_bytes().to_vec();
        out.extend((count as u16).to_le_bytes());
        out.extend(u16::from(is_text).to_le_bytes());
        out.extend(body);
        out
    }

    /// A PE32+ file with one section, which holds the version resource and nothing else.
    fn file(managed: bool) -> Vec<u8> {
        let strings = [("ProductName", "A B"), ("ProductVersion", "1.2.3+ab")];
        let strings: Vec<Vec<u8>> = strings.iter().map(|(k, v)| node(k, &text(v), true, &[])).collect();
        let table = node("040904b0", &[], true, &strings);
        let info = node("StringFileInfo", &[], true, &[table]);
        let info = node("VS_VERSION_INFO", &[0; 52], false, &[node("VarFileInfo", &[], true, &[]), info]);
        let mut section = Vec::new();
        for (id, to) in [(RT_VERSION, SUBDIRECTORY | 24), (1, SUBDIRECTORY | 48), (0x409, 72u32)] {
            section.extend([0; 12]);
            section.extend([0, 0, 1, 0]);
            section.extend(id.to_le_bytes());
            section.extend(to.to_le_bytes());
        }
        section.extend((0x1000u32 + 88).to_le_bytes());
        section.extend((info.len() as u32).to_le_bytes());
        section.extend([0; 8]);
        section.extend(info);
        let mut out = b"MZ".to_vec();
        out.resize(0x3c, 0);
        out.extend(0x40u32.to_le_bytes());
        out.extend(b"PE\0\0");
        out.extend([0x64, 0x86, 1, 0]);
        out.resize(0x40 + 20, 0);
        out.extend(240u16.to_le_bytes());
        out.resize(0x40 + 24, 0);
        out.extend(0x20bu16.to_le_bytes());
        out.resize(0x40 + 24 + 108, 0);
        out.extend(16u32.to_le_bytes());
        for index in 0..16u32 {
            let there = index == 2 || (index == 14 && managed);
            let size = section.len() as u32;
            out.extend(if there { 0x1000u32 } else { 0 }.to_le_bytes());
            out.extend(if there { size } else { 0 }.to_le_bytes());
        }
        let raw = out.len() as u32 + 40;
        out.extend(b".rsrc\0\0\0");
        for value in [section.len() as u32, 0x1000, section.len() as u32, raw, 0, 0, 0, 0] {
            out.extend(value.to_le_bytes());
        }
        out.extend(section);
        out
    }

    #[test]
    fn a_version_resource() {
        let found = read(&file(true)).unwrap();
        assert!(found.managed);
        assert_eq!(
            found.strings,
            [("ProductName".into(), "A B".into()), ("ProductVersion".into(), "1.2.3+ab".into())]
                as [(String, String); 2]
        );
        assert!(!read(&file(false)).unwrap().managed);
    }

    #[test]
    fn hostile() {
        let whole = file(true);
        for end in 0..whole.len() {
            read(&whole[..end]);
        }
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = whole.clone();
                broken[at] = value;
                read(&broken);
            }
        }
    }
}
