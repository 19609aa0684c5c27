//! Environment markers (PEP 508), evaluated as far as an image is certain of its environment.

use std::cmp::Ordering;

use super::name;

/// What is known of the interpreter that a distribution is installed for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// Major and minor version.
    pub(super) python: Option<(u32, u32)>,
    /// Whether the layout is that of Unix (`lib/python3.11/site-packages`).
    pub(super) unix: bool,
}

/// Yes, no, or nobody can tell from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    Unknown,
}

/// Parentheses that may be open at once.
const MAX_DEPTH: usize = 16;

/// Markers longer than this are not evaluated.
const MAX_LEN: usize = 4096;

/// Evaluates a marker where one extra (or none: empty) was asked for. What cannot be read is unknown.
pub(super) fn evaluate(marker: &str, environment: &Environment, extra: &str) -> Truth {
    if marker.len() > MAX_LEN {
        return Truth::Unknown;
    }
    let Some(tokens) = tokens(marker) else { return Truth::Unknown };
    let mut parser = Parser { tokens: &tokens, at: 0, environment, extra };
    match parser.any(0) {
        Some(truth) if parser.at == tokens.len() => truth,
        _ => Truth::Unknown,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
    Text(&'a str),
    Operator(&'a str),
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' | '\'' => {
                let end = rest.get(1..)?.find(first)?;
                (Token::Text(rest.get(1..=end)?), end + 2)
            }
            '<' | '>' | '=' | '!' | '~' => {
                let end = rest.find(|c| !matches!(c, '<' | '>' | '=' | '!' | '~')).unwrap_or(rest.len());
                (Token::Operator(rest.get(..end)?), end)
            }
            c if c.is_ascii_alphanumeric() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')));
                let end = end.unwrap_or(rest.len());
                (Token::Word(rest.get(..end)?), end)
            }
            _ => return None,
        };
        out.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(out)
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    environment: &'a Environment,
    extra: &'a str,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Token<'a>> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Word(word));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Option<Truth> {
        let mut truth = self.all(depth)?;
        while self.takes("or") {
            truth = match (truth, self.all(depth)?) {
                (Truth::Yes, _) | (_, Truth::Yes) => Truth::Yes,
                (Truth::No, Truth::No) => Truth::No,
                _ => Truth::Unknown,
            };
        }
        Some(truth)
    }

    fn all(&mut self, depth: usize) -> Option<Truth> {
        let mut truth = self.one(depth)?;
        while self.takes("and") {
            truth = match (truth, self.one(depth)?) {
                (Truth::No, _) | (_, Truth::No) => Truth::No,
                (Truth::Yes, Truth::Yes) => Truth::Yes,
                _ => Truth::Unknown,
            };
        }
        Some(truth)
    }

    fn one(&mut self, depth: usize) -> Option<Truth> {
        let left = match self.next()? {
            Token::Open if depth < MAX_DEPTH => {
                let truth = self.any(depth + 1)?;
                return matches!(self.next()?, Token::Close).then_some(truth);
            }
            operand @ (Token::Word(_) | Token::Text(_)) => operand,
            _ => return None,
        };
        let operator = match self.next()? {
            Token::Operator(o) => *o,
            Token::Word("in") => "in",
            Token::Word("not") if self.takes("in") => "not in",
            _ => return None,
        };
        match (left, self.next()?) {
            (Token::Word(variable), Token::Text(value)) => Some(self.compare(variable, operator, value, false)),
            (Token::Text(value), Token::Word(variable)) => Some(self.compare(variable, operator, value, true)),
            _ => None,
        }
    }

    fn compare(&self, variable: &str, operator: &str, value: &str, swapped: bool) -> Truth {
        let truth = |b: bool| if b { Truth::Yes } else { Truth::No };
        match variable {
            "extra" => match operator {
                "==" => truth(name::normal(value).is_some_and(|v| v == self.extra)),
                "!=" => truth(name::normal(value).is_none_or(|v| v != self.extra)),
                _ => Truth::Unknown,
            },
            "python_version" if !swapped => {
                self.environment.python.map_or(Truth::Unknown, |own| python(own, operator, value))
            }
            // Of the full version the last number is not known: it decides only where the first two differ.
            "python_full_version" if !swapped => match (self.environment.python, version(value)) {
                (Some(own), Some(other)) if own != other => python(own, operator, value),
                // Nothing of a minor version comes before its beginning.
                (Some(_), Some(_)) if value.matches('.').count() < 2 || value.ends_with(".0") => match operator {
                    "<" => Truth::No,
                    ">=" => Truth::Yes,
                    _ => Truth::Unknown,
                },
                _ => Truth::Unknown,
            },
            "sys_platform" | "os_name" | "platform_system" if self.environment.unix => {
                // That it is neither Windows nor a browser is all a layout says.
                const OTHERS: &[&str] =
                    &["win32", "nt", "Windows", "cygwin", "emscripten", "Emscripten", "Java", "java"];
                match (operator, OTHERS.contains(&value)) {
                    ("==", true) => Truth::No,
                    ("!=", true) => Truth::Yes,
                    ("==", false) if variable == "os_name" => truth(value == "posix"),
                    ("!=", false) if variable == "os_name" => truth(value != "posix"),
                    _ => Truth::Unknown,
                }
            }
            _ => Truth::Unknown,
        }
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_end_matches(".*").split('.');
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next().map_or(Some(0), |m| m.parse().ok())?))
}

