//! Writes an OCI layout with one small gzip layer of very many empty files: what a hostile or careless image can hold.
//! The layer is streamed, so making it needs no memory to speak of.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Files in a folder.
const WIDE: u64 = 1000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [layout, count] = arguments.as_slice() else {
        return fail("usage: empty-files OCI-LAYOUT COUNT");
    };
    let Ok(count) = count.parse() else {
        return fail("the count is no number");
    };
    match write(Path::new(layout), count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "a benchmark prints")]
fn fail(line: &str) -> ExitCode {
    eprintln!("{line}");
    ExitCode::FAILURE
}

/// Passes everything on and keeps its digest and length.
struct Digesting<W> {
    inner: W,
    hash: Sha256,
    length: u64,
}

impl<W> Digesting<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), length: 0 }
    }

    fn finish(self) -> (W, String, u64) {
        let hex: String = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        (self.inner, hex, self.length)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.length += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn write(layout: &Path, count: u64) -> std::io::Result<()> {
    let blobs = layout.join("blobs/sha256");
    std::fs::create_dir_all(&blobs)?;
    let partial = layout.join("layer.partial");
    let file = BufWriter::with_capacity(1 << 17, std::fs::File::create(&partial)?);
    let gzip = GzEncoder::new(Digesting::new(file), Compression::fast());
    let mut tar = BufWriter::with_capacity(1 << 17, Digesting::new(gzip));
    for n in 0..count {
        if n % WIDE == 0 {
            tar.write_all(&header(&format!("srv/{:06}/", n / WIDE), b'5'))?;
        }
        tar.write_all(&header(&format!("srv/{:06}/{:03}", n / WIDE, n % WIDE), b'0'))?;
    }
    tar.write_all(&[0; 1024])?;
    let tar = tar.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let (gzip, plain, _) = tar.finish();
    let (mut file, digest, size) = gzip.finish()?.finish();
    file.flush()?;
    std::fs::rename(&partial, blobs.join(&digest))?;
    let config = blob(
        &blobs,
        "application/vnd.oci.image.config.v1+json",
        &json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{plain}")] },
        }),
    )?;
    let manifest = blob(
        &blobs,
        "application/vnd.oci.image.manifest.v1+json",
        &json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": format!("sha256:{digest}"), "size": size,
            }],
        }),
    )?;
    std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    std::fs::write(layout.join("index.json"), json!({ "schemaVersion": 2, "manifests": [manifest] }).to_string())
}

/// Writes a document as a blob and gives its descriptor.
fn blob(blobs: &Path, media_type: &str, document: &Value) -> std::io::Result<Value> {
    let mut out = Digesting::new(Vec::new());
    out.write_all(document.to_string().as_bytes())?;
    let (bytes, digest, size) = out.finish();
    std::fs::write(blobs.join(&digest), bytes)?;
    Ok(json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size }))
}

/// A ustar header of an empty file (`0`) or a folder (`5`).
fn header(name: &str, kind: u8) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, if kind == b'5' { b"0000755\0" } else { b"0000644\0" });
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, b"00000000000\0");
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
