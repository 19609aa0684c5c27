//! R packages: the `DESCRIPTION` that `R CMD INSTALL` leaves in a library.

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::deb822::stanzas;
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license, link, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "r",
    about: "R packages",
    evidence: &[Evidence::Path { glob: "**/DESCRIPTION", limit: MIB }],
    purls: &["cran"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Supplier],
    read,
    join: Some(plain::join),
};

/// Reads a `DESCRIPTION`. One without `Built` is of sources, or no R package at all: many programs have files of that
/// name.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let Some(stanza) = stanzas(file.bytes).next() else { return };
    let get = |name: &str| stanza.get(name).map(|v| String::from_utf8_lossy(v));
    let (Some(built), Some(name)) = (get("Built"), stanza.get("Package")) else { return };
    if !built.starts_with("R ") {
        return;
    }
    let (Some(name), Some(version)) = (link::name(name), stanza.get("Version").and_then(link::token)) else {
        return out.trouble(Some(stanza.line), "a package has a malformed Package or Version; left out");
    };
    let wants = ["Depends", "Imports", "LinkingTo"].iter().filter_map(|f| get(f)).flat_map(|v| names(&v)).collect();
    let mut properties = Vec::new();
    let repository = get("Repository").or(get("RemoteType")).and_then(|r| plain::line(&r));
    properties.extend(repository.map(|r| ("r:repository".to_owned(), r)));
    out.records.push(Record {
        ecosystem: Ecosystem::Cran,
        purl: plain::purl("cran", "", &name, &version),
        name,
        version,
        licenses: get("License").map(|l| licenses(&l)).unwrap_or_default(),
        maintainer: stanza.get("Maintainer").and_then(link::text),
        description: stanza.get("Title").and_then(link::text),
        homepage: get("URL").and_then(|u| plain::token(plain::before(&u, &[',']))),
        wants,
        properties,
        ..Record::default()
    });
}

/// `R (>= 3.4.0), utils`: the packages, without R itself.
fn names(value: &str) -> Vec<Vec<String>> {
    let names = value.split(',').map(|v| plain::before(v, &['('])).filter(|n| !n.is_empty() && *n != "R");
    names.filter_map(|n| link::name(n.as_bytes())).map(|n| vec![n]).collect()
}

/// R's own way to write licences: alternatives at `|`, `+ file LICENSE` for added terms, ranges of versions.
fn licenses(value: &str) -> Vec<String> {
    let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if value.is_empty() || value.len() > license::MAX_LEN || value.chars().any(char::is_control) {
        return Vec::new();
    }
    let known: Option<Vec<String>> = value.split('|').map(|part| one(part.trim())).collect();
    match known {
        Some(parts) => {
            let mut parts = parts;
            parts.dedup();
            vec![parts.join(" OR ")]
        }
        None => vec![value],
    }
}

fn one(text: &str) -> Option<String> {
    // The file holds only the year and the holder for these; for the others it is the licence, or changes it.
    let text = match text.split_once(" + file ") {
        Some((name @ ("MIT" | "BSD_2_clause" | "BSD_3_clause"), _)) => name,
        Some(_) => return None,
        None => text,
    };
    let fixed = match text {
        "BSD_2_clause" => "BSD-2-Clause",
        "BSD_3_clause" => "BSD-3-Clause",
        "CC0" => "CC0-1.0",
        "Unlimited" | "file LICENSE" | "file LICENCE" => return None,
        "Apache License 2.0"
        | "Apache License (== 2)"
        | "Apache License (== 2.0)"
        | "Apache License (>= 2)"
        | "Apache License (>= 2.0)" => "Apache-2.0",
        "Mozilla Public License 2.0" => "MPL-2.0",
        // "GPL" alone is any version, the first included.
        "GPL" => "GPL-1.0-or-later",
        "LGPL" => "LGPL-2.0-or-later",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some((name, range)) = text.split_once(" (") {
        let range = range.strip_suffix(')')?;
        let (version, later) = match range.strip_prefix(">=") {
            Some(version) => (version.trim(), "+"),
            None => (range.strip_prefix("==")?.trim(), ""),
        };
        // `(>= 2.0.0)`, `(>= 3.0)`: as many numbers as the licence has.
        let version = version.trim_end_matches(".0");
        return license::normalise(&format!("{name}-{version}{later}"));
    }
    license::normalise(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RLANG: &[u8] = b"Package: rlang\nVersion: 1.0.6\nTitle: Functions for Base Types\nDescription: A toolbox\n  like this.\nLicense: MIT + file LICENSE\n\
        Depends: R (>= 3.4.0)\nImports: utils, methods (>= 1),\n  grid\nURL: https://rlang.r-lib.org, https://github.com/r-lib/rlang\nMaintainer: L H <l@example.org>\n\
        Repository: CRAN\nBuilt: R 4.2.1; x86_64-pc-linux-gnu; 'Fri, 30 Sep 2022 12:41:45 +0530'; unix\n";

    fn facts(bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path: "/usr/lib/R/library/rlang/DESCRIPTION", root: "", which: 0, bytes }, &mut out);
        out
    }

    #[test]
    fn an_installed_package() {
        let out = facts(RLANG);
        let record = &out.records[0];
        assert_eq!(record.purl, "pkg:cran/rlang@1.0.6");
        assert_eq!(record.wants, [vec!["utils"], vec!["methods"], vec!["grid"]]);
        assert_eq!(record.licenses, ["MIT"]);
        assert_eq!(record.homepage.as_deref(), Some("https://rlang.r-lib.org"));
        for cut in 0..RLANG.len() {
            facts(&RLANG[..cut]);
        }
    }

    #[test]
    fn sources_and_others_are_none() {
        assert!(facts(b"Package: x\nVersion: 1\nPackaged: 2022\n").is_empty());
        assert!(facts(b"A description of something.\n").is_empty());
        assert_eq!(facts(b"Package: a b\nBuilt: R 4.2\nVersion: 1\n").troubles.len(), 1);
    }

    #[test]
    fn licence_fields() {
        for (given, expected) in [
            ("GPL (>= 2)", "GPL-2.0-or-later"),
            ("GPL-2 | GPL-3", "GPL-2.0-only OR GPL-3.0-only"),
            ("LGPL (>= 2.1)", "LGPL-2.1-or-later"),
            ("GPL (>= 2) | BSD_3_clause + file LICENSE", "GPL-2.0-or-later OR BSD-3-Clause"),
            ("Apache License (>= 2)", "Apache-2.0"),
            ("GPL (>= 3.0)", "GPL-3.0-or-later"),
            ("MPL-2.0", "MPL-2.0"),
            ("Part of R 4.2.2", "Part of R 4.2.2"),
            ("GPL-2 + file LICENSE", "GPL-2 + file LICENSE"),
        ] {
            assert_eq!(licenses(given), [expected], "{given}");
        }
    }
}
