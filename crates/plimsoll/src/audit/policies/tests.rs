//! Tests of what policies show, over policies as people write them.

use super::*;
use crate::audit::floor::{owned, unexamined};
use plimsoll_finding::Code;
use plimsoll_intent::{AdmissionPolicy, Engine, FailurePolicy, Identity, Signer, Tier, Transparency};
use plimsoll_workload::parse_manifests;

fn objects(text: &str) -> Vec<OtherObject> {
    let found = parse_manifests("k8s/policies.yaml", text);
    assert_eq!(found.problems, []);
    found.others
}

fn codes(findings: &[Finding]) -> Vec<Code> {
    findings.iter().map(|f| f.code).collect()
}

fn judged(text: &str) -> Vec<Code> {
    codes(&judge(&objects(text), "k8s", 1, false).findings)
}

const KYVERNO: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  validationFailureAction: Enforce
  rules:
  - name: signed
    match: {any: [{resources: {kinds: [Pod]}}]}
    verifyImages:
    - imageReferences: ['registry.example/*']
      attestors:
      - entries:
        - keyless: {issuer: https://token.example, subject: https://ci.example/shop}
";

const KYVERNO_TEST: &str = "
apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: signed}
results:
- {policy: signed, rule: signed, resources: [bad], kind: Pod, result: fail}
";

#[test]
fn without_a_policy_there_is_no_backstop() {
    assert_eq!(judged(""), [manifest::NO_BACKSTOP]);
    assert_eq!(codes(&judge(&[], "k8s", 0, false).findings), [], "nothing can be deployed from nothing");
}

#[test]
fn a_policy_that_verifies_and_was_tried_is_a_backstop() {
    assert_eq!(judged(KYVERNO), [manifest::ENFORCEMENT_UNTESTED]);
    assert_eq!(judged(&format!("{KYVERNO}---{KYVERNO_TEST}")), []);
    let passes = KYVERNO_TEST.replace("result: fail", "result: pass");
    assert_eq!(judged(&format!("{KYVERNO}---{passes}")), [manifest::ENFORCEMENT_UNTESTED], "no bad image is tried");
    assert_eq!(codes(&judge(&objects(KYVERNO), "k8s", 1, true).findings), [], "a report shows the refusals");
}