fn python(own: (u32, u32), operator: &str, value: &str) -> Truth {
    let truth = |b: bool| if b { Truth::Yes } else { Truth::No };
    if matches!(operator, "in" | "not in") {
        // A list in one text: `"2.7, 3.3"`.
        let own = format!("{}.{}", own.0, own.1);
        let found = value.split([',', ' ', '|']).any(|v| v == own);
        return truth(found == (operator == "in"));
    }
    let Some(other) = version(value) else { return Truth::Unknown };
    let order = own.cmp(&other);
    let major_only = value.trim().ends_with(".*") && value.matches('.').count() == 1;
    match operator {
        "==" if major_only => truth(own.0 == other.0),
        "!=" if major_only => truth(own.0 != other.0),
        "==" | "===" => truth(order == Ordering::Equal),
        "!=" => truth(order != Ordering::Equal),
        "<" => truth(order == Ordering::Less),
        "<=" => truth(order != Ordering::Greater),
        ">" => truth(order == Ordering::Greater),
        ">=" => truth(order != Ordering::Less),
        "~=" => truth(order != Ordering::Less && own.0 == other.0),
        _ => Truth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers() {
        let unix = Environment { python: Some((3, 11)), unix: true };
        for (marker, extra, expected) in [
            ("python_version < '3.8'", "", Truth::No),
            ("python_version >= \"3.9\"", "", Truth::Yes),
            ("python_version == '3.*'", "", Truth::Yes),
            ("python_version in '2.7, 3.11'", "", Truth::Yes),
            ("python_full_version < '3.11.0a7'", "", Truth::Unknown),
            ("python_full_version < '3.11.4'", "", Truth::Unknown),
            ("python_full_version < '3.11'", "", Truth::No),
            ("python_full_version >= '3.11.0'", "", Truth::Yes),
            ("sys_platform == 'win32' or sys_platform == 'emscripten'", "", Truth::No),
            ("python_full_version < '3.7'", "", Truth::No),
            ("sys_platform == 'win32'", "", Truth::No),
            ("sys_platform == 'darwin'", "", Truth::Unknown),
            ("os_name == 'posix'", "", Truth::Yes),
            ("extra == 'a'", "", Truth::No),
            ("extra == 'A_b'", "a-b", Truth::Yes),
            ("(extra == 'a') and python_version < '3'", "a", Truth::No),
            ("platform_machine == 'x86_64' and extra == 'a'", "", Truth::No),
            ("platform_machine == 'x86_64' or extra == 'a'", "", Truth::Unknown),
            ("'linux' in sys_platform", "", Truth::Unknown),
            ("nonsense", "", Truth::Unknown),
            ("extra == 'a' 'b'", "", Truth::Unknown),
            ("", "", Truth::Unknown),
            ("'", "", Truth::Unknown),
        ] {
            assert_eq!(evaluate(marker, &unix, extra), expected, "{marker}");
        }
        assert_eq!(evaluate(&"(".repeat(4000), &unix, ""), Truth::Unknown);
        assert_eq!(evaluate("python_version < '3'", &Environment::default(), ""), Truth::Unknown);
    }
}
