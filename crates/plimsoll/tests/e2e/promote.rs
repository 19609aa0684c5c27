//! `promote`: what is pushed, what is refused, and what is left behind.

use serde_json::json;
use testkit::{ImageBuilder, Layer};

use super::common::{NOW, PASSWORD, PUBLIC_KEY, Promoted, Registry, Site};

const FILES: [&str; 10] = [
    "supply-chain.md",
    "scan.json",
    "hardening-ledger.txt",
    "sbom/sbom.spdx.json",
    "sbom/sbom.cyclonedx.json",
    "attestations/signature.sigstore.json",
    "k8s/security/scan-gate.md",
    "k8s/security/verify-config.yaml",
    "k8s/security/patches/kustomization.yaml",
    "image/index.json",
];

#[test]
fn a_promotion_is_pushed_signed_and_written_down() {
    let done = Promoted::new();
    assert!(done.image.starts_with(&format!("{}@sha256:", done.site.repository())), "{}", done.image);
    for name in FILES {
        assert!(done.site.path("out").join(name).is_file(), "{name}");
    }
    assert!(!done.site.files().keys().any(|n| n.contains(".plimsoll-")), "the staging directory is gone");
    let tag = format!("{}:1.4.1", done.site.repository());
    let verified = done
        .site
        .run(["verify", &tag, "--resolve", "--policy", "decisions", "--now", NOW, "-o", "json"])
        .exit(0)
        .json();
    assert_eq!(verified["image"]["digest"], done.digest());
    assert_eq!(verified["signatures"][0]["signer"], "harbour-release");
    let types: Vec<&str> =
        verified["attestations"].as_array().unwrap().iter().map(|a| a["predicateType"].as_str().unwrap()).collect();
    let wanted = ["cyclonedx.org/bom", "spdx.dev/Document", "attestation/vuln/v1", "slsa.dev/provenance/v1"];
    for wanted in wanted {
        assert!(types.iter().any(|t| t.contains(wanted)), "{wanted} is not in {types:?}");
    }
    // What was pushed is what was written: the layout and the registry give the same packages under one digest.
    let purls = |source: &str| done.site.run(["sbom", source, "-o", "purls", "--platform", "linux/amd64"]).exit(0).out;
    assert_eq!(purls(&done.image), purls(&format!("oci-dir:out/image@{}", done.digest())));
    let patch = done.site.read("out/k8s/security/patches/kustomization.yaml");
    assert!(patch.contains(done.digest()), "{patch}");
}

#[test]
fn the_same_promotion_gives_the_same_image() {
    let (one, two) = (Site::new(), Site::new());
    let image = |site: &Site| site.promote(&[]).exit(0).out;
    assert_eq!(image(&one), image(&two));
    for name in
        ["supply-chain.md", "scan.json", "sbom/sbom.spdx.json", "sbom/sbom.cyclonedx.json", "hardening-ledger.txt"]
    {
        assert_eq!(one.read(&format!("out/{name}")), two.read(&format!("out/{name}")), "{name}");
    }
}

#[test]
fn a_push_outside_the_decided_registry_is_denied() {
    let registry = Registry::start();
    let site = registry.site();
    let empty = registry.files();
    for name in ["elsewhere/tidewater:1", "harbour-evil/tidewater:1", "harbour/../elsewhere/tidewater:1"] {
        let done = site.promote(&["--push", &format!("{}/{name}", registry.name())]);
        assert!(matches!(done.code, 2 | 21), "{name}: {} {}", done.code, done.err);
    }
    let push = format!("{}/elsewhere/tidewater:1", registry.name());
    site.promote(&["--push", &push]).exit(21).says("does not lie below the decided registry");
    let pinned = format!("{}@sha256:{}", site.repository(), "0".repeat(64));
    site.promote(&["--push", &pinned]).exit(2).says("--push takes a name and a tag");
    assert_eq!(registry.files(), empty);
    assert!(!site.path("out").exists());
}

