//! One record for each (namespace, package, id), whatever the number of feeds that speak of it.
//!
//! The rule, in this order:
//! 1. a statement that affects beats one that clears, and a stated fix beats "no fix stated" (the latter ages);
//! 2. the vendor's own statement beats what was derived (read out of changelogs);
//! 3. of two single fixed versions of equal standing the higher wins: an earlier one was a partial fix;
//!    where either has several ranges, both count.
//!
//! Aliases, ratings and evidence of all are kept; the evidence of the one that decided comes first.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use crate::{End, FixState, Range, Rating, Record, Scheme};

/// Whose statement a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The vendor's (the distribution's tracker, the ecosystem's database).
    Vendor,
    /// Derived from something that was written for another purpose.
    Derived,
}

/// Most opinions kept on one record.
const MAX_RATINGS: usize = 6;

pub(crate) struct Knowledge {
    pub(crate) ratings: BTreeMap<String, Vec<Rating>>,
    pub(crate) exploited: std::collections::BTreeSet<String>,
}

/// Merges, enriches with severity and exploitation by id, and sorts.
pub(crate) fn merge(mut records: Vec<(Standing, Record)>, knowledge: &Knowledge) -> Vec<Record> {
    records.sort_by(|a, b| a.1.key().cmp(&b.1.key()).then_with(|| order(a, b)));
    let mut merged: Vec<(Standing, Record)> = Vec::with_capacity(records.len());
    for (standing, record) in records {
        match merged.last_mut() {
            Some((first, kept)) if kept.key() == record.key() => absorb(kept, record, *first == standing),
            _ => merged.push((standing, record)),
        }
    }
    merged.into_iter().map(|(_, record)| finish(record, knowledge)).collect()
}

/// The order of statements on one key, the deciding one first. Total over everything that reaches the result, so that
/// the order of the input cannot matter.
fn order(a: &(Standing, Record), b: &(Standing, Record)) -> Ordering {
    let class = |r: &Record| match r.state {
        FixState::Fixed => 0,
        FixState::WillNotFix => 1,
        FixState::NoFix => 2,
        FixState::NotAffected => 3,
    };
    let versions = match (single(&a.1), single(&b.1), Scheme::of(&a.1.namespace)) {
        (Some(x), Some(y), Some(scheme)) => scheme.compare(y, x).unwrap_or(Ordering::Equal),
        _ => Ordering::Equal,
    };
    (class(&a.1), a.0).cmp(&(class(&b.1), b.0)).then(versions).then_with(|| tail(&a.1).cmp(&tail(&b.1)))
}

fn tail(r: &Record) -> impl Ord + use<'_> {
    (&r.evidence, &r.ranges, &r.versions, &r.aliases, &r.summary, &r.url, r.published, r.modified)
}

/// The version of a record that says nothing but "fixed in".
fn single(record: &Record) -> Option<&str> {
    match (&record.ranges[..], record.versions.is_empty()) {
        ([Range { introduced: None, end: End::Fixed(version) }], true) => Some(version),
        _ => None,
    }
}

fn absorb(kept: &mut Record, mut other: Record, same_standing: bool) {
    let both_count = same_standing && kept.state == other.state && (single(kept).is_none() || single(&other).is_none());
    if both_count {
        kept.ranges.append(&mut other.ranges);
        kept.versions.append(&mut other.versions);
    }
    kept.aliases.append(&mut other.aliases);
    kept.ratings.append(&mut other.ratings);
    let new = other.evidence.into_iter().filter(|e| !kept.evidence.contains(e)).collect::<Vec<_>>();
    kept.evidence.extend(new);
    kept.kev |= other.kev;
    kept.published = [kept.published, other.published].into_iter().flatten().min();
    kept.modified = kept.modified.max(other.modified);
    kept.summary = kept.summary.take().or(other.summary);
    kept.url = kept.url.take().or(other.url);
}

fn finish(mut record: Record, knowledge: &Knowledge) -> Record {
    record.ranges.sort_unstable();
    record.ranges.dedup();
    record.versions.sort_unstable();
    record.versions.dedup();
    record.aliases.sort_unstable();
    record.aliases.dedup();
    record.aliases.retain(|a| *a != record.id);
    for id in [&record.id].into_iter().chain(&record.aliases) {
        record.kev |= knowledge.exploited.contains(id);
        record.ratings.extend(knowledge.ratings.get(id).into_iter().flatten().cloned());
    }
    record.ratings.sort_by(|a, b| a.rank().cmp(&b.rank()));
    record.ratings.dedup();
    if record.ratings.len() > MAX_RATINGS {
        // The gravest opinion is never the one that is cut.
        let gravest = record.ratings.iter().max_by_key(|r| (r.severity as u8, Reverse(r.rank()))).cloned();
        record.ratings.truncate(MAX_RATINGS - 1);
        record.ratings.extend(gravest.filter(|g| !record.ratings.contains(g)).into_iter().collect::<Vec<_>>());
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(records: Vec<(Standing, Record)>) -> Record {
        let none = Knowledge { ratings: BTreeMap::new(), exploited: Default::default() };
        let mut turned = records.clone();
        turned.reverse();
        let merged = merge(records, &none);
        assert_eq!(merged, merge(turned, &none), "the order of feeds must not matter");
        assert_eq!(merged.len(), 1);
        merged.into_iter().next().unwrap()
    }

    fn record(evidence: &str) -> Record {
        Record { evidence: vec![evidence.to_owned()], ..Record::new("debian:12", "zlib", "CVE-2023-45853") }
    }

    #[test]
    fn the_rule() {
        let (v, d) = (Standing::Vendor, Standing::Derived);
        let got = one(vec![(d, record("changelog").fixed_in("1:1.2-2")), (v, record("oval").open())]);
        assert_eq!((got.state, &got.ranges[..]), (FixState::Fixed, &[Range::until("1:1.2-2")][..]));
        assert_eq!(got.evidence, ["changelog", "oval"]);
        let got = one(vec![(d, record("changelog").fixed_in("1:1.2-1")), (v, record("oval").fixed_in("1:1.2-2"))]);
        assert_eq!(got.ranges, [Range::until("1:1.2-2")]);
        let got = one(vec![(v, record("a").fixed_in("1:1.2-9")), (v, record("b").fixed_in("1:1.2-10"))]);
        assert_eq!(got.ranges, [Range::until("1:1.2-10")]);
        let clears = Record { state: FixState::NotAffected, ..record("clears") };
        let got = one(vec![(v, clears), (d, record("affects").fixed_in("1:1.3-1"))]);
        assert_eq!(got.state, FixState::Fixed);
    }
}
