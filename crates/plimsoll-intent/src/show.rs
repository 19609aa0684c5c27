//! The intent laid open: every effective value with where it stands, and the digest over all of them.

use plimsoll_oci::Digest;
use serde_json::{Map, Value, json};

use crate::resolve::gate_key;
use crate::{
    Action, AttestationStore, Custody, Decided, Deferred, FailurePolicy, GateRule, Identity, Intent, Origin,
    ProvenanceRule, SbomFormat, Setting, Severity, Signer, Tier, TierAssignment, Transparency,
};

/// One effective value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Dotted key.
    pub key: String,
    /// The value as text, on one line.
    pub value: String,
    /// How it came to be.
    pub state: State,
    /// Where it stands; `None` for defaults and what is missing.
    pub origin: Option<Origin>,
}

/// How a value came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Decided in a document.
    Decided,
    /// Explicitly put off.
    Deferred,
    /// Not decided, and optional.
    Default,
    /// Not decided, and needed.
    Missing,
}

/// Every key with its effective value, in the schema's order; each closure line, waiver and component is a line of its own.
pub fn show(intent: &Intent) -> Vec<Shown> {
    lines(intent)
        .into_iter()
        .map(|line| Shown {
            value: match &line.value {
                Value::String(text) => text.replace('\n', " "),
                Value::Null => "not decided".to_owned(),
                other => other.to_string(),
            },
            key: line.key,
            state: line.state,
            origin: line.origin,
        })
        .collect()
}

impl Intent {
    /// The digest of everything decided, deferred or left at its default. Where it stands does not enter, so moving a
    /// decision to another document changes nothing.
    pub fn digest(&self) -> Digest {
        let mut text = String::from("plimsoll-intent/v1\n");
        for line in lines(self).into_iter().filter(|l| l.state != State::Missing) {
            let state = if line.state == State::Deferred { "deferred" } else { "value" };
            // JSON on one line cannot hold a line break, so no two intents make one text.
            text.push_str(&format!("{} {state} {}\n", line.key, line.value));
        }
        Digest::sha256(text.as_bytes())
    }
}

struct Line {
    key: String,
    value: Value,
    state: State,
    origin: Option<Origin>,
}

fn lines(intent: &Intent) -> Vec<Line> {
    let mut out = Lines { intent, lines: Vec::new() };
    for c in &intent.components {
        let mut value = Map::new();
        value.insert("name".to_owned(), json!(c.name));
        value.extend(c.tier.map(|t| ("tier".to_owned(), json!(t.number()))));
        if !c.workloads.is_empty() {
            value.insert("workloads".to_owned(), json!(c.workloads));
        }
        out.push("component", Value::Object(value), &c.origin);
    }
    out.setting("tiers.assign", &intent.tiers, |all| all.iter().map(assignment).collect());
    out.setting("trust.signers", &intent.signers, |all| all.iter().map(signer).collect());
    out.setting("trust.transparency", &intent.transparency, |t| match t {
        Transparency::Required => json!("required"),
        Transparency::NotRequired => json!("not-required"),
    });
    let missing = Setting::Missing;
    for tier in Tier::ALL {
        out.setting(gate_key(tier), intent.gate.get(&tier).unwrap_or(&missing), gate);
    }
    out.setting("vex.accept", &intent.vex, |all| json!(all));
    out.setting("sbom.formats", &intent.sbom, |all| all.iter().map(|f| json!(sbom_format(*f))).collect());
    out.setting("provenance", &intent.provenance, provenance);
    out.setting("keys.custody", &intent.custody, |c| match c {
        Custody::Keyless => json!("keyless"),
        Custody::Kms => json!("kms"),
        Custody::KeyFile => json!("key-file"),
    });
    out.setting("registry.push", &intent.registry, |r| json!(r.push));
    out.setting("registry.attestations", &intent.attestations, |s| match s {
        AttestationStore::Referrers => json!("referrers"),
    });
    out.setting("admission.engines", &intent.engines, |all| all.iter().map(|e| json!(e.name())).collect());
    out.setting("admission.failurePolicy", &intent.failure_policy, |p| match p {
        FailurePolicy::Fail => json!("Fail"),
        FailurePolicy::Ignore => json!("Ignore"),
    });
    out.optional("admission.excludeNamespaces", plain(&intent.exclude_namespaces));
    out.optional("admission.registries", plain(&intent.registries));
    out.optional("runtime.uid", json!(intent.runtime.uid));
    out.optional("runtime.gid", json!(intent.runtime.gid));
    out.optional("runtime.keepShell", json!(intent.runtime.keep_shell));
    out.optional("runtime.capabilities", json!(intent.runtime.capabilities));
    out.optional("runtime.writable", json!(intent.runtime.writable));
    out.optional("runtime.tmpSizeLimit", json!(intent.runtime.tmp_size_limit));
    for (key, all) in [("closure.keep", &intent.closure.keep), ("closure.drop", &intent.closure.drop)] {
        for line in all {
            out.push(key, json!({"path": line.path, "why": line.why}), &line.origin);
        }
    }
    for w in &intent.waivers {
        let value = json!({
            "vulnerability": w.vulnerability,
            "package": w.package,
            "owner": w.owner,
            "reason": w.reason,
            "until": w.until.to_string(),
        });
        out.push("waivers", value, &w.origin);
    }
    out.optional("tools.signer", json!(intent.tools.signer));
    out.optional("tools.sbom", json!(intent.tools.sbom));
    out.optional("tools.scanner", json!(intent.tools.scanner));
    out.lines
}

