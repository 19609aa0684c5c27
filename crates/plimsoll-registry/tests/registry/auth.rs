//! Basic and bearer authentication, against a small registry that only knows those.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use plimsoll_oci::Reference;
use plimsoll_registry::blocking::Client;
use plimsoll_registry::{Credentials, Options, RegistryError};

use crate::support::{image, quick};

struct Request {
    line: String,
    authorization: Option<String>,
    body: String,
}

/// Request line, credential, body.
type Seen = (String, Option<String>, String);

/// A stub that answers each request by a function and remembers all of them.
struct Stub {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    fn start(answer: impl Fn(&Request, SocketAddr) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(request) = read(&mut stream.as_ref().unwrap()) else { continue };
                let text = answer(&request, addr);
                log.lock().unwrap().push((request.line, request.authorization, request.body));
                let _ = stream.unwrap().write_all(text.as_bytes());
            }
        });
        Self { addr, seen }
    }

    fn reference(&self) -> Reference {
        format!("{}/team/app:v1", self.addr).parse().unwrap()
    }

    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn read(stream: &mut &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut authorization, mut length) = (String::new(), None, 0);
    reader.read_line(&mut line).ok()?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "authorization" => authorization = Some(value.to_owned()),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, authorization, body: String::from_utf8(body).ok()? })
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn manifest() -> String {
    let body = String::from_utf8(image(b"layer").manifest.to_bytes()).unwrap();
    answer(200, "content-type: application/vnd.oci.image.manifest.v1+json\r\n", &body)
}

fn client(credentials: Credentials) -> Client {
    Client::new(Options { credentials, ..quick() }).unwrap()
}

/// A token service and a registry at one address; a token is good for `uses` requests.
fn bearer(uses: usize) -> Stub {
    let (issued, used) = (Arc::new(Mutex::new(0)), Mutex::new(0));
    Stub::start(move |request, addr| {
        if request.line.contains("/token") {
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            *used.lock().unwrap() = 0;
            return answer(200, "", &format!(r#"{{"token":"good{issued}","expires_in":300}}"#));
        }
        let mut used = used.lock().unwrap();
        let expected = format!("Bearer good{}", issued.lock().unwrap());
        if request.authorization.as_deref() == Some(expected.as_str()) && *used < uses {
            *used += 1;
            return manifest();
        }
        let challenge = format!(
            "www-authenticate: Bearer realm=\"http://{addr}/token?x=1\",service=\"stub\",scope=\"repository:team/app:pull\"\r\n"
        );
        answer(401, &challenge, r#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#)
    })
}

#[test]
fn a_bearer_token_is_fetched_once_and_renewed_once() {
    let stub = bearer(2);
    let client = client(Credentials::anonymous().with_basic(&stub.addr.to_string(), "ann", "s3cret"));
    client.resolve(&stub.reference()).unwrap();
    let seen = stub.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].1, None, "nothing is shown before it is asked for");
    assert!(seen[1].0.contains("x=1") && seen[1].0.contains("service=stub"), "{}", seen[1].0);
    assert!(seen[1].0.contains("scope=repository%3Ateam%2Fapp%3Apull"), "{}", seen[1].0);
    assert_eq!(seen[1].1.as_deref(), Some("Basic YW5uOnMzY3JldA=="));
    assert_eq!(seen[2].1.as_deref(), Some("Bearer good1"));
    client.resolve(&stub.reference()).unwrap();
    assert_eq!(stub.seen().len(), 1, "the token is kept");
    client.resolve(&stub.reference()).unwrap();
    assert_eq!(stub.seen().len(), 3, "a token that is no longer taken is renewed");
}

#[test]
fn a_refused_token_is_not_asked_for_again_and_again() {
    let stub = bearer(0);
    let error = client(Credentials::anonymous()).resolve(&stub.reference()).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert_eq!(stub.seen().len(), 3);
}

#[test]
fn an_identity_token_is_exchanged() {
    let stub = bearer(9);
    let json = format!(r#"{{"auths":{{"{}":{{"identitytoken":"refresh me"}}}}}}"#, stub.addr);
    let client = client(Credentials::from_docker_config(json.as_bytes()).unwrap());
    client.resolve(&stub.reference()).unwrap();
    let seen = stub.seen();
    assert!(seen[1].0.starts_with("POST /token"), "{}", seen[1].0);
    assert!(seen[1].2.contains("grant_type=refresh_token") && seen[1].2.contains("refresh_token=refresh+me"));
    assert!(!seen[1].0.contains("refresh"), "no token in an address");
}

#[test]
fn basic_credentials_are_sent_when_asked_for() {
    let stub = Stub::start(|request, _| match request.authorization.as_deref() {
        Some("Basic YW5uOnMzY3JldA==") => manifest(),
        _ => answer(401, "www-authenticate: Basic realm=\"stub\"\r\n", ""),
    });
    let good = client(Credentials::anonymous().with_basic(&stub.addr.to_string(), "ann", "s3cret"));
    good.resolve(&stub.reference()).unwrap();
    assert_eq!(stub.seen().len(), 2);
    let bad = client(Credentials::anonymous().with_basic(&stub.addr.to_string(), "ann", "hunter2"));
    let error = bad.resolve(&stub.reference()).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = client(Credentials::anonymous()).resolve(&stub.reference()).unwrap_err();
    assert!(error.to_string().contains("none is configured"), "{error}");
}

#[test]
fn a_redirect_to_another_host_takes_no_credentials_along() {
    let other = Stub::start(|_, _| manifest());
    let target = other.addr;
    let stub = Stub::start(move |request, _| match request.authorization {
        Some(_) => answer(307, &format!("location: http://{target}/elsewhere\r\n"), ""),
        None => answer(401, "www-authenticate: Basic realm=\"stub\"\r\n", ""),
    });
    let client = client(Credentials::anonymous().with_basic(&stub.addr.to_string(), "ann", "s3cret"));
    client.resolve(&stub.reference()).unwrap();
    let seen = other.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].1, None);
}

