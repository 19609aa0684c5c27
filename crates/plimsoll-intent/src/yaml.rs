//! One YAML document as a generic tree in which every node knows its line and column.
//!
//! The text is parsed once, here; everything that checks decisions walks the tree, so that each complaint can point at
//! the character it is about. Size, depth, node count and alias expansion are bounded.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

/// Largest document read, bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 50_000;
const MAX_ALIASES: usize = 100;
const MAX_REPLAYED: usize = 5_000;

/// A node and where it starts, both counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Flag(bool),
    Number(i128),
    /// A number with a fraction, or too large.
    Float(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One `key: value` of a map, in the order written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) node: Node,
}

/// A document that could not be read as YAML; its author is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) message: String,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    /// A limit was met, and not the grammar.
    pub(crate) limit: bool,
}

impl Node {
    /// The value under `key` of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value under a dotted path of maps: `gate.tier0`.
    pub(crate) fn find(&self, path: &str) -> Option<&Entry> {
        let mut parts = path.split('.');
        let mut entry = self.get(parts.next()?)?;
        for part in parts {
            entry = entry.node.get(part)?;
        }
        Some(entry)
    }

    /// A map's entries; nothing for other values.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A list's items; nothing for other values.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text under `key`.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.node.text()
    }

    /// Any scalar as it would be written, for keys such as `id: 7` whose type does not matter.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Float(text) => Some(text.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Flag(b) => Some(b.to_string()),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What stands here, for a message: `a list`, `the number 7`.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Flag(b) => format!("the truth value {b}"),
            Value::Number(n) => format!("the number {n}"),
            Value::Float(n) => format!("the number {n}"),
            Value::Text(text) => format!("the text '{}'", clip(text)),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }

    fn shift(&mut self, lines: u32) {
        self.line = self.line.saturating_add(lines);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|n| n.shift(lines)),
            Value::Map(entries) => entries.iter_mut().for_each(|e| {
                e.line = e.line.saturating_add(lines);
                e.node.shift(lines);
            }),
            _ => {}
        }
    }
}

/// At most forty characters of `text`, on one line, without control characters.
pub(crate) fn clip(text: &str) -> String {
    let mut short: String =
        text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim_end().to_owned();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

/// Parses one YAML document; `offset` lines stand before it in its file. An empty document is `Null`.
pub(crate) fn parse(text: &str, offset: u32) -> Result<Node, Broken> {
    let budget = serde_saphyr::budget! {
        max_aliases: MAX_ALIASES,
        max_anchors: MAX_ALIASES,
        max_events: MAX_NODES * 3,
        max_nodes: MAX_NODES,
        max_depth: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
        max_documents: 1,
        max_recorded_anchor_events: MAX_NODES,
        max_recorded_anchor_bytes: MAX_BYTES,
        max_total_scalar_bytes: 2 * MAX_BYTES,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        // Repeated keys are passed on so that the second one's place can be named; `check` refuses them.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: 4,
            max_alias_expansions_per_anchor: MAX_ALIASES,
        },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options) {
        Ok(spanned) => {
            let mut node = Node::from(spanned);
            node.shift(offset);
            Ok(node)
        }
        Err(error) => Err(broken(&error, offset)),
    }
}

fn broken(error: &serde_saphyr::Error, offset: u32) -> Broken {
    use serde_saphyr::Error;
    let mut inner = error.without_snippet();
    while let Error::AliasError { error, .. } = inner {
        inner = error;
    }
    let limit = matches!(
        inner,
        Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
            | Error::AliasReplayCounterOverflow { .. }
    );
    let message = clip_long(&inner.to_string());
    let place = inner.location().filter(|l| l.line() > 0);
    Broken {
        // Some limits of the scanner come as plain messages.
        limit: limit || message.contains("limit exceeded"),
        message,
        line: place.map(|l| u32::try_from(l.line()).unwrap_or(u32::MAX).saturating_add(offset)),
        column: place.map(|l| u32::try_from(l.column()).unwrap_or(u32::MAX)),
    }
}

