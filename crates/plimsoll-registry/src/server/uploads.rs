//! Uploads: monolithic, chunked, and mounts. An upload is a file that grows; its length is its state, so that it outlives
//! a restart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_RANGE;
use plimsoll_oci::Digest;
use tokio::io::AsyncWriteExt as _;

use super::reply::{self, Reply, Response};
use super::route::{Name, Start};
use super::{Shared, on_disk};
use crate::content::file_digest;

/// The uploads that a request is writing to: two writers of one upload would mix their bytes.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<Mutex<BTreeSet<PathBuf>>>);

struct Turn(Busy, PathBuf);

impl Busy {
    fn enter(&self, path: &Path) -> Result<Turn, Reply> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        if free {
            return Ok(Turn(self.clone(), path.to_owned()));
        }
        Err(Reply::new(409, "BLOB_UPLOAD_INVALID", "another request is writing to this upload"))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

pub(super) async fn start(
    shared: &Shared,
    request: Request<Incoming>,
    name: Name,
    start: Start,
) -> Result<Response, Reply> {
    if let Start::Mount(digest, Some(from)) = &start {
        let (to, from, wanted) = (name.clone(), from.clone(), digest.clone());
        if on_disk(shared, move |store| store.mount(&to, &from, &wanted)).await? {
            return Ok(created(&name, digest));
        }
    }
    let owner = name.clone();
    let id = on_disk(shared, move |store| store.new_upload(&owner)).await?;
    match start {
        Start::Monolithic(digest) => finish(shared, request, name, id, Some(digest)).await,
        Start::Session | Start::Mount(..) => Ok(accepted(202, &name, &id, 0)),
    }
}

pub(super) async fn status(shared: &Shared, name: Name, id: String) -> Result<Response, Reply> {
    let offset = offset(&shared.store.upload_path(&name, &id)).await?;
    Ok(accepted(204, &name, &id, offset))
}

pub(super) async fn append(
    shared: &Shared,
    request: Request<Incoming>,
    name: Name,
    id: String,
) -> Result<Response, Reply> {
    let path = shared.store.upload_path(&name, &id);
    let _turn = shared.busy.enter(&path)?;
    let length = receive(shared, request, &path, &name, &id).await?;
    Ok(accepted(202, &name, &id, length))
}

pub(super) async fn finish(
    shared: &Shared,
    request: Request<Incoming>,
    name: Name,
    id: String,
    digest: Option<Digest>,
) -> Result<Response, Reply> {
    let path = shared.store.upload_path(&name, &id);
    let _turn = shared.busy.enter(&path)?;
    let Some(digest) = digest else {
        return Err(Reply::new(400, "DIGEST_INVALID", "an upload is finished with ?digest="));
    };
    receive(shared, request, &path, &name, &id).await?;
    let (owner, wanted) = (name.clone(), digest.clone());
    let matched = on_disk(shared, move |store| {
        if file_digest(&path, wanted.algorithm())? != wanted {
            std::fs::remove_file(&path)?;
            return Ok(false);
        }
        store.adopt(&owner, &path, &wanted).map(|()| true)
    })
    .await?;
    match matched {
        true => Ok(created(&name, &digest)),
        false => Err(Reply::new(400, "DIGEST_INVALID", "the content does not have this digest")),
    }
}

pub(super) async fn cancel(shared: &Shared, name: Name, id: String) -> Result<Response, Reply> {
    let path = shared.store.upload_path(&name, &id);
    let _turn = shared.busy.enter(&path)?;
    tokio::fs::remove_file(&path).await.map_err(|_| unknown())?;
    Ok(reply::empty(204))
}

fn unknown() -> Reply {
    Reply::new(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown to registry")
}

async fn offset(path: &Path) -> Result<u64, Reply> {
    tokio::fs::metadata(path).await.map(|meta| meta.len()).map_err(|_| unknown())
}

/// Appends the request's body; a body that breaks off leaves the upload as it was.
async fn receive(
    shared: &Shared,
    request: Request<Incoming>,
    path: &Path,
    name: &Name,
    id: &str,
) -> Result<u64, Reply> {
    let start = offset(path).await?;
    let range = request.headers().get(CONTENT_RANGE).and_then(|v| v.to_str().ok()).map(parse_range);
    let expected = match range {
        None => None,
        Some(Some((first, last))) if first == start && last >= first => Some(last - first + 1),
        Some(_) => {
            let reply = Reply::new(416, "BLOB_UPLOAD_INVALID", "the chunk does not start where the upload ends");
            return Err(reply.with("location", location(name, id)).with("range", held(start)));
        }
    };
    let too_large = || Reply::new(413, "SIZE_INVALID", "the blob is larger than this registry takes");
    let limit = shared.options.max_blob_bytes;
    if request.body().size_hint().lower().saturating_add(start) > limit {
        return Err(too_large());
    }
    let file = tokio::fs::OpenOptions::new().append(true).open(path).await.map_err(|_| unknown())?;
    let mut file = tokio::io::BufWriter::with_capacity(256 * 1024, file);
    let mut body = request.into_body();
    let mut length = start;
    let result = loop {
        let frame = match tokio::time::timeout(shared.options.stall_timeout, body.frame()).await {
            Err(_) => break Err(Reply::new(408, "BLOB_UPLOAD_INVALID", "the body stalled")),
            Ok(Some(Err(_))) => break Err(Reply::new(400, "BLOB_UPLOAD_INVALID", "the body broke off")),
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break Ok(()),
        };
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len() as u64);
        if length > limit {
            break Err(too_large());
        }
        if file.write_all(&data).await.is_err() {
            break Err(Reply::internal());
        }
    };
    let flushed = file.flush().await.map_err(|_| Reply::internal());
    let whole = match expected {
        Some(expected) if expected != length - start => {
            Err(Reply::new(400, "SIZE_INVALID", "the chunk is not as long as its Content-Range says"))
        }
        _ => Ok(()),
    };
    if let Err(reply) = result.and(flushed).and(whole) {
        let _ = file.into_inner().set_len(start).await;
        return Err(reply);
    }
    Ok(length)
}

/// `first-last`, with or without a unit and a total.
fn parse_range(text: &str) -> Option<(u64, u64)> {
    let text = text.trim().trim_start_matches("bytes").trim_start_matches(['=', ' ']);
    let (first, last) = text.split('/').next()?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn location(name: &Name, id: &str) -> String {
    format!("/v2/{}/blobs/uploads/{id}", name.as_str())
}

fn held(length: u64) -> String {
    format!("0-{}", length.saturating_sub(1))
}

fn accepted(status: u16, name: &Name, id: &str, length: u64) -> Response {
    let mut response = reply::empty(status);
    reply::set(&mut response, "location", &location(name, id));
    reply::set(&mut response, "range", &held(length));
    reply::set(&mut response, "docker-upload-uuid", id);
    response
}

fn created(name: &Name, digest: &Digest) -> Response {
    let mut response = reply::empty(201);
    reply::set(&mut response, "location", &format!("/v2/{}/blobs/{digest}", name.as_str()));
    reply::set(&mut response, "docker-content-digest", &digest.to_string());
    response
}
