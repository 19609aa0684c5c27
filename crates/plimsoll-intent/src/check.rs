//! Checks a located tree against the schema's table. Every complaint points at line and column.

use std::collections::BTreeMap;

use plimsoll_finding::{Code, Finding, Location, decision};

use crate::form::nearest;
use crate::schema::{Field, Shape};
use crate::yaml::{Entry, Node, Value, clip};

/// Complaints beyond this many of one document are not added: the first ones are what its author will read.
const MAX_FINDINGS: usize = 100;
/// Most items of one list.
pub(crate) const MAX_ITEMS: usize = 2_000;

/// Collects what is wrong with one document.
pub(crate) struct Checker<'a> {
    /// Path of the document as the user gave it.
    pub(crate) document: &'a str,
    /// What was found.
    pub(crate) findings: &'a mut Vec<Finding>,
}

impl Checker<'_> {
    /// Reports at a place of the document.
    pub(crate) fn report(&mut self, code: Code, line: u32, column: u32, message: String) -> Option<&mut Finding> {
        if self.findings.len() >= MAX_FINDINGS {
            return None;
        }
        let location = Location::File { path: self.document.to_owned(), line: Some(line), column: Some(column) };
        self.findings.push(Finding::new(code, location, message));
        self.findings.last_mut()
    }

    /// Refuses keys that stand twice, anywhere below `node`. Depth is bounded by the reader.
    pub(crate) fn duplicates(&mut self, node: &Node) {
        let mut first: BTreeMap<&str, u32> = BTreeMap::new();
        for entry in node.entries() {
            if let Some(line) = first.get(entry.key.as_str()) {
                let message = format!("'{}' stands twice in one map; first in line {line}", clip(&entry.key));
                self.report(decision::DUPLICATE_KEY, entry.line, entry.column, message);
            } else {
                first.insert(&entry.key, entry.line);
            }
            self.duplicates(&entry.node);
        }
        for item in node.items() {
            self.duplicates(item);
        }
    }

    /// Checks `node`, which stands at `path`, against `shape`.
    pub(crate) fn check(&mut self, shape: &Shape, node: &Node, path: &str) {
        if self.findings.len() >= MAX_FINDINGS {
            return;
        }
        match shape {
            Shape::Text(form) => match node.text() {
                Some(text) => {
                    if let Err(why) = form.check(text) {
                        self.bad(node, path, &why);
                    }
                }
                None => self.wrong(node, path, "text"),
            },
            Shape::Number { min, max } => match node.value {
                Value::Number(n) if (i128::from(*min)..=i128::from(*max)).contains(&n) => {}
                Value::Number(_) => self.bad(node, path, &format!("must be a number from {min} to {max}")),
                _ => self.wrong(node, path, &format!("a number from {min} to {max}")),
            },
            Shape::Flag => {
                if !matches!(node.value, Value::Flag(_)) {
                    self.wrong(node, path, "true or false");
                }
            }
            Shape::Word(words) => match node.text() {
                Some(text) if words.contains(&text) => {}
                Some(text) => {
                    let meant = nearest(text, words.iter().copied())
                        .map_or_else(String::new, |w| format!("; did you mean '{w}'?"));
                    self.bad(node, path, &format!("must be {}{meant}", one_of(words)));
                }
                None => self.wrong(node, path, &one_of(words)),
            },
            Shape::List { item, least } => match &node.value {
                Value::List(items) => {
                    if items.len() < *least {
                        self.bad(node, path, "must not be an empty list");
                    }
                    if items.len() > MAX_ITEMS {
                        self.bad(node, path, &format!("has more than {MAX_ITEMS} items"));
                        return;
                    }
                    for (i, node) in items.iter().enumerate() {
                        self.check(item, node, &format!("{path}[{i}]"));
                    }
                }
                _ => self.wrong(node, path, "a list"),
            },
            Shape::Object(fields) => match &node.value {
                Value::Map(entries) => self.object(fields, entries, node, path),
                _ => self.wrong(node, path, "a map"),
            },
            Shape::Choice { fields, one_of } => match &node.value {
                Value::Map(entries) => {
                    self.object(fields, entries, node, path);
                    self.choice(one_of, entries, node, path);
                }
                _ => self.wrong(node, path, "a map"),
            },
            Shape::Dict { key, value } => match &node.value {
                Value::Map(entries) => {
                    for entry in entries {
                        if self.findings.len() >= MAX_FINDINGS {
                            return;
                        }
                        if let Err(why) = key.check(&entry.key) {
                            let message = format!("{path}: key '{}' {why}", clip(&entry.key));
                            self.report(decision::BAD_VALUE, entry.line, entry.column, message);
                        }
                        self.check(value, &entry.node, &format!("{path}.{}", clip(&entry.key)));
                    }
                }
                _ => self.wrong(node, path, "a map"),
            },
        }
    }

    fn object(&mut self, fields: &[Field], entries: &[Entry], node: &Node, path: &str) {
        for entry in entries {
            let here = join(path, &clip(&entry.key));
            match fields.iter().find(|f| f.name == entry.key) {
                Some(field) => self.check(&field.shape, &entry.node, &here),
                None => self.unknown(fields, entry, path),
            }
        }
        for field in fields.iter().filter(|f| f.must && !entries.iter().any(|e| e.key == f.name)) {
            let message = format!("{} has no '{}': {}", place(path), field.name, first_sentence(field.about));
            self.report(decision::FIELD_MISSING, node.line, node.column, message);
        }
    }

    fn choice(&mut self, one_of: &[&str], entries: &[Entry], node: &Node, path: &str) {
        let mut there = entries.iter().filter(|e| one_of.contains(&e.key.as_str()));
        match (there.next(), there.next()) {
            (Some(_), None) => {}
            (None, _) => {
                let message = format!("{} has neither {}", place(path), one_of.join(" nor "));
                self.report(decision::FIELD_MISSING, node.line, node.column, message);
            }
            (Some(first), Some(second)) => {
                let message = format!("{} has both '{}' and '{}'; one of them", place(path), first.key, second.key);
                self.report(decision::BAD_VALUE, second.line, second.column, message);
            }
        }
    }

    fn unknown(&mut self, fields: &[Field], entry: &Entry, path: &str) {
        if self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let mut message = format!("unknown key '{}' in {}", clip(&entry.key), place(path));
        let meant = nearest(&entry.key, fields.iter().map(|f| f.name));
        if let Some(meant) = meant {
            message.push_str(&format!("; did you mean '{meant}'?"));
        }
        let known: Vec<_> = fields.iter().map(|f| f.name).collect();
        if let Some(finding) = self.report(decision::UNKNOWN_KEY, entry.line, entry.column, message) {
            finding.evidence.push(format!("known here: {}", known.join(", ")));
        }
    }

    fn wrong(&mut self, node: &Node, path: &str, expected: &str) {
        let quote = match node.value {
            Value::Number(_) | Value::Float(_) | Value::Flag(_) if expected == "text" => "; put it in quotes",
            _ => "",
        };
        let message = format!("{path} must be {expected}, and {} stands here{quote}", node.describe());
        self.report(decision::WRONG_TYPE, node.line, node.column, message);
    }

    /// Reports an unacceptable value, quoting it unless it may be a secret.
    pub(crate) fn bad(&mut self, node: &Node, path: &str, why: &str) {
        let quoted = match &node.value {
            Value::Text(text) if !text.contains("-----BEGIN") => format!(" '{}'", clip(text)),
            Value::Number(n) => format!(" {n}"),
            _ => String::new(),
        };
        self.report(decision::BAD_VALUE, node.line, node.column, format!("{path}{quoted} {why}"));
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn place(path: &str) -> String {
    if path.is_empty() { "the plimsoll block".to_owned() } else { format!("'{path}'") }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [one] => format!("'{one}'"),
        _ => format!("one of {}", words.join(", ")),
    }
}

fn first_sentence(about: &str) -> String {
    let sentence = about.split_once(". ").map_or(about, |(first, _)| first).trim_end_matches('.');
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}
