//! Erlang's terms as its tools write them to files: atoms, strings, binaries, numbers, tuples and lists.

/// How deep terms may stand in terms.
const DEPTH: usize = 64;

/// The most terms read of one file.
const MOST: usize = 1 << 20;

/// A term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// An atom, a string, a binary or a number.
    Text(String),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A list.
    List(Vec<Self>),
}

impl Term {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn tuple(&self) -> &[Self] {
        match self {
            Self::Tuple(terms) => terms,
            _ => &[],
        }
    }

    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(terms) => terms,
            _ => &[],
        }
    }

    /// The value of `{key, value}` in a list of pairs.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let pairs = self.list().iter().map(Self::tuple);
        pairs.filter_map(|p| p.split_first()).find(|(k, _)| k.text() == Some(key)).and_then(|(_, v)| v.first())
    }
}

/// The terms of a file, each ended by a full stop. What is cut short gives what could be read; an error stands where
/// something else than terms begins.
pub(crate) fn terms(text: &str) -> Result<Vec<Term>, &'static str> {
    let mut reader = Reader { rest: text, left: MOST };
    let mut found = Vec::new();
    loop {
        reader.blank();
        if reader.rest.is_empty() {
            return Ok(found);
        }
        if reader.take('.') {
            continue;
        }
        found.push(reader.term(DEPTH)?);
    }
}

struct Reader<'a> {
    rest: &'a str,
    left: usize,
}

impl<'a> Reader<'a> {
    /// White space and comments.
    fn blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('%') {
                return;
            }
            self.rest = self.rest.find('\n').and_then(|at| self.rest.get(at..)).unwrap_or_default();
        }
    }

    fn take(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn term(&mut self, depth: usize) -> Result<Term, &'static str> {
        self.left = self.left.checked_sub(1).ok_or("holds more terms than are read")?;
        self.blank();
        if depth == 0 {
            return Err("holds terms too deep in terms");
        }
        if let Some(rest) = self.rest.strip_prefix("<<") {
            self.rest = rest;
            let inner = self.sequence(">>", depth - 1)?;
            let text: String = inner.iter().filter_map(Term::text).collect();
            return Ok(Term::Text(text));
        }
        // A map reads as a tuple of its keys and values.
        self.rest = self.rest.strip_prefix('#').filter(|r| r.starts_with('{')).unwrap_or(self.rest);
        match self.rest.chars().next() {
            Some('{') => {
                self.take('{');
                Ok(Term::Tuple(self.sequence("}", depth - 1)?))
            }
            Some('[') => {
                self.take('[');
                Ok(Term::List(self.sequence("]", depth - 1)?))
            }
            Some(quote @ ('"' | '\'')) => {
                self.take(quote);
                let mut text = self.quoted(quote);
                // Strings that stand next to each other are one.
                loop {
                    self.blank();
                    if quote != '"' || !self.take('"') {
                        return Ok(Term::Text(text));
                    }
                    text.push_str(&self.quoted('"'));
                }
            }
            Some(c) if c.is_alphanumeric() || matches!(c, '-' | '+' | '_' | '#' | '$') => {
                let legal = |c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '_' | '@' | '#' | '$' | '/');
                let end = self.rest.find(|c: char| !legal(c)).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                // A fraction, unless the dot ends the term.
                let digits = rest.strip_prefix('.').filter(|r| r.starts_with(|c: char| c.is_ascii_digit()));
                if let Some(digits) = digits.filter(|_| word.bytes().all(|b| b.is_ascii_digit() || b == b'-')) {
                    let end = digits.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(digits.len());
                    self.rest = digits.get(end..).unwrap_or_default();
                    return Ok(Term::Text(format!("{word}.{}", digits.get(..end).unwrap_or_default())));
                }
                Ok(Term::Text(word.to_owned()))
            }
            Some(_) => Err("holds something else than terms"),
            None => Err("ends within a term"),
        }
    }

    fn sequence(&mut self, end: &str, depth: usize) -> Result<Vec<Term>, &'static str> {
        let mut found = Vec::new();
        loop {
            self.blank();
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                return Ok(found);
            }
            // `<<"text"/utf8>>` and lists with a tail.
            if self.take(',') || self.take('|') {
                continue;
            }
            let mark = ["/utf8", "=>", ":="].iter().find_map(|m| self.rest.strip_prefix(m));
            if let Some(rest) = mark {
                self.rest = rest;
                continue;
            }
            found.push(self.term(depth)?);
        }
    }

    fn quoted(&mut self, quote: char) -> String {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                return out;
            }
            match c {
                '\\' => out.extend(chars.next().map(|(_, c)| if c == 'n' || c == 't' { ' ' } else { c })),
                c => out.push(c),
            }
        }
        self.rest = "";
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_all_kinds() {
        let text = "%% c\n{application,'a b',[{vsn,\"1.2\" \"-x\"},{n,1.5},{b,<<\"t\"/utf8>>},{e,[]}]}.\n{x,<<>>}.";
        let found = terms(text).unwrap();
        let pairs = &found[0].tuple()[2];
        assert_eq!(found[0].tuple()[1].text(), Some("a b"));
        assert_eq!(pairs.get("vsn").unwrap().text(), Some("1.2-x"));
        assert_eq!(pairs.get("n").unwrap().text(), Some("1.5"));
        assert_eq!(pairs.get("b").unwrap().text(), Some("t"));
        assert_eq!(found.len(), 2);
        assert_eq!(terms("#{a => [b]}.").unwrap()[0].tuple().len(), 2);
        for (cut, _) in text.char_indices() {
            let _ = terms(&text[..cut]);
        }
    }

    #[test]
    fn hostile_files_are_bounded() {
        assert!(terms(&"[".repeat(100_000)).is_err());
        assert!(terms("é(").is_err());
        assert_eq!(terms("\"x").unwrap(), [Term::Text("x".to_owned())]);
    }
}
