//! Admission: the native decision over workloads and verified facts.
//!
//! [`decide`] is one typed walk over the pod: pure, without clock or network, a few microseconds. Everything it may rely
//! on stands in its arguments: the policy, and what `plimsoll-verify` established about each digest. An [`Allow`] can only
//! be made from verified signatures; what is unknown is refused by name.

pub mod corpus;
mod decision;
mod facts;
mod image;
mod provenance;
mod request;
mod response;
mod structural;

pub use decision::{Allow, Decision, ImageResult, Outcome, decide};
pub use facts::{FactTable, Facts};
pub use request::decide_request;
pub use response::{admission_response, error_response, refusal_message};
pub use structural::structural_findings;
