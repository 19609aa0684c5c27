//! From documents to raw decisions: which documents count, and what each of them sets.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_finding::{Finding, Location, decision};

use crate::check::Checker;
use crate::document::{self, Document, Parsed};
use crate::schema::{BLOCK, KEYS};
use crate::succession::effective;
use crate::yaml::{Entry, Node, clip};
use crate::{Origin, pem};

/// Most documents read in one run.
const MAX_DOCUMENTS: usize = 5_000;

/// A value of a document that counts.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) document: String,
    /// Where its key stands.
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) node: Node,
}

impl Placed {
    fn new(document: &str, entry: &Entry) -> Self {
        Self { document: document.to_owned(), line: entry.line, column: entry.column, node: entry.node.clone() }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin { document: self.document.clone(), line: self.line }
    }

    pub(crate) fn location(&self) -> Location {
        Location::File { path: self.document.clone(), line: Some(self.line), column: Some(self.column) }
    }
}

/// A public key file that a decision names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyFile {
    /// The document that names it.
    pub document: String,
    /// As written there.
    pub file: String,
    /// The file's path: relative to where the documents' paths are relative to. [`Raw::resolve`] asks for it by this name.
    pub path: String,
}

/// Decisions as the documents that count state them, checked against the schema and not yet resolved.
#[derive(Debug, Default)]
pub struct Raw {
    pub(crate) settings: BTreeMap<&'static str, Vec<Placed>>,
    pub(crate) deferred: BTreeMap<String, Vec<Placed>>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) counted: Vec<String>,
}

/// Reads documents: recognises them, follows supersession, and checks those that count against the schema.
///
/// Nothing fails here; what is wrong stands in [`Raw::findings`] and makes [`Raw::resolve`] refuse.
pub fn read(documents: &[Document]) -> Raw {
    let mut raw = Raw::default();
    if documents.len() > MAX_DOCUMENTS {
        let message = format!("{} documents were given; at most {MAX_DOCUMENTS} are read", documents.len());
        raw.findings.push(Finding::new(decision::TOO_LARGE, Location::Run, message));
        return raw;
    }
    // Sorted, so that findings and conflicts do not depend on the order in which a directory was listed.
    let mut sorted: Vec<&Document> = documents.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let parsed: Vec<Parsed> = sorted.into_iter().filter_map(|d| document::parse(d, &mut raw.findings)).collect();
    for index in effective(&parsed, &mut raw.findings) {
        if let Some(block) = &parsed[index].block {
            raw.take(&parsed[index].path, block);
        }
    }
    raw.conflicts();
    raw
}

impl Raw {
    /// What was wrong or noteworthy, notes included.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Paths of the documents whose decisions count, sorted.
    pub fn documents(&self) -> &[String] {
        &self.counted
    }

    /// The public key files to be read before [`Raw::resolve`], sorted, each once per document that names it.
    pub fn key_files(&self) -> Vec<KeyFile> {
        let mut files = BTreeSet::new();
        for placed in self.settings.get("trust.signers").into_iter().flatten() {
            for signer in placed.node.items() {
                if let Some(file) = signer.text_of("key").and_then(pem::file) {
                    let path = beside(&placed.document, file);
                    files.insert(KeyFile { document: placed.document.clone(), file: file.to_owned(), path });
                }
            }
        }
        files.into_iter().collect()
    }

    fn take(&mut self, path: &str, block: &Node) {
        self.counted.push(path.to_owned());
        let mut own = Vec::new();
        Checker { document: path, findings: &mut own }.check(&BLOCK, block, "");
        self.findings.append(&mut own);
        for key in KEYS {
            if let Some(entry) = block.find(key.path) {
                self.settings.entry(key.path).or_default().push(Placed::new(path, entry));
            }
        }
        if let Some(deferred) = block.get("deferred") {
            for entry in deferred.node.entries() {
                self.deferred.entry(entry.key.clone()).or_default().push(Placed::new(path, entry));
            }
        }
    }

    fn conflicts(&mut self) {
        let mut found = Vec::new();
        for key in KEYS {
            let decided = self.settings.get(key.path).into_iter().flatten();
            let put_off = self.deferred.get(key.path).into_iter().flatten();
            if !key.additive {
                found.extend(clashes(key.path, decided.chain(put_off)));
            }
        }
        found.extend(self.item_clashes("waivers", |n| {
            Some(format!(
                "waiver of {} for {}",
                n.text_of("vulnerability")?,
                n.text_of("package").unwrap_or("every package")
            ))
        }));
        found.extend(self.item_clashes("component", |n| Some(format!("component {}", n.text_of("name")?))));
        let line = |n: &Node| Some(format!("closure line for {}", n.text_of("path")?));
        found.extend(self.item_clashes("closure", line));
        self.findings.append(&mut found);
    }

    /// Clashes among the items of the additive keys that are `key` or below it.
    fn item_clashes(&self, key: &str, name: impl Fn(&Node) -> Option<String>) -> Vec<Finding> {
        let mut by_name: BTreeMap<String, Vec<Placed>> = BTreeMap::new();
        for key in KEYS.iter().filter(|k| k.additive && k.path.split('.').next() == Some(key)) {
            for placed in self.settings.get(key.path).into_iter().flatten() {
                let single = std::slice::from_ref(&placed.node);
                let items = if placed.node.items().is_empty() { single } else { placed.node.items() };
                for item in items {
                    if let Some(name) = name(item) {
                        let (line, column) = (item.line, item.column);
                        let at = Placed { document: placed.document.clone(), line, column, node: item.clone() };
                        by_name.entry(name).or_default().push(at);
                    }
                }
            }
        }
        by_name.iter().flat_map(|(name, all)| clashes(name, all.iter())).collect()
    }
}

/// A finding for every place after the first, naming both.
fn clashes<'a>(what: &str, mut places: impl Iterator<Item = &'a Placed>) -> Vec<Finding> {
    let Some(first) = places.next() else { return Vec::new() };
    let here = |p: &Placed| format!("{}:{}", p.document, p.line);
    places
        .map(|other| {
            let message = format!("'{}' is decided in {} and again in {}", clip(what), here(first), here(other));
            Finding::new(decision::CONFLICT, other.location(), message)
                .with_evidence(format!("first: {}", here(first)))
                .with_evidence(format!("again: {}", here(other)))
        })
        .collect()
}

/// `file` relative to the directory of `document`.
pub(crate) fn beside(document: &str, file: &str) -> String {
    match document.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{file}"),
        None => file.to_owned(),
    }
}
