//! Manifests: HEAD, GET, PUT, DELETE, by tag and by digest.

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request};
use plimsoll_oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, parse_document};

use super::reply::{self, Reply, Response};
use super::route::{Name, Target};
use super::store::Store;
use super::{Shared, on_disk};
use crate::content::digest_like;

pub(super) fn media_type(document: &Document) -> &str {
    match document {
        Document::Manifest(manifest) => &manifest.media_type,
        Document::Index(index) => &index.media_type,
    }
}

fn subject(document: &Document) -> Option<&Descriptor> {
    match document {
        Document::Manifest(manifest) => manifest.subject.as_ref(),
        Document::Index(index) => index.subject.as_ref(),
    }
}

fn find(store: &Store, name: &Name, target: &Target) -> std::io::Result<Option<Digest>> {
    match target {
        Target::Digest(digest) => Ok(Some(digest.clone())),
        Target::Tag(tag) => store.tag(name, tag),
    }
}

pub(super) async fn get(
    shared: &Shared,
    request: &Request<Incoming>,
    name: Name,
    target: Target,
) -> Result<Response, Reply> {
    let found = on_disk(shared, move |store| {
        let Some(digest) = find(store, &name, &target)? else { return Ok(None) };
        Ok(store.manifest(&name, &digest)?.map(|bytes| (digest, bytes)))
    })
    .await?;
    let (digest, bytes) = found.ok_or_else(Reply::manifest_unknown)?;
    let document = parse_document(&bytes).map_err(|_| Reply::internal())?;
    let length = bytes.len();
    let body = if request.method() == Method::HEAD { Bytes::new() } else { Bytes::from(bytes) };
    let mut response = reply::with_body(200, reply::whole(body));
    reply::set(&mut response, "content-type", media_type(&document));
    reply::set(&mut response, "content-length", &length.to_string());
    reply::set(&mut response, "docker-content-digest", &digest.to_string());
    reply::set(&mut response, "etag", &format!("\"{digest}\""));
    Ok(response)
}

/// What a conditional write asks of the tag.
enum Wanted {
    Nothing,
    Absent,
    One(String),
}

impl Wanted {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|v: &hyper::header::HeaderValue| v.to_str().ok());
        match (text(IF_MATCH), text(IF_NONE_MATCH)) {
            (Some(etag), _) => Self::One(etag.to_owned()),
            (None, Some("*")) => Self::Absent,
            _ => Self::Nothing,
        }
    }

    fn holds(&self, current: Option<&Digest>) -> bool {
        match (self, current) {
            (Self::Nothing, _) | (Self::Absent, None) => true,
            (Self::One(etag), Some(digest)) => etag == "*" || *etag == format!("\"{digest}\""),
            (Self::Absent, Some(_)) | (Self::One(_), None) => false,
        }
    }
}

enum Stored {
    Done,
    BlobMissing(Digest),
    Changed,
}

pub(super) async fn put(
    shared: &Shared,
    request: Request<Incoming>,
    name: Name,
    target: Target,
) -> Result<Response, Reply> {
    let said = reply::content_type(&request).to_owned();
    let wanted = if shared.options.conditional_writes { Wanted::read(request.headers()) } else { Wanted::Nothing };
    let body = Limited::new(request.into_body(), MAX_MANIFEST_BYTES).collect();
    let bytes = match tokio::time::timeout(shared.options.stall_timeout, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(e)) if e.is::<LengthLimitError>() => {
            return Err(Reply::new(413, "MANIFEST_INVALID", "the manifest is larger than 4 MiB"));
        }
        Ok(Err(_)) => return Err(Reply::new(400, "MANIFEST_INVALID", "the body broke off")),
        Err(_) => return Err(Reply::new(408, "MANIFEST_INVALID", "the body stalled")),
    };
    let document = parse_document(&bytes).map_err(|e| Reply::new(400, "MANIFEST_INVALID", e.to_string()))?;
    if said != media_type(&document) {
        let why = format!("Content-Type '{said}' is not the document's '{}'", media_type(&document));
        return Err(Reply::new(400, "MANIFEST_INVALID", why));
    }
    let digest = match &target {
        Target::Digest(digest) if *digest == digest_like(digest, &bytes) => digest.clone(),
        Target::Digest(_) => return Err(Reply::new(400, "DIGEST_INVALID", "the manifest does not have this digest")),
        Target::Tag(_) => Digest::sha256(&bytes),
    };
    let subject = subject(&document).map(|s| s.digest.clone());
    let (owner, at, to, refers) = (name.clone(), digest.clone(), target.clone(), subject.clone());
    let stored = on_disk(shared, move |store| {
        let _held = store.lock();
        // An index may list manifests of platforms that are not here; an image without its blobs is no image.
        if let Document::Manifest(manifest) = &document {
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                let foreign = blob.media_type.contains("nondistributable") || blob.media_type.contains(".foreign.");
                if !foreign && store.blob_size(&owner, &blob.digest)? != Some(blob.size) {
                    return Ok(Stored::BlobMissing(blob.digest.clone()));
                }
            }
        }
        if let Target::Tag(tag) = &to
            && !wanted.holds(store.tag(&owner, tag)?.as_ref())
        {
            return Ok(Stored::Changed);
        }
        store.put_manifest(&owner, &at, &bytes, refers.as_ref())?;
        if let Target::Tag(tag) = &to {
            store.put_tag(&owner, tag, &at)?;
        }
        Ok(Stored::Done)
    })
    .await?;
    match stored {
        Stored::BlobMissing(blob) => {
            let why = format!("blob {blob} is not in this repository with the size the manifest says");
            return Err(Reply::new(404, "MANIFEST_BLOB_UNKNOWN", why));
        }
        Stored::Changed => return Err(Reply::new(412, "MANIFEST_INVALID", "the tag has changed")),
        Stored::Done => {}
    }
    let mut response = reply::empty(201);
    reply::set(&mut response, "location", &format!("/v2/{}/manifests/{digest}", name.as_str()));
    reply::set(&mut response, "docker-content-digest", &digest.to_string());
    reply::set(&mut response, "etag", &format!("\"{digest}\""));
    if let Some(subject) = subject.filter(|_| shared.options.referrers_api) {
        reply::set(&mut response, "oci-subject", &subject.to_string());
    }
    Ok(response)
}

pub(super) async fn delete(shared: &Shared, name: Name, target: Target) -> Result<Response, Reply> {
    let gone = on_disk(shared, move |store| match &target {
        Target::Tag(tag) => store.delete_tag(&name, tag),
        Target::Digest(digest) => {
            let Some(bytes) = store.manifest(&name, digest)? else { return Ok(false) };
            let document = parse_document(&bytes).ok();
            let subject = document.as_ref().and_then(subject).map(|s| s.digest.clone());
            store.delete_manifest(&name, digest, subject.as_ref())
        }
    })
    .await?;
    if gone { Ok(reply::empty(202)) } else { Err(Reply::manifest_unknown()) }
}
