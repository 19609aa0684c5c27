//! Built-in workloads, good and deliberately bad: enforcement that was never tested is not enforcement.
//!
//! Every bad case has exactly one fault and names the code it must be refused with. The faults are crossed with the places
//! an image can stand in and with every kind of workload.

use plimsoll_finding::{Code, admission};
use plimsoll_intent::AdmissionPolicy;
use plimsoll_oci::Digest;
use plimsoll_workload::{Origin, WORKLOAD_KINDS, Workload, workload_from_object};
use serde_json::{Value, json};

use crate::{Decision, Outcome, structural_findings};

/// Images the cases are written over. All stand in one repository; what each digest must be is said at its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpusImages {
    /// `registry/repository`, allowed and covered by a signer: `registry.example.com/shop/web`.
    pub repository: String,
    /// A tag that resolves to `good`.
    pub tag: String,
    /// Signed by a trusted signer, with sufficient provenance, numeric non-root user.
    pub good: Digest,
    /// As `good`, another image: `tag` does not resolve to it.
    pub other: Digest,
    /// Without any signature, otherwise good.
    pub unsigned: Digest,
    /// Signed by a key nobody trusts, otherwise good.
    pub wrong_key: Digest,
    /// Signed and with provenance, but its user is root.
    pub root: Digest,
    /// Signed, without provenance.
    pub no_provenance: Digest,
    /// Signed; the provenance beside it is about another digest.
    pub wrong_provenance: Digest,
}

impl CorpusImages {
    /// A reference by digest.
    pub fn pinned(&self, digest: &Digest) -> String {
        format!("{}@{digest}", self.repository)
    }
}

/// What must be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It passes.
    Allow,
    /// It is refused, with this code and no other.
    Deny(Code),
}

/// One workload and what must be decided about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Kebab-case name: `pod-unsigned`.
    pub name: String,
    /// What is wrong (or right) about it, for the matrix.
    pub what: String,
    /// The object.
    pub manifest: Value,
    /// What must be decided.
    pub expect: Expect,
    /// Whether the manifest alone decides it, so that engines that verify nothing decide it too.
    pub structural: bool,
    /// Whether it is one of the few shown to people; the others cross the same faults with kinds and places.
    pub essential: bool,
}

impl Case {
    /// The case as a workload. Every case is one, so the result is only `None` if the case itself is broken.
    pub fn workload(&self) -> Option<Workload> {
        workload_from_object(self.manifest.clone(), Origin::default())
    }

    /// Whether `decision` is what the case demands: passed on verified facts, or refused for its own reason and no other.
    pub fn holds(&self, decision: &Decision) -> bool {
        match self.expect {
            Expect::Allow => matches!(decision.outcome, Outcome::Allowed(_)),
            Expect::Deny(code) => decision.outcome == Outcome::Denied && decision.codes() == [code],
        }
    }
}

/// The cases as `policy` must decide them: where it demands no provenance, images without one pass; where it allows the
/// registry of a foreign image, that case is left out.
pub fn cases_for(images: &CorpusImages, policy: &AdmissionPolicy) -> Vec<Case> {
    let provenance = [Expect::Deny(admission::NO_PROVENANCE), Expect::Deny(admission::PROVENANCE_MISMATCH)];
    let mut cases = cases(images);
    if policy.provenance.is_none() {
        for case in cases.iter_mut().filter(|c| provenance.contains(&c.expect)) {
            case.expect = Expect::Allow;
            case.what.push_str(" (not required at this tier)");
        }
    }
    cases.retain(|case| {
        let foreign = case.expect == Expect::Deny(admission::REGISTRY);
        let refused = |w: Workload| structural_findings(&w, policy).iter().any(|f| f.code == admission::REGISTRY);
        !foreign || case.workload().is_some_and(refused)
    });
    cases
}

/// Where an image stands in a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Main,
    Init,
    Sidecar,
    Ephemeral,
    Volume,
}

impl Place {
    const ALL: [Self; 5] = [Self::Main, Self::Init, Self::Sidecar, Self::Ephemeral, Self::Volume];

    fn name(self) -> &'static str {
        match self {
            Self::Main => "container",
            Self::Init => "init-container",
            Self::Sidecar => "sidecar",
            Self::Ephemeral => "ephemeral-container",
            Self::Volume => "image-volume",
        }
    }
}

fn container(name: &str, image: &str) -> Value {
    json!({
        "name": name,
        "image": image,
        "securityContext": {
            "readOnlyRootFilesystem": true,
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
        },
    })
}

