//! The static closure: from what is started, everything that start reaches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use plimsoll_finding::{Finding, Location, harden};
use plimsoll_intent::ClosureLine;
use plimsoll_tree::NodeKind;

use crate::deny::{self, Class};
use crate::elf;
use crate::linker::Linker;
use crate::plan::{Dropped, PlanInput, Rule, Undecided};
use crate::read::Reader;
use crate::units::Units;
use crate::{HardenError, conf, glob, script};

/// Paths looked at on behalf of names in files, beyond 64 times the image's own number of paths.
const WORK: u64 = 50_000_000;

/// A path's reason to stay.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) rule: Rule,
    pub(crate) via: String,
}

/// The closure while it grows.
pub(crate) struct Closure<'a, 'r> {
    pub(crate) input: &'a PlanInput<'a>,
    pub(crate) reader: &'r Reader<'a>,
    pub(crate) units: Units<'a>,
    pub(crate) kept: BTreeMap<String, Reason>,
    pub(crate) denied: BTreeMap<String, Dropped>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) undecided: Vec<Undecided>,
    /// Path strings of the programs of seeds and units, for writable paths.
    pub(crate) named_paths: BTreeMap<String, String>,
    /// Paths a decision keeps whatever their class.
    pub(crate) forced: BTreeSet<String>,
    /// Every workload's container that uses the image gives a command of its own, so the image's entry point never runs.
    pub(crate) overridden: bool,
    /// Work left before the image is called too complex; a small file must not buy unbounded work.
    pub(crate) budget: u64,
    pub(crate) linker: Linker<'a>,
    pub(crate) queue: VecDeque<String>,
}

impl<'a, 'r> Closure<'a, 'r> {
    pub(crate) fn new(input: &'a PlanInput<'a>, reader: &'r Reader<'a>) -> Result<Self, HardenError> {
        let linker = Linker::new(input.tree, reader, input.config.container.env_value("LD_LIBRARY_PATH"))?;
        let units = Units::new(input.tree, input.catalog, reader)?;
        Ok(Self {
            input,
            reader,
            units,
            kept: BTreeMap::new(),
            denied: BTreeMap::new(),
            findings: Vec::new(),
            undecided: Vec::new(),
            named_paths: BTreeMap::new(),
            forced: BTreeSet::new(),
            overridden: false,
            budget: WORK + 64 * input.tree.len() as u64,
            linker,
            queue: VecDeque::new(),
        })
    }

