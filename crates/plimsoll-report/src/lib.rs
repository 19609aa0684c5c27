//! Reports: values turned into text. Nothing here fetches, decides or reads a clock.

mod findings_json;
mod sarif;
mod scan;
mod style;
mod supply_chain;
mod terminal;

pub use findings_json::{finding_value, findings_json};
pub use sarif::sarif;
pub use scan::{scan_gate_markdown, verdict_json, verdict_text};
pub use style::Style;
pub use supply_chain::{Gap, HANDOFFS, MatrixRow, RubricRow, SupplyChain, supply_chain_markdown};
pub use terminal::{finding_text, findings_text, size_text, table};

/// The version of this project's JSON shapes.
pub const SCHEMA_VERSION: &str = "1";
