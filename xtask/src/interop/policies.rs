//! Emitted admission policies in the engines they are written for, over the built-in good and bad workloads.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use plimsoll_admit::corpus::{Case, CorpusImages, Expect, cases_for};
use plimsoll_engines::{EmitOptions, emit};
use plimsoll_finding::admission;
use plimsoll_intent::{AdmissionPolicy, Engine, FailurePolicy, Identity, Signer, Tier, Transparency};
use plimsoll_oci::Digest;
use serde_json::{Value, json};

use super::judges::{GATOR, KYVERNO, or_skip};
use super::{Bench, Outcome, find, run};

/// What the policies are emitted from. Engines decide here what the manifest alone decides; the key is nobody's.
fn policy() -> AdmissionPolicy {
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n".to_owned();
    AdmissionPolicy {
        tier: Tier::Critical,
        signers: vec![Signer {
            name: "shop-ci".to_owned(),
            identity: Identity::Key { pem, file: None },
            images: vec!["registry.example.com/shop/**".to_owned()],
        }],
        transparency: Transparency::NotRequired,
        registries: vec!["registry.example.com/**".to_owned()],
        provenance: None,
        engines: Vec::new(),
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: vec!["kube-system".to_owned()],
    }
}

/// The cases that the manifest alone decides, each object under a name of its own.
fn cases() -> Vec<(String, Case)> {
    let digest = |name: &str| Digest::sha256(name.as_bytes());
    let images = CorpusImages {
        repository: "registry.example.com/shop/web".to_owned(),
        tag: "1.4.2".to_owned(),
        good: digest("good"),
        other: digest("other"),
        unsigned: digest("unsigned"),
        wrong_key: digest("wrong key"),
        root: digest("root"),
        no_provenance: digest("no provenance"),
        wrong_provenance: digest("wrong provenance"),
    };
    let structural = cases_for(&images, &policy()).into_iter().filter(|c| c.structural);
    let named = structural.enumerate().map(|(number, mut case)| {
        let name = format!("case-{number:03}");
        case.manifest["metadata"]["name"] = json!(name);
        case.manifest["metadata"]["namespace"] = json!("default");
        (name, case)
    });
    named.collect()
}

/// Writes the files of an engine below `dir`; the documents by kind, as paths relative to it.
fn write(engine: Engine, dir: &Path) -> Result<BTreeMap<String, String>> {
    let mut kinds = BTreeMap::new();
    for (path, text) in emit(engine, &policy(), EmitOptions::default()) {
        let file = dir.join(&path);
        std::fs::create_dir_all(file.parent().context("a file has a folder")?)?;
        let kind = text.lines().find_map(|l| l.strip_prefix("kind: ")).context("a document has a kind")?;
        kinds.insert(kind.trim_matches('"').to_owned(), path);
        std::fs::write(file, text)?;
    }
    Ok(kinds)
}

fn object(dir: &Path, name: &str, manifest: &Value) -> Result<()> {
    // JSON is YAML.
    Ok(std::fs::write(dir.join(format!("{name}.yaml")), serde_json::to_vec_pretty(manifest)?)?)
}

pub(super) fn gator_cel(bench: &Bench) -> Result<Outcome> {
    gator(bench, true)
}

pub(super) fn gator_rego(bench: &Bench) -> Result<Outcome> {
    gator(bench, false)
}

