//! An SBOM as every format writes it: references, edges by index, and what stands inside what.

use std::collections::{BTreeSet, HashMap};

use plimsoll_catalog::{Ecosystem, Package};

use crate::Sbom;

/// How deep packages are nested in documents. JSON readers refuse what is nested much deeper.
const MAX_DEPTH: usize = 24;

/// What is known of a package's edges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Edges {
    /// Its record lists them all, and all records were read.
    Complete,
    /// Its record lists them, and some other record could not be read.
    Incomplete,
    /// What shows the package does not say what it needs.
    Unknown,
}

pub(super) struct View<'a> {
    pub(super) sbom: &'a Sbom,
    /// A reference for each package, unique in the document.
    pub(super) references: Vec<String>,
    /// For each package those it depends on, sorted.
    pub(super) depends: Vec<Vec<usize>>,
    /// For each package those that own it, sorted.
    pub(super) owners: Vec<Vec<usize>>,
    /// For each package the one that holds it.
    pub(super) within: Vec<Option<usize>>,
    /// For each package those that are nested in it.
    pub(super) children: Vec<Vec<usize>>,
    /// The packages that are nested in none.
    pub(super) roots: Vec<usize>,
}

impl<'a> View<'a> {
    pub(super) fn new(sbom: &'a Sbom) -> Self {
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for (index, package) in sbom.packages.iter().enumerate() {
            by_id.entry(package.id()).or_insert(index);
        }
        let resolved = |own: usize, ids: &[String]| -> Vec<usize> {
            let found = ids.iter().filter_map(|id| by_id.get(id).copied()).filter(|t| *t != own);
            found.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let all = || sbom.packages.iter().enumerate();
        let depends = all().map(|(own, p)| resolved(own, &p.depends)).collect();
        let owners = all().map(|(own, p)| resolved(own, &p.owners)).collect();
        let within: Vec<Option<usize>> =
            all().map(|(own, p)| by_id.get(p.within.as_ref()?).copied().filter(|t| *t != own)).collect();
        let mut view = Self {
            references: references(sbom),
            depends,
            owners,
            children: vec![Vec::new(); within.len()],
            roots: Vec::new(),
            within,
            sbom,
        };
        for own in 0..view.within.len() {
            match view.within[own].filter(|_| view.is_nested(own)) {
                Some(parent) => view.children[parent].push(own),
                None => view.roots.push(own),
            }
        }
        view
    }

    /// Whether a package hangs below one that is nested in none, and not too deep. What is in a ring, or too deep,
    /// stands by itself and names what holds it.
    pub(super) fn is_nested(&self, own: usize) -> bool {
        let mut at = own;
        for depth in 0..MAX_DEPTH {
            match self.within[at] {
                Some(parent) => at = parent,
                None => return depth > 0,
            }
        }
        false
    }

    pub(super) fn package(&self, index: usize) -> &'a Package {
        &self.sbom.packages[index]
    }

    /// What is known of a package's edges. Package managers record them; build records of Go, JARs and programs known by
    /// a string in them do not.
    pub(super) fn edges(&self, index: usize) -> Edges {
        let package = self.package(index);
        let records = package.ecosystem.is_system()
            || matches!(
                package.ecosystem,
                Ecosystem::Pypi
                    | Ecosystem::Conda
                    | Ecosystem::Npm
                    | Ecosystem::Cargo
                    | Ecosystem::Gem
                    | Ecosystem::Composer
                    | Ecosystem::Nuget
                    | Ecosystem::Cran
                    | Ecosystem::Hex
                    | Ecosystem::Otp
            );
        match (records && !package.declared, self.sbom.problems.is_empty()) {
            (true, true) => Edges::Complete,
            (true, false) => Edges::Incomplete,
            (false, _) => Edges::Unknown,
        }
    }
}

/// The packages' numbers, because every edge names two.
fn references(sbom: &Sbom) -> Vec<String> {
    (0..sbom.packages.len()).map(base36).collect()
}

/// A number in digits and small letters.
fn base36(mut number: usize) -> String {
    let mut text = Vec::new();
    loop {
        text.push(char::from_digit((number % 36) as u32, 36).unwrap_or_default());
        number /= 36;
        if number == 0 {
            return text.into_iter().rev().collect();
        }
    }
}
