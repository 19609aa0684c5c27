//! Globs over absolute paths: `*` and `?` within a part, `**` across parts.

/// Whether `path` matches `pattern`. A pattern that ends in `/**` matches the directory itself too. Time is bounded by
/// the product of the two lengths.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    if pattern.strip_suffix("/**").is_some_and(|dir| matches(dir, path)) {
        return true;
    }
    let (pattern, path) = (pattern.as_bytes(), path.as_bytes());
    // One row per pattern position, the set of path positions it can stand at.
    let mut at = vec![false; path.len() + 1];
    at[0] = true;
    let mut i = 0;
    while i < pattern.len() {
        let mut next = vec![false; path.len() + 1];
        if pattern[i] == b'*' {
            let across = pattern.get(i + 1) == Some(&b'*');
            i += if across { 2 } else { 1 };
            let mut open = false;
            for j in 0..=path.len() {
                open |= at[j];
                next[j] = open;
                if open && !across && path.get(j) == Some(&b'/') {
                    open = false;
                }
            }
            // `/a/**/b` matches `/a/b`: the slash after `**` may be the one before it.
            if across && pattern.get(i) == Some(&b'/') {
                for j in 1..=path.len() {
                    if at[j] && path[j - 1] == b'/' {
                        next[j - 1] = true;
                    }
                }
            }
        } else {
            for j in 0..path.len() {
                next[j + 1] = at[j] && (pattern[i] == path[j] || (pattern[i] == b'?' && path[j] != b'/'));
            }
            i += 1;
        }
        at = next;
    }
    at[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_depths() {
        for (pattern, path) in [
            ("/usr/share/zoneinfo/**", "/usr/share/zoneinfo"),
            ("/usr/share/zoneinfo/**", "/usr/share/zoneinfo/Europe/Rome"),
            ("/a/*.so", "/a/x.so"),
            ("/a/**/b", "/a/b"),
            ("/a/**/b", "/a/x/y/b"),
            ("/**/*.pyc", "/x/y.pyc"),
            ("/a?c", "/abc"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in
            [("/a/*.so", "/a/b/x.so"), ("/a/**", "/ab"), ("/a?c", "/a/c"), ("/a", "/a/b"), ("/a/**/b", "/a/xb")]
        {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
