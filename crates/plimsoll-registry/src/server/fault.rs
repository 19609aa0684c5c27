//! Faults a registry can be told to show, so that clients can be tested against them.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use super::reply::{self, Reply, Response};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is never answered.
    Stall,
    /// The head and some of the body are sent, and then nothing more.
    StallBody,
    /// An error status.
    Status(u16),
    /// Status 429 with `Retry-After` in seconds.
    RateLimit(u64),
    /// The first byte of the body is another one.
    WrongBytes,
    /// A body of so many zero bytes, of unannounced length.
    Huge(u64),
    /// A manifest is acknowledged and not stored, as when a racing writer overwrites it at once.
    LoseWrite,
    /// A redirect to this address.
    Redirect(String),
}

/// A fault and the requests that meet it.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// The HTTP method, or any.
    pub method: Option<String>,
    /// Text the path must hold.
    pub path_contains: String,
    /// How many requests meet it.
    pub times: u32,
    /// What happens to them.
    pub fault: Fault,
}

/// The faults to show; clones share one list, so that a test can add to it while the registry runs.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<FaultRule>>>);

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: FaultRule) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter_mut().find(|rule| {
            rule.times > 0
                && path.contains(&rule.path_contains)
                && rule.method.as_deref().is_none_or(|wanted| wanted == method)
        })?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }
}

impl Fault {
    /// The answer given in place of the right one, for faults that have one.
    pub(super) fn instead(&self) -> Option<Response> {
        match self {
            Self::Status(status) => Some(Reply::new(*status, "UNKNOWN", "injected fault").into()),
            Self::RateLimit(seconds) => {
                let reply = Reply::new(429, "TOOMANYREQUESTS", "injected rate limit");
                Some(reply.with("retry-after", seconds.to_string()).into())
            }
            Self::Huge(bytes) => {
                let chunks = bytes / 65536 + 1;
                let stream = futures_util::stream::unfold(0, move |sent| async move {
                    (sent < chunks).then(|| (Ok(Frame::data(Bytes::from_static(&[0; 65536]))), sent + 1))
                });
                Some(reply::with_body(200, StreamBody::new(stream).boxed_unsync()))
            }
            Self::Redirect(to) => {
                let mut response = reply::empty(307);
                reply::set(&mut response, "location", to);
                Some(response)
            }
            Self::Stall | Self::StallBody | Self::WrongBytes | Self::LoseWrite => None,
        }
    }

    /// The right answer, spoilt.
    pub(super) fn spoil(&self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let body = match self {
            Self::WrongBytes => {
                let mut first = true;
                body.map_frame(move |frame| {
                    frame.map_data(|data| {
                        let mut bytes = data.to_vec();
                        if let Some(byte) = bytes.first_mut().filter(|_| std::mem::take(&mut first)) {
                            *byte ^= 1;
                        }
                        Bytes::from(bytes)
                    })
                })
                .boxed_unsync()
            }
            Self::StallBody => {
                let stream = futures_util::stream::unfold(0, |sent| async move {
                    match sent {
                        0 => Some((Ok(Frame::data(Bytes::from_static(b"{"))), 1)),
                        _ => std::future::pending().await,
                    }
                });
                StreamBody::new(stream).boxed_unsync()
            }
            _ => body,
        };
        Response::from_parts(parts, body)
    }
}

/// The acknowledgement of a manifest that is not stored.
pub(super) fn lost_write() -> Response {
    reply::empty(201)
}
