//! Manifest files: multi-document YAML and JSON become workloads; everything that cannot be read is named with its line.

use std::fmt;

use plimsoll_finding::{Code, Finding, Location, admission};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::pod::{group, pod_path, present};
use crate::strict::{StrictValue, shorten};
use crate::{Origin, Workload, workload_from_object};

/// Largest manifest file that is parsed. Callers check the size before they read the file.
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// Most documents and list items read from one file.
pub const MAX_DOCUMENTS: usize = 4096;

/// Why a part of a manifest file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The file is larger than [`MAX_MANIFEST_BYTES`] or holds more than [`MAX_DOCUMENTS`] documents.
    TooLarge,
    /// It is a template (`{{ … }}`), not a manifest.
    Template,
    /// A mapping names a key twice.
    DuplicateKey,
    /// It is not YAML, or exceeds the bounds on depth and aliases.
    Syntax,
    /// It parses but is no Kubernetes object: it has no kind.
    NotAnObject,
    /// A List stands inside a List.
    NestedList,
}

/// A part of a manifest file that could not be read. Whoever wrote the file is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseProblem {
    /// File as the user gave it.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1, where it is known.
    pub column: Option<u32>,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// What is wrong, one sentence.
    pub message: String,
}

impl ParseProblem {
    /// The finding's code.
    pub fn code(&self) -> Code {
        match self.kind {
            ProblemKind::Template => admission::TEMPLATE,
            _ => admission::UNREADABLE_MANIFEST,
        }
    }

    /// The problem as a finding.
    pub fn finding(&self) -> Finding {
        let location = Location::File { path: self.path.clone(), line: Some(self.line), column: self.column };
        Finding::new(self.code(), location, self.message.clone())
    }
}

impl fmt::Display for ParseProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// What a manifest file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifests {
    /// Workloads, in file order.
    pub workloads: Vec<Workload>,
    /// Parts that could not be read, in file order. The readable rest is still here, but the file as a whole is not to be
    /// trusted: a caller that gates refuses on any.
    pub problems: Vec<ParseProblem>,
    /// Objects of other kinds, in file order.
    pub others: Vec<OtherObject>,
}

/// A Kubernetes object that is no workload: a policy, a namespace, a service.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherObject {
    /// The whole object; it has a kind.
    pub object: Value,
    /// Where it was written.
    pub origin: Origin,
}

impl OtherObject {
    /// `kind`.
    pub fn kind(&self) -> &str {
        self.object.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        group(self.object.get("apiVersion").and_then(Value::as_str).unwrap_or_default())
    }

    /// `ClusterPolicy/trust`: kind, namespace where stated, name.
    pub fn display_name(&self) -> String {
        let meta = |key: &str| {
            let value = self.object.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str);
            value.filter(|t| !t.is_empty())
        };
        let parts = [Some(self.kind()), meta("namespace"), Some(meta("name").unwrap_or("*"))];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }
}

/// Reads a manifest file: YAML with any number of documents, or JSON; `kind: List` is expanded.
///
/// Duplicate keys, templates, alias bombs and oversized input are refused, each with its line. Time and memory are bounded.
pub fn parse_manifests(path: &str, text: &str) -> Manifests {
    let mut out = Reader { path, found: Manifests::default(), objects: 0 };
    if text.len() > MAX_MANIFEST_BYTES {
        let message = format!("file has {} bytes; at most {MAX_MANIFEST_BYTES} are read", text.len());
        out.problem(1, None, ProblemKind::TooLarge, message);
        return out.found;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (first_line, document) in documents(text) {
        if !out.document(first_line, document) {
            break;
        }
    }
    out.found
}

struct Reader<'a> {
    path: &'a str,
    found: Manifests,
    objects: usize,
}

