//! The floor: what reading an image costs at least. Each gzip layer of an OCI layout is decompressed, its tar headers
//! are walked, and the SHA-256 of the uncompressed stream is taken, on one thread, keeping nothing.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn main() -> ExitCode {
    let Some(layout) = std::env::args().nth(1) else {
        return fail("usage: floor OCI-LAYOUT");
    };
    match measure(Path::new(&layout)) {
        Ok((layers, entries, bytes)) => {
            say(&format!("{layers} layers, {entries} entries, {bytes} bytes"));
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a benchmark prints")]
fn fail(line: &str) -> ExitCode {
    eprintln!("{line}");
    ExitCode::FAILURE
}

fn measure(layout: &Path) -> std::io::Result<(usize, u64, u64)> {
    let json = |path: &Path| -> std::io::Result<Value> { Ok(serde_json::from_slice(&std::fs::read(path)?)?) };
    let blob = |digest: &Value| layout.join("blobs").join(digest.as_str().unwrap_or_default().replace(':', "/"));
    let index = json(&layout.join("index.json"))?;
    let manifest = json(&blob(&index["manifests"][0]["digest"]))?;
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let (mut entries, mut bytes) = (0, 0);
    for layer in &layers {
        let file = BufReader::with_capacity(1 << 17, std::fs::File::open(blob(&layer["digest"]))?);
        let (e, b) = walk(flate2::read::MultiGzDecoder::new(file))?;
        entries += e;
        bytes += b;
    }
    Ok((layers.len(), entries, bytes))
}

/// Walks tar headers block by block, hashing everything.
fn walk(mut stream: impl Read) -> std::io::Result<(u64, u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    let (mut entries, mut bytes, mut skip) = (0, 0, 0_u64);
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match stream.read(&mut buffer[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        if filled == 0 {
            break;
        }
        hash.update(&buffer[..filled]);
        bytes += filled as u64;
        let mut at = 0_u64;
        while at + 512 <= filled as u64 {
            if skip > 0 {
                let jump = skip.min(filled as u64 - at);
                skip -= jump;
                at += jump;
                continue;
            }
            let header = &buffer[at as usize..at as usize + 512];
            if header[0] != 0 {
                entries += 1;
                let octal = header[124..136].iter().take_while(|b| b.is_ascii_digit());
                let size = octal.fold(0_u64, |n, b| n.wrapping_mul(8).wrapping_add(u64::from(b - b'0')));
                skip = size.div_ceil(512) * 512;
            }
            at += 512;
        }
    }
    std::hint::black_box(hash.finalize());
    Ok((entries, bytes))
}
