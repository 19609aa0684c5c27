//! Admission policies among the manifests: what they refuse, what they verify, and whether anybody tried them.

use std::collections::BTreeSet;

use plimsoll_finding::{Finding, Location, manifest, signing};
use plimsoll_workload::OtherObject;
use serde_json::Value;

use crate::audit::listed;

/// What a policy object does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It judges requests by itself.
    Judges,
    /// It says how to judge, and needs another object to be put to work.
    Defines,
    /// It puts a definition to work, and says with which action.
    Binds,
    /// It changes or makes objects.
    Changes,
}

/// A policy object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'a> {
    pub(crate) object: &'a OtherObject,
    pub(crate) role: Role,
}

/// What the policies come to.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    /// There is at least one policy that judges.
    pub(crate) any: bool,
    /// A policy demands SLSA provenance.
    pub(crate) demands_provenance: bool,
}

/// The policies among the objects.
pub(crate) fn policies(others: &[OtherObject]) -> Vec<Policy<'_>> {
    others.iter().filter_map(|object| Some(Policy { object, role: role(object)? })).collect()
}

fn role(object: &OtherObject) -> Option<Role> {
    let kind = object.kind();
    match object.group() {
        "kyverno.io" if matches!(kind, "ClusterPolicy" | "Policy") => {
            let changes =
                rules(&object.object).iter().all(|r| r.get("mutate").is_some() || r.get("generate").is_some());
            Some(if changes { Role::Changes } else { Role::Judges })
        }
        "policies.kyverno.io" if kind.ends_with("ValidatingPolicy") => Some(Role::Judges),
        "policies.kyverno.io" if kind.ends_with("MutatingPolicy") || kind.ends_with("GeneratingPolicy") => {
            Some(Role::Changes)
        }
        "constraints.gatekeeper.sh" => Some(Role::Binds),
        "templates.gatekeeper.sh" => Some(Role::Defines),
        "mutations.gatekeeper.sh" => Some(Role::Changes),
        "admissionregistration.k8s.io" => match kind {
            "ValidatingAdmissionPolicy" => Some(Role::Defines),
            "ValidatingAdmissionPolicyBinding" => Some(Role::Binds),
            "MutatingAdmissionPolicy" => Some(Role::Changes),
            "ValidatingWebhookConfiguration" => sees_pods(&object.object).then_some(Role::Judges),
            _ => None,
        },
        "policy.sigstore.dev" if kind == "ClusterImagePolicy" => Some(Role::Judges),
        "policies.kubewarden.io" if kind.ends_with("Policy") => Some(Role::Judges),
        "portieris.cloud.ibm.com" if kind.ends_with("ImagePolicy") => Some(Role::Judges),
        _ => None,
    }
}

/// Whether a webhook is asked about pods.
fn sees_pods(object: &Value) -> bool {
    let webhooks = list(object, "webhooks").iter();
    let rules = webhooks.flat_map(|w| list(w, "rules"));
    let mut resources = rules.flat_map(|r| list(r, "resources")).filter_map(Value::as_str);
    resources.any(|r| matches!(r, "*" | "*/*" | "pods" | "pods/*"))
}

