//! A layer blob written once, its digests taken on the way.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flate2::{Compression as Level, GzBuilder};
use plimsoll_oci::{Descriptor, Digest, media_type};

use crate::HashingWriter;

/// What compresses, for an annotation: the same bytes come out only of the same compressor.
pub const COMPRESSOR: &str = "gzip zlib-rs 0.6 level 6";
const LEVEL: u32 = 6;
/// The compressor is fed blocks of this size, so that its output cannot depend on how the caller cuts its writes.
const BLOCK: usize = 128 * 1024;

/// Compresses with gzip what is written (header without time or name, OS 255), and takes both digests.
pub struct BlobWriter<W: Write> {
    outer: HashingWriter<GzEncoder<HashingWriter<W>>>,
    block: Vec<u8>,
}

/// A finished layer blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenBlob {
    /// Descriptor of the compressed blob.
    pub descriptor: Descriptor,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Size of the uncompressed tar.
    pub size: u64,
}

impl<W: Write> BlobWriter<W> {
    /// Writes the compressed bytes to `inner`.
    pub fn new(inner: W) -> Self {
        let gzip = GzBuilder::new().mtime(0).operating_system(255).write(HashingWriter::new(inner), Level::new(LEVEL));
        Self { outer: HashingWriter::new(gzip), block: Vec::with_capacity(BLOCK) }
    }

    /// Ends the stream.
    pub fn finish(mut self) -> io::Result<(W, WrittenBlob)> {
        self.outer.write_all(&self.block)?;
        let (gzip, diff_id, size) = self.outer.finish();
        let (mut inner, digest, stored) = gzip.finish()?.finish();
        inner.flush()?;
        let descriptor = Descriptor::new(media_type::LAYER_GZIP, digest, stored);
        Ok((inner, WrittenBlob { descriptor, diff_id, size }))
    }
}

impl<W: Write> Write for BlobWriter<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = buf.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&buf[..n]);
        if self.block.len() == BLOCK {
            self.outer.write_all(&self.block)?;
            self.block.clear();
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Flushing the compressor would put a marker into the stream, and the bytes would depend on when it was called.
        Ok(())
    }
}
