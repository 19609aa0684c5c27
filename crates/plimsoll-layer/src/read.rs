//! A streaming tar reader.

use std::io::{self, BufRead, BufReader, Read, Seek};

use crate::header::{BLOCK, Header, c_string};
use crate::path::{normalise, normalise_link, path_from_bytes};
use crate::pax::{Pax, global_is_ambiguous};
use crate::sparse::{Sparse, field, old_gnu_parts, pairs, read_pax_1_0};
use crate::{Entry, EntryKind, LayerError, Limits};

const BUFFER: usize = 128 * 1024;

/// Reads an archive member by member. After [`TarReader::next_entry`] gave a file, `Read` gives its content, holes as
/// zeros; what is not read is skipped.
pub struct TarReader<R> {
    inner: BufReader<R>,
    skip: fn(&mut BufReader<R>, u64) -> io::Result<u64>,
    limits: Limits,
    /// Offset of the next byte to be read.
    at: u64,
    /// Stored bytes of the current member not read yet.
    remaining: u64,
    pad: u64,
    sparse: Option<Sparse>,
    headers: u64,
    expanded: u64,
    done: bool,
}

/// Extension headers met before the member they belong to.
#[derive(Default)]
struct Extensions {
    pax: Option<Pax>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl<R: Read> TarReader<R> {
    /// Reads the uncompressed archive `inner`.
    pub fn new(inner: R, limits: &Limits) -> Self {
        Self::with_skip(inner, limits, |reader, mut left| {
            let wanted = left;
            while left > 0 {
                let n = match reader.fill_buf() {
                    Ok(buffer) => (buffer.len() as u64).min(left),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => return Err(e),
                };
                if n == 0 {
                    break;
                }
                reader.consume(n as usize);
                left -= n;
            }
            Ok(wanted - left)
        })
    }

    fn with_skip(inner: R, limits: &Limits, skip: fn(&mut BufReader<R>, u64) -> io::Result<u64>) -> Self {
        Self {
            inner: BufReader::with_capacity(BUFFER, inner),
            skip,
            limits: *limits,
            at: 0,
            remaining: 0,
            pad: 0,
            sparse: None,
            headers: 0,
            expanded: 0,
            done: false,
        }
    }

    /// Offset of the next byte to be read: after [`TarReader::next_entry`], where the member's stored bytes begin.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Whether the current member is stored as it is, without holes.
    pub fn is_contiguous(&self) -> bool {
        self.sparse.is_none()
    }

    /// Reads what is left after the last member, so that a digest taken of the stream covers all of it.
    pub fn drain(&mut self) -> Result<(), LayerError> {
        self.remaining = 0;
        self.pad = 0;
        self.done = true;
        io::copy(&mut self.inner, &mut io::sink())?;
        Ok(())
    }

    /// The next member, or `None` at the archive's end: two blocks of zeros, or the stream's end between members.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, LayerError> {
        if self.done {
            return Ok(None);
        }
        self.finish_member()?;
        let mut extensions = Extensions::default();
        loop {
            let at = self.at;
            let Some(block) = self.header_block()? else {
                if extensions.pax.is_some() || extensions.name.is_some() || extensions.link.is_some() {
                    return Err(LayerError::Truncated { at, what: "an extension header without its member" });
                }
                self.done = true;
                return Ok(None);
            };
            self.headers += 1;
            if self.headers > self.limits.max_entries {
                return Err(LayerError::Limit { limit: "max_entries", max: self.limits.max_entries });
            }
            let header = Header::parse(&block, at)?;
            let bad = |why| LayerError::Malformed { at, why };
            match header.flag {
                b'x' => {
                    let body = self.extension(header.size)?;
                    extensions.pax = Some(Pax::parse(&body, self.limits.max_sparse_parts).map_err(bad)?);
                }
                b'g' => {
                    let body = self.extension(header.size)?;
                    if global_is_ambiguous(&body).map_err(bad)? {
                        return Err(bad("a global PAX header sets paths, sizes or owners, which runtimes ignore"));
                    }
                }
                b'L' => extensions.name = Some(c_string(&self.extension(header.size)?).to_vec()),
                b'K' => extensions.link = Some(c_string(&self.extension(header.size)?).to_vec()),
                _ => return self.member(header, &block, at, extensions).map(Some),
            }
        }
    }

