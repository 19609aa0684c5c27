//! The plan put together from the rules.

use std::collections::BTreeSet;

use plimsoll_finding::{Finding, Location, harden, manifest};
use plimsoll_tree::{Node, NodeKind};

use crate::closure::Closure;
use crate::deny::{self, Class, below};
use crate::plan::{Dropped, Kept, Plan, PlanInput, Rule, Written, holds_below};
use crate::read::Reader;
use crate::seed::{self, DEFAULT_PATH, Place, Seed};
use crate::shape::{directories, drop_dead_bytecode, kept, parents, unreadable};
use crate::tally::{after, before, packages, stats};
use crate::{HardenError, data, glob, image_config, metadata, secret, writable};

/// Decides what a hardened image keeps, drops and changes. Nothing is written. An image that hardening would break is no
/// error: the plan says so in its findings ([`Plan::stops`]).
pub fn plan(input: &PlanInput<'_>) -> Result<Plan, HardenError> {
    let reader = Reader::new(input.tree, input.contents);
    let seeds = seed::seeds(&input.config.container, input.workloads, input.references);
    let mut closure = Closure::new(input, &reader)?;
    closure.overridden = seed::overridden(input.workloads, input.references);
    closure.keep_decided();
    for seed in &seeds {
        closure.start(seed)?;
    }
    if !seeds.iter().any(|s| matches!(&s.place, Place::Image | Place::Manifest { main: true, .. })) {
        closure.found(harden::ENTRY_NOT_FOUND, None, "neither the image nor a manifest says what to start".to_owned());
    }
    closure.settle()?;
    data::keep(&mut closure);
    application(&mut closure);
    closure.settle()?;
    drop_decided(&mut closure);
    private_keys(&mut closure)?;
    let mut plan = Plan {
        uid: input.runtime.uid,
        gid: input.runtime.gid,
        argv: seeds.iter().find(|s| s.place == Place::Image).map(|s| s.argv.clone()).unwrap_or_default(),
        ..Plan::default()
    };
    plan.writable = writable::find(&mut closure);
    let listed = listed(&closure);
    licences(&mut closure, &listed);
    finish(closure, &seeds, &listed, &mut plan)?;
    Ok(plan)
}

/// Files that no package owns (rule R9): the application, unless they are state of the installed system.
fn application(closure: &mut Closure<'_, '_>) {
    let tree = closure.input.tree;
    let paths: Vec<(&str, &Node)> = tree.iter().collect();
    for (path, node) in paths {
        if closure.units.owner(path).is_some() || path == "/" {
            continue;
        }
        match node.kind {
            NodeKind::Directory => {
                // An empty directory of the application may be where it writes, or what it looks for.
                let empty = tree.children(path).next().is_none();
                if empty && closure.units.is_unowned(path) && !standard(path) && !state(path, node) {
                    closure.keep_node(path, Rule::Application, "no package owns it");
                }
            }
            _ if closure.kept.contains_key(path) || state(path, node) => {}
            _ => closure.keep_node(path, Rule::Application, "no package owns it"),
        }
    }
}

/// Directories every root has, empty or not.
fn standard(path: &str) -> bool {
    const STANDARD: &[&str] = &[
        "/bin",
        "/boot",
        "/home",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/media",
        "/mnt",
        "/opt",
        "/root",
        "/sbin",
        "/srv",
        "/var/opt",
        "/var/spool",
        "/var/local",
        "/var/lib",
    ];
    STANDARD.contains(&path) || below(path, "/usr") || below(path, "/etc")
}

fn state(path: &str, node: &Node) -> bool {
    deny::class(path, node, false).is_some() || deny::unowned_state(path, node)
}