/// What the policies show, over `workloads` many workloads. `tested` says that a proof was found elsewhere.
pub(crate) fn judge(others: &[OtherObject], place: &str, workloads: usize, tested: bool) -> Judged {
    let policies = policies(others);
    let judging: Vec<&Policy<'_>> = policies.iter().filter(|p| p.role != Role::Changes).collect();
    let mut out = Judged { any: !judging.is_empty(), ..Judged::default() };
    let here = || Location::File { path: place.to_owned(), line: None, column: None };
    for policy in &judging {
        out.findings.extend(weak(policy, &judging));
        out.findings.extend(key(policy.object));
        let demands = |t: &str| t.contains("slsa.dev/provenance") || t.starts_with("slsaprovenance");
        out.demands_provenance |= verifies(policy, &judging) && texts(&policy.object.object).iter().any(|t| demands(t));
    }
    let sound = |p: &&&Policy<'_>| verifies(p, &judging) && weak(p, &judging).is_none();
    if workloads > 0 && judging.iter().find(sound).is_none() {
        let names: BTreeSet<String> = judging.iter().map(|p| p.object.display_name()).collect();
        let message = match names.is_empty() {
            true => "no admission policy stands with the workloads: a pipeline that is bypassed can deploy anything",
            false => "none of the admission policies verifies image signatures and refuses",
        };
        let mut finding = Finding::new(manifest::NO_BACKSTOP, here(), message);
        if !names.is_empty() {
            finding = finding.with_evidence(format!("policies: {}", listed(names.iter().map(String::as_str), 8)));
        }
        out.findings.push(finding);
    }
    if out.any && !tested && !others.iter().any(is_bad_image_test) {
        let message = "no test shows that the admission policies refuse a bad image";
        let names: BTreeSet<String> = judging.iter().map(|p| p.object.display_name()).collect();
        let evidence = format!("policies: {}", listed(names.iter().map(String::as_str), 8));
        out.findings.push(Finding::new(manifest::ENFORCEMENT_UNTESTED, here(), message).with_evidence(evidence));
    }
    out
}

/// A finding about an object, at its file and line.
pub(crate) fn about(code: plimsoll_finding::Code, object: &OtherObject, message: String) -> Finding {
    let origin = &object.origin;
    let location = Location::File { path: origin.path.clone(), line: Some(origin.line), column: None };
    Finding::new(code, location, message)
}

/// Why a policy that judges does not refuse.
fn weak(policy: &Policy<'_>, all: &[&Policy<'_>]) -> Option<Finding> {
    let object = &policy.object.object;
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    let denies = |actions: &[Value]| actions.iter().any(|a| a.as_str() == Some("Deny"));
    let why = match (policy.object.group(), policy.role) {
        ("kyverno.io", _) if !kyverno_enforces(spec, object) => Some("no rule's failure action is Enforce"),
        ("policies.kyverno.io", _)
            if spec.get("validationActions").is_some() && !denies(list(spec, "validationActions")) =>
        {
            Some("validationActions do not hold Deny")
        }
        ("constraints.gatekeeper.sh", _) => match text("enforcementAction") {
            None | Some("deny") => None,
            Some("scoped") if texts(spec).contains(&"deny") => None,
            Some(_) => Some("enforcementAction is not deny"),
        },
        ("admissionregistration.k8s.io", Role::Binds) if !denies(list(spec, "validationActions")) => {
            Some("validationActions do not hold Deny")
        }
        ("policy.sigstore.dev", _) if text("mode") == Some("warn") => Some("mode is warn"),
        ("policies.kubewarden.io", _) if text("mode") == Some("monitor") => Some("mode is monitor"),
        (_, Role::Defines) if !is_bound(policy.object, all) => Some("no binding or constraint puts it to work"),
        _ => None,
    };
    let opens = text("failurePolicy") == Some("Ignore")
        || list(object, "webhooks").iter().any(|w| w.get("failurePolicy").and_then(Value::as_str) == Some("Ignore"));
    let why = why.or(opens.then_some("failurePolicy is Ignore: what it cannot decide is let through"))?;
    let message = format!("{} does not refuse: {why}", policy.object.display_name());
    Some(about(manifest::REPORTS_ONLY, policy.object, message))
}

