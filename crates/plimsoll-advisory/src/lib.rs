//! Advisories: parsing feeds, the flat index, matching packages.
//!
//! Feeds become [`Record`]s ([`parse`]), one index ([`IndexBuilder`], [`Index`]), and a catalogue is matched against it
//! ([`match_catalog`]). Nothing here ranks an unknown severity as harmless or reads an unparsable version as smaller or
//! larger: both are values that the gate judges.

mod feeds;
pub mod index;
mod matching;
mod merge;
pub mod parse;
mod record;
mod severity;

pub use feeds::{Feeds, read_feeds};
pub use index::{Feed, Index, IndexBuilder, IndexError};
pub use matching::{DistroStatus, KernelHeaders, Matches, Undecidable, Vulnerability, match_catalog};
pub use merge::Standing;
pub use parse::eol::Lifetime;
pub use record::{End, FixState, Range, Record, Scheme};
pub use severity::{Rating, Severity};
