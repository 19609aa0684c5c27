//! A small YAML writer: block style, strings quoted whenever another reader could take them for something else.

use serde_json::{Map, Value};

/// Documents under a comment, separated by `---`.
pub(crate) fn documents(comment: &[String], documents: &[Value]) -> String {
    let mut out = String::new();
    for line in comment {
        out.push_str(if line.is_empty() { "#" } else { "# " });
        // A comment must not end early, whatever a decision put into it.
        out.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        out.push('\n');
    }
    for (index, document) in documents.iter().enumerate() {
        if index > 0 || !comment.is_empty() {
            out.push_str("---\n");
        }
        match document {
            Value::Object(map) if !map.is_empty() => mapping(map, 0, &mut out),
            Value::Array(list) if !list.is_empty() => sequence(list, 0, &mut out),
            scalar => {
                inline(scalar, 0, &mut out);
                out.push('\n');
            }
        }
    }
    out
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn mapping(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (key, value)) in map.iter().enumerate() {
        // The first key of a mapping inside a sequence stands on the line of its dash.
        if index > 0 || out.ends_with('\n') || out.is_empty() {
            pad(indent, out);
        }
        out.push_str(&key_text(key));
        out.push(':');
        entry(value, indent, out);
    }
}

/// What stands after `key:` or `-`.
fn entry(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            mapping(map, indent + 2, out);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push('\n');
            sequence(list, indent, out);
        }
        scalar => {
            out.push(' ');
            inline(scalar, indent + 2, out);
            out.push('\n');
        }
    }
}

fn sequence(list: &[Value], indent: usize, out: &mut String) {
    for item in list {
        pad(indent, out);
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                mapping(map, indent + 2, out);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push('\n');
                sequence(inner, indent + 2, out);
            }
            scalar => entry(scalar, indent, out),
        }
    }
}

fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(text) => match block(text, indent) {
            Some(block) => out.push_str(&block),
            None => out.push_str(&flow(text)),
        },
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&other.to_string()),
    }
}

/// A literal block scalar, for text of several lines that one can hold exactly.
fn block(text: &str, indent: usize) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let printable =
        |c: char| c == '\n' || (!c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    let exact = body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && text.chars().all(printable)
        && body.lines().all(|l| !l.ends_with(' '));
    exact.then(|| {
        let mut out = String::from(if text.ends_with('\n') { "|" } else { "|-" });
        for line in body.split('\n') {
            out.push('\n');
            if !line.is_empty() {
                pad(indent, &mut out);
                out.push_str(line);
            }
        }
        out
    })
}

fn key_text(key: &str) -> String {
    flow(key)
}

/// A string on one line: plain where nobody can misread it, quoted elsewhere.
fn flow(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    // A leading letter excludes numbers, dates, indicators and most words; the rest of the words are listed.
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"];
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(plain)
        && !word.iter().any(|w| text.eq_ignore_ascii_case(w));
    if safe {
        return text.to_owned();
    }
    if text.chars().all(|c| !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn round_trip(value: &Value) {
        let text = documents(&["a comment".to_owned(), String::new()], std::slice::from_ref(value));
        let read: Value = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(&read, value, "{text}");
    }

    #[test]
    fn reads_like_a_person_wrote_it() {
        let value = json!({"a": {"b": [1, {"c": "x: y", "d": []}, ["z"]], "e": "one\ntwo\n"}, "yes": "no"});
        let text = documents(&[], &[value]);
        assert_eq!(
            text,
            "a:\n  b:\n  - 1\n  - c: 'x: y'\n    d: []\n  -\n    - z\n  e: |\n    one\n    two\n'yes': 'no'\n"
        );
    }

    #[test]
    fn comments_cannot_become_content() {
        let text = documents(&["a\nkind: Evil".to_owned()], &[json!({"a": 1})]);
        assert_eq!(text, "# a kind: Evil\n---\na: 1\n");
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[a-z :#'\"\\\\{}\\[\\],&*!|>%@`?-]{0,12}",
            "\\PC{0,8}",
            "[ \ta-z\n]{0,12}",
            "(?s).{0,6}",
            Just("0x1f".to_owned()),
            Just("1e3".to_owned()),
            Just("~".to_owned()),
            Just("2026-01-01".to_owned()),
            Just("No".to_owned())
        ];
        let leaf = prop_oneof![
            text.prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9 :.'-]{1,8}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_written_reads_back_equal(value in value()) {
            round_trip(&value);
        }
    }
}