struct Lines<'a> {
    intent: &'a Intent,
    lines: Vec<Line>,
}

impl Lines<'_> {
    fn push(&mut self, key: &str, value: Value, origin: &Origin) {
        let origin = Some(origin.clone());
        self.lines.push(Line { key: key.to_owned(), value, state: State::Decided, origin });
    }

    fn setting<T>(&mut self, key: &str, setting: &Setting<T>, value: impl FnOnce(&T) -> Value) {
        let (value, state, origin) = match setting {
            Setting::Decided(Decided { value: v, origin }) => (value(v), State::Decided, Some(origin.clone())),
            Setting::Deferred(d) => (deferred(d), State::Deferred, Some(d.origin.clone())),
            Setting::Missing => (Value::Null, State::Missing, None),
        };
        self.lines.push(Line { key: key.to_owned(), value, state, origin });
    }

    fn optional(&mut self, key: &str, value: Value) {
        let origin = self.intent.origins.get(key).cloned();
        let state = if origin.is_some() { State::Decided } else { State::Default };
        self.lines.push(Line { key: key.to_owned(), value, state, origin });
    }
}

fn plain(all: &[Decided<String>]) -> Value {
    all.iter().map(|d| json!(d.value)).collect()
}

fn deferred(d: &Deferred) -> Value {
    json!({"owner": d.owner, "reason": d.reason, "until": d.until.to_string()})
}

fn assignment(a: &TierAssignment) -> Value {
    let mut map = Map::new();
    map.extend(a.namespace.iter().map(|n| ("namespace".to_owned(), json!(n))));
    map.extend(a.workload.iter().map(|w| ("workload".to_owned(), json!(w))));
    if !a.labels.is_empty() {
        map.insert("labels".to_owned(), json!(a.labels));
    }
    map.insert("tier".to_owned(), json!(a.tier.number()));
    Value::Object(map)
}

fn signer(s: &Signer) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), json!(s.name));
    match &s.identity {
        Identity::Key { pem, .. } => {
            // The same key with other line breaks is the same key.
            map.insert("key".to_owned(), json!(pem.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        Identity::Keyless { issuer, subject, subject_regexp } => {
            let mut keyless = Map::new();
            keyless.insert("issuer".to_owned(), json!(issuer));
            keyless.extend(subject.iter().map(|s| ("subject".to_owned(), json!(s))));
            keyless.extend(subject_regexp.iter().map(|s| ("subjectRegexp".to_owned(), json!(s))));
            map.insert("keyless".to_owned(), Value::Object(keyless));
        }
    }
    map.insert("images".to_owned(), json!(s.images));
    Value::Object(map)
}

fn gate(rule: &GateRule) -> Value {
    let action = |a: Action| match a {
        Action::Block => "block",
        Action::Warn => "warn",
    };
    json!({
        "failOn": severity(rule.fail_on),
        "fixAvailableOnly": rule.fix_available_only,
        "unknownSeverity": action(rule.unknown_severity),
        "kev": action(rule.kev),
        "endOfLife": action(rule.end_of_life),
        "maxIndexAge": age(rule.max_index_age),
    })
}

fn provenance(rule: &ProvenanceRule) -> Value {
    let required: Vec<u8> = rule.required.iter().map(|t| t.number()).collect();
    json!({"required": required, "minLevel": rule.min_level, "builders": rule.builders})
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "unknown",
        Severity::Negligible => "negligible",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn sbom_format(format: SbomFormat) -> &'static str {
    match format {
        SbomFormat::CycloneDx => "cyclonedx",
        SbomFormat::Spdx => "spdx",
    }
}

/// Seconds in the largest unit that divides them, up to hours.
fn age(seconds: u64) -> String {
    match seconds {
        s if s.is_multiple_of(3_600) => format!("{}h", s / 3_600),
        s if s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