/// `closure.drop` lines (rule R10). Members of the process's own closure are refused.
fn drop_decided(closure: &mut Closure<'_, '_>) {
    for line in &closure.input.closure.drop {
        for path in closure.matching(line) {
            let Some(reason) = closure.kept.get(&path).cloned() else { continue };
            let is_file = closure.input.tree.get(&path).is_some_and(|n| !matches!(n.kind, NodeKind::Directory));
            if is_file && matches!(reason.rule, Rule::Seed | Rule::Elf | Rule::Link | Rule::Script) {
                let message =
                    format!("{}:{} drops {path}, which {} needs", line.origin.document, line.origin.line, reason.via);
                closure.found(harden::DROP_OF_NEEDED, Some(&path), message);
            } else {
                closure.kept.remove(&path);
                closure.deny(
                    &path,
                    Class::Decided,
                    Some(&format!("{}:{} ({})", line.origin.document, line.origin.line, line.why)),
                );
            }
        }
    }
}

/// Private keys among what would stay: each stops the run unless a decision names it.
fn private_keys(closure: &mut Closure<'_, '_>) -> Result<(), HardenError> {
    let paths: Vec<String> = closure.kept.keys().cloned().collect();
    for path in paths {
        let Some(NodeKind::File { size, content }) = closure.input.tree.get(&path).map(|n| n.kind.clone()) else {
            continue;
        };
        if size == 0 || size > 1 << 20 || closure.is_forced(&path) {
            continue;
        }
        let bytes = closure.reader.content(&path, content)?;
        if let Some(kind) = secret::private_key(&path, &bytes) {
            closure.found(harden::PRIVATE_KEY, Some(&path), format!("{path} is {kind}"));
            closure.kept.remove(&path);
            closure.deny(&path, Class::PrivateKey, None);
        }
    }
    Ok(())
}

/// Packages of which something other than documentation stays.
fn listed(closure: &Closure<'_, '_>) -> BTreeSet<usize> {
    closure
        .kept
        .keys()
        .filter(|p| !below(p, "/usr/share/doc"))
        .filter(|p| closure.input.tree.get(p).is_some_and(|n| !matches!(n.kind, NodeKind::Directory)))
        .filter_map(|p| closure.units.owner(p))
        .chain(closure.units.pathless())
        .collect()
}

/// Copyright files of packages that stay.
fn licences(closure: &mut Closure<'_, '_>, listed: &BTreeSet<usize>) {
    for index in listed {
        let name = closure.units.name(*index).to_owned();
        let path = format!("/usr/share/doc/{name}/copyright");
        if let Some(real) = closure.input.tree.resolve(&format!("/usr/share/doc/{name}"))
            && closure.input.tree.get(&format!("{real}/copyright")).is_some()
        {
            closure.keep(&path, Rule::Licence, &name);
        }
    }
}

