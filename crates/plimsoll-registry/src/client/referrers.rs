//! Referrers: the API, the fallback tag, and attaching an artefact so that either finds it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use plimsoll_oci::{Descriptor, Digest, Document, EMPTY_CONFIG, Reference, media_type, parse_document};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde_json::{Map, Value};

use super::push::Condition;
use super::{Client, MAX_ENTRIES, MAX_PAGES, Session};
use crate::RegistryError;
use crate::content::Content;
use crate::header::next_page;
use crate::retry::backoff;

/// Through what a reader will find an attached artefact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferrersVia {
    /// The referrers API.
    Api,
    /// The referrers tag, for registries without the API.
    FallbackTag,
}

/// An artefact that was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The artefact's full descriptor, with artifact type and annotations.
    pub descriptor: Descriptor,
    /// How readers find it.
    pub via: ReferrersVia,
}

/// The referrers tag of a digest (distribution specification, "Referrers Tag Schema").
pub fn fallback_tag(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("{}-{}", digest.algorithm().name(), hex.get(..64).unwrap_or(hex))
}

impl Client {
    /// What refers to `digest`: from the referrers API, or from the referrers tag where the registry has no such API.
    pub async fn referrers(&self, repository: &Reference, digest: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        let session = self.session(repository, false, false)?;
        if let Some(list) = session.api_referrers(digest).await? {
            return Ok(list);
        }
        let tag = fallback_tag(digest);
        match session.manifest(&tag, None).await? {
            None => Ok(Vec::new()),
            Some(found) => match found.resolved.document {
                Document::Index(index) => Ok(index.manifests),
                Document::Manifest(_) => Err(session.not_an_index(&tag)),
            },
        }
    }

    /// Attaches an artefact: pushes `blobs` and the manifest by digest, and makes sure that readers find it. `manifest`
    /// must name `subject`. Safe against other clients that attach at the same time.
    pub async fn attach(
        &self,
        repository: &Reference,
        subject: &Descriptor,
        manifest: &[u8],
        blobs: &[Content],
    ) -> Result<Attached, RegistryError> {
        let invalid = |why: String| RegistryError::Invalid { what: "the artefact to attach".to_owned(), why };
        let Document::Manifest(parsed) = parse_document(manifest).map_err(|e| invalid(e.to_string()))? else {
            return Err(invalid("it is an index".to_owned()));
        };
        if parsed.subject.as_ref().is_none_or(|s| s.digest != subject.digest || s.size != subject.size) {
            return Err(invalid(format!("its manifest does not name the subject {}", subject.digest)));
        }
        if parsed.config.media_type == media_type::EMPTY {
            let digest = Digest::sha256(EMPTY_CONFIG);
            let empty = Content::Bytes(bytes::Bytes::from_static(EMPTY_CONFIG));
            self.push_blob(repository, &digest, &empty, None).await?;
        }
        for blob in blobs {
            let digest = blob.digest().await?;
            self.push_blob(repository, &digest, blob, None).await?;
        }
        let mut entry = Descriptor::of(&parsed.media_type, manifest);
        entry.artifact_type = Some(parsed.artifact_type.unwrap_or(parsed.config.media_type));
        entry.annotations = parsed.annotations;
        let pushed = self.push_manifest(&repository.at(&entry.digest), &parsed.media_type, manifest).await?;

        let session = self.session(repository, true, false)?;
        let via = if session.api_shows(subject, &entry, pushed.subject_noted).await? {
            ReferrersVia::Api
        } else {
            session.update_fallback(&subject.digest, &entry).await?;
            ReferrersVia::FallbackTag
        };
        Ok(Attached { descriptor: entry, via })
    }
}

