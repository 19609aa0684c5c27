//! Licence names of distributions, brought to SPDX expressions where that is beyond doubt.
//!
//! A name that could mean two things (`BSD`, `GPL`, `Artistic`) stays as it was found.

pub mod text;

use spdx::{Expression, ParseMode};

/// The longest text taken for a licence name; anything longer is prose.
pub const MAX_LEN: usize = 512;

/// Debian's and Alpine's short names, lower case, and the SPDX identifiers they mean.
const NAMES: &[(&str, &str)] = &[
    ("0bsd", "0BSD"),
    ("agpl-3", "AGPL-3.0-only"),
    ("agpl-3+", "AGPL-3.0-or-later"),
    ("agpl-3.0", "AGPL-3.0-only"),
    ("agpl-3.0+", "AGPL-3.0-or-later"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("artistic-2", "Artistic-2.0"),
    ("boost-1.0", "BSL-1.0"),
    ("bsd-2", "BSD-2-Clause"),
    ("bsd-2-clauses", "BSD-2-Clause"),
    ("bsd-3", "BSD-3-Clause"),
    ("bsd-3-clauses", "BSD-3-Clause"),
    ("bsd-4", "BSD-4-Clause"),
    ("bsl-1", "BSL-1.0"),
    ("cc-by-3", "CC-BY-3.0"),
    ("cc-by-4", "CC-BY-4.0"),
    ("cc-by-sa-3", "CC-BY-SA-3.0"),
    ("cc-by-sa-4", "CC-BY-SA-4.0"),
    ("cc0", "CC0-1.0"),
    ("expat", "MIT"),
    ("gfdl-1.1", "GFDL-1.1-only"),
    ("gfdl-1.1+", "GFDL-1.1-or-later"),
    ("gfdl-1.2", "GFDL-1.2-only"),
    ("gfdl-1.2+", "GFDL-1.2-or-later"),
    ("gfdl-1.3", "GFDL-1.3-only"),
    ("gfdl-1.3+", "GFDL-1.3-or-later"),
    ("gfdl-niv-1.1+", "GFDL-1.1-no-invariants-or-later"),
    ("gfdl-niv-1.2", "GFDL-1.2-no-invariants-only"),
    ("gfdl-niv-1.2+", "GFDL-1.2-no-invariants-or-later"),
    ("gfdl-niv-1.3", "GFDL-1.3-no-invariants-only"),
    ("gfdl-niv-1.3+", "GFDL-1.3-no-invariants-or-later"),
    ("gpl-1", "GPL-1.0-only"),
    ("gpl-1+", "GPL-1.0-or-later"),
    ("gpl-1.0", "GPL-1.0-only"),
    ("gpl-1.0+", "GPL-1.0-or-later"),
    ("gpl-2", "GPL-2.0-only"),
    ("gpl-2+", "GPL-2.0-or-later"),
    ("gpl-2.0", "GPL-2.0-only"),
    ("gpl-2.0+", "GPL-2.0-or-later"),
    ("gpl-3", "GPL-3.0-only"),
    ("gpl-3+", "GPL-3.0-or-later"),
    ("gpl-3.0", "GPL-3.0-only"),
    ("gpl-3.0+", "GPL-3.0-or-later"),
    ("gpl2", "GPL-2.0-only"),
    ("gpl2+", "GPL-2.0-or-later"),
    ("gpl3", "GPL-3.0-only"),
    ("gpl3+", "GPL-3.0-or-later"),
    ("lgpl-2", "LGPL-2.0-only"),
    ("lgpl-2+", "LGPL-2.0-or-later"),
    ("lgpl-2.0", "LGPL-2.0-only"),
    ("lgpl-2.0+", "LGPL-2.0-or-later"),
    ("lgpl-2.1", "LGPL-2.1-only"),
    ("lgpl-2.1+", "LGPL-2.1-or-later"),
    ("lgpl-3", "LGPL-3.0-only"),
    ("lgpl-3+", "LGPL-3.0-or-later"),
    ("lgpl-3.0", "LGPL-3.0-only"),
    ("lgpl-3.0+", "LGPL-3.0-or-later"),
    ("lgpl2", "LGPL-2.0-only"),
    ("lgpl2+", "LGPL-2.0-or-later"),
    ("lgpl2.1", "LGPL-2.1-only"),
    ("lgpl2.1+", "LGPL-2.1-or-later"),
    ("lgpl3", "LGPL-3.0-only"),
    ("lgpl3+", "LGPL-3.0-or-later"),
    ("mpl-1", "MPL-1.0"),
    ("mpl-2", "MPL-2.0"),
    ("perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
    ("sil-1.1", "OFL-1.1"),
    ("sil-ofl-1.1", "OFL-1.1"),
    ("wtfpl-2", "WTFPL"),
    ("zpl-2.1", "ZPL-2.1"),
];

/// Names of exceptions as Debian writes them after `with`, lower case.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("bison exception", "Bison-exception-2.2"),
    ("classpath exception", "Classpath-exception-2.0"),
    ("font exception", "Font-exception-2.0"),
    ("gcc exception", "GCC-exception-3.1"),
    ("libtool exception", "Libtool-exception"),
    ("llvm exception", "LLVM-exception"),
    ("texinfo exception", "Texinfo-exception"),
];

/// Whether `text` is a valid SPDX licence expression (deprecated identifiers allowed).
pub fn is_expression(text: &str) -> bool {
    text.len() <= MAX_LEN && Expression::parse_mode(text, spdx_mode()).is_ok()
}

fn spdx_mode() -> ParseMode {
    ParseMode { allow_deprecated: true, ..ParseMode::STRICT }
}

/// The SPDX expression that a distribution's licence text means, if that is beyond doubt.
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_LEN {
        return None;
    }
    // What is strictly valid stands as it is: it may hold parentheses, which the short names never do.
    if Expression::parse_mode(text, ParseMode::STRICT).is_ok() && !text.contains("Ref-") {
        return Some(upper_operators(text));
    }
    for (comma, operator) in [(", and ", " AND "), (", or ", " OR ")] {
        let parts: Vec<&str> = text.split(comma).collect();
        if parts.len() > 1 {
            // A second kind of comma inside leaves the order open; then `flat` refuses the comma.
            let parts = parts.into_iter().map(|p| flat(p.trim())).collect::<Option<Vec<_>>>()?;
            let wrap = |p: String| if operator == " AND " && p.contains(" OR ") { format!("({p})") } else { p };
            return Some(parts.into_iter().map(wrap).collect::<Vec<_>>().join(operator));
        }
    }
    flat(text)
}