fn is_bound(definition: &OtherObject, all: &[&Policy<'_>]) -> bool {
    let name = definition.object.pointer("/metadata/name").and_then(Value::as_str);
    let kind = definition.object.pointer("/spec/crd/spec/names/kind").and_then(Value::as_str);
    all.iter().filter(|p| p.role == Role::Binds).any(|p| match p.object.group() {
        "constraints.gatekeeper.sh" => Some(p.object.kind()) == kind,
        _ => p.object.object.pointer("/spec/policyName").and_then(Value::as_str) == name,
    })
}

fn rules(object: &Value) -> &[Value] {
    object.get("spec").map_or(&[], |spec| list(spec, "rules"))
}

/// Whether any judging rule of a Kyverno policy refuses. Audit is the default.
fn kyverno_enforces(spec: &Value, object: &Value) -> bool {
    let is = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case("enforce"));
    let whole = is(spec.get("validationFailureAction"));
    rules(object).iter().any(|rule| {
        let own = rule.get("validate").and_then(|v| v.get("failureAction"));
        let images = list(rule, "verifyImages").iter().filter_map(|v| v.get("failureAction"));
        let stated: Vec<&Value> = own.into_iter().chain(images).collect();
        let judges = rule.get("validate").is_some() || rule.get("verifyImages").is_some();
        judges && if stated.is_empty() { whole } else { stated.into_iter().any(|v| is(Some(v))) }
    })
}

/// Whether a policy verifies signatures of images. What a webhook does cannot be seen; it gets the benefit of the doubt.
fn verifies(policy: &Policy<'_>, all: &[&Policy<'_>]) -> bool {
    let object = policy.object;
    match object.group() {
        "kyverno.io" => rules(&object.object).iter().any(|r| r.get("verifyImages").is_some()),
        "policies.kyverno.io" => object.kind().ends_with("ImageValidatingPolicy"),
        "policy.sigstore.dev" | "portieris.cloud.ibm.com" => true,
        "policies.kubewarden.io" => texts(&object.object).iter().any(|t| t.contains("verify-image")),
        // A constraint can ask a provider, and then its template says so.
        "constraints.gatekeeper.sh" => all.iter().any(|p| {
            p.role == Role::Defines
                && p.object.object.pointer("/spec/crd/spec/names/kind").and_then(Value::as_str) == Some(object.kind())
                && texts(&p.object.object).iter().any(|t| t.contains("external_data"))
        }),
        _ => object.kind() == "ValidatingWebhookConfiguration",
    }
}

/// A long-lived key that a policy trusts.
fn key(object: &OtherObject) -> Option<Finding> {
    let holds = |v: &Value| ["data", "publicKeys", "secretRef", "secret", "kms"].iter().any(|k| v.get(*k).is_some());
    let mut open = vec![&object.object];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some((field, _)) = map.iter().find(|(k, v)| matches!(k.as_str(), "key" | "keys") && holds(v)) {
                    let message = format!("{} trusts signatures by a long-lived key", object.display_name());
                    let finding = about(signing::LONG_LIVED_KEY, object, message);
                    return Some(finding.with_evidence(format!("field '{field}' names a public key, not an identity")));
                }
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    None
}

/// Whether an object is a policy test that expects a refusal.
fn is_bad_image_test(object: &OtherObject) -> bool {
    let value = &object.object;
    match (object.group(), object.kind()) {
        ("cli.kyverno.io", "Test") => {
            list(value, "results").iter().any(|r| r.get("result").and_then(Value::as_str) == Some("fail"))
        }
        ("test.gatekeeper.sh", "Suite") => {
            let cases = list(value, "tests").iter().flat_map(|t| list(t, "cases"));
            let mut assertions = cases.flat_map(|c| list(c, "assertions"));
            // An assertion without a number expects at least one violation.
            assertions.any(|a| match a.get("violations") {
                Some(Value::String(text)) => text != "no",
                Some(Value::Number(n)) => n.as_u64() != Some(0),
                _ => true,
            })
        }
        // What it expects stands in its steps, each in a form of its own.
        ("chainsaw.kyverno.io", "Test") => texts(value).iter().any(|t| t.contains("$error")),
        _ => false,
    }
}

/// The list at `key`, empty if there is none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Every key and every text of a value.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    let (mut out, mut open) = (Vec::new(), vec![value]);
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => out.push(text.as_str()),
            Value::Array(items) => open.extend(items),
            Value::Object(map) => {
                out.extend(map.keys().map(String::as_str));
                open.extend(map.values());
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests;
