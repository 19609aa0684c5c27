//! Blobs: HEAD, GET with a range, DELETE.

use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::RANGE;
use hyper::{Method, Request};
use plimsoll_oci::Digest;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::reply::{self, Reply, Response};
use super::route::Name;
use super::{Shared, on_disk};

const CHUNK: usize = 128 * 1024;

pub(super) async fn get(
    shared: &Shared,
    request: &Request<Incoming>,
    name: Name,
    digest: Digest,
) -> Result<Response, Reply> {
    let (path, wanted) = (shared.store.blob_path(&digest), digest.clone());
    let size = on_disk(shared, move |store| store.blob_size(&name, &wanted)).await?.ok_or_else(Reply::blob_unknown)?;
    let range = match request.headers().get(RANGE).and_then(|v| v.to_str().ok()) {
        Some(text) => match parse_range(text, size) {
            Range::Part(start, end) => Some((start, end)),
            Range::Ignored => None,
            Range::Unsatisfiable => {
                let reply = Reply::new(416, "SIZE_INVALID", "the range lies outside of the blob");
                return Err(reply.with("content-range", format!("bytes */{size}")));
            }
        },
        None => None,
    };
    let (start, length) = range.map_or((0, size), |(start, end)| (start, end - start + 1));
    let body = if request.method() == Method::HEAD {
        reply::whole(Bytes::new())
    } else {
        let mut file = tokio::fs::File::open(path).await.map_err(|_| Reply::blob_unknown())?;
        file.seek(std::io::SeekFrom::Start(start)).await.map_err(|_| Reply::internal())?;
        let stream = futures_util::stream::try_unfold(file.take(length), |mut file| async move {
            let mut chunk = vec![0; CHUNK];
            let read = file.read(&mut chunk).await?;
            chunk.truncate(read);
            Ok::<_, std::io::Error>((read > 0).then(|| (Frame::data(Bytes::from(chunk)), file)))
        });
        StreamBody::new(stream).boxed_unsync()
    };
    let mut response = reply::with_body(if range.is_some() { 206 } else { 200 }, body);
    reply::set(&mut response, "content-type", "application/octet-stream");
    reply::set(&mut response, "content-length", &length.to_string());
    reply::set(&mut response, "accept-ranges", "bytes");
    reply::set(&mut response, "docker-content-digest", &digest.to_string());
    if let Some((start, end)) = range {
        reply::set(&mut response, "content-range", &format!("bytes {start}-{end}/{size}"));
    }
    Ok(response)
}

pub(super) async fn delete(shared: &Shared, name: Name, digest: Digest) -> Result<Response, Reply> {
    match on_disk(shared, move |store| store.delete_blob(&name, &digest)).await? {
        true => Ok(reply::empty(202)),
        false => Err(Reply::blob_unknown()),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// First and last byte.
    Part(u64, u64),
    /// A unit or a form that is not served, which RFC 9110 lets a server ignore.
    Ignored,
    Unsatisfiable,
}

fn parse_range(text: &str, size: u64) -> Range {
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Range::Ignored;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Range::Ignored,
        (Ok(first), Ok(last)) if first < size => Range::Part(first, last.min(size - 1)),
        (Ok(first), Err(_)) if last.is_empty() && first < size => Range::Part(first, size - 1),
        (Ok(_), _) if last.is_empty() || last.parse::<u64>().is_ok() => Range::Unsatisfiable,
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 && size > 0 => {
            Range::Part(size.saturating_sub(suffix), size - 1)
        }
        (Err(_), Ok(_)) if first.is_empty() => Range::Unsatisfiable,
        _ => Range::Ignored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(parse_range("bytes=0-3", 10), Range::Part(0, 3));
        assert_eq!(parse_range("bytes=4-", 10), Range::Part(4, 9));
        assert_eq!(parse_range("bytes=-3", 10), Range::Part(7, 9));
        assert_eq!(parse_range("bytes=-30", 10), Range::Part(0, 9));
        assert_eq!(parse_range("bytes=5-99", 10), Range::Part(5, 9));
        assert_eq!(parse_range("bytes=10-", 10), Range::Unsatisfiable);
        assert_eq!(parse_range("bytes=0-", 0), Range::Unsatisfiable);
        assert_eq!(parse_range("bytes=0-1,4-5", 10), Range::Ignored);
        assert_eq!(parse_range("lines=1-2", 10), Range::Ignored);
        assert_eq!(parse_range("bytes=3-1", 10), Range::Ignored);
    }
}
