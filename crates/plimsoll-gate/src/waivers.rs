//! Waivers: which one holds a vulnerability, and what is wrong with the others.

use jiff::civil::Date;
use plimsoll_finding::{Finding, Level, Location, gate};
use plimsoll_intent::Waiver;

/// What a waiver is asked about.
pub(crate) struct Subject<'a> {
    pub(crate) ids: &'a [&'a str],
    pub(crate) packages: [&'a str; 2],
}

/// The waivers of a run and what became of each.
pub(crate) struct Waivers<'w> {
    all: Vec<(&'w Waiver, Use)>,
    today: Date,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Unused,
    Used,
    /// Expired, and something in the image that it would have covered blocks.
    Missed,
}

impl<'w> Waivers<'w> {
    pub(crate) fn new(waivers: &'w [Waiver], today: Date) -> Self {
        Self { all: waivers.iter().map(|w| (w, Use::Unused)).collect(), today }
    }

    /// The waiver in force that covers the subject. A narrow one is preferred to a broad one.
    pub(crate) fn covering(&mut self, subject: &Subject<'_>) -> Option<&'w Waiver> {
        let today = self.today;
        let covers = |w: &Waiver| {
            subject.ids.iter().any(|id| id.eq_ignore_ascii_case(&w.vulnerability))
                && w.package.as_deref().is_none_or(|p| subject.packages.contains(&p))
        };
        let matching: Vec<usize> = (0..self.all.len()).filter(|&n| covers(self.all[n].0)).collect();
        let in_force = || matching.iter().copied().filter(|&n| self.all[n].0.until >= today);
        let Some(best) = in_force().find(|&n| self.all[n].0.package.is_some()).or_else(|| in_force().next()) else {
            matching.into_iter().for_each(|n| self.all[n].1 = Use::Missed);
            return None;
        };
        self.all[best].1 = Use::Used;
        Some(self.all[best].0)
    }

    /// What is to be said about the waivers themselves.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut out = Vec::new();
        for (w, state) in &self.all {
            let location = Location::File { path: w.origin.document.clone(), line: Some(w.origin.line), column: None };
            let package = w.package.as_deref().unwrap_or("every package");
            let finding = |code, message: String| {
                Finding::new(code, location.clone(), message).with_evidence(format!(
                    "{} in {package}, until {}, owner {}: {}",
                    w.vulnerability, w.until, w.owner, w.reason
                ))
            };
            let expired = w.until < self.today;
            match (state, expired) {
                (Use::Missed, _) => out.push(finding(
                    gate::EXPIRED_WAIVER,
                    format!("the waiver of {} in {package} ended on {}", w.vulnerability, w.until),
                )),
                (Use::Unused, true) => {
                    let mut late = finding(
                        gate::EXPIRED_WAIVER,
                        format!(
                            "the waiver of {} in {package} ended on {} and covers nothing here",
                            w.vulnerability, w.until
                        ),
                    );
                    late.level = Level::Warning;
                    out.push(late);
                }
                (Use::Unused, false) => out.push(finding(
                    gate::UNUSED_WAIVER,
                    format!("the waiver of {} in {package} covers nothing in this image", w.vulnerability),
                )),
                (Use::Used, _) => {}
            }
            if w.package.is_none() {
                out.push(finding(gate::BROAD_WAIVER, format!("the waiver of {} names no package", w.vulnerability)));
            }
        }
        out
    }
}
