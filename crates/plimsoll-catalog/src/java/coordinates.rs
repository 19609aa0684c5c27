//! Maven coordinates, and what the names of files and directories say of them.

use plimsoll_version::purl::Purl;

/// Group, artefact and version; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

impl Coordinates {
    pub(super) fn new(group: &str, artifact: &str, version: &str) -> Self {
        Self { group: group.to_owned(), artifact: artifact.to_owned(), version: version.to_owned() }
    }

    /// `group:artifact`, or the artefact alone where the group is not known.
    pub(super) fn name(&self) -> String {
        if self.group.is_empty() { self.artifact.clone() } else { format!("{}:{}", self.group, self.artifact) }
    }

    /// Its package URL; empty where there is no artefact.
    pub(super) fn purl(&self) -> String {
        Purl::new("maven", &self.artifact)
            .map(|p| p.with_namespace(&self.group).with_version(&self.version).to_string())
            .unwrap_or_default()
    }
}

/// A group or artefact, if it is one: empty where the text holds anything else, a property that was not filled in for
/// example.
pub(super) fn part(text: &str) -> String {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
    let is_part = text.len() <= 256 && text.bytes().all(legal) && text.bytes().any(|b| b.is_ascii_alphanumeric());
    if is_part { text.to_owned() } else { String::new() }
}

/// A version, if it is one.
pub(super) fn version(text: &str) -> String {
    let is_version = !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'$');
    if is_version { text.to_owned() } else { String::new() }
}

/// The name of an archive, taken apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FileName<'a> {
    /// Everything before the extension: `netty-epoll-4.1.100.Final-linux-x86_64`.
    pub(super) stem: &'a str,
    /// What stands before the version: `netty-epoll`.
    pub(super) base: &'a str,
    /// `4.1.100.Final`; empty if there is none.
    pub(super) version: &'a str,
    /// `linux-x86_64`; empty if there is none.
    pub(super) classifier: &'a str,
}

impl<'a> FileName<'a> {
    /// Takes the last component of a path apart.
    pub(super) fn of(path: &'a str) -> Self {
        let name = path.rsplit(['/', '!']).next().unwrap_or_default();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (base, version, classifier) = split(stem);
        Self { stem, base, version, classifier }
    }

    /// Whether it holds sources or documentation by its classifier.
    pub(super) fn is_sources(&self) -> bool {
        let is = |c: &str| matches!(c, "sources" | "javadoc" | "test-sources");
        is(self.classifier) || self.stem.rsplit_once('-').is_some_and(|(_, c)| is(c))
    }
}

/// Words that belong to a version when they stand in it: `2.0-beta-2`, `31.1-jre`.
const VERSION_WORDS: &[&str] = &[
    "alpha",
    "android",
    "b",
    "beta",
    "build",
    "cr",
    "dev",
    "ea",
    "final",
    "ga",
    "hotfix",
    "incubating",
    "jre",
    "m",
    "milestone",
    "p",
    "patch",
    "pre",
    "preview",
    "r",
    "rc",
    "redhat",
    "rel",
    "release",
    "rev",
    "snapshot",
    "sp",
    "v",
];

/// Splits `base-version-classifier`. The version begins at the first dash before a digit, unless words follow and then
/// a dotted number again: `log4j-1.2-api-2.19.0`.
fn split(stem: &str) -> (&str, &str, &str) {
    if let Some(found) = bundle(stem) {
        return found;
    }
    let tokens: Vec<(usize, &str)> = stem
        .split('-')
        .scan(0, |at, token| {
            let start = *at;
            *at += token.len() + 1;
            Some((start, token))
        })
        .take(64)
        .collect();
    let is_number = |t: &str| {
        let t = t.strip_prefix('v').unwrap_or(t);
        t.starts_with(|c: char| c.is_ascii_digit())
    };
    let is_word = |t: &str| {
        let letters = t.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_ascii_lowercase();
        VERSION_WORDS.contains(&letters.as_str())
    };
    let starts = tokens.iter().enumerate().skip(1).filter(|(_, (_, t))| is_number(t)).map(|(i, _)| i);
    // Where what follows the number's words holds a dotted number again, this number is a part of the name.
    let start = starts.into_iter().find(|&i| {
        let rest = tokens.get(i + 1..).unwrap_or_default();
        // `log4j-1.2-1.2.17`: the name holds the beginning of the version.
        let token = tokens.get(i).map_or("", |(_, t)| *t);
        if rest.first().and_then(|(_, next)| next.strip_prefix(token)).is_some_and(|r| r.starts_with('.')) {
            return false;
        }
        let after = rest.iter().position(|(_, t)| !is_number(t) && !is_word(t)).unwrap_or(rest.len());
        !rest.iter().skip(after).any(|(_, t)| is_number(t) && t.contains('.'))
    });
    let Some(start) = start else { return (stem, "", "") };
    let end = tokens.iter().skip(start + 1).position(|(_, t)| !is_number(t) && !is_word(t)).map(|n| start + 1 + n);
    let at = |token: usize| tokens.get(token).map_or(stem.len(), |(at, _)| *at);
    let base = stem.get(..at(start).saturating_sub(1)).unwrap_or(stem);
    let version = match end {
        Some(end) => stem.get(at(start)..at(end).saturating_sub(1)),
        None => stem.get(at(start)..),
    };
    let classifier = end.and_then(|end| stem.get(at(end)..)).unwrap_or_default();
    (base, version.unwrap_or_default(), classifier)
}