/// Names joined by `and` and `or`, without commas. SPDX and DEP-5 agree that `and` binds closer.
fn flat(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut name: Vec<&str> = Vec::new();
    for word in text.split_ascii_whitespace() {
        let operator = match word.to_ascii_lowercase().as_str() {
            "and" => " AND ",
            "or" => " OR ",
            _ => {
                name.push(word);
                continue;
            }
        };
        out.push_str(&wrapped(&name, operator)?);
        out.push_str(operator);
        name.clear();
    }
    let last = if out.ends_with(" AND ") { " AND " } else { "" };
    out.push_str(&wrapped(&name, last)?);
    is_expression(&out).then_some(out)
}

fn wrapped(name: &[&str], operator: &str) -> Option<String> {
    let atom = atom(&name.join(" "))?;
    Some(if operator == " AND " && atom.contains(" OR ") { format!("({atom})") } else { atom })
}

/// One name, with an exception perhaps.
fn atom(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if let Some(at) = lower.find(" with ") {
        let (base, exception) = (atom(&name[..at])?, &lower[at + 6..]);
        let known = EXCEPTIONS.iter().find(|(n, _)| *n == exception).map(|(_, id)| *id);
        let written = name[at + 6..].trim_end_matches(" exception");
        let exception = known.or_else(|| spdx::exception_id(written).map(|e| e.name))?;
        return Some(format!("{base} WITH {exception}"));
    }
    if let Ok(at) = NAMES.binary_search_by(|(n, _)| (*n).cmp(lower.as_str())) {
        return Some(NAMES[at].1.to_owned());
    }
    let exact = spdx::license_id(name).or_else(|| {
        // `BSD-3-clause`, `zlib`: SPDX compares identifiers without regard to case.
        spdx::identifiers::LICENSES
            .iter()
            .find(|l| l.name.eq_ignore_ascii_case(name))
            .and_then(|l| spdx::license_id(l.name))
    })?;
    (!exact.is_deprecated()).then(|| exact.name.to_owned())
}