#[test]
fn a_key_nobody_trusts_pushes_nothing() {
    let registry = Registry::start();
    let site = registry.site();
    site.run(["key", "generate", "--output-key-prefix", "stranger"]).exit(0);
    let (empty, before) = (registry.files(), site.files());
    let push = format!("{}:1.4.1", site.repository());
    let done = site.promote(&["--push", &push, "--key", "stranger.key"]).exit(2);
    assert!(done.err.contains("PL-S007"), "{}", done.err);
    assert_eq!(done.out, "");
    assert_eq!(registry.files(), empty, "no blob, no manifest, no tag");
    assert_eq!(site.files(), before, "nothing half-written");
}

#[test]
fn a_workload_that_admission_would_refuse_is_not_pushed() {
    let registry = Registry::start();
    let site = registry.site();
    let sidecar = format!("{}/harbour/sidecar@sha256:{}", registry.name(), "0".repeat(64));
    let container = format!("        - name: sidecar\n          image: {sidecar}\n        - name: tidewater\n");
    site.edit("manifests/deployment.yaml", "        - name: tidewater\n", &container);
    let empty = registry.files();
    let push = format!("{}:1.4.1", site.repository());
    let done = site.promote(&["--push", &push, "-o", "sarif=found.sarif", "-o", "json"]).exit(21);
    let found = done.json();
    assert_eq!(found["schemaVersion"], "1");
    let codes: Vec<&str> = found["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"PL-A017") && codes.contains(&"PL-M001"), "{codes:?}");
    assert!(site.read("found.sarif").contains("PL-A017"));
    assert!(done.err.contains("error[PL-A017]") && done.err.contains("sidecar"), "{}", done.err);
    assert_eq!(registry.files(), empty, "no blob, no manifest, no tag");
    assert!(site.read("out/supply-chain.md").contains("**Not promoted.**"));
}

#[test]
fn signing_needs_a_key_and_its_password() {
    let site = Site::new();
    let before = site.files();
    let args = ["promote", "oci-dir:image", "--manifests", "manifests", "--decisions", "decisions", "--out", "out"];
    let more = ["--db", "plimsoll.db", "--now", NOW, "--platform", "linux/amd64"];
    site.run(args.iter().chain(&more)).exit(2).says("--key FILE");
    let wrong = site.plimsoll().env("COSIGN_PASSWORD", "low-water");
    let key = ["--key", super::common::KEY];
    let done = wrong.run(args.iter().chain(&more).chain(&key)).exit(2).says("COSIGN_PASSWORD");
    assert!(!done.err.contains("low-water") && !done.err.contains(PASSWORD), "no secret is shown");
    site.promote(&["--key", "gone.key"]).exit(30).says("gone.key");
    site.promote(&["--key", PUBLIC_KEY]).exit(2);
    assert_eq!(site.files(), before);
}

#[test]
fn a_custody_that_cannot_be_kept_is_not_replaced() {
    let site = Site::new();
    site.edit("decisions/adrs/0002-who-may-sign.md", "custody: key-file", "custody: keyless");
    site.promote(&[]).exit(2).says("keys.custody decides keyless");
    assert!(!site.path("out").exists());
}

#[test]
fn the_gate_of_tier_0_refuses_the_image_as_it_came() {
    let site = Site::new();
    let scan = |more: &[&str]| {
        let args = ["scan", "oci-dir:image", "--platform", "linux/amd64", "--db", "plimsoll.db", "--now", NOW];
        site.run(args.iter().chain(more))
    };
    let done = scan(&["--decisions", "decisions", "--tier", "0"]).exit(20);
    for text in ["denied: 15 packages", "CVE-2024-2961", "what would fix it", "upgrade glibc"] {
        assert!(done.out.contains(text), "'{text}' is not in:\n{}", done.out);
    }
    scan(&["--decisions", "decisions", "--tier", "0", "--exit-zero"]).exit(0);
    let json = scan(&["--decisions", "decisions", "--tier", "0", "-o", "json"]).exit(20).json();
    assert_eq!((json["schemaVersion"].as_str(), json["decision"].as_str()), (Some("1"), Some("deny")));
    let sarif = scan(&["--decisions", "decisions", "--tier", "0", "-o", "sarif"]).exit(20).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
    // The same image is let through where the experiment was decided, and nobody's default replaces a decision.
    scan(&["--decisions", "decisions", "--tier", "3"]).exit(0);
    site.edit("decisions/adrs/0003-gates-by-tier.md", "    tier3:", "    #tier3:");
    scan(&["--decisions", "decisions", "--tier", "3"]).exit(3).says("gate.tier3");
}

#[test]
fn an_index_that_is_old_missing_or_damaged_is_31() {
    let site = Site::new();
    let db = std::fs::read(site.path("plimsoll.db")).unwrap();
    let flipped: Vec<u8> = db.iter().enumerate().map(|(i, b)| if i == db.len() / 2 { b ^ 1 } else { *b }).collect();
    site.write("short.db", &db[..db.len() / 2]);
    site.write("flipped.db", flipped);
    site.write("empty.db", "");
    site.write("other.db", "SQLite format 3\0");
    for name in ["short.db", "flipped.db", "empty.db", "other.db", "gone.db"] {
        site.promote(&["--db", name]).exit(31).says(name);
        site.run(["db", "verify", "--db", name]).exit(31).says(name);
    }
    let args = ["scan", "oci-dir:image", "--platform", "linux/amd64", "--now", NOW];
    site.run(args).exit(31).says("plimsoll db build");
    assert!(!site.path("out").exists());
    // Nothing blocks in the hardened image: that the index is a year old is the one reason.
    let registry = Registry::start();
    let site = registry.site();
    let empty = registry.files();
    let push = format!("{}:1.4.1", site.repository());
    site.promote(&["--push", &push, "--now", "2027-02-15T10:00:00Z"]).exit(31).says("nothing was signed or pushed");
    assert_eq!(registry.files(), empty);
    let written: Vec<String> = site.files().into_keys().filter(|n| n.starts_with("out/")).collect();
    assert_eq!(
        written,
        ["hardening-ledger.txt", "k8s/security/scan-gate.md", "scan.json", "supply-chain.md"]
            .map(|n| format!("out/{n}"))
    );
    let before_it_was_built = site.promote(&["--now", "2026-01-01T00:00:00Z"]);
    assert_eq!(before_it_was_built.code, 31, "an index from the future: {}", before_it_was_built.err);
}

#[test]
fn an_image_that_would_not_run_is_22() {
    let script = "#!/bin/sh\nexec /usr/local/bin/tidewater \"$@\"\n";
    let layer = Layer::new()
        .executable("/bin/sh", elf())
        .executable("/entry.sh", script)
        .file("/etc/os-release", "ID=debian\n");
    let site = Site::new();
    ImageBuilder::new().layer(layer).config(json!({"Entrypoint": ["/entry.sh"]})).write_layout(&site.path("script"));
    let done = site.run(["harden", "oci-dir:script", "-o", "oci-dir:hardened", "--platform", "linux/amd64"]).exit(22);
    assert!(done.err.contains("/bin/sh"), "{}", done.err);
    assert!(!site.path("hardened").exists(), "nothing half-written");
    site.promote_image("oci-dir:script", &[]).exit(22).says("the image cannot be hardened as it is");
    assert!(!site.path("out").exists());
}

/// The sample's program: any executable will do for a shell.
fn elf() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/demo/tidewater.elf")).unwrap()
}

#[test]
fn offline_pushes_to_loopback_only() {
    let site = Site::new();
    let push = format!("{}:1.4.1", site.repository());
    site.promote(&["--push", &push, "--offline"])
        .exit(30)
        .says("--offline: registry.tidewater.example is not on this machine");
    assert!(!site.path("out").exists());
    let registry = Registry::start();
    let site = registry.site();
    site.promote(&["--push", &format!("{}:1.4.1", site.repository()), "--offline"]).exit(0);
}
