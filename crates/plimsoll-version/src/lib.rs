//! Version orderings of package ecosystems, and package URLs.

pub mod alpm;
pub mod apk;
pub mod coerced;
pub mod composer;
pub mod conan;
pub mod cpan;
pub mod cran;
pub mod dpkg;
mod error;
pub mod gem;
pub mod golang;
pub mod hackage;
pub mod julia;
pub mod maven;
pub mod nuget;
mod number;
pub mod opam;
pub mod order;
pub mod pep440;
pub mod pub_dev;
pub mod purl;
pub mod rpm;

pub use error::VersionError;
