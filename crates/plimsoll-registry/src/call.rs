//! One request: its time, its address, and where its credential may go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plimsoll_oci::Reference;
use reqwest::header::{HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, Url};

use crate::RegistryError;
use crate::content::Content;

/// The time an operation has, retries and token requests included.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    pub(crate) limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }

    pub(crate) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// One request. `origin` is the only place its credential may be sent to.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) origin: &'a Url,
    pub(crate) host: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<Content>,
    pub(crate) retry: bool,
    pub(crate) deadline: Deadline,
}

impl Call<'_> {
    pub(crate) fn protocol(&self, why: impl Into<String>) -> RegistryError {
        RegistryError::Protocol { host: self.host.to_owned(), operation: self.operation.to_owned(), why: why.into() }
    }

    pub(crate) fn timeout(&self, limit: Duration) -> RegistryError {
        RegistryError::Timeout { host: self.host.to_owned(), operation: self.operation.to_owned(), limit }
    }

    pub(crate) fn unreachable(&self, why: String) -> RegistryError {
        RegistryError::Unreachable { host: self.host.to_owned(), operation: self.operation.to_owned(), why }
    }
}

/// The base address of a reference's registry: plain HTTP only on this machine. A local stand-in answers for it if
/// there is one.
pub(crate) fn base_url(reference: &Reference, stand_ins: &BTreeMap<String, SocketAddr>) -> Result<Url, RegistryError> {
    if let Some(addr) = stand_ins.get(&reference.registry).filter(|addr| addr.ip().is_loopback()) {
        let invalid = |_| RegistryError::Invalid { what: addr.to_string(), why: "it is not an address".to_owned() };
        return Url::parse(&format!("http://{addr}/v2/")).map_err(invalid);
    }
    let host = match reference.registry.as_str() {
        "docker.io" => "registry-1.docker.io",
        other => other,
    };
    let scheme = if reference.is_loopback() { "http" } else { "https" };
    Url::parse(&format!("{scheme}://{host}/v2/")).map_err(|_| RegistryError::Invalid {
        what: format!("registry '{}'", reference.registry),
        why: "it is not a host name".to_owned(),
    })
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// Whether a registry at `origin` may send us to `target`: HTTPS anywhere, plain HTTP only from this machine to itself.
pub(crate) fn may_follow(origin: &Url, target: &Url) -> bool {
    target.scheme() == "https" || (target.scheme() == "http" && is_loopback(target) && is_loopback(origin))
}

/// The absolute address a `Location` header names.
pub(crate) fn location(response: &Response, base: &Url) -> Option<Url> {
    base.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(may_follow(&url("https://ghcr.io/"), &url("https://cdn.example/x")));
        assert!(!may_follow(&url("https://ghcr.io/"), &url("http://cdn.example/x")));
        assert!(!may_follow(&url("https://ghcr.io/"), &url("http://127.0.0.1/x")));
        assert!(may_follow(&url("http://127.0.0.1:5000/"), &url("http://[::1]:5001/x")));
        assert!(!may_follow(&url("https://ghcr.io/"), &url("file:///etc/passwd")));
    }

    #[test]
    fn docker_hub_has_its_own_host() {
        let base = |text: &str| base_url(&text.parse().unwrap(), &BTreeMap::new()).unwrap().to_string();
        assert_eq!(base("nginx"), "https://registry-1.docker.io/v2/");
        assert_eq!(base("localhost:5000/a"), "http://localhost:5000/v2/");
        assert_eq!(base("10.0.0.1:5000/a"), "https://10.0.0.1:5000/v2/");
    }
}
