//! Finds Go's build information in an executable and reads it: the inline form of Go 1.18 and later, and the pointers
//! of those before.

use memchr::memmem;

use crate::elf::Executable;

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The information is aligned so; the magic elsewhere is a program that looks for it.
const ALIGN: usize = 16;
const HEADER: usize = 32;
/// The most modules and settings that are listed; the largest real programs have some thousands.
const MAX_LINES: usize = 100_000;
/// The longest text of modules and settings.
const MAX_TEXT: u64 = 64 << 20;

/// What an executable says of its build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// `go1.22.3`
    pub(crate) go_version: String,
    /// The main package: `github.com/a/b/cmd/c`.
    pub(crate) package: String,
    pub(crate) main: Option<Module>,
    pub(crate) deps: Vec<Module>,
    /// `-ldflags`, `vcs.revision`, `GOARCH` and so on.
    pub(crate) settings: Vec<(String, String)>,
}

impl Info {
    pub(crate) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) path: String,
    pub(crate) version: String,
    /// `h1:…`
    pub(crate) sum: String,
    pub(crate) replaced_by: Option<Box<Self>>,
}

pub(crate) enum Found {
    Nothing,
    Damaged,
    Info(Info),
}

/// Reads the build information of an executable.
pub(crate) fn find(executable: &Executable<'_>) -> Found {
    let named = executable.section(b".go.buildinfo").or_else(|| executable.section(b"__go_buildinfo"));
    if let Some(data) = named {
        return search(executable, data).unwrap_or(Found::Damaged);
    }
    // PE files keep it in their data; so do packed ones. An ELF or Mach-O file with sections would have named it.
    if executable.has_sections() && !executable.is_pe {
        return Found::Nothing;
    }
    let data = executable.segments.iter().filter(|s| s.writable);
    data.filter_map(|s| search(executable, s.data)).next().unwrap_or(Found::Nothing)
}

fn search(executable: &Executable<'_>, data: &[u8]) -> Option<Found> {
    let mut damaged = None;
    for at in memmem::find_iter(data, MAGIC).filter(|at| at % ALIGN == 0).take(64) {
        match data.get(at..).and_then(|d| decode(executable, d)) {
            Some(info) => return Some(Found::Info(info)),
            None => damaged = Some(Found::Damaged),
        }
    }
    damaged
}

fn decode(executable: &Executable<'_>, data: &[u8]) -> Option<Info> {
    let header = data.get(..HEADER)?;
    let (width, flags) = (*header.get(14)?, *header.get(15)?);
    let (version, modules) = if flags & 2 != 0 {
        let (version, rest) = inline(data.get(HEADER..)?)?;
        (version, inline(rest).map_or(&[][..], |(modules, _)| modules))
    } else {
        let pointers = Pointers { executable, width, big: flags & 1 != 0 };
        let at = |from: usize| pointers.number(header.get(from..)?);
        let version = pointers.string(at(16)?)?;
        let modules = at(16 + usize::from(width)).and_then(|p| pointers.string(p)).unwrap_or_default();
        (version, modules)
    };
    let go_version = text(version);
    if go_version.is_empty() || version.len() > 4096 {
        return None;
    }
    let mut info = Info { go_version, ..Info::default() };
    // The text stands between two marks of sixteen bytes by which a running program finds it in its own memory.
    if modules.len() >= 33
        && modules.get(modules.len() - 17) == Some(&b'\n')
        && let Some(modules) = modules.get(16..modules.len() - 16)
    {
        lines(modules, &mut info);
    }
    Some(info)
}

/// A string behind its length.
fn inline(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0u64;
    for (at, byte) in data.iter().take(5).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return data.get(at + 1..)?.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

struct Pointers<'e, 'a> {
    executable: &'e Executable<'a>,
    width: u8,
    big: bool,
}

impl<'a> Pointers<'_, 'a> {
    fn number(&self, bytes: &[u8]) -> Option<u64> {
        match (self.width, self.big) {
            (4, true) => Some(u32::from_be_bytes(*bytes.first_chunk()?).into()),
            (4, false) => Some(u32::from_le_bytes(*bytes.first_chunk()?).into()),
            (8, true) => Some(u64::from_be_bytes(*bytes.first_chunk()?)),
            (8, false) => Some(u64::from_le_bytes(*bytes.first_chunk()?)),
            _ => None,
        }
    }

    /// The string whose pointer and length stand at an address.
    fn string(&self, address: u64) -> Option<&'a [u8]> {
        let width = u64::from(self.width);
        let header = self.executable.at(address, 2 * width)?;
        let data = self.number(header)?;
        let length = self.number(header.get(usize::from(self.width)..)?)?;
        self.executable.at(data, length).filter(|_| length <= MAX_TEXT)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect()
}

fn lines(modules: &[u8], info: &mut Info) {
    let mut last_is_main = false;
    for line in modules.split(|&b| b == b'\n').take(MAX_LINES) {
        let mut fields = line.split(|&b| b == b'\t');
        let kind = fields.next().unwrap_or_default();
        let mut next = || fields.next().map(text).unwrap_or_default();
        match kind {
            b"path" => info.package = next(),
            b"mod" | b"dep" => {
                let module = Module { path: next(), version: next(), sum: next(), replaced_by: None };
                last_is_main = kind == b"mod";
                if last_is_main { info.main = Some(module) } else { info.deps.push(module) }
            }
            b"=>" => {
                let by = Module { path: next(), version: next(), sum: next(), replaced_by: None };
                let replaced = if last_is_main { info.main.as_mut() } else { info.deps.last_mut() };
                if let Some(module) = replaced {
                    module.replaced_by = Some(Box::new(by));
                }
            }
            b"build" => {
                let setting = next();
                if let Some((key, value)) = setting.split_once('=') {
                    info.settings.push((unquoted(key), unquoted(value)));
                }
            }
            _ => {}
        }
    }
}

/// A value as Go quotes it where it holds anything that would not stand in one line.
fn unquoted(value: &str) -> String {
    if let Some(raw) = value.strip_prefix('`').and_then(|v| v.strip_suffix('`')) {
        return raw.to_owned();
    }
    let Some(quoted) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else { return value.to_owned() };
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n' | 't' | 'r')) => out.push(' '),
            ('\\', Some(escaped)) => out.push(escaped),
            (c, _) => out.push(c),
        }
    }
    out
}
