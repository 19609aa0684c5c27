//! Facts taken from files as they pass.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use plimsoll_tree::{ContentId, ContentSink};

use crate::assemble::FactsByContent;
use crate::cataloger::{CATALOGERS, Evidence};
use crate::elf;
use crate::evidence::{self, HEAD, Mode};
use crate::facts::{Facts, File};

/// Buffers larger than this are given back after use.
const KEEP: usize = 8 << 20;
/// Files larger than this are held one at a time, however many layers are read at once: they decide how much memory is
/// needed at the most.
const LARGE: u64 = 4 << 20;
static ONE_LARGE: Mutex<()> = Mutex::new(());
/// How much of a large executable tells where its code is.
const CODE_HEAD: u64 = 4096;

/// What one cataloger read in a file, and what made the file its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    /// Index of the cataloger in [`CATALOGERS`].
    pub(crate) cataloger: u16,
    /// Index of the pattern in its evidence.
    pub(crate) which: u16,
    /// The root file system the file belongs to.
    pub(crate) root: String,
    /// What was read.
    pub(crate) facts: Facts,
}

impl Extracted {
    /// Makes these the facts of another name of the same file. `false` if that name is not evidence of them.
    pub(crate) fn renamed(&mut self, path: &str) -> bool {
        let pattern = CATALOGERS.get(usize::from(self.cataloger)).and_then(|c| c.evidence.get(usize::from(self.which)));
        if matches!(pattern, Some(Evidence::Executable { .. })) {
            return true;
        }
        let matches = evidence::by_path(path, Mode::Directory);
        match matches.iter().find(|m| m.cataloger == usize::from(self.cataloger)) {
            Some(found) => {
                self.which = found.which as u16;
                found.root.clone_into(&mut self.root);
                true
            }
            None => false,
        }
    }
}

/// Reads evidence, one file after the other, into a buffer of its own.
#[derive(Debug, Default)]
pub struct Extractor {
    mode: Mode,
    buffer: Vec<u8>,
}

impl Extractor {
    /// A reader of the evidence of an image or a directory.
    pub fn new(mode: Mode) -> Self {
        Self { mode, buffer: Vec::new() }
    }

    /// Whether the file at `path` may be evidence, by its name or by what its first bytes will say.
    fn wants(&self, path: &str, size: u64) -> bool {
        evidence::might_be_executable(size) || !evidence::by_path(path, self.mode).is_empty()
    }

    /// Reads the file at `path` as far as the catalogers need it: not at all where its name and first bytes say nothing,
    /// whole where they do, or the beginning where that is enough. `data` gives exactly `size` bytes; what is left of them
    /// is the caller's to skip. Fails only where `data` does.
    pub fn read(&mut self, path: &str, size: u64, data: &mut dyn Read) -> io::Result<Vec<Extracted>> {
        self.read_and(path, size, data, None)
    }

    /// [`Extractor::read`], handing the whole file on to `then`, if that is given.
    fn read_and(
        &mut self,
        path: &str,
        size: u64,
        data: &mut dyn Read,
        then: Option<&mut dyn FnMut(&mut dyn Read) -> io::Result<()>>,
    ) -> io::Result<Vec<Extracted>> {
        let mut matches = evidence::by_path(path, self.mode);
        let named = !matches.is_empty();
        self.buffer.clear();
        if evidence::might_be_executable(size) {
            data.take(HEAD as u64).read_to_end(&mut self.buffer)?;
            matches.extend(evidence::by_head(&self.buffer));
        }
        matches.sort_by_key(|m| (m.cataloger, m.which));
        matches.dedup_by_key(|m| m.cataloger);
        let enough = matches.iter().map(|m| if m.head || size <= m.limit { size.min(m.limit) } else { 0 }).max();
        let more = enough.unwrap_or_default().saturating_sub(self.buffer.len() as u64);
        let _alone = (more > LARGE).then(|| ONE_LARGE.lock().unwrap_or_else(PoisonError::into_inner));
        if more > LARGE && !named && then.is_none() {
            self.read_without_code(size, data)?;
        } else if more > 0 {
            data.take(more).read_to_end(&mut self.buffer)?;
        }
        if let Some(then) = then {
            then(&mut self.buffer.chain(data))?;
        }
        if matches.is_empty() {
            return Ok(Vec::new());
        }
        let read = matches.into_iter().map(|m| {
            let mut facts = Facts::default();
            if m.head || size <= m.limit {
                let most = usize::try_from(m.limit).unwrap_or(usize::MAX).min(self.buffer.len());
                let bytes = self.buffer.get(..most).unwrap_or_default();
                let file = File { path, root: m.root, which: m.which, bytes };
                (CATALOGERS[m.cataloger].read)(&file, &mut facts);
            } else {
                facts.trouble(None, format!("{size} bytes are more than the {} that are read", m.limit));
            }
            Extracted { cataloger: m.cataloger as u16, which: m.which as u16, root: m.root.to_owned(), facts }
        });
        let read = read.filter(|e| !e.facts.is_empty()).collect();
        if self.buffer.capacity() > KEEP {
            self.buffer = Vec::new();
        }
        Ok(read)
    }

