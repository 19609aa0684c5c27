//! How long a release is looked after.

use jiff::civil::Date;

use super::Parsed;

/// How long a release's packages receive security fixes that anybody can install.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime {
    /// `debian:12`.
    pub namespace: String,
    /// `bookworm`.
    pub codename: Option<String>,
    /// Last day of regular support.
    pub regular: Option<Date>,
    /// Last day of free long-term support, where there is one.
    pub long_term: Option<Date>,
}

impl Lifetime {
    /// The day after which nobody fixes it any more; `None` if not announced.
    pub fn end(&self) -> Option<Date> {
        self.regular.max(self.long_term)
    }
}

/// Reads distro-info's table of Debian releases: regular support and LTS; ELTS is sold, so it does not count.
pub fn debian(bytes: &[u8]) -> (Vec<Lifetime>, Parsed) {
    let mut parsed = Parsed::default();
    let text = String::from_utf8_lossy(bytes);
    let mut rows = text.lines().enumerate();
    let header: Vec<&str> = rows.next().map(|(_, l)| l.split(',').collect()).unwrap_or_default();
    let column = |name: &str| header.iter().position(|h| h.trim() == name);
    let (Some(version), Some(series), Some(eol)) = (column("version"), column("series"), column("eol")) else {
        return (Vec::new(), Parsed::broken("line 1", "the columns version, series and eol are not all there"));
    };
    let lts = column("eol-lts");
    let mut lifetimes = Vec::new();
    for (number, row) in rows.filter(|(_, l)| !l.trim().is_empty()) {
        let cells: Vec<&str> = row.split(',').map(str::trim).collect();
        let cell = |i: usize| cells.get(i).copied().filter(|c| !c.is_empty());
        let Some(release) = cell(version) else { continue };
        let mut date = |i: Option<usize>| {
            let text = cell(i?)?;
            text.parse::<Date>().map_err(|e| parsed.refuse(format!("line {}", number + 1), e)).ok()
        };
        let (regular, long_term) = (date(Some(eol)), date(lts));
        lifetimes.push(Lifetime {
            namespace: format!("debian:{release}"),
            codename: cell(series).map(str::to_owned),
            regular,
            long_term,
        });
    }
    (lifetimes, parsed)
}

/// Alpine's releases and the last day of their support, as published at <https://alpinelinux.org/releases/>.
const ALPINE: &[(&str, i16, i8, i8)] = &[
    ("v3.2", 2017, 5, 1),
    ("v3.3", 2017, 11, 1),
    ("v3.4", 2018, 5, 1),
    ("v3.5", 2018, 11, 1),
    ("v3.6", 2019, 5, 1),
    ("v3.7", 2019, 11, 1),
    ("v3.8", 2020, 5, 1),
    ("v3.9", 2020, 11, 1),
    ("v3.10", 2021, 5, 1),
    ("v3.11", 2021, 11, 1),
    ("v3.12", 2022, 5, 1),
    ("v3.13", 2022, 11, 1),
    ("v3.14", 2023, 5, 1),
    ("v3.15", 2023, 11, 1),
    ("v3.16", 2024, 5, 23),
    ("v3.17", 2024, 11, 22),
    ("v3.18", 2025, 5, 9),
    ("v3.19", 2025, 11, 1),
    ("v3.20", 2026, 4, 1),
];

/// The releases of Alpine that are known.
pub fn alpine() -> Vec<Lifetime> {
    let lifetime = |(release, y, m, d): &(&str, i16, i8, i8)| Lifetime {
        namespace: format!("alpine:{release}"),
        codename: None,
        regular: Date::new(*y, *m, *d).ok(),
        long_term: None,
    };
    ALPINE.iter().map(lifetime).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lts_counts_and_elts_does_not() {
        let text = "version,codename,series,created,release,eol,eol-lts,eol-elts\n\
            12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30\n\
            14,Forky,forky,2025-08-09\n,Sid,sid,1993-08-16\n13,T,trixie,a,b,nonsense\n";
        let (lifetimes, parsed) = debian(text.as_bytes());
        assert_eq!(lifetimes[0].end().unwrap().to_string(), "2028-06-30");
        assert_eq!(lifetimes[0].regular.unwrap().to_string(), "2026-07-11");
        assert_eq!((lifetimes[1].namespace.as_str(), lifetimes[1].end()), ("debian:14", None));
        assert_eq!((lifetimes.len(), parsed.bad.len()), (3, 1));
        assert!(alpine().iter().all(|l| l.end().is_some()));
    }
}
