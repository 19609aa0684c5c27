//! The intent of one workload: every value it needs, the gaps that were agreed on, or what nobody decided.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_finding::{Finding, Location, decision};

use crate::resolve::gate_key;
use crate::{
    AdmissionPolicy, AttestationStore, ClosureRule, Custody, Deferred, FailurePolicy, GateRule, Intent, Origin,
    ProvenanceRule, RuntimeRule, SbomFormat, Setting, Tier, Tools, Transparency, Waiver,
};

/// What tells a workload apart, as far as decisions can name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadId {
    /// `Deployment`.
    pub kind: String,
    /// Namespace, if its manifest states one.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Labels of the object itself.
    pub labels: BTreeMap<String, String>,
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}/{namespace}/{}", self.kind, self.name),
            None => write!(f, "{}/{}", self.kind, self.name),
        }
    }
}

/// A decision that a workload needs and that stands in no accepted document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingDecision {
    /// Dotted key: `gate.tier0`.
    pub key: String,
    /// The workload that needs it.
    pub workload: WorkloadId,
    /// Why it is missing, one sentence.
    pub why: String,
}

impl MissingDecision {
    /// The finding of it.
    pub fn finding(&self) -> Finding {
        let location = Location::Object { object: self.workload.to_string(), field: String::new() };
        let message = format!("'{}' is decided in no accepted document", self.key);
        Finding::new(decision::MISSING, location, message).with_evidence(self.why.clone())
    }
}

/// A decision put off: what depends on it is a gap and never passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Dotted key.
    pub key: String,
    /// Owner, reason, last day.
    pub deferred: Deferred,
}

/// The intent as it holds for one workload. What is `None` is named in `gaps`, and never passes for that reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The workload.
    pub workload: WorkloadId,
    /// Its tier; the strictest if the decision about tiers was deferred.
    pub tier: Tier,
    /// Where the tier was decided; `None` if it was deferred.
    pub tier_origin: Option<Origin>,
    /// The gate of the tier; `None` if deferred.
    pub gate: Option<GateRule>,
    /// What admission demands.
    pub admission: AdmissionPolicy,
    /// Authors of VEX documents that are believed; none if deferred.
    pub vex: Vec<String>,
    /// SBOM formats; empty if deferred.
    pub sbom: Vec<SbomFormat>,
    /// The whole provenance decision; `None` if deferred. Whether it is demanded here is in `admission`.
    pub provenance: Option<ProvenanceRule>,
    /// Who holds the key; `None` if deferred.
    pub custody: Option<Custody>,
    /// Where promoted images are pushed below; `None` if deferred.
    pub push: Option<String>,
    /// Where attestations are stored; `None` if deferred.
    pub attestations: Option<AttestationStore>,
    /// How the image runs.
    pub runtime: RuntimeRule,
    /// What hardening keeps and drops.
    pub closure: ClosureRule,
    /// Vulnerabilities accepted for a time; expiry is judged by the gate.
    pub waivers: Vec<Waiver>,
    /// Who signs, catalogues and scans.
    pub tools: Tools,
    /// Decisions put off, in the schema's order.
    pub gaps: Vec<Gap>,
}

/// Collects what is missing and what is put off while values are unwrapped.
struct Unwrap<'a> {
    workload: &'a WorkloadId,
    missing: Vec<MissingDecision>,
    gaps: Vec<Gap>,
}

impl Unwrap<'_> {
    fn value<T: Clone>(&mut self, key: &str, setting: &Setting<T>) -> Option<T> {
        match setting {
            Setting::Decided(d) => Some(d.value.clone()),
            Setting::Deferred(d) => {
                self.gaps.push(Gap { key: key.to_owned(), deferred: d.clone() });
                None
            }
            Setting::Missing => {
                self.miss(key, format!("no accepted document sets '{key}'"));
                None
            }
        }
    }

    fn miss(&mut self, key: &str, why: String) {
        self.missing.push(MissingDecision { key: key.to_owned(), workload: self.workload.clone(), why });
    }
}

impl Intent {
    /// The intent as it holds for `workload`.
    ///
    /// # Errors
    /// Every decision that it needs and that nobody made, in the schema's order. The gate is asked for only once the
    /// tier is known.
    pub fn resolve_for(&self, workload: &WorkloadId) -> Result<Effective, Vec<MissingDecision>> {
        self.resolve_with(workload, |un| self.tier(un))
    }

    /// The intent as it holds for any workload of `tier`, whatever assigns it: for policies that are emitted or tested
    /// for a whole tier.
    ///
    /// # Errors
    /// As [`Intent::resolve_for`].
    pub fn resolve_at(&self, tier: Tier) -> Result<Effective, Vec<MissingDecision>> {
        let workload = WorkloadId { kind: "Tier".to_owned(), name: tier.number().to_string(), ..WorkloadId::default() };
        self.resolve_with(&workload, |_| Some((tier, None)))
    }

