//! Version orderings of package ecosystems, and package URLs.

pub mod apk;
pub mod coerced;
pub mod dpkg;
mod error;
mod number;
pub mod order;
pub mod purl;

pub use error::VersionError;
