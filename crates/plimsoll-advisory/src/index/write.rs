//! Writing the index.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};

use super::{Feed, HEADER, IndexError, MAGIC, NO_TIME, ROWS, TABLE_ROW, VERSION, xxh::xxh64};
use crate::merge::{Knowledge, Standing, merge};
use crate::parse::eol::Lifetime;
use crate::{End, Rating, Record};

/// Collects what feeds say and writes it as an index. The order in which things are added does not matter.
#[derive(Clone, Debug, Default)]
pub struct IndexBuilder {
    records: Vec<(Standing, Record)>,
    ratings: BTreeMap<String, Vec<Rating>>,
    exploited: BTreeSet<String>,
    feeds: BTreeMap<String, Feed>,
    lifetimes: BTreeMap<String, Lifetime>,
}

impl IndexBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds records.
    pub fn add(&mut self, standing: Standing, records: impl IntoIterator<Item = Record>) -> &mut Self {
        self.records.extend(records.into_iter().map(|r| (standing, r)));
        self
    }

    /// Adds opinions on ids.
    pub fn rate(&mut self, ratings: impl IntoIterator<Item = (String, Rating)>) -> &mut Self {
        for (id, rating) in ratings {
            let known = self.ratings.entry(id).or_default();
            if !known.contains(&rating) {
                known.push(rating);
            }
        }
        self
    }

    /// Adds ids that are exploited.
    pub fn exploited(&mut self, ids: impl IntoIterator<Item = String>) -> &mut Self {
        self.exploited.extend(ids);
        self
    }

    /// Names a feed; said twice, counts add up and the newer snapshot stands.
    pub fn feed(&mut self, feed: Feed) -> &mut Self {
        let known = self.feeds.entry(feed.name.clone()).or_insert_with(|| Feed {
            name: feed.name.clone(),
            snapshot: None,
            records: 0,
            bad: 0,
        });
        known.snapshot = known.snapshot.max(feed.snapshot);
        known.records = known.records.saturating_add(feed.records);
        known.bad = known.bad.saturating_add(feed.bad);
        self
    }

    /// States the snapshot time of a feed that was named before; of one that was not, nothing.
    pub fn snapshot(&mut self, name: &str, time: Timestamp) -> &mut Self {
        if let Some(feed) = self.feeds.get_mut(name) {
            feed.snapshot = Some(time);
        }
        self
    }

    /// Adds lifetimes of releases; of two on one release the earlier end stands.
    pub fn lifetimes(&mut self, lifetimes: impl IntoIterator<Item = Lifetime>) -> &mut Self {
        for lifetime in lifetimes {
            let known = self.lifetimes.entry(lifetime.namespace.clone()).or_insert_with(|| lifetime.clone());
            let earlier = match (known.end(), lifetime.end()) {
                (Some(a), Some(b)) => b < a,
                (a, b) => a.is_none() && b.is_some(),
            };
            if earlier {
                *known = lifetime;
            }
        }
        self
    }

    /// The records as they will stand: one of each (namespace, package, id), merged and enriched, sorted.
    pub fn merged(&self) -> Vec<Record> {
        let knowledge = Knowledge { ratings: self.ratings.clone(), exploited: self.exploited.clone() };
        merge(self.records.clone(), &knowledge)
    }

    /// Records of some packages of some namespaces in plimsoll's own format, for a small extract. An empty list of
    /// packages means all.
    pub fn extract(&self, namespaces: &[&str], packages: &[&str]) -> Vec<u8> {
        let mut records = self.merged();
        records.retain(|r| {
            namespaces.contains(&&*r.namespace) && (packages.is_empty() || packages.contains(&&*r.package))
        });
        let lifetimes: Vec<_> =
            self.lifetimes.values().filter(|l| namespaces.contains(&&*l.namespace)).cloned().collect();
        let feeds: Vec<_> = self.feeds.values().cloned().collect();
        crate::parse::records::write(&records, &feeds, &lifetimes)
    }

    /// Writes the index.
    ///
    /// # Errors
    /// If a section would pass 4 GiB.
    pub fn build(self, built_at: Timestamp) -> Result<Vec<u8>, IndexError> {
        let knowledge = Knowledge { ratings: self.ratings, exploited: self.exploited };
        let records = merge(self.records, &knowledge);
        let feeds: Vec<Feed> = self.feeds.into_values().collect();
        let lifetimes: Vec<Lifetime> = self.lifetimes.into_values().collect();
        let pool = Pool::new(strings(&records, &feeds, &lifetimes))?;
        let mut rows = Rows { pool: &pool, sections: Default::default() };
        feeds.iter().try_for_each(|f| rows.feed(f))?;
        lifetimes.iter().try_for_each(|l| rows.lifetime(l))?;
        let mut first = 0;
        for package in records.chunk_by(|a, b| (&a.namespace, &a.package) == (&b.namespace, &b.package)) {
            rows.key(&package[0], first, package.len())?;
            first += package.len();
        }
        for namespace in records.chunk_by(|a, b| a.namespace == b.namespace) {
            rows.namespace(&namespace[0].namespace, namespace.len())?;
        }
        records.iter().try_for_each(|r| rows.record(r))?;
        let Rows { mut sections, .. } = rows;
        sections[super::STRINGS] = pool.text.into_bytes();
        Ok(assemble(&sections, built_at))
    }
}

