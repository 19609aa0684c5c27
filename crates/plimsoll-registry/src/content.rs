//! Content on its way: what is pushed, and the check of what is pulled.

use std::path::PathBuf;

use bytes::Bytes;
use plimsoll_oci::{Algorithm, Descriptor, Digest};
use sha2::{Digest as _, Sha256, Sha512};

use crate::RegistryError;

/// What a blob is pushed from.
#[derive(Clone, Debug)]
pub enum Content {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file, streamed.
    File(PathBuf),
}

/// Called with the number of bytes moved so far and the total.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// A running digest.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(h) => h.update(bytes),
            Self::Sha512(h) => h.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Sha256(h) => Digest::from_sha256(h.finalize().into()),
            Self::Sha512(h) => {
                let hex: String = h.finalize().iter().map(|b| format!("{b:02x}")).collect();
                // Always well-formed: 64 bytes in lower-case hex.
                format!("sha512:{hex}").parse().unwrap_or_else(|_| Digest::sha256(b""))
            }
        }
    }
}

/// Digest of `bytes` with the algorithm of `like`.
pub(crate) fn digest_like(like: &Digest, bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(like.algorithm());
    hasher.update(bytes);
    hasher.finish()
}

/// Checks a stream of bytes against its descriptor.
pub(crate) struct Check<'a> {
    host: &'a str,
    descriptor: &'a Descriptor,
    hasher: Hasher,
    seen: u64,
}

impl<'a> Check<'a> {
    pub(crate) fn new(host: &'a str, descriptor: &'a Descriptor) -> Self {
        Self { host, descriptor, hasher: Hasher::new(descriptor.digest.algorithm()), seen: 0 }
    }

    fn what(&self) -> String {
        format!("blob {}", self.descriptor.digest)
    }

    /// Takes the next bytes; more than the descriptor announces is refused at once.
    pub(crate) fn update(&mut self, bytes: &[u8]) -> Result<u64, RegistryError> {
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.seen > self.descriptor.size {
            let (host, limit) = (self.host.to_owned(), self.descriptor.size);
            return Err(RegistryError::TooLarge { host, what: self.what(), limit });
        }
        self.hasher.update(bytes);
        Ok(self.seen)
    }

    /// Ends the stream.
    pub(crate) fn finish(self) -> Result<(), RegistryError> {
        let (host, what) = (self.host.to_owned(), self.what());
        if self.seen != self.descriptor.size {
            return Err(RegistryError::SizeMismatch { host, what, expected: self.descriptor.size, found: self.seen });
        }
        let found = self.hasher.finish();
        if found != self.descriptor.digest {
            let (expected, found) = (Box::new(self.descriptor.digest.clone()), Box::new(found));
            return Err(RegistryError::DigestMismatch { host, what, expected, found });
        }
        Ok(())
    }
}

impl Content {
    /// The SHA-256 digest of the content.
    pub async fn digest(&self) -> Result<Digest, RegistryError> {
        match self {
            Self::Bytes(bytes) => Ok(Digest::sha256(bytes)),
            Self::File(path) => {
                let path = path.clone();
                let io = |source| RegistryError::Io { what: "reading a blob's file".to_owned(), source };
                let joined = tokio::task::spawn_blocking(move || file_digest(&path, Algorithm::Sha256)).await;
                joined.map_err(|e| io(std::io::Error::other(e)))?.map_err(io)
            }
        }
    }
}

/// Digest of a file.
pub(crate) fn file_digest(path: &std::path::Path, algorithm: Algorithm) -> std::io::Result<Digest> {
    use std::io::Read as _;
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
