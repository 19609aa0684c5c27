//! The decision over an admission request.

use plimsoll_finding::{Finding, Location, admission};
use plimsoll_intent::AdmissionPolicy;
use plimsoll_workload::{AdmissionRequest, Operation};

use crate::decision::{Decision, Outcome, decide};
use crate::facts::Facts;

/// Subresources through which no image comes in: the API server ignores, or does not have, a pod spec in them. Any other
/// subresource, known or not, is decided like the object itself.
const HARMLESS: [&str; 12] = [
    "status",
    "binding",
    "eviction",
    "exec",
    "attach",
    "portforward",
    "proxy",
    "log",
    "resize",
    "scale",
    "token",
    "finalize",
];

/// Decides about an admission request: what it would bring in, or why nothing is to be decided.
///
/// An UPDATE is checked even if it leaves the images alone, except on an object that is already being deleted, where
/// only finalizers are removed. A dry run is decided like any other request.
pub fn decide_request(request: &AdmissionRequest, policy: &AdmissionPolicy, facts: &dyn Facts) -> Decision {
    let namespace = request.namespace.as_deref().map(|n| format!("{n}/")).unwrap_or_default();
    let object = format!("{}/{namespace}{}", request.kind, request.name);
    let place = |field: &str| Location::Object { object: object.clone(), field: field.to_owned() };
    let pass = |why: String| {
        let note = Finding::new(admission::NOT_APPLICABLE, place(""), format!("{object} was not checked: {why}"));
        Decision::passed(Outcome::NotApplicable, object.clone(), note)
    };
    match request.operation {
        Operation::Delete => return pass("it is being deleted".to_owned()),
        Operation::Connect => return pass("the request only connects to it".to_owned()),
        Operation::Create | Operation::Update => {}
    }
    if HARMLESS.contains(&request.sub_resource.as_str()) {
        return pass(format!("subresource {} brings in no image", request.sub_resource));
    }
    let Some(workload) = request.workload() else {
        // Without an object, or with the ephemeral containers of an old API server, there is nothing to decide on; that
        // is no reason to let it in.
        if request.object.is_none() || request.sub_resource == "ephemeralcontainers" {
            let message = format!("{object} cannot be read: the request carries no pod");
            return Decision::denied(object.clone(), Finding::new(admission::MALFORMED_WORKLOAD, place(""), message));
        }
        return pass(format!("{} is no workload; the pods it makes are checked", request.kind));
    };
    if request.operation == Operation::Update && workload.is_terminating() {
        return pass("it is already being deleted".to_owned());
    }
    decide(&workload, policy, facts)
}
