//! The variables that a Lua file sets to strings and tables of strings. Nothing is run.

/// How deep tables may stand in tables.
const DEPTH: usize = 16;

/// The most values that are read of one file.
const MOST: usize = 65_536;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Table(Vec<(Option<String>, Self)>),
    /// Numbers, calls, whatever has to be run.
    Other,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Table(fields) => fields.iter().find(|(k, _)| k.as_deref() == Some(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The values without keys.
    pub(super) fn items(&self) -> Vec<&Self> {
        match self {
            Self::Table(fields) => fields.iter().filter(|(k, _)| k.is_none()).map(|(_, v)| v).collect(),
            _ => Vec::new(),
        }
    }
}

/// What is assigned at the outermost level, in order. What cannot be followed is passed over.
pub(super) fn variables(bytes: &[u8]) -> Vec<(String, Value)> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader { tokens: tokens(&text), at: 0, known: Vec::new(), left: MOST };
    while let Some(token) = reader.next() {
        let Token::Name(name) = token else { continue };
        if matches!(reader.peek(), Some(Token::Sign('='))) {
            reader.at += 1;
            let value = reader.expression(DEPTH);
            reader.known.push((name.to_owned(), value));
        }
    }
    reader.known
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    Text(String),
    Number(&'a str),
    Concat,
    Sign(char),
}

/// The tokens of a file; comments fall away. `==` is one sign of its own, which is never an assignment.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if found.len() >= MOST {
            break;
        }
        if let Some(after) = rest.strip_prefix("--") {
            rest = match long(after) {
                Some((_, after)) => after,
                None => after.find('\n').and_then(|at| after.get(at..)).unwrap_or_default(),
            };
        } else if let Some((inner, after)) = long(rest) {
            found.push(Token::Text(inner.to_owned()));
            rest = after;
        } else if first == '"' || first == '\'' {
            let (inner, after) = quoted(&rest[1..], first);
            found.push(Token::Text(inner));
            rest = after;
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            found.push(if first.is_ascii_digit() { Token::Number(word) } else { Token::Name(word) });
            rest = after;
        } else if let Some(after) = rest.strip_prefix("..") {
            found.push(Token::Concat);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("==") {
            found.push(Token::Sign('≡'));
            rest = after;
        } else {
            if !first.is_whitespace() {
                found.push(Token::Sign(first));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// `[[…]]` and `[=[…]=]`, with what follows.
fn long(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let level = inner.bytes().take_while(|&b| b == b'=').take(8).count();
    let inner = inner.get(level..)?.strip_prefix('[')?;
    let end = format!("]{}]", "=".repeat(level));
    Some(inner.split_once(end.as_str()).unwrap_or((inner, "")))
}

fn quoted(text: &str, quote: char) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return (out, &text[at + 1..]),
            '\n' => return (out, &text[at..]),
            '\\' => match chars.next() {
                Some((_, 'n' | 't' | 'r')) => out.push(' '),
                Some((_, c)) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    (out, "")
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    known: Vec<(String, Value)>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// Values joined by `..`.
    fn expression(&mut self, depth: usize) -> Value {
        let mut value = self.value(depth);
        while self.peek() == Some(&Token::Concat) {
            self.at += 1;
            value = match (value, self.value(depth)) {
                (Value::Text(a), Value::Text(b)) if a.len() + b.len() <= 4096 => Value::Text(a + &b),
                _ => Value::Other,
            };
        }
        value
    }

    fn value(&mut self, depth: usize) -> Value {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.at = self.tokens.len();
            return Value::Other;
        }
        match self.next() {
            Some(Token::Text(text)) => Value::Text(text),
            Some(Token::Number(number)) => Value::Text(number.to_owned()),
            // Few variables are set; of two with one name the last is meant.
            Some(Token::Name(name)) => {
                let recent = self.known.iter().rev().take(64).find(|(n, _)| n == name);
                match recent {
                    Some((_, Value::Text(text))) => Value::Text(text.clone()),
                    _ => Value::Other,
                }
            }
            Some(Token::Sign('{')) if depth > 0 => self.table(depth - 1),
            _ => Value::Other,
        }
    }

    fn table(&mut self, depth: usize) -> Value {
        let mut fields = Vec::new();
        loop {
            let key = match self.peek() {
                None => return Value::Table(fields),
                Some(Token::Sign('}')) => {
                    self.at += 1;
                    return Value::Table(fields);
                }
                Some(Token::Sign(',' | ';')) => {
                    self.at += 1;
                    continue;
                }
                Some(Token::Name(name)) if self.tokens.get(self.at + 1) == Some(&Token::Sign('=')) => {
                    let name = (*name).to_owned();
                    self.at += 2;
                    Some(name)
                }
                Some(Token::Sign('[')) => {
                    let key = match self.tokens.get(self.at + 1) {
                        Some(Token::Text(text)) => text.clone(),
                        _ => String::new(),
                    };
                    self.at += 4;
                    Some(key)
                }
                Some(_) => None,
            };
            let value = self.expression(depth);
            fields.push((key, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lua_files_set() {
        let found = variables(b"a = 'x' --[[ b = 'no' ]] c = [==[ y]] ]==]\nif a == 'z' then end\nt = { k = a .. '1', ['q'] = \"\\\"\", { 'deep' }, f(1) }");
        let of = |name: &str| found.iter().find(|(n, _)| n == name).map(|(_, v)| v);
        assert_eq!(of("a").unwrap().text(), Some("x"));
        assert_eq!(of("c").unwrap().text(), Some(" y]] "));
        assert_eq!(of("t").unwrap().get("k").unwrap().text(), Some("x1"));
        assert_eq!(of("t").unwrap().get("q").unwrap().text(), Some("\""));
        assert!(of("b").is_none());
    }

    #[test]
    fn hostile_files_are_bounded() {
        variables(&b"a={".repeat(50_000));
        variables(&b"a='x'..".repeat(50_000));
        variables("é = 'ü' \u{1F600} ..".as_bytes());
        variables(b"a='\\");
    }
}
