//! What a path and a query ask for. Every name that reaches the disk is checked here.

use std::str::FromStr as _;

use plimsoll_oci::{Digest, Reference};

use super::reply::Reply;

/// Entries of a page when the client does not say, and the most it may ask for.
const MAX_PAGE: usize = 1000;

/// A repository name that obeys the reference grammar: no empty, dotted or upper-case component, nothing that climbs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let reference = Reference::from_str(&format!("localhost/{text}")).ok()?;
        (reference.repository == text && reference.tag.is_none() && reference.digest.is_none())
            .then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a manifest is named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Tag(String),
    Digest(Digest),
}

/// The part of a list that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) n: usize,
    pub(super) last: Option<String>,
}

/// How an upload starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Session,
    Monolithic(Digest),
    Mount(Digest, Option<Name>),
}

/// A request's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Root,
    Catalog(Page),
    Tags(Name, Page),
    Referrers(Name, Digest, Option<String>, Page),
    Blob(Name, Digest),
    Manifest(Name, Target),
    Uploads(Name, Start),
    Upload(Name, String, Option<Digest>),
}

impl Route {
    pub(super) fn parse(path: &str, query: &str) -> Result<Self, Reply> {
        let unknown = || Reply::new(404, "NAME_UNKNOWN", "this path is not part of the registry API");
        let query = Query::parse(query);
        let rest = path.strip_prefix("/v2").ok_or_else(unknown)?;
        if matches!(rest, "" | "/") {
            return Ok(Self::Root);
        }
        let parts: Vec<&str> = rest.strip_prefix('/').ok_or_else(unknown)?.split('/').collect();
        let name = |parts: &[&str]| {
            Name::parse(&parts.join("/")).ok_or_else(|| Reply::new(400, "NAME_INVALID", "invalid repository name"))
        };
        match parts.as_slice() {
            ["_catalog"] => Ok(Self::Catalog(query.page()?)),
            [head @ .., "tags", "list"] => Ok(Self::Tags(name(head)?, query.page()?)),
            [head @ .., "blobs", "uploads"] | [head @ .., "blobs", "uploads", ""] => {
                let start = match (query.digest("digest")?, query.digest("mount")?) {
                    (Some(whole), _) => Start::Monolithic(whole),
                    (None, Some(mount)) => Start::Mount(mount, query.get("from").and_then(Name::parse)),
                    (None, None) => Start::Session,
                };
                Ok(Self::Uploads(name(head)?, start))
            }
            [head @ .., "blobs", "uploads", id] => {
                if id.len() != 32 || !id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(Reply::new(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown to registry"));
                }
                Ok(Self::Upload(name(head)?, (*id).to_owned(), query.digest("digest")?))
            }
            [head @ .., "blobs", digest] => Ok(Self::Blob(name(head)?, parse_digest(digest)?)),
            [head @ .., "manifests", target] => Ok(Self::Manifest(name(head)?, parse_target(target)?)),
            [head @ .., "referrers", digest] => {
                let filter = query.get("artifactType").map(str::to_owned).filter(|f| !f.is_empty());
                Ok(Self::Referrers(name(head)?, parse_digest(digest)?, filter, query.page()?))
            }
            _ => Err(unknown()),
        }
    }
}

fn parse_digest(text: &str) -> Result<Digest, Reply> {
    text.parse().map_err(|_| Reply::new(400, "DIGEST_INVALID", "the digest is malformed or of an unknown algorithm"))
}

fn parse_target(text: &str) -> Result<Target, Reply> {
    if text.contains(':') {
        return parse_digest(text).map(Target::Digest);
    }
    let reference = Reference::from_str(&format!("localhost/a:{text}")).ok();
    match reference.and_then(|r| r.tag) {
        Some(tag) if tag == text => Ok(Target::Tag(tag)),
        _ => Err(Reply::new(400, "MANIFEST_INVALID", "the tag is malformed")),
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let url = reqwest::Url::parse(&format!("http://localhost/?{text}"));
        Self(url.map(|u| u.query_pairs().into_owned().collect()).unwrap_or_default())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn digest(&self, key: &str) -> Result<Option<Digest>, Reply> {
        self.get(key).map(parse_digest).transpose()
    }

    fn page(&self) -> Result<Page, Reply> {
        let n = match self.get("n") {
            None => MAX_PAGE,
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| Reply::new(400, "PAGINATION_NUMBER_INVALID", "n is not a number"))?
                .min(MAX_PAGE),
        };
        Ok(Page { n, last: self.get("last").filter(|l| !l.is_empty()).map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str, query: &str) -> Option<Route> {
        Route::parse(path, query).ok()
    }

    #[test]
    fn reads_paths_of_nested_names() {
        let digest = Digest::sha256(b"");
        let name = Name("a/b/c".into());
        assert_eq!(route("/v2/", ""), Some(Route::Root));
        assert_eq!(route(&format!("/v2/a/b/c/blobs/{digest}"), ""), Some(Route::Blob(name.clone(), digest.clone())));
        assert_eq!(
            route("/v2/a/b/c/manifests/v1.0", ""),
            Some(Route::Manifest(name.clone(), Target::Tag("v1.0".into())))
        );
        let encoded = format!("digest={}", digest.to_string().replace(':', "%3A"));
        assert_eq!(route("/v2/a/b/c/blobs/uploads/", &encoded), Some(Route::Uploads(name, Start::Monolithic(digest))));
    }

    #[test]
    fn nothing_climbs_out() {
        let hex = "0".repeat(64);
        for path in [
            "/v2/../manifests/x".to_owned(),
            "/v2/a/../../b/manifests/x".to_owned(),
            "/v2/a/manifests/..".to_owned(),
            "/v2/a/manifests/%2e%2e".to_owned(),
            "/v2/_uploads/manifests/x".to_owned(),
            "/v2/A/manifests/x".to_owned(),
            "/v2//manifests/x".to_owned(),
            "/v2/a/blobs/sha256:../../etc".to_owned(),
            format!("/v2/a/blobs/md5:{hex}"),
            "/v2/a/blobs/uploads/../../../x".to_owned(),
            "/v2/a/blobs/uploads/zz".to_owned(),
            "/etc/passwd".to_owned(),
            "/v2evil".to_owned(),
        ] {
            assert_eq!(route(&path, ""), None, "{path}");
        }
    }
}