#[test]
fn a_policy_that_only_reports_is_none() {
    let audit = KYVERNO.replace("Enforce", "Audit");
    let all = [manifest::REPORTS_ONLY, manifest::NO_BACKSTOP, manifest::ENFORCEMENT_UNTESTED];
    assert_eq!(judged(&audit), all);
    assert_eq!(judged(&KYVERNO.replace("  validationFailureAction: Enforce\n", "")), all, "audit is Kyverno's default");
    let open = KYVERNO.replace("  rules:", "  failurePolicy: Ignore\n  rules:");
    assert_eq!(judged(&open), all);
    let rule = audit.replace("    - imageReferences", "    - failureAction: Enforce\n      imageReferences");
    assert_eq!(judged(&rule), [manifest::ENFORCEMENT_UNTESTED], "the rule's own action wins");
    let warn = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: c}\nspec: {mode: warn, authorities: [{keyless: {url: https://fulcio.example}}]}\n";
    assert_eq!(judged(warn), all);
    assert_eq!(judged(&warn.replace("mode: warn, ", "")), [manifest::ENFORCEMENT_UNTESTED]);
}

#[test]
fn definitions_need_something_that_puts_them_to_work() {
    let policy = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: {validations: [{expression: 'true'}]}\n";
    let binding = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: b}\nspec: {policyName: p, validationActions: [Deny]}\n";
    let rest = [manifest::NO_BACKSTOP, manifest::ENFORCEMENT_UNTESTED];
    assert_eq!(judged(policy)[0], manifest::REPORTS_ONLY);
    assert_eq!(judged(&format!("{policy}{binding}")), rest, "it refuses, and verifies no signature");
    let audit = binding.replace("[Deny]", "[Audit, Warn]");
    assert_eq!(judged(&format!("{policy}{audit}"))[0], manifest::REPORTS_ONLY);
    let dry = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sAllowedRepos\nmetadata: {name: c}\nspec: {enforcementAction: dryrun}\n";
    assert_eq!(judged(dry)[0], manifest::REPORTS_ONLY);
    let suite = "---\napiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests: [{cases: [{assertions: [{violations: yes}]}]}]\n";
    let deny = dry.replace("dryrun", "deny");
    assert_eq!(judged(&format!("{deny}{suite}")), [manifest::NO_BACKSTOP]);
    let webhook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks: [{name: w, failurePolicy: Fail, rules: [{resources: [certificates]}]}]\n";
    assert_eq!(judged(webhook), [manifest::NO_BACKSTOP], "a webhook about something else is no policy on images");
    assert_eq!(judged(&webhook.replace("certificates", "pods")), [manifest::ENFORCEMENT_UNTESTED]);
}

#[test]
fn long_lived_keys_and_demanded_provenance_are_seen() {
    let keyed = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: c}\nspec:\n  authorities:\n  - key: {data: pem}\n    attestations: [{predicateType: slsaprovenance}]\n";
    let found = judge(&objects(keyed), "k8s", 1, true);
    assert_eq!(codes(&found.findings), [signing::LONG_LIVED_KEY]);
    assert!(found.demands_provenance && !judge(&objects(KYVERNO), "k8s", 1, true).demands_provenance);
    assert_eq!(found.findings[0].location.to_string(), "k8s/policies.yaml:1");
}

#[test]
fn policies_that_own_the_floor_are_named() {
    let owners = |text: &str| owned(&objects(text), &[]).into_iter().map(|f| f.message).collect::<Vec<_>>();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}\n";
    assert_eq!(owners(namespace), [""; 0], "a namespace of its own is the floor, and nobody's fault");
    let mutate = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: label}\nspec: {rules: [{name: r, mutate: {patchStrategicMerge: {metadata: {labels: {pod-security.kubernetes.io/enforce: baseline}}}}}]}\n";
    assert!(owners(mutate)[0].contains("replaces the Pod Security label: it sets the label"));
    let again = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: pss}\nspec: {rules: [{name: r, validate: {podSecurity: {level: restricted, version: latest}}}]}\n";
    assert!(owners(again)[0].contains("podSecurity"));
    let both = owners(&format!("{again}---\n{namespace}"));
    assert!(both[0].contains("duplicates") && both[1].contains("Namespace/shop is labelled among"), "{both:?}");
    let psp = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sPSPPrivilegedContainer\nmetadata: {name: c}\n";
    assert_eq!(owners(psp).len(), 1);
    assert_eq!(owners(&psp.replace("K8sPSPPrivilegedContainer", "K8sPSPReadOnlyRootFilesystem")).len(), 0);
    let cel = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: {validations: [{expression: '!object.spec.hostNetwork && !object.spec.hostPID'}]}\n";
    assert!(owners(cel)[0].contains("hostNetwork, hostPID"));
    assert_eq!(owners(&cel.replace("hostPID", "x")).len(), 0, "one field may be mentioned in passing");
    assert_eq!(owners(KYVERNO).len(), 0);
}

#[test]
fn what_plimsoll_emits_owns_no_floor_and_refuses() {
    let identity = Identity::Keyless { issuer: "https://i".into(), subject: Some("s".into()), subject_regexp: None };
    let policy = AdmissionPolicy {
        tier: Tier::Critical,
        signers: vec![Signer { name: "ci".into(), images: vec!["r.example/**".into()], identity }],
        transparency: Transparency::Required,
        registries: vec!["r.example/**".into()],
        provenance: None,
        engines: Vec::new(),
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: Vec::new(),
    };
    let mut all = Vec::new();
    for engine in [Engine::Kyverno, Engine::Gatekeeper, Engine::Vap, Engine::Webhook] {
        for (name, text) in plimsoll_engines::emit(engine, &policy, plimsoll_engines::EmitOptions::default()) {
            let found = parse_manifests(&name, &text);
            assert_eq!(found.problems, [], "{name}");
            all.extend(found.others);
        }
    }
    assert!(policies(&all).len() >= 6);
    assert_eq!(owned(&all, &[]), []);
    assert_eq!(unexamined(&all), []);
    assert_eq!(judge(&all, "k8s", 1, true).findings, []);
}

#[test]
fn unknown_kinds_with_containers_are_named() {
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, image: x}]}}}\n";
    let found = unexamined(&objects(rollout));
    assert_eq!(codes(&found), [manifest::NOT_EXAMINED]);
    assert_eq!(found[0].evidence, ["Rollout/web"]);
    assert_eq!(unexamined(&objects(KYVERNO)), []);
}