/// A pod spec that everything allows if `image` is good.
fn spec(image: &str) -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container("app", image)],
    })
}

/// The good spec with `image` at `place` instead of, or beside, the good image.
fn placed(good: &str, place: Place, image: &str) -> Value {
    let mut spec = spec(if place == Place::Main { image } else { good });
    match place {
        Place::Main => {}
        Place::Init => spec["initContainers"] = json!([container("setup", image)]),
        Place::Sidecar => {
            let mut sidecar = container("proxy", image);
            sidecar["restartPolicy"] = json!("Always");
            spec["initContainers"] = json!([sidecar]);
        }
        Place::Ephemeral => spec["ephemeralContainers"] = json!([container("debug", image)]),
        Place::Volume => {
            spec["volumes"] = json!([{"name": "model", "image": {"reference": image, "pullPolicy": "IfNotPresent"}}]);
        }
    }
    spec
}

/// An object of `kind` around a pod spec.
fn object(kind: &str, name: &str, spec: Value) -> Value {
    let Some((_, group, path)) = WORKLOAD_KINDS.iter().find(|(k, ..)| *k == kind) else {
        return Value::Null;
    };
    let labels = json!({"app": "plimsoll-case"});
    // The innermost wrapper of a template also carries the labels that its controller selects by.
    let mut inner = spec;
    for (depth, key) in path.iter().rev().enumerate() {
        inner = json!({ *key: inner });
        if depth == 0 && path.len() > 1 {
            inner["metadata"] = json!({"labels": labels});
        }
    }
    let mut object = json!({
        "apiVersion": if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") },
        "kind": kind,
        "metadata": {"name": name, "namespace": "plimsoll-test"},
    });
    match kind {
        // The wrapper of a Pod is the object, and that of a PodTemplate is its template.
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => {
            inner["spec"]["selector"] = json!({"matchLabels": labels});
        }
        "ReplicationController" => inner["spec"]["selector"] = labels,
        "CronJob" => inner["spec"]["schedule"] = json!("0 * * * *"),
        _ => {}
    }
    if kind == "StatefulSet" {
        inner["spec"]["serviceName"] = json!("plimsoll-case");
    }
    if matches!(kind, "Job" | "CronJob") {
        let pod = path.iter().try_fold(&mut inner, |value, key| value.get_mut(*key));
        if let Some(pod) = pod {
            pod["restartPolicy"] = json!("Never");
        }
    }
    if let (Value::Object(object), Value::Object(inner)) = (&mut object, inner) {
        object.extend(inner);
    }
    object
}

