//! As much YAML as lock files use: block mappings and lists, flow collections on one line, plain and quoted scalars. Block
//! scalars (messages of deprecation) are passed over.

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    Scalar(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Yaml {
    /// The member of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The members of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A scalar's text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a member.
    pub(super) fn member(&self, key: &str) -> &str {
        self.get(key).and_then(Self::text).unwrap_or_default()
    }
}

/// Reads a document, or says at which line it is something else.
pub(super) fn read(bytes: &[u8]) -> Result<Yaml, u32> {
    let text = std::str::from_utf8(crate::fields::without_bom(bytes)).map_err(|_| 1u32)?;
    let lines = lines(text);
    let mut reader = Reader { lines: &lines, at: 0 };
    let value = reader.block(0, 0)?;
    match reader.peek() {
        Some(line) => Err(line.number),
        None => Ok(value),
    }
}

#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    number: u32,
    indent: usize,
    text: &'a str,
    /// Begins the value of a key that stands on a line of its own.
    value: bool,
}

/// Lines that say something. `? key` and `: value` become a key's line and the first line of its value.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        let bare = bare.trim_end();
        if bare.is_empty() || bare.starts_with('#') || bare.starts_with("%YAML") || (indent == 0 && bare == "---") {
            continue;
        }
        match bare.strip_prefix(": ") {
            Some(value) => out.push(Line { number, indent: indent + 2, text: value.trim_start(), value: true }),
            None => out.push(Line { number, indent, text: bare, value: false }),
        }
    }
    out
}

struct Reader<'a> {
    lines: &'a [Line<'a>],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Line<'a>> {
        self.lines.get(self.at).copied()
    }

    /// The mapping, list or scalar whose lines are indented by at least `least`.
    fn block(&mut self, least: usize, depth: usize) -> Result<Yaml, u32> {
        let Some(first) = self.peek().filter(|l| l.indent >= least) else { return Ok(Yaml::Map(Vec::new())) };
        if depth > MAX_DEPTH {
            return Err(first.number);
        }
        if first.text == "-" || first.text.starts_with("- ") {
            return self.list(first.indent, depth);
        }
        if key(first.text).is_none() && !first.text.starts_with("? ") {
            self.at += 1;
            return inline(first.text, 0).ok_or(first.number);
        }
        let mut entries = Vec::new();
        let mut begun = false;
        while let Some(line) = self.peek().filter(|l| l.indent == first.indent && !(begun && l.value)) {
            begun = true;
            self.at += 1;
            if let Some(written) = line.text.strip_prefix("? ") {
                let value = match self.peek() {
                    Some(next) if next.value && next.indent == line.indent + 2 => self.block(next.indent, depth + 1)?,
                    _ => Yaml::Map(Vec::new()),
                };
                entries.push((scalar(written.trim()), value));
                continue;
            }
            let (name, rest) = key(line.text).ok_or(line.number)?;
            let value = self.value(rest, line, depth)?;
            entries.push((name, value));
        }
        match self.peek().filter(|l| l.indent > first.indent && !l.value) {
            Some(line) => Err(line.number),
            None => Ok(Yaml::Map(entries)),
        }
    }

    /// What follows a key, on its line or below.
    fn value(&mut self, rest: &str, line: Line<'_>, depth: usize) -> Result<Yaml, u32> {
        if rest.starts_with(['|', '>']) {
            while self.peek().is_some_and(|l| l.indent > line.indent) {
                self.at += 1;
            }
            return Ok(Yaml::Scalar(String::new()));
        }
        if !rest.is_empty() {
            let value = inline(rest, 0).ok_or(line.number)?;
            // A long plain scalar goes on below, indented further.
            while self.peek().is_some_and(|l| l.indent > line.indent && !l.value) {
                self.at += 1;
            }
            return Ok(value);
        }
        match self.peek() {
            // Lists may stand at their key's own indentation.
            Some(next) if next.indent == line.indent && next.text.starts_with("- ") => {
                self.list(next.indent, depth + 1)
            }
            Some(next) if next.indent > line.indent => self.block(next.indent, depth + 1),
            _ => Ok(Yaml::Scalar(String::new())),
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Result<Yaml, u32> {
        let mut out = Vec::new();
        while let Some(line) = self.peek().filter(|l| l.indent == indent && (l.text == "-" || l.text.starts_with("- ")))
        {
            self.at += 1;
            let rest = line.text[1..].trim_start();
            // Items that are mappings themselves say nothing that is needed here.
            out.push(if key(rest).is_some() && !rest.starts_with(['[', '{']) {
                Yaml::Map(Vec::new())
            } else {
                inline(rest, 0).ok_or(line.number)?
            });
            while self.peek().is_some_and(|l| l.indent > indent) {
                self.at += 1;
            }
        }
        if depth > MAX_DEPTH { Err(self.peek().map_or(0, |l| l.number)) } else { Ok(Yaml::List(out)) }
    }
}

/// A key and what follows its colon.
fn key(text: &str) -> Option<(String, &str)> {
    let end = match text.bytes().next()? {
        quote @ (b'"' | b'\'') => closing(text, quote)? + 1,
        b'{' | b'[' => return None,
        _ => {
            let colon = text.match_indices(':').map(|(at, _)| at);
            colon.into_iter().find(|at| matches!(text.as_bytes().get(at + 1), None | Some(b' ')))?
        }
    };
    let rest = text.get(end..)?.trim_start().strip_prefix(':')?;
    Some((scalar(text.get(..end)?.trim()), rest.trim()))
}

/// Where the quoted scalar at the beginning of `text` ends.
fn closing(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        if quote == b'"' && byte == b'\\' {
            at += 1;
        } else if byte == quote {
            if quote == b'\'' && bytes.get(at + 1) == Some(&quote) {
                at += 1;
            } else {
                return Some(at);
            }
        }
        at += 1;
    }
    None
}

