//! Decisions over hostile workloads: nothing passes without facts, and every refusal is three lines at most.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_admit::{FactTable, Outcome, admission_response, decide, decide_request, refusal_message};
use plimsoll_intent::{AdmissionPolicy, FailurePolicy, Tier, Transparency};

fuzz_target!(|data: &[u8]| {
    let policy = AdmissionPolicy {
        tier: Tier::Critical,
        signers: Vec::new(),
        transparency: Transparency::Required,
        registries: vec!["registry.example.com/**".to_owned(), "docker.io/*".to_owned()],
        provenance: None,
        engines: Vec::new(),
        failure_policy: FailurePolicy::Fail,
        exclude_namespaces: Vec::new(),
    };
    let facts = FactTable::default();
    if let Ok(request) = plimsoll_workload::parse_admission_review(data) {
        let decision = decide_request(&request, &policy, &facts);
        assert!(!matches!(decision.outcome, Outcome::Allowed(_)));
        let _ = admission_response(&request.uid, &decision);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    for workload in &plimsoll_workload::parse_manifests("fuzz.yaml", text).workloads {
        let decision = decide(workload, &policy, &facts);
        assert!(!decision.allowed(), "nothing is known, so nothing passes");
        let message = refusal_message(&decision);
        assert!(!message.is_empty() && message.lines().count() <= 3);
    }
});