/// The reader's first line of complaint; it may quote the document, so it is bounded. Places in it count from the start
/// of the YAML and not of the file, so they are cut off.
fn clip_long(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split(" at line ").next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        let at = spanned.referenced;
        Self {
            value: spanned.value,
            line: u32::try_from(at.line()).unwrap_or(u32::MAX),
            column: u32::try_from(at.column()).unwrap_or(u32::MAX),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Flag(v))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_i128<E: de::Error>(self, v: i128) -> Result<Value, E> {
        Ok(Value::Number(v))
    }

    fn visit_u128<E: de::Error>(self, v: u128) -> Result<Value, E> {
        Ok(i128::try_from(v).map_or_else(|_| Value::Float(v.to_string()), Value::Number))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v.to_string()))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Value, E> {
        Ok(Value::Text(v.to_owned()))
    }

    fn visit_string<E: de::Error>(self, v: String) -> Result<Value, E> {
        Ok(Value::Text(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Value>>()? {
            items.push(Node::from(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<Value>>()? {
            let key = Node::from(key);
            let name = match key.scalar() {
                Some(name) => name,
                None if key.value == Value::Null => "null".to_owned(),
                None => return Err(de::Error::custom("a key must be plain text, not a list or a map")),
            };
            let node = Node::from(map.next_value::<Spanned<Value>>()?);
            entries.push(Entry { key: name, line: key.line, column: key.column, node });
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_place() {
        let root = parse("a: 1\nb:\n  - x: yes\n    y: 2027-01-31\n  - [true, 0755, 1.5, ~]\n", 10).unwrap();
        let b = root.get("b").unwrap();
        assert_eq!((b.line, b.column), (12, 1));
        let first = &b.node.items()[0];
        assert_eq!((first.get("x").unwrap().line, first.get("x").unwrap().column), (13, 5));
        assert_eq!(first.text_of("x"), Some("yes"));
        let y = &first.get("y").unwrap().node;
        assert_eq!((y.text(), y.line, y.column), (Some("2027-01-31"), 14, 8));
        let values: Vec<_> = b.node.items()[1].items().iter().map(|n| (n.value.clone(), n.column)).collect();
        assert_eq!(
            values,
            [
                (Value::Flag(true), 6),
                (Value::Text("0755".into()), 12),
                (Value::Float("1.5".into()), 18),
                (Value::Null, 23)
            ]
        );
        assert_eq!(root.find("b.x"), None);
    }

    #[test]
    fn repeated_keys_are_kept_for_the_check() {
        assert_eq!(parse("a: 1\na: 2\n", 0).unwrap().entries().len(), 2);
    }

    #[test]
    fn bombs_are_bounded() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for n in 1..20 {
            let m = n - 1;
            bomb.push_str(&format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}, *a{m}]\n"));
        }
        let broken = parse(&bomb, 0).unwrap_err();
        assert!(broken.limit, "{broken:?}");
        assert!(parse(&"[".repeat(10_000), 0).is_err());
        assert!(parse(&"- ".repeat(10_000), 0).is_err());
        assert!(parse("a: &a [*a]\n", 0).is_err());
        assert!(parse(&"- x\n".repeat(60_000), 0).unwrap_err().limit);
    }

    #[test]
    fn merge_keys_unknown_tags_and_second_documents_are_refused() {
        assert!(parse("a: &a {x: 1}\nb: {<<: *a}\n", 0).is_err());
        assert!(parse("a: !evil 1\n", 0).is_err());
        assert!(parse("a: 1\n---\na: 2\n", 0).is_err());
        assert!(parse("{[a]: 1}\n", 0).is_err());
        assert_eq!(parse("a: [1\nb: 2\n", 4).unwrap_err().line.map(|l| l > 4), Some(true));
    }

    #[test]
    fn an_empty_document_is_null() {
        assert_eq!(parse("# only a comment\n", 0).unwrap().value, Value::Null);
        assert_eq!(parse("", 0).unwrap().value, Value::Null);
    }
}