    fn member(
        &mut self,
        header: Header,
        block: &[u8; BLOCK],
        at: u64,
        extensions: Extensions,
    ) -> Result<Entry, LayerError> {
        let bad = |why| LayerError::Malformed { at, why };
        let mut pax = extensions.pax.unwrap_or_default();
        let non_empty = |name: Option<Vec<u8>>| name.filter(|n| !n.is_empty());
        // A GNU long name wins over a PAX path, as it does where the layer will be unpacked.
        let mut name = non_empty(extensions.name).or(pax.path.take()).unwrap_or(header.name);
        let link = non_empty(extensions.link).or(pax.link.take()).unwrap_or(header.link);
        let mut flag = header.flag;
        if flag == 0 {
            flag = if name.ends_with(b"/") { b'5' } else { b'0' };
        }
        // Links, devices, directories and FIFOs have no content, whatever their size field says.
        let stored = if matches!(flag, b'1'..=b'6') { 0 } else { pax.size.unwrap_or(header.size) };
        self.remaining = stored;
        self.pad = padding(stored);
        let mut size = stored;
        if flag == b'S' {
            if !header.gnu {
                return Err(bad("a sparse member without GNU's magic"));
            }
            size = field(&block[483..495]).map_err(bad)?;
            let parts = self.old_gnu_map(block, at)?;
            self.sparse = Some(Sparse::new(parts, size, stored).map_err(bad)?);
        } else if matches!(flag, b'0' | b'7')
            && let Some(parts) = self.pax_map(&pax, at)?
        {
            if let Some(real) = pax.sparse.name.take() {
                name = real;
            }
            size = pax.sparse.size.unwrap_or(stored);
            self.sparse = Some(Sparse::new(parts, size, self.remaining).map_err(bad)?);
        }
        self.expanded = self.expanded.saturating_add(size);
        if self.expanded > self.limits.max_layer_bytes {
            return Err(LayerError::Limit { limit: "max_layer_bytes", max: self.limits.max_layer_bytes });
        }
        let (major, minor) = (header.major, header.minor);
        let kind = match flag {
            b'0' | b'7' | b'S' => EntryKind::File,
            b'1' => EntryKind::HardLink { target: normalise_link(&link, self.limits.max_path_bytes)? },
            b'2' => EntryKind::Symlink { target: self.symlink(&name, &link)? },
            b'3' => EntryKind::Character { major, minor },
            b'4' => EntryKind::Block { major, minor },
            b'5' => EntryKind::Directory,
            b'6' => EntryKind::Fifo,
            flag => return Err(LayerError::Type { at, flag }),
        };
        let owner = |id: i64, why| u32::try_from(id).map_err(|_| bad(why));
        Ok(Entry {
            path: normalise(&name, self.limits.max_path_bytes)?,
            kind,
            size,
            mode: header.mode,
            uid: owner(pax.uid.unwrap_or(header.uid), "uid is out of range")?,
            gid: owner(pax.gid.unwrap_or(header.gid), "gid is out of range")?,
            mtime: pax.mtime.unwrap_or(header.mtime),
            xattrs: pax.xattrs.into_iter().collect(),
        })
    }

    fn symlink(&self, name: &[u8], target: &[u8]) -> Result<String, LayerError> {
        if target.is_empty() {
            return Err(LayerError::path(name, "it is a symbolic link without a target"));
        }
        if target.len() > self.limits.max_path_bytes {
            return Err(LayerError::path(name, "it is a symbolic link with too long a target"));
        }
        Ok(path_from_bytes(target))
    }

    fn old_gnu_map(&mut self, block: &[u8; BLOCK], at: u64) -> Result<Vec<(u64, u64)>, LayerError> {
        let bad = |why| LayerError::Malformed { at, why };
        let max = self.limits.max_sparse_parts;
        let mut parts = Vec::new();
        let mut more = old_gnu_parts(&block[386..482], &mut parts, max).map_err(bad)?;
        let mut extended = block[482];
        while extended != 0 {
            let next = self.block("a sparse map")?;
            // Extension blocks that add nothing still have to end, and each costs the archive 512 bytes.
            if more {
                more = old_gnu_parts(&next[..504], &mut parts, max).map_err(bad)?;
            }
            extended = next[504];
        }
        Ok(parts)
    }

