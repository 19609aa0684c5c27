//! Names of Python distributions, and their package URLs.

use plimsoll_version::purl::Purl;

/// The name as indexes compare it: lower case, runs of `-`, `_` and `.` one hyphen. `None` for what is no name.
pub(crate) fn normal(name: &str) -> Option<String> {
    let name = name.trim();
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 256 || !name.bytes().all(legal) {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte.to_ascii_lowercase()));
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    (!out.is_empty()).then(|| out.to_owned())
}

/// Name and version that the name of a metadata directory or file states: `PyYAML-6.0.dist-info`,
/// `six-1.16-py3.11.egg-info`. The version may be missing, as it is in source trees.
pub(crate) fn of_directory(entry: &str) -> Option<(String, String)> {
    let (stem, extension) = entry.rsplit_once('.')?;
    // What pip moved aside when an uninstallation was interrupted begins so.
    if stem.starts_with(['~', '-']) {
        return None;
    }
    let mut parts = stem.split('-');
    if extension == "dist-info" {
        // A version holds no hyphen here: it was written as an underscore.
        let (name, version) = stem.rsplit_once('-').unwrap_or((stem, ""));
        return Some((normal(name)?, version.to_owned()));
    }
    let name = normal(parts.next()?)?;
    let version = parts.next().unwrap_or_default();
    Some((name, version.to_owned()))
}

/// The package URL of a distribution. `origin` is where a version control system holds it: `git+URL@COMMIT`.
pub(crate) fn package_url(name: &str, version: &str, origin: &str) -> String {
    let purl = Purl::new("pypi", name).map(|p| p.with_version(version).with_qualifier("vcs_url", origin));
    purl.map(|p| p.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (given, expected) in [
            ("PyYAML", Some("pyyaml")),
            ("zope.interface", Some("zope-interface")),
            ("ruamel_.-yaml", Some("ruamel-yaml")),
            (" a ", Some("a")),
            ("-", None),
            ("a b", None),
            ("", None),
            ("${name}", None),
        ] {
            assert_eq!(normal(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn directories() {
        let pair = |n: &str, v: &str| Some((n.to_owned(), v.to_owned()));
        assert_eq!(of_directory("PyYAML-6.0.1.dist-info"), pair("pyyaml", "6.0.1"));
        assert_eq!(of_directory("a_b-1.0+local.dist-info"), pair("a-b", "1.0+local"));
        assert_eq!(of_directory("six-1.16.0-py3.11.egg-info"), pair("six", "1.16.0"));
        assert_eq!(of_directory("my_app.egg-info"), pair("my-app", ""));
        assert_eq!(of_directory("foo-1.0-py3.11-linux-x86_64.egg"), pair("foo", "1.0"));
        assert_eq!(of_directory("~ip-23.0.dist-info"), None);
        assert_eq!(of_directory("-ip-23.0.dist-info"), None);
        assert_eq!(of_directory(".egg-info"), None);
    }

    #[test]
    fn package_urls() {
        assert_eq!(package_url("pyyaml", "6.0", ""), "pkg:pypi/pyyaml@6.0");
        assert_eq!(package_url("a", "1+x", ""), "pkg:pypi/a@1%2Bx");
        assert_eq!(package_url("a", "", ""), "pkg:pypi/a");
        assert!(package_url("a", "1", "git+https://x.org/a@0f").starts_with("pkg:pypi/a@1?vcs_url=git%2Bhttps:"));
    }
}
