//! Platforms (`os/architecture[/variant]`, OCI image index specification).

use std::fmt;
use std::str::FromStr;

/// The platform an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    /// Operating system, GOOS spelling: `linux`.
    pub os: String,
    /// Architecture, GOARCH spelling: `amd64`, `arm64`.
    pub architecture: String,
    /// CPU variant: `v7`, `v8`.
    pub variant: Option<String>,
}

/// The text is not `os/architecture[/variant]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("platform '{0}' is not os/architecture[/variant], for example linux/amd64")]
pub struct PlatformError(pub String);

impl Platform {
    /// A platform without a variant.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self { os: os.to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Whether `self`, as found in an index, serves a request for `wanted`. `arm64` without a variant is `v8`; a request
    /// without a variant takes any.
    pub fn serves(&self, wanted: &Self) -> bool {
        let variant = |p: &Self| match (&p.variant, p.architecture.as_str()) {
            (None, "arm64") => Some("v8".to_owned()),
            (v, _) => v.clone(),
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || variant(self) == variant(wanted))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        match (os, architecture, parts.next()) {
            (Some(os), Some(arch), None) if !os.is_empty() && !arch.is_empty() && variant != Some("") => {
                Ok(Self { os: os.to_owned(), architecture: arch.to_owned(), variant: variant.map(str::to_owned) })
            }
            _ => Err(PlatformError(text.to_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |v| write!(f, "/{v}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_serves() {
        let arm: Platform = "linux/arm64/v8".parse().unwrap();
        assert!(Platform::new("linux", "arm64").serves(&arm));
        assert!(arm.serves(&Platform::new("linux", "arm64")));
        assert!(!arm.serves(&Platform::new("linux", "amd64")));
        for bad in ["linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/arm/"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