#[test]
fn a_challenge_from_where_a_redirect_led_is_not_answered() {
    let other =
        Stub::start(|_, addr| answer(401, &format!("www-authenticate: Bearer realm=\"http://{addr}/token\"\r\n"), ""));
    let target = other.addr;
    let stub = Stub::start(move |_, _| answer(307, &format!("location: http://{target}/elsewhere\r\n"), ""));
    let client = client(Credentials::anonymous().with_basic(&stub.addr.to_string(), "ann", "s3cret"));
    let error = client.resolve(&stub.reference()).unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
    assert!(other.seen().iter().all(|(line, auth, _)| auth.is_none() && !line.contains("token")));
}

#[test]
fn denied_is_not_unauthorised() {
    let stub = Stub::start(|_, _| answer(403, "", r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#));
    let error = client(Credentials::anonymous()).resolve(&stub.reference()).unwrap_err();
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("not yours"), "{error}");
}

#[test]
fn a_header_that_names_another_manifest_type_is_refused() {
    let body = String::from_utf8(image(b"layer").manifest.to_bytes()).unwrap();
    let stub = Stub::start(move |_, _| answer(200, "content-type: application/vnd.oci.image.index.v1+json\r\n", &body));
    let error = client(Credentials::anonymous()).resolve(&stub.reference()).unwrap_err();
    assert!(matches!(error, RegistryError::Protocol { .. }), "{error}");
}

#[test]
fn a_registry_that_claims_a_subject_without_an_api_gets_the_fallback_tag() {
    // As one large registry does (sigstore-js#1183): the header is there, the API is not.
    let tag: Arc<Mutex<Option<String>>> = Arc::default();
    let held = Arc::clone(&tag);
    let stub = Stub::start(move |request, _| {
        let path = request.line.split(' ').nth(1).unwrap_or_default();
        match request.line.split(' ').next() {
            Some("HEAD") => answer(200, "", ""),
            Some("PUT") if path.contains("manifests/sha256-") => {
                *held.lock().unwrap() = Some(request.body.clone());
                answer(201, "", "")
            }
            Some("PUT") => answer(201, "oci-subject: sha256:x\r\n", ""),
            _ if path.contains("manifests/sha256-") => match held.lock().unwrap().as_ref() {
                Some(body) => answer(200, "content-type: application/vnd.oci.image.index.v1+json\r\n", body),
                None => answer(404, "", ""),
            },
            _ => answer(404, "", ""),
        }
    });
    let subject = plimsoll_oci::Descriptor::of(plimsoll_oci::media_type::MANIFEST, b"subject");
    let (manifest, blob) = crate::support::artefact(&subject, "one");
    let attached = client(Credentials::anonymous()).attach(&stub.reference(), &subject, &manifest, &[blob]).unwrap();
    assert_eq!(attached.via, plimsoll_registry::ReferrersVia::FallbackTag);
    assert!(tag.lock().unwrap().as_ref().unwrap().contains(&attached.descriptor.digest.to_string()));
}
