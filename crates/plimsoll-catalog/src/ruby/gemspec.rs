//! `specifications/*.gemspec`: Ruby source as RubyGems writes it, one assignment on a line. Nothing is evaluated.

use crate::facts::{Facts, Record};
use crate::{Ecosystem, fields, link};

/// Reads a specification.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    let text = String::from_utf8_lossy(bytes);
    let mut spec = Spec::default();
    for line in text.lines() {
        spec.line(line.trim());
    }
    let Some(name) = spec.name.filter(|n| super::is_name(n)) else {
        return out.trouble(None, "a gem's specification names no gem; left out");
    };
    let version = spec.version.unwrap_or_default();
    let maintainer = match (spec.author, spec.mail) {
        (Some(name), Some(mail)) if mail.contains('@') => Some(format!("{name} <{mail}>")),
        (name, mail) => name.or(mail),
    };
    let platform = spec.platform.filter(|p| p != "ruby" && !p.is_empty());
    out.records.push(Record {
        ecosystem: Ecosystem::Gem,
        purl: super::purl(&name, &version),
        name,
        version,
        licenses: spec.licenses,
        maintainer,
        description: spec.summary,
        homepage: spec.homepage.filter(|h| h.contains("://")),
        wants: spec.wants.into_iter().map(|w| vec![w]).collect(),
        properties: platform.map(|p| ("gem:platform".to_owned(), p)).into_iter().collect(),
        ..Record::default()
    });
}

#[derive(Default)]
struct Spec {
    name: Option<String>,
    version: Option<String>,
    platform: Option<String>,
    licenses: Vec<String>,
    author: Option<String>,
    mail: Option<String>,
    homepage: Option<String>,
    summary: Option<String>,
    wants: Vec<String>,
    stubbed: bool,
}

impl Spec {
    fn line(&mut self, line: &str) {
        // RubyGems repeats what it must know to load a gem in one line: `# stub: rack 2.2.6 ruby lib`.
        if let Some(stub) = line.strip_prefix("# stub: ") {
            let mut words = stub.split_ascii_whitespace();
            if let (false, Some(name), Some(version)) = (self.stubbed, words.next(), words.next())
                && version.starts_with(|c: char| c.is_ascii_digit())
            {
                self.name = Some(name.to_owned());
                self.version = link::token(version.as_bytes());
                self.platform = words.next().and_then(|p| link::token(p.as_bytes()));
                self.stubbed = true;
            }
            return;
        }
        // `s.name = "rack".freeze`, `spec.add_dependency "rack"`; other lines are not for us.
        let Some((receiver, rest)) = line.split_once('.') else { return };
        if receiver.is_empty() || !receiver.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (field, value) = rest.split_at(end);
        if matches!(field, "add_runtime_dependency" | "add_dependency") {
            let name = strings(value).into_iter().next().filter(|n| super::is_name(n));
            if self.wants.len() < fields::MAX_ENTRIES {
                self.wants.extend(name);
            }
            return;
        }
        let Some(value) = value.trim_start().strip_prefix('=').map(str::trim_start) else { return };
        let first = || strings(value).into_iter().next();
        let line = |text: Option<String>| text.and_then(|t| link::text(t.trim().as_bytes()));
        match field {
            "name" if !self.stubbed => self.name = first(),
            "version" if !self.stubbed => {
                self.version = first()
                    .filter(|v| v.starts_with(|c: char| c.is_ascii_digit()))
                    .and_then(|v| link::token(v.as_bytes()));
            }
            "platform" if !self.stubbed => self.platform = first(),
            "license" | "licenses" => {
                for licence in strings(value) {
                    fields::licence(&licence, &mut self.licenses);
                }
            }
            "author" | "authors" => self.author = self.author.take().or_else(|| line(first())),
            "email" => self.mail = line(first()),
            "homepage" => self.homepage = line(first()),
            "summary" => self.summary = line(first()),
            _ => {}
        }
    }
}