fn assemble(sections: &[Vec<u8>; 9], built_at: Timestamp) -> Vec<u8> {
    let mut table = Vec::new();
    let mut offset = HEADER + TABLE_ROW * ROWS.len();
    for (number, (section, row)) in sections.iter().zip(ROWS).enumerate() {
        table.extend((number as u32 + 1).to_le_bytes());
        table.extend((row as u32).to_le_bytes());
        table.extend((offset as u64).to_le_bytes());
        table.extend((section.len() as u64).to_le_bytes());
        table.extend(xxh64(section).to_le_bytes());
        offset += section.len().next_multiple_of(8);
    }
    let mut out = Vec::with_capacity(offset);
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend((ROWS.len() as u32).to_le_bytes());
    out.extend(built_at.as_second().to_le_bytes());
    out.extend((offset as u64).to_le_bytes());
    let sum = xxh64(&[&out[..], &table].concat());
    out.extend(sum.to_le_bytes());
    out.extend(table);
    for section in sections {
        out.extend(section);
        out.resize(out.len().next_multiple_of(8), 0);
    }
    out
}

fn strings<'a>(records: &'a [Record], feeds: &'a [Feed], lifetimes: &'a [Lifetime]) -> BTreeSet<&'a str> {
    let mut set = BTreeSet::new();
    for r in records {
        set.extend([&*r.namespace, &r.package, &r.id]);
        set.extend(r.summary.as_deref().into_iter().chain(r.url.as_deref()));
        set.extend([&r.aliases, &r.versions, &r.evidence].into_iter().flatten().map(String::as_str));
        for range in &r.ranges {
            set.extend(range.introduced.as_deref());
            if let End::Fixed(v) | End::LastAffected(v) = &range.end {
                set.insert(v);
            }
        }
        for rating in &r.ratings {
            set.extend(rating.vector.as_deref().into_iter().chain([&*rating.source]));
        }
    }
    set.extend(feeds.iter().map(|f| &*f.name));
    set.extend(lifetimes.iter().flat_map(|l| l.codename.as_deref().into_iter().chain([&*l.namespace])));
    set
}

struct Pool<'a> {
    text: String,
    offsets: BTreeMap<&'a str, u32>,
}

impl<'a> Pool<'a> {
    fn new(strings: BTreeSet<&'a str>) -> Result<Self, IndexError> {
        let (mut text, mut offsets) = (String::new(), BTreeMap::new());
        for string in strings {
            offsets.insert(string, number(text.len())?);
            text.push_str(string);
        }
        number(text.len())?;
        Ok(Self { text, offsets })
    }
}

fn number(n: usize) -> Result<u32, IndexError> {
    u32::try_from(n).map_err(|_| IndexError::TooLarge)
}

struct Rows<'p> {
    pool: &'p Pool<'p>,
    sections: [Vec<u8>; 9],
}

