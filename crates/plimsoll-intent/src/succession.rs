//! Which documents hold: accepted ones, with superseded ones followed to their successors.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_finding::{Finding, Location, decision};

use crate::document::{Parsed, Status, number};
use crate::yaml::clip;

/// Longest reference to another document, characters, most words of it, and most references followed per document.
const MAX_REFERENCE: usize = 300;
const MAX_WORDS: usize = 20;
const MAX_REFERENCES: usize = 50;
/// Longest chain of successors.
const MAX_CHAIN: usize = 100;

/// The documents whose decisions hold. Why others with decisions do not is a finding.
pub(crate) fn effective(all: &[Parsed], findings: &mut Vec<Finding>) -> Vec<usize> {
    let index_of = Index::new(all);
    let mut replaced_by: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, doc) in all.iter().enumerate().filter(|(_, d)| d.status == Status::Accepted) {
        for old in doc.supersedes.iter().take(MAX_REFERENCES).filter_map(|r| index_of.resolve(r, index)) {
            replaced_by.entry(old).or_insert(index);
        }
    }
    let successor = |(at, doc): (usize, &Parsed)| match &doc.status {
        Status::Superseded(references) => index_of.resolve_any(references, at),
        _ => None,
    };
    let named: Vec<Option<usize>> = all.iter().enumerate().map(successor).collect();
    let mut holding = Vec::new();
    for (index, doc) in all.iter().enumerate().filter(|(_, d)| d.block.is_some()) {
        let at = Location::File { path: doc.path.clone(), line: Some(doc.status_line), column: Some(1) };
        match &doc.status {
            Status::Accepted if !replaced_by.contains_key(&index) => holding.push(index),
            Status::Accepted | Status::Superseded(_) => match follow(index, all, &replaced_by, &named) {
                Ok(last) if doc.status == Status::Accepted => {
                    let message = format!("{} says accepted, and {} supersedes it", doc.path, all[last].path);
                    findings.push(Finding::new(decision::STILL_ACCEPTED, at, message));
                }
                Ok(_) => {}
                Err(why) => findings.push(Finding::new(decision::NO_SUCCESSOR, at, why)),
            },
            Status::Other(word) => {
                let message = format!("{} does not count: its status is '{word}', not accepted", doc.path);
                findings.push(Finding::new(decision::NOT_COUNTED, at, message));
            }
            Status::Unstated => {
                let message = format!("{} does not count: it has decisions and no status", doc.path);
                findings.push(Finding::new(decision::NOT_COUNTED, at, message));
            }
        }
    }
    holding
}

/// The accepted document at the end of the chain of successors.
fn follow(
    start: usize,
    all: &[Parsed],
    replaced_by: &BTreeMap<usize, usize>,
    named: &[Option<usize>],
) -> Result<usize, String> {
    let mut seen = BTreeSet::from([start]);
    let mut at = start;
    loop {
        let doc = &all[at];
        let next = match (&doc.status, replaced_by.get(&at)) {
            (Status::Accepted | Status::Superseded(_), Some(next)) => *next,
            (Status::Accepted, None) => return Ok(at),
            (Status::Superseded(references), None) => match named[at] {
                Some(next) => next,
                None if references.is_empty() => {
                    return Err(format!("{} is superseded and names no successor", doc.path));
                }
                None => {
                    let named = clip(&references.join(", "));
                    return Err(format!("{} is superseded by '{named}', which is not among the documents", doc.path));
                }
            },
            (Status::Other(_) | Status::Unstated, _) => {
                let word = if let Status::Other(word) = &doc.status { word } else { "not stated" };
                let start = &all[start].path;
                return Err(format!("{start} is superseded by {}, whose status is {word}, not accepted", doc.path));
            }
        };
        if seen.len() > MAX_CHAIN {
            return Err(format!("{} is superseded more than {MAX_CHAIN} times over", all[start].path));
        }
        if !seen.insert(next) {
            return Err(format!("{} is superseded in a circle, so nothing holds", all[start].path));
        }
        at = next;
    }
}

/// What a document can be called by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    File(String),
    Id(String),
    Number(u64),
}

/// Finds documents by what others call them. Products number their ADRs each on its own, so a name means the document of
/// the same directory first, and never one of several others.
struct Index<'a> {
    all: &'a [Parsed],
    near: BTreeMap<(&'a str, Name), Option<usize>>,
    anywhere: BTreeMap<Name, Option<usize>>,
}

impl<'a> Index<'a> {
    fn new(all: &'a [Parsed]) -> Self {
        let (mut near, mut anywhere) = (BTreeMap::new(), BTreeMap::new());
        for (index, doc) in all.iter().enumerate() {
            for name in names(doc) {
                near.entry((doc.directory(), name)).and_modify(|hit| *hit = None).or_insert(Some(index));
            }
            for name in names(doc) {
                anywhere.entry(name).and_modify(|hit| *hit = None).or_insert(Some(index));
            }
        }
        Self { all, near, anywhere }
    }

    fn pick(&self, from: usize, name: Name) -> Option<usize> {
        let key = (self.all[from].directory(), name);
        match self.near.get(&key) {
            Some(hit) => *hit,
            None => self.anywhere.get(&key.1).copied().flatten(),
        }
    }

    /// The document that `reference`, written in document `from`, means: by file name, by id, or by number.
    fn resolve(&self, reference: &str, from: usize) -> Option<usize> {
        let end = reference.char_indices().nth(MAX_REFERENCE).map_or(reference.len(), |(at, _)| at);
        let words: Vec<&str> = reference[..end]
            .split(|c: char| c.is_whitespace() || "()[]<>,;\"'`".contains(c))
            .filter(|w| !w.is_empty())
            .take(MAX_WORDS)
            .collect();
        let file = |w: &str| w.rsplit('/').next().unwrap_or(w).split('#').next().unwrap_or(w).to_owned();
        let by_file = || words.iter().map(|w| file(w)).filter(|w| w.ends_with(".md"));
        by_file()
            .find_map(|w| self.pick(from, Name::File(w)))
            .or_else(|| words.iter().find_map(|w| self.pick(from, Name::Id(w.to_ascii_lowercase()))))
            .or_else(|| words.iter().find_map(|w| number(w)).and_then(|n| self.pick(from, Name::Number(n))))
    }

    fn resolve_any(&self, references: &[String], from: usize) -> Option<usize> {
        references.iter().take(MAX_REFERENCES).find_map(|r| self.resolve(r, from))
    }
}

fn names(doc: &Parsed) -> BTreeSet<Name> {
    let file = doc.file_name();
    let mut names =
        BTreeSet::from([Name::File(file.to_owned()), Name::Id(file.trim_end_matches(".md").to_ascii_lowercase())]);
    names.extend(doc.id.as_ref().map(|id| Name::Id(id.to_ascii_lowercase())));
    names.extend(doc.number().map(Name::Number));
    names
}
