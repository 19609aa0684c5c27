//! What was found about the image and about the plan, and both in numbers.

use std::collections::BTreeSet;

use plimsoll_finding::{Finding, Location, harden};
use plimsoll_tree::NodeKind;

use crate::HardenError;
use crate::closure::Closure;
use crate::deny::{self, Class};
use crate::plan::{Fate, PackageFate, Plan, PlanInput, Stats};
use crate::units;

/// Findings about the image as it came.
pub(crate) fn before(closure: &mut Closure<'_, '_>) -> Result<(), HardenError> {
    let facts = crate::inspect::look(closure.input.tree);
    let config = &closure.input.config.container;
    if crate::inspect::is_root(&config.user, closure.input.tree, closure.reader)? {
        let named = if config.user.is_empty() { "no user".to_owned() } else { format!("user '{}'", config.user) };
        closure.found(harden::ROOT_USER, None, format!("the image's configuration names {named}"));
    }
    let some = |list: &[String]| list.iter().take(20).cloned().collect::<Vec<_>>();
    if !facts.shells.is_empty() {
        let message = format!("the image carries {} shells", facts.shells.len());
        closure.found(harden::SHELL_PRESENT, None, message).evidence = some(&facts.shells);
    }
    if !facts.package_managers.is_empty() {
        let message = format!("the image carries {} programs of package managers", facts.package_managers.len());
        closure.found(harden::PACKAGE_MANAGER_PRESENT, None, message).evidence = some(&facts.package_managers);
    }
    if !facts.setuid.is_empty() {
        let message = format!("the image carries {} setuid or setgid files", facts.setuid.len());
        closure.found(harden::SETUID_FILES, None, message).evidence = some(&facts.setuid);
    }
    if !facts.world_writable.is_empty() {
        let message = format!("{} paths of the image may be written by anybody", facts.world_writable.len());
        closure.found(harden::WORLD_WRITABLE, None, message).evidence = some(&facts.world_writable);
    }
    for path in &facts.capabilities {
        closure.found(
            harden::FILE_CAPABILITIES,
            Some(path),
            format!("{path} carries file capabilities, which are removed"),
        );
    }
    Ok(())
}

/// Findings about the plan itself.
pub(crate) fn after(plan: &mut Plan, input: &PlanInput<'_>) {
    let image = |path: Option<&str>| Location::Image { image: input.image.to_owned(), path: path.map(str::to_owned) };
    for undecided in &plan.undecided {
        let message =
            format!("{} names {} ({} bytes), which was left out", undecided.named_by, undecided.path, undecided.size);
        plan.findings.push(Finding::new(harden::UNDECIDED_DATA, image(Some(&undecided.path)), message));
    }
    let (before, after) = (plan.stats.bytes_before, plan.stats.bytes_after);
    if after.saturating_mul(20) > before.saturating_mul(19) {
        let message = format!("{before} bytes of files become {after}");
        plan.findings.push(Finding::new(harden::SMALL_SAVING, image(None), message));
    }
}

pub(crate) fn packages(
    plan: &Plan,
    input: &PlanInput<'_>,
    owners: &units::Units<'_>,
    listed: &BTreeSet<usize>,
) -> Vec<PackageFate> {
    let mut out = Vec::new();
    for (index, package) in input.catalog.packages.iter().enumerate() {
        let files = owners.files(index);
        let after = files.iter().filter(|f| plan.kept.contains_key(*f)).count();
        let functional = |f: &&String| input.tree.get(f).is_some_and(|n| deny::class(f, n, true).is_none());
        let whole = files.iter().filter(functional).all(|f| plan.kept.contains_key(f));
        let fate = if !listed.contains(&index) {
            Fate::Removed
        } else if whole {
            Fate::Kept
        } else {
            Fate::Partly
        };
        out.push(PackageFate {
            ecosystem: package.ecosystem,
            name: package.name.clone(),
            version: package.version.clone(),
            fate,
            files_before: files.len(),
            files_after: after,
        });
    }
    out
}

pub(crate) fn stats(plan: &Plan, input: &PlanInput<'_>, listed: &BTreeSet<usize>) -> Stats {
    let tree = input.tree;
    let bytes = |keep: &dyn Fn(&str) -> bool| {
        let mut seen = BTreeSet::new();
        tree.iter()
            .filter(|(p, _)| keep(p))
            .filter_map(
                |(_, n)| if let NodeKind::File { size, content } = n.kind { Some((content, size)) } else { None },
            )
            .filter(|(content, _)| seen.insert(*content))
            .fold(0u64, |sum, (_, size)| sum.saturating_add(size))
    };
    let written: u64 = plan.written.values().map(|w| w.bytes.len() as u64).sum();
    let before = crate::inspect::look(tree);
    let is_file = |p: &str| tree.get(p).is_none_or(|n| !matches!(n.kind, NodeKind::Directory));
    let recorded = |i: &usize| input.catalog.packages.get(*i).is_some_and(|p| units::has_records(p.ecosystem));
    Stats {
        bytes_before: bytes(&|_| true),
        bytes_after: bytes(&|p| plan.kept.contains_key(p) && !plan.written.contains_key(p)).saturating_add(written),
        files_before: tree.iter().filter(|(p, _)| is_file(p)).count(),
        files_after: plan
            .kept
            .keys()
            .filter(|p| is_file(p) && (tree.get(p).is_some() || plan.written.contains_key(*p)))
            .count(),
        packages_before: input.catalog.packages.len(),
        packages_after: listed.iter().filter(|i| recorded(i)).count(),
        setuid_before: before.setuid.len(),
        setuid_after: plan.kept.values().filter(|k| k.mode & 0o6000 != 0).count(),
        shells_before: before.shells.len(),
        shells_after: plan.kept.keys().filter(|p| deny::tool(p) == Some(Class::Shell)).count(),
    }
}
