//! The registry's side of the distribution specification, header by header.

use plimsoll_oci::{Descriptor, Digest, Index, media_type};

use crate::support::{Registry, client, http, image};

fn code(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    value["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[test]
fn chunks_in_order_and_out_of_order() {
    let registry = Registry::start(|_| {});
    let addr = registry.server.local_addr();
    let digest = Digest::sha256(b"hello world");
    let start = http(addr, "POST", "/v2/a/b/blobs/uploads/", &[], b"");
    assert_eq!(start.status, 202);
    let at = start.headers["location"].clone();
    let first = http(addr, "PATCH", &at, &[("content-range", "0-4")], b"hello");
    assert_eq!((first.status, first.headers["range"].as_str()), (202, "0-4"));
    let early = http(addr, "PATCH", &at, &[("content-range", "9-11")], b"xyz");
    assert_eq!((early.status, code(&early.body)), (416, "BLOB_UPLOAD_INVALID".into()));
    let short = http(addr, "PATCH", &at, &[("content-range", "5-9")], b"xyz");
    assert_eq!(short.status, 400);
    let status = http(addr, "GET", &at, &[], b"");
    assert_eq!((status.status, status.headers["range"].as_str()), (204, "0-4"));
    let done = http(addr, "PUT", &format!("{at}?digest={digest}"), &[], b" world");
    assert_eq!((done.status, done.headers["location"].clone()), (201, format!("/v2/a/b/blobs/{digest}")));
    assert_eq!(http(addr, "GET", &at, &[], b"").status, 404);

    let blob = format!("/v2/a/b/blobs/{digest}");
    let head = http(addr, "HEAD", &blob, &[], b"");
    assert_eq!((head.status, head.headers["content-length"].as_str(), head.body.len()), (200, "11", 0));
    let part = http(addr, "GET", &blob, &[("range", "bytes=6-")], b"");
    assert_eq!((part.status, part.body.as_slice()), (206, b"world".as_slice()));
    assert_eq!(part.headers["content-range"], "bytes 6-10/11");
    assert_eq!(http(addr, "GET", &blob, &[("range", "bytes=11-")], b"").status, 416);
}

#[test]
fn monolithic_mount_delete() {
    let registry = Registry::start(|o| o.max_blob_bytes = 100);
    let addr = registry.server.local_addr();
    let digest = Digest::sha256(b"hello");
    let post = |repo: &str, query: &str, body: &[u8]| {
        http(addr, "POST", &format!("/v2/{repo}/blobs/uploads/?{query}"), &[], body)
    };
    assert_eq!(post("a", &format!("digest={digest}"), b"hello").status, 201);
    let wrong = post("a", &format!("digest={digest}"), b"other");
    assert_eq!((wrong.status, code(&wrong.body)), (400, "DIGEST_INVALID".into()));
    let big = post("a", &format!("digest={digest}"), &[0; 101]);
    assert_eq!((big.status, code(&big.body)), (413, "SIZE_INVALID".into()));
    let head = |repo: &str| http(addr, "HEAD", &format!("/v2/{repo}/blobs/{digest}"), &[], b"").status;
    assert_eq!((head("a"), head("b")), (200, 404), "a repository shows only its own blobs");
    assert_eq!(post("b", &format!("mount={digest}&from=c"), b"").status, 202);
    assert_eq!(post("b", &format!("mount={digest}&from=a"), b"").status, 201);
    let path = format!("/v2/a/blobs/{digest}");
    assert_eq!(http(addr, "DELETE", &path, &[], b"").status, 202);
    assert_eq!((head("a"), head("b")), (404, 200), "the other repository keeps it");
    assert_eq!(http(addr, "DELETE", &path, &[], b"").status, 404);
    assert_eq!(http(addr, "DELETE", &format!("/v2/b/blobs/{digest}"), &[], b"").status, 202);
    assert!(!registry.dir.path().join("blobs/sha256").join(digest.hex()).exists());
}

#[test]
fn manifests_are_validated() {
    let registry = Registry::start(|_| {});
    let addr = registry.server.local_addr();
    let put = |target: &str, kind: &str, body: &[u8]| {
        http(addr, "PUT", &format!("/v2/a/manifests/{target}"), &[("content-type", kind)], body)
    };
    let bytes = image(b"layer").manifest.to_bytes();
    let missing = put("v1", media_type::MANIFEST, &bytes);
    assert_eq!((missing.status, code(&missing.body)), (404, "MANIFEST_BLOB_UNKNOWN".into()));
    let not_json = put("v1", media_type::MANIFEST, b"{");
    assert_eq!((not_json.status, code(&not_json.body)), (400, "MANIFEST_INVALID".into()));
    assert_eq!(put("v1", media_type::INDEX, &bytes).status, 400);
    assert_eq!(put("..", media_type::MANIFEST, &bytes).status, 400);
    let huge = vec![b' '; 4 * 1024 * 1024 + 1];
    assert_eq!(put("v1", media_type::MANIFEST, &huge).status, 413);

    image(b"layer").push(&client(), &registry.reference("a:v1"));
    let wrong = put(&Digest::sha256(b"x").to_string(), media_type::MANIFEST, &bytes);
    assert_eq!((wrong.status, code(&wrong.body)), (400, "DIGEST_INVALID".into()));
    let sparse = Index {
        media_type: media_type::INDEX.into(),
        manifests: vec![Descriptor::of(media_type::MANIFEST, b"elsewhere")],
        subject: None,
        annotations: Default::default(),
    };
    assert_eq!(put("list", media_type::INDEX, &sparse.to_bytes()).status, 201);

    let got = http(addr, "GET", "/v2/a/manifests/v1", &[], b"");
    assert_eq!((got.status, got.body.as_slice()), (200, bytes.as_slice()));
    assert_eq!(got.headers["docker-content-digest"], Digest::sha256(&bytes).to_string());
    let head = http(addr, "HEAD", "/v2/a/manifests/v1", &[], b"");
    assert_eq!(head.headers["content-length"], bytes.len().to_string());

    // A write on a condition that does not hold changes nothing.
    let stale = http(
        addr,
        "PUT",
        "/v2/a/manifests/v1",
        &[("content-type", media_type::INDEX), ("if-match", "\"sha256:0\"")],
        &sparse.to_bytes(),
    );
    assert_eq!(stale.status, 412);

    // Deleting by digest takes the tags with it.
    let path = format!("/v2/a/manifests/{}", Digest::sha256(&bytes));
    assert_eq!(http(addr, "DELETE", &path, &[], b"").status, 202);
    assert_eq!(http(addr, "GET", "/v2/a/manifests/v1", &[], b"").status, 404);
    assert_eq!(http(addr, "DELETE", "/v2/a/manifests/list", &[], b"").status, 202);
    assert_eq!(client().tags(&registry.reference("a")).unwrap(), Vec::<String>::new());
}

#[test]
fn lists_and_errors() {
    let registry = Registry::start(|_| {});
    let addr = registry.server.local_addr();
    let client = client();
    for name in ["b/x:v1", "a:v1", "a:v2", "a:v3"] {
        image(b"layer").push(&client, &registry.reference(name));
    }
    let get = |path: &str| http(addr, "GET", path, &[], b"");
    assert_eq!(get("/v2/").status, 200);
    assert_eq!(get("/v2/_catalog").body, br#"{"repositories":["a","b/x"]}"#);
    let page = get("/v2/a/tags/list?n=2");
    assert_eq!(page.body, br#"{"name":"a","tags":["v1","v2"]}"#);
    assert_eq!(page.headers["link"], "</v2/a/tags/list?n=2&last=v2>; rel=\"next\"");
    let rest = get("/v2/a/tags/list?n=2&last=v2");
    assert!(rest.body.ends_with(br#"["v3"]}"#) && !rest.headers.contains_key("link"));
    assert_eq!(get("/v2/a/tags/list?n=0").body, br#"{"name":"a","tags":[]}"#);
    for (path, status, expected) in [
        ("/v2/nope/tags/list", 404, "NAME_UNKNOWN"),
        ("/v2/UPPER/tags/list", 400, "NAME_INVALID"),
        ("/v2/a/manifests/nope", 404, "MANIFEST_UNKNOWN"),
        ("/v2/a/blobs/sha256:12", 400, "DIGEST_INVALID"),
        ("/v2/a/tags/list?n=x", 400, "PAGINATION_NUMBER_INVALID"),
        ("/v2/a/../../etc/passwd", 404, "NAME_UNKNOWN"),
    ] {
        let answer = get(path);
        assert_eq!((answer.status, code(&answer.body).as_str()), (status, expected), "{path}");
    }
    assert_eq!(http(addr, "POST", "/v2/a/manifests/v1", &[], b"").status, 405);
}

#[test]
fn nothing_is_written_outside_of_the_root() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    let server =
        plimsoll_registry::blocking::RunningServer::start(crate::support::any_port(), &root, Default::default())
            .unwrap();
    let digest = Digest::sha256(b"x");
    for path in [
        format!("/v2/../../x/blobs/uploads/?digest={digest}"),
        format!("/v2/..%2f..%2fx/blobs/uploads/?digest={digest}"),
        format!("/v2/a/blobs/uploads/../../../../x?digest={digest}"),
        "/v2/a/manifests/..%2f..%2fx".to_owned(),
    ] {
        for method in ["POST", "PUT", "PATCH"] {
            let answer = http(server.local_addr(), method, &path, &[], b"x");
            assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.status);
        }
    }
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(root.join("repositories")).unwrap().count(), 0);
}
