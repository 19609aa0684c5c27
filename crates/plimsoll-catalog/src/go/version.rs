//! The version of a main module that was built from its working copy, where the module's own record says `(devel)`.

use super::buildinfo::{Info, Module};
use super::is_directory;

/// What the link flags set, else the pseudo-version of the commit; empty where neither is told.
pub(crate) fn of_main(main: &Module, info: &Info) -> String {
    if let Some(version) = info.setting("-ldflags").and_then(|flags| of_flags(flags, main, info)) {
        return version;
    }
    let (Some(revision), Some(time)) = (info.setting("vcs.revision"), info.setting("vcs.time")) else {
        return String::new();
    };
    pseudo_version(&main.path, revision, time).unwrap_or_default()
}

/// `v0.0.0-20240102030405-0123456789ab`, as Go itself writes the version of an untagged commit.
fn pseudo_version(module: &str, revision: &str, time: &str) -> Option<String> {
    let short = revision.get(..12)?;
    let stamp: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    let legal = short.bytes().all(|b| b.is_ascii_hexdigit()) && stamp.len() == 14 && time.ends_with('Z');
    let last = module.rsplit('/').next()?;
    let major = last.strip_prefix('v').filter(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_digit()));
    legal.then(|| format!("v{}.0.0-{stamp}-{short}", major.unwrap_or("0")))
}

/// The version among the variables that `-X` sets. A variable of the main module or the main package comes before others,
/// and one of a module that was linked in at a version of its own tells of that module.
fn of_flags(flags: &str, main: &Module, info: &Info) -> Option<String> {
    let mut best: Option<(u8, &str)> = None;
    for (variable, value) in variables(flags).take(1000) {
        let Some((package, name)) = variable.rsplit_once('.') else { continue };
        let Some(named) = rank_of_name(name) else { continue };
        if !is_version(value) {
            continue;
        }
        let of_main = package == "main" || package == main.path || inside(package, &main.path);
        if !of_main && info.deps.iter().any(|d| inside(package, &d.path) && has_own_version(d)) {
            continue;
        }
        let rank = named + if of_main { 0 } else { 10 };
        if best.is_none_or(|(r, _)| rank < r) {
            best = Some((rank, value));
        }
    }
    // Go's versions begin so, whether or not whoever set the flag wrote it.
    best.map(|(_, version)| format!("v{}", version.trim_start_matches(['v', 'V'])))
}

fn inside(package: &str, module: &str) -> bool {
    package == module || package.strip_prefix(module).is_some_and(|rest| rest.starts_with('/'))
}

fn has_own_version(module: &Module) -> bool {
    module.replaced_by.as_ref().is_none_or(|by| !is_directory(&by.path)) && module.version != "(devel)"
}

fn rank_of_name(name: &str) -> Option<u8> {
    const NAMES: &[&str] = &[
        "version",
        "gitversion",
        "appversion",
        "buildversion",
        "releaseversion",
        "fullversion",
        "semver",
        "ver",
        "tag",
        "gittag",
        "gitdescribe",
    ];
    let lower = name.to_ascii_lowercase().replace('_', "");
    NAMES.iter().position(|n| *n == lower).map(|at| at as u8)
}

/// Two numbers with a dot at the least.
fn is_version(value: &str) -> bool {
    let number = value.strip_prefix(['v', 'V']).unwrap_or(value);
    let mut parts = number.split(['.', '-', '+']);
    let digits =
        |p: Option<&str>| p.is_some_and(|p| !p.is_empty() && p.len() < 10 && p.bytes().all(|b| b.is_ascii_digit()));
    value.len() <= 128
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_' | b'~'))
        && digits(parts.next())
        && number.contains('.')
        && digits(parts.next())
}

/// Assignments of `-X variable=value`, also `-X=…` and quoted as a whole.
fn variables(flags: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = Words(flags);
    let mut expects = false;
    words.filter_map(move |word| {
        let word = if let Some(rest) = word.strip_prefix("-X=").or_else(|| word.strip_prefix("--X=")) {
            rest
        } else if matches!(word, "-X" | "--X") {
            expects = true;
            return None;
        } else if expects {
            word
        } else {
            return None;
        };
        expects = false;
        let (variable, value) = word.trim_matches(['\'', '"']).split_once('=')?;
        Some((variable, value.trim_matches(['\'', '"'])))
    })
}

/// Words as a shell would split them; quotes group and are left out where they surround a word.
struct Words<'a>(&'a str);

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let first = rest.chars().next()?;
        if first == '\'' || first == '"' {
            let inner = rest.get(1..)?;
            let (word, after) = inner.split_once(first).unwrap_or((inner, ""));
            self.0 = after;
            return Some(word);
        }
        let mut quote = None;
        let end = rest.find(|c: char| {
            match quote {
                Some(q) if c == q => quote = None,
                Some(_) => {}
                None if c == '\'' || c == '"' => quote = Some(c),
                None => return c.is_whitespace(),
            }
            false
        });
        let (word, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        self.0 = after;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_flags() {
        let dep =
            |path: &str, version: &str| Module { path: path.into(), version: version.into(), ..Module::default() };
        let mut local = dep("k8s.io/component-base", "v0.0.0");
        local.replaced_by = Some(Box::new(dep("./staging/src/k8s.io/component-base", "(devel)")));
        let info = Info { deps: vec![dep("github.com/dep/dep", "v1.0.0"), local], ..Info::default() };
        let main = dep("github.com/a/b", "(devel)");
        for (flags, expected) in [
            ("-s -w -X main.version=1.2.3", Some("v1.2.3")),
            ("-s -w -X=main.Version=v1.2.3 -X main.commit=1.5", Some("v1.2.3")),
            (
                "-X 'github.com/a/b/pkg.Version=v2.0.0-rc1' -X github.com/dep/dep/version.version=9.9.9",
                Some("v2.0.0-rc1"),
            ),
            ("-X github.com/dep/dep/version.version=9.9.9", None),
            ("-X k8s.io/component-base/version.gitVersion=v1.29.0", Some("v1.29.0")),
            ("-X \"main.version=3.1\" -w", Some("v3.1")),
            ("-X main.version='3.1.4' -w", Some("v3.1.4")),
            ("-X main.version=dev -X main.buildVersion=1.0", Some("v1.0")),
            ("-X main.goVersion=1.22.0", None),
            ("-X main.version=", None),
            ("-X", None),
            ("-X 'main.version=1.0", Some("v1.0")),
            ("-w 'x", None),
        ] {
            assert_eq!(of_flags(flags, &main, &info).as_deref(), expected, "{flags}");
        }
    }

    #[test]
    fn pseudo_versions() {
        let of = |module, revision, time| pseudo_version(module, revision, time);
        let revision = "0123456789abcdef0123456789abcdef01234567";
        let time = "2024-01-02T03:04:05Z";
        assert_eq!(of("a.b/c", revision, time).as_deref(), Some("v0.0.0-20240102030405-0123456789ab"));
        assert_eq!(of("a.b/c/v3", revision, time).as_deref(), Some("v3.0.0-20240102030405-0123456789ab"));
        assert_eq!(of("a.b/c", "0123", time), None);
        assert_eq!(of("a.b/c", revision, "yesterday"), None);
    }
}
