//! What to do about it, grouped by action.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_advisory::{Scheme, Vulnerability};

/// One upgrade and what it closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixAction {
    /// Source package to upgrade.
    pub source: String,
    /// Its version now.
    pub from: String,
    /// The smallest version that closes all of them.
    pub to: String,
    /// Binary packages built from it that are installed, sorted.
    pub packages: Vec<String>,
    /// Ids it closes, sorted.
    pub closes: Vec<String>,
    /// How many of these block.
    pub blocking: usize,
}

impl fmt::Display for FixAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.closes.len() == 1 { "y" } else { "ies" };
        write!(f, "upgrade {} to {}: closes {} vulnerabilit{s}", self.source, self.to, self.closes.len())?;
        if self.blocking > 0 {
            write!(f, ", {} of them blocking", self.blocking)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Group<'a> {
    to: Option<&'a str>,
    packages: BTreeSet<&'a str>,
    closes: BTreeSet<&'a str>,
    blocking: BTreeSet<&'a str>,
}

/// Groups what has a fix by source package and version.
pub(crate) fn plan<'a>(
    blocking: &'a [Vulnerability],
    others: impl Iterator<Item = &'a Vulnerability>,
) -> Vec<FixAction> {
    let mut groups: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    for (v, blocks) in blocking.iter().map(|v| (v, true)).chain(others.map(|v| (v, false))) {
        let Some(fixed) = v.fixed.as_deref() else { continue };
        let group = groups.entry((&v.namespace, &v.source_name, &v.source_version)).or_default();
        let higher = group.to.is_none_or(|to| {
            Scheme::of(&v.namespace).and_then(|s| s.compare(fixed, to).ok()).is_some_and(std::cmp::Ordering::is_gt)
        });
        if higher {
            group.to = Some(fixed);
        }
        group.packages.insert(&v.package);
        group.closes.insert(&v.id);
        if blocks {
            group.blocking.insert(&v.id);
        }
    }
    let own = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let action = |((_, source, from), g): ((&str, &str, &str), Group<'_>)| FixAction {
        source: source.to_owned(),
        from: from.to_owned(),
        to: g.to.unwrap_or_default().to_owned(),
        blocking: g.blocking.len(),
        packages: own(g.packages),
        closes: own(g.closes),
    };
    let mut actions: Vec<FixAction> = groups.into_iter().map(action).collect();
    actions.sort_by(|a, b| {
        (b.blocking, b.closes.len(), &a.source, &a.from).cmp(&(a.blocking, a.closes.len(), &b.source, &b.from))
    });
    actions
}
