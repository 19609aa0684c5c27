//! The same client and server for callers that are not async: each call runs to its end on a runtime of its own.

use std::net::SocketAddr;
use std::path::Path;

use plimsoll_oci::{Descriptor, Digest, Reference};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Attached, Content, Options, Progress, Pushed, RegistryError, Resolved, Server, ServerError, ServerOptions,
};

/// A client whose calls block.
pub struct Client {
    runtime: Runtime,
    client: crate::Client,
}

impl Client {
    /// A client with a runtime on the calling thread.
    pub fn new(options: Options) -> Result<Self, RegistryError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| RegistryError::Io { what: "starting the network runtime".to_owned(), source })?;
        Ok(Self { runtime, client: crate::Client::new(options) })
    }

    /// See [`crate::Client::resolve`].
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        self.runtime.block_on(self.client.resolve(reference))
    }

    /// See [`crate::Client::manifest`].
    pub fn manifest(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        self.runtime.block_on(self.client.manifest(reference))
    }

    /// See [`crate::Client::tags`].
    pub fn tags(&self, repository: &Reference) -> Result<Vec<String>, RegistryError> {
        self.runtime.block_on(self.client.tags(repository))
    }

    /// See [`crate::Client::blob_exists`].
    pub fn blob_exists(&self, repository: &Reference, digest: &Digest) -> Result<bool, RegistryError> {
        self.runtime.block_on(self.client.blob_exists(repository, digest))
    }

    /// See [`crate::Client::blob_bytes`].
    pub fn blob_bytes(&self, repository: &Reference, blob: &Descriptor, limit: u64) -> Result<Vec<u8>, RegistryError> {
        self.runtime.block_on(self.client.blob_bytes(repository, blob, limit))
    }

    /// See [`crate::Client::blob_to_file`].
    pub fn blob_to_file(
        &self,
        repository: &Reference,
        blob: &Descriptor,
        path: &Path,
        progress: Option<Progress<'_>>,
    ) -> Result<(), RegistryError> {
        self.runtime.block_on(self.client.blob_to_file(repository, blob, path, progress))
    }

    /// See [`crate::Client::push_blob`].
    pub fn push_blob(
        &self,
        repository: &Reference,
        digest: &Digest,
        content: &Content,
        progress: Option<Progress<'_>>,
    ) -> Result<bool, RegistryError> {
        self.runtime.block_on(self.client.push_blob(repository, digest, content, progress))
    }

    /// See [`crate::Client::push_manifest`].
    pub fn push_manifest(&self, to: &Reference, media_type: &str, bytes: &[u8]) -> Result<Pushed, RegistryError> {
        self.runtime.block_on(self.client.push_manifest(to, media_type, bytes))
    }

    /// See [`crate::Client::referrers`].
    pub fn referrers(&self, repository: &Reference, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        self.runtime.block_on(self.client.referrers(repository, digest))
    }

    /// See [`crate::Client::attach`].
    pub fn attach(
        &self,
        repository: &Reference,
        subject: &Descriptor,
        manifest: &[u8],
        blobs: &[Content],
    ) -> Result<Attached, RegistryError> {
        self.runtime.block_on(self.client.attach(repository, subject, manifest, blobs))
    }
}

/// An embedded registry on a thread of its own; dropping it stops it.
pub struct RunningServer {
    addr: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl RunningServer {
    /// Binds and serves.
    pub fn start(addr: SocketAddr, root: &Path, options: ServerOptions) -> Result<Self, ServerError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| ServerError::Io { what: "starting the registry's runtime".to_owned(), source })?;
        let server = runtime.block_on(Server::bind(addr, root, options))?;
        let addr = server.local_addr();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(server.serve(async move {
                let _ = stopped.await;
            }));
        });
        Ok(Self { addr, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until the server's thread ends, which is until the process does.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
