//! Severity: the word, the score behind it, and who said so.

use std::cmp::Reverse;

/// How grave a vulnerability is. `Unknown` is a value of its own: it has no place on the scale (see
/// [`Severity::reaches`]), so the type has no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Severity {
    /// No source states one.
    #[default]
    Unknown,
    /// Debian's "unimportant" and the like; CVSS "none".
    Negligible,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All, gravest first, `Unknown` between medium and low as a reminder that it is not the end of a list.
    pub const ALL: [Self; 6] = [Self::Critical, Self::High, Self::Medium, Self::Unknown, Self::Low, Self::Negligible];

    /// Lower-case word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a word that a feed or a person uses; `None` for a word nobody knows.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "unknown" | "untriaged" | "not yet assigned" => Self::Unknown,
            "none" | "negligible" | "unimportant" => Self::Negligible,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" => Self::High,
            "critical" => Self::Critical,
            _ => return None,
        })
    }

    /// Whether it is known and at least `floor`; `None` if it is unknown. A floor of `Unknown` is reached by everything.
    pub fn reaches(self, floor: Self) -> Option<bool> {
        (self != Self::Unknown).then_some(self as u8 >= floor as u8)
    }

    /// The word for a CVSS score in tenths.
    pub fn of_score(tenths: u8) -> Self {
        match tenths {
            0 => Self::Negligible,
            1..=39 => Self::Low,
            40..=69 => Self::Medium,
            70..=89 => Self::High,
            _ => Self::Critical,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Unknown, Self::Negligible, Self::Low, Self::Medium, Self::High, Self::Critical]
            .get(usize::from(byte))
            .copied()
    }
}

/// One source's opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The word.
    pub severity: Severity,
    /// CVSS score in tenths (98 is 9.8), where a vector was given.
    pub score: Option<u8>,
    /// The CVSS vector.
    pub vector: Option<String>,
    /// Whose opinion: an advisory's id (`GHSA-…`), or the feed's name.
    pub source: String,
}

impl Rating {
    /// The rating a CVSS vector computes to; `None` if it is no vector (v2, v3 and v4 are read).
    pub fn from_vector(vector: &str, source: &str) -> Option<Self> {
        let parsed: cvss::Cvss = vector.parse().ok()?;
        // A vector that leaves out a base metric would score as harmless; it says nothing.
        let base: &[&str] = match parsed {
            cvss::Cvss::CvssV20(_) => &["AV", "AC", "Au", "C", "I", "A"],
            cvss::Cvss::CvssV40(_) => &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
            _ => &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
        };
        let states = |metric: &&str| vector.split('/').any(|m| m.split(':').next() == Some(metric));
        if !base.iter().all(states) {
            return None;
        }
        // A score is 0.0 to 10.0 with one decimal, so the cast cannot lose anything.
        let tenths = (parsed.score() * 10.0).round().clamp(0.0, 100.0) as u8;
        let severity = match (&parsed, Severity::of_score(tenths)) {
            // CVSS v2 has no critical (its scale ends with high from 7.0).
            (cvss::Cvss::CvssV20(_), Severity::Critical) => Severity::High,
            (_, severity) => severity,
        };
        Some(Self { severity, score: Some(tenths), vector: Some(vector.to_owned()), source: source.to_owned() })
    }

    /// The rating of a word; `None` if the word is unknown or says "unknown".
    pub fn from_word(word: &str, source: &str) -> Option<Self> {
        let severity = Severity::from_word(word).filter(|s| *s != Severity::Unknown)?;
        Some(Self { severity, score: None, vector: None, source: source.to_owned() })
    }

    /// Sorting key: the order in which sources are believed, then the graver, then the text.
    ///
    /// GHSA and the ecosystems' own databases are read before mirrors of NVD (Bitnami).
    pub(crate) fn rank(&self) -> impl Ord + use<'_> {
        let rank = match self.source.split(['-', ' ']).next().unwrap_or_default() {
            "GHSA" => 1,
            "GO" | "RUSTSEC" | "PYSEC" => 2,
            "BIT" => 3,
            "DEBIAN" | "DSA" | "ALPINE" | "debian" | "alpine" => 0,
            _ => 4,
        };
        (rank, Reverse(self.severity as u8), Reverse(self.score), &self.source, &self.vector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_three_versions_score() {
        for (vector, score, severity) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, Severity::Critical),
            ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 75, Severity::High),
            ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 100, Severity::High),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93, Severity::Critical),
            ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0, Severity::Negligible),
        ] {
            let rating = Rating::from_vector(vector, "x").unwrap();
            assert_eq!((rating.score, rating.severity), (Some(score), severity), "{vector}");
        }
        assert_eq!(Rating::from_vector("CVSS:3.1/AV:N", "x"), None);
        assert_eq!(Rating::from_vector("7.5", "x"), None);
    }

    #[test]
    fn unknown_is_not_on_the_scale() {
        assert_eq!(Severity::Unknown.reaches(Severity::Low), None);
        assert_eq!(Severity::High.reaches(Severity::High), Some(true));
        assert_eq!(Severity::Medium.reaches(Severity::High), Some(false));
        assert_eq!(Rating::from_word("UNKNOWN", "x"), None);
        assert_eq!(Rating::from_word("MODERATE", "x").unwrap().severity, Severity::Medium);
    }
}
