//! Advisories: parsing feeds, the flat index, matching packages.
