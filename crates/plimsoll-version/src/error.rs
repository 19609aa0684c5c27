//! Why a version cannot be ordered.

/// A version that its ecosystem's ordering does not define. The version's author is at fault (or whoever wrote the
/// record it stands in); a caller must treat the comparison as undecidable, never as smaller or larger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{version}' is not a {scheme} version: {why}")]
pub struct VersionError {
    /// The ordering that was asked: `dpkg`, `apk`, `semver`.
    pub scheme: &'static str,
    /// The version as given, cut to 80 bytes.
    pub version: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl VersionError {
    pub(crate) fn new(scheme: &'static str, version: &str, why: &'static str) -> Self {
        let end = (0..=version.len().min(80)).rev().find(|&i| version.is_char_boundary(i)).unwrap_or(0);
        Self { scheme, version: version[..end].to_owned(), why }
    }
}
