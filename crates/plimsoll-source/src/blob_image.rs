//! An image over blobs, each checked as it is read.

use std::io::{self, Read};

use plimsoll_oci::{
    Algorithm, Config, Descriptor, Digest, Document, Image, ImageError, LayerSource, Manifest, parse_document,
};
use sha2::{Digest as _, Sha256, Sha512};

/// Opens the stored bytes of a blob.
pub type OpenBlob = dyn Fn(&Descriptor) -> io::Result<Box<dyn Read + Send>> + Send + Sync;

/// An image over manifest bytes, configuration bytes and a function that opens layers. Every source gives one, and so can
/// a registry client.
pub struct BlobImage {
    digest: Digest,
    manifest_bytes: Vec<u8>,
    manifest: Manifest,
    config_bytes: Vec<u8>,
    config: Config,
    layers: Vec<LayerSource>,
    open: Box<OpenBlob>,
}

impl BlobImage {
    /// Checks that the parts belong together: the configuration matches its descriptor, and there is one diffID per layer.
    /// `digest` is the digest the manifest was asked by, if it was.
    pub fn new(
        digest: Option<&Digest>,
        manifest_bytes: Vec<u8>,
        config_bytes: Vec<u8>,
        open: impl Fn(&Descriptor) -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static,
    ) -> Result<Self, ImageError> {
        let malformed = |what: &str, why: String| ImageError::Malformed { what: what.to_owned(), why };
        let found = Digest::sha256(&manifest_bytes);
        if let Some(expected) = digest.filter(|d| !d.matches(&manifest_bytes)) {
            return Err(ImageError::DigestMismatch { what: "manifest".into(), expected: expected.clone(), found });
        }
        let manifest = match parse_document(&manifest_bytes).map_err(|e| malformed("manifest", e.to_string()))? {
            Document::Manifest(manifest) => manifest,
            Document::Index(_) => return Err(malformed("manifest", "it is an index".into())),
        };
        let what = "image configuration";
        if !manifest.config.digest.matches(&config_bytes) {
            return Err(ImageError::DigestMismatch {
                what: what.into(),
                expected: manifest.config.digest,
                found: Digest::sha256(&config_bytes),
            });
        }
        if manifest.config.size != config_bytes.len() as u64 {
            return Err(malformed(what, "its size is not the one its descriptor states".into()));
        }
        let config = Config::parse(&config_bytes).map_err(|e| malformed(what, e.to_string()))?;
        if config.diff_ids.len() != manifest.layers.len() {
            let why = format!("it has {} diffIDs for {} layers", config.diff_ids.len(), manifest.layers.len());
            return Err(malformed(what, why));
        }
        let mut history = config.history.iter().filter(|h| !h.empty_layer);
        let layers = manifest
            .layers
            .iter()
            .zip(&config.diff_ids)
            .map(|(descriptor, diff_id)| LayerSource {
                descriptor: descriptor.clone(),
                diff_id: diff_id.clone(),
                created_by: history.next().and_then(|h| h.created_by.clone()),
            })
            .collect();
        Ok(Self {
            digest: digest.cloned().unwrap_or(found),
            manifest_bytes,
            manifest,
            config_bytes,
            config,
            layers,
            open: Box::new(open),
        })
    }
}

impl Image for BlobImage {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn config_bytes(&self) -> &[u8] {
        &self.config_bytes
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn layers(&self) -> &[LayerSource] {
        &self.layers
    }

    fn open_layer(&self, index: usize) -> Result<Box<dyn Read + Send + '_>, ImageError> {
        let layer = self.layers.get(index).ok_or_else(|| ImageError::Missing(format!("layer {index}")))?;
        let what = format!("layer {index} ({})", layer.descriptor.digest);
        let reader = (self.open)(&layer.descriptor).map_err(|error| match error.downcast::<ImageError>() {
            Ok(error) => error,
            Err(source) => ImageError::Io { what: what.clone(), source },
        })?;
        Ok(Box::new(VerifyingReader::new(reader, &layer.descriptor, what)))
    }
}

impl std::fmt::Debug for BlobImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobImage").field("digest", &self.digest).field("manifest", &self.manifest).finish()
    }
}

/// A reader that ends in an error (an [`ImageError`] inside the `io::Error`) unless the whole has the size and the digest
/// of its descriptor.
pub struct VerifyingReader<R> {
    inner: R,
    what: String,
    expected: Digest,
    size: u64,
    seen: u64,
    hash: Option<Hash>,
}

enum Hash {
    Sha256(Box<Sha256>),
    Sha512(Box<Sha512>),
}

impl<R> VerifyingReader<R> {
    /// Checks `inner`, called `what` in errors, against `descriptor`.
    pub fn new(inner: R, descriptor: &Descriptor, what: impl Into<String>) -> Self {
        let hash = match descriptor.digest.algorithm() {
            Algorithm::Sha256 => Hash::Sha256(Box::default()),
            Algorithm::Sha512 => Hash::Sha512(Box::default()),
        };
        Self {
            inner,
            what: what.into(),
            expected: descriptor.digest.clone(),
            size: descriptor.size,
            seen: 0,
            hash: Some(hash),
        }
    }

    fn wrong_size(&self, why: &str) -> io::Error {
        let why = format!("{why} than the {} bytes its descriptor states", self.size);
        io::Error::other(ImageError::Malformed { what: self.what.clone(), why })
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.seen < self.size {
            return Err(self.wrong_size("it is shorter"));
        }
        let found = match self.hash.take() {
            None => return Ok(()),
            Some(Hash::Sha256(hash)) => format!("sha256:{:x}", hash.finalize()),
            Some(Hash::Sha512(hash)) => format!("sha512:{:x}", hash.finalize()),
        };
        let found: Digest = found.parse().map_err(io::Error::other)?;
        if found == self.expected {
            return Ok(());
        }
        let (what, expected) = (self.what.clone(), self.expected.clone());
        Err(io::Error::other(ImageError::DigestMismatch { what, expected, found }))
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(buf)?;
        self.seen += n as u64;
        if self.seen > self.size {
            return Err(self.wrong_size("it is longer"));
        }
        match &mut self.hash {
            Some(Hash::Sha256(hash)) => hash.update(&buf[..n]),
            Some(Hash::Sha512(hash)) => hash.update(&buf[..n]),
            None => {}
        }
        if n == 0 {
            self.finish()?;
        }
        Ok(n)
    }
}
