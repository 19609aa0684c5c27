//! One HTTP exchange with a registry: deadlines, retries, redirects, bounded bodies.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use reqwest::{Method, Response, Url};

use crate::call::{Call, is_loopback, location, may_follow};
use crate::content::{Content, Progress};
use crate::retry::{backoff, is_transient, retry_after};
use crate::upload::{self, Payload};
use crate::why::{chain, reason};
use crate::{Options, RegistryError, tls};

const MAX_REDIRECTS: usize = 5;
const MAX_ERROR_BODY: u64 = 64 * 1024;
/// Up to this size a body is sent in one piece and its progress is not watched.
const SMALL_BODY: usize = 256 * 1024;

/// The HTTP clients: one for this machine, which never uses a proxy, one for everything else.
pub(crate) struct Transport {
    local: OnceLock<reqwest::Client>,
    remote: OnceLock<reqwest::Client>,
    pub(crate) options: Options,
}

impl Transport {
    pub(crate) fn new(options: Options) -> Self {
        Self { local: OnceLock::new(), remote: OnceLock::new(), options }
    }

    fn http(&self, call: &Call<'_>, url: &Url) -> Result<&reqwest::Client, RegistryError> {
        let local = is_loopback(url);
        let cell = if local { &self.local } else { &self.remote };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let fault = |why: String| RegistryError::Tls { host: call.host.to_owned(), why };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(!local).map_err(fault)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.options.connect_timeout)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")));
        if local {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| fault(chain(&e)))?;
        Ok(cell.get_or_init(|| client))
    }

    /// Sends a request, and again after a server error or a rate limit as long as the deadline allows. Answers other
    /// than 429 and 5xx are given back as they are.
    pub(crate) async fn exchange(
        &self,
        call: &Call<'_>,
        authorization: Option<&HeaderValue>,
        mut progress: Option<Progress<'_>>,
    ) -> Result<Response, RegistryError> {
        let mut tries = 0;
        loop {
            let result = self.once(call, authorization, reborrow(&mut progress)).await;
            let last = !call.retry || tries >= self.options.retries;
            let wait = match result {
                Ok(response) if is_transient(response.status()) => {
                    let asked = retry_after(&response);
                    let wait = asked.map_or_else(|| backoff(tries), Duration::from_secs);
                    if last || wait >= call.deadline.left() {
                        return Err(self.refusal(call, response).await);
                    }
                    wait
                }
                Ok(response) => return Ok(response),
                Err(Attempt::Broken(error)) if last || backoff(tries) >= call.deadline.left() => return Err(error),
                Err(Attempt::Broken(_)) => backoff(tries),
                Err(Attempt::Final(error)) => return Err(error),
            };
            tokio::time::sleep(wait).await;
            tries += 1;
        }
    }

    async fn once(
        &self,
        call: &Call<'_>,
        authorization: Option<&HeaderValue>,
        mut progress: Option<Progress<'_>>,
    ) -> Result<Response, Attempt> {
        let mut url = call.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            if !may_follow(call.origin, &url) {
                return Err(Attempt::Final(call.protocol("it leads to an address without HTTPS")));
            }
            let mut request = self.http(call, &url)?.request(call.method.clone(), url.clone());
            for (name, value) in &call.headers {
                request = request.header(name, value);
            }
            if let Some(value) = authorization.filter(|_| url.origin() == call.origin.origin()) {
                request = request.header(AUTHORIZATION, value);
            }
            let response = self.send(call, request, reborrow(&mut progress)).await?;
            let follow = matches!(call.method, Method::GET | Method::HEAD)
                && matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            if !follow {
                return Ok(response);
            }
            url = location(&response, &url).ok_or_else(|| call.protocol("a redirect without a usable Location"))?;
        }
        Err(Attempt::Final(call.protocol(format!("more than {MAX_REDIRECTS} redirects"))))
    }

    async fn send(
        &self,
        call: &Call<'_>,
        request: reqwest::RequestBuilder,
        progress: Option<Progress<'_>>,
    ) -> Result<Response, Attempt> {
        let sent = Arc::new(AtomicU64::new(0));
        let (request, total) = match &call.body {
            None => (request, 0),
            Some(Content::Bytes(bytes)) if bytes.len() <= SMALL_BODY => (request.body(bytes.clone()), 0),
            Some(content) => {
                let Payload { body, length } = upload::stream(content, Arc::clone(&sent)).await?;
                (request.header(CONTENT_LENGTH, length).body(body), length)
            }
        };
        let answer = request.send();
        tokio::pin!(answer);
        let step = self.options.stall_timeout;
        let mut report = progress;
        let (mut seen, mut moved_at) = (0, Instant::now());
        loop {
            let tick = if total == 0 { step } else { step.min(Duration::from_millis(100)) };
            match tokio::time::timeout(tick.min(call.deadline.left()), &mut answer).await {
                Ok(Ok(response)) => {
                    if let (Some(report), true) = (report.as_mut(), total > 0) {
                        report(sent.load(Ordering::Relaxed), total);
                    }
                    return Ok(response);
                }
                Ok(Err(e)) if e.is_connect() && e.is_timeout() => {
                    return Err(Attempt::Final(call.timeout(self.options.connect_timeout)));
                }
                // A host that is not there will not be there a moment later; only a connection that broke is tried again.
                Ok(Err(e)) if e.is_connect() => return Err(Attempt::Final(call.unreachable(chain(&e)))),
                Ok(Err(e)) => return Err(Attempt::Broken(call.unreachable(chain(&e)))),
                Err(_) => {}
            }
            let now = sent.load(Ordering::Relaxed);
            if now > seen {
                (seen, moved_at) = (now, Instant::now());
                if let Some(report) = report.as_mut() {
                    report(now, total);
                }
            }
            if call.deadline.left().is_zero() {
                return Err(Attempt::Final(call.timeout(call.deadline.limit)));
            }
            if moved_at.elapsed() >= step {
                return Err(Attempt::Final(call.timeout(step)));
            }
        }
    }

    /// The next piece of a body.
    pub(crate) async fn chunk(&self, call: &Call<'_>, response: &mut Response) -> Result<Option<Bytes>, RegistryError> {
        let (left, step) = (call.deadline.left(), self.options.stall_timeout);
        match tokio::time::timeout(step.min(left), response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(e)) => Err(call.unreachable(chain(&e))),
            Err(_) if left <= step => Err(call.timeout(call.deadline.limit)),
            Err(_) => Err(call.timeout(step)),
        }
    }

    /// A whole body of at most `limit` bytes.
    pub(crate) async fn body(
        &self,
        call: &Call<'_>,
        mut response: Response,
        limit: u64,
        what: &str,
    ) -> Result<Vec<u8>, RegistryError> {
        let too_large = || RegistryError::TooLarge { host: call.host.to_owned(), what: what.to_owned(), limit };
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(call, &mut response).await? {
            if bytes.len() as u64 + chunk.len() as u64 > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The error an answer stands for.
    pub(crate) async fn refusal(&self, call: &Call<'_>, response: Response) -> RegistryError {
        let (status, retry_after) = (response.status(), retry_after(&response));
        let why = match self.body(call, response, MAX_ERROR_BODY, "error").await {
            Ok(bytes) => reason(&bytes).unwrap_or_else(|| format!("HTTP status {status}")),
            Err(_) => format!("HTTP status {status}"),
        };
        let (host, operation) = (call.host.to_owned(), call.operation.to_owned());
        match status.as_u16() {
            401 => RegistryError::Unauthorized { host, operation, why },
            403 => RegistryError::Denied { host, operation, why },
            404 => RegistryError::NotFound { host, what: operation },
            429 => RegistryError::RateLimited { host, operation, retry_after },
            status @ 500.. => RegistryError::Server { host, operation, status, why },
            _ => RegistryError::Protocol { host, operation, why },
        }
    }
}

enum Attempt {
    /// The connection broke; another try may help.
    Broken(RegistryError),
    Final(RegistryError),
}

impl From<RegistryError> for Attempt {
    fn from(error: RegistryError) -> Self {
        Self::Final(error)
    }
}

pub(crate) fn reborrow<'a>(progress: &'a mut Option<Progress<'_>>) -> Option<Progress<'a>> {
    match progress {
        Some(report) => Some(&mut **report),
        None => None,
    }
}
