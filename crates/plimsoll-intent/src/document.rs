//! Recognises documents: front matter, status, what supersedes what, and the block with decisions.

use plimsoll_finding::{Finding, Location, decision};

use crate::check::Checker;
use crate::yaml::{self, Node, Value, clip};

/// A document as its reader found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path as the user gave it; key files are named relative to it.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// What a document says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Accepted,
    /// Replaced; the references are what the author wrote after "by", in order.
    Superseded(Vec<String>),
    /// Proposed, deprecated, rejected, or a word that is not known.
    Other(String),
    /// It has none.
    Unstated,
}

/// A document taken apart.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) path: String,
    /// `id` of the front matter.
    pub(crate) id: Option<String>,
    pub(crate) status: Status,
    pub(crate) status_line: u32,
    /// References of documents that this one replaces.
    pub(crate) supersedes: Vec<String>,
    /// The decisions, if it holds any.
    pub(crate) block: Option<Node>,
}

impl Parsed {
    /// The last part of the path.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The directory part of the path.
    pub(crate) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// The number it goes by: from its id, or from `NNNN-` in its file name.
    pub(crate) fn number(&self) -> Option<u64> {
        let from_name = || {
            let name = self.file_name();
            let digits = &name[..name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len()];
            digits.parse().ok().filter(|_| name[digits.len()..].starts_with(['-', '_', '.']))
        };
        self.id.as_deref().and_then(number).or_else(from_name)
    }
}

/// The number in `ADR-0005`, `0005`, `#5`, `5.`; nothing for other words.
pub(crate) fn number(word: &str) -> Option<u64> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches(['-', '_', '#']);
    (!digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// Takes `document` apart. `None`: it has nothing to do with decisions, or cannot be read, which is then a finding.
pub(crate) fn parse(document: &Document, findings: &mut Vec<Finding>) -> Option<Parsed> {
    let name = document.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let markdown = name.ends_with(".md") || name.ends_with(".markdown");
    let plain = name.ends_with(".yaml") || name.ends_with(".yml");
    if !markdown && !plain {
        return None;
    }
    if document.text.len() > yaml::MAX_BYTES {
        let location = Location::File { path: document.path.clone(), line: None, column: None };
        let message =
            format!("{} is {} bytes long; at most {} are read", document.path, document.text.len(), yaml::MAX_BYTES);
        findings.push(Finding::new(decision::TOO_LARGE, location, message));
        return None;
    }
    let text = document.text.strip_prefix('\u{feff}').unwrap_or(&document.text);
    if plain { plain_file(document, &name, text, findings) } else { markdown_file(document, text, findings) }
}

fn plain_file(document: &Document, name: &str, text: &str, findings: &mut Vec<Finding>) -> Option<Parsed> {
    let ours = matches!(name, "plimsoll.yaml" | "plimsoll.yml");
    let mut root = read_yaml(document, text, 0, findings)?;
    let version = root.get("apiVersion").and_then(|e| e.node.scalar());
    let foreign = version.as_deref().is_some_and(|v| !v.starts_with("plimsoll")) && root.get("kind").is_some();
    if !ours && (foreign || root.value == Value::Null) {
        // Another tool's file in the same directory, for example a catalogue entry.
        return None;
    }
    if root.value == Value::Null {
        root.value = Value::Map(Vec::new());
    }
    let path = document.path.clone();
    let supersedes = Vec::new();
    Some(Parsed { path, id: None, status: Status::Accepted, status_line: 1, supersedes, block: Some(root) })
}

fn markdown_file(document: &Document, text: &str, findings: &mut Vec<Finding>) -> Option<Parsed> {
    let (front, body, body_line) = match split(text) {
        Split::None => (None, text, 1),
        Split::Open => {
            let location = Location::File { path: document.path.clone(), line: Some(1), column: Some(1) };
            let message = "the front matter that begins in line 1 has no closing ---";
            findings.push(Finding::new(decision::INVALID_YAML, location, message));
            return None;
        }
        Split::Found { front, body, body_line } => (Some(read_yaml(document, front, 1, findings)?), body, body_line),
    };
    let mut parsed = Parsed {
        path: document.path.clone(),
        id: None,
        status: Status::Unstated,
        status_line: 1,
        supersedes: Vec::new(),
        block: None,
    };
    if let Some(front) = &front {
        parsed.id = front.get("id").and_then(|e| e.node.scalar());
        parsed.supersedes = references(front.get("supersedes").map(|e| &e.node));
        if let Some(entry) = front.get("status").filter(|e| e.node.value != Value::Null) {
            parsed.status_line = entry.line;
            parsed.status = status(&entry.node.scalar().unwrap_or_default());
        }
        let by: Vec<String> = ["x-superseded-by", "superseded-by", "superseded_by", "supersededBy"]
            .iter()
            .flat_map(|key| references(front.get(key).map(|e| &e.node)))
            .collect();
        if !by.is_empty() {
            // Whoever names a successor no longer holds, whatever the status still says.
            parsed.status = match parsed.status {
                Status::Superseded(mut named) => {
                    named.extend(by);
                    Status::Superseded(named)
                }
                Status::Accepted | Status::Unstated => Status::Superseded(by),
                other @ Status::Other(_) => other,
            };
        }
        if let Some(entry) = front.get("plimsoll") {
            parsed.block = Some(entry.node.clone());
        }
    }
    if parsed.status == Status::Unstated {
        heading_status(body, body_line, &mut parsed);
    }
    if parsed.status == Status::Unstated && parsed.block.as_ref().is_some_and(is_description) {
        // An architecture document describes a component and has no life cycle of its own.
        parsed.status = Status::Accepted;
    }
    Some(parsed)
}

/// Only a component, no other decision.
fn is_description(block: &Node) -> bool {
    block.get("component").is_some() && block.entries().iter().all(|e| matches!(&*e.key, "apiVersion" | "component"))
}

fn read_yaml(document: &Document, text: &str, offset: u32, findings: &mut Vec<Finding>) -> Option<Node> {
    match yaml::parse(text, offset) {
        Ok(root) => {
            let mut own = Vec::new();
            Checker { document: &document.path, findings: &mut own }.duplicates(&root);
            let sound = own.is_empty();
            findings.append(&mut own);
            sound.then_some(root)
        }
        Err(broken) => {
            let code = if broken.limit { decision::TOO_LARGE } else { decision::INVALID_YAML };
            let location = Location::File { path: document.path.clone(), line: broken.line, column: broken.column };
            let message = if broken.limit { "exceeds a reading limit" } else { "is not readable as YAML" };
            let message = format!("{} {message}: {}", document.path, broken.message);
            findings.push(Finding::new(code, location, message));
            None
        }
    }
}

enum Split<'a> {
    /// The text does not begin with `---`.
    None,
    /// It begins and does not end.
    Open,
    Found {
        front: &'a str,
        body: &'a str,
        body_line: u32,
    },
}

