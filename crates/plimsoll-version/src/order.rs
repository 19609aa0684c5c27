//! Which ordering a type of package URL has.

use std::cmp::Ordering;

use crate::{VersionError, apk, coerced, dpkg};

/// Orders two versions.
pub type Compare = fn(&str, &str) -> Result<Ordering, VersionError>;

/// The ordering of versions of packages with such package URLs; `None` where there is none (yet): then nothing about
/// their versions is decided.
pub fn of(purl_type: &str) -> Option<Compare> {
    Some(match purl_type {
        "deb" => dpkg::compare,
        "apk" => apk::compare,
        "cargo" | "golang" | "npm" => coerced::compare,
        _ => return None,
    })
}