/// A scalar without its quotes or the comment behind it.
fn scalar(text: &str) -> String {
    let Some(quote) = text.bytes().next().filter(|b| matches!(b, b'"' | b'\'')) else {
        return text.split(" #").next().unwrap_or_default().trim_end().to_owned();
    };
    let inner = closing(text, quote).and_then(|end| text.get(1..end)).unwrap_or_default();
    if quote == b'\'' { inner.replace("''", "'") } else { inner.replace("\\\"", "\"").replace("\\\\", "\\") }
}

/// A value on one line: `{integrity: sha512-…, tarball: https://…}`, `[x64, arm64]` or a scalar.
fn inline(text: &str, depth: usize) -> Option<Yaml> {
    let (open, close) = match text.bytes().next() {
        Some(b'{') => ('{', '}'),
        Some(b'[') => ('[', ']'),
        _ => return Some(Yaml::Scalar(scalar(text))),
    };
    if depth > 4 {
        return None;
    }
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let parts = parts(inner)?;
    let parts = parts.into_iter().map(str::trim).filter(|p| !p.is_empty());
    if open == '[' {
        return parts.map(|p| inline(p, depth + 1)).collect::<Option<_>>().map(Yaml::List);
    }
    let entries = parts.map(|p| {
        let (name, rest) = key(p)?;
        Some((name, inline(rest, depth + 1)?))
    });
    entries.collect::<Option<_>>().map(Yaml::Map)
}

/// The parts between commas that stand in no quotes or brackets.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (mut out, mut start, mut depth, mut at) = (Vec::new(), 0, 0u32, 0);
    while let Some(&byte) = text.as_bytes().get(at) {
        match byte {
            b'"' | b'\'' if text.get(start..at)?.trim().is_empty() || text.get(..at)?.ends_with([' ', ':']) => {
                at += closing(text.get(at..)?, byte)?;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                out.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    out.push(text.get(start..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lock_files_write() {
        let text = "# note\n---\nlockfileVersion: '9.0'\n\nsettings:\n  auto: true\n\npackages:\n\n  '@s/a@1.0.0':\n    resolution: {integrity: sha512-x==, tarball: 'https://x/a,b'}\n    \
            engines: {node: '>=6'}\n    cpu: [x64, arm64]\n    deprecated: |-\n      old: yes\n      - no\n    os:\n    - linux\n\n? \"b@npm:1, b@npm:2\"\n: version: 2\n  dependencies:\n    c: \"npm:^1\"\nlast: x\n";
        let yaml = read(text.as_bytes()).unwrap();
        assert_eq!(yaml.member("lockfileVersion"), "9.0");
        let a = yaml.get("packages").unwrap().get("@s/a@1.0.0").unwrap();
        assert_eq!(a.get("resolution").unwrap().member("integrity"), "sha512-x==");
        assert_eq!(a.get("resolution").unwrap().member("tarball"), "https://x/a,b");
        assert_eq!(a.get("cpu"), Some(&Yaml::List(vec![Yaml::Scalar("x64".into()), Yaml::Scalar("arm64".into())])));
        assert_eq!(a.get("os"), Some(&Yaml::List(vec![Yaml::Scalar("linux".into())])));
        let b = yaml.get("b@npm:1, b@npm:2").unwrap();
        assert_eq!((b.member("version"), b.get("dependencies").unwrap().member("c")), ("2", "npm:^1"));
        assert_eq!(yaml.member("last"), "x");
    }

    #[test]
    fn hostile() {
        let deep: String = (0..200).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        assert!(read(deep.as_bytes()).is_err());
        let flow = format!("a: {}", "[".repeat(100_000));
        assert!(read(flow.as_bytes()).is_err());
        assert!(read(b"a: 1\n   b: 2\n c: 3\n").is_ok());
        assert!(read(b"a:\n   b: 2\n c: 3\n").is_err());
        assert!(read(b"\xff").is_err());
        assert_eq!(read(b""), Ok(Yaml::Map(Vec::new())));
    }
}
