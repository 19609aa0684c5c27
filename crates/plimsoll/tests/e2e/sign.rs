//! Keys, signatures, attestations and the admission that asks for them.

use std::io::Write as _;
use std::process::Stdio;

use plimsoll_registry::ServerOptions;
use serde_json::{Value, json};

use super::common::{Done, KEY, NOW, PASSWORD, PUBLIC_KEY, Promoted, Registry, Site};

/// An image in a registry that nobody signed.
struct Unsigned {
    registry: Registry,
    site: Site,
    image: String,
    tag: String,
}

impl Unsigned {
    fn new(options: ServerOptions) -> Self {
        use plimsoll_oci::Image as _;
        use plimsoll_registry::{Content, Options, blocking::Client};
        let registry = Registry::with(options);
        let site = registry.site();
        let tag = format!("{}:1.4.0", site.repository());
        let to = tag.parse().unwrap();
        let client = Client::new(Options::default()).unwrap();
        let layer = testkit::Layer::new().file("/etc/os-release", "ID=debian\n");
        let image = testkit::ImageBuilder::new().layer(layer).config(json!({"User": "65532:65532"})).build();
        for (digest, bytes) in image.blobs().into_iter().skip(1) {
            client.push_blob(&to, &digest, &Content::Bytes(bytes.to_vec().into()), None).unwrap();
        }
        client.push_manifest(&to, plimsoll_oci::media_type::MANIFEST, image.manifest_bytes()).unwrap();
        let image = format!("{}@{}", site.repository(), image.digest());
        Self { registry, site, image, tag }
    }

    fn verify(&self, key: &str) -> Done {
        self.site.run(["verify", &self.image, "--key", key, "--now", NOW])
    }

    fn sign(&self) -> Done {
        self.site.run(["sign", &self.image, "--key", KEY])
    }
}

