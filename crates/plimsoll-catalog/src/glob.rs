//! Patterns over paths.

/// Matches an absolute path against a pattern of components: `*` stands for anything inside one, `**` for any number of
/// them. Gives the root: what a leading `**` stood for, the shortest possible; empty where there is none.
pub(crate) fn root<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let Some(rest) = pattern.strip_prefix("**/") else {
        let pattern = pattern.trim_start_matches('/');
        return components(pattern, path.trim_start_matches('/')).then_some("");
    };
    if !rest.contains("**") {
        // As many components from the end as the pattern has.
        let count = rest.bytes().filter(|&b| b == b'/').count();
        let mut start = path.len();
        for _ in 0..=count {
            start = path[..start].rfind('/').or((start > 0).then_some(0))?;
        }
        let root = &path[..start];
        return components(rest, path[start..].trim_start_matches('/')).then_some(root);
    }
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at));
    let mut last = usize::MAX;
    for at in starts {
        if at != last && components(rest, path[at..].trim_start_matches('/')) {
            return Some(&path[..at]);
        }
        last = at;
    }
    None
}

/// Both without a leading slash.
fn components(pattern: &str, path: &str) -> bool {
    let (head, rest) = pattern.split_once('/').map_or((pattern, None), |(h, r)| (h, Some(r)));
    if head == "**" {
        let Some(rest) = rest else { return true };
        let mut path = path;
        loop {
            if components(rest, path) {
                return true;
            }
            match path.split_once('/') {
                Some((_, below)) => path = below,
                None => return false,
            }
        }
    }
    let (name, below) = path.split_once('/').map_or((path, None), |(n, b)| (n, Some(b)));
    component(head.as_bytes(), name.as_bytes())
        && match (rest, below) {
            (None, None) => true,
            (Some(rest), Some(below)) => components(rest, below),
            _ => false,
        }
}

/// One component against a pattern with stars, without recursion: the last star takes one byte more at each failure.
pub(crate) fn component(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((after, at)) = retry {
            retry = Some((after, at + 1));
            p = after;
            n = at + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        for (pattern, path, expected) in [
            ("**/var/lib/dpkg/status", "/var/lib/dpkg/status", Some("")),
            ("**/var/lib/dpkg/status", "/opt/root/var/lib/dpkg/status", Some("/opt/root")),
            ("**/var/lib/dpkg/status", "/notvar/lib/dpkg/status", None),
            ("**/var/lib/dpkg/status", "/lib/dpkg/status", None),
            ("**/lib/dpkg/status.d/*", "/var/lib/dpkg/status.d/base", Some("/var")),
            ("**/usr/share/doc/*/copyright", "/usr/share/doc/bash/copyright", Some("")),
            ("**/usr/share/doc/*/copyright", "/usr/share/doc/copyright", None),
            ("**/*.jar", "/a.jar", Some("")),
            ("**/*.jar", "/x/y/a.jar", Some("/x/y")),
            ("**/a/**/b", "/r/a/b", Some("/r")),
            ("**/a/**/b", "/a/x/y/b", Some("")),
            ("**/a/**/b", "/a/x/y/c", None),
            ("/opt/bitnami/**/.spdx-*.spdx", "/opt/bitnami/x/.spdx-x.spdx", Some("")),
            ("/opt/bitnami/**/.spdx-*.spdx", "/y/opt/bitnami/x/.spdx-x.spdx", None),
            ("**/python*", "/usr/bin/python3.11", Some("/usr/bin")),
            ("**/x", "", None),
            ("**/x", "x", Some("")),
            ("**/x", "./x", Some("")),
        ] {
            assert_eq!(root(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn stars_are_linear() {
        assert!(component(b"*a*b*", b"xxaxxbxx") && !component(b"*a*b", b"ab c"));
        let long = vec![b'a'; 100_000];
        assert!(!component(b"*a*a*a*a*b", &long));
        assert!(component(b"", b"") && component(b"**", b"") && !component(b"", b"x"));
    }
}