fn split(text: &str) -> Split<'_> {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|l| l.trim_end() == "---") else { return Split::None };
    let mut end = first.len();
    for (line, text_line) in (3..).zip(lines) {
        let start = end;
        end += text_line.len();
        if matches!(text_line.trim_end(), "---" | "...") {
            return Split::Found { front: &text[first.len()..start], body: &text[end..], body_line: line };
        }
    }
    Split::Open
}

fn references(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let one = |n: &Node| n.scalar().filter(|t| !matches!(t.trim().to_ascii_lowercase().as_str(), "" | "none" | "-"));
    match &node.value {
        Value::List(items) => items.iter().filter_map(one).collect(),
        _ => one(node).into_iter().collect(),
    }
}

/// The status that a free text states: its first word decides, and a word about being superseded beats `accepted`.
fn status(text: &str) -> Status {
    let lower = text.trim().to_ascii_lowercase();
    let word: String = lower.chars().take_while(char::is_ascii_alphabetic).collect();
    let gone = ["superseded", "superceded"].iter().find_map(|w| lower.find(w).map(|at| at + w.len()));
    match (word.as_str(), gone) {
        ("accepted" | "superseded" | "superceded", Some(at)) => {
            let rest = text.trim().get(at..).unwrap_or_default().trim();
            let rest = rest.get(..2).filter(|by| by.eq_ignore_ascii_case("by")).and(rest.get(2..)).unwrap_or(rest);
            let rest = rest.trim_matches(|c: char| c.is_whitespace() || c == ':');
            Status::Superseded(if rest.is_empty() { Vec::new() } else { vec![rest.to_owned()] })
        }
        ("accepted", None) => Status::Accepted,
        _ => Status::Other(clip(text.trim())),
    }
}

