//! Tests of the decision, over the corpus, with real keys and bundles.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use plimsoll_envelope::{SLSA_PROVENANCE_V1, Statement, Subject, sign_statement};
use plimsoll_intent::{FailurePolicy, Identity, ProvenanceRule, Signer, Tier, Transparency};
use plimsoll_trust::{PrivateKey, sign_statement_bundle};
use plimsoll_verify::{Candidate, ImageFacts, Trust, verify_image};
use plimsoll_workload::{Origin, parse_admission_review, workload_from_object};
use serde_json::{Value, json};

use super::*;
use crate::corpus::{Case, CorpusImages, Expect, cases, cases_for};
use crate::{FactTable, admission_response, decide_request, error_response, refusal_message};

const REPOSITORY: &str = "registry.example.com/shop/web";
const BUILDER: &str = "https://builder.example.com/v1";

/// Keys of the trusted pipeline, of another trusted signer, and of somebody else.
static KEYS: LazyLock<[PrivateKey; 3]> = LazyLock::new(|| std::array::from_fn(|_| PrivateKey::generate().unwrap()));

fn policy() -> AdmissionPolicy {
    let signer = |name: &str, key: usize, glob: &str| Signer {
        name: name.to_owned(),
        identity: Identity::Key { pem: KEYS[key].public_key().to_pem(), file: None },
        images: vec![glob.to_owned()],
    };
    AdmissionPolicy {
        tier: Tier::Critical,
        signers: vec![
            signer("ci", 0, "registry.example.com/shop/**"),
            signer("infra", 1, "registry.example.com/infra/*"),
        ],
        transparency: Transparency::NotRequired,
        registries: vec!["registry.example.com/**".to_owned()],
        provenance: Some(ProvenanceRule {
            required: vec![Tier::Critical],
            min_level: 2,
            builders: BTreeMap::from([(BUILDER.to_owned(), 2), ("https://laptop.example.com".to_owned(), 1)]),
        }),
        engines: vec![],
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: vec!["kube-system".to_owned()],
    }
}

fn images() -> CorpusImages {
    let digest = |name: &str| Digest::sha256(name.as_bytes());
    CorpusImages {
        repository: REPOSITORY.to_owned(),
        tag: "1.4.2".to_owned(),
        good: digest("good"),
        other: digest("other"),
        unsigned: digest("unsigned"),
        wrong_key: digest("wrong key"),
        root: digest("root"),
        no_provenance: digest("no provenance"),
        wrong_provenance: digest("wrong provenance"),
    }
}

fn workload(object: Value) -> Workload {
    workload_from_object(object, Origin::default()).unwrap()
}

/// What somebody stored beside an image: who signed it, and the provenance attestations.
#[derive(Clone)]
struct Stored {
    digest: Digest,
    signed_by: Vec<usize>,
    /// Key, subject, predicate type, predicate.
    attested: Vec<(usize, Digest, &'static str, Value)>,
    user: Option<&'static str>,
    /// The name it was verified under.
    name: &'static str,
}

fn built_by(builder: &str) -> Value {
    json!({
        "buildDefinition": {"buildType": "https://example.com/build/v1", "externalParameters": {"ref": "main"}},
        "runDetails": {"builder": {"id": builder}},
    })
}

impl Stored {
    fn good(digest: &Digest) -> Self {
        Self {
            digest: digest.clone(),
            signed_by: vec![0],
            attested: vec![(0, digest.clone(), SLSA_PROVENANCE_V1, built_by(BUILDER))],
            user: Some("65532:65532"),
            name: REPOSITORY,
        }
    }

