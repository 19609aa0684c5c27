//! Small results kept between runs, by the digest of what they were made from.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use plimsoll_oci::Digest;
use sha2::{Digest as _, Sha256};

/// The most that is kept; the oldest goes first.
const MAX_BYTES: u64 = 2 << 30;
/// The largest single entry that is read back.
const MAX_ENTRY: u64 = 512 << 20;
/// The most that an entry may unpack to.
const MAX_UNPACKED: u64 = 4 << 30;
const CHECKSUM: usize = 32;

/// A folder of entries. Each is written whole or not at all and carries a checksum; a damaged or foreign file is as good
/// as none. Whoever may write to the folder decides what is found in it, so it belongs to its user alone.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// The cache in `dir`, which is made when something is kept.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was kept under `key`.
    pub fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let path = self.path(key);
        if fs::metadata(&path).ok()?.len() > MAX_ENTRY {
            return None;
        }
        let stored = fs::read(&path).ok()?;
        let (sum, packed) = stored.split_at_checked(CHECKSUM)?;
        if Sha256::digest(packed).as_slice() != sum {
            return None;
        }
        let mut bytes = Vec::new();
        zstd::stream::read::Decoder::with_buffer(packed).ok()?.take(MAX_UNPACKED).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Keeps `bytes` under `key`.
    pub fn put(&self, key: &Digest, bytes: &[u8]) -> io::Result<()> {
        self.make()?;
        let packed = zstd::stream::encode_all(bytes, 1)?;
        let mut file = tempfile::Builder::new().prefix(".entry-").tempfile_in(&self.dir)?;
        file.write_all(&Sha256::digest(&packed))?;
        file.write_all(&packed)?;
        file.persist(self.path(key))?;
        self.trim()
    }

    fn make(&self) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.dir.join(format!("{}-{}", key.algorithm().name(), key.hex()))
    }

    fn trim(&self) -> io::Result<()> {
        let mut entries: Vec<(std::time::SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let data = entry.metadata()?;
            if data.is_file() {
                entries.push((data.modified()?, data.len(), entry.path()));
            }
        }
        let mut total: u64 = entries.iter().map(|(_, len, _)| len).sum();
        entries.sort();
        for (_, len, path) in entries {
            if total <= MAX_BYTES {
                break;
            }
            remove(&path)?;
            total -= len;
        }
        Ok(())
    }
}

/// Another run may have removed it already.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_damage_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("a/b"));
        let key = Digest::sha256(b"key");
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"value").unwrap();
        assert_eq!(cache.get(&key).as_deref(), Some(&b"value"[..]));
        let path = cache.path(&key);
        let stored = fs::read(&path).unwrap();
        for at in [0, CHECKSUM, stored.len() - 1] {
            let mut bad = stored.clone();
            bad[at] ^= 1;
            fs::write(&path, bad).unwrap();
            assert_eq!(cache.get(&key), None);
        }
        fs::write(&path, &stored[..10]).unwrap();
        assert_eq!(cache.get(&key), None);
        cache.put(&key, b"again").unwrap();
        assert_eq!(cache.get(&key).as_deref(), Some(&b"again"[..]));
    }
}
