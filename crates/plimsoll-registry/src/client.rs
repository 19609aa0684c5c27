//! The client: manifests and tags. Blobs, pushes and referrers are in the modules below it.

mod blob;
mod push;
mod referrers;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use plimsoll_oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, Reference, media_type, parse_document};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LINK};
use reqwest::{Method, Response, Url};
use serde_json::Value;

use crate::auth::{self, Scope, Tokens};
use crate::call::{Call, Deadline, base_url};
use crate::content::{Progress, digest_like};
use crate::header::next_page;
use crate::transport::{Transport, reborrow};
use crate::{Options, RegistryError};

pub use push::Pushed;
pub use referrers::{Attached, ReferrersVia, fallback_tag};

/// Pages of a list that are followed.
const MAX_PAGES: usize = 1000;
/// Tags or referrers that are read in all.
const MAX_ENTRIES: usize = 100_000;

const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A client for any number of registries. Cloning is cheap; clones share connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    tokens: Tokens,
    /// Repositories whose registry is known to answer the referrers API.
    referrers_api: Mutex<BTreeSet<String>>,
}

/// A manifest or index, as the registry has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Digest of `bytes`, computed here.
    pub digest: Digest,
    /// Media type, as the document itself says.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// The document.
    pub document: Document,
}

impl Resolved {
    /// A descriptor of the document.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest.clone(), self.bytes.len() as u64)
    }
}

/// A manifest and what is needed to replace it safely.
struct Fetched {
    resolved: Resolved,
    etag: Option<HeaderValue>,
}

/// One operation on one repository: where it goes, what it may, and how long.
struct Session<'a> {
    inner: &'a Inner,
    base: Url,
    reference: &'a Reference,
    scope: Scope,
    deadline: Deadline,
}

impl Client {
    /// A client. Nothing is contacted or loaded yet.
    pub fn new(options: Options) -> Self {
        let transport = Transport::new(options);
        Self(Arc::new(Inner { transport, tokens: Tokens::default(), referrers_api: Mutex::default() }))
    }

    fn options(&self) -> &Options {
        &self.0.transport.options
    }

    fn session<'a>(
        &'a self,
        reference: &'a Reference,
        push: bool,
        transfer: bool,
    ) -> Result<Session<'a>, RegistryError> {
        let options = self.options();
        let limit = if transfer { options.transfer_timeout } else { options.operation_timeout };
        let scope = Scope { registry: reference.registry.clone(), repository: reference.repository.clone(), push };
        Ok(Session {
            inner: &self.0,
            base: base_url(reference, &options.stand_ins)?,
            reference,
            scope,
            deadline: Deadline::after(limit),
        })
    }

    /// The manifest or index a reference names now, in one request. The digest wins over the tag; a reference with
    /// neither means the tag `latest`.
    pub async fn resolve(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        let session = self.session(reference, false, false)?;
        let target = match (&reference.digest, &reference.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_else(|| "latest".to_owned()),
        };
        let found = session.manifest(&target, reference.digest.as_ref()).await?;
        let missing = || session.not_found(format!("{}:{target}", reference.repository).replace(":sha", "@sha"));
        found.map(|f| f.resolved).ok_or_else(missing)
    }

    /// The manifest or index with exactly the digest of `reference`.
    pub async fn manifest(&self, reference: &Reference) -> Result<Resolved, RegistryError> {
        if reference.digest.is_none() {
            let why = "a manifest is read by digest; resolve the tag first".to_owned();
            return Err(RegistryError::Invalid { what: reference.to_string(), why });
        }
        self.resolve(reference).await
    }

    /// Every tag of the repository, as the registry sorts them.
    pub async fn tags(&self, repository: &Reference) -> Result<Vec<String>, RegistryError> {
        let session = self.session(repository, false, false)?;
        let operation = format!("list the tags of {}", repository.repository);
        let mut tags = Vec::new();
        session
            .pages("tags/list?n=1000", &operation, |_, body| {
                let list = body.get("tags").cloned().unwrap_or_default();
                let page = match list {
                    Value::Null => Vec::new(),
                    Value::Array(items) => items,
                    _ => return Err("'tags' is not a list"),
                };
                for tag in page {
                    tags.push(tag.as_str().ok_or("a tag is not text")?.to_owned());
                }
                Ok(tags.len())
            })
            .await?;
        Ok(tags)
    }
}

