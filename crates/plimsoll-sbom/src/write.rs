//! Writers, and what both formats share.

mod cyclonedx;
mod shared;
mod spdx;

pub use cyclonedx::write_cyclonedx;
pub use spdx::write_spdx;

use crate::Sbom;

/// Writes the package URLs, one a line, sorted.
pub fn write_purls(sbom: &Sbom) -> Vec<u8> {
    let mut purls: Vec<&str> = sbom.packages.iter().map(|p| p.purl.as_str()).filter(|p| !p.is_empty()).collect();
    purls.sort_unstable();
    purls.dedup();
    purls.into_iter().flat_map(|p| [p, "\n"]).collect::<String>().into_bytes()
}
