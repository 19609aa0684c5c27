//! The resolved intent.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// Where a value was decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Document as the user gave its path.
    pub document: String,
    /// Line, from 1.
    pub line: u32,
}

/// A value and where it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub origin: Origin,
}

/// An explicit deferral: a documented gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// Who owns the gap.
    pub owner: String,
    /// Why it is not decided yet.
    pub reason: String,
    /// Until when.
    pub until: Date,
    /// Where it stands.
    pub origin: Origin,
}

/// A decision's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Setting<T> {
    /// Decided.
    Decided(Decided<T>),
    /// Explicitly put off.
    Deferred(Deferred),
    /// In no accepted document.
    #[default]
    Missing,
}

impl<T> Setting<T> {
    /// The value, if decided.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Decided(d) => Some(&d.value),
            _ => None,
        }
    }
}

/// How critical a workload is; stricter as the number falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// 0, critical path.
    Critical,
    /// 1, important.
    Important,
    /// 2, standard.
    Standard,
    /// 3, experimental.
    Experimental,
}

impl Tier {
    /// All tiers, strictest first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Important, Self::Standard, Self::Experimental];

    /// The tier's number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The tier of a number.
    pub fn from_number(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }
}

/// Vulnerability severity. `Unknown` is a value of its own and never compares as harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// No source states one.
    Unknown,
    /// Debian's "unimportant" and the like.
    Negligible,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// What happens to a finding of unknown severity, or in an end-of-life distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It refuses.
    Block,
    /// It is reported.
    Warn,
}

/// The scan gate of one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRule {
    /// Lowest severity that blocks.
    pub fail_on: Severity,
    /// Only findings with a fix block.
    pub fix_available_only: bool,
    /// Unknown severity blocks or warns.
    pub unknown_severity: Action,
    /// A KEV-listed vulnerability blocks at any severity, or warns.
    pub kev: Action,
    /// Packages of a distribution past its end of life block or warn.
    pub end_of_life: Action,
    /// Oldest advisory index accepted, seconds.
    pub max_index_age: u64,
}

/// A signer trusted for images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Name used in findings and policies, kebab-case.
    pub name: String,
    /// How it is recognised.
    pub identity: Identity,
    /// Globs over `registry/repository` (`**` crosses slashes) of images it may sign.
    pub images: Vec<String>,
}

/// How a signer is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A public key, PEM (SPKI); `file` is where the decision found it, relative to the document.
    Key {
        /// PEM text.
        pem: String,
        /// Path as written, if it was a file.
        file: Option<String>,
    },
    /// A keyless identity: exact issuer, exact or anchored-regexp subject.
    Keyless {
        /// OIDC issuer URL, exact.
        issuer: String,
        /// Certificate subject (URI or e-mail): exact.
        subject: Option<String>,
        /// Certificate subject: anchored regular expression.
        subject_regexp: Option<String>,
    },
}

/// Whether a transparency log entry is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transparency {
    /// Bundles must carry a log entry that verifies.
    Required,
    /// Bundles without one are accepted (air-gapped keys).
    NotRequired,
}

/// Who holds the signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Custody {
    /// OIDC identity, short-lived certificates.
    Keyless,
    /// A key in a key management service.
    Kms,
    /// A long-lived key file: an exception that needs this decision.
    KeyFile,
}

/// SBOM document formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SbomFormat {
    /// CycloneDX 1.6 JSON.
    CycloneDx,
    /// SPDX 2.3 JSON.
    Spdx,
}

/// Provenance required at a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenanceRule {
    /// Tiers that need provenance at admission.
    pub required: Vec<Tier>,
    /// Lowest SLSA build level accepted (0: any provenance).
    pub min_level: u8,
    /// `builder.id` values accepted and the highest level each may claim. Exact strings.
    pub builders: BTreeMap<String, u8>,
}

/// Where images and attestations go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryRule {
    /// `registry/repository-prefix` promoted images are pushed below.
    pub push: String,
}

/// Where attestations are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationStore {
    /// OCI referrers (with the tag-schema fallback where the registry has no referrers API).
    Referrers,
}

/// An admission engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// Kyverno `policies.kyverno.io/v1`.
    Kyverno,
    /// Gatekeeper.
    Gatekeeper,
    /// ValidatingAdmissionPolicy.
    Vap,
    /// plimsoll's own webhook.
    Webhook,
}

impl Engine {
    /// The name in decisions and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kyverno => "kyverno",
            Self::Gatekeeper => "gatekeeper",
            Self::Vap => "vap",
            Self::Webhook => "webhook",
        }
    }
}

/// What an engine does when it cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Refuse.
    Fail,
    /// Let through.
    Ignore,
}

/// What admission demands of a workload: the one input of the native evaluator and of every emitted policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionPolicy {
    /// The tier it was resolved for.
    pub tier: Tier,
    /// Signers trusted, each for its images. Empty only when that decision was deferred: then nothing is signed well enough.
    pub signers: Vec<Signer>,
    /// Whether bundles need a log entry.
    pub transparency: Transparency,
    /// `registry/repository` globs images may come from (`**` crosses slashes).
    pub registries: Vec<String>,
    /// Provenance demanded at this tier; `None`: not demanded.
    pub provenance: Option<ProvenanceRule>,
    /// Engines to emit policies for.
    pub engines: Vec<Engine>,
    /// When an engine cannot decide.
    pub failure_policy: FailurePolicy,
    /// Namespaces left alone. Each is a documented hole.
    pub exclude_namespaces: Vec<String>,
}

