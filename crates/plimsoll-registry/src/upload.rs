//! Request bodies that are streamed and whose progress can be watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::io::AsyncReadExt as _;

use crate::RegistryError;
use crate::content::Content;

const CHUNK: usize = 64 * 1024;

/// A body and its length, which registries want announced.
pub(crate) struct Payload {
    pub(crate) body: Body,
    pub(crate) length: u64,
}

/// A streamed body that counts the bytes handed to the connection.
pub(crate) async fn stream(content: &Content, sent: Arc<AtomicU64>) -> Result<Payload, RegistryError> {
    match content {
        Content::Bytes(bytes) => {
            let (length, rest) = (bytes.len() as u64, bytes.clone());
            let body = Body::wrap_stream(stream::try_unfold((rest, sent), |(mut rest, sent)| async move {
                if rest.is_empty() {
                    return Ok::<_, std::io::Error>(None);
                }
                let chunk = rest.split_to(CHUNK.min(rest.len()));
                sent.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                Ok(Some((chunk, (rest, sent))))
            }));
            Ok(Payload { body, length })
        }
        Content::File(path) => {
            let io = |source| RegistryError::Io { what: format!("reading {}", path.display()), source };
            let file = tokio::fs::File::open(path).await.map_err(io)?;
            let length = file.metadata().await.map_err(io)?.len();
            // The length was announced; a file that grows meanwhile is cut there, and the registry's digest check speaks.
            let file = file.take(length);
            let body = Body::wrap_stream(stream::try_unfold((file, sent), |(mut file, sent)| async move {
                let mut chunk = vec![0; CHUNK];
                let read = file.read(&mut chunk).await?;
                if read == 0 {
                    return Ok::<_, std::io::Error>(None);
                }
                chunk.truncate(read);
                sent.fetch_add(read as u64, Ordering::Relaxed);
                Ok(Some((Bytes::from(chunk), (file, sent))))
            }));
            Ok(Payload { body, length })
        }
    }
}
