//! What packages of one database depend on. Both ends stand in it, so edges are made while it is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::facts::Record;

use super::header::{Header, tag};

/// The most providers of one name that are followed.
const MAX_PROVIDERS: usize = 32;

/// The most words of a rich dependency that are read.
const MAX_WORDS: usize = 256;

/// Longer names and versions are none.
const MAX_LEN: usize = 1024;

/// `rpmlib(...)`, which rpm itself provides, and dependencies that may be missing.
const IGNORED: u32 = 1 << 24 | 1 << 19;
/// The bits that compare, of which this one alone asks for exactly a version.
const COMPARISON: u32 = 2 | 4 | 8;
const EQUAL: u32 = 8;

/// What packages ask for and offer, by their index among the records.
#[derive(Default)]
pub(super) struct Dependencies {
    wants: Vec<Wants>,
    providers: HashMap<Vec<u8>, Vec<(u32, Vec<u8>)>>,
}

/// Names that one package wants, each with the version it has to be.
type Wants = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl Dependencies {
    /// Notes what the package with the next index asks for and offers.
    pub(super) fn add(&mut self, header: &Header<'_>, record: &Record) {
        let index = u32::try_from(self.wants.len()).unwrap_or(u32::MAX);
        let mut versions = header.texts(tag::PROVIDE_VERSION);
        for name in header.texts(tag::PROVIDE_NAME) {
            self.provide(index, name, versions.next().unwrap_or_default());
        }
        // Packages of the oldest rpm do not provide their own name.
        let own = record.version.as_bytes();
        if self.providers.get(record.name.as_bytes()).is_none_or(|p| p.iter().all(|(i, _)| *i != index)) {
            self.provide(index, record.name.as_bytes(), own);
        }
        self.wants.push(wants(header));
    }

    fn provide(&mut self, index: u32, name: &[u8], version: &[u8]) {
        if name.len() > MAX_LEN || version.len() > MAX_LEN {
            return;
        }
        let list = self.providers.entry(name.to_vec()).or_default();
        if list.len() < MAX_PROVIDERS && list.last().is_none_or(|(i, v)| *i != index || v != version) {
            list.push((index, version.to_vec()));
        }
    }

    /// Whether a package offers a name.
    pub(super) fn offers(&self, name: &str) -> Vec<u32> {
        self.providers.get(name.as_bytes()).into_iter().flatten().map(|(index, _)| *index).collect()
    }

    /// Sets on every record which others it needs.
    pub(super) fn link(mut self, records: &mut [Record]) {
        self.provide_files(records);
        let mut needs: Vec<BTreeSet<u32>> = Vec::with_capacity(records.len());
        for (index, (wants, own)) in (0u32..).zip(self.wants.iter().zip(records.iter())) {
            let mut found = BTreeSet::new();
            for (name, version) in wants {
                let list = self.providers.get(name).map_or(&[][..], Vec::as_slice);
                if list.iter().all(|(i, _)| *i != index) {
                    found.extend(best(list, version.as_deref(), own, records));
                }
            }
            needs.push(found);
        }
        for (record, needs) in records.iter_mut().zip(needs) {
            record.needs = needs.into_iter().collect();
        }
    }

    /// A file that is wanted is provided by the package that owns it.
    fn provide_files(&mut self, records: &[Record]) {
        let wanted: BTreeSet<Vec<u8>> =
            self.wants.iter().flat_map(BTreeMap::keys).filter(|n| n.starts_with(b"/")).cloned().collect();
        for (index, record) in (0u32..).zip(records) {
            for path in record.owned.iter().filter(|p| wanted.contains(p.as_bytes())) {
                self.provide(index, path.as_bytes(), b"");
            }
        }
    }
}

/// Of those who offer a name the ones with the version that is wanted and the architecture of the package that wants it,
/// as far as there are such.
fn best(list: &[(u32, Vec<u8>)], version: Option<&[u8]>, own: &Record, records: &[Record]) -> Vec<u32> {
    let is_version = |offered: &[u8]| {
        let Some(wanted) = version else { return true };
        bare(offered).strip_prefix(bare(wanted)).is_some_and(|rest| matches!(rest, [] | [b'-', ..]))
    };
    let mut found: Vec<u32> = list.iter().filter(|(_, v)| is_version(v)).map(|(i, _)| *i).collect();
    if found.is_empty() {
        found = list.iter().map(|(i, _)| *i).collect();
    }
    let fits = |i: &u32| {
        records.get(*i as usize).is_some_and(|r| r.arch == own.arch || r.arch == "noarch" || own.arch == "noarch")
    };
    let fitting: Vec<u32> = found.iter().copied().filter(fits).collect();
    if fitting.is_empty() { found } else { fitting }
}