fn gator(bench: &Bench, native: bool) -> Result<Outcome> {
    let gator = or_skip!(bench.go_tool(&GATOR));
    let dir = bench.fresh("gatekeeper")?;
    let files = write(Engine::Gatekeeper, &dir)?;
    let cases = cases();
    let mut suite = Vec::new();
    for (name, case) in &cases {
        object(&dir, name, &case.manifest)?;
        let assertion = match case.expect {
            Expect::Allow => json!({"violations": "no"}),
            // An image that is missing or cannot be read has no digest; the engine says the latter.
            Expect::Deny(admission::MISSING_DIGEST | admission::BAD_REFERENCE) => {
                json!({"violations": "yes", "message": "PL-A00[6-9]"})
            }
            Expect::Deny(code) => json!({"violations": "yes", "message": code.as_str()}),
        };
        let what = format!("{name} {}", case.name);
        suite.push(json!({"name": what, "object": format!("{name}.yaml"), "assertions": [assertion]}));
    }
    let suite = json!({
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": "plimsoll"},
        "tests": [{
            "name": "corpus",
            "template": files.get("ConstraintTemplate"),
            "constraint": files.get("PlimsollWorkloadTrust"),
            "cases": suite,
        }],
    });
    object(&dir, "suite", &suite)?;
    run(Command::new(gator)
        .arg("verify")
        .arg(format!("--enable-k8s-native-validation={native}"))
        .arg("suite.yaml")
        .current_dir(&dir))?;
    Ok(Outcome::Passed(format!("{} cases of the corpus decided as the native evaluator does", cases.len())))
}

pub(super) fn kyverno(bench: &Bench) -> Result<Outcome> {
    kyverno_test(bench, Engine::Kyverno, "ValidatingPolicy", "isValidatingPolicy")
}

pub(super) fn kyverno_vap(bench: &Bench) -> Result<Outcome> {
    kyverno_test(bench, Engine::Vap, "ValidatingAdmissionPolicy", "isValidatingAdmissionPolicy")
}

fn kyverno_test(bench: &Bench, engine: Engine, kind: &str, flag: &str) -> Result<Outcome> {
    let kyverno = or_skip!(bench.go_tool(&KYVERNO));
    let dir = bench.fresh(&format!("kyverno-{}", engine.name()))?;
    let files = write(engine, &dir)?;
    let policies: Vec<&String> = files.iter().filter(|(k, _)| k.starts_with(kind)).map(|(_, path)| path).collect();
    let (mut resources, mut results) = (Vec::new(), Vec::new());
    let cases = cases();
    for (name, case) in &cases {
        object(&dir, name, &case.manifest)?;
        resources.push(format!("{name}.yaml"));
        results.push(json!({
            "policy": "plimsoll-workload-trust",
            flag: true,
            "kind": case.manifest["kind"],
            "resources": [name],
            "result": if case.expect == Expect::Allow { "pass" } else { "fail" },
        }));
    }
    let test = json!({
        "apiVersion": "cli.kyverno.io/v1alpha1",
        "kind": "Test",
        "metadata": {"name": "plimsoll"},
        "policies": policies,
        "resources": resources,
        "results": results,
    });
    object(&dir, "kyverno-test", &test)?;
    let output = run(Command::new(kyverno).args(["test", "--remove-color", "."]).current_dir(&dir))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let wanted = format!("{} tests passed and 0 tests failed", cases.len());
    if !text.contains(&wanted) {
        bail!("not every case was decided:\n{}", text.lines().rev().take(5).collect::<Vec<_>>().join("\n"));
    }
    Ok(Outcome::Passed(format!("{} cases of the corpus decided as the native evaluator does", cases.len())))
}

/// The API server's own opinion, where a cluster answers.
pub(super) fn kubectl(bench: &Bench) -> Result<Outcome> {
    let Some(kubectl) = find("kubectl") else { return Ok(Outcome::Skipped("kubectl is not installed".to_owned())) };
    let (version, _) = bench.ask(Command::new(&kubectl).args(["version", "--request-timeout=5s"]))?;
    if !version.status.success() {
        return Ok(Outcome::Skipped("no cluster answers".to_owned()));
    }
    let dir = bench.fresh("vap")?;
    let files = write(Engine::Vap, &dir)?;
    for path in files.values() {
        run(Command::new(&kubectl).args(["apply", "--dry-run=server", "-f", path]).current_dir(&dir))?;
    }
    Ok(Outcome::Passed(format!("the API server accepts {}", files.keys().cloned().collect::<Vec<_>>().join(", "))))
}
