//! The plan: what a hardened image keeps, leaves out and changes, and why. Plain data; nothing has happened yet.

use std::collections::BTreeMap;

use plimsoll_catalog::{Catalog, Ecosystem};
use plimsoll_finding::Finding;
use plimsoll_intent::{ClosureRule, RuntimeRule};
use plimsoll_tree::{Contents, Tree};
use plimsoll_workload::Workload;
use serde_json::{Map, Value};

use crate::deny::Class;

/// What hardening is decided from.
pub struct PlanInput<'a> {
    /// The image as the user gave it, for findings.
    pub image: &'a str,
    /// Names under which the workloads call this image (`registry/repository`, tag and digest ignored). Empty: every
    /// container of the workloads is taken to use it.
    pub references: &'a [String],
    /// The merged tree.
    pub tree: &'a Tree,
    /// Its files. Every regular file must be held: what is not looked at could hide what it needs.
    pub contents: &'a dyn Contents,
    /// Its packages.
    pub catalog: &'a Catalog,
    /// Its configuration.
    pub config: &'a plimsoll_oci::Config,
    /// How it shall run.
    pub runtime: &'a RuntimeRule,
    /// What is kept and dropped beyond the closure.
    pub closure: &'a ClosureRule,
    /// The workloads that use it: their commands, probes and hooks are seeds.
    pub workloads: &'a [Workload],
}

/// The rule that kept a path. Numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// R0: the process, a probe or a hook.
    Seed,
    /// R1: a symbolic link on the way, or a directory above.
    Link,
    /// R2: an ELF file asks the loader for it.
    Elf,
    /// R3: opened at run time by a library that is kept.
    Dlopen,
    /// R4: an interpreter.
    Script,
    /// R5: a package kept as a unit.
    Unit,
    /// R7: data every process may ask for, or data named by path in a program.
    Data,
    /// R8: a configuration file refers to it.
    Configuration,
    /// R9: no package owns it, so it is the application.
    Application,
    /// R10: a `closure.keep` line.
    Decided,
    /// R11: licence text.
    Licence,
    /// R12: the record of a package that is kept.
    Metadata,
    /// R14: an empty directory to mount on.
    Writable,
}

impl Rule {
    /// The rule's number as documents name it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Seed => "R0",
            Self::Link => "R1",
            Self::Elf => "R2",
            Self::Dlopen => "R3",
            Self::Script => "R4",
            Self::Unit => "R5",
            Self::Data => "R7",
            Self::Configuration => "R8",
            Self::Application => "R9",
            Self::Decided => "R10",
            Self::Licence => "R11",
            Self::Metadata => "R12",
            Self::Writable => "R14",
        }
    }
}

/// A path that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which rule kept it.
    pub rule: Rule,
    /// What asked for it: a path, a package, a document line.
    pub via: String,
    /// Permission bits it gets; setuid and setgid are gone.
    pub mode: u32,
    /// Owner it gets.
    pub uid: u32,
    /// Group it gets.
    pub gid: u32,
}

/// A file whose bytes hardening writes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What it is for.
    pub why: &'static str,
}

/// A path that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Why.
    pub class: Class,
    /// Size in bytes, for regular files.
    pub size: u64,
    /// The kept path that asked for it, when one did.
    pub wanted_by: Option<String>,
}

/// Data a program names by path, too big to keep unasked. It is dropped until a keep or drop line decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The directory.
    pub path: String,
    /// Its size.
    pub size: u64,
    /// The program that names it.
    pub named_by: String,
}

/// A directory the process writes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Writable {
    /// The directory.
    pub path: String,
    /// Its permission bits in the image.
    pub mode: u32,
    /// Why it is writable.
    pub why: String,
}

/// One field of the image configuration that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The field, `User`.
    pub field: &'static str,
    /// Before, as JSON text; `null` if absent.
    pub before: String,
    /// After; `null` if removed.
    pub after: String,
    /// Why.
    pub why: String,
}

/// How much of a package is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// All but documentation and the like.
    Kept,
    /// Some files.
    Partly,
    /// Nothing but, perhaps, its licence.
    Removed,
}

impl Fate {
    /// Lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Partly => "partly kept",
            Self::Removed => "removed",
        }
    }
}

/// What becomes of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFate {
    /// The package manager.
    pub ecosystem: Ecosystem,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// How much is left. A partly kept package stays listed: scanners over-report rather than miss.
    pub fate: Fate,
    /// Files before.
    pub files_before: usize,
    /// Files after.
    pub files_after: usize,
}

