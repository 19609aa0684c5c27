//! Writing blobs and manifests.

use plimsoll_oci::{Digest, MAX_MANIFEST_BYTES, Reference};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, Response};

use super::{Client, Session};
use crate::RegistryError;
use crate::call::location;
use crate::content::{Content, Progress, digest_like};
use crate::transport::reborrow;

/// What a registry said to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Digest of the bytes pushed.
    pub digest: Digest,
    /// The registry says that it took note of the subject (`OCI-Subject`). Some say so without a referrers API.
    pub subject_noted: bool,
}

impl Client {
    /// Pushes a blob unless the repository has it; `true` when it was sent.
    pub async fn push_blob(
        &self,
        repository: &Reference,
        digest: &Digest,
        content: &Content,
        mut progress: Option<Progress<'_>>,
    ) -> Result<bool, RegistryError> {
        let session = self.session(repository, true, true)?;
        if session.blob_exists(digest).await? {
            return Ok(false);
        }
        let mut tries = 0;
        loop {
            match session.upload(digest, content, reborrow(&mut progress)).await {
                Ok(()) => return Ok(true),
                // A session that broke in the middle cannot be used again: another try starts a new one.
                Err(error) => session.pause(error, &mut tries).await?,
            }
        }
    }

    /// Pushes a manifest or index to the tag or the digest of `reference`; a digest must be that of `bytes`.
    pub async fn push_manifest(
        &self,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Pushed, RegistryError> {
        let invalid = |why: &str| RegistryError::Invalid { what: reference.to_string(), why: why.to_owned() };
        let target = match (&reference.digest, &reference.tag) {
            (Some(digest), _) if digest.matches(bytes) => digest.to_string(),
            (Some(_), _) => return Err(invalid("the manifest to push has another digest")),
            (None, Some(tag)) => tag.clone(),
            (None, None) => return Err(invalid("a manifest is pushed to a tag or a digest")),
        };
        let session = self.session(reference, true, false)?;
        let operation = format!("write manifest {target} of {}", reference.repository);
        let response = session.put_manifest(&target, media_type, bytes, Condition::None, &operation).await?;
        if !response.status().is_success() {
            let call = session.call(Method::PUT, session.base.clone(), &operation);
            return Err(session.inner.transport.refusal(&call, response).await);
        }
        session.check_digest_header(response.headers(), bytes, &operation)?;
        let digest = reference.digest.as_ref().map_or_else(|| Digest::sha256(bytes), |d| digest_like(d, bytes));
        Ok(Pushed { digest, subject_noted: response.headers().contains_key("oci-subject") })
    }
}

/// What must hold for a write to take place.
pub(super) enum Condition {
    None,
    /// The tag still is what was read.
    Is(HeaderValue),
    /// The tag still is absent.
    Absent,
}

impl Session<'_> {
    async fn upload(
        &self,
        digest: &Digest,
        content: &Content,
        progress: Option<Progress<'_>>,
    ) -> Result<(), RegistryError> {
        let operation = format!("write blob {digest} of {}", self.reference.repository);
        let start = self.url("blobs/uploads/", &operation)?;
        let mut call = self.call(Method::POST, start, &operation);
        call.body = Some(Content::Bytes(bytes::Bytes::new()));
        let response = self.send(&call, None).await?;
        if response.status() != 202 {
            return Err(self.inner.transport.refusal(&call, response).await);
        }
        let mut session = location(&response, response.url())
            .ok_or_else(|| call.protocol("an upload was accepted without a usable Location"))?;
        session.query_pairs_mut().append_pair("digest", &digest.to_string());
        let mut call = self.call(Method::PUT, session, &operation);
        call.retry = false;
        call.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")));
        call.body = Some(content.clone());
        let response = self.send(&call, progress).await?;
        if response.status() != 201 {
            return Err(self.inner.transport.refusal(&call, response).await);
        }
        Ok(())
    }

    /// Sends a manifest; every answer that is not transient is given back.
    pub(super) async fn put_manifest(
        &self,
        target: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Condition,
        operation: &str,
    ) -> Result<Response, RegistryError> {
        if bytes.len() > MAX_MANIFEST_BYTES {
            let (host, limit) = (self.host().to_owned(), MAX_MANIFEST_BYTES as u64);
            return Err(RegistryError::TooLarge { host, what: format!("manifest {target}"), limit });
        }
        let media_type = HeaderValue::from_str(media_type).map_err(|_| RegistryError::Invalid {
            what: "media type".to_owned(),
            why: "it cannot stand in a header".to_owned(),
        })?;
        let mut headers: Vec<(HeaderName, HeaderValue)> = vec![(CONTENT_TYPE, media_type)];
        match condition {
            Condition::None => {}
            Condition::Is(etag) => headers.push((IF_MATCH, etag)),
            Condition::Absent => headers.push((IF_NONE_MATCH, HeaderValue::from_static("*"))),
        }
        let url = self.url(&format!("manifests/{target}"), operation)?;
        let mut call = self.call(Method::PUT, url, operation);
        call.headers = headers;
        call.body = Some(Content::Bytes(bytes.to_vec().into()));
        self.send(&call, None).await
    }
}
