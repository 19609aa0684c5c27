//! From raw decisions to the intent: values converted, cross-checked, and dated.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use plimsoll_finding::{Code, Finding, Location, decision};

use crate::check::MAX_ITEMS;
use crate::read::{Placed, Raw, beside};
use crate::yaml::{Node, Value, clip};
use crate::{
    Action, AttestationStore, ClosureLine, Component, Custody, Decided, Deferred, Engine, FailurePolicy, GateRule,
    Identity, Intent, Origin, ProvenanceRule, RegistryRule, SbomFormat, Setting, Severity, Signer, Tier,
    TierAssignment, Transparency, Waiver, form, pem,
};

/// Longest waiver that is not remarked on, days.
const WAIVER_DAYS: i32 = 180;
/// Oldest advisory index where a gate does not say.
const DEFAULT_INDEX_AGE: u64 = 86_400;

/// The outcome of resolving: the intent, and what is worth knowing about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Everything decided.
    pub intent: Intent,
    /// Notes and warnings; no errors.
    pub findings: Vec<Finding>,
}

impl Raw {
    /// Resolves what was read. `files` holds the text of each key file by [`KeyFile::path`](crate::KeyFile::path), as
    /// far as it could be read; `today` is the day against which deferrals are judged.
    ///
    /// # Errors
    /// Every finding, the notes included, if one of them is an error.
    pub fn resolve(&self, files: &BTreeMap<String, String>, today: Date) -> Result<Resolved, Vec<Finding>> {
        let mut resolver = Resolver { raw: self, files, today, findings: self.findings.clone() };
        let intent = resolver.intent();
        let mut findings = resolver.findings;
        findings.sort_by(|a, b| (&a.location, a.code, &a.message).cmp(&(&b.location, b.code, &b.message)));
        findings.dedup();
        if findings.iter().any(Finding::is_error) { Err(findings) } else { Ok(Resolved { intent, findings }) }
    }
}

struct Resolver<'a> {
    raw: &'a Raw,
    files: &'a BTreeMap<String, String>,
    today: Date,
    findings: Vec<Finding>,
}

