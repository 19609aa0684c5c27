//! Kubernetes workloads: manifests and admission reviews parsed into one pod view.
//!
//! Everything that looks at workloads (hardening, audit, admission) sees these types, so a container list that one of
//! them forgets cannot exist.

mod manifest;
mod pod;
mod process;
mod review;
mod security;
mod strict;
mod unknown;

pub use manifest::{
    MAX_DOCUMENTS, MAX_MANIFEST_BYTES, Manifests, OtherObject, ParseProblem, ProblemKind, parse_manifests,
};
pub use pod::{Malformed, WORKLOAD_KINDS, workload_from_object};
pub use process::{Command, EnvVar, Mount, Port};
pub use review::{AdmissionRequest, MAX_REVIEW_BYTES, Operation, ReviewError, parse_admission_review};
pub use security::{Capabilities, Field, Security};
pub use strict::parse_json;

use serde_json::Value;

/// One workload: a Pod, or a controller that makes Pods.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`: `Deployment`.
    pub kind: String,
    /// Namespace, if stated.
    pub namespace: Option<String>,
    /// Name; empty with `generateName`.
    pub name: String,
    /// Labels of the object itself, sorted.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Annotations of the object itself, sorted.
    pub annotations: std::collections::BTreeMap<String, String>,
    /// The whole object.
    pub object: Value,
    /// Where the pod spec stands in the object: `["spec","template","spec"]`.
    pub pod_path: Vec<&'static str>,
    /// File and line (from 1) the object starts at; empty path for an admission review.
    pub origin: Origin,
}

/// Where an object was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// File as the user gave it.
    pub path: String,
    /// Line of the document's first content, from 1.
    pub line: u32,
}

/// Which list of the pod a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerKind {
    /// `containers`.
    Main,
    /// `initContainers`, native sidecars included.
    Init,
    /// `ephemeralContainers`.
    Ephemeral,
}

/// A container as a view into its workload.
#[derive(Clone, Copy, Debug)]
pub struct Container<'a> {
    /// Which list.
    pub kind: ContainerKind,
    /// Position in the list.
    pub index: usize,
    /// `name`.
    pub name: &'a str,
    /// `image`, empty if absent.
    pub image: &'a str,
    /// The container's JSON.
    pub value: &'a Value,
}

/// An image a pod would pull, wherever it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse<'a> {
    /// Field path inside the pod spec: `initContainers[0].image`, `volumes[2].image.reference`.
    pub field: String,
    /// The text that stands there.
    pub image: &'a str,
}