    fn verify_into(&self, table: &mut FactTable, policy: &AdmissionPolicy) {
        let statement = |key: usize, s: &Statement| sign_statement_bundle(s, &KEYS[key]).unwrap().to_bytes();
        let mut bundles: Vec<Vec<u8>> =
            self.signed_by.iter().map(|k| statement(*k, &sign_statement(&self.digest, BTreeMap::new()))).collect();
        bundles.extend(self.attested.iter().map(|(key, subject, kind, predicate)| {
            statement(*key, &Statement::new(vec![Subject::of(subject)], kind, predicate.clone()))
        }));
        let candidates: Vec<_> = bundles.iter().map(|bytes| Candidate { bytes, source: "referrer" }).collect();
        let trust = Trust {
            signers: &policy.signers,
            transparency: policy.transparency,
            trusted_root: None,
            now: Timestamp::UNIX_EPOCH,
        };
        table.insert(verify_image(&self.digest, self.name, &candidates, &trust), self.user.map(str::to_owned));
    }
}

/// The corpus' images as they would be found in a registry.
fn world(images: &CorpusImages, policy: &AdmissionPolicy) -> FactTable {
    let swapped = vec![(0, images.good.clone(), SLSA_PROVENANCE_V1, built_by(BUILDER))];
    let mut table = FactTable::default();
    for stored in [
        Stored::good(&images.good),
        Stored::good(&images.other),
        Stored { signed_by: vec![], ..Stored::good(&images.unsigned) },
        Stored { signed_by: vec![2], ..Stored::good(&images.wrong_key) },
        Stored { user: Some(""), ..Stored::good(&images.root) },
        Stored { attested: vec![], ..Stored::good(&images.no_provenance) },
        Stored { attested: swapped, ..Stored::good(&images.wrong_provenance) },
    ] {
        stored.verify_into(&mut table, policy);
    }
    table.resolve(&format!("{REPOSITORY}:{}", images.tag).parse().unwrap(), images.good.clone());
    table
}

#[test]
fn every_case_of_the_corpus_is_decided_for_its_own_reason() {
    let (policy, images) = (policy(), images());
    let world = world(&images, &policy);
    let all = cases(&images);
    for Case { name, manifest, expect, .. } in &all {
        let expected: Vec<Code> = match expect {
            Expect::Allow => vec![],
            Expect::Deny(code) => vec![*code],
        };
        let decision = decide(&workload(manifest.clone()), &policy, &world);
        assert_eq!(decision.codes(), expected, "{name}: {manifest:#}");
        match decision.outcome {
            Outcome::Allowed(allow) => assert_eq!(allow.signatures().count(), decision.images.len(), "{name}"),
            outcome => assert!(outcome == Outcome::Denied && !expected.is_empty(), "{name}: {outcome:?}"),
        }
    }
    let names: std::collections::BTreeSet<_> = all.iter().map(|c| &c.name).collect();
    assert_eq!(names.len(), all.len(), "names are unique");
    assert!(all.len() > 150 && all.iter().filter(|c| c.essential).count() >= 15);
}

#[test]
fn structural_cases_need_no_facts() {
    let (policy, images) = (policy(), images());
    for case in cases(&images).iter().filter(|c| c.structural) {
        let found = crate::structural_findings(&workload(case.manifest.clone()), &policy);
        assert_eq!(found.is_empty(), case.expect == Expect::Allow, "{}: {found:?}", case.name);
    }
}

#[test]
fn unknown_is_never_a_pass() {
    let (policy, images) = (policy(), images());
    let pod = &cases(&images)[0].manifest;
    let nothing = FactTable::default();
    let decision = decide(&workload(pod.clone()), &policy, &nothing);
    assert_eq!(decision.codes(), [admission::UNVERIFIABLE]);
    // Facts without signatures, and facts filed under a digest they are not about.
    let facts = |digest: &Digest| ImageFacts {
        digest: digest.clone(),
        signatures: vec![],
        attestations: vec![],
        user: Some("1000".to_owned()),
    };
    let empty = BTreeMap::from([(images.good.clone(), facts(&images.good))]);
    let decision = decide(&workload(pod.clone()), &policy, &empty);
    assert_eq!(decision.codes(), [admission::UNSIGNED, admission::NO_PROVENANCE]);
    assert_eq!(decision.images[0].digest.as_ref(), Some(&images.good));
    let swapped = BTreeMap::from([(images.good.clone(), facts(&images.other))]);
    assert_eq!(decide(&workload(pod.clone()), &policy, &swapped).codes(), [admission::UNVERIFIABLE]);
    assert!(Allow::from_verified(vec![]).is_none() && Allow::from_verified(vec![None]).is_none());
}

fn judged(change: impl FnOnce(&mut Stored, &mut AdmissionPolicy)) -> Vec<Code> {
    let (mut policy, images) = (policy(), images());
    let mut stored = Stored::good(&images.good);
    change(&mut stored, &mut policy);
    let mut table = FactTable::default();
    stored.verify_into(&mut table, &policy);
    decide(&workload(cases(&images)[0].manifest.clone()), &policy, &table).codes()
}

#[test]
fn signers_count_only_for_their_images() {
    assert_eq!(judged(|_, _| {}), []);
    assert_eq!(judged(|s, _| s.signed_by = vec![1]), [admission::WRONG_SIGNER]);
    assert_eq!(judged(|s, _| s.signed_by = vec![2]), [admission::WRONG_SIGNER]);
    assert_eq!(judged(|s, _| s.signed_by = vec![2, 0]), [], "a stranger's signature takes nothing away");
    assert_eq!(judged(|_, p| p.signers.clear()), [admission::WRONG_SIGNER, admission::NO_PROVENANCE]);
    assert_eq!(judged(|_, p| p.registries.clear()), [admission::REGISTRY]);
    // Verified under a name that the signer covers, deployed under one that it does not.
    let elsewhere = |s: &mut Stored, _: &mut AdmissionPolicy| {
        (s.name, s.signed_by) = ("registry.example.com/infra/x", vec![1]);
        s.attested[0].0 = 1;
    };
    assert_eq!(judged(elsewhere), [admission::WRONG_SIGNER, admission::NO_PROVENANCE]);
}

#[test]
fn provenance_is_about_this_image_from_a_decided_builder() {
    let weak = [admission::PROVENANCE_WEAK];
    assert_eq!(judged(|s, _| s.attested[0].3 = json!({})), weak);
    assert_eq!(judged(|s, _| s.attested[0].3 = built_by("https://laptop.example.com")), weak);
    assert_eq!(judged(|s, _| s.attested[0].3 = built_by(&format!("{BUILDER}/evil"))), weak);
    assert_eq!(judged(|s, _| s.attested[0].1 = Digest::sha256(b"x")), [admission::PROVENANCE_MISMATCH]);
    assert_eq!(judged(|s, _| s.attested[0].2 = "https://slsa.dev/provenance/v0.2"), [admission::NO_PROVENANCE]);
    assert_eq!(
        judged(|s, p| {
            s.attested.clear();
            p.provenance = None
        }),
        []
    );
    let second = |s: &mut Stored, _: &mut AdmissionPolicy| {
        let mut weaker = s.attested[0].clone();
        weaker.3 = built_by("https://laptop.example.com");
        s.attested.insert(0, weaker);
    };
    assert_eq!(judged(second), [], "one that suffices outweighs one that does not");
}

#[test]
fn the_images_user_counts_where_the_manifest_is_silent() {
    for (user, expected) in [
        (Some("65532"), vec![]),
        (Some("0"), vec![admission::ROOT_IMAGE]),
        (Some("00:5"), vec![admission::ROOT_IMAGE]),
        (Some("root"), vec![admission::ROOT_IMAGE]),
        (Some("nginx"), vec![admission::ROOT_IMAGE]),
        (Some(""), vec![admission::ROOT_IMAGE]),
        (Some("1000:0"), vec![admission::ROOT_GROUP]),
        (None, vec![admission::ROOT_IMAGE]),
    ] {
        assert_eq!(judged(|s, _| s.user = user), expected, "{user:?}");
    }
    let (policy, images) = (policy(), images());
    let mut pod = cases(&images)[0].manifest.clone();
    pod["spec"]["securityContext"]["runAsUser"] = json!(1000);
    let mut table = FactTable::default();
    Stored { user: Some("root"), ..Stored::good(&images.good) }.verify_into(&mut table, &policy);
    assert!(decide(&workload(pod), &policy, &table).allowed(), "the manifest overrides the image");
}

fn request(change: impl FnOnce(&mut Value)) -> Decision {
    let mut review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "UPDATE", "namespace": "shop", "name": "web", "subResource": "",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "evil:latest"}]}}}});
    change(&mut review["request"]);
    let request = parse_admission_review(review.to_string().as_bytes()).unwrap();
    decide_request(&request, &policy(), &FactTable::default())
}

