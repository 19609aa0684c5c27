//! Why a candidate counted for nothing.

use plimsoll_finding::{Code, Finding, Location};

/// Why one candidate counted for nothing: which, what was expected, what was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The candidate as its source named it, or the signer that could not be read.
    pub candidate: String,
    /// The code, area S.
    pub code: Code,
    /// What would have counted.
    pub expected: String,
    /// What was there instead. It may quote the candidate, with control characters replaced.
    pub found: String,
}

impl Reason {
    /// The reason as a finding about `image`.
    pub fn to_finding(&self, image: &str) -> Finding {
        let location = Location::Image { image: image.to_owned(), path: None };
        Finding::new(self.code, location, self.code.rule().title)
            .with_evidence(format!("candidate: {}", self.candidate))
            .with_evidence(format!("expected: {}", self.expected))
            .with_evidence(format!("found: {}", self.found))
    }
}

/// What went wrong with the candidate in hand, before its name is put to it.
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Fault {
    pub(crate) fn new(code: Code, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { code, expected: expected.into(), found: printable(&found.into()) }
    }

    pub(crate) fn of(self, candidate: &str) -> Reason {
        Reason { candidate: candidate.to_owned(), code: self.code, expected: self.expected, found: self.found }
    }
}

/// Hostile text made safe to print: no control characters, at most 400 characters.
fn printable(text: &str) -> String {
    let mut out: String = text.chars().take(400).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(400).is_some() {
        out.push('…');
    }
    out
}