fn kebab(kind: &str) -> String {
    kind.chars().enumerate().fold(String::new(), |mut out, (i, c)| {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

struct Cases(Vec<Case>);

impl Cases {
    /// A case that crosses a fault with a kind or a place.
    fn add(
        &mut self,
        name: String,
        what: impl Into<String>,
        kind: &str,
        spec: Value,
        expect: Expect,
        structural: bool,
    ) {
        let manifest = object(kind, &name, spec);
        self.0.push(Case { name, what: what.into(), manifest, expect, structural, essential: false });
    }

    /// A Pod shown to people.
    fn pod(&mut self, name: &str, what: &str, spec: Value, expect: Expect, structural: bool) {
        let name = format!("pod-{name}");
        let manifest = object("Pod", &name, spec);
        self.0.push(Case { name, what: what.to_owned(), manifest, expect, structural, essential: true });
    }
}

/// All cases, the essential ones first. Names are unique.
pub fn cases(images: &CorpusImages) -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    essential(images, &mut cases);
    references(images, &mut cases);
    contexts(images, &mut cases);
    crossed(images, &mut cases);
    cases.0.sort_by_key(|c| !c.essential);
    cases.0
}

fn essential(images: &CorpusImages, cases: &mut Cases) {
    let good = images.pinned(&images.good);
    let tag_only = format!("{}:{}", images.repository, images.tag);
    let deny = Expect::Deny;
    cases.pod("good", "signed, pinned, non-root, with provenance", spec(&good), Expect::Allow, true);
    let tagged = format!("{tag_only}@{}", images.good);
    cases.pod("good-tag-and-digest", "tag beside the digest it resolves to", spec(&tagged), Expect::Allow, true);
    let facts = [
        ("unsigned", "no signature", &images.unsigned, admission::UNSIGNED),
        ("wrong-key", "signed by a key nobody trusts", &images.wrong_key, admission::WRONG_SIGNER),
        ("root-image", "image runs as root, manifest leaves the user to it", &images.root, admission::ROOT_IMAGE),
        ("no-provenance", "no provenance", &images.no_provenance, admission::NO_PROVENANCE),
        (
            "provenance-of-another-digest",
            "provenance of another digest",
            &images.wrong_provenance,
            admission::PROVENANCE_MISMATCH,
        ),
    ];
    for (name, what, digest, code) in facts {
        cases.pod(name, what, spec(&images.pinned(digest)), deny(code), false);
    }
    let mut root = spec(&good);
    root["securityContext"] = json!({"runAsUser": 0});
    cases.pod("root", "runs as uid 0", root, deny(admission::ROOT_USER), true);
    cases.pod("tag-only", "mutable tag, no digest", spec(&tag_only), deny(admission::MUTABLE_TAG), true);
    cases.pod(
        "missing-digest",
        "neither tag nor digest",
        spec(&images.repository),
        deny(admission::MISSING_DIGEST),
        true,
    );
    let other = format!("{tag_only}@{}", images.other);
    cases.pod(
        "tag-with-digest-of-another-image",
        "tag and digest disagree",
        spec(&other),
        deny(admission::TAG_MISMATCH),
        false,
    );
    for (place, name) in
        [(Place::Init, "init-container"), (Place::Ephemeral, "ephemeral-container"), (Place::Volume, "image-volume")]
    {
        let what = format!("unsigned image in an {}", name.replace('-', " "));
        let spec = placed(&good, place, &images.pinned(&images.unsigned));
        cases.pod(&format!("unsigned-{name}"), &what, spec, deny(admission::UNSIGNED), false);
    }
    let mut writable = spec(&good);
    writable["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = json!(false);
    cases.pod("writable-root", "writable root file system", writable, deny(admission::WRITABLE_ROOT), true);
    let foreign = format!("registry.invalid/{}@{}", "evil/app", images.good);
    cases.pod("foreign-registry", "registry that is not allowed", spec(&foreign), deny(admission::REGISTRY), true);
}

/// Names that look right: shapes of digests, hosts that only begin like the allowed one.
fn references(images: &CorpusImages, cases: &mut Cases) {
    let (repository, hex) = (&images.repository, images.good.hex());
    let lookalike = repository.replacen('/', ".evil.example/", 1);
    let names = [
        ("latest", format!("{repository}:latest"), admission::MUTABLE_TAG),
        ("tag-that-looks-like-a-digest", format!("{repository}:sha256-{hex}"), admission::MUTABLE_TAG),
        ("upper-case-digest", format!("{repository}@sha256:{}", hex.to_ascii_uppercase()), admission::BAD_DIGEST),
        ("short-digest", format!("{repository}@sha256:{}", &hex[..12]), admission::BAD_DIGEST),
        ("sha512-digest", format!("{repository}@sha512:{hex}{hex}"), admission::BAD_DIGEST),
        ("empty-digest", format!("{repository}@"), admission::BAD_DIGEST),
        ("two-digests", format!("{repository}@sha256:{hex}@sha256:{hex}"), admission::BAD_DIGEST),
        ("no-image", String::new(), admission::MISSING_DIGEST),
        ("upper-case-repository", format!("{repository}/Web@sha256:{hex}"), admission::BAD_REFERENCE),
        ("lookalike-registry", format!("{lookalike}@sha256:{hex}"), admission::REGISTRY),
        ("docker-hub-short-name", format!("nginx@sha256:{hex}"), admission::REGISTRY),
        ("loopback-with-port", format!("localhost:5999/app@sha256:{hex}"), admission::REGISTRY),
    ];
    for (name, image, code) in names {
        let what = name.replace('-', " ");
        cases.add(format!("pod-{name}"), what, "Pod", spec(&image), Expect::Deny(code), true);
    }
}

/// Ways to be root that one setting hides from another.
fn contexts(images: &CorpusImages, cases: &mut Cases) {
    let good = images.pinned(&images.good);
    let own = |key: &str, value: Value| {
        let mut spec = spec(&good);
        spec["containers"][0]["securityContext"][key] = value;
        spec
    };
    let pod = |key: &str, value: Value| {
        let mut spec = spec(&good);
        spec["securityContext"][key] = value;
        spec
    };
    let user_namespace = {
        let mut spec = own("runAsUser", json!(0));
        spec["hostUsers"] = json!(false);
        spec
    };
    let unset = {
        let mut spec = spec(&good);
        spec["securityContext"] = json!({});
        spec
    };
    let ephemeral = {
        let mut spec = placed(&good, Place::Ephemeral, &good);
        spec["ephemeralContainers"][0]["securityContext"]["runAsUser"] = json!(0);
        spec
    };
    let bare_ephemeral = {
        let mut spec = placed(&good, Place::Ephemeral, &good);
        spec["ephemeralContainers"][0]["securityContext"] = json!({});
        spec
    };
    let named = [
        ("container-overrides-to-root", own("runAsUser", json!(0)), admission::ROOT_USER),
        ("container-lifts-run-as-non-root", own("runAsNonRoot", json!(false)), admission::ROOT_USER),
        ("run-as-non-root-unset", unset, admission::ROOT_USER),
        ("root-in-user-namespace", user_namespace, admission::ROOT_USER),
        ("root-ephemeral-container", ephemeral, admission::ROOT_USER),
        (
            "windows-administrator",
            own("windowsOptions", json!({"runAsUserName": "ContainerAdministrator"})),
            admission::ROOT_USER,
        ),
        ("group-0", own("runAsGroup", json!(0)), admission::ROOT_GROUP),
        ("pod-group-0", pod("runAsGroup", json!(0)), admission::ROOT_GROUP),
        ("fs-group-0", pod("fsGroup", json!(0)), admission::ROOT_GROUP),
        ("supplemental-group-0", pod("supplementalGroups", json!([1000, 0])), admission::ROOT_GROUP),
        ("writable-ephemeral-container", bare_ephemeral, admission::WRITABLE_ROOT),
    ];
    for (name, spec, code) in named {
        cases.add(format!("pod-{name}"), name.replace('-', " "), "Pod", spec, Expect::Deny(code), true);
    }
    let mut overridden = own("runAsNonRoot", json!(true));
    overridden["securityContext"] = json!({"runAsUser": 0});
    overridden["containers"][0]["securityContext"]["runAsUser"] = json!(1000);
    let what = "container overrides the pod's root";
    cases.add("pod-container-overrides-pod-root".to_owned(), what, "Pod", overridden, Expect::Allow, true);
    let driver = {
        let mut spec = spec(&good);
        spec["volumes"] =
            json!([{"name": "x", "csi": {"driver": "image.csi.example", "volumeAttributes": {"image": "evil"}}}]);
        spec
    };
    let deny = Expect::Deny(admission::UNKNOWN_IMAGE_FIELD);
    // Only a walk over the whole pod sees it, which none of the engines' languages can do over typed objects.
    cases.add("pod-driver-image".to_owned(), "image in a driver's options", "Pod", driver, deny, false);
}

/// Every kind × every place, for one structural fault and one that needs facts, and the good workload of every kind.
fn crossed(images: &CorpusImages, cases: &mut Cases) {
    let good = images.pinned(&images.good);
    let tag_only = format!("{}:{}", images.repository, images.tag);
    let unsigned = images.pinned(&images.unsigned);
    for (kind, ..) in WORKLOAD_KINDS {
        let prefix = kebab(kind);
        if kind != "Pod" {
            cases.add(format!("{prefix}-good"), format!("good {kind}"), kind, spec(&good), Expect::Allow, true);
            let mut root = spec(&good);
            root["securityContext"]["runAsUser"] = json!(0);
            let deny = Expect::Deny(admission::ROOT_USER);
            cases.add(format!("{prefix}-root"), format!("{kind} as root"), kind, root, deny, true);
        }
        for place in Place::ALL {
            let what = |fault: &str| format!("{fault} in a {kind}'s {}", place.name().replace('-', " "));
            let at = format!("{prefix}-{}", place.name());
            let (tag, sign) = (placed(&good, place, &tag_only), placed(&good, place, &unsigned));
            let (mutable, missing) = (Expect::Deny(admission::MUTABLE_TAG), Expect::Deny(admission::UNSIGNED));
            cases.add(format!("{at}-tag"), what("mutable tag"), kind, tag, mutable, true);
            cases.add(format!("{at}-unsigned"), what("unsigned image"), kind, sign, missing, false);
            let fine = placed(&good, place, &good);
            cases.add(format!("{at}-good"), what("good image"), kind, fine, Expect::Allow, true);
        }
    }
}