impl Resolver<'_> {
    fn intent(&mut self) -> Intent {
        let components = self.components();
        let component = match components.as_slice() {
            [one] => Some(Decided { value: one.name.clone(), origin: one.origin.clone() }),
            _ => None,
        };
        let mut intent = Intent { component, components, ..Intent::default() };
        intent.tiers = self.setting("tiers.assign", Self::tiers);
        intent.signers = self.setting("trust.signers", Self::signers);
        intent.transparency = self.setting("trust.transparency", |_, p| transparency(&p.node));
        for tier in Tier::ALL {
            let rule = self.setting(gate_key(tier), |_, p| gate(&p.node));
            intent.gate.insert(tier, rule);
        }
        intent.vex = self.setting("vex.accept", |_, p| Some(texts(&p.node)));
        intent.sbom = self.setting("sbom.formats", |r, p| r.distinct("sbom.formats", p, sbom_format));
        intent.provenance = self.setting("provenance", Self::provenance);
        intent.custody = self.setting("keys.custody", |_, p| custody(&p.node));
        intent.registry = self.setting("registry.push", |_, p| Some(RegistryRule { push: p.node.text()?.to_owned() }));
        intent.attestations = self.setting("registry.attestations", |_, _| Some(AttestationStore::Referrers));
        intent.engines = self.setting("admission.engines", |r, p| r.distinct("admission.engines", p, engine));
        intent.failure_policy = self.setting("admission.failurePolicy", |_, p| failure_policy(&p.node));
        intent.exclude_namespaces = self.list("admission.excludeNamespaces");
        intent.registries = self.list("admission.registries");
        self.runtime(&mut intent);
        intent.closure.keep = self.closure("closure.keep");
        intent.closure.drop = self.closure("closure.drop");
        intent.waivers = self.waivers();
        for (key, tool) in [
            ("tools.signer", &mut intent.tools.signer),
            ("tools.sbom", &mut intent.tools.sbom),
            ("tools.scanner", &mut intent.tools.scanner),
        ] {
            if let Some(name) = self.first(key).and_then(|p| p.node.text()) {
                name.clone_into(tool);
            }
        }
        self.tier_order(&intent);
        for (key, placed) in &self.raw.settings {
            if let Some(first) = placed.first() {
                intent.origins.insert((*key).to_owned(), first.origin());
            }
        }
        intent
    }

    fn first(&self, key: &str) -> Option<&Placed> {
        self.raw.settings.get(key)?.first()
    }

    /// The state of a required key. A value that does not convert was reported by the check already.
    fn setting<T>(&mut self, key: &str, convert: impl FnOnce(&mut Self, &Placed) -> Option<T>) -> Setting<T> {
        if let Some(placed) = self.first(key).cloned() {
            return match convert(self, &placed) {
                Some(value) => Setting::Decided(Decided { value, origin: placed.origin() }),
                None => Setting::Missing,
            };
        }
        let Some(placed) = self.raw.deferred.get(key).and_then(|d| d.first()).cloned() else { return Setting::Missing };
        match self.deferral(key, &placed) {
            Some(deferred) => Setting::Deferred(deferred),
            None => Setting::Missing,
        }
    }

    fn deferral(&mut self, key: &str, placed: &Placed) -> Option<Deferred> {
        let field = |name| placed.node.text_of(name).map(str::to_owned);
        let (owner, reason) = (field("owner")?, field("reason")?);
        let until = form::date(placed.node.text_of("until")?).ok()?;
        if until < self.today {
            let message = format!("the deferral of '{key}' by {} ended on {until}", clip(&owner));
            self.findings.push(Finding::new(decision::DEFERRAL_EXPIRED, placed.location(), message));
        } else {
            let message = format!("'{key}' is deferred by {} until {until}: {}", clip(&owner), clip(&reason));
            self.findings.push(Finding::new(decision::DEFERRED, placed.location(), message));
        }
        Some(Deferred { owner, reason, until, origin: placed.origin() })
    }

    fn report(&mut self, code: Code, placed: &Placed, node: &Node, message: String) {
        let location =
            Location::File { path: placed.document.clone(), line: Some(node.line), column: Some(node.column) };
        self.findings.push(Finding::new(code, location, message));
    }

    fn components(&mut self) -> Vec<Component> {
        let placed = self.raw.settings.get("component").into_iter().flatten();
        placed
            .filter_map(|p| {
                Some(Component {
                    name: p.node.text_of("name")?.to_owned(),
                    tier: p.node.get("tier").and_then(|e| tier(&e.node)),
                    workloads: p.node.get("workloads").map_or_else(Vec::new, |e| texts(&e.node)),
                    origin: p.origin(),
                })
            })
            .collect()
    }

    fn tiers(&mut self, placed: &Placed) -> Option<Vec<TierAssignment>> {
        let mut out: Vec<TierAssignment> = Vec::new();
        for item in placed.node.items().iter().take(MAX_ITEMS) {
            let labels = item.get("labels").map_or(&[][..], |e| e.node.entries());
            let assignment = TierAssignment {
                namespace: item.text_of("namespace").map(str::to_owned),
                workload: item.text_of("workload").map(str::to_owned),
                labels: labels.iter().filter_map(|e| Some((e.key.clone(), e.node.text()?.to_owned()))).collect(),
                tier: tier(&item.get("tier")?.node)?,
                origin: Origin { document: placed.document.clone(), line: item.line },
            };
            let covers = |earlier: &TierAssignment| {
                let same = |a: &Option<String>, b: &Option<String>| a.is_none() || a == b;
                same(&earlier.namespace, &assignment.namespace)
                    && same(&earlier.workload, &assignment.workload)
                    && earlier.labels.iter().all(|(k, v)| assignment.labels.get(k) == Some(v))
            };
            if let Some(earlier) = out.iter().find(|e| covers(e)) {
                let message =
                    format!("this assignment never matches: line {} matches first, always", earlier.origin.line);
                self.report(decision::BAD_VALUE, placed, item, message);
            }
            out.push(assignment);
        }
        Some(out)
    }

    fn signers(&mut self, placed: &Placed) -> Option<Vec<Signer>> {
        let mut names = BTreeSet::new();
        let mut out = Vec::new();
        for item in placed.node.items() {
            let name = item.text_of("name")?.to_owned();
            if !names.insert(name.clone()) {
                self.report(decision::BAD_VALUE, placed, item, format!("two signers are named '{name}'"));
            }
            let identity = match (item.get("key"), item.get("keyless")) {
                (Some(key), None) => self.key(placed, &name, &key.node)?,
                (None, Some(keyless)) => keyless_identity(&keyless.node)?,
                // The check reported it.
                _ => return None,
            };
            let images = item.get("images").map_or_else(Vec::new, |e| texts(&e.node));
            out.push(Signer { name, identity, images });
        }
        Some(out)
    }

    fn key(&mut self, placed: &Placed, signer: &str, node: &Node) -> Option<Identity> {
        let written = node.text()?;
        let Some(file) = pem::file(written) else {
            return Some(Identity::Key { pem: written.trim().to_owned(), file: None });
        };
        let path = beside(&placed.document, file);
        let problem = match self.files.get(&path) {
            None => format!("signer '{signer}': {} is not there or cannot be read", clip(&path)),
            Some(text) => match pem::check(text) {
                Ok(()) => {
                    return Some(Identity::Key { pem: text.trim().to_owned(), file: Some(file.to_owned()) });
                }
                Err(why) => format!("signer '{signer}': {} {why}", clip(&path)),
            },
        };
        self.report(decision::KEY_FILE, placed, node, problem);
        None
    }

    fn provenance(&mut self, placed: &Placed) -> Option<ProvenanceRule> {
        let node = &placed.node;
        let required = self.distinct_of("provenance.required", placed, &node.get("required")?.node, tier)?;
        let small = |n: &Node| number(n).and_then(|n| u8::try_from(n).ok());
        let min_level = node.get("minLevel").map_or(Some(1), |e| small(&e.node))?;
        let entries = node.get("builders").map_or(&[][..], |e| e.node.entries());
        let builders: BTreeMap<String, u8> =
            entries.iter().filter_map(|e| Some((e.key.clone(), small(&e.node)?))).collect();
        if !required.is_empty() && !builders.values().any(|level| *level >= min_level) {
            let message = if builders.is_empty() {
                "provenance is required and no builder is believed; name them in provenance.builders".to_owned()
            } else {
                format!("provenance of level {min_level} is required and no builder may claim it")
            };
            self.report(decision::BAD_VALUE, placed, node, message);
        }
        Some(ProvenanceRule { required, min_level, builders })
    }

    fn distinct<T: PartialEq>(&mut self, path: &str, placed: &Placed, item: fn(&Node) -> Option<T>) -> Option<Vec<T>> {
        self.distinct_of(path, placed, &placed.node, item)
    }

    fn distinct_of<T: PartialEq>(
        &mut self,
        path: &str,
        placed: &Placed,
        node: &Node,
        item: fn(&Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut out = Vec::new();
        for (i, node) in node.items().iter().enumerate() {
            let value = item(node)?;
            if out.contains(&value) {
                self.report(decision::BAD_VALUE, placed, node, format!("{path}[{i}] stands twice in the list"));
                return None;
            }
            out.push(value);
        }
        Some(out)
    }

    fn list(&self, key: &str) -> Vec<Decided<String>> {
        let Some(placed) = self.first(key) else { return Vec::new() };
        let at = |n: &Node| Origin { document: placed.document.clone(), line: n.line };
        let items = placed.node.items().iter();
        items.filter_map(|n| Some(Decided { value: n.text()?.to_owned(), origin: at(n) })).collect()
    }

    fn runtime(&self, intent: &mut Intent) {
        let node = |key| self.first(key).map(|p| &p.node);
        let pairs = |n: &Node| -> BTreeMap<String, String> {
            n.entries().iter().filter_map(|e| Some((e.key.clone(), e.node.text()?.to_owned()))).collect()
        };
        let rule = &mut intent.runtime;
        if let Some(uid) = node("runtime.uid").and_then(number) {
            rule.uid = uid;
        }
        if let Some(gid) = node("runtime.gid").and_then(number) {
            rule.gid = gid;
        }
        if let Some(Value::Flag(keep)) = node("runtime.keepShell").map(|n| &n.value) {
            rule.keep_shell = *keep;
        }
        if let Some(node) = node("runtime.capabilities") {
            rule.capabilities = pairs(node);
        }
        if let Some(node) = node("runtime.writable") {
            rule.writable = pairs(node);
        }
        if let Some(size) = node("runtime.tmpSizeLimit").and_then(Node::text) {
            size.clone_into(&mut rule.tmp_size_limit);
        }
    }

    fn closure(&self, key: &str) -> Vec<ClosureLine> {
        let mut out = Vec::new();
        for placed in self.raw.settings.get(key).into_iter().flatten() {
            for item in placed.node.items() {
                if let (Some(path), Some(why)) = (item.text_of("path"), item.text_of("why")) {
                    let origin = Origin { document: placed.document.clone(), line: item.line };
                    out.push(ClosureLine { path: path.to_owned(), why: why.to_owned(), origin });
                }
            }
        }
        out
    }

    fn waivers(&mut self) -> Vec<Waiver> {
        let mut out = Vec::new();
        for placed in self.raw.settings.get("waivers").into_iter().flatten() {
            for item in placed.node.items() {
                let field = |name| item.text_of(name).map(str::to_owned);
                let (Some(vulnerability), Some(owner), Some(reason)) =
                    (field("vulnerability"), field("owner"), field("reason"))
                else {
                    continue;
                };
                let Some(until) = item.text_of("until").and_then(|t| form::date(t).ok()) else { continue };
                let package = field("package");
                if package.is_none() {
                    let message = format!("the waiver of {vulnerability} holds for every package");
                    self.report(decision::WAIVER_BROAD, placed, item, message);
                }
                let days = self.today.until(until).map_or(i32::MAX, |span| span.get_days());
                if days > WAIVER_DAYS {
                    let message = format!("the waiver of {vulnerability} holds for {days} more days, until {until}");
                    self.report(decision::WAIVER_BROAD, placed, item, message);
                }
                let origin = Origin { document: placed.document.clone(), line: item.line };
                out.push(Waiver { vulnerability, package, owner, reason, until, origin });
            }
        }
        out
    }

    /// Strictness grows as the tier's number falls; where it does not, somebody should look.
    fn tier_order(&mut self, intent: &Intent) {
        let decided: Vec<(Tier, &Decided<GateRule>)> = intent
            .gate
            .iter()
            .filter_map(|(tier, setting)| match setting {
                Setting::Decided(d) => Some((*tier, d)),
                _ => None,
            })
            .collect();
        for pair in decided.windows(2) {
            let [(strict, a), (loose, b)] = pair else { continue };
            let looser = rank(a.value.fail_on) > rank(b.value.fail_on)
                || (a.value.fix_available_only && !b.value.fix_available_only)
                || [
                    (a.value.unknown_severity, b.value.unknown_severity),
                    (a.value.kev, b.value.kev),
                    (a.value.end_of_life, b.value.end_of_life),
                ]
                .contains(&(Action::Warn, Action::Block))
                || a.value.max_index_age > b.value.max_index_age;
            if looser {
                let (strict, loose) = (strict.number(), loose.number());
                let message = format!("gate.tier{strict} lets through what gate.tier{loose} blocks");
                let path = a.origin.document.clone();
                let location = Location::File { path, line: Some(a.origin.line), column: None };
                let other = format!("gate.tier{loose}: {}:{}", b.origin.document, b.origin.line);
                self.findings.push(Finding::new(decision::TIER_ORDER, location, message).with_evidence(other));
            }
        }
    }
}

