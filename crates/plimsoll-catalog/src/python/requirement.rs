//! Requirements as metadata writes them: `name[extra,…] (specifier); marker`, and the `requires.txt` of eggs.

use super::marker::{self, Environment, Truth};
use super::name;

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// The distribution's normalised name.
    pub(super) name: String,
    /// The extras asked of it, normalised.
    pub(super) extras: Vec<String>,
    marker: Option<String>,
}

impl Requirement {
    /// Reads one; `None` if it does not begin with a name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (text, marker) = match text.split_once(';') {
            Some((text, marker)) => (text, Some(marker.trim().to_owned())),
            None => (text, None),
        };
        let text = text.trim();
        let end = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')));
        let (stated, rest) = text.split_at(end.unwrap_or(text.len()));
        let extras = rest.trim_start().strip_prefix('[').and_then(|r| r.split_once(']')).map_or("", |(e, _)| e);
        Some(Self {
            name: name::normal(stated)?,
            extras: extras.split(',').filter_map(name::normal).take(64).collect(),
            marker: marker.filter(|m| !m.is_empty()),
        })
    }

    /// Whether it may hold where one of `extras` (or none) was asked for.
    pub(super) fn holds<'a>(&self, environment: &Environment, extras: impl IntoIterator<Item = &'a str>) -> bool {
        let Some(marker) = &self.marker else { return true };
        let holds = |extra: &str| marker::evaluate(marker, environment, extra) != Truth::No;
        holds("") || extras.into_iter().any(holds)
    }
}

/// The requirements of a `requires.txt`: sections `[extra:marker]` become markers.
pub(super) fn of_egg(bytes: &[u8]) -> impl Iterator<Item = String> {
    let mut section = String::new();
    super::lines(bytes).filter_map(move |line| {
        if let Some(head) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            let (extra, marker) = head.split_once(':').unwrap_or((head, ""));
            let extra = name::normal(extra).map(|e| format!("extra == '{e}'"));
            section = match (extra, marker.trim()) {
                (Some(extra), "") => extra,
                (Some(extra), marker) => format!("({marker}) and {extra}"),
                (None, marker) => marker.to_owned(),
            };
            return None;
        }
        Some(if section.is_empty() { line } else { format!("{line}; {section}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requirements() {
        let read = |t: &str| Requirement::parse(t).map(|r| (r.name, r.extras, r.marker));
        let plain = |n: &str| Some((n.to_owned(), vec![], None));
        assert_eq!(read("Foo.Bar"), plain("foo-bar"));
        assert_eq!(read("foo (>=1.0,<2)"), plain("foo"));
        assert_eq!(read("foo>=1"), plain("foo"));
        assert_eq!(read("foo @ https://x.org/foo.whl"), plain("foo"));
        let extras = vec!["a".to_owned(), "b-c".to_owned()];
        assert_eq!(read("foo[a,b_c]>=1; x"), Some(("foo".into(), extras, Some("x".into()))));
        for bad in ["", ";", "[a]", ">=1", "-"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn sections_of_eggs() {
        let text = b"a\nb>=1\n\n[sec]\nc\n\n[:python_version < '3']\nd\n[sec:os_name == 'nt']\ne\n";
        let found: Vec<String> = of_egg(text).collect();
        assert_eq!(
            found,
            ["a", "b>=1", "c; extra == 'sec'", "d; python_version < '3'", "e; (os_name == 'nt') and extra == 'sec'"]
        );
    }
}