impl Session<'_> {
    fn not_an_index(&self, tag: &str) -> RegistryError {
        RegistryError::Protocol {
            host: self.host().to_owned(),
            operation: format!("read the referrers tag {tag} of {}", self.reference.repository),
            why: "the tag does not hold an index".to_owned(),
        }
    }

    /// Whether the API will show the artefact. Some registries send `OCI-Subject` and have no API (sigstore-js#1183), so
    /// the header alone is never believed; and an API that is there without the header must show the artefact itself.
    async fn api_shows(&self, subject: &Descriptor, entry: &Descriptor, noted: bool) -> Result<bool, RegistryError> {
        let name = self.reference.name();
        let known = &self.inner.referrers_api;
        if noted && known.lock().unwrap_or_else(PoisonError::into_inner).contains(&name) {
            return Ok(true);
        }
        let Some(list) = self.api_referrers(&subject.digest).await? else { return Ok(false) };
        if noted {
            known.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        }
        Ok(noted || list.iter().any(|d| d.digest == entry.digest))
    }

    /// The answer of the referrers API, or `None` when the registry has none.
    async fn api_referrers(&self, digest: &Digest) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let operation = format!("list the referrers of {digest} in {}", self.reference.repository);
        let mut url = self.url(&format!("referrers/{digest}"), &operation)?;
        let mut list = Vec::new();
        for page in 0..MAX_PAGES {
            let mut call = self.call(Method::GET, url.clone(), &operation);
            call.headers.push((ACCEPT, HeaderValue::from_static(media_type::INDEX)));
            let response = self.send(&call, None).await?;
            match response.status().as_u16() {
                200 => {}
                // What registries without the API are known to answer.
                400 | 404 | 405 | 406 | 501 if page == 0 => return Ok(None),
                _ => return Err(self.inner.transport.refusal(&call, response).await),
            }
            let next = response.headers().get("link").and_then(|v| v.to_str().ok()).and_then(next_page);
            let limit = plimsoll_oci::MAX_MANIFEST_BYTES as u64;
            let body = self.inner.transport.body(&call, response, limit, "the referrers list").await?;
            match parse_document(&body) {
                Ok(Document::Index(index)) => list.extend(index.manifests),
                // A web page with status 200 is no API.
                _ if page == 0 && !body.trim_ascii_start().starts_with(b"{") => return Ok(None),
                Ok(Document::Manifest(_)) => return Err(call.protocol("the referrers list is a manifest")),
                Err(e) => return Err(call.protocol(e.to_string())),
            }
            if list.len() > MAX_ENTRIES {
                break;
            }
            let Some(next) = next else { return Ok(Some(list)) };
            url = url.join(&next).map_err(|_| call.protocol("the link to the next page is malformed"))?;
            if url.origin() != self.base.origin() {
                return Err(call.protocol("the link to the next page leads to another host"));
            }
        }
        let (host, limit) = (self.host().to_owned(), MAX_ENTRIES as u64);
        Err(RegistryError::TooLarge { host, what: format!("the list of referrers of {digest}"), limit })
    }

    /// Puts `entry` into the referrers tag: read, merge, write on condition, and read again until it stays. The tag has
    /// no lock, so a racing writer may undo a write; whoever notices puts back all it has seen.
    async fn update_fallback(&self, subject: &Digest, entry: &Descriptor) -> Result<(), RegistryError> {
        let tag = fallback_tag(subject);
        let operation = format!("update the referrers tag {tag} of {}", self.reference.repository);
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        let (mut conditional, mut rounds) = (true, 0);
        loop {
            let (mut root, condition) = match self.manifest(&tag, None).await? {
                None => (empty_index(), Condition::Absent),
                Some(found) => {
                    if !matches!(found.resolved.document, Document::Index(_)) {
                        return Err(self.not_an_index(&tag));
                    }
                    let root: Map<String, Value> = serde_json::from_slice(&found.resolved.bytes).unwrap_or_default();
                    (root, found.etag.map_or(Condition::None, Condition::Is))
                }
            };
            if !merge(&mut root, entry, &mut seen) {
                return Ok(());
            }
            let bytes = Value::Object(root).to_string().into_bytes();
            let asked = conditional && !matches!(condition, Condition::None);
            let condition = if conditional { condition } else { Condition::None };
            let response = self.put_manifest(&tag, media_type::INDEX, &bytes, condition, &operation).await?;
            let wait = match response.status().as_u16() {
                200..=299 => self.inner.transport.options.settle,
                // Another writer was faster.
                409 | 412 => std::time::Duration::ZERO,
                // A registry that cannot cope with conditions is written to without.
                304 | 400 | 428 | 501 if asked => {
                    conditional = false;
                    continue;
                }
                _ => {
                    let call = self.call(Method::PUT, self.base.clone(), &operation);
                    return Err(self.inner.transport.refusal(&call, response).await);
                }
            };
            let wait = wait + backoff(rounds.min(2)) / 4;
            if wait >= self.deadline.left() {
                let (host, what) = (self.host().to_owned(), format!("referrers tag {tag}"));
                return Err(RegistryError::Conflict { host, what });
            }
            tokio::time::sleep(wait).await;
            rounds += 1;
        }
    }
}

fn empty_index() -> Map<String, Value> {
    let mut root = Map::new();
    root.insert("schemaVersion".into(), 2.into());
    root.insert("mediaType".into(), media_type::INDEX.into());
    root.insert("manifests".into(), Value::Array(Vec::new()));
    root
}

/// Adds what is missing and gives whether anything was. Entries of others keep fields this project does not know; our own
/// entry replaces one that lost its artifact type or annotations (cosign#4641).
fn merge(root: &mut Map<String, Value>, entry: &Descriptor, seen: &mut BTreeMap<String, Value>) -> bool {
    let ours = entry.to_json();
    let own_digest = entry.digest.to_string();
    let Some(list) = root.get_mut("manifests").and_then(Value::as_array_mut) else { return false };
    let digest_of = |value: &Value| value.get("digest").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut changed = false;
    for value in list.iter_mut() {
        let digest = digest_of(value);
        let poorer = |key: &str| ours.get(key).is_some() && value.get(key) != ours.get(key);
        if digest == own_digest && (poorer("artifactType") || poorer("annotations")) {
            *value = ours.clone();
            changed = true;
        }
        seen.insert(digest, value.clone());
    }
    seen.insert(own_digest, ours);
    for (digest, value) in seen.iter() {
        if !list.iter().any(|v| digest_of(v) == *digest) {
            list.push(value.clone());
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_what_others_wrote_and_repairs_ours() {
        let mut entry = Descriptor::of(media_type::MANIFEST, b"ours");
        let bare = entry.to_json();
        entry.annotations.insert("k".into(), "v".into());
        let other = serde_json::json!({"mediaType": "m", "digest": "sha256:x", "size": 1, "data": "e30="});
        let mut root = empty_index();
        root.insert("manifests".into(), Value::Array(vec![other.clone(), bare]));
        let mut seen = BTreeMap::new();
        assert!(merge(&mut root, &entry, &mut seen));
        assert_eq!(root["manifests"], Value::Array(vec![other.clone(), entry.to_json()]));
        assert!(!merge(&mut root, &entry, &mut seen));
        // A racing writer dropped both: both come back.
        let mut root = empty_index();
        assert!(merge(&mut root, &entry, &mut seen));
        assert_eq!(root["manifests"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn the_tag_of_a_long_digest_is_cut() {
        let long: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        assert_eq!(fallback_tag(&long), format!("sha512-{}", "a".repeat(64)));
    }
}