    /// Reads a large executable that only its format makes evidence. Its code stands as zeros, which take no memory as long
    /// as nobody writes them: what catalogers look for is data.
    fn read_without_code(&mut self, size: u64, data: &mut dyn Read) -> io::Result<()> {
        let head = CODE_HEAD.min(size).saturating_sub(self.buffer.len() as u64);
        data.take(head).read_to_end(&mut self.buffer)?;
        let code = elf::code(&self.buffer, size);
        if code.is_empty() {
            let left = size.saturating_sub(self.buffer.len() as u64);
            data.take(left).read_to_end(&mut self.buffer)?;
            return Ok(());
        }
        let mut whole = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        let mut at = self.buffer.len();
        whole[..at].copy_from_slice(&self.buffer);
        for (from, to) in code {
            let (from, to) = (from.max(at), to.min(whole.len()));
            if from < to {
                data.read_exact(&mut whole[at..from])?;
                io::copy(&mut data.take((to - from) as u64), &mut io::sink())?;
                at = to;
            }
        }
        data.read_exact(&mut whole[at..])?;
        self.buffer = whole;
        Ok(())
    }
}

/// Takes the facts of files on their way to another sink.
#[derive(Debug)]
pub struct Extracting<S> {
    /// Where the contents go.
    pub inner: S,
    /// The facts so far.
    pub facts: FactsByContent,
    extractor: Extractor,
    path: String,
    passes_on: bool,
}

impl<S: ContentSink> Extracting<S> {
    /// Facts of what goes to `inner`, and of everything else that is evidence.
    pub fn new(inner: S) -> Self {
        Self::with(inner, Mode::Image)
    }

    /// The same for a directory, where lock files count.
    pub fn of_directory(inner: S) -> Self {
        Self::with(inner, Mode::Directory)
    }

    fn with(inner: S, mode: Mode) -> Self {
        let facts = FactsByContent::new();
        Self { inner, facts, extractor: Extractor::new(mode), path: String::new(), passes_on: false }
    }
}

impl<S: ContentSink> ContentSink for Extracting<S> {
    fn wants(&mut self, path: &str, size: u64) -> bool {
        self.passes_on = self.inner.wants(path, size);
        self.path.clear();
        self.path.push_str(path);
        self.passes_on || self.extractor.wants(path, size)
    }

    fn put(&mut self, id: ContentId, size: u64, data: &mut dyn Read) -> io::Result<()> {
        let mut pass_on = |data: &mut dyn Read| self.inner.put(id, size, data);
        let then: Option<&mut dyn FnMut(&mut dyn Read) -> io::Result<()>> =
            if self.passes_on { Some(&mut pass_on) } else { None };
        let read = self.extractor.read_and(&self.path, size, data, then)?;
        if !read.is_empty() {
            self.facts.insert(id, read);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_model_is_read() {
        let header = b"\x02\0\0\0\0\0\0\0{}";
        let size = 1u64 << 40;
        let mut data = header.chain(io::repeat(0)).take(size);
        let read = Extractor::new(Mode::Image).read("/m.safetensors", size, &mut data).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].facts.records[0].name, "m");
        assert!(size - data.limit() <= 32 << 20, "{}", size - data.limit());
    }
}