    fn resolve_with(
        &self,
        workload: &WorkloadId,
        tier: impl FnOnce(&mut Unwrap<'_>) -> Option<(Tier, Option<Origin>)>,
    ) -> Result<Effective, Vec<MissingDecision>> {
        let mut un = Unwrap { workload, missing: Vec::new(), gaps: Vec::new() };
        let tier = tier(&mut un);
        let signers = un.value("trust.signers", &self.signers).unwrap_or_default();
        let transparency = un.value("trust.transparency", &self.transparency).unwrap_or(Transparency::Required);
        let gate = tier.as_ref().and_then(|(tier, _)| {
            let missing = Setting::Missing;
            un.value(gate_key(*tier), self.gate.get(tier).unwrap_or(&missing))
        });
        let vex = un.value("vex.accept", &self.vex).unwrap_or_default();
        let sbom = un.value("sbom.formats", &self.sbom).unwrap_or_default();
        let provenance = un.value("provenance", &self.provenance);
        let custody = un.value("keys.custody", &self.custody);
        let push = un.value("registry.push", &self.registry).map(|r| r.push);
        let attestations = un.value("registry.attestations", &self.attestations);
        let engines = un.value("admission.engines", &self.engines).unwrap_or_default();
        let failure_policy = un.value("admission.failurePolicy", &self.failure_policy).unwrap_or(FailurePolicy::Fail);
        let Some((tier, tier_origin)) = tier.filter(|_| un.missing.is_empty()) else { return Err(un.missing) };
        let registries = if self.registries.is_empty() {
            let mut all: Vec<String> = signers.iter().flat_map(|s| s.images.clone()).collect();
            all.sort();
            all.dedup();
            all
        } else {
            self.registries.iter().map(|d| d.value.clone()).collect()
        };
        let admission = AdmissionPolicy {
            tier,
            signers,
            transparency,
            registries,
            provenance: provenance.clone().filter(|p| p.required.contains(&tier)),
            engines,
            failure_policy,
            exclude_namespaces: self.exclude_namespaces.iter().map(|d| d.value.clone()).collect(),
        };
        Ok(Effective {
            workload: workload.clone(),
            tier,
            tier_origin,
            gate,
            admission,
            vex,
            sbom,
            provenance,
            custody,
            push,
            attestations,
            runtime: self.runtime.clone(),
            closure: self.closure.clone(),
            waivers: self.waivers.clone(),
            tools: self.tools.clone(),
            gaps: un.gaps,
        })
    }

    /// What several workloads lack together: each key once, for the first workload that needs it.
    pub fn missing_for(&self, workloads: &[WorkloadId]) -> Vec<MissingDecision> {
        let mut out: Vec<MissingDecision> = Vec::new();
        for missing in workloads.iter().filter_map(|w| self.resolve_for(w).err()).flatten() {
            if !out.iter().any(|m| m.key == missing.key) {
                out.push(missing);
            }
        }
        out
    }

    /// The tier by assignment or by component document; where both speak they must agree.
    fn tier(&self, un: &mut Unwrap<'_>) -> Option<(Tier, Option<Origin>)> {
        const KEY: &str = "tiers.assign";
        let workload = un.workload;
        let full = format!("{}/{}", workload.kind, workload.name);
        let assigned = self.tiers.value().into_iter().flatten().find(|a| {
            a.namespace.as_ref().is_none_or(|n| workload.namespace.as_ref() == Some(n))
                && a.workload.as_ref().is_none_or(|w| *w == full)
                && a.labels.iter().all(|(k, v)| workload.labels.get(k) == Some(v))
        });
        let mut stated: Vec<(Tier, &Origin)> = assigned.map(|a| (a.tier, &a.origin)).into_iter().collect();
        let own = self.components.iter().filter(|c| c.name == workload.name || c.workloads.contains(&full));
        stated.extend(own.filter_map(|c| Some((c.tier?, &c.origin))));
        match stated.as_slice() {
            [] => {}
            [(tier, origin), rest @ ..] => {
                if let Some((other, at)) = rest.iter().find(|(t, _)| t != tier) {
                    let why = format!(
                        "{workload} is tier {} by {}:{} and tier {} by {}:{}",
                        tier.number(),
                        origin.document,
                        origin.line,
                        other.number(),
                        at.document,
                        at.line
                    );
                    un.miss(KEY, why);
                    return None;
                }
                return Some((*tier, Some((*origin).clone())));
            }
        }
        if let Setting::Deferred(deferred) = &self.tiers {
            // Nobody said how critical it is, and that was agreed on: then it is held to the strictest rules.
            un.gaps.push(Gap { key: KEY.to_owned(), deferred: deferred.clone() });
            return Some((Tier::Critical, None));
        }
        let named = self.components.iter().find(|c| c.tier.is_some());
        un.miss(
            KEY,
            match (&self.tiers, named) {
                (Setting::Missing, Some(c)) => format!(
                    "no accepted document sets '{KEY}', and the component {} ({}:{}) does not list {full} in its workloads",
                    c.name, c.origin.document, c.origin.line
                ),
                (Setting::Missing, None) => format!("no accepted document sets '{KEY}'"),
                _ => format!("no assignment in '{KEY}' matches {workload}"),
            },
        );
        None
    }
}
