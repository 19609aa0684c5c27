//! A deterministic tar writer: ustar, PAX records only where ustar cannot say it, no clock, no user names.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use crate::header::BLOCK;
use crate::path::path_to_bytes;
use crate::{Entry, EntryKind, LayerError};

/// Name of every PAX header: without process id or path, so that equal members give equal bytes.
const PAX_NAME: &[u8] = b"././@PaxHeader";
const MAX_OCTAL_11: u64 = 0o777_7777_7777;
const MAX_OCTAL_7: u64 = 0o777_7777;

/// Writes members in the order they are given; the caller sorts.
pub struct TarWriter<W> {
    inner: W,
}

impl<W: Write> TarWriter<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner }
    }

    /// Writes one member; `data` must give exactly `entry.size` bytes if it is a file and is not read otherwise.
    pub fn append(&mut self, entry: &Entry, data: &mut dyn Read) -> Result<(), LayerError> {
        let wrong = |why| LayerError::Write { path: entry.path.clone(), why };
        let mut name = path_to_bytes(&entry.path);
        if name.first() != Some(&b'/') {
            return Err(wrong("the path is not absolute"));
        }
        if name.contains(&0) || name[1..].split(|b| *b == b'/').any(|p| p == b"..") {
            return Err(wrong("the path is not normalised"));
        }
        name.remove(0);
        if entry.kind == EntryKind::Directory {
            name.extend_from_slice(if name.is_empty() { b"./" } else { b"/" });
        }
        if name.is_empty() {
            return Err(wrong("the root can only be a directory"));
        }
        let (flag, link, major, minor) = match &entry.kind {
            EntryKind::File => (b'0', Vec::new(), 0, 0),
            EntryKind::HardLink { target } => {
                let target = path_to_bytes(target);
                (b'1', target.strip_prefix(b"/").unwrap_or(&target).to_vec(), 0, 0)
            }
            EntryKind::Symlink { target } => (b'2', path_to_bytes(target), 0, 0),
            EntryKind::Character { major, minor } => (b'3', Vec::new(), *major, *minor),
            EntryKind::Block { major, minor } => (b'4', Vec::new(), *major, *minor),
            EntryKind::Directory => (b'5', Vec::new(), 0, 0),
            EntryKind::Fifo => (b'6', Vec::new(), 0, 0),
        };
        if matches!(flag, b'1' | b'2') && (link.is_empty() || link.contains(&0)) {
            return Err(wrong("the link has no usable target"));
        }
        let size = if flag == b'0' { entry.size } else { 0 };
        let mut pax: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let (prefix, short) = split_name(&name).unwrap_or_else(|| {
            pax.insert(b"path".to_vec(), name.clone());
            (&[], &name[..name.len().min(100)])
        });
        if link.len() > 100 {
            pax.insert(b"linkpath".to_vec(), link.clone());
        }
        let mut fit = |key: &str, value: u64, max: u64| {
            if value > max {
                pax.insert(key.into(), value.to_string().into_bytes());
                return 0;
            }
            value
        };
        let uid = fit("uid", entry.uid.into(), MAX_OCTAL_7);
        let gid = fit("gid", entry.gid.into(), MAX_OCTAL_7);
        let octal_size = fit("size", size, MAX_OCTAL_11);
        if u64::from(major.max(minor)) > MAX_OCTAL_7 {
            return Err(wrong("a device number does not fit"));
        }
        let mtime = u64::try_from(entry.mtime).ok().filter(|t| *t <= MAX_OCTAL_11).unwrap_or_else(|| {
            pax.insert(b"mtime".to_vec(), entry.mtime.to_string().into_bytes());
            0
        });
        for (key, value) in &entry.xattrs {
            let key = path_to_bytes(key);
            if key.is_empty() || key.contains(&b'=') || key.contains(&0) {
                return Err(wrong("an extended attribute's name cannot be written"));
            }
            pax.insert([b"SCHILY.xattr.".as_slice(), &key].concat(), value.clone());
        }
        if !pax.is_empty() {
            let body: Vec<u8> = pax.iter().flat_map(|(key, value)| record(key, value)).collect();
            let header = Fields { mode: 0o644, size: body.len() as u64, ..Fields::new(b'x', PAX_NAME) };
            self.inner.write_all(&header.block())?;
            self.inner.write_all(&body)?;
            self.pad(body.len() as u64)?;
        }
        let header = Fields {
            prefix,
            link: &link[..link.len().min(100)],
            mode: entry.mode & 0o7777,
            uid,
            gid,
            size: octal_size,
            mtime,
            major,
            minor,
            ..Fields::new(flag, short)
        };
        self.inner.write_all(&header.block())?;
        if io::copy(&mut data.take(size), &mut self.inner)? != size {
            return Err(wrong("the content is shorter than its size"));
        }
        self.pad(size)
    }

    fn pad(&mut self, size: u64) -> Result<(), LayerError> {
        let over = (size % BLOCK as u64) as usize;
        if over != 0 {
            self.inner.write_all(&[0; BLOCK][over..])?;
        }
        Ok(())
    }

    /// Ends the archive and gives the writer back.
    pub fn finish(mut self) -> Result<W, LayerError> {
        self.inner.write_all(&[0; 2 * BLOCK])?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

/// ustar's prefix and name, or `None` if no slash splits `name` so that both fit.
fn split_name(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= 100 {
        return Some((&[], name));
    }
    // The name part must not be empty, so a directory's closing slash does not split.
    let last = name.len().min(156).min(name.len() - 1);
    let slash = name[..last].iter().rposition(|b| *b == b'/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (!prefix.is_empty() && rest.len() <= 100).then_some((prefix, rest))
}

/// `LENGTH KEY=VALUE\n`, the length counting itself.
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while rest + len.to_string().len() != len {
        len = rest + len.to_string().len();
    }
    [len.to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

struct Fields<'a> {
    flag: u8,
    name: &'a [u8],
    prefix: &'a [u8],
    link: &'a [u8],
    mode: u32,
    uid: u64,
    gid: u64,
    size: u64,
    mtime: u64,
    major: u32,
    minor: u32,
}

impl<'a> Fields<'a> {
    fn new(flag: u8, name: &'a [u8]) -> Self {
        Self { flag, name, prefix: b"", link: b"", mode: 0, uid: 0, gid: 0, size: 0, mtime: 0, major: 0, minor: 0 }
    }

    fn block(&self) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        block[..self.name.len()].copy_from_slice(self.name);
        octal(&mut block[100..108], self.mode.into());
        octal(&mut block[108..116], self.uid);
        octal(&mut block[116..124], self.gid);
        octal(&mut block[124..136], self.size);
        octal(&mut block[136..148], self.mtime);
        block[148..156].fill(b' ');
        block[156] = self.flag;
        block[157..157 + self.link.len()].copy_from_slice(self.link);
        block[257..265].copy_from_slice(b"ustar\x0000");
        octal(&mut block[329..337], self.major.into());
        octal(&mut block[337..345], self.minor.into());
        block[345..345 + self.prefix.len()].copy_from_slice(self.prefix);
        let sum: u64 = block.iter().map(|b| u64::from(*b)).sum();
        octal(&mut block[148..155], sum);
        block[155] = b' ';
        block
    }
}

/// Writes `value` as octal digits that fill `field` up to a closing NUL.
fn octal(field: &mut [u8], mut value: u64) {
    let Some((end, digits)) = field.split_last_mut() else { return };
    *end = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value & 7) as u8;
        value >>= 3;
    }
}
