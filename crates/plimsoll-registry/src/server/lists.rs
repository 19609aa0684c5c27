//! Lists: tags, repositories, referrers.

use plimsoll_oci::{Descriptor, Digest, Document, Index, media_type, parse_document};

use super::manifests;
use super::reply::{self, Reply, Response};
use super::route::{Name, Page};
use super::store::Store;
use super::{Shared, on_disk};

/// The entries of a page, and the last of them when more follow.
fn cut(all: Vec<String>, page: &Page) -> (Vec<String>, Option<String>) {
    let after = |entry: &String| page.last.as_ref().is_none_or(|last| entry > last);
    let mut rest: Vec<String> = all.into_iter().filter(after).collect();
    let more = rest.len() > page.n;
    rest.truncate(page.n);
    let last = rest.last().cloned().filter(|_| more);
    (rest, last)
}

fn list(body: &serde_json::Value, path: &str, page: &Page, last: Option<String>) -> Response {
    let mut response = reply::json(200, body.to_string().into_bytes());
    if let Some(last) = last {
        reply::set(&mut response, "link", &format!("<{path}?n={}&last={last}>; rel=\"next\"", page.n));
    }
    response
}

pub(super) async fn tags(shared: &Shared, name: Name, page: Page) -> Result<Response, Reply> {
    let owner = name.clone();
    let all = on_disk(shared, move |store| store.tags(&owner)).await?;
    let all = all.ok_or_else(|| Reply::new(404, "NAME_UNKNOWN", "repository name not known to registry"))?;
    let (tags, last) = cut(all, &page);
    let body = serde_json::json!({"name": name.as_str(), "tags": tags});
    Ok(list(&body, &format!("/v2/{}/tags/list", name.as_str()), &page, last))
}

pub(super) async fn catalog(shared: &Shared, page: Page) -> Result<Response, Reply> {
    let all = on_disk(shared, Store::repositories).await?;
    let (repositories, last) = cut(all, &page);
    Ok(list(&serde_json::json!({"repositories": repositories}), "/v2/_catalog", &page, last))
}

pub(super) async fn referrers(
    shared: &Shared,
    name: Name,
    subject: Digest,
    filter: Option<String>,
    page: Page,
) -> Result<Response, Reply> {
    if !shared.options.referrers_api {
        return Err(Reply::new(404, "UNSUPPORTED", "this registry has no referrers API"));
    }
    let mut next = reqwest::Url::parse("http://localhost/").map_err(|_| Reply::internal())?;
    next.set_path(&format!("/v2/{}/referrers/{subject}", name.as_str()));
    let (wanted, asked) = (filter.clone(), page.clone());
    let (manifests, more) = on_disk(shared, move |store| {
        let mut found: Vec<Descriptor> = Vec::new();
        for digest in store.referrers(&name, &subject)? {
            if asked.last.as_ref().is_some_and(|last| digest.to_string() <= *last) {
                continue;
            }
            let Some(bytes) = store.manifest(&name, &digest)? else { continue };
            let Some(entry) = describe(digest, &bytes) else { continue };
            if wanted.is_some() && entry.artifact_type != wanted {
                continue;
            }
            if found.len() == asked.n {
                return Ok((found, true));
            }
            found.push(entry);
        }
        Ok((found, false))
    })
    .await?;
    if let Some(last) = manifests.last().filter(|_| more) {
        let (n, last) = (page.n.to_string(), last.digest.to_string());
        next.query_pairs_mut().append_pair("n", &n).append_pair("last", &last);
        if let Some(filter) = &filter {
            next.query_pairs_mut().append_pair("artifactType", filter);
        }
    }
    let index = Index {
        media_type: media_type::INDEX.to_owned(),
        manifests,
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let mut response = reply::json(200, index.to_bytes());
    reply::set(&mut response, "content-type", media_type::INDEX);
    if let (true, Some(query)) = (more, next.query()) {
        reply::set(&mut response, "link", &format!("<{}?{query}>; rel=\"next\"", next.path()));
    }
    if filter.is_some() {
        reply::set(&mut response, "oci-filters-applied", "artifactType");
    }
    Ok(response)
}

/// The entry of a manifest in the list of what refers to its subject.
fn describe(digest: Digest, bytes: &[u8]) -> Option<Descriptor> {
    let document = parse_document(bytes).ok()?;
    let mut entry = Descriptor::new(manifests::media_type(&document), digest, bytes.len() as u64);
    match document {
        Document::Manifest(manifest) => {
            entry.artifact_type = Some(manifest.artifact_type.unwrap_or(manifest.config.media_type));
            entry.annotations = manifest.annotations;
        }
        Document::Index(index) => {
            let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
            entry.artifact_type = value.get("artifactType").and_then(|t| t.as_str()).map(str::to_owned);
            entry.annotations = index.annotations;
        }
    }
    Some(entry)
}