/// The `## Status` section of an ADR without a status in its front matter.
fn heading_status(body: &str, body_line: u32, parsed: &mut Parsed) {
    let mut fenced = false;
    let mut inside = false;
    let mut line = body_line.saturating_sub(1);
    for text in body.lines() {
        line += 1;
        let trimmed = text.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if fenced || trimmed.is_empty() {
            continue;
        }
        if trimmed.starts_with('#') {
            if inside {
                return;
            }
            inside = trimmed.trim_matches(|c| c == '#' || c == ' ').eq_ignore_ascii_case("status");
            continue;
        }
        if !inside {
            continue;
        }
        let plain = trimmed.trim_start_matches(['*', '-', '_', '>', ' ']);
        let lower = plain.to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("supersedes").or_else(|| lower.strip_prefix("supercedes")) {
            parsed.supersedes.push(plain[plain.len() - rest.len()..].trim().to_owned());
            continue;
        }
        match (&parsed.status, status(plain)) {
            (Status::Unstated, stated) => {
                parsed.status = stated;
                parsed.status_line = line;
            }
            // adr-tools appends "Superseded by" below the first word.
            (_, gone @ Status::Superseded(_)) => {
                parsed.status = gone;
                parsed.status_line = line;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Parsed {
        let mut findings = Vec::new();
        let document = Document { path: "adrs/0007-x.md".to_owned(), text: text.to_owned() };
        let parsed = parse(&document, &mut findings).unwrap();
        assert_eq!(findings, []);
        parsed
    }

    #[test]
    fn statuses_as_people_write_them() {
        let by = |s: &str| Status::Superseded(vec![s.to_owned()]);
        let cases = [
            ("accepted", Status::Accepted),
            ("Accepted", Status::Accepted),
            ("accepted (2026-11-20)", Status::Accepted),
            ("superseded by ADR-0005", by("ADR-0005")),
            ("Superceded by [5. Keys](0005-keys.md)", by("[5. Keys](0005-keys.md)")),
            ("accepted, superseded by ADR-0005", by("ADR-0005")),
            ("superseded", Status::Superseded(vec![])),
            ("proposed", Status::Other("proposed".into())),
            ("not accepted", Status::Other("not accepted".into())),
            ("unaccepted", Status::Other("unaccepted".into())),
            (
                "{proposed | accepted | superseded by ADR-0123}",
                Status::Other("{proposed | accepted | superseded by ADR…".into()),
            ),
        ];
        for (text, want) in cases {
            assert_eq!(status(text), want, "{text}");
        }
    }

    #[test]
    fn madr_front_matter() {
        let doc = take(
            "---\nid: 7\nstatus: accepted\nsupersedes: [ADR-0003, none]\nplimsoll:\n  keys: {custody: kms}\n---\n# T\n",
        );
        assert_eq!((doc.status.clone(), doc.status_line, doc.number()), (Status::Accepted, 3, Some(7)));
        assert_eq!(doc.supersedes, ["ADR-0003"]);
        assert_eq!(doc.block.unwrap().find("keys.custody").unwrap().line, 6);
    }

    #[test]
    fn x_superseded_by_beats_accepted() {
        let doc = take("---\r\nstatus: accepted\r\nx-superseded-by: 0009-y.md\r\n---\r\n");
        assert_eq!(doc.status, Status::Superseded(vec!["0009-y.md".into()]));
    }

    #[test]
    fn nygard_headings() {
        let doc = take(
            "# 7. T\n\n```\n## Status\nrejected\n```\n\n## Status\n\nAccepted\n\nSupersedes [3. Old](0003-old.md)\n\n## Context\nsuperseded by 9\n",
        );
        assert_eq!((doc.status.clone(), doc.status_line), (Status::Accepted, 10));
        assert_eq!(doc.supersedes, ["[3. Old](0003-old.md)"]);
        let doc = take("---\nplimsoll: {}\n---\n## Status\nAccepted\n\nSuperseded by [9. New](0009-new.md)\n");
        assert_eq!((doc.status, doc.status_line), (Status::Superseded(vec!["[9. New](0009-new.md)".into()]), 7));
    }

    #[test]
    fn a_front_matter_status_is_not_overruled_by_a_heading() {
        assert_eq!(take("---\nstatus: proposed\n---\n## Status\nAccepted\n").status, Status::Other("proposed".into()));
    }

    #[test]
    fn an_architecture_document_needs_no_status() {
        let text = "---\nplimsoll: {apiVersion: plimsoll.dev/v1, component: {name: shop, tier: 1}}\n---\n";
        assert_eq!(take(text).status, Status::Accepted);
        let text = "---\nplimsoll: {component: {name: shop}, keys: {custody: kms}}\n---\n";
        assert_eq!(take(text).status, Status::Unstated);
    }

    #[test]
    fn numbers_of_documents() {
        for (word, want) in
            [("ADR-0005", Some(5)), ("0005", Some(5)), ("[5.", Some(5)), ("#12", Some(12)), ("v1x", None)]
        {
            assert_eq!(number(word), want, "{word}");
        }
        assert_eq!(take("# x\n").number(), Some(7));
    }

    #[test]
    fn broken_documents_are_findings() {
        let look = |path: &str, text: &str| {
            let mut findings = Vec::new();
            let document = Document { path: path.to_owned(), text: text.to_owned() };
            assert!(parse(&document, &mut findings).is_none(), "{text}");
            findings.into_iter().map(|f| (f.code, f.location.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(look("a.md", "---\nstatus: accepted\n"), [(decision::INVALID_YAML, "a.md:1:1".to_owned())]);
        assert_eq!(look("a.md", "---\nx: 1\ny: 2\nx: 3\n---\n"), [(decision::DUPLICATE_KEY, "a.md:4:1".to_owned())]);
        assert_eq!(
            look("plimsoll.yaml", "a: {x: 1, x: 2}\n"),
            [(decision::DUPLICATE_KEY, "plimsoll.yaml:1:11".to_owned())]
        );
        assert_eq!(
            look("plimsoll.yaml", &" ".repeat((1 << 20) + 1)),
            [(decision::TOO_LARGE, "plimsoll.yaml".to_owned())]
        );
        assert_eq!(look("a.txt", "---\n"), []);
        assert_eq!(look("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\n"), []);
    }
}
