//! Findings: what plimsoll says about a workload, under stable codes.
//!
//! A [`Code`] is `PL-<area><nnn>`. Its [`Rule`] is the one place its title, explanation and next step are written; the
//! terminal, SARIF, JSON and `plimsoll explain` all read it from here.

#[macro_use]
mod registry;

pub mod admission;
pub mod decision;
pub mod gate;
pub mod harden;
pub mod manifest;
pub mod rubric;
pub mod sbom;
pub mod signing;

pub use registry::rules;

use std::fmt;

/// A stable code, `PL-A001`. Only codes of the registry exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub(crate) &'static str);

impl Code {
    /// The code of the registry that reads `text`, if there is one.
    pub fn parse(text: &str) -> Option<Self> {
        rules().map(|r| r.code).find(|c| c.0.eq_ignore_ascii_case(text))
    }

    /// The code's text.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The registry's entry.
    pub fn rule(self) -> &'static Rule {
        // Codes are made by the registry alone, so the search cannot miss; the first rule stands in for the impossible.
        rules().find(|r| r.code == self).unwrap_or(&admission::RULES[0])
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How grave a finding is by itself, before any policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Should be looked at; does not refuse by itself.
    Warning,
    /// Refuses.
    Error,
}

impl Level {
    /// SARIF's word for it, which is also the terminal's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A code's entry in the registry.
#[derive(Debug)]
pub struct Rule {
    /// The code.
    pub code: Code,
    /// Kebab-case name, stable: `root-user`.
    pub name: &'static str,
    /// Default level.
    pub level: Level,
    /// One line, no full stop.
    pub title: &'static str,
    /// What it means and why it matters, a paragraph.
    pub explanation: &'static str,
    /// What to do next.
    pub help: &'static str,
}

/// Where a finding points.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// A place in a file the user wrote.
    File {
        /// Path as the user gave it.
        path: String,
        /// Line, from 1.
        line: Option<u32>,
        /// Column in characters, from 1.
        column: Option<u32>,
    },
    /// A Kubernetes object, and a field path in it.
    Object {
        /// `Deployment/shop/web`: kind, namespace where known, name.
        object: String,
        /// `spec.template.spec.containers[0].image`.
        field: String,
    },
    /// An image, and a path in it where one is meant.
    Image {
        /// The reference or source as the user gave it.
        image: String,
        /// Path inside the image.
        path: Option<String>,
    },
    /// Nothing narrower than the run.
    Run,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => {
                f.write_str(path)?;
                line.map_or(Ok(()), |l| write!(f, ":{l}"))?;
                column.filter(|_| line.is_some()).map_or(Ok(()), |c| write!(f, ":{c}"))
            }
            Self::Object { object, field } if field.is_empty() => f.write_str(object),
            Self::Object { object, field } => write!(f, "{object} {field}"),
            Self::Image { image, path: Some(path) } => write!(f, "{image} {path}"),
            Self::Image { image, path: None } => f.write_str(image),
            Self::Run => f.write_str("this run"),
        }
    }
}

/// One thing found: what, where, the evidence, and the next command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The code.
    pub code: Code,
    /// Level here; the rule's unless a policy moved it.
    pub level: Level,
    /// What is wrong, one sentence, sufficient alone.
    pub message: String,
    /// Where.
    pub location: Location,
    /// What was seen that shows it, one fact a line.
    pub evidence: Vec<String>,
    /// What to do next; the rule's help where nothing better is known.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding at its rule's level.
    pub fn new(code: Code, location: Location, message: impl Into<String>) -> Self {
        Self { code, level: code.rule().level, message: message.into(), location, evidence: Vec::new(), hint: None }
    }

    /// The same finding with one more fact of evidence.
    #[must_use]
    pub fn with_evidence(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// The same finding with a next step of its own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The next step: the finding's own, or its rule's.
    pub fn next_step(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.code.rule().help)
    }

    /// Whether it refuses.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_registry_is_sound() {
        let mut codes = BTreeSet::new();
        let mut names = BTreeSet::new();
        for rule in rules() {
            let code = rule.code.as_str();
            let (area, number) = code.strip_prefix("PL-").unwrap().split_at(1);
            assert!("HSBGADMR".contains(area), "{code}: unknown area");
            assert!(number.len() == 3 && number.parse::<u16>().is_ok(), "{code}: three digits");
            assert!(codes.insert(code) && names.insert(rule.name), "{code} or its name stands twice");
            assert!(!rule.title.ends_with('.') && !rule.title.is_empty(), "{code}: title is one line, no full stop");
            assert!(rule.explanation.len() > 60 && rule.help.len() > 10, "{code}: say more");
            assert!(rule.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{code}");
        }
        assert!(rules().is_sorted_by_key(|r| r.code), "the registry is sorted by code");
    }

    #[test]
    fn codes_parse_without_regard_to_case() {
        let first = admission::RULES[0].code;
        assert_eq!(Code::parse(&first.as_str().to_lowercase()), Some(first));
        assert_eq!(Code::parse("PL-Z999"), None);
    }
}
