//! The two structured headers a registry client reads: `WWW-Authenticate` (RFC 9110, 11.6.1) and `Link` (RFC 8288).
//!
//! Both readers are total: what cannot be read is left out, because an answer with a bad header must end in a plain
//! "not authorised" or "no next page", never in a panic.

use std::collections::BTreeMap;

/// The most bytes of a header that are read.
const MAX_HEADER: usize = 16 * 1024;

/// One challenge of a `WWW-Authenticate` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme in lower case: `bearer`, `basic`.
    pub scheme: String,
    /// Parameters, names in lower case; the first of two with one name is kept.
    pub params: BTreeMap<String, String>,
}

/// One entry of a `Link` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The target between `<` and `>`, as written.
    pub target: String,
    /// The relation types, in lower case.
    pub rel: Vec<String>,
}

/// Reads a `WWW-Authenticate` header that may hold several challenges.
pub fn parse_www_authenticate(text: &str) -> Vec<Challenge> {
    let mut scan = Scan::new(text);
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        scan.skip(|b| b == b',' || b == b' ' || b == b'\t');
        let name = scan.token();
        if name.is_empty() {
            return challenges;
        }
        let gap = scan.skip(|b| b == b' ' || b == b'\t');
        if scan.eat(b'=') {
            scan.skip(|b| b == b' ' || b == b'\t');
            let Some(value) = scan.value() else { return challenges };
            let Some(challenge) = challenges.last_mut() else { return challenges };
            challenge.params.entry(name.to_ascii_lowercase()).or_insert(value);
        } else if gap || scan.peek().is_none_or(|b| b == b',') {
            challenges.push(Challenge { scheme: name.to_ascii_lowercase(), params: BTreeMap::new() });
        } else {
            return challenges;
        }
    }
}

/// Reads a `Link` header.
pub fn parse_link(text: &str) -> Vec<Link> {
    let mut scan = Scan::new(text);
    let mut links = Vec::new();
    loop {
        scan.skip(|b| b == b',' || b == b' ' || b == b'\t');
        if !scan.eat(b'<') {
            return links;
        }
        let target = scan.until(b'>').to_owned();
        if !scan.eat(b'>') {
            return links;
        }
        let mut rel = Vec::new();
        loop {
            scan.skip(|b| b == b' ' || b == b'\t');
            if !scan.eat(b';') {
                break;
            }
            scan.skip(|b| b == b' ' || b == b'\t');
            let name = scan.token();
            scan.skip(|b| b == b' ' || b == b'\t');
            if !scan.eat(b'=') {
                continue;
            }
            scan.skip(|b| b == b' ' || b == b'\t');
            let Some(value) = scan.value() else { return links };
            if name.eq_ignore_ascii_case("rel") && rel.is_empty() {
                rel = value.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
            }
        }
        links.push(Link { target, rel });
    }
}

/// The target of the link to the next page, if a `Link` header names one.
pub(crate) fn next_page(text: &str) -> Option<String> {
    parse_link(text).into_iter().find(|link| link.rel.iter().any(|r| r == "next")).map(|link| link.target)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        // A header with other than visible ASCII is not one these grammars allow, and cutting it could split a letter.
        let usable = text.len() <= MAX_HEADER && text.bytes().all(|b| matches!(b, b'\t' | b' '..=b'~'));
        Self { text: if usable { text } else { "" }, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip(&mut self, these: impl Fn(u8) -> bool) -> bool {
        let start = self.at;
        while self.peek().is_some_and(&these) {
            self.at += 1;
        }
        self.at > start
    }

    fn until(&mut self, end: u8) -> &'a str {
        let start = self.at;
        self.skip(|b| b != end);
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn token(&mut self) -> &'a str {
        let start = self.at;
        self.skip(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A token or a quoted string; `None` when a quote is left open. Unquoted values are read up to the next separator,
    /// because registries send realms without quotes.
    fn value(&mut self) -> Option<String> {
        if !self.eat(b'"') {
            let start = self.at;
            self.skip(|b| !matches!(b, b',' | b';' | b' ' | b'\t' | b'"'));
            return self.text.get(start..self.at).map(str::to_owned);
        }
        let mut value = String::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(value),
                b'\\' => {
                    value.push(char::from(self.peek()?));
                    self.at += 1;
                }
                other => value.push(char::from(other)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_registries_send() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let challenges = parse_www_authenticate(hub);
        assert_eq!(challenges.len(), 1);
        assert_eq!(challenges[0].scheme, "bearer");
        assert_eq!(challenges[0].params["realm"], "https://auth.docker.io/token");
        assert_eq!(challenges[0].params["scope"], "repository:library/nginx:pull");
    }

    #[test]
    fn reads_several_challenges_in_one_header() {
        let both = parse_www_authenticate(r#"Basic realm="a \"b\", c", Bearer realm=https://x/t, scope="a b""#);
        assert_eq!(both.len(), 2);
        assert_eq!(both[0].params["realm"], "a \"b\", c");
        assert_eq!(both[1].scheme, "bearer");
        assert_eq!(both[1].params["realm"], "https://x/t");
        assert_eq!(parse_www_authenticate("Negotiate, Basic realm=\"x\"").len(), 2);
    }

    #[test]
    fn an_open_quote_ends_the_header() {
        assert!(parse_www_authenticate("Bearer realm=\"http://").first().is_some_and(|c| c.params.is_empty()));
        assert!(parse_www_authenticate("=").is_empty());
        assert!(parse_www_authenticate("a=b").is_empty());
        assert!(parse_www_authenticate("Bearer realm=\"\u{e9}\"").is_empty());
    }

    #[test]
    fn finds_the_next_page() {
        assert_eq!(
            next_page(r#"</v2/a/tags/list?n=2&last=b>; rel="next""#).as_deref(),
            Some("/v2/a/tags/list?n=2&last=b")
        );
        assert_eq!(next_page(r#"<a>; rel=prev, <b>; title="x,y"; rel="next last""#).as_deref(), Some("b"));
        assert_eq!(next_page("<a>; rel=prev"), None);
        assert_eq!(next_page("<a"), None);
    }
}
