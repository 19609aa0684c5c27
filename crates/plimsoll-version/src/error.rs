//! Why a version cannot be ordered.

/// The longest version that is read. Nothing published comes near it, and every comparison stays short.
pub(crate) const MAX_LEN: usize = 1024;

/// A version that its ecosystem's ordering does not define. The version's author is at fault (or whoever wrote the
/// record it stands in); a caller must treat the comparison as undecidable, never as smaller or larger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{version}' is not a {scheme} version: {why}")]
pub struct VersionError {
    /// The ordering that was asked: `dpkg`, `apk`, `semver`, …
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

    /// Refuses what is empty or longer than any version is.
    pub(crate) fn bounded(scheme: &'static str, version: &str) -> Result<(), Self> {
        match version.len() {
            0 => Err(Self::new(scheme, version, "it is empty")),
            1..=MAX_LEN => Ok(()),
            _ => Err(Self::new(scheme, version, "it is longer than 1,024 bytes")),
        }
    }
}