fn finish(
    mut closure: Closure<'_, '_>,
    seeds: &[Seed],
    listed: &BTreeSet<usize>,
    plan: &mut Plan,
) -> Result<(), HardenError> {
    let input = closure.input;
    let tree = input.tree;
    // The state of package managers is replaced by records of what stays.
    let records = metadata::records(tree, input.catalog, closure.reader, listed, &|p| closure.kept.contains_key(p))?;
    if !records.lost.is_empty() {
        let message = format!("no record was found for {} of the packages that stay", records.lost.len());
        closure.found(harden::METADATA_LOST, None, message).evidence = records.lost;
    }
    let unreadable = unreadable(&mut closure);
    let search = input.config.container.env_value("PATH").unwrap_or(DEFAULT_PATH).to_owned();
    let health_check = seeds.iter().filter(|s| s.place == Place::HealthCheck).all(|s| {
        let program = s.argv.first().and_then(|n| seed::program(tree, n, &search, "/")).and_then(|p| tree.resolve(&p));
        program.is_some_and(|p| closure.kept.contains_key(&p))
    });
    rewritten_commands(&mut closure, seeds);
    before(&mut closure)?;

    for (path, reason) in &closure.kept {
        let Some(node) = tree.get(path) else { continue };
        plan.kept.insert(path.clone(), kept(node, reason.rule, &reason.via, input, unreadable.contains(path)));
        let unowned = !matches!(node.kind, NodeKind::Directory) && closure.units.owner(path).is_none();
        // State that tools made for packages (certificate links, merged directories) belongs with the packages.
        let of_packages =
            below(path, "/etc") || state(path, node) || path.matches('/').count() == 1 && reason.rule == Rule::Link;
        if unowned && !of_packages && !matches!(reason.rule, Rule::Data | Rule::Metadata) {
            plan.application.insert(path.clone());
        }
    }
    let written = |bytes, why| Written { bytes, why };
    let read = |path: &str| closure.reader.read(path).map(Option::unwrap_or_default);
    plan.written.insert(
        "/etc/passwd".to_owned(),
        written(data::passwd(&read("/etc/passwd")?, input.runtime), "runtime user added"),
    );
    plan.written.insert(
        "/etc/group".to_owned(),
        written(data::group(&read("/etc/group")?, input.runtime), "runtime group added"),
    );
    plan.written.insert("/etc/hosts".to_owned(), written(Vec::new(), "mount point of the runtime"));
    for (path, bytes) in records.files {
        plan.written.insert(path, written(bytes, "package records of what stays"));
    }
    for path in plan.written.keys() {
        let rule = if path.starts_with("/etc/") { Rule::Data } else { Rule::Metadata };
        let entry = Kept { rule, via: "written by hardening".to_owned(), mode: 0o644, uid: 0, gid: 0 };
        plan.kept.insert(path.clone(), entry);
    }
    for (path, mode, uid, gid) in directories(input, plan) {
        let via = "a directory the process needs".to_owned();
        plan.kept.insert(path, Kept { rule: Rule::Writable, via, mode, uid, gid });
    }
    parents(plan, input);
    drop_dead_bytecode(plan);

    plan.dropped = closure.denied.into_iter().filter(|(p, _)| !plan.kept.contains_key(p)).collect();
    for (path, node) in tree.iter() {
        if !plan.kept.contains_key(path) && !plan.dropped.contains_key(path) && path != "/" {
            let size = if let NodeKind::File { size, .. } = node.kind { size } else { 0 };
            let class = deny::class(path, node, input.runtime.keep_shell).unwrap_or(Class::Unreached);
            plan.dropped.insert(path.to_owned(), Dropped { class, size, wanted_by: None });
        }
    }
    let facts = image_config::Facts {
        config: input.config,
        runtime: input.runtime,
        seeds,
        health_check,
        directory: &|d| tree.resolve(d).is_some_and(|r| holds_below(&plan.kept, &r)),
    };
    let (config, changes) = image_config::rewrite(&facts);
    (plan.config, plan.config_changes) = (config, changes);
    plan.undecided = closure.undecided;
    plan.undecided.retain(|u| !holds_below(&plan.kept, &u.path) && !decided(input, &u.path));
    plan.packages = packages(plan, input, &closure.units, listed);
    plan.stats = stats(plan, input, listed);
    plan.findings = closure.findings;
    after(plan, input);
    plan.findings.sort();
    plan.findings.dedup();
    Ok(())
}

fn decided(input: &PlanInput<'_>, path: &str) -> bool {
    input.closure.keep.iter().chain(&input.closure.drop).any(|l| glob::matches(&l.path, path))
}

/// Commands that lose their shell; those of manifests need a patch.
fn rewritten_commands(closure: &mut Closure<'_, '_>, seeds: &[Seed]) {
    for seed in seeds.iter().filter(|s| s.rewritten()) {
        if let Place::Manifest { object, field, .. } = &seed.place {
            let location = Location::Object { object: object.clone(), field: field.clone() };
            let message = format!("{} starts {:?} directly instead of through a shell", seed.label(), seed.argv);
            let finding = Finding::new(manifest::EXEC_REWRITTEN, location, message);
            closure.findings.push(finding.with_evidence(format!("{:?}", seed.original)));
        }
    }
}
