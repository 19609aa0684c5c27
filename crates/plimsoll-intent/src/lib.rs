//! Intent: decisions read from documents, validated and resolved.
//!
//! Raw documents become an [`Intent`] in which every value carries the document and line it stands in. plimsoll never
//! invents a decision: what a run needs is [`Setting::Decided`], [`Setting::Deferred`] with owner and reason (a
//! documented gap), or [`Setting::Missing`], which stops the run.

mod intent;

pub use intent::*;