/// Eclipse's way: `org.eclipse.osgi_3.16.0.v2020`.
fn bundle(stem: &str) -> Option<(&str, &str, &str)> {
    let (base, version) = stem.rsplit_once('_')?;
    let is_bundle = base.contains('.') && !base.contains('-');
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.matches('.').count() >= 2;
    (is_bundle && is_version).then_some((base, version, ""))
}

/// Directories below which a Maven or Gradle repository begins.
const REPOSITORIES: &[&str] = &["maven-repo", "maven2", "repository", "m2", ".m2"];

/// What the path of a file in a Maven repository says: `…/repository/org/ow2/asm/asm/9.4/asm-9.4.jar`; or in Gradle's
/// cache, `…/files-2.1/org.ow2.asm/asm/9.4/0123abcd/asm-9.4.jar`.
pub(super) fn of_path(path: &str) -> Option<Coordinates> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).take(128).collect();
    let fits = |name: &str, artifact: &str, version: &str| {
        let rest = name.strip_prefix(artifact).and_then(|r| r.strip_prefix('-')).and_then(|r| r.strip_prefix(version));
        rest.is_some_and(|r| r.starts_with(['.', '-']))
    };
    let found = match parts.as_slice() {
        [.., "files-2.1", group, artifact, version, _, name] if fits(name, artifact, version) => {
            Coordinates::new(group, artifact, version)
        }
        [above @ .., artifact, version, name] if fits(name, artifact, version) => {
            let start = above.iter().rposition(|p| REPOSITORIES.contains(p))?;
            Coordinates::new(&above.get(start + 1..)?.join("."), artifact, version)
        }
        _ => return None,
    };
    let Coordinates { group, artifact, version: v } = &found;
    (!part(group).is_empty() && !part(artifact).is_empty() && !version(v).is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names() {
        for (path, base, version, classifier) in [
            ("/a/asm-9.4.jar", "asm", "9.4", ""),
            ("x.jar!BOOT-INF/lib/jackson-core-2.14.1.jar", "jackson-core", "2.14.1", ""),
            ("log4j-1.2-api-2.19.0.jar", "log4j-1.2-api", "2.19.0", ""),
            ("log4j-1.2-1.2.17.jar", "log4j-1.2", "1.2.17", ""),
            ("log4j-1.2.17.jar", "log4j", "1.2.17", ""),
            ("guava-31.1-jre.jar", "guava", "31.1-jre", ""),
            ("x-2.0-beta-2.jar", "x", "2.0-beta-2", ""),
            ("spring-core-5.3.20.RELEASE.jar", "spring-core", "5.3.20.RELEASE", ""),
            ("foo-1.0-20230101.123456-1.jar", "foo", "1.0-20230101.123456-1", ""),
            ("foo-1.0-SNAPSHOT-tests.jar", "foo", "1.0-SNAPSHOT", "tests"),
            ("spark-core_2.12-3.3.0.jar", "spark-core_2.12", "3.3.0", ""),
            ("netty-epoll-4.1.100.Final-linux-x86_64.jar", "netty-epoll", "4.1.100.Final", "linux-x86_64"),
            ("bcprov-jdk15on-170.jar", "bcprov-jdk15on", "170", ""),
            ("geronimo-jms_1.1_spec-1.1.1.jar", "geronimo-jms_1.1_spec", "1.1.1", ""),
            ("org.eclipse.osgi_3.16.0.v20200828-0759.jar", "org.eclipse.osgi", "3.16.0.v20200828-0759", ""),
            ("org.eclipse.osgi_3.16.0.v2020.jar", "org.eclipse.osgi", "3.16.0.v2020", ""),
            ("commons-lang3.jar", "commons-lang3", "", ""),
            ("jsr305-3.0.2.jar", "jsr305", "3.0.2", ""),
            ("app.jar", "app", "", ""),
            ("a", "a", "", ""),
            ("", "", "", ""),
            ("-1.jar", "", "1", ""),
        ] {
            let found = FileName::of(path);
            assert_eq!((found.base, found.version, found.classifier), (base, version, classifier), "{path}");
        }
        assert!(FileName::of("a-1.0-sources.jar").is_sources() && FileName::of("a-javadoc.jar").is_sources());
    }

    #[test]
    fn paths() {
        let of = |path: &str| of_path(path).map(|c| format!("{}:{}", c.name(), c.version));
        assert_eq!(of("/root/.m2/repository/org/ow2/asm/asm/9.4/asm-9.4.jar").as_deref(), Some("org.ow2.asm:asm:9.4"));
        assert_eq!(of("/r/maven2/a/b/1/b-1-x.jar").as_deref(), Some("a:b:1"));
        let gradle = "/g/caches/modules-2/files-2.1/org.ow2.asm/asm/9.4/01ab/asm-9.4.jar";
        assert_eq!(of(gradle).as_deref(), Some("org.ow2.asm:asm:9.4"));
        assert_eq!(of("/opt/lib/asm/9.4/asm-9.4.jar"), None, "no repository above");
        assert_eq!(of("/repository/asm/9.4/asm-9.4.jar"), None, "no group");
        assert_eq!(of("/repository/org/asm/9.4/asm-9.5.jar"), None);
    }
}