/// The key of a tier's gate.
pub(crate) fn gate_key(tier: Tier) -> &'static str {
    match tier {
        Tier::Critical => "gate.tier0",
        Tier::Important => "gate.tier1",
        Tier::Standard => "gate.tier2",
        Tier::Experimental => "gate.tier3",
    }
}

fn rank(severity: Severity) -> u8 {
    severity as u8
}

fn keyless_identity(node: &Node) -> Option<Identity> {
    let subject = node.text_of("subject").map(str::to_owned);
    let subject_regexp = node.text_of("subjectRegexp").map(str::to_owned);
    Some(Identity::Keyless { issuer: node.text_of("issuer")?.to_owned(), subject, subject_regexp })
}

fn texts(node: &Node) -> Vec<String> {
    node.items().iter().filter_map(|n| n.text().map(str::to_owned)).collect()
}

fn number(node: &Node) -> Option<u32> {
    match node.value {
        Value::Number(n) => u32::try_from(n).ok(),
        _ => None,
    }
}

fn tier(node: &Node) -> Option<Tier> {
    number(node).and_then(|n| u8::try_from(n).ok()).and_then(Tier::from_number)
}

fn gate(node: &Node) -> Option<GateRule> {
    let action = |name: &str| match node.get(name) {
        None => Some(Action::Block),
        Some(entry) => match entry.node.text()? {
            "block" => Some(Action::Block),
            "warn" => Some(Action::Warn),
            _ => None,
        },
    };
    Some(GateRule {
        fail_on: match node.text_of("failOn")? {
            "negligible" => Severity::Negligible,
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            "high" => Severity::High,
            "critical" => Severity::Critical,
            _ => return None,
        },
        fix_available_only: match node.get("fixAvailableOnly").map(|e| &e.node.value) {
            None => false,
            Some(Value::Flag(only)) => *only,
            Some(_) => return None,
        },
        unknown_severity: action("unknownSeverity")?,
        kev: action("kev")?,
        end_of_life: action("endOfLife")?,
        max_index_age: match node.get("maxIndexAge") {
            None => DEFAULT_INDEX_AGE,
            Some(entry) => form::age(entry.node.text()?).ok()?,
        },
    })
}

fn transparency(node: &Node) -> Option<Transparency> {
    match node.text()? {
        "required" => Some(Transparency::Required),
        "not-required" => Some(Transparency::NotRequired),
        _ => None,
    }
}

fn custody(node: &Node) -> Option<Custody> {
    match node.text()? {
        "keyless" => Some(Custody::Keyless),
        "kms" => Some(Custody::Kms),
        "key-file" => Some(Custody::KeyFile),
        _ => None,
    }
}

fn failure_policy(node: &Node) -> Option<FailurePolicy> {
    match node.text()? {
        "Fail" => Some(FailurePolicy::Fail),
        "Ignore" => Some(FailurePolicy::Ignore),
        _ => None,
    }
}

fn sbom_format(node: &Node) -> Option<SbomFormat> {
    match node.text()? {
        "cyclonedx" => Some(SbomFormat::CycloneDx),
        "spdx" => Some(SbomFormat::Spdx),
        _ => None,
    }
}

fn engine(node: &Node) -> Option<Engine> {
    [Engine::Kyverno, Engine::Gatekeeper, Engine::Vap, Engine::Webhook]
        .into_iter()
        .find(|e| node.text() == Some(e.name()))
}
