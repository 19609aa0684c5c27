//! Where Node.js loads packages from.

/// Directories inside `node_modules` in which package managers keep packages once, to link them from where they are
/// needed: pnpm, Bun, npm's `linked` strategy and Yarn's `pnpm` linker, Deno.
const STORES: &[&str] = &[".pnpm", ".bun", ".store", ".deno"];

/// The modules directory that holds `dir` directly, and the name that `dir` has in it.
pub(super) fn module(dir: &str) -> Option<(&str, &str)> {
    let (parent, last) = dir.rsplit_once('/')?;
    let (modules, name) = match parent.rsplit_once('/') {
        Some((above, scope)) if scope.len() > 1 && scope.starts_with('@') => (above, dir.get(above.len() + 1..)?),
        _ => (parent, last),
    };
    let plain = !last.is_empty() && !last.starts_with(['.', '@']);
    (plain && is_modules(modules)).then_some((modules, name))
}

fn is_modules(dir: &str) -> bool {
    last(dir) == "node_modules" || is_debian(dir)
}

/// Debian's own modules directories: `/usr/share/nodejs`, `/usr/lib/nodejs`, `/usr/lib/x86_64-linux-gnu/nodejs`.
pub(super) fn is_debian(dir: &str) -> bool {
    let Some(above) = dir.strip_suffix("/nodejs") else { return false };
    above.ends_with("/usr/share")
        || above.ends_with("/usr/lib")
        || above.rsplit_once('/').is_some_and(|(lib, triplet)| lib.ends_with("/usr/lib") && triplet.contains("-linux-"))
}

/// Whether a package lies in `dir` for Node.js to find: directly in a modules directory, whose own holder is either
/// outside of all modules directories or such a package itself.
pub(super) fn is_installed(dir: &str) -> bool {
    let mut dir = dir;
    // Each turn takes at least two components away.
    loop {
        let Some((modules, _)) = module(dir) else { return false };
        let holder = parent(modules);
        if !is_inside(holder) || (is_debian(modules) && !is_inside(parent(holder))) {
            return true;
        }
        // `node_modules/.pnpm/<key>/node_modules/<name>`
        let store = parent(holder);
        if STORES.contains(&last(store)) && last(parent(store)) == "node_modules" {
            let owner = parent(parent(store));
            if !is_inside(owner) {
                return true;
            }
            dir = owner;
        } else {
            dir = holder;
        }
    }
}

/// Whether `dir` lies somewhere in a modules directory, or is one.
pub(super) fn is_inside(dir: &str) -> bool {
    let mut at = dir;
    while !at.is_empty() {
        if is_modules(at) {
            return true;
        }
        at = parent(at);
    }
    false
}

/// Packages that package managers keep elsewhere and run from there, by where they lie and what they are called.
pub(super) fn is_kept(dir: &str, name: &str, version: &str) -> bool {
    if version.is_empty() {
        return false;
    }
    // The official images unpack Yarn into /opt.
    if name == "yarn" && last(dir).strip_prefix("yarn-v") == Some(version) {
        return true;
    }
    // Yarn's linker named pnpm: `node_modules/.store/<key>/package`.
    if last(dir) == "package" {
        let store = parent(parent(dir));
        return last(store) == ".store" && last(parent(store)) == "node_modules";
    }
    // Corepack and Deno: `<cache>/<name>/<version>`.
    let caches = ["/corepack/", "/deno/npm/"];
    last(dir) == version
        && parent(dir)
            .strip_suffix(name)
            .is_some_and(|above| above.ends_with('/') && caches.iter().any(|c| above.contains(c)))
}

pub(super) fn parent(dir: &str) -> &str {
    dir.rsplit_once('/').map_or("", |(above, _)| above)
}

fn last(dir: &str) -> &str {
    dir.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_or_not() {
        for (dir, expected) in [
            ("/app/node_modules/a", true),
            ("/app/node_modules/@s/a", true),
            ("/node_modules/a", true),
            ("/app/node_modules/a/node_modules/b", true),
            ("/app/node_modules/@s/a/node_modules/@t/b", true),
            ("/app/node_modules/.pnpm/a@1.0.0/node_modules/a", true),
            ("/app/node_modules/.pnpm/a@1.0.0/node_modules/@s/b/node_modules/c", true),
            ("/app/node_modules/.store/a@1.0.0/node_modules/a", true),
            ("/usr/share/nodejs/a", true),
            ("/usr/share/nodejs/@s/a", true),
            ("/usr/share/nodejs/a/node_modules/b", true),
            ("/mnt/usr/share/nodejs/a", true),
            ("/usr/lib/x86_64-linux-gnu/nodejs/a", true),
            ("/app/node_modules", false),
            ("/app", false),
            ("/app/node_modules/@s", false),
            ("/app/node_modules/.bin", false),
            ("/app/node_modules/.cache/x", false),
            ("/app/node_modules/.vite/deps", false),
            ("/app/node_modules/a/dist", false),
            ("/app/node_modules/@s/a/dist", false),
            ("/app/node_modules/a/test/node_modules/b", false),
            ("/app/node_modules/a/test/node_modules/b/node_modules/c", false),
            ("/usr/share/nodejs/a/dist", false),
            ("/usr/share/nodejs/a/test/node_modules/b", false),
            ("/app/node_modules/x/usr/share/nodejs/a", false),
            ("/share/nodejs/a", false),
            ("", false),
        ] {
            assert_eq!(is_installed(dir), expected, "{dir}");
        }
    }

    #[test]
    fn kept_elsewhere() {
        assert!(is_kept("/opt/yarn-v1.22.22", "yarn", "1.22.22"));
        assert!(is_kept("/root/.cache/node/corepack/v1/pnpm/9.0.0", "pnpm", "9.0.0"));
        assert!(is_kept("/deno-dir/deno/npm/registry.npmjs.org/@s/a/1.0.0", "@s/a", "1.0.0"));
        assert!(is_kept("/app/node_modules/.store/a-npm-1.0.0-ab/package", "a", "1.0.0"));
        assert!(!is_kept("/opt/yarn-v1.22.22/lib", "yarn", "1.22.22"));
        assert!(!is_kept("/x/a/1.0.0", "a", "1.0.0"));
    }
}
