//! Directories the process writes to (rule R14).

use std::collections::BTreeMap;

use plimsoll_finding::{Level, harden};
use plimsoll_tree::{NodeKind, Tree};

use crate::closure::Closure;
use crate::deny::{self, below};
use crate::linker::parent;
use crate::plan::Writable;

/// The directory that must be writable for a process to write to `path`, if its place says that it is written to.
fn directory_of(tree: &Tree, path: &str) -> Option<String> {
    if path.contains(['%', '*', '?', '$']) || path.contains("/../") {
        return None;
    }
    let path = path.strip_prefix("/var/run").map_or_else(|| path.to_owned(), |rest| format!("/run{rest}"));
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let is_directory = |p: &str| matches!(tree.lookup(p), Some((_, n)) if n.kind == NodeKind::Directory);
    match parts.as_slice() {
        ["var", kind @ ("lib" | "log" | "cache" | "spool"), name, rest @ ..] => {
            let dir = format!("/var/{kind}/{name}");
            (!rest.is_empty() || is_directory(&dir)).then_some(dir)
        }
        ["run", name] if name.contains('.') => Some("/run".to_owned()),
        ["run", name, _, ..] => Some(format!("/run/{name}")),
        _ => None,
    }
}

/// Whether a directory is a tool's own state rather than a service's.
fn system(dir: &str) -> bool {
    const SYSTEM: &[&str] = &[
        "/var/lib/dpkg",
        "/var/lib/apt",
        "/var/lib/apk",
        "/var/lib/systemd",
        "/var/lib/pam",
        "/var/lib/misc",
        "/var/lib/ucf",
        "/var/cache/apt",
        "/var/cache/debconf",
        "/var/cache/ldconfig",
        "/var/cache/nscd",
        "/var/log/apt",
        "/var/log/journal",
        "/var/lib/locales",
        "/var/cache/adduser",
        "/var/lib/nfs",
        "/var/lib/python",
        "/run/systemd",
        "/run/nscd",
        "/run/lock",
        "/run/user",
        "/run/utmp",
        "/run/udev",
        "/var/lib/dbus",
        "/var/spool/mail",
        "/var/spool/cron",
        "/run/secrets",
    ];
    SYSTEM.iter().any(|s| below(dir, s))
}

/// Every writable directory, with the reason; sorted by path.
pub(crate) fn find(closure: &mut Closure<'_, '_>) -> Vec<Writable> {
    let tree = closure.input.tree;
    // Path → (reason, whether a decision or the image itself demands it).
    let mut found: BTreeMap<String, (String, bool)> = BTreeMap::new();
    found.insert("/tmp".to_owned(), ("temporary files".to_owned(), false));
    for volume in &closure.input.config.container.volumes {
        let path = volume.trim_end_matches('/');
        if path.starts_with('/') && !path.contains("/../") && !path.ends_with("/..") {
            found.insert(path.to_owned(), ("the image declares it a volume".to_owned(), true));
        }
    }
    for (path, why) in &closure.input.runtime.writable {
        let path = path.trim_end_matches('/');
        if path.starts_with('/') {
            found.insert(path.to_owned(), (format!("decided: {why}"), true));
        }
    }
    for index in closure.units.taken() {
        let name = closure.units.name(index);
        for dir in closure.units.directories(index) {
            let parts = dir.matches('/').count();
            let state =
                ["/var/lib", "/var/log", "/var/cache", "/var/spool"].iter().any(|d| below(dir, d)) && parts == 3;
            if state && closure.units.is_private(dir) && !system(dir) {
                found.entry(dir.to_owned()).or_insert((format!("state directory of {name}"), false));
            }
        }
    }
    for (path, via) in &closure.named_paths {
        if let Some(dir) = directory_of(tree, path).filter(|d| !system(d)) {
            found.entry(dir).or_insert((format!("{via} names {path}"), false));
        }
    }
    let mut out = Vec::new();
    for (path, (why, demanded)) in found {
        let held: Vec<String> = below_in(&closure.kept, &path).filter(|k| is_file(tree, k)).cloned().collect();
        if !held.is_empty() {
            // A link to the standard streams is how logs leave the container: a mount would hide it.
            if held.iter().all(|k| to_stream(tree, k)) {
                continue;
            }
            let message =
                format!("{path} is written to ({why}) and holds {} files, which an empty mount would hide", held.len());
            let finding = closure.found(harden::WRITABLE_NOT_EMPTY, Some(&path), message);
            finding.evidence = held.into_iter().take(5).collect();
            if !demanded {
                finding.level = Level::Warning;
            }
            continue;
        }
        let mode = if path == "/tmp" || path == "/var/tmp" { 0o1777 } else { 0o755 };
        out.push(Writable { path, mode, why });
    }
    // A directory below a mounted one needs no mount of its own, unless it must exist inside it.
    let roots: std::collections::BTreeSet<String> = out.iter().map(|w| w.path.clone()).collect();
    let covered = |path: &str| {
        let mut dir = parent(path);
        while dir != "/" && !roots.contains(dir) {
            dir = parent(dir);
        }
        roots.contains(dir)
    };
    out.retain(|w| w.path.starts_with("/run/") || !covered(&w.path));
    out
}

fn below_in<'m, T>(map: &'m BTreeMap<String, T>, dir: &str) -> impl Iterator<Item = &'m String> + use<'m, T> {
    let prefix = format!("{dir}/");
    map.range(prefix.clone()..).map(|(path, _)| path).take_while(move |path| path.starts_with(&prefix))
}

fn is_file(tree: &Tree, path: &str) -> bool {
    tree.get(path).is_some_and(|n| !matches!(n.kind, NodeKind::Directory))
}

fn to_stream(tree: &Tree, path: &str) -> bool {
    tree.get(path).is_some_and(deny::is_stream_link)
}
