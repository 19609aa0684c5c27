//! Reading blobs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_oci::{Descriptor, Digest, Reference};
use reqwest::{Method, Response};
use tokio::io::AsyncWriteExt as _;

use super::{Client, Session};
use crate::RegistryError;
use crate::call::Call;
use crate::content::{Check, Progress};
use crate::retry::backoff;
use crate::transport::reborrow;

impl Client {
    /// Whether the repository has the blob.
    pub async fn blob_exists(&self, repository: &Reference, digest: &Digest) -> Result<bool, RegistryError> {
        self.session(repository, false, false)?.blob_exists(digest).await
    }

    /// A blob of at most `limit` bytes, checked against its descriptor.
    pub async fn blob_bytes(
        &self,
        repository: &Reference,
        blob: &Descriptor,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        // Held in memory, so it is small: an operation, not a transfer.
        let session = self.session(repository, false, false)?;
        if blob.size > limit {
            let (host, what) = (session.host().to_owned(), format!("blob {}", blob.digest));
            return Err(RegistryError::TooLarge { host, what, limit });
        }
        let mut tries = 0;
        loop {
            let mut sink = Vec::new();
            match session.read(blob, &mut Sink::Memory(&mut sink), None).await {
                Ok(()) => return Ok(sink),
                // Reads that a server refuses were repeated already; only a body that broke off begins again.
                Err(error @ RegistryError::Server { .. }) => return Err(error),
                Err(error) => session.pause(error, &mut tries).await?,
            }
        }
    }

    /// Writes a blob to `path`, checked against its descriptor: the file appears whole or not at all.
    pub async fn blob_to_file(
        &self,
        repository: &Reference,
        blob: &Descriptor,
        path: &Path,
        mut progress: Option<Progress<'_>>,
    ) -> Result<(), RegistryError> {
        let session = self.session(repository, false, true)?;
        let io = |source| RegistryError::Io { what: format!("writing {}", path.display()), source };
        let mut tries = 0;
        loop {
            let part = Part::beside(path);
            let file = tokio::fs::File::create(&part.0).await.map_err(io)?;
            let mut sink = Sink::File(tokio::io::BufWriter::with_capacity(256 * 1024, file), &part.0);
            let result = session.read(blob, &mut sink, reborrow(&mut progress)).await;
            match result {
                Ok(()) => return tokio::fs::rename(&part.0, path).await.map_err(io),
                Err(error @ RegistryError::Server { .. }) => return Err(error),
                Err(error) => session.pause(error, &mut tries).await?,
            }
        }
    }
}

/// A file in the making, removed unless it was renamed.
struct Part(PathBuf);

impl Part {
    fn beside(path: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.{}-{count}.part", std::process::id())))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

enum Sink<'a> {
    Memory(&'a mut Vec<u8>),
    File(tokio::io::BufWriter<tokio::fs::File>, &'a Path),
}

impl Sink<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), RegistryError> {
        match self {
            Self::Memory(sink) => {
                sink.extend_from_slice(bytes);
                Ok(())
            }
            Self::File(file, path) => file.write_all(bytes).await.map_err(|source| written(path, source)),
        }
    }

    async fn finish(&mut self) -> Result<(), RegistryError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::File(file, path) => file.flush().await.map_err(|source| written(path, source)),
        }
    }
}

fn written(path: &Path, source: std::io::Error) -> RegistryError {
    RegistryError::Io { what: format!("writing {}", path.display()), source }
}

impl Session<'_> {
    pub(super) async fn blob_exists(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let operation = format!("look for blob {digest} in {}", self.reference.repository);
        let call = self.call(Method::HEAD, self.url(&format!("blobs/{digest}"), &operation)?, &operation);
        let response = self.send(&call, None).await?;
        match response.status().as_u16() {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.inner.transport.refusal(&call, response).await),
        }
    }

    async fn read(
        &self,
        blob: &Descriptor,
        sink: &mut Sink<'_>,
        mut progress: Option<Progress<'_>>,
    ) -> Result<(), RegistryError> {
        let operation = format!("read blob {} of {}", blob.digest, self.reference.repository);
        let call = self.call(Method::GET, self.url(&format!("blobs/{}", blob.digest), &operation)?, &operation);
        let mut response: Response = self.send(&call, None).await?;
        if response.status() != 200 {
            return Err(self.inner.transport.refusal(&call, response).await);
        }
        let mut check = Check::new(self.host(), blob);
        while let Some(chunk) = self.next(&call, &mut response).await? {
            let seen = check.update(&chunk)?;
            sink.write(&chunk).await?;
            if let Some(report) = progress.as_mut() {
                report(seen, blob.size);
            }
        }
        check.finish()?;
        sink.finish().await
    }

    async fn next(&self, call: &Call<'_>, response: &mut Response) -> Result<Option<bytes::Bytes>, RegistryError> {
        self.inner.transport.chunk(call, response).await
    }

    /// Waits before another try if the error may pass and there is time, and gives it back otherwise.
    pub(super) async fn pause(&self, error: RegistryError, tries: &mut u32) -> Result<(), RegistryError> {
        let may_pass = matches!(error, RegistryError::Unreachable { .. } | RegistryError::Server { .. });
        let wait = backoff(*tries);
        if !may_pass || *tries >= self.inner.transport.options.retries || wait >= self.deadline.left() {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        *tries += 1;
        Ok(())
    }
}
