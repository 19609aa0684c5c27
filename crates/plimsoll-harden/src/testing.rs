//! Small ELF files for tests.

/// What a test ELF file asks for.
#[derive(Default)]
pub(crate) struct ElfSpec<'a> {
    pub(crate) interpreter: Option<&'a str>,
    pub(crate) needed: &'a [&'a str],
    pub(crate) runpath: Option<&'a str>,
    pub(crate) soname: Option<&'a str>,
    pub(crate) rodata: &'a [u8],
}

/// A little-endian 64-bit x86-64 ELF file with program headers and no sections.
pub(crate) fn elf(spec: &ElfSpec<'_>) -> Vec<u8> {
    let mut strings = vec![0u8];
    let mut dynamic: Vec<(u64, u64)> = Vec::new();
    let mut string = |tag: u64, text: &str| {
        dynamic.push((tag, strings.len() as u64));
        strings.extend(text.bytes());
        strings.push(0);
    };
    spec.needed.iter().for_each(|n| string(1, n));
    spec.runpath.iter().for_each(|n| string(29, n));
    spec.soname.iter().for_each(|n| string(14, n));
    let headers = 64 + 56 * 3;
    let interpreter = spec.interpreter.map(|i| [i.as_bytes(), b"\0"].concat()).unwrap_or_default();
    let strings_at = headers + interpreter.len();
    let rodata_at = strings_at + strings.len();
    let dynamic_at = (rodata_at + spec.rodata.len()).next_multiple_of(8);
    dynamic.push((5, strings_at as u64));
    dynamic.push((10, strings.len() as u64));
    dynamic.push((0, 0));
    let end = dynamic_at + dynamic.len() * 16;
    let mut out = Vec::new();
    out.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    out.extend(3u16.to_le_bytes());
    out.extend(62u16.to_le_bytes());
    out.extend(1u32.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    out.extend(64u64.to_le_bytes());
    out.extend(0u64.to_le_bytes());
    out.extend(0u32.to_le_bytes());
    for n in [64u16, 56, 3, 64, 0, 0] {
        out.extend(n.to_le_bytes());
    }
    let mut segment = |kind: u32, at: usize, size: usize| {
        out.extend(kind.to_le_bytes());
        out.extend(4u32.to_le_bytes());
        for n in [at, at, at, size, size, 8] {
            out.extend((n as u64).to_le_bytes());
        }
    };
    segment(if interpreter.is_empty() { 0 } else { 3 }, headers, interpreter.len());
    segment(1, 0, end);
    segment(2, dynamic_at, dynamic.len() * 16);
    out.extend(&interpreter);
    out.extend(&strings);
    out.extend(spec.rodata);
    out.resize(dynamic_at, 0);
    for (tag, value) in dynamic {
        out.extend(tag.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out
}
