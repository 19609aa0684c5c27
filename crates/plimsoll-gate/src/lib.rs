//! The scan gate: vulnerabilities judged by the tier's thresholds.
//!
//! [`judge`] is a function of what was matched, the decided rule, the waivers and the moment; the [`Verdict`] carries the
//! digests of all of them, so that it can be replayed. What is unknown has a named outcome and never passes silently.

mod fixes;
mod judge;
mod rule;
mod verdict;
mod waivers;

pub use fixes::FixAction;
pub use judge::judge;
pub use rule::{fail_on, severity};
pub use verdict::{Decision, IndexInfo, Inputs, Verdict, Waived};
