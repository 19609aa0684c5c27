//! How kept paths look in the hardened image: modes, owners, directories that must exist.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_finding::{Level, harden};
use plimsoll_tree::{Node, NodeKind};

use crate::closure::Closure;
use crate::deny;
use crate::linker::parent;
use crate::plan::{Kept, Plan, PlanInput, Rule};

/// What a kept node becomes: no setuid or setgid, nothing anybody may write, readable by the runtime user.
pub(crate) fn kept(node: &Node, rule: Rule, via: &str, input: &PlanInput<'_>, open: bool) -> Kept {
    let mut mode = node.mode & 0o1777;
    let is_link = matches!(node.kind, NodeKind::Symlink { .. });
    if mode & 0o002 != 0 && mode & 0o1000 == 0 && !is_link {
        mode &= !0o002;
    }
    let (mut uid, mut gid) = (node.uid, node.gid);
    if open {
        // A service user's file: the runtime user takes its group's place and may read what the owner could.
        mode |= (mode & 0o500) >> 3;
        (uid, gid) = (0, input.runtime.gid);
        mode &= !0o022;
    }
    Kept { rule, via: via.to_owned(), mode, uid, gid }
}

/// Kept paths the runtime user could not read and that belonged to a service user: they change hands. Those of root that
/// are closed to everybody else are reported.
pub(crate) fn unreadable(closure: &mut Closure<'_, '_>) -> BTreeSet<String> {
    let (uid, gid) = (closure.input.runtime.uid, closure.input.runtime.gid);
    let tree = closure.input.tree;
    let mut out = BTreeSet::new();
    let mut closed = Vec::new();
    let mut paths: BTreeSet<String> = closure.kept.keys().cloned().collect();
    for path in closure.kept.keys() {
        let mut dir = parent(path);
        while dir != "/" && paths.insert(dir.to_owned()) {
            dir = parent(dir);
        }
    }
    for path in paths {
        let Some(node) = tree.get(&path) else { continue };
        let bits = match node.kind {
            NodeKind::Directory => 0o5,
            NodeKind::File { .. } => 0o4,
            _ => continue,
        };
        let readable = |shift: u32| (node.mode >> shift) & bits == bits;
        let can = if node.uid == uid {
            readable(6)
        } else if node.gid == gid {
            readable(3)
        } else {
            readable(0)
        };
        if can {
            continue;
        }
        if node.uid != 0 || node.gid != 0 && readable(3) && !deny::below(&path, "/root") {
            out.insert(path);
        } else if let Some(reason) = closure.kept.get(&path) {
            closed.push((path, reason.clone(), node.mode));
        }
    }
    for (path, reason, mode) in closed {
        let needed = matches!(reason.rule, Rule::Seed | Rule::Elf | Rule::Script | Rule::Link);
        let message =
            format!("{path} (mode {mode:04o}, owner root) is kept for {} and closed to uid {uid}", reason.via);
        let finding = closure.found(harden::UNREADABLE_BY_USER, Some(&path), message);
        if !needed {
            finding.level = Level::Warning;
        }
    }
    out
}

/// Directories that must exist: mount points, the working directory, a home.
pub(crate) fn directories(input: &PlanInput<'_>, plan: &Plan) -> Vec<(String, u32, u32, u32)> {
    let mut out = Vec::new();
    let (uid, gid) = (input.runtime.uid, input.runtime.gid);
    for (path, mode) in [
        ("/tmp", 0o1777),
        ("/var/tmp", 0o1777),
        ("/run", 0o755),
        ("/proc", 0o555),
        ("/sys", 0o555),
        ("/dev", 0o755),
        ("/root", 0o700),
    ] {
        out.push((path.to_owned(), mode, 0, 0));
    }
    out.push(("/home/nonroot".to_owned(), 0o755, uid, gid));
    for writable in &plan.writable {
        let real = input.tree.resolve(&writable.path).unwrap_or_else(|| writable.path.clone());
        let (uid, gid) = if writable.mode & 0o1000 != 0 { (0, 0) } else { (uid, gid) };
        out.push((real, writable.mode, uid, gid));
    }
    let work = input.config.container.working_dir.trim_end_matches('/');
    if work.starts_with('/') && !work.contains("/../") && !work.ends_with("/..") {
        let real = input.tree.resolve(work).unwrap_or_else(|| work.to_owned());
        if !plan.kept.contains_key(&real) {
            out.push((real, 0o755, 0, 0));
        }
    }
    out.retain(|(p, ..)| {
        !matches!(input.tree.get(p).map(|n| &n.kind), Some(NodeKind::Symlink { .. } | NodeKind::File { .. }))
    });
    out
}

/// Every directory above a kept path, with the mode it had.
pub(crate) fn parents(plan: &mut Plan, input: &PlanInput<'_>) {
    let mut missing = BTreeMap::new();
    for path in plan.kept.keys() {
        let mut dir = parent(path);
        while dir != "/" && !plan.kept.contains_key(dir) && !missing.contains_key(dir) {
            let node = input.tree.get(dir);
            let readable = node.is_some_and(|n| n.mode & 0o005 == 0o005 || n.uid == 0);
            let entry = match node {
                Some(node) => kept(node, Rule::Link, path, input, !readable),
                None => Kept { rule: Rule::Link, via: path.clone(), mode: 0o755, uid: 0, gid: 0 },
            };
            missing.insert(dir.to_owned(), entry);
            dir = parent(dir);
        }
    }
    plan.kept.extend(missing);
}

/// Compiled Python stays only beside its source (it would be ignored, or hide that the source is gone).
pub(crate) fn drop_dead_bytecode(plan: &mut Plan) {
    let dead: Vec<String> = plan
        .kept
        .keys()
        .filter(|p| p.ends_with(".pyc"))
        .filter(|p| {
            let Some((dir, name)) = p.rsplit_once("/__pycache__/") else { return false };
            let stem = name.split('.').next().unwrap_or(name);
            !plan.kept.contains_key(&format!("{dir}/{stem}.py"))
        })
        .cloned()
        .collect();
    for path in dead {
        plan.kept.remove(&path);
        plan.application.remove(&path);
    }
}
