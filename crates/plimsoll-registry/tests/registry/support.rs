//! A registry in a temporary directory, an image to put there, and a plain HTTP client that shows every header.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_oci::{Descriptor, Digest, Manifest, Reference, media_type};
use plimsoll_registry::blocking::{Client, RunningServer};
use plimsoll_registry::{Content, Fault, FaultRule, Options, ServerOptions};

pub struct Registry {
    pub options: ServerOptions,
    pub dir: tempfile::TempDir,
    pub server: RunningServer,
    pub log: Arc<Mutex<Vec<String>>>,
}

pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

impl Registry {
    pub fn start(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut options = ServerOptions::default();
        let lines = Arc::clone(&log);
        options.observer = Some(Arc::new(move |access| {
            lines.lock().unwrap().push(format!("{} {} {}", access.method, access.path, access.status));
        }));
        change(&mut options);
        let dir = tempfile::tempdir().unwrap();
        let server = RunningServer::start(any_port(), dir.path(), options.clone()).unwrap();
        Self { options, dir, server, log }
    }

    pub fn reference(&self, rest: &str) -> Reference {
        format!("{}/{rest}", self.server.local_addr()).parse().unwrap()
    }

    pub fn fault(&self, method: &str, path: &str, times: u32, fault: Fault) {
        let rule = FaultRule { method: Some(method.into()), path_contains: path.into(), times, fault };
        self.options.faults.add(rule);
    }

    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

/// Short limits, so that a test of a stall is short.
pub fn quick() -> Options {
    Options {
        stall_timeout: Duration::from_millis(400),
        operation_timeout: Duration::from_secs(20),
        transfer_timeout: Duration::from_secs(20),
        retries: 2,
        settle: Duration::from_millis(50),
        ..Options::default()
    }
}

pub fn client() -> Client {
    Client::new(quick()).unwrap()
}

pub struct Image {
    pub config: Vec<u8>,
    pub layer: Vec<u8>,
    pub manifest: Manifest,
}

/// An image of one layer with these bytes.
pub fn image(layer: &[u8]) -> Image {
    let config =
        br#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#.to_vec();
    let manifest = Manifest {
        media_type: media_type::MANIFEST.into(),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, &config),
        layers: vec![Descriptor::of(media_type::LAYER, layer)],
        subject: None,
        annotations: BTreeMap::new(),
    };
    Image { config, layer: layer.to_vec(), manifest }
}

impl Image {
    pub fn push(&self, client: &Client, to: &Reference) -> Descriptor {
        for blob in [&self.config, &self.layer] {
            let content = Content::Bytes(blob.clone().into());
            client.push_blob(to, &Digest::sha256(blob), &content, None).unwrap();
        }
        let bytes = self.manifest.to_bytes();
        let pushed = client.push_manifest(to, media_type::MANIFEST, &bytes).unwrap();
        assert_eq!(pushed.digest, Digest::sha256(&bytes));
        Descriptor::of(media_type::MANIFEST, &bytes)
    }
}

/// A signature-like artefact of `subject` and its blob.
pub fn artefact(subject: &Descriptor, text: &str) -> (Vec<u8>, Content) {
    let blob = format!("bundle {text}").into_bytes();
    let manifest = Manifest {
        media_type: media_type::MANIFEST.into(),
        artifact_type: Some(media_type::SIGSTORE_BUNDLE.into()),
        config: Descriptor::of(media_type::EMPTY, b"{}"),
        layers: vec![Descriptor::of(media_type::SIGSTORE_BUNDLE, &blob)],
        subject: Some(subject.clone()),
        annotations: BTreeMap::from([("dev.sigstore.bundle.predicateType".into(), text.into())]),
    };
    (manifest.to_bytes(), Content::Bytes(blob.into()))
}

pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// One request over one connection.
pub fn http(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    if !headers.iter().any(|(k, _)| *k == "content-length") {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|l| l.split_once(": ")).map(|(k, v)| (k.to_lowercase(), v.to_owned())).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
