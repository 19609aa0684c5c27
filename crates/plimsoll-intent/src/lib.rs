//! Intent: decisions read from documents, validated and resolved.
//!
//! Raw documents become an [`Intent`] in which every value carries the document and line it stands in. plimsoll never
//! invents a decision: what a run needs is [`Setting::Decided`], [`Setting::Deferred`] with owner and reason (a
//! documented gap), or [`Setting::Missing`], which stops the run.
//!
//! The way: [`read`] documents → [`Raw::key_files`] are read by the caller → [`Raw::resolve`] → [`Intent`] →
//! [`Intent::resolve_for`] one workload → [`Effective`], or missing decisions and a [`candidate`] for each.

mod candidate;
mod check;
mod document;
mod effective;
mod form;
mod glob;
mod intent;
mod options;
mod pem;
mod publish;
mod read;
mod resolve;
mod schema;
mod show;
mod starter;
mod succession;
mod yaml;

pub use candidate::{Candidate, CandidateContext, candidate, option_ids};
pub use document::Document;
pub use effective::{Effective, Gap, MissingDecision, WorkloadId};
pub use glob::{glob_matches, glob_regex};
pub use intent::*;
pub use publish::schema_json;
pub use read::{KeyFile, Raw, read};
pub use resolve::Resolved;
pub use schema::{API_VERSION, required_keys};
pub use show::{Shown, State, show};
pub use starter::starter;
