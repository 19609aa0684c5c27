//! Portage's database: a directory for each package, with a file for each of its variables.

use std::collections::BTreeMap;

use crate::assemble::{Join, Read};
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license, link, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "portage",
    about: "Gentoo packages",
    evidence: &[
        Evidence::Path { glob: "**/var/db/pkg/*/*/CONTENTS", limit: 64 * MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/LICENSE", limit: MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/DESCRIPTION", limit: MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/HOMEPAGE", limit: MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/RDEPEND", limit: MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/repository", limit: MIB },
        Evidence::Path { glob: "**/var/db/pkg/*/*/PF", limit: MIB },
    ],
    purls: &["ebuild"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files],
    read,
    join: Some(join),
};

/// The most licences, dependencies or nested groups that are read of one package.
const MOST: usize = 1024;

/// Reads one variable.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let kind = file.name();
    match kind {
        "CONTENTS" => out.note(kind, contents(file.bytes).collect()),
        "RDEPEND" => out.note(kind, atoms(&String::from_utf8_lossy(file.bytes))),
        "LICENSE" => out.note(kind, licenses(&String::from_utf8_lossy(file.bytes))),
        _ => out.note(kind, link::text(file.bytes).into_iter().collect()),
    }
}

/// Puts the variables of each directory together.
fn join(join: &mut Join<'_>) {
    let mut packages: BTreeMap<&str, Vec<Read<'_>>> = BTreeMap::new();
    for (path, read) in std::mem::take(&mut join.files) {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        packages.entry(dir).or_default().push(read);
    }
    for (dir, reads) in packages {
        let mut parts = dir.rsplit('/');
        let (package, category) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // Portage's own lock and merge directories begin so and hold no installed package.
        if package.starts_with('-') {
            continue;
        }
        let Some(first) = reads.iter().find(|r| r.path.ends_with("/CONTENTS")).or(reads.first()) else { continue };
        let (Some((name, version)), Some(category)) = (split(package), plain::token(category)) else {
            join.tell(first.path, None, "the directory is not named after a package and a version; left out");
            continue;
        };
        let noted = |kind: &str| reads.iter().flat_map(|r| r.facts.noted(kind)).cloned().collect::<Vec<_>>();
        let one = |kind: &str| noted(kind).into_iter().next();
        let repository = one("repository").map(|r| ("portage:repository".to_owned(), r));
        let record = Record {
            ecosystem: Ecosystem::Portage,
            name: format!("{category}/{name}"),
            version: version.to_owned(),
            purl: plain::purl("ebuild", &category, name, version),
            licenses: noted("LICENSE"),
            description: one("DESCRIPTION"),
            homepage: one("HOMEPAGE").map(|h| plain::before(&h, &[]).to_owned()),
            wants: noted("RDEPEND").into_iter().map(|n| vec![n]).collect(),
            owned: noted("CONTENTS"),
            properties: repository.into_iter().collect(),
            ..Record::default()
        };
        let (root, path, node) = (first.root.clone(), first.path, first.node);
        join.place(record, &root, path, node);
    }
}

/// `obj /path md5 mtime`, `sym /path -> target mtime`; directories are left out.
fn contents(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|&b| b == b'\n').filter(|l| l.len() <= 8192).filter_map(|line| {
        let path = if let Some(rest) = line.strip_prefix(b"obj ") {
            let mut ends = rest.iter().enumerate().rev().filter(|(_, b)| **b == b' ').map(|(i, _)| i);
            rest.get(..ends.nth(1)?)?
        } else {
            let rest = line.strip_prefix(b"sym ")?;
            rest.get(..rest.windows(4).position(|w| w == b" -> ")?)?
        };
        path.starts_with(b"/").then(|| crate::owned::path(path))
    })
}

/// Splits `name-1.2_rc3-r4` where the version begins: the last hyphen before a digit that begins a legal version.
fn split(package: &str) -> Option<(&str, &str)> {
    link::token(package.as_bytes())?;
    let (rest, revision) = match package.rsplit_once("-r") {
        Some((rest, r)) if !r.is_empty() && r.bytes().all(|b| b.is_ascii_digit()) => (rest, true),
        _ => (package, false),
    };
    let legal = |v: &str| {
        v.starts_with(|c: char| c.is_ascii_digit())
            && v.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || matches!(b, b'.' | b'_'))
    };
    let at = |text: &str| text.rsplit_once('-').filter(|(n, v)| !n.is_empty() && legal(v)).map(|(n, _)| n.len());
    // `foo-r2` has no version but may be a name; then the revision belongs to the name and there is none.
    let end = at(rest).or_else(|| if revision { at(package) } else { None })?;
    Some((package.get(..end)?, package.get(end + 1..)?))
}