impl Reader<'_> {
    fn problem(&mut self, line: u32, column: Option<u32>, kind: ProblemKind, message: String) {
        self.found.problems.push(ParseProblem { path: self.path.to_owned(), line, column, kind, message });
    }

    /// Reads one document; false once the file holds too many.
    fn document(&mut self, first_line: u32, text: &str) -> bool {
        let content = text.lines().position(|l| {
            let l = l.trim();
            !l.is_empty() && !l.starts_with(['#', '%']) && l != "---" && !l.starts_with("--- #")
        });
        let Some(content) = content else { return true };
        let line = first_line + narrow(content);
        match serde_saphyr::from_str_with_options::<StrictValue>(text, options()) {
            Ok(StrictValue(Value::Null)) => true,
            Ok(StrictValue(object)) => self.object(object, line, Some((first_line, text))),
            Err(error) => {
                self.syntax(&error, first_line, line, text);
                true
            }
        }
    }

    fn syntax(&mut self, error: &serde_saphyr::Error, first_line: u32, line: u32, text: &str) {
        let at = error.location();
        let line = at.map_or(line, |l| first_line + u32::try_from(l.line()).unwrap_or(1).saturating_sub(1));
        let column = at.and_then(|l| u32::try_from(l.column()).ok());
        let message = error.without_snippet().to_string();
        // What follows is advice to whoever calls the parser.
        let message = message.lines().next().unwrap_or_default().split(", set ").next().unwrap_or_default();
        if text.contains("{{") {
            let message = "this is a template, not a manifest; render it first: helm template | plimsoll".to_owned();
            self.problem(line, column, ProblemKind::Template, message);
        } else if message.contains("duplicate") {
            self.problem(line, column, ProblemKind::DuplicateKey, shorten(message));
        } else {
            self.problem(line, column, ProblemKind::Syntax, format!("not readable as YAML: {}", shorten(message)));
        }
    }

    fn object(&mut self, object: Value, line: u32, source: Option<(u32, &str)>) -> bool {
        self.objects += 1;
        if self.objects > MAX_DOCUMENTS {
            let message = format!("file holds more than {MAX_DOCUMENTS} objects");
            self.problem(line, None, ProblemKind::TooLarge, message);
            return false;
        }
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !object.is_object() || kind.is_empty() {
            let message = "not a Kubernetes object: it has no kind".to_owned();
            self.problem(line, None, ProblemKind::NotAnObject, message);
            return true;
        }
        // `PodList` and its like are lists too; a kind that only ends in "List" has no `items`.
        if kind.ends_with("List") && present(&object, "items").is_some_and(Value::is_array) {
            return self.list(object, line, source);
        }
        let origin = Origin { path: self.path.to_owned(), line };
        if pod_path(&object).is_none() {
            self.found.others.push(OtherObject { object, origin });
            return true;
        }
        match workload_from_object(object, origin) {
            Some(workload) if is_template(&workload) => {
                let message = format!(
                    "{} is a template, not a manifest; render it first: helm template | plimsoll",
                    workload.display_name()
                );
                self.problem(line, None, ProblemKind::Template, message);
            }
            Some(workload) => self.found.workloads.push(workload),
            None => {}
        }
        true
    }

    fn list(&mut self, mut object: Value, line: u32, source: Option<(u32, &str)>) -> bool {
        let item_kind =
            object.get("kind").and_then(Value::as_str).and_then(|k| k.strip_suffix("List")).map(str::to_owned);
        let api_version = object.get("apiVersion").and_then(Value::as_str).map(str::to_owned);
        let lines = source.map(|(first, text)| item_lines(first, text)).unwrap_or_default();
        let items = match object.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        for (index, mut item) in items.into_iter().enumerate() {
            // The items of a typed list (`PodList`) need not repeat their kind.
            if let (Value::Object(map), Some(kind)) = (&mut item, item_kind.as_deref().filter(|k| !k.is_empty())) {
                map.entry("kind").or_insert_with(|| kind.into());
                map.entry("apiVersion").or_insert_with(|| api_version.clone().unwrap_or_default().into());
            }
            // A list inside a list is not a manifest anybody writes; it would also let nesting multiply.
            let nested = item.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"))
                && item.get("items").is_some();
            let line = lines.get(index).copied().unwrap_or(line);
            if nested {
                let message = "a List inside a List is not read".to_owned();
                self.problem(line, None, ProblemKind::NestedList, message);
            } else if !self.object(item, line, None) {
                return false;
            }
        }
        true
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A template that happens to be YAML: `image: "{{ .Values.image }}"`.
fn is_template(workload: &Workload) -> bool {
    let metadata = [&workload.name, workload.namespace.as_ref().unwrap_or(&workload.name)];
    workload.images().iter().any(|i| i.image.contains("{{")) || metadata.iter().any(|t| t.contains("{{"))
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 600_000,
            max_nodes: 300_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            // Deeper than any pod or schema that people write; shallow enough for a thread of 2 MiB without optimisation.
            max_depth: 72,
            max_documents: 2,
            max_merge_keys: 1_000,
            max_total_scalar_bytes: 2 * MAX_MANIFEST_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
            max_replay_stack_depth: 16,
        },
        // As the API server's clients read YAML 1.1: `runAsUser: 00` is zero.
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

/// Lines of a list's items, from a second pass that reads nothing else; empty if that fails.
fn item_lines(first_line: u32, text: &str) -> Vec<u32> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Spanned<IgnoredAny>>,
    }
    let list = serde_saphyr::from_str_with_options::<List>(text, options());
    let line = |item: &Spanned<IgnoredAny>| first_line + narrow(item.referenced.line() as usize).saturating_sub(1);
    list.map(|l| l.items.iter().map(line).collect()).unwrap_or_default()
}

/// The documents of a YAML stream with the line each starts at. A line that is `---` or `...`, alone or followed by white
/// space, ends a document wherever it stands (YAML 1.2.2, production `c-forbidden`), so no parser is needed to find it.
fn documents(text: &str) -> Vec<(u32, &str)> {
    let mut found = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 1, 0);
    let mut only_directives = true;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let marker = |m: &str| {
            line.strip_prefix(m).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
        };
        let (begins, ends) = (marker("---"), marker("..."));
        // Directives (`%YAML 1.2`) belong to the document whose marker follows them.
        if (begins && !only_directives) || ends {
            found.push((start_line, &text[start..at]));
            start = if ends { at + line.len() } else { at };
            start_line = narrow(number) + if ends { 2 } else { 1 };
            only_directives = ends;
        }
        let trimmed = line.trim();
        only_directives &= !begins && (trimmed.is_empty() || trimmed.starts_with(['#', '%']) || ends);
        at += line.len();
    }
    found.push((start_line, text.get(start..).unwrap_or_default()));
    found
}

#[cfg(test)]
mod tests;