    /// A finding about a path of the image.
    pub(crate) fn found(&mut self, code: plimsoll_finding::Code, path: Option<&str>, message: String) -> &mut Finding {
        let location = Location::Image { image: self.input.image.to_owned(), path: path.map(str::to_owned) };
        self.findings.push(Finding::new(code, location, message));
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// Keeps what `path` leads to, every link on the way included. Gives the real path if it is kept.
    pub(crate) fn keep(&mut self, path: &str, rule: Rule, via: &str) -> Option<String> {
        let tree = self.input.tree;
        let mut links = Vec::new();
        let real = tree.resolve_with(path, |link| links.push(link.to_owned()))?;
        let node = tree.get(&real)?;
        if let Some(class) = self.denial(&real, node).or_else(|| links.iter().find_map(|l| self.link_denial(l))) {
            self.deny(&real, class, Some(via));
            return None;
        }
        for link in links {
            self.insert(link, Rule::Link, path);
        }
        self.insert(real.clone(), rule, via);
        Some(real)
    }

    /// A link named like a denied tool denies what it leads to: `/bin/sh` may lead to anything.
    pub(crate) fn link_denial(&self, link: &str) -> Option<Class> {
        if self.forced.contains(link) {
            return None;
        }
        deny::tool(link).filter(|c| *c != Class::Shell || !self.input.runtime.keep_shell)
    }

    pub(crate) fn denial(&self, real: &str, node: &plimsoll_tree::Node) -> Option<Class> {
        if self.forced.contains(real) {
            return None;
        }
        deny::class(real, node, self.input.runtime.keep_shell)
    }

    pub(crate) fn deny(&mut self, path: &str, class: Class, wanted_by: Option<&str>) {
        let size = match self.input.tree.get(path).map(|n| &n.kind) {
            Some(NodeKind::File { size, .. }) => *size,
            _ => 0,
        };
        let entry = self.denied.entry(path.to_owned()).or_insert(Dropped { class, size, wanted_by: None });
        if entry.wanted_by.is_none() {
            entry.wanted_by = wanted_by.map(str::to_owned);
        }
    }

    pub(crate) fn insert(&mut self, path: String, rule: Rule, via: &str) {
        if !self.kept.contains_key(&path) {
            if matches!(self.input.tree.get(&path).map(|n| &n.kind), Some(NodeKind::File { .. })) {
                self.queue.push_back(path.clone());
            }
            self.kept.insert(path, Reason { rule, via: via.to_owned() });
        }
    }

    /// Keeps everything below a directory that is not denied.
    pub(crate) fn keep_below(&mut self, dir: &str, rule: Rule, via: &str) {
        let Some(real) = self.keep(dir, rule, via) else { return };
        let paths: Vec<String> = self.input.tree.under(&real).map(|(p, _)| p.to_owned()).collect();
        self.charge(paths.len());
        for path in paths {
            self.keep_node(&path, rule, via);
        }
    }

    /// Keeps exactly this node, and what it leads to if it is a link.
    pub(crate) fn keep_node(&mut self, path: &str, rule: Rule, via: &str) {
        let Some(node) = self.input.tree.get(path) else { return };
        if let Some(class) = self.denial(path, node) {
            self.deny(path, class, Some(via));
            return;
        }
        match &node.kind {
            NodeKind::Symlink { .. } => {
                // A dangling link is kept as it is: what it will lead to may be mounted. One to a denied file goes with it.
                let known = self.kept.contains_key(path);
                self.insert(path.to_owned(), rule, via);
                if self.input.tree.resolve(path).is_some() && self.keep(path, rule, via).is_none() && !known {
                    self.kept.remove(path);
                }
            }
            _ => self.insert(path.to_owned(), rule, via),
        }
    }

    /// The paths that a decided line means; one that means none is a finding.
    pub(crate) fn matching(&mut self, line: &ClosureLine) -> Vec<String> {
        let all = self.input.tree.iter().map(|(path, _)| path);
        let paths: Vec<String> = all.filter(|path| glob::matches(&line.path, path)).map(str::to_owned).collect();
        if paths.is_empty() {
            self.unused_line(&line.path, &line.origin);
        }
        paths
    }

    /// Files a decision keeps (rule R10), before anything else so that no class denies them.
    pub(crate) fn keep_decided(&mut self) {
        for line in &self.input.closure.keep {
            let via = format!("{}:{} ({})", line.origin.document, line.origin.line, line.why);
            for path in self.matching(line) {
                self.forced.insert(path.clone());
                if let Some(real) = self.input.tree.resolve(&path) {
                    self.forced.insert(real);
                }
                self.keep_node(&path, Rule::Decided, &via);
            }
        }
    }

    pub(crate) fn unused_line(&mut self, pattern: &str, origin: &plimsoll_intent::Origin) {
        let location = Location::File { path: origin.document.clone(), line: Some(origin.line), column: None };
        self.findings.push(Finding::new(
            harden::KEEP_UNUSED,
            location,
            format!("closure line '{pattern}' matches no path of {}", self.input.image),
        ));
    }

    /// Whether a decision keeps this very path.
    pub(crate) fn is_forced(&self, path: &str) -> bool {
        self.forced.contains(path)
    }

    /// Keeps a package as a unit (rule R5), and the packages of data or of the same language it depends on.
    pub(crate) fn keep_unit(&mut self, package: usize) {
        let mut stack = vec![package];
        while let Some(index) = stack.pop() {
            if !self.units.take(index) {
                continue;
            }
            let name = self.units.name(index).to_owned();
            for path in self.units.files(index).to_vec() {
                self.keep_node(&path, Rule::Unit, &name);
            }
            for dir in self.units.private_directories(index) {
                self.keep_below(&dir, Rule::Unit, &name);
            }
            stack.extend(self.units.followed(index));
        }
    }

    pub(crate) fn charge(&mut self, work: usize) {
        self.budget = self.budget.saturating_sub(work as u64 + 1);
    }

    /// Looks at kept files until nothing new is asked for.
    pub(crate) fn settle(&mut self) -> Result<(), HardenError> {
        while let Some(path) = self.queue.pop_front() {
            if self.budget == 0 {
                return Err(HardenError::TooComplex { path });
            }
            let Some(bytes) = self.reader.read(&path)? else { continue };
            if let Some(found) = elf::read(&bytes) {
                self.elf(&path, &found);
            } else if let Some(interpreter) = script::interpreter(&bytes) {
                self.script(&path, &interpreter);
            } else if conf::is_conf(&path) {
                self.configuration(&path, &bytes);
            }
        }
        Ok(())
    }
}
