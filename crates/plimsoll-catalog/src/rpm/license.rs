//! Licence tags of rpm: SPDX expressions in newer packages, Fedora's own short names in older ones.

use crate::license as spdx;

/// Fedora's short names, in lower case, that mean one SPDX identifier. Names that stand for several (`BSD`, `LGPLv2+`,
/// `Public Domain`) are not here.
const NAMES: &[(&str, &str)] = &[
    ("agplv3", "AGPL-3.0-only"),
    ("agplv3+", "AGPL-3.0-or-later"),
    ("artistic 2.0", "Artistic-2.0"),
    ("asl 1.0", "Apache-1.0"),
    ("asl 1.1", "Apache-1.1"),
    ("asl 2.0", "Apache-2.0"),
    ("boost", "BSL-1.0"),
    ("cc0", "CC0-1.0"),
    ("epl", "EPL-1.0"),
    ("epl-1.0", "EPL-1.0"),
    ("epl-2.0", "EPL-2.0"),
    ("gpl+", "GPL-1.0-or-later"),
    ("gplv1", "GPL-1.0-only"),
    ("gplv2", "GPL-2.0-only"),
    ("gplv2+", "GPL-2.0-or-later"),
    ("gplv3", "GPL-3.0-only"),
    ("gplv3+", "GPL-3.0-or-later"),
    ("lgplv2.1", "LGPL-2.1-only"),
    ("lgplv2.1+", "LGPL-2.1-or-later"),
    ("lgplv3", "LGPL-3.0-only"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("mplv1.0", "MPL-1.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2.0", "MPL-2.0"),
    ("php", "PHP-3.01"),
    ("sissl", "SISSL"),
    ("zplv2.0", "ZPL-2.0"),
    ("zplv2.1", "ZPL-2.1"),
];

/// The licences of a tag: one expression where all of its names are known, else as `license::list` takes it apart.
pub(super) fn list(text: &str) -> Vec<String> {
    if let Some(expression) = expression(text) {
        return vec![expression];
    }
    // Where all parts hold, those that are known are written as SPDX; the others stand as they are.
    let lower = text.to_ascii_lowercase();
    if !lower.contains(" or ") && !lower.contains(" with ") && !text.contains(['(', ')']) && lower.contains(" and ") {
        let mut parts: Vec<String> =
            split(text, "and").into_iter().map(|p| expression(&p).unwrap_or(p)).filter(|p| !p.is_empty()).collect();
        parts.sort();
        parts.dedup();
        return parts;
    }
    let mut list = spdx::list(text);
    list.sort();
    list.dedup();
    list
}

/// The words between one operator.
fn split(text: &str, operator: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.split(|w| w.eq_ignore_ascii_case(operator)).map(|part| part.join(" ")).collect()
}

/// The SPDX expression of a tag, if each of its names has one. Parentheses stay where they are.
fn expression(text: &str) -> Option<String> {
    if text.len() > spdx::MAX_LEN {
        return None;
    }
    if let Some(known) = spdx::normalise(text) {
        return Some(known);
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut out, mut name): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for word in spaced.split_ascii_whitespace().chain([")"]) {
        let mark = match word.to_ascii_lowercase().as_str() {
            "and" => "AND",
            "or" => "OR",
            "(" => "(",
            ")" => ")",
            _ => {
                name.push(word);
                continue;
            }
        };
        if !name.is_empty() {
            out.push(atom(&name.join(" "))?);
            name.clear();
        }
        out.push(mark.to_owned());
    }
    out.pop();
    let joined = out.join(" ").replace("( ", "(").replace(" )", ")");
    spdx::is_expression(&joined).then_some(joined)
}

/// One name. What means an expression is put in parentheses.
fn atom(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let own = NAMES.binary_search_by(|(n, _)| (*n).cmp(lower.as_str())).ok().and_then(|at| NAMES.get(at));
    let known = own.map(|(_, id)| (*id).to_owned()).or_else(|| spdx::normalise(name))?;
    Some(if known.contains(" OR ") || known.contains(" AND ") { format!("({known})") } else { known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_real_licences() {
        assert!(NAMES.is_sorted_by_key(|(n, _)| *n));
        for (name, id) in NAMES {
            assert!(spdx::normalise(id).is_some(), "{name}: {id}");
        }
    }

    #[test]
    fn fedoras_names_become_expressions() {
        for (given, expected) in [
            ("GPLv3+", vec!["GPL-3.0-or-later"]),
            ("ASL 2.0", vec!["Apache-2.0"]),
            ("GPLv2+ and (GPLv3 or MIT)", vec!["GPL-2.0-or-later AND (GPL-3.0-only OR MIT)"]),
            ("(GPL+ or Artistic) and GPLv2", vec!["(GPL+ or Artistic) and GPLv2"]),
            ("BSD and GPLv2", vec!["BSD", "GPL-2.0-only"]),
            ("LGPLv2+", vec!["LGPLv2+"]),
            ("MIT AND Apache-2.0", vec!["MIT AND Apache-2.0"]),
            ("GPLv2+ or LGPLv3+", vec!["GPL-2.0-or-later OR LGPL-3.0-or-later"]),
            ("LGPLv2+ with exceptions and BSD", vec!["LGPLv2+ with exceptions and BSD"]),
            (")", vec![")"]),
            ("Public Domain", vec!["Public Domain"]),
        ] {
            assert_eq!(list(given), expected, "{given}");
        }
    }
}
