//! A small YAML writer for JSON values: block style, stable, every string that could be read as something else quoted.

use serde_json::Value;

/// The value as a YAML document, keys in their order.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0, false);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn write(out: &mut String, value: &Value, depth: usize, in_item: bool) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (i, (key, value)) in map.iter().enumerate() {
                // The first key of a list item stands behind its dash.
                if i > 0 || !in_item {
                    indent(out, depth);
                }
                out.push_str(&scalar(key));
                out.push(':');
                nested(out, value, depth + 1);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for item in list {
                indent(out, depth);
                out.push('-');
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        out.push(' ');
                        write(out, item, depth + 1, true);
                    }
                    _ => nested(out, item, depth + 1),
                }
            }
        }
        other => {
            out.push_str(&flat(other));
            out.push('\n');
        }
    }
}

fn nested(out: &mut String, value: &Value, depth: usize) {
    let block = matches!(value, Value::Object(m) if !m.is_empty()) || matches!(value, Value::Array(l) if !l.is_empty());
    if block {
        out.push('\n');
        write(out, value, depth, false);
    } else {
        out.push(' ');
        out.push_str(&flat(value));
        out.push('\n');
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn flat(value: &Value) -> String {
    match value {
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-$".contains(&b))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    // A JSON string is a YAML double-quoted scalar.
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn block_style_and_quotes() {
        let value =
            json!({"a": {"b": [1, {"c": "x", "d": ["z"]}, []]}, "e": "no", "f": "a: b", "g": {}, "h": true, "i": "0"});
        assert_eq!(
            document(&value),
            "a:\n  b:\n    - 1\n    - c: x\n      d:\n        - z\n    - []\ne: \"no\"\nf: \"a: b\"\ng: {}\nh: true\ni: \"0\"\n"
        );
    }
}