    fn pax_map(&mut self, pax: &Pax, at: u64) -> Result<Option<Vec<(u64, u64)>>, LayerError> {
        let bad = |why| LayerError::Malformed { at, why };
        let max = self.limits.max_sparse_parts;
        let sparse = &pax.sparse;
        match (sparse.major.as_deref(), sparse.minor.as_deref(), &sparse.map) {
            (None, None, None) => Ok(None),
            (None, None, Some(map)) | (Some(b"0"), Some(b"0" | b"1"), Some(map)) => {
                pairs(map, max).map(Some).map_err(bad)
            }
            (Some(b"0"), Some(b"0" | b"1"), None) => Ok(Some(Vec::new())),
            (Some(b"1"), Some(b"0"), _) => {
                let next = || {
                    self.remaining =
                        self.remaining.checked_sub(BLOCK as u64).ok_or(bad("sparse map runs past the stored bytes"))?;
                    self.block("a sparse map")
                };
                read_pax_1_0(max, next, bad).map(Some)
            }
            _ => Err(bad("sparse format is unknown")),
        }
    }

    /// The body of an extension header, and the padding after it.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, LayerError> {
        if size > self.limits.max_header_bytes {
            return Err(LayerError::Limit { limit: "max_header_bytes", max: self.limits.max_header_bytes });
        }
        let at = self.at;
        let mut body = Vec::new();
        let n = self.inner.by_ref().take(size).read_to_end(&mut body)? as u64;
        self.at += n;
        if n < size {
            return Err(LayerError::Truncated { at, what: "an extension header" });
        }
        self.pad = padding(size);
        self.finish_member()?;
        Ok(body)
    }

    fn finish_member(&mut self) -> Result<(), LayerError> {
        self.sparse = None;
        let left = self
            .remaining
            .checked_add(self.pad)
            .ok_or(LayerError::Malformed { at: self.at, why: "a member's size is out of range" })?;
        (self.remaining, self.pad) = (0, 0);
        if left > 0 {
            let at = self.at;
            let skipped = (self.skip)(&mut self.inner, left)?;
            self.at += skipped;
            if skipped < left {
                return Err(LayerError::Truncated { at, what: "a member's content" });
            }
        }
        Ok(())
    }

    /// The next header block, or `None` at the archive's end.
    fn header_block(&mut self) -> Result<Option<[u8; BLOCK]>, LayerError> {
        let at = self.at;
        let Some(block) = self.try_block("a header")? else { return Ok(None) };
        if block.iter().any(|b| *b != 0) {
            return Ok(Some(block));
        }
        match self.try_block("the end marker")? {
            Some(second) if second.iter().any(|b| *b != 0) => {
                Err(LayerError::Malformed { at, why: "a lone block of zeros between members" })
            }
            _ => Ok(None),
        }
    }

    fn block(&mut self, what: &'static str) -> Result<[u8; BLOCK], LayerError> {
        self.try_block(what)?.ok_or(LayerError::Truncated { at: self.at, what })
    }

    fn try_block(&mut self, what: &'static str) -> Result<Option<[u8; BLOCK]>, LayerError> {
        let mut block = [0; BLOCK];
        let mut len = 0;
        while len < BLOCK {
            match self.inner.read(&mut block[len..]) {
                Ok(0) if len == 0 => return Ok(None),
                Ok(0) => return Err(LayerError::Truncated { at: self.at, what }),
                Ok(n) => {
                    len += n;
                    self.at += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(Some(block))
    }
}

impl<R: Read + Seek> TarReader<R> {
    /// Reads the uncompressed archive `inner`, seeking over what is not read. A member that runs past the end of the
    /// archive is then found only by comparing [`TarReader::position`] and size with the archive's length.
    pub fn seeking(inner: R, limits: &Limits) -> Self {
        Self::with_skip(inner, limits, |reader, n| {
            let offset = i64::try_from(n).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            reader.seek_relative(offset)?;
            Ok(n)
        })
    }
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut stored = Stored { inner: &mut self.inner, remaining: &mut self.remaining, at: &mut self.at };
        match &mut self.sparse {
            Some(sparse) => sparse.read(buf, stored),
            None => stored.read(buf),
        }
    }
}

/// The stored bytes of the current member.
struct Stored<'a, R> {
    inner: &'a mut BufReader<R>,
    remaining: &'a mut u64,
    at: &'a mut u64,
}

impl<R: Read> Read for Stored<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(usize::try_from(*self.remaining).unwrap_or(usize::MAX));
        if len == 0 {
            return Ok(0);
        }
        let n = self.inner.read(&mut buf[..len])?;
        if n == 0 {
            return Err(LayerError::Truncated { at: *self.at, what: "a member's content" }.into_io());
        }
        *self.remaining -= n as u64;
        *self.at += n as u64;
        Ok(n)
    }
}

fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}