/// Before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of regular files, hard links once.
    pub bytes_before: u64,
    /// The same, after.
    pub bytes_after: u64,
    /// Paths that are not directories.
    pub files_before: usize,
    /// The same, after.
    pub files_after: usize,
    /// Packages the image's records list.
    pub packages_before: usize,
    /// The same, after.
    pub packages_after: usize,
    /// Files with a setuid or setgid bit.
    pub setuid_before: usize,
    /// The same, after.
    pub setuid_after: usize,
    /// Shells, under all their names.
    pub shells_before: usize,
    /// The same, after.
    pub shells_after: usize,
}

/// What hardening would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Paths that stay, with the rule and what asked.
    pub kept: BTreeMap<String, Kept>,
    /// Paths that go, with the class.
    pub dropped: BTreeMap<String, Dropped>,
    /// Files whose bytes are written anew; each is in `kept` too.
    pub written: BTreeMap<String, Written>,
    /// Paths that belong to the application layer; all other kept paths are the runtime layer.
    pub application: std::collections::BTreeSet<String>,
    /// Data nobody decided about.
    pub undecided: Vec<Undecided>,
    /// Writable directories, sorted.
    pub writable: Vec<Writable>,
    /// The process the hardened image starts.
    pub argv: Vec<String>,
    /// User id it runs as.
    pub uid: u32,
    /// Group id it runs as.
    pub gid: u32,
    /// The image configuration's fields after hardening, layers and history aside.
    pub config: Map<String, Value>,
    /// What changes in it.
    pub config_changes: Vec<ConfigChange>,
    /// What becomes of each package, sorted as the catalogue is.
    pub packages: Vec<PackageFate>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Before and after.
    pub stats: Stats,
}

/// Whether a sorted map holds anything strictly below a directory.
pub(crate) fn holds_below<T>(map: &BTreeMap<String, T>, dir: &str) -> bool {
    let prefix = format!("{}/", dir.trim_end_matches('/'));
    map.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
}

impl Plan {
    /// The findings that forbid applying the plan: the image would not run, or a denied file is needed. Findings about
    /// the image as it was (it runs as root) do not: the plan is their answer.
    pub fn stops(&self) -> Vec<&Finding> {
        use plimsoll_finding::harden as h;
        const STOPS: &[plimsoll_finding::Code] = &[
            h::ENTRY_NEEDS_SHELL,
            h::PRIVATE_KEY,
            h::ENTRY_NOT_FOUND,
            h::DENIED_NEEDED,
            h::DROP_OF_NEEDED,
            h::WRITABLE_NOT_EMPTY,
            h::UNREADABLE_BY_USER,
            plimsoll_finding::manifest::EXEC_NEEDS_SHELL,
        ];
        self.findings.iter().filter(|f| f.is_error() && STOPS.contains(&f.code)).collect()
    }

    /// The plan in numbers.
    pub fn summary(&self) -> Summary {
        let mut kept = BTreeMap::<&str, usize>::new();
        for k in self.kept.values() {
            *kept.entry(k.rule.id()).or_default() += 1;
        }
        let mut dropped = BTreeMap::<&str, (usize, u64)>::new();
        for d in self.dropped.values() {
            let entry = dropped.entry(d.class.name()).or_default();
            entry.0 += 1;
            entry.1 = entry.1.saturating_add(d.size);
        }
        let count = |fate| self.packages.iter().filter(|p| p.fate == fate).count();
        Summary {
            stats: self.stats,
            kept_by_rule: kept,
            dropped_by_class: dropped,
            packages_kept: count(Fate::Kept),
            packages_partly: count(Fate::Partly),
            packages_removed: count(Fate::Removed),
            changes: self.config_changes.len(),
            stopped: !self.stops().is_empty(),
        }
    }
}

/// A plan in numbers, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Before and after.
    pub stats: Stats,
    /// Paths kept, by rule number.
    pub kept_by_rule: BTreeMap<&'static str, usize>,
    /// Paths and bytes dropped, by class.
    pub dropped_by_class: BTreeMap<&'static str, (usize, u64)>,
    /// Packages kept whole.
    pub packages_kept: usize,
    /// Packages kept in part.
    pub packages_partly: usize,
    /// Packages gone.
    pub packages_removed: usize,
    /// Configuration fields changed.
    pub changes: usize,
    /// Whether something forbids applying it.
    pub stopped: bool,
}
