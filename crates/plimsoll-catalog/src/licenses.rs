//! Licences of the usual crates and Go modules, for packages whose evidence cannot say theirs.
//!
//! The tables are made by `cargo xtask licences` from what the ordinary clients fetch, and hold the licence of a
//! package's newest version at that time; a package that changed its licence is told by the property beside it to come
//! from the table.

use crate::Ecosystem;

const CARGO: &str = include_str!("licenses/cargo.tsv");
const GO: &str = include_str!("licenses/go.tsv");

/// The licence that the table knows of a package.
pub(crate) fn of(ecosystem: Ecosystem, name: &str) -> Option<&'static str> {
    match ecosystem {
        Ecosystem::Cargo => find(CARGO, name),
        Ecosystem::Golang => go(name),
        _ => None,
    }
}

/// A module, or the one above it: the next major version (`/v2`) and the other modules of a repository are licensed as
/// the repository is, unless they are listed themselves, because a module without a licence file gets its repository's.
fn go(name: &str) -> Option<&'static str> {
    let mut path = name;
    loop {
        if let Some(license) = find(GO, path) {
            return Some(license);
        }
        path = path.rsplit_once('/')?.0;
        // An owner at a forge is no repository; elsewhere the part after the host is one.
        let forge = ["github.com/", "gitlab.com/", "bitbucket.org/", "gopkg.in/"].iter().any(|f| path.starts_with(f));
        if path.bytes().filter(|&b| b == b'/').count() < 1 + usize::from(forge) {
            return None;
        }
    }
}

/// Looks a name up in lines of `name TAB licence`, sorted by name, without reading them all.
fn find(table: &'static str, name: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = table.get(..middle)?.rfind('\n').map_or(0, |at| at + 1);
        let end = table.get(start..)?.find('\n').map_or(table.len(), |at| start + at);
        let (known, license) = table.get(start..end)?.split_once('\t')?;
        match known.cmp(name) {
            std::cmp::Ordering::Equal => return Some(license),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::license;

    #[test]
    fn tables_are_sorted_and_valid() {
        for table in [CARGO, GO] {
            assert!(table.ends_with('\n') && table.len() < 150_000);
            let mut last = "";
            for line in table.lines() {
                let (name, id) = line.split_once('\t').unwrap();
                assert!(last < name, "{last} stands before {name}");
                assert!(license::is_expression(id), "{name}: {id}");
                assert_eq!(find(table, name), Some(id));
                last = name;
            }
            assert_eq!(find(table, ""), None);
            assert_eq!(find(table, "~~~"), None);
        }
    }

    #[test]
    fn some_of_them() {
        assert_eq!(of(Ecosystem::Cargo, "serde"), Some("MIT OR Apache-2.0"));
        assert_eq!(of(Ecosystem::Golang, "golang.org/x/net"), Some("BSD-3-Clause"));
        assert_eq!(of(Ecosystem::Golang, "github.com/spf13/cobra"), Some("Apache-2.0"));
        assert_eq!(of(Ecosystem::Golang, "github.com/spf13/cobra/v9"), Some("Apache-2.0"));
        assert_eq!(of(Ecosystem::Golang, "github.com/spf13/absent"), None);
        assert_eq!(of(Ecosystem::Golang, "github.com/spf13"), None);
        assert_eq!(of(Ecosystem::Golang, ""), None);
        assert_eq!(of(Ecosystem::Npm, "serde"), None);
    }
}
