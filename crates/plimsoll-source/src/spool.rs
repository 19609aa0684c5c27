//! File contents kept in memory up to a bound, then in an unlinked temporary file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use plimsoll_tree::{ContentId, ContentSink, Contents};

/// Keeps the contents that a predicate over (path, size) asks for: the first ones in memory, the rest in a file without a
/// name, which the system removes however the process ends.
pub struct SpoolContents<W> {
    wants: W,
    memory: Vec<u8>,
    memory_limit: usize,
    file: Option<File>,
    file_len: u64,
    file_limit: u64,
    blobs: HashMap<ContentId, Place>,
}

#[derive(Clone, Copy)]
enum Place {
    Memory { at: usize, len: usize },
    File { at: u64, len: usize },
}

impl<W: FnMut(&str, u64) -> bool> SpoolContents<W> {
    /// Keeps what `wants` names: `memory_limit` bytes in memory, then `file_limit` bytes in a temporary file.
    pub fn new(wants: W, memory_limit: usize, file_limit: u64) -> Self {
        Self { wants, memory: Vec::new(), memory_limit, file: None, file_len: 0, file_limit, blobs: HashMap::new() }
    }

    /// Bytes that went to the temporary file.
    pub fn spilled(&self) -> u64 {
        self.file_len
    }

    fn spill(&mut self, id: ContentId, size: u64, data: &mut dyn Read) -> io::Result<()> {
        let full = || io::Error::new(io::ErrorKind::StorageFull, "the contents exceed the spool's limit");
        if self.file_limit.saturating_sub(self.file_len) < size {
            return Err(full());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let at = self.file_len;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let n = match data.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            file.write_all(&buffer[..n])?;
            self.file_len += n as u64;
            if self.file_len > self.file_limit {
                return Err(full());
            }
        }
        let len = usize::try_from(self.file_len - at).map_err(|_| full())?;
        self.blobs.insert(id, Place::File { at, len });
        Ok(())
    }
}

impl<W: FnMut(&str, u64) -> bool> ContentSink for SpoolContents<W> {
    fn wants(&mut self, path: &str, size: u64) -> bool {
        (self.wants)(path, size)
    }

    fn put(&mut self, id: ContentId, size: u64, data: &mut dyn Read) -> io::Result<()> {
        let room = (self.memory_limit - self.memory.len()) as u64;
        if size > room {
            return self.spill(id, size, data);
        }
        let at = self.memory.len();
        let len = data.take(room).read_to_end(&mut self.memory)?;
        self.blobs.insert(id, Place::Memory { at, len });
        Ok(())
    }
}

impl<W: Send + Sync> Contents for SpoolContents<W> {
    fn get(&self, id: ContentId) -> io::Result<Option<Cow<'_, [u8]>>> {
        match (self.blobs.get(&id), &self.file) {
            (Some(Place::Memory { at, len }), _) => Ok(Some(Cow::Borrowed(&self.memory[*at..at + len]))),
            (Some(Place::File { at, len }), Some(file)) => {
                let mut bytes = vec![0; *len];
                file.read_exact_at(&mut bytes, *at)?;
                Ok(Some(Cow::Owned(bytes)))
            }
            _ => Ok(None),
        }
    }
}
