//! Answers, and the error bodies of the specification ("Error Codes").

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};

/// The body of every answer.
pub(super) type Body = UnsyncBoxBody<Bytes, std::io::Error>;
/// An answer.
pub(super) type Response = hyper::Response<Body>;

/// A refusal.
pub(super) struct Reply {
    status: u16,
    code: &'static str,
    message: String,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    pub(super) fn with(mut self, header: &'static str, value: String) -> Self {
        self.headers.push((header, value));
        self
    }

    pub(super) fn internal() -> Self {
        Self::new(500, "UNKNOWN", "the registry's storage failed")
    }

    pub(super) fn method() -> Self {
        Self::new(405, "UNSUPPORTED", "this method is not supported here")
    }

    pub(super) fn manifest_unknown() -> Self {
        Self::new(404, "MANIFEST_UNKNOWN", "manifest unknown to registry")
    }

    pub(super) fn blob_unknown() -> Self {
        Self::new(404, "BLOB_UNKNOWN", "blob unknown to registry")
    }

    pub(super) fn into(self) -> Response {
        let body = serde_json::json!({"errors": [{"code": self.code, "message": self.message, "detail": null}]});
        let mut response = json(self.status, body.to_string().into_bytes());
        for (name, value) in self.headers {
            set(&mut response, name, &value);
        }
        response
    }
}

pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer without a body.
pub(super) fn empty(status: u16) -> Response {
    with_body(status, whole(Bytes::new()))
}

pub(super) fn json(status: u16, bytes: Vec<u8>) -> Response {
    let mut response = with_body(status, whole(bytes));
    set(&mut response, "content-type", "application/json");
    response
}

pub(super) fn with_body(status: u16, body: Body) -> Response {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, "docker-distribution-api-version", "registry/2.0");
    response
}

/// Sets a header; a value that cannot stand in one is left out.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// The media type a request says its body has, without parameters.
pub(super) fn content_type<B>(request: &hyper::Request<B>) -> &str {
    let value = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}