impl Session<'_> {
    fn host(&self) -> &str {
        &self.reference.registry
    }

    fn not_found(&self, what: String) -> RegistryError {
        RegistryError::NotFound { host: self.host().to_owned(), what }
    }

    /// An address below the repository.
    fn url(&self, path: &str, operation: &str) -> Result<Url, RegistryError> {
        let repository = &self.reference.repository;
        self.base.join(&format!("{repository}/{path}")).map_err(|_| RegistryError::Invalid {
            what: operation.to_owned(),
            why: "its address cannot be formed".to_owned(),
        })
    }

    fn call<'c>(&'c self, method: Method, url: Url, operation: &'c str) -> Call<'c> {
        Call {
            method,
            url,
            origin: &self.base,
            host: self.host(),
            operation,
            headers: Vec::new(),
            body: None,
            retry: true,
            deadline: self.deadline,
        }
    }

    /// Sends with the credential held, and answers one challenge.
    async fn send(&self, call: &Call<'_>, mut progress: Option<Progress<'_>>) -> Result<Response, RegistryError> {
        let (transport, tokens) = (&self.inner.transport, &self.inner.tokens);
        let held = tokens.get(&self.scope);
        let response = transport.exchange(call, held.as_ref(), reborrow(&mut progress)).await?;
        // A challenge from where the registry redirected to is not the registry's, and is never answered.
        if response.status() != 401 || response.url().origin() != self.base.origin() {
            return Ok(response);
        }
        tokens.forget(&self.scope);
        let credentials = &transport.options.credentials;
        let value = auth::answer(transport, credentials, tokens, call, &self.scope, response.headers()).await?;
        let response = transport.exchange(call, Some(&value), progress).await?;
        if response.status() == 401 {
            tokens.forget(&self.scope);
        }
        Ok(response)
    }

    /// Reads a manifest by tag or digest; `None` when it is not there.
    async fn manifest(&self, target: &str, expected: Option<&Digest>) -> Result<Option<Fetched>, RegistryError> {
        let what = format!("manifest {target} of {}", self.reference.repository);
        let operation = format!("read {what}");
        let mut call = self.call(Method::GET, self.url(&format!("manifests/{target}"), &operation)?, &operation);
        call.headers.push((ACCEPT, HeaderValue::from_static(ACCEPTED)));
        let response = self.send(&call, None).await?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(self.inner.transport.refusal(&call, response).await),
        }
        let headers = response.headers().clone();
        let bytes = self.inner.transport.body(&call, response, MAX_MANIFEST_BYTES as u64, &what).await?;
        let digest = expected.map_or_else(|| Digest::sha256(&bytes), |e| digest_like(e, &bytes));
        if let Some(expected) = expected.filter(|e| **e != digest) {
            return Err(self.mismatch(what, expected, &digest));
        }
        self.check_digest_header(&headers, &bytes, &what)?;
        let document = parse_document(&bytes).map_err(|e| call.protocol(e.to_string()))?;
        let media_type = match &document {
            Document::Manifest(manifest) => manifest.media_type.clone(),
            Document::Index(index) => index.media_type.clone(),
        };
        // A header that names another manifest type would make two readers see two things (CVE-2021-41190).
        let said = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let said = said.split(';').next().unwrap_or_default().trim();
        if said != media_type && is_manifest_type(said) {
            return Err(call.protocol(format!("its Content-Type is {said}, and the document is {media_type}")));
        }
        let resolved = Resolved { digest, media_type, bytes, document };
        Ok(Some(Fetched { resolved, etag: headers.get(ETAG).cloned() }))
    }

    fn mismatch(&self, what: String, expected: &Digest, found: &Digest) -> RegistryError {
        let (expected, found) = (Box::new(expected.clone()), Box::new(found.clone()));
        RegistryError::DigestMismatch { host: self.host().to_owned(), what, expected, found }
    }

    /// `Docker-Content-Digest` proves nothing, but one that contradicts the bytes means that something is wrong.
    fn check_digest_header(&self, headers: &HeaderMap, bytes: &[u8], what: &str) -> Result<(), RegistryError> {
        let said = headers.get("docker-content-digest").and_then(|v| v.to_str().ok());
        let Some(said) = said.and_then(|text| text.parse::<Digest>().ok()) else { return Ok(()) };
        let found = digest_like(&said, bytes);
        if said == found { Ok(()) } else { Err(self.mismatch(what.to_owned(), &said, &found)) }
    }

    /// Follows the pages of a list. `each` gets the raw bytes and the JSON of a page and gives the number of entries so far.
    async fn pages(
        &self,
        path: &str,
        operation: &str,
        mut each: impl FnMut(&[u8], &Value) -> Result<usize, &'static str>,
    ) -> Result<(), RegistryError> {
        let mut url = self.url(path, operation)?;
        for _ in 0..MAX_PAGES {
            let call = self.call(Method::GET, url.clone(), operation);
            let response = self.send(&call, None).await?;
            if response.status() != 200 {
                return Err(self.inner.transport.refusal(&call, response).await);
            }
            let next = response.headers().get(LINK).and_then(|v| v.to_str().ok()).and_then(next_page);
            let body = self.inner.transport.body(&call, response, MAX_MANIFEST_BYTES as u64, operation).await?;
            let value: Value = serde_json::from_slice(&body).map_err(|_| call.protocol("the list is not JSON"))?;
            let entries = each(&body, &value).map_err(|why| call.protocol(why))?;
            if entries > MAX_ENTRIES {
                break;
            }
            let Some(next) = next else { return Ok(()) };
            url = url.join(&next).map_err(|_| call.protocol("the link to the next page is malformed"))?;
            if url.origin() != self.base.origin() {
                return Err(call.protocol("the link to the next page leads to another host"));
            }
        }
        let (host, what) = (self.host().to_owned(), format!("the list read to {operation}"));
        Err(RegistryError::TooLarge { host, what, limit: MAX_ENTRIES as u64 })
    }
}

fn is_manifest_type(text: &str) -> bool {
    matches!(text, media_type::MANIFEST | media_type::INDEX | media_type::DOCKER_MANIFEST | media_type::DOCKER_LIST)
}