/// How the image runs. Has defaults; deciding it is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeRule {
    /// User id baked in.
    pub uid: u32,
    /// Group id baked in.
    pub gid: u32,
    /// A shell may stay (an entry script needs it).
    pub keep_shell: bool,
    /// Capabilities the workload needs, each with a reason: `NET_BIND_SERVICE` → why.
    pub capabilities: BTreeMap<String, String>,
    /// Extra writable paths, each with a reason.
    pub writable: BTreeMap<String, String>,
    /// `sizeLimit` of writable `emptyDir` mounts: `64Mi`.
    pub tmp_size_limit: String,
}

impl Default for RuntimeRule {
    fn default() -> Self {
        Self {
            uid: 65532,
            gid: 65532,
            keep_shell: false,
            capabilities: BTreeMap::new(),
            writable: BTreeMap::new(),
            tmp_size_limit: "64Mi".to_owned(),
        }
    }
}

/// A keep or drop line of the closure, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureLine {
    /// Glob over absolute paths.
    pub path: String,
    /// Why.
    pub why: String,
    /// Where it was decided.
    pub origin: Origin,
}

/// What hardening keeps and drops beyond the closure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosureRule {
    /// Kept although the closure does not reach them.
    pub keep: Vec<ClosureLine>,
    /// Dropped although they would be kept.
    pub drop: Vec<ClosureLine>,
}

/// A vulnerability accepted for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Vulnerability id: `CVE-2023-0286`.
    pub vulnerability: String,
    /// Package name it covers; `None` is every package (over-broad, reported).
    pub package: Option<String>,
    /// Who accepted it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Last day it holds.
    pub until: Date,
    /// Where it stands.
    pub origin: Origin,
}

/// Who signs, catalogues and scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// `plimsoll` or `cosign`.
    pub signer: String,
    /// `plimsoll` or `syft`.
    pub sbom: String,
    /// `plimsoll`, `trivy` or `grype`.
    pub scanner: String,
}

impl Default for Tools {
    fn default() -> Self {
        let own = || "plimsoll".to_owned();
        Self { signer: own(), sbom: own(), scanner: own() }
    }
}

/// Assigns a tier to the workloads it matches. First match wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierAssignment {
    /// Namespace, exact; `None` matches any.
    pub namespace: Option<String>,
    /// `Kind/name`, exact; `None` matches any.
    pub workload: Option<String>,
    /// Labels that must all be there with these values.
    pub labels: BTreeMap<String, String>,
    /// The tier.
    pub tier: Tier,
    /// Where it stands.
    pub origin: Origin,
}

/// A component as an architecture document describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name, kebab-case.
    pub name: String,
    /// Its tier, if the document states one.
    pub tier: Option<Tier>,
    /// Workloads that belong to it besides those of its own name, `Kind/name`.
    pub workloads: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Everything decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Product or component name, from the architecture document; `None` if several components are described.
    pub component: Option<Decided<String>>,
    /// `tiers.assign`.
    pub tiers: Setting<Vec<TierAssignment>>,
    /// `trust.signers`.
    pub signers: Setting<Vec<Signer>>,
    /// `trust.transparency`.
    pub transparency: Setting<Transparency>,
    /// `gate.tier0` … `gate.tier3`.
    pub gate: BTreeMap<Tier, Setting<GateRule>>,
    /// `vex.accept`: authors whose VEX documents are believed; an empty list accepts none.
    pub vex: Setting<Vec<String>>,
    /// `sbom.formats`.
    pub sbom: Setting<Vec<SbomFormat>>,
    /// `provenance`.
    pub provenance: Setting<ProvenanceRule>,
    /// `keys.custody`.
    pub custody: Setting<Custody>,
    /// `registry.push`.
    pub registry: Setting<RegistryRule>,
    /// `registry.attestations`.
    pub attestations: Setting<AttestationStore>,
    /// `admission.engines`, `.excludeNamespaces`, `.registries`.
    pub engines: Setting<Vec<Engine>>,
    /// `admission.failurePolicy`.
    pub failure_policy: Setting<FailurePolicy>,
    /// `admission.excludeNamespaces`; default none.
    pub exclude_namespaces: Vec<Decided<String>>,
    /// `admission.registries`; default: where a signer is trusted.
    pub registries: Vec<Decided<String>>,
    /// `runtime`; optional, defaults apply.
    pub runtime: RuntimeRule,
    /// `closure`; optional.
    pub closure: ClosureRule,
    /// `waivers`.
    pub waivers: Vec<Waiver>,
    /// `tools`; optional.
    pub tools: Tools,
    /// Every component that a document describes. Its tier holds for its own workloads, and never against `tiers`.
    pub components: Vec<Component>,
    /// Where each decided key stands, by its dotted path; keys that are left at their default are not in it.
    pub origins: BTreeMap<String, Origin>,
}