/// The packages that a dependency string names: `>=dev-libs/openssl-1.1:0=[static]` is `dev-libs/openssl`.
fn atoms(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        // Blockers say what must not be there.
        if word.starts_with('!') || !word.contains('/') || word.len() > 256 || found.len() >= MOST {
            continue;
        }
        let versioned = word.starts_with(['<', '>', '=', '~']);
        let bare = word.trim_start_matches(['<', '>', '=', '~']);
        let bare = bare.split([':', '[']).next().unwrap_or_default().trim_end_matches('*');
        let Some((category, package)) = bare.split_once('/') else { continue };
        let name = if versioned { split(package).map_or(package, |(n, _)| n) } else { package };
        if let Some(name) = plain::token(&format!("{category}/{name}")) {
            found.push(name);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The licences of a licence string. All hold except inside `|| ( … )`, where any may be chosen.
fn licenses(text: &str) -> Vec<String> {
    let mut groups: Vec<(bool, Vec<String>)> = vec![(false, Vec::new())];
    let mut any = false;
    let close = |groups: &mut Vec<(bool, Vec<String>)>| {
        let Some((choice, parts)) = groups.pop() else { return };
        let Some((_, above)) = groups.last_mut() else { return };
        let all_known = parts.iter().all(|p| license::is_expression(p));
        if choice && parts.len() > 1 && all_known {
            above.push(parts.join(" OR "));
        } else if choice && parts.len() > 1 {
            above.push(format!("|| ( {} )", parts.join(" ")));
        } else {
            above.extend(parts);
        }
    };
    for word in text.split_ascii_whitespace().take(MOST) {
        match word {
            "||" => any = true,
            "(" if groups.len() < 32 => {
                groups.push((any, Vec::new()));
                any = false;
            }
            "(" => {}
            ")" if groups.len() > 1 => close(&mut groups),
            ")" => {}
            flag if flag.ends_with('?') => {}
            name => {
                if let Some((_, list)) = groups.last_mut() {
                    list.push(spdx(name));
                }
            }
        }
    }
    while groups.len() > 1 {
        close(&mut groups);
    }
    let (_, mut found) = groups.pop().unwrap_or_default();
    found.retain(|l| l.len() <= license::MAX_LEN && !l.chars().any(char::is_control));
    found.sort();
    found.dedup();
    found
}

/// Gentoo's names for licences, where they differ from what [`license`] knows.
fn spdx(name: &str) -> String {
    match name {
        // Gentoo's `BSD` is the three-clause text.
        "BSD" => "BSD-3-Clause".to_owned(),
        "BSD-1" => "BSD-1-Clause".to_owned(),
        "BSD-4" => "BSD-4-Clause".to_owned(),
        "ZLIB" => "Zlib".to_owned(),
        "openssl" => "OpenSSL".to_owned(),
        "PSF-2" => "PSF-2.0".to_owned(),
        "libpng2" => "libpng-2.0".to_owned(),
        "UoI-NCSA" => "NCSA".to_owned(),
        other => license::normalise(other).unwrap_or_else(|| other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions() {
        for (given, expected) in [
            ("openssl-3.0.12-r1", Some(("openssl", "3.0.12-r1"))),
            ("gcc-13.2.1_p20240210", Some(("gcc", "13.2.1_p20240210"))),
            ("font-adobe-100dpi-1.0.4", Some(("font-adobe-100dpi", "1.0.4"))),
            ("a-1", Some(("a", "1"))),
            ("noversion", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(split(given), expected, "{given}");
        }
    }

    #[test]
    fn dependencies() {
        let text =
            ">=dev-libs/openssl-1.1:0=[static-libs(+)?] || ( app-a/b app-a/c-1 ) !sys-x/y ssl? ( ~net-x/z-2.0-r1 )";
        assert_eq!(atoms(text), ["app-a/b", "app-a/c-1", "dev-libs/openssl", "net-x/z"]);
    }

    #[test]
    fn licence_strings() {
        assert_eq!(licenses("MIT BSD ssl? ( openssl )"), ["BSD-3-Clause", "MIT", "OpenSSL"]);
        assert_eq!(
            licenses("|| ( GPL-2+ Apache-2.0 ) public-domain"),
            ["GPL-2.0-or-later OR Apache-2.0", "public-domain"]
        );
        assert_eq!(licenses("|| ( foo MIT )"), ["|| ( foo MIT )"]);
        assert!(licenses(&"( ".repeat(10_000)).is_empty());
        assert_eq!(licenses(") ) MIT ("), ["MIT"]);
    }

    #[test]
    fn owned() {
        let text = b"dir /usr\nobj /usr/a b 0123 17\nsym /usr/lib -> lib64 17\nobj bad\nsym /x\nfif /p\n";
        assert_eq!(contents(text).collect::<Vec<_>>(), ["/usr/a b", "/usr/lib"]);
    }
}
