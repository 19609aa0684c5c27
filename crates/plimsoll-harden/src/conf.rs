//! References in configuration files (rule R8).

use plimsoll_tree::{NodeKind, Tree};

use crate::glob;
use crate::linker::parent;

/// Bytes of one configuration file that are read.
const MAX_CONF: usize = 1 << 20;
/// Tokens taken from one file.
const MAX_TOKENS: usize = 20_000;

/// Whether `path` looks like a configuration file worth reading for references.
pub(crate) fn is_conf(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, e)| e);
    path.starts_with("/etc/")
        || matches!(extension, Some("conf" | "cnf" | "ini" | "cfg" | "yaml" | "yml" | "toml" | "properties" | "load"))
}

/// What a configuration file refers to: absolute paths and globs as written, and `load_module`-like relative paths.
pub(crate) fn references(bytes: &[u8]) -> Vec<String> {
    let bytes = &bytes[..bytes.len().min(MAX_CONF)];
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let mut out = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with('#') || line.starts_with(';') || line.starts_with("//") {
            continue;
        }
        let line = line.split(" #").next().unwrap_or(line);
        let mut directive = "";
        for (i, token) in
            line.split([' ', '\t', '"', '\'', '=', ',', ';', ':', '(', ')', '{', '}', '<', '>']).enumerate()
        {
            if i == 0 {
                directive = token;
            }
            let relative = matches!(
                directive,
                "include" | "load_module" | "LoadModule" | "Include" | "IncludeOptional" | "extension"
            );
            let wanted = token.len() > 1
                && token.len() < 1_024
                && (token.starts_with('/') || (i > 0 && relative && token.contains(['/', '.'])));
            if wanted && !token.contains('$') && out.len() < MAX_TOKENS {
                out.push(token.to_owned());
            }
        }
    }
    out
}

/// Ports below 1024 that a server's configuration listens on: `listen` of nginx, `Listen` of Apache.
pub(crate) fn low_ports(bytes: &[u8]) -> std::collections::BTreeSet<u16> {
    let bytes = &bytes[..bytes.len().min(MAX_CONF)];
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let port = |line: &str| {
        let value = line.trim_start().strip_prefix("listen").or_else(|| line.trim_start().strip_prefix("Listen"))?;
        let value = value.strip_prefix([' ', '\t'])?.trim_start().split([' ', '\t', ';']).next()?;
        let number = value.rsplit(':').next()?;
        number.parse::<u16>().ok().filter(|p| (1..1024).contains(p))
    };
    text.lines().take(MAX_TOKENS).filter_map(port).collect()
}

/// How many paths expanding a pattern looks at.
pub(crate) fn effort(tree: &Tree, pattern: &str) -> usize {
    if !pattern.contains(['*', '?']) {
        return 1;
    }
    let dir = parent(pattern);
    let looked =
        if dir.contains(['*', '?']) { tree.len() } else { tree.resolve(dir).map_or(0, |d| tree.under(&d).count()) };
    looked.saturating_mul(1 + pattern.len() / 8)
}

/// Paths of the tree that a pattern over one directory level names (`/etc/x/*.conf`). Links in the directory part are
/// followed. A pattern without a wildcard gives itself if it is there.
pub(crate) fn expand_glob(tree: &Tree, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?']) {
        return tree.resolve(pattern).map(|_| vec![pattern.to_owned()]).unwrap_or_default();
    }
    let (dir, name) = (parent(pattern), pattern.rsplit('/').next().unwrap_or_default());
    if dir.contains(['*', '?']) {
        return tree.iter().filter(|(p, _)| glob::matches(pattern, p)).map(|(p, _)| p.to_owned()).collect();
    }
    let Some(real) = tree.resolve(dir) else { return Vec::new() };
    tree.children(&real)
        .filter(|(_, n)| !matches!(n.kind, NodeKind::Directory))
        .filter(|(p, _)| glob::matches(name, p.rsplit('/').next().unwrap_or_default()))
        .map(|(p, _)| p.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_ports_are_seen() {
        let ports = low_ports(b"listen 80 default_server;\n  listen [::]:443 ssl;\n# listen 22\nListen 0.0.0.0:81\nlisten 8080;\nlisten unix:/x;\n");
        assert_eq!(ports.into_iter().collect::<Vec<_>>(), [80, 81, 443]);
    }

    #[test]
    fn finds_includes_modules_and_paths() {
        let found = references(
            b"# include /not/this\nuser www-data;\npid /run/nginx.pid;\ninclude /etc/nginx/modules-enabled/*.conf;\n\
              load_module modules/ngx_http_echo_module.so;\n  root \"/var/www/html\"; # x\n key=/a/b:/c/d\n a $doc/x;\n",
        );
        assert_eq!(
            found,
            [
                "/run/nginx.pid",
                "/etc/nginx/modules-enabled/*.conf",
                "modules/ngx_http_echo_module.so",
                "/var/www/html",
                "/a/b",
                "/c/d"
            ]
        );
    }
}