/// The string literals of a line: `"x"`, `'x'`, `%q<x>`, `%q(x)`.
fn strings(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while out.len() < 256 {
        let Some(at) = rest.find(['"', '\'', '%', '#']) else { break };
        let (_, found) = rest.split_at(at);
        let mut chars = found.chars();
        let (open, body) = match chars.next() {
            Some('#') => break,
            Some('%') => {
                let body = chars.as_str();
                let body = body.strip_prefix(['q', 'Q']).unwrap_or(body);
                (body.chars().next().unwrap_or(' '), body.get(1..).unwrap_or_default())
            }
            Some(quote) => (quote, chars.as_str()),
            None => break,
        };
        let close = match open {
            '<' => '>',
            '(' => ')',
            '{' => '}',
            '[' => ']',
            quote @ ('"' | '\'') => quote,
            _ => {
                rest = chars.as_str();
                continue;
            }
        };
        let (mut literal, mut escaped, mut end) = (String::new(), false, None);
        for (at, c) in body.char_indices() {
            match c {
                _ if escaped => {
                    literal.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                _ if c == close => {
                    end = Some(at + c.len_utf8());
                    break;
                }
                _ => literal.push(c),
            }
        }
        let Some(end) = end else { break };
        out.push(literal);
        rest = body.get(end..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Facts {
        let mut out = Facts::default();
        read(text.as_bytes(), &mut out);
        out
    }

    const TEXT: &str = "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.13.10 x86_64-linux lib\n# stub: ext/nokogiri/extconf.rb\n\n\
        Gem::Specification.new do |s|\n  s.name = \"nokogiri\".freeze\n  s.version = \"1.13.10\"\n  s.platform = \"x86_64-linux\".freeze\n\n\
        \x20 s.required_rubygems_version = Gem::Requirement.new(\">= 0\".freeze) if s.respond_to? :required_rubygems_version=\n\
        \x20 s.authors = [\"Mike Dalessio\".freeze, \"B\".freeze]\n  s.email = \"a@b.org\".freeze\n  s.homepage = \"https://nokogiri.org\".freeze\n\
        \x20 s.licenses = [\"MIT\".freeze, \"Ruby\".freeze]\n  s.summary = \"It's \\\"XML\\\"\".freeze\n\n  if s.respond_to? :add_runtime_dependency then\n\
        \x20   s.add_runtime_dependency(%q<racc>.freeze, [\"~> 1.4\"])\n    s.add_dependency 'mini_portile2', '~> 2'\n    s.add_development_dependency(%q<rake>.freeze, [\">= 0\"])\n  end\nend\n";

    #[test]
    fn a_specification() {
        let out = parsed(TEXT);
        let record = &out.records[0];
        assert_eq!((record.name.as_str(), record.version.as_str()), ("nokogiri", "1.13.10"));
        assert_eq!(record.purl, "pkg:gem/nokogiri@1.13.10");
        assert_eq!(record.licenses, ["MIT", "Ruby"]);
        assert_eq!(record.maintainer.as_deref(), Some("Mike Dalessio <a@b.org>"));
        assert_eq!(record.description.as_deref(), Some("It's \"XML\""));
        assert_eq!(record.wants, [["racc"], ["mini_portile2"]]);
        assert_eq!(record.properties, [("gem:platform".to_owned(), "x86_64-linux".to_owned())]);
    }

    #[test]
    fn without_a_stub_and_hostile() {
        let out = parsed("Gem::Specification.new do |spec|\n spec.name = 'a'\n spec.version = A::VERSION\n");
        assert_eq!((out.records[0].name.as_str(), out.records[0].version.as_str()), ("a", ""));
        let out = parsed("spec.name = 'a'\nspec.version = Gem::Version.new(\"1.0\")\n");
        assert_eq!(out.records[0].version, "1.0");
        assert_eq!(parsed("x").troubles.len(), 1);
        for end in 0..TEXT.len() {
            parsed(&TEXT[..end]);
        }
        strings(&"%".repeat(10_000));
        strings(&"é%é".repeat(100));
    }
}
