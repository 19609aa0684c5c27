//! `plimsoll audit` from outside: inherited manifests and images, in layouts and in a registry on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use plimsoll_oci::{Image as _, Reference, media_type};
use plimsoll_registry::blocking::{Client, RunningServer};
use plimsoll_registry::{Content, Options, ServerOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{ImageBuilder, Layer};

const PASSWORD: &str = "high-water";
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/keys/harbour-release.key");

const INHERITED: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
      - {name: web, image: 'registry.example/shop/web:1.0'}
";

/// How a run ended.
struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    #[track_caller]
    fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in {}", self.out))
    }

    fn codes(&self) -> Vec<String> {
        let findings = self.json()["findings"].as_array().unwrap().clone();
        findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()).collect()
    }

    fn states(&self) -> BTreeMap<String, String> {
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let patterns = self.json()["antiPatterns"].as_array().unwrap().clone();
        patterns.iter().map(|p| (text(&p["name"]), text(&p["state"]))).collect()
    }
}

fn plimsoll(dir: &Path, args: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(args).current_dir(dir).env_clear().env("COSIGN_PASSWORD", PASSWORD).env("HOME", "/nonexistent");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn site(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn root_image() -> ImageBuilder {
    let layer = Layer::new()
        .file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
        .executable("/bin/sh", "#!")
        .executable("/usr/bin/apt-get", "x")
        .file_with("/usr/bin/su", 0o4755, 0, 0, "x")
        .executable("/app", "x");
    ImageBuilder::new().layer(layer).config(json!({"Entrypoint": ["/app"]})).name("registry.example/shop/web:1.0")
}

fn has(codes: &[String], wanted: &[&str]) {
    for code in wanted {
        assert!(codes.iter().any(|c| c == code), "{code} is not among {codes:?}");
    }
}

#[test]
fn nothing_and_bad_input_have_their_exit_codes() {
    let dir = site(&[("empty/readme.txt", "x"), ("t/bad.yaml", "a: [\n")]);
    plimsoll(dir.path(), &["audit"]).exit(32);
    plimsoll(dir.path(), &["audit", "--manifests", "empty"]).exit(32);
    plimsoll(dir.path(), &["audit", "--manifests", "gone"]).exit(30);
    plimsoll(dir.path(), &["audit", "./gone"]).exit(30);
    plimsoll(dir.path(), &["audit", "dir:empty"]).exit(2);
    plimsoll(dir.path(), &["audit", "--manifests", "t", "-o", "xml"]).exit(2);
    let bad = plimsoll(dir.path(), &["audit", "--manifests", "t", "-o", "json"]).exit(21);
    has(&bad.codes(), &["PL-A021"]);
    plimsoll(dir.path(), &["audit", "--manifests", "t", "--exit-zero"]).exit(0);
}

#[test]
fn inherited_manifests_show_their_anti_patterns() {
    let dir =
        site(&[("m/web.yaml", INHERITED), ("m/.github/workflows/ci.yml", "on: push\n"), ("m/infra/main.tf", "x")]);
    let done = plimsoll(dir.path(), &["audit", "--manifests", "m", "-o", "json"]).exit(21);
    has(&done.codes(), &["PL-A006", "PL-A016", "PL-M009", "PL-M015", "PL-M016", "PL-M019"]);
    let states = done.states();
    assert_eq!(states.len(), 11);
    assert_eq!(states["signed-tag-or-no-signature"], "found");
    assert_eq!(states["gate-without-admission-backstop"], "found");
    assert_eq!(states["provisioning-authored-here"], "found");
    assert_eq!(states["policy-owns-the-floor"], "not-found");
    assert_eq!(states["run-as-non-root-over-root-image"], "not-examined");
    let value = done.json();
    assert_eq!(value["examined"], json!({"files": 1, "workloads": 1, "otherObjects": 0, "images": 0}));
    let findings = value["findings"].as_array().unwrap().clone();
    let mut unique: Vec<String> = findings.iter().map(ToString::to_string).collect();
    unique.dedup();
    assert_eq!(unique.len(), findings.len());
    let text = plimsoll(dir.path(), &["audit", "--manifests", "m"]).exit(21);
    assert!(text.out.contains("error[PL-A006]") && text.err.contains("CI gate without an admission backstop"));
    let again = plimsoll(dir.path(), &["audit", "--manifests", "m", "-o", "json"]);
    assert_eq!(again.out, done.out);
    plimsoll(dir.path(), &["audit", "--manifests", "m", "-o", "sarif"]).exit(21);
}

#[test]
fn an_image_is_held_against_the_manifests_that_name_it() {
    let dir = site(&[("m/web.yaml", INHERITED)]);
    root_image().write_layout(&dir.path().join("web"));
    let args = ["audit", "oci-dir:web", "--manifests", "m", "-o", "json"];
    let done = plimsoll(dir.path(), &args).exit(21);
    let all = ["PL-H001", "PL-H002", "PL-H003", "PL-H004", "PL-M001", "PL-S001", "PL-B001", "PL-S023"];
    has(&done.codes(), &all);
    let states = done.states();
    for name in ["run-as-non-root-over-root-image", "shell-or-package-manager-left", "sbom-missing-or-not-attested"] {
        assert_eq!(states[name], "found", "{name}");
    }
    assert_eq!(states["scan-without-gate"], "not-examined");

    // With a sidecar, the image is known by its name only, and the other one is said not to be.
    let two = format!("{INHERITED}      - {{name: proxy, image: 'registry.example/shop/proxy:2'}}\n");
    std::fs::write(dir.path().join("m/web.yaml"), two).unwrap();
    let done = plimsoll(dir.path(), &args).exit(21);
    let value = done.json();
    let of = |code: &str| -> Vec<String> {
        let findings = value["findings"].as_array().unwrap().iter().filter(|f| f["code"] == code);
        findings.map(|f| f["location"]["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("PL-M001"), ["spec.template.spec.containers[0].securityContext.runAsNonRoot"]);
    assert_eq!(of("PL-M008"), ["spec.template.spec.containers[1].image"]);
}

#[test]
fn signatures_in_a_layout_are_seen_and_not_trusted() {
    let dir = site(&[("sbom.json", "{}")]);
    root_image().write_layout(&dir.path().join("web"));
    plimsoll(dir.path(), &["sign", "oci-dir:web", "--resolve", "--key", KEY]).exit(0);
    let attest = ["attest", "oci-dir:web", "--resolve", "--key", KEY, "--predicate", "sbom.json", "--type", "spdxjson"];
    plimsoll(dir.path(), &attest).exit(0);
    let done = plimsoll(dir.path(), &["audit", "oci-dir:web", "-o", "json"]).exit(21);
    let codes = done.codes();
    has(&codes, &["PL-S022", "PL-S025", "PL-S023"]);
    assert!(!codes.iter().any(|c| c == "PL-S001" || c == "PL-B001"), "{codes:?}");
}

#[test]
fn a_registry_is_asked_for_both_formats() {
    let root = TempDir::new().unwrap();
    let server = RunningServer::start(([127, 0, 0, 1], 0).into(), root.path(), ServerOptions::default()).unwrap();
    let name = format!("{}/shop/web", server.local_addr());
    let to: Reference = format!("{name}:1.0").parse().unwrap();
    let client = Client::new(Options::default()).unwrap();
    let image = root_image().build();
    for (digest, bytes) in image.blobs().into_iter().filter(|(digest, _)| digest != image.digest()) {
        client.push_blob(&to, &digest, &Content::Bytes(bytes.to_vec().into()), None).unwrap();
    }
    client.push_manifest(&to, media_type::MANIFEST, image.manifest_bytes()).unwrap();
    let dir = site(&[("m/web.yaml", &INHERITED.replace("registry.example/shop/web", &name))]);
    let tag = format!("{name}:1.0");
    let args = ["audit", tag.as_str(), "--manifests", "m", "--offline", "-o", "json"];
    let bare = plimsoll(dir.path(), &args).exit(21);
    has(&bare.codes(), &["PL-S001", "PL-B001", "PL-S023", "PL-M001", "PL-A006"]);

    let old: Reference = format!("{name}:sha256-{}.sig", image.digest().hex()).parse().unwrap();
    client.push_manifest(&old, media_type::MANIFEST, image.manifest_bytes()).unwrap();
    let legacy = plimsoll(dir.path(), &args).exit(21);
    has(&legacy.codes(), &["PL-S024"]);
    assert!(!legacy.codes().contains(&"PL-S001".to_owned()), "a signature is there, and unknown");

    let pinned = format!("{name}@{}", image.digest());
    plimsoll(dir.path(), &["sign", &pinned, "--key", KEY]).exit(0);
    let signed = plimsoll(dir.path(), &args).exit(21);
    has(&signed.codes(), &["PL-S025", "PL-S022", "PL-S024"]);
    plimsoll(dir.path(), &["audit", &format!("{name}:gone")]).exit(11);
}
