//! What Python metadata says of licences: an SPDX expression, free text, and classifiers, in this order of worth.

use super::text;
use crate::license;

/// Free text longer than this, or over several lines, is the licence itself and not its name.
const MAX_NAME: usize = 200;

/// Classifiers (without `License :: OSI Approved :: `) that mean one licence. Those that mean a family (`BSD License`,
/// `GNU General Public License (GPL)`) are not here and stand as they are.
const CLASSIFIERS: &[(&str, &str)] = &[
    ("academic free license (afl)", "AFL-3.0"),
    ("apache software license", "Apache-2.0"),
    ("blue oak model license (blueoak-1.0.0)", "BlueOak-1.0.0"),
    ("boost software license 1.0 (bsl-1.0)", "BSL-1.0"),
    ("cc0 1.0 universal (cc0 1.0) public domain dedication", "CC0-1.0"),
    ("cmu license (mit-cmu)", "MIT-CMU"),
    ("common development and distribution license 1.0 (cddl-1.0)", "CDDL-1.0"),
    ("eclipse public license 1.0 (epl-1.0)", "EPL-1.0"),
    ("eclipse public license 2.0 (epl-2.0)", "EPL-2.0"),
    ("european union public licence 1.1 (eupl 1.1)", "EUPL-1.1"),
    ("european union public licence 1.2 (eupl 1.2)", "EUPL-1.2"),
    ("gnu affero general public license v3", "AGPL-3.0-only"),
    ("gnu affero general public license v3 or later (agplv3+)", "AGPL-3.0-or-later"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 (lgplv2)", "LGPL-2.0-only"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("historical permission notice and disclaimer (hpnd)", "HPND"),
    ("isc license (iscl)", "ISC"),
    ("mit license", "MIT"),
    ("mit no attribution license (mit-0)", "MIT-0"),
    ("mozilla public license 1.1 (mpl 1.1)", "MPL-1.1"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mulan permissive software license v2 (mulanpsl-2.0)", "MulanPSL-2.0"),
    ("python software foundation license", "PSF-2.0"),
    ("sil open font license 1.1 (ofl-1.1)", "OFL-1.1"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("universal permissive license (upl)", "UPL-1.0"),
    ("zero-clause bsd (0bsd)", "0BSD"),
    ("zlib/libpng license", "Zlib"),
    ("zope public license", "ZPL-2.1"),
];

/// Names that people write into `License`, in lower case without punctuation and without the words `the`, `license`,
/// `licence`, `version`, `v` and `software`, and the licences that they mean.
const NAMES: &[(&str, &str)] = &[
    ("0 clause bsd", "0BSD"),
    ("2 clause bsd", "BSD-2-Clause"),
    ("3 clause bsd", "BSD-3-Clause"),
    ("agpl3", "AGPL-3.0-only"),
    ("agplv3", "AGPL-3.0-only"),
    ("agplv3+", "AGPL-3.0-or-later"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache20", "Apache-2.0"),
    ("apachev2", "Apache-2.0"),
    ("asl 2", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("bsd 2 clause", "BSD-2-Clause"),
    ("bsd 3 clause", "BSD-3-Clause"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("expat", "MIT"),
    ("gnu affero general public 3 or later", "AGPL-3.0-or-later"),
    ("gnu gpl 2", "GPL-2.0-only"),
    ("gnu gpl 3", "GPL-3.0-only"),
    ("gnu gplv3", "GPL-3.0-only"),
    ("gplv2", "GPL-2.0-only"),
    ("gplv2+", "GPL-2.0-or-later"),
    ("gplv3", "GPL-3.0-only"),
    ("gplv3+", "GPL-3.0-or-later"),
    ("isc", "ISC"),
    ("lgplv2+", "LGPL-2.0-or-later"),
    ("lgplv2.1", "LGPL-2.1-only"),
    ("lgplv2.1+", "LGPL-2.1-or-later"),
    ("lgplv3", "LGPL-3.0-only"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("mit", "MIT"),
    ("mozilla public 2.0 mpl 2.0", "MPL-2.0"),
    ("mpl 2", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("mplv2", "MPL-2.0"),
    ("mplv2.0", "MPL-2.0"),
    ("new bsd", "BSD-3-Clause"),
    ("psf", "PSF-2.0"),
    ("psf 2.0", "PSF-2.0"),
    ("psfl", "PSF-2.0"),
    ("python foundation", "PSF-2.0"),
    ("revised bsd", "BSD-3-Clause"),
    ("simplified bsd", "BSD-2-Clause"),
    ("unlicense", "Unlicense"),
    ("zlib", "Zlib"),
    ("zpl 2.1", "ZPL-2.1"),
];

/// The declared licences.
pub(super) fn of(expression: Option<&str>, first: Option<&str>, classifiers: &[&str]) -> Vec<String> {
    if let Some(expression) = expression.and_then(text) {
        return license::list(&expression);
    }
    let free = first.filter(|f| f.len() <= MAX_NAME && !f.contains('\n')).and_then(text);
    if let Some(known) = free.as_deref().and_then(|f| license::normalise(f).or_else(|| named(f))) {
        return vec![known];
    }
    let classified: Vec<&str> =
        classifiers.iter().filter_map(|c| c.strip_prefix("License ::")).map(str::trim).collect();
    let known: Vec<Option<String>> = classified.iter().map(|c| classifier(c)).collect();
    // All known: they say more than free text that is not. Several classifiers leave open whether all or any hold.
    if !known.is_empty() && known.iter().all(Option::is_some) {
        return known.into_iter().flatten().collect();
    }
    if let Some(free) = free {
        return license::list(&free);
    }
    // The licence itself, which begins with its name.
    let title = first.and_then(|f| f.split('\n').next()).and_then(text).filter(|t| t.len() <= MAX_NAME);
    if let Some(known) = title.as_deref().and_then(|t| license::normalise(t).or_else(|| one(t))) {
        return vec![known];
    }
    let last = |c: &str| c.rsplit("::").next().unwrap_or_default().trim().to_owned();
    let stand = classified.iter().filter(|c| **c != "OSI Approved");
    stand.zip(known).take(64).map(|(c, known)| known.unwrap_or_else(|| last(c))).collect()
}

fn classifier(classifier: &str) -> Option<String> {
    let last = classifier.rsplit("::").next()?.trim().to_ascii_lowercase();
    let at = CLASSIFIERS.binary_search_by(|(n, _)| (*n).cmp(last.as_str())).ok()?;
    Some(CLASSIFIERS.get(at)?.1.to_owned())
}

/// A licence by a name that people give it; of several joined by `or` or `and`, each.
fn named(free: &str) -> Option<String> {
    for (operator, joined) in [(" or ", " OR "), (" OR ", " OR "), (" and ", " AND "), (" AND ", " AND ")] {
        // `v3 or later` is one name.
        if free.contains(operator) && !free.contains("or later") {
            let parts = free.split(operator).map(|p| license::normalise(p).or_else(|| one(p)));
            let parts = parts.collect::<Option<Vec<_>>>()?;
            let expression = parts.join(joined);
            return license::is_expression(&expression).then_some(expression);
        }
    }
    one(free)
}

fn one(name: &str) -> Option<String> {
    if let Some(known) = classifier(name) {
        return Some(known);
    }
    let spaced: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '+') { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    const NOISE: &[&str] = &["the", "license", "licence", "version", "v", "software", "licensed", "under"];
    let words: Vec<&str> = spaced.split_ascii_whitespace().filter(|w| !NOISE.contains(w)).collect();
    let plain =
        words.iter().map(|w| w.strip_prefix('v').filter(|r| r.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(w));
    let key = plain.collect::<Vec<_>>().join(" ");
    let at = NAMES.binary_search_by(|(n, _)| (*n).cmp(key.as_str())).ok()?;
    Some(NAMES.get(at)?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_name_real_licences() {
        assert!(CLASSIFIERS.is_sorted_by_key(|(n, _)| *n) && NAMES.is_sorted_by_key(|(n, _)| *n));
        for (name, id) in CLASSIFIERS.iter().chain(NAMES) {
            assert_eq!(license::normalise(id).as_deref(), Some(*id), "{name}");
        }
    }

    #[test]
    fn the_more_exact_statement_wins() {
        let mit = "License :: OSI Approved :: MIT License";
        let bsd = "License :: OSI Approved :: BSD License";
        for (expression, stated, classifiers, expected) in [
            (Some("MIT AND Apache-2.0"), Some("x"), &[bsd][..], "MIT AND Apache-2.0"),
            (None, Some("BSD"), &[mit][..], "MIT"),
            (None, Some("BSD-3-Clause"), &[bsd][..], "BSD-3-Clause"),
            (None, Some("BSD"), &[bsd][..], "BSD"),
            (None, None, &[bsd, "License :: OSI Approved"][..], "BSD License"),
            (None, Some("Apache License, Version 2.0"), &[][..], "Apache-2.0"),
            (None, Some("Apache License 2.0"), &[][..], "Apache-2.0"),
            (None, Some("The MIT License"), &[][..], "MIT"),
            (None, Some("3-Clause BSD License"), &[][..], "BSD-3-Clause"),
            (None, Some("MIT License or Apache License, Version 2.0"), &[][..], "MIT OR Apache-2.0"),
            (None, Some("Copyright\nlong text"), &[mit][..], "MIT"),
            (None, Some("GPLv3"), &[][..], "GPL-3.0-only"),
            (None, Some("GNU Lesser General Public License v3 (LGPLv3)"), &[][..], "LGPL-3.0-only"),
            (None, Some("MIT License\n\nCopyright"), &[][..], "MIT"),
        ] {
            assert_eq!(of(expression, stated, classifiers), [expected], "{stated:?}");
        }
        assert!(of(None, None, &[]).is_empty());
    }
}