/// The names that a package wants and provides, for packages that do not stand in one database.
pub(super) fn names(header: &Header<'_>) -> (Vec<String>, Vec<String>) {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let provides = header.texts(tag::PROVIDE_NAME).filter(|n| n.len() <= MAX_LEN).map(text);
    (wants(header).keys().map(|n| text(n)).collect(), provides.collect())
}

/// A version without its epoch.
fn bare(version: &[u8]) -> &[u8] {
    version.iter().position(|b| *b == b':').and_then(|at| version.get(at + 1..)).unwrap_or(version)
}

/// The names that a package wants.
fn wants(header: &Header<'_>) -> Wants {
    let mut out = Wants::new();
    let mut flags = header.numbers(tag::REQUIRE_FLAGS);
    let mut versions = header.texts(tag::REQUIRE_VERSION);
    for name in header.texts(tag::REQUIRE_NAME) {
        let (flags, version) = (flags.next().unwrap_or_default(), versions.next().unwrap_or_default());
        let is_legal = !name.is_empty() && name.len() <= MAX_LEN && version.len() <= MAX_LEN;
        if flags & IGNORED != 0 || !is_legal || name.starts_with(b"rpmlib(") {
            continue;
        }
        if name.starts_with(b"(") {
            out.extend(rich(name).into_iter().map(|name| (name.to_vec(), None)));
            continue;
        }
        let exact = (flags & COMPARISON == EQUAL && !version.is_empty()).then(|| version.to_vec());
        let slot = out.entry(name.to_vec()).or_default();
        if exact.is_some() {
            *slot = exact;
        }
    }
    out
}

/// The names of a rich dependency, `(a if (b or c >= 1) else d)`, that it may be fulfilled by. Conditions after `if` and
/// `unless` are none, nor is what stands after `without`.
fn rich(text: &[u8]) -> Vec<&[u8]> {
    let mut names = Vec::new();
    // For each open parenthesis whether what stands in it is skipped.
    let mut skips = vec![false];
    let (mut is_version, mut inherited) = (false, vec![false]);
    for word in text.split(|b| *b == b' ').filter(|w| !w.is_empty()).take(MAX_WORDS) {
        let opening = word.iter().take_while(|b| **b == b'(').count().min(MAX_WORDS);
        for _ in 0..opening {
            let skip = skips.last().copied().unwrap_or_default();
            skips.push(skip);
            inherited.push(skip);
        }
        let word = word.get(opening..).unwrap_or_default();
        // Parentheses belong to the name as long as they balance: `libc.so.6(GLIBC_2.4)(64bit)`.
        let balance = |c| word.iter().filter(|b| **b == c).count();
        let closing = balance(b')').saturating_sub(balance(b'('));
        let word = word.get(..word.len() - closing.min(word.len())).unwrap_or_default();
        match word {
            b"and" | b"or" | b"with" => {}
            b"if" | b"unless" | b"without" => skips.iter_mut().last().into_iter().for_each(|s| *s = true),
            b"else" => {
                if let (Some(skip), Some(before)) = (skips.last_mut(), inherited.last()) {
                    *skip = *before;
                }
            }
            b"=" | b"<" | b">" | b"<=" | b">=" => is_version = true,
            [] => {}
            name => {
                if !std::mem::take(&mut is_version) && skips.last() == Some(&false) {
                    names.push(name);
                }
            }
        }
        let kept = skips.len().saturating_sub(closing).max(1);
        skips.truncate(kept);
        inherited.truncate(kept);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rich_dependencies() {
        let names = |text: &str| -> Vec<String> {
            rich(text.as_bytes()).into_iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect()
        };
        assert_eq!(names("(a or b)"), ["a", "b"]);
        assert_eq!(names("(a >= 1.2 if b)"), ["a"]);
        assert_eq!(names("((a and b) if (c or d) else e)"), ["a", "b", "e"]);
        assert_eq!(names("(a with b without c)"), ["a", "b"]);
        assert_eq!(names("(libc.so.6(GLIBC_2.4)(64bit) or (x if y))"), ["libc.so.6(GLIBC_2.4)(64bit)", "x"]);
        assert_eq!(names("((((((("), Vec::<String>::new());
        assert_eq!(names(")))) a"), ["a"]);
        assert_eq!(names("(a if (b if c else d))"), ["a"]);
    }
}
