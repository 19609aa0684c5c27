//! The lines of a YAML document whose shape is known: indentation, list items, keys and scalar values.
//!
//! Lock files and manifests are written by programs in block style. This reads that style line by line; anchors, flow
//! collections and multi-line scalars are passed over, never followed.

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// Spaces before it.
    pub(crate) indent: usize,
    /// Whether it begins with `- `.
    pub(crate) item: bool,
    /// The key before the colon, without quotes; empty where there is none.
    pub(crate) key: &'a str,
    /// The value, without quotes.
    pub(crate) value: &'a str,
}

/// The lines of a document that hold something. Lines that are not UTF-8 are left out.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    // Lines of a block scalar are deeper than its key.
    let mut block: Option<usize> = None;
    (1u32..).zip(bytes.split(|&b| b == b'\n')).filter_map(move |(number, line)| {
        let line = std::str::from_utf8(line).ok()?.trim_end();
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        if rest.is_empty() || rest.starts_with('#') || rest == "---" {
            return None;
        }
        if let Some(at) = block {
            if indent > at {
                return None;
            }
            block = None;
        }
        let (item, rest) = match rest.strip_prefix('-') {
            Some("") => (true, ""),
            Some(r) if r.starts_with(' ') => (true, r.trim_start()),
            _ => (false, rest),
        };
        let (key, value) = pair(rest);
        if !key.is_empty() && value.starts_with(['|', '>']) && value.len() <= 3 {
            block = Some(indent);
        }
        Some(Line { number, indent, item, key, value })
    })
}

/// `key: value`, `key:` or a lone value.
fn pair(text: &str) -> (&str, &str) {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let Some((inner, after)) = text[1..].split_once(quote) else { return ("", text) };
        return match after.trim_start().strip_prefix(':') {
            Some(value) => (inner, scalar(value)),
            None => ("", inner),
        };
    }
    if let Some((key, value)) = text.split_once(": ") {
        return (key.trim_end(), scalar(value));
    }
    match text.strip_suffix(':') {
        Some(key) => (key.trim_end(), ""),
        None => ("", scalar(text)),
    }
}

/// A scalar without its quotes or a comment behind it.
fn scalar(text: &str) -> &str {
    let text = text.trim();
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].split_once(quote).map_or(text, |(inner, _)| inner);
    }
    text.split(" #").next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_style() {
        let text = b"# c\nname: core22 # x\nlist:\n- a=1\n- \"b: c\"\n  - 'k': v\ntext: |\n  name: no\n\n  more\nend: 'x y'\n\xff\nquoted:\n  \"a:b\": 1";
        let found: Vec<_> = lines(text).map(|l| (l.indent, l.item, l.key, l.value)).collect();
        assert_eq!(
            found,
            [
                (0, false, "name", "core22"),
                (0, false, "list", ""),
                (0, true, "", "a=1"),
                (0, true, "", "b: c"),
                (2, true, "k", "v"),
                (0, false, "text", "|"),
                (0, false, "end", "x y"),
                (0, false, "quoted", ""),
                (2, false, "a:b", "1"),
            ]
        );
        for cut in 0..text.len() {
            lines(&text[..cut]).count();
        }
    }
}