/// Signs, attests and verifies one image from nothing to everything.
fn life_of_an_image(options: ServerOptions) {
    let it = Unsigned::new(options);
    let (site, image) = (&it.site, it.image.as_str());
    site.run(["key", "generate", "--output-key-prefix", "other"]).exit(0);
    it.verify(PUBLIC_KEY).exit(10);
    // An attestation is not a signature.
    site.write("vex.json", r#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}"#);
    let attest = ["attest", image, "--key", KEY, "--predicate", "vex.json", "--type", "openvex"];
    site.run(attest).exit(0);
    let unsigned = it.verify(PUBLIC_KEY).exit(10).out;
    assert!(unsigned.contains("error[PL-S"), "{unsigned}");
    let attested =
        |kind: &str, key: &str| site.run(["verify-attestation", image, "--key", key, "--type", kind, "-o", "json"]);
    let found = attested("openvex", PUBLIC_KEY).exit(0).json();
    assert_eq!(found["attestations"][0]["predicate"]["@context"], "https://openvex.dev/ns/v0.2.0");
    attested("slsaprovenance1", PUBLIC_KEY).exit(12);
    attested("openvex", "other.pub").exit(12);
    // A tag is never signed unless it may be resolved, and then its digest is.
    let before = it.registry.files();
    site.run(["sign", &it.tag, "--key", KEY]).exit(2).says("is a tag").says("--resolve");
    assert_eq!(it.registry.files(), before);
    let done = site.run(["sign", &it.tag, "--resolve", "--key", KEY]).exit(0).says(image);
    assert!(done.out.starts_with("sha256:"), "stdout names what was written: {}", done.out);
    it.verify(PUBLIC_KEY).exit(0);
    it.verify("other.pub").exit(12);
    site.run(["verify", &it.tag, "--key", PUBLIC_KEY]).exit(2).says("is a tag");
    // One key of several is enough.
    site.run(["verify", image, "--key", "other.pub", "--key", PUBLIC_KEY]).exit(0);
    let material = format!("git+https://git.example/app@gitCommit:{}", "a".repeat(40));
    let provenance =
        ["provenance", image, "--key", KEY, "--builder-id", "https://ci.example/b", "--material", &material];
    site.run(provenance).exit(0).says("SLSA build level");
    let found = attested("slsaprovenance1", PUBLIC_KEY).exit(0).json();
    let predicate = &found["attestations"][0]["predicate"];
    assert_eq!(predicate["runDetails"]["builder"]["id"], "https://ci.example/b");
    assert_eq!(predicate["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"], "a".repeat(40));
}

#[test]
fn an_image_is_signed_attested_and_verified() {
    life_of_an_image(ServerOptions::default());
}

#[test]
fn the_same_without_the_referrers_api() {
    life_of_an_image(ServerOptions { referrers_api: false, ..ServerOptions::default() });
}

#[test]
fn a_layout_is_signed_and_verified_too() {
    let site = Site::new();
    let verify = |key: &str| site.run(["verify", "oci-dir:image", "--key", key]);
    verify(PUBLIC_KEY).exit(10);
    site.run(["sign", "oci-dir:image", "--key", KEY, "--annotation", "team=harbour"]).exit(0);
    verify(PUBLIC_KEY).exit(0);
    site.run(["key", "generate", "--output-key-prefix", "other"]).exit(0);
    verify("other.pub").exit(12);
    // The image is still the only image of the layout, and a changed bundle is no signature.
    site.run(["sbom", "oci-dir:image", "--platform", "linux/amd64"]).exit(0);
    let bundles: Vec<String> = site
        .files()
        .into_iter()
        .filter(|(name, bytes)| {
            name.starts_with("image/blobs/") && bytes.windows(16).any(|w| w == b"dsseEnvelope\":{\"")
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(bundles.len(), 1, "one bundle was written");
    site.edit(&bundles[0], "dsseEnvelope", "dsseEnvelopf");
    verify(PUBLIC_KEY).exit(30).says("does not match its digest");
    site.run(["sign", "docker-archive:image.tar", "--key", KEY]).exit(2).says("no place for signatures");
}

#[test]
fn verdicts_are_json_and_sarif() {
    let it = Unsigned::new(ServerOptions::default());
    let verify = |format: &str| it.site.run(["verify", &it.image, "--key", PUBLIC_KEY, "-o", format]);
    let refused = verify("json").exit(10).json();
    assert_eq!(refused["schemaVersion"], "1");
    assert_eq!(refused["verified"], false);
    assert_eq!(refused["findings"][0]["code"], "PL-S001");
    let sarif = verify("sarif").exit(10).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "PL-S001");
    it.sign().exit(0);
    let good = verify("json").exit(0).json();
    assert_eq!((&good["schemaVersion"], &good["verified"]), (&json!("1"), &json!(true)));
    assert_eq!(good["findings"], json!([]));
    assert_eq!(verify("sarif").exit(0).json()["runs"][0]["results"], json!([]));
}

#[test]
fn keys_are_kept_safe() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::empty();
    site.run(["key", "generate"]).exit(0);
    let key = site.read("cosign.key");
    assert!(key.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"), "{key}");
    assert_eq!(std::fs::metadata(site.path("cosign.key")).unwrap().permissions().mode() & 0o777, 0o600);
    site.run(["key", "generate"]).exit(2).says("a key is not overwritten");
    assert_eq!(site.read("cosign.key"), key);
    let public = site.run(["key", "public", "--key", "cosign.key"]).exit(0).out;
    assert_eq!(public, site.read("cosign.pub"));
    let wrong = site.plimsoll().env("COSIGN_PASSWORD", "wrong").run(["key", "public", "--key", "cosign.key"]).exit(2);
    assert!(!wrong.err.contains("wrong password 'wrong'") && !wrong.err.contains(PASSWORD), "{}", wrong.err);
    let from_env = site.plimsoll().env("SIGNING_KEY", &key);
    assert_eq!(from_env.run(["key", "public", "--key", "env://SIGNING_KEY"]).exit(0).out, public);
    site.run(["key", "public", "--key", "gone.key"]).exit(30).says("gone.key");
    site.run(["key", "public", "--key", "cosign.pub"]).exit(2);
}

#[test]
fn a_plain_key_is_imported() {
    let site = Site::empty();
    let key = plimsoll_trust::PrivateKey::generate().unwrap();
    site.write("plain.pem", plimsoll_envelope::encode_pem("PRIVATE KEY", &key.to_pkcs8().unwrap()));
    site.run(["key", "import", "--key", "plain.pem"]).exit(0);
    assert!(site.read("import-cosign.key").starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
    let public = |key: &str| site.run(["key", "public", "--key", key]).exit(0).out;
    assert_eq!(public("import-cosign.key"), public("plain.pem"));
    site.write("noise.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    site.run(["key", "import", "--key", "noise.pem", "--output-key-prefix", "noise"]).exit(2);
    assert!(!site.path("noise.key").exists());
}

/// The sample's Deployment as it would be deployed: pinned, and with the security context of the patches.
fn deployment(image: &str) -> Value {
    let hard = json!({
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "readOnlyRootFilesystem": true,
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "tidewater", "namespace": "harbour"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [{"name": "tidewater", "image": image, "securityContext": hard}],
        }}},
    })
}

fn admit(site: &Site, input: &Value, more: &[&str]) -> Done {
    let args = ["admit", "test", "-", "--decisions", "decisions", "--now", NOW, "-o", "json"];
    let mut command = site.plimsoll().command(args.iter().chain(more));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    Done::of(child.wait_with_output().unwrap())
}

#[test]
fn admission_lets_the_promoted_image_in_and_no_other() {
    let done = Promoted::new();
    let admitted = admit(&done.site, &deployment(&done.image), &[]).exit(0).json();
    assert_eq!((&admitted["schemaVersion"], &admitted["allowed"]), (&json!("1"), &json!(true)));
    assert_eq!(admitted["decisions"][0]["images"][0]["signer"], "harbour-release");
    let repository = done.site.repository();
    let nothing = format!("{repository}@sha256:{}", "0".repeat(64));
    let tag_of_another = format!("{repository}:1.4.0@{}", done.digest());
    let mut root = deployment(&done.image);
    root["spec"]["template"]["spec"]["containers"][0]["securityContext"]["runAsUser"] = json!(0);
    let mut init = deployment(&done.image);
    init["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "i", "image": "docker.io/library/busybox:1"}]);
    let mut writable = deployment(&done.image);
    writable["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = json!(false);
    let cases = [
        (deployment(&format!("{repository}:1.4.1")), "PL-A006"),
        (deployment(&repository), "PL-A007"),
        (deployment(&nothing), "PL-A"),
        (deployment(&tag_of_another), "PL-A"),
        (deployment(&done.image.replace("harbour/", "elsewhere/")), "PL-A"),
        (root, "PL-A003"),
        (init, "PL-A011"),
        (writable, "PL-A016"),
    ];
    for (bad, code) in cases {
        let refused = admit(&done.site, &bad, &[]).exit(21).json();
        assert_eq!(refused["allowed"], false, "{bad}");
        let codes: Vec<&str> =
            refused["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
        assert!(codes.iter().any(|c| c.starts_with(code)), "{code} is not in {codes:?}: {bad}");
    }
    // A registry that cannot be asked lets nothing in.
    let Promoted { registry, site, image } = done;
    drop(registry);
    admit(&site, &deployment(&image), &["--timeout", "2"]).exit(21);
}

#[test]
fn a_review_is_answered_with_a_response() {
    let done = Promoted::new();
    let review = |object: &Value, operation: &str| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": operation, "name": "tidewater", "namespace": "harbour",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "userInfo": {"username": "pilot"}, "object": object,
        }})
    };
    let response = |done: &Done| -> Value {
        let review = done.json()["decisions"][0]["response"].clone();
        assert_eq!(
            (&review["kind"], &review["apiVersion"]),
            (&json!("AdmissionReview"), &json!("admission.k8s.io/v1"))
        );
        assert_eq!(review["response"]["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
        review["response"].clone()
    };
    let good = admit(&done.site, &review(&deployment(&done.image), "CREATE"), &[]).exit(0);
    assert_eq!(response(&good)["allowed"], true);
    let bad = admit(&done.site, &review(&deployment("docker.io/library/nginx"), "UPDATE"), &[]).exit(21);
    let status = &response(&bad)["status"];
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("PL-A0") && message.lines().count() <= 3, "{message}");
    assert_eq!(status["code"], 403);
    let text = |review: Value| admit(&done.site, &review, &[]);
    text(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"})).exit(2);
}
