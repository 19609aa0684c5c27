//! The memory map of the advisory index: the one place with unsafe code.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

/// Maps a file for reading.
#[expect(unsafe_code, reason = "mapping a file is unsafe in Rust's terms; see below")]
pub(crate) fn map(path: &Path) -> std::io::Result<Mmap> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    // SAFETY: the map is read-only and private to this process. Its bytes could change only if another process wrote the
    // same file in place; plimsoll never does (files are renamed into place), and the index is checksummed when it is
    // opened. Should somebody truncate the file, the process ends with SIGBUS: no decision is taken.
    unsafe { Mmap::map(&file) }
}