/// The licences of a text that lists them: each normalised where it can be, as found where it cannot.
pub fn list(text: &str) -> Vec<String> {
    let text = text.trim();
    if let Some(expression) = normalise(text) {
        return vec![expression];
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_word = |w: &str, operator: &str| w.trim_matches(',').eq_ignore_ascii_case(operator);
    let any = |operator: &str| words.iter().any(|w| is_word(w, operator));
    if any("or") || any("with") || text.contains(['(', ')']) {
        return vec![text.to_owned()];
    }
    if any("and") {
        // All of them hold, so the ones that can be normalised are, and the others stand as they are.
        let mut parts = vec![String::new()];
        for word in words {
            if is_word(word, "and") {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push_str(if part.is_empty() { "" } else { " " });
                part.push_str(word.trim_end_matches(','));
            }
        }
        let parts = parts.into_iter().filter(|p| !p.is_empty());
        return parts.map(|p| normalise(&p).unwrap_or(p)).collect();
    }
    // Old apk records list names without operators: `MIT BSD GPL2+`.
    let parts: Vec<Option<String>> = words.iter().map(|w| normalise(w)).collect();
    if words.len() > 1 && parts.iter().any(Option::is_some) {
        return words.iter().zip(parts).map(|(w, p)| p.unwrap_or_else(|| (*w).to_owned())).collect();
    }
    vec![text.to_owned()]
}

fn upper_operators(text: &str) -> String {
    let upper = |w: &str| match w.to_ascii_uppercase().as_str() {
        o @ ("AND" | "OR" | "WITH") => o.to_owned(),
        _ => w.to_owned(),
    };
    text.split_ascii_whitespace().map(upper).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_real_licences() {
        assert!(NAMES.is_sorted_by_key(|(n, _)| *n));
        for (name, id) in NAMES {
            assert!(Expression::parse_mode(id, ParseMode::STRICT).is_ok(), "{name}: {id}");
        }
        for (name, id) in EXCEPTIONS {
            assert!(spdx::exception_id(id).is_some(), "{name}: {id}");
        }
    }

    #[test]
    fn short_names_become_expressions() {
        for (given, expected) in [
            ("GPL-2+", "GPL-2.0-or-later"),
            ("gpl-2", "GPL-2.0-only"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("Expat", "MIT"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("zlib", "Zlib"),
            ("GPL-2+ or Expat", "GPL-2.0-or-later OR MIT"),
            ("GPL-2+ and Expat or ISC", "GPL-2.0-or-later AND MIT OR ISC"),
            ("Expat or ISC, and Apache-2", "(MIT OR ISC) AND Apache-2.0"),
            ("GPL-3+ with Bison exception", "GPL-3.0-or-later WITH Bison-exception-2.2"),
            ("Apache-2.0 with LLVM exception", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2 with Linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"),
            ("GPL-2.0-only WITH Linux-syscall-note", "GPL-2.0-only WITH Linux-syscall-note"),
            ("(MIT or Apache-2.0) and ISC", "(MIT OR Apache-2.0) AND ISC"),
            ("Perl and MIT", "(Artistic-1.0-Perl OR GPL-1.0-or-later) AND MIT"),
        ] {
            assert_eq!(normalise(given).as_deref(), Some(expected), "{given}");
            assert!(is_expression(expected), "{expected}");
        }
    }

    #[test]
    fn what_is_in_doubt_stays() {
        for given in ["BSD", "GPL", "Artistic", "public-domain", "", "and", "MIT and", "GPL-2+ with OpenSSL exception"]
        {
            assert_eq!(normalise(given), None, "{given}");
        }
        assert_eq!(normalise("A or MIT, and ISC, or Expat"), None);
        assert_eq!(normalise(&"MIT and ".repeat(1000)), None);
        assert_eq!(normalise(&"(".repeat(500)), None);
    }

    #[test]
    fn lists() {
        assert_eq!(list("MIT BSD GPL2+"), ["MIT", "BSD", "GPL-2.0-or-later"]);
        assert_eq!(list("MPL-2.0 GPL-2.0-or-later"), ["MPL-2.0", "GPL-2.0-or-later"]);
        assert_eq!(list("Expat and Foo"), ["MIT", "Foo"]);
        assert_eq!(list("Expat or Foo"), ["Expat or Foo"]);
        assert_eq!(list("some prose here"), ["some prose here"]);
    }
}