impl Rows<'_> {
    fn text(&mut self, section: usize, text: &str) -> Result<(), IndexError> {
        let offset = self.pool.offsets.get(text).copied().unwrap_or_default();
        let len = if self.pool.offsets.contains_key(text) { text.len() } else { 0 };
        self.numbers(section, [offset, number(len)?]);
        Ok(())
    }

    fn numbers<const N: usize>(&mut self, section: usize, numbers: [u32; N]) {
        numbers.iter().for_each(|n| self.sections[section].extend(n.to_le_bytes()));
    }

    fn time(&mut self, section: usize, time: Option<Timestamp>) {
        self.sections[section].extend(time.map_or(NO_TIME, |t| t.as_second()).to_le_bytes());
    }

    fn list(&mut self, target: usize, count: usize) -> Result<(), IndexError> {
        let first = number(self.sections[target].len() / ROWS[target])?;
        self.numbers(super::RECORDS, [first, number(count)?]);
        Ok(())
    }

    fn texts(&mut self, texts: &[String]) -> Result<(), IndexError> {
        self.list(super::LISTS, texts.len())?;
        texts.iter().try_for_each(|t| self.text(super::LISTS, t))
    }

    fn feed(&mut self, feed: &Feed) -> Result<(), IndexError> {
        self.text(super::FEEDS, &feed.name)?;
        self.time(super::FEEDS, feed.snapshot);
        self.numbers(super::FEEDS, [feed.records, feed.bad]);
        Ok(())
    }

    fn lifetime(&mut self, lifetime: &Lifetime) -> Result<(), IndexError> {
        self.text(super::LIFETIMES, &lifetime.namespace)?;
        self.text(super::LIFETIMES, lifetime.codename.as_deref().unwrap_or_default())?;
        self.numbers(super::LIFETIMES, [day(lifetime.regular), day(lifetime.long_term)]);
        Ok(())
    }

    fn namespace(&mut self, name: &str, records: usize) -> Result<(), IndexError> {
        self.text(super::NAMESPACES, name)?;
        self.numbers(super::NAMESPACES, [number(records)?, 0]);
        Ok(())
    }

    fn key(&mut self, record: &Record, first: usize, count: usize) -> Result<(), IndexError> {
        self.text(super::KEYS, &record.namespace)?;
        self.text(super::KEYS, &record.package)?;
        self.numbers(super::KEYS, [number(first)?, number(count)?]);
        Ok(())
    }

    fn record(&mut self, r: &Record) -> Result<(), IndexError> {
        const R: usize = super::RECORDS;
        self.text(R, &r.id)?;
        self.texts(&r.aliases)?;
        self.list(super::RANGES, r.ranges.len())?;
        for range in &r.ranges {
            self.text(super::RANGES, range.introduced.as_deref().unwrap_or_default())?;
            let (end, kind) = match &range.end {
                End::Fixed(v) if !v.is_empty() => (v.as_str(), 0),
                End::LastAffected(v) if !v.is_empty() => (v.as_str(), 1),
                // An end that names no version is no end.
                _ => ("", 2),
            };
            self.text(super::RANGES, end)?;
            self.numbers(super::RANGES, [kind, 0]);
        }
        self.texts(&r.versions)?;
        self.list(super::RATINGS, r.ratings.len())?;
        for rating in &r.ratings {
            let score = rating.score.unwrap_or_default();
            self.sections[super::RATINGS].extend([rating.severity as u8, u8::from(rating.score.is_some()), score, 0]);
            self.numbers(super::RATINGS, [0]);
            self.text(super::RATINGS, rating.vector.as_deref().unwrap_or_default())?;
            self.text(super::RATINGS, &rating.source)?;
        }
        self.texts(&r.evidence)?;
        self.text(R, r.summary.as_deref().unwrap_or_default())?;
        self.text(R, r.url.as_deref().unwrap_or_default())?;
        self.time(R, r.published);
        self.time(R, r.modified);
        self.sections[R].extend([r.state as u8, u8::from(r.kev), 0, 0]);
        self.numbers(R, [0]);
        Ok(())
    }
}

fn day(date: Option<Date>) -> u32 {
    // Years are 0 to 9999 and months and days small: the parts are never negative.
    date.map_or(0, |d| {
        u32::from(d.year().unsigned_abs()) * 10_000
            + u32::from(d.month().unsigned_abs()) * 100
            + u32::from(d.day().unsigned_abs())
    })
}
