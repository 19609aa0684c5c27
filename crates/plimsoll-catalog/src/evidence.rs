//! Which paths of an image are evidence, and how much of one is read.

/// What a path is evidence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `etc/os-release`, `usr/lib/os-release`.
    OsRelease,
    /// `etc/alpine-release`, `etc/debian_version`.
    OldRelease,
    /// `var/lib/dpkg/status`.
    DpkgStatus,
    /// A record in `var/lib/dpkg/status.d`.
    DpkgRecord,
    /// `*.list` and `*.md5sums`: which files a package owns.
    DpkgFiles,
    /// `usr/share/doc/*/copyright`.
    Copyright,
    /// `lib/apk/db/installed`.
    ApkInstalled,
    /// `etc/apk/repositories`.
    ApkRepositories,
}

impl Kind {
    /// The most bytes that are read of such a file. Real ones are a hundred times smaller.
    pub(crate) fn limit(self) -> u64 {
        const MIB: u64 = 1 << 20;
        match self {
            Self::OsRelease | Self::OldRelease => MIB / 16,
            Self::ApkRepositories => MIB / 4,
            Self::DpkgRecord | Self::Copyright => 4 * MIB,
            Self::DpkgFiles => 16 * MIB,
            Self::DpkgStatus | Self::ApkInstalled => 128 * MIB,
        }
    }
}

/// Whether the catalogers need the bytes of the file at `path`, of `size` bytes. What is evidence and too big is not
/// wanted; [`crate::catalog`] then names it as a problem.
pub fn wants(path: &str, size: u64) -> bool {
    classify(path).is_some_and(|(kind, _)| size <= kind.limit())
}

/// What `path` is evidence of, and the root it belongs to: empty for the image itself, the directory of a root file
/// system inside the image otherwise.
pub(crate) fn classify(path: &str) -> Option<(Kind, &str)> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let (dir, name) = path.rsplit_once('/')?;
    let below = |suffix: &str| {
        let rest = dir.strip_suffix(suffix)?;
        rest.strip_suffix('/').or(rest.is_empty().then_some(rest))
    };
    match name {
        "os-release" => below("etc").or_else(|| below("usr/lib")).map(|root| (Kind::OsRelease, root)),
        "alpine-release" | "debian_version" => below("etc").map(|root| (Kind::OldRelease, root)),
        "status" => below("var/lib/dpkg").map(|root| (Kind::DpkgStatus, root)),
        "copyright" => {
            let (parent, _) = dir.rsplit_once('/')?;
            let rest = parent.strip_suffix("usr/share/doc")?;
            rest.strip_suffix('/').or(rest.is_empty().then_some(rest)).map(|root| (Kind::Copyright, root))
        }
        "installed" => below("usr/lib/apk/db").or_else(|| below("lib/apk/db")).map(|root| (Kind::ApkInstalled, root)),
        "repositories" => below("etc/apk").map(|root| (Kind::ApkRepositories, root)),
        _ => {
            if let Some(root) = below("var/lib/dpkg/info") {
                return (name.ends_with(".list") || name.ends_with(".md5sums")).then_some((Kind::DpkgFiles, root));
            }
            let root = below("var/lib/dpkg/status.d")?;
            Some((if name.ends_with(".md5sums") { Kind::DpkgFiles } else { Kind::DpkgRecord }, root))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_known_by_its_path() {
        for (path, expected) in [
            ("/etc/os-release", Some((Kind::OsRelease, ""))),
            ("usr/lib/os-release", Some((Kind::OsRelease, ""))),
            ("/var/lib/dpkg/status", Some((Kind::DpkgStatus, ""))),
            ("/opt/root/var/lib/dpkg/status", Some((Kind::DpkgStatus, "/opt/root"))),
            ("/notvar/lib/dpkg/status", None),
            ("/var/lib/dpkg/status-old", None),
            ("/var/lib/dpkg/status.d/base", Some((Kind::DpkgRecord, ""))),
            ("/var/lib/dpkg/status.d/base.md5sums", Some((Kind::DpkgFiles, ""))),
            ("/var/lib/dpkg/info/libc6:amd64.list", Some((Kind::DpkgFiles, ""))),
            ("/var/lib/dpkg/info/libc6:amd64.postinst", None),
            ("/usr/share/doc/bash/copyright", Some((Kind::Copyright, ""))),
            ("/usr/share/doc/copyright", None),
            ("/lib/apk/db/installed", Some((Kind::ApkInstalled, ""))),
            ("/usr/lib/apk/db/installed", Some((Kind::ApkInstalled, ""))),
            ("/etc/apk/repositories", Some((Kind::ApkRepositories, ""))),
            ("/etc/debian_version", Some((Kind::OldRelease, ""))),
            ("status", None),
            ("", None),
        ] {
            assert_eq!(classify(path), expected, "{path}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(wants("/var/lib/dpkg/status", 1 << 20));
        assert!(!wants("/var/lib/dpkg/status", 1 << 40));
        assert!(!wants("/bin/sh", 1));
    }
}