#[test]
fn requests_are_decided_by_what_they_bring_in() {
    assert!(!request(|_| {}).allowed(), "an update is checked");
    assert!(!request(|r| r["dryRun"] = json!(true)).allowed(), "a dry run is checked");
    assert!(!request(|r| r["subResource"] = json!("ephemeralcontainers")).allowed());
    assert!(!request(|r| r["subResource"] = json!("something-new")).allowed());
    assert!(!request(|r| r["object"] = json!(null)).allowed(), "nothing to read");
    let old = |r: &mut Value| {
        r["subResource"] = json!("ephemeralcontainers");
        r["kind"]["kind"] = json!("EphemeralContainers");
    };
    assert_eq!(request(old).codes(), [admission::MALFORMED_WORKLOAD]);
    let terminating = |r: &mut Value| r["object"]["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(request(terminating).outcome, Outcome::NotApplicable);
    let created = |r: &mut Value| {
        terminating(r);
        r["operation"] = json!("CREATE");
    };
    assert!(!request(created).allowed(), "a new object cannot be on its way out");
    assert_eq!(request(|r| r["operation"] = json!("DELETE")).outcome, Outcome::NotApplicable);
    assert_eq!(request(|r| r["subResource"] = json!("status")).outcome, Outcome::NotApplicable);
    let excluded = request(|r| r["namespace"] = json!("kube-system"));
    assert_eq!((excluded.outcome, excluded.findings[0].code), (Outcome::Excluded, admission::EXCLUDED_NAMESPACE));
    let claimed = |r: &mut Value| r["object"]["metadata"]["namespace"] = json!("kube-system");
    assert!(!request(claimed).allowed(), "the request's namespace counts, not the object's");
}

#[test]
fn a_refusal_is_three_lines_and_the_first_is_enough() {
    let decision = request(|_| {});
    let message = refusal_message(&decision);
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 3, "{message}");
    assert!(
        lines[0].starts_with("PL-A006 mutable-tag: Pod/shop/web refused: image evil:latest is named by"),
        "{message}"
    );
    assert!(lines[1].starts_with("also: PL-A011 ") && lines[2].starts_with("next: "), "{message}");
    let review = admission_response("u", &decision);
    assert_eq!(review["response"]["allowed"], false);
    assert_eq!((&review["response"]["uid"], &review["response"]["status"]["code"]), (&json!("u"), &json!(403)));
    let passed = admission_response("u", &request(|r| r["namespace"] = json!("kube-system")));
    assert!(passed["response"]["warnings"][0].as_str().unwrap().starts_with("PL-A018 "));
    assert_eq!(error_response("u", "bad\nline")["response"]["status"]["message"], "bad line");
    let hostile = request(|r| r["object"]["spec"]["containers"][0]["image"] = json!("x\n".repeat(9000)));
    assert!(refusal_message(&hostile).lines().count() <= 3 && refusal_message(&hostile).len() < 3000);
}

#[test]
fn the_corpus_follows_the_policy() {
    let (mut policy, images) = (policy(), images());
    policy.provenance = None;
    policy.registries.push("docker.io/**".to_owned());
    let world = world(&images, &policy);
    let fitted = cases_for(&images, &policy);
    assert_eq!(fitted.len() + 1, cases(&images).len(), "only the short name is no longer foreign");
    for case in &fitted {
        let decision = decide(&case.workload().unwrap(), &policy, &world);
        assert!(case.holds(&decision), "{}: {:?}", case.name, decision.codes());
    }
    let missing = fitted.iter().find(|c| c.name == "pod-no-provenance").unwrap();
    assert_eq!(missing.expect, Expect::Allow);
}

#[test]
fn a_pod_of_countless_images_is_refused_at_once() {
    let (policy, images) = (policy(), images());
    let mut pod = cases(&images)[0].manifest.clone();
    let container = pod["spec"]["containers"][0].clone();
    pod["spec"]["containers"] = json!(vec![container; 20_000]);
    let decision = decide(&workload(pod), &policy, &world(&images, &policy));
    assert_eq!((decision.codes(), decision.findings.len()), (vec![admission::MALFORMED_WORKLOAD], 1));
}
