//! Decompression by magic bytes, under limits.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::{LayerError, Limits};

/// How a layer is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Plain tar.
    None,
    /// gzip, one or more members.
    Gzip,
    /// zstd, one or more frames.
    Zstd,
}

/// Largest zstd window accepted, as a power of two: 128 MiB, the reference decoder's own default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
const INPUT_BUFFER: usize = 128 * 1024;
const MAGIC_BYTES: usize = 6;

/// How the data that starts with `magic` (six bytes, fewer only at its end) is compressed. Formats no runtime has to
/// read are refused by name.
pub fn detect(magic: &[u8]) -> Result<Compression, LayerError> {
    match magic {
        [0x1f, 0x8b, ..] => Ok(Compression::Gzip),
        // A frame, or a skippable frame before it.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Compression::Zstd),
        [b'B', b'Z', b'h', ..] => Err(LayerError::Compression("bzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Err(LayerError::Compression("xz")),
        _ => Ok(Compression::None),
    }
}

/// A decompressed stream. Reading it ends in an error that carries a [`LayerError`] where a limit is crossed.
pub struct Decompressed<'a> {
    compression: Compression,
    reader: Box<dyn Read + Send + 'a>,
    stored: Arc<AtomicU64>,
    out: u64,
    limits: Limits,
}

impl Decompressed<'_> {
    /// What was detected.
    pub fn compression(&self) -> Compression {
        self.compression
    }
}

/// Decompresses `reader`, gzip, zstd or plain, told apart by its first bytes.
pub fn decompress<'a>(reader: impl Read + Send + 'a, limits: &Limits) -> Result<Decompressed<'a>, LayerError> {
    let stored = Arc::new(AtomicU64::new(0));
    let mut reader = Counted { inner: reader, count: Arc::clone(&stored) };
    let mut magic = [0; MAGIC_BYTES];
    let len = read_up_to(&mut reader, &mut magic)?;
    let compression = detect(&magic[..len])?;
    let whole = Cursor::new(magic).take(len as u64).chain(reader);
    let reader: Box<dyn Read + Send + 'a> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(INPUT_BUFFER, whole))),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(INPUT_BUFFER, whole))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    };
    Ok(Decompressed { compression, reader, stored, out: 0, limits: *limits })
}

fn read_up_to(reader: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buf.len() {
        match reader.read(&mut buf[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}

impl Read for Decompressed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buf)?;
        self.out += n as u64;
        let limit = |limit, max| Err(LayerError::Limit { limit, max }.into_io());
        if self.out > self.limits.max_layer_bytes {
            return limit("max_layer_bytes", self.limits.max_layer_bytes);
        }
        if self.compression != Compression::None && self.out > self.limits.ratio_floor {
            let stored = self.stored.load(Ordering::Relaxed).max(1);
            if self.out / stored > self.limits.max_ratio {
                return limit("max_ratio", self.limits.max_ratio);
            }
        }
        Ok(n)
    }
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
