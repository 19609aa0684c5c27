//! The embedded registry: the distribution specification v1.1 over HTTP/1.1, kept on disk.

mod blobs;
mod fault;
mod lists;
mod manifests;
mod reply;
mod route;
mod store;
mod uploads;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use reply::{Reply, Response};
use route::Route;
use store::Store;

pub use fault::{Fault, FaultRule, Faults};

/// Connections served at a time; more wait.
const MAX_CONNECTIONS: usize = 256;
/// How long a shut-down waits for answers under way.
const GRACE: Duration = Duration::from_secs(5);

/// One answered request, for an access log.
#[derive(Clone, Debug)]
pub struct Access {
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// Time to the head of the answer.
    pub duration: Duration,
}

/// Called once for each answered request.
pub type Observer = Arc<dyn Fn(&Access) + Send + Sync>;

/// How the registry behaves.
#[derive(Clone)]
pub struct ServerOptions {
    /// Whether the referrers API and the `OCI-Subject` header are there; without them clients use the fallback tag.
    pub referrers_api: bool,
    /// Whether `If-Match` and `If-None-Match` are honoured when a tag is written.
    pub conditional_writes: bool,
    /// The largest blob taken, in bytes.
    pub max_blob_bytes: u64,
    /// How long a client may be silent in the middle of a body.
    pub stall_timeout: Duration,
    /// Faults to show, for tests; empty in earnest.
    pub faults: Faults,
    /// Called once for each answered request.
    pub observer: Option<Observer>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            referrers_api: true,
            conditional_writes: true,
            max_blob_bytes: 16 << 30,
            stall_timeout: Duration::from_secs(60),
            faults: Faults::default(),
            observer: None,
        }
    }
}

/// Why the registry could not start; the machine is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// The directory cannot be used, or the runtime cannot start.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// What every request shares.
struct Shared {
    store: Arc<Store>,
    options: ServerOptions,
    /// Uploads that a request is writing to.
    busy: uploads::Busy,
}

/// A registry that listens.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Listens on `addr` (port 0 for any) over the registry in `root`, which is made if it is not there.
    pub async fn bind(addr: SocketAddr, root: &Path, options: ServerOptions) -> Result<Self, ServerError> {
        let store = Store::open(root).map_err(|source| ServerError::Io {
            what: format!("opening the registry in {}", root.display()),
            source,
        })?;
        let listener = TcpListener::bind(addr).await.map_err(|source| ServerError::Bind { addr, source })?;
        let addr = listener.local_addr().map_err(|source| ServerError::Bind { addr, source })?;
        let shared = Shared { store: Arc::new(store), options, busy: uploads::Busy::default() };
        Ok(Self { listener, addr, shared: Arc::new(shared) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` ends, then lets the answers under way finish for a few seconds.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(false);
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                accepted = accept(&self.listener, &slots) => accepted,
            };
            if let Some((stream, slot)) = accepted {
                let (shared, stopped) = (Arc::clone(&self.shared), stopped.clone());
                connections.spawn(async move {
                    connection(stream, shared, stopped).await;
                    drop(slot);
                });
            }
        }
        drop(self.listener);
        let _ = stop.send(true);
        let finish = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, finish).await;
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(_) => {
            // Out of file descriptors, for example: other connections must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(30))
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let fault = shared.options.faults.take(method.as_str(), &path);
    let response = match fault {
        Some(Fault::Stall) => std::future::pending().await,
        Some(fault) => match fault.instead() {
            Some(response) => response,
            None if matches!(fault, Fault::LoseWrite) => fault::lost_write(),
            None => fault.spoil(handle(shared, request).await.unwrap_or_else(Reply::into)),
        },
        None => handle(shared, request).await.unwrap_or_else(Reply::into),
    };
    if let Some(observer) = &shared.options.observer {
        let status = response.status().as_u16();
        observer(&Access { method: method.to_string(), path, status, duration: started.elapsed() });
    }
    response
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Result<Response, Reply> {
    let route = Route::parse(request.uri().path(), request.uri().query().unwrap_or_default())?;
    let method = request.method().clone();
    let read = matches!(method, Method::GET | Method::HEAD);
    match route {
        Route::Root if read => Ok(reply::empty(200)),
        Route::Catalog(page) if read => lists::catalog(shared, page).await,
        Route::Tags(name, page) if read => lists::tags(shared, name, page).await,
        Route::Referrers(name, digest, filter, page) if read => {
            lists::referrers(shared, name, digest, filter, page).await
        }
        Route::Blob(name, digest) => match method {
            Method::GET | Method::HEAD => blobs::get(shared, &request, name, digest).await,
            Method::DELETE => blobs::delete(shared, name, digest).await,
            _ => Err(Reply::method()),
        },
        Route::Manifest(name, target) => match method {
            Method::GET | Method::HEAD => manifests::get(shared, &request, name, target).await,
            Method::PUT => manifests::put(shared, request, name, target).await,
            Method::DELETE => manifests::delete(shared, name, target).await,
            _ => Err(Reply::method()),
        },
        Route::Uploads(name, start) if method == Method::POST => uploads::start(shared, request, name, start).await,
        Route::Upload(name, id, digest) => match method {
            Method::GET => uploads::status(shared, name, id).await,
            Method::PATCH => uploads::append(shared, request, name, id).await,
            Method::PUT => uploads::finish(shared, request, name, id, digest).await,
            Method::DELETE => uploads::cancel(shared, name, id).await,
            _ => Err(Reply::method()),
        },
        _ => Err(Reply::method()),
    }
}

/// Runs file-system work off the async threads.
async fn on_disk<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Store) -> std::io::Result<T> + Send + 'static,
) -> Result<T, Reply> {
    let store = Arc::clone(&shared.store);
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(Reply::internal()),
    }
}
