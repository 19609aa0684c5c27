//! Licences as poms and bundles declare them: a name, an address, or both.

use crate::license;

/// Addresses of licence texts, without scheme, `www.`, extension and trailing slash, lower case. Only those that name one
/// licence and one version; the GNU licences' say nothing of later versions, and stay as found.
const ADDRESSES: &[(&str, &str)] = &[
    ("apache.org/licenses/license-1.1", "Apache-1.1"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("aws.amazon.com/apache2.0", "Apache-2.0"),
    ("creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"),
    ("eclipse.org/legal/epl-2.0", "EPL-2.0"),
    ("eclipse.org/legal/epl-v10", "EPL-1.0"),
    ("eclipse.org/legal/epl-v20", "EPL-2.0"),
    ("eclipse.org/org/documents/edl-v10", "BSD-3-Clause"),
    ("eclipse.org/org/documents/epl-v10", "EPL-1.0"),
    ("mozilla.org/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/mpl/mpl-1.1", "MPL-1.1"),
    ("opensource.org/license/apache-2-0", "Apache-2.0"),
    ("opensource.org/license/bsd-2-clause", "BSD-2-Clause"),
    ("opensource.org/license/bsd-3-clause", "BSD-3-Clause"),
    ("opensource.org/license/mit", "MIT"),
    ("opensource.org/licenses/apache-2.0", "Apache-2.0"),
    ("opensource.org/licenses/bsd-2-clause", "BSD-2-Clause"),
    ("opensource.org/licenses/bsd-3-clause", "BSD-3-Clause"),
    ("opensource.org/licenses/eclipse-1.0", "EPL-1.0"),
    ("opensource.org/licenses/mit", "MIT"),
    ("opensource.org/licenses/mit-license", "MIT"),
    ("repository.jboss.org/licenses/apache-2.0", "Apache-2.0"),
    ("spdx.org/licenses/apache-2.0", "Apache-2.0"),
    ("spdx.org/licenses/mit", "MIT"),
    ("spdx.org/licenses/mit-0", "MIT-0"),
];

/// Names as projects write them, in lower case and without `the`, `version`, `software`, commas and `v` before a number.
const NAMES: &[(&str, &str)] = &[
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2.0 license", "Apache-2.0"),
    ("apache license 1.1", "Apache-1.1"),
    ("apache license 2", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("bouncy castle licence", "MIT"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3-clause license", "BSD-3-Clause"),
    ("cc0", "CC0-1.0"),
    ("eclipse distribution license - 1.0", "BSD-3-Clause"),
    ("eclipse distribution license 1.0", "BSD-3-Clause"),
    ("eclipse public license - 1.0", "EPL-1.0"),
    ("eclipse public license - 2.0", "EPL-2.0"),
    ("eclipse public license 1.0", "EPL-1.0"),
    ("eclipse public license 2.0", "EPL-2.0"),
    ("edl 1.0", "BSD-3-Clause"),
    ("epl 1.0", "EPL-1.0"),
    ("epl 2.0", "EPL-2.0"),
    ("gpl2 w/ cpe", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("mit license", "MIT"),
    ("mozilla public license 1.1", "MPL-1.1"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("mpl 1.1", "MPL-1.1"),
    ("mpl 2.0", "MPL-2.0"),
    ("new bsd license", "BSD-3-Clause"),
    ("revised bsd license", "BSD-3-Clause"),
    ("universal permissive license 1.0", "UPL-1.0"),
];

/// A `<license>` of a pom: its name says more than its address, for the address of a GNU licence leaves open whether
/// later versions hold too.
pub(super) fn of_pom(name: &str, url: &str) -> Option<String> {
    let name = name.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let known = by_name(&name).or_else(|| by_address(url));
    let found = known.unwrap_or(if name.is_empty() { url.trim().to_owned() } else { name });
    (!found.is_empty() && found.len() <= license::MAX_LEN).then_some(found)
}

/// How much of a licence's text is read.
pub(super) const TEXT: u64 = 64 << 10;

/// Whether an archive's member is the text of its licence.
pub(super) fn is_text(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"META-INF/").unwrap_or(name);
    let stem = name.strip_suffix(b".txt").or_else(|| name.strip_suffix(b".md")).unwrap_or(name);
    stem.eq_ignore_ascii_case(b"LICENSE") || stem.eq_ignore_ascii_case(b"LICENCE")
}

/// The licence that a text is, where it is the Apache licence and holds no other. Of shorter licences the sentences stand in
/// those of parts too, and of others there are alternatives that the text does not tell.
pub(super) fn of_text(text: &[u8]) -> Option<String> {
    let title = b"Apache License";
    let is_titled = text.get(..256).unwrap_or(text).windows(title.len()).any(|w| w.eq_ignore_ascii_case(title));
    let found = crate::license::text::recognise(text);
    (is_titled && found.len() == 1).then(|| found.first().copied()).flatten().map(str::to_owned)
}

/// A `Bundle-License`: licences separated by commas, each a name or an address with attributes.
pub(super) fn of_bundle(text: &str) -> Vec<String> {
    // A comma inside quotes separates nothing.
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted && parts.len() < 32 => parts.push(String::new()),
            _ => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    let of_part = |part: String| {
        let name = part.split(';').next().unwrap_or_default().trim();
        let link = part.split(';').find_map(|a| a.trim().strip_prefix("link=")).unwrap_or_default();
        let address = if name.contains("://") { name } else { link };
        let known = by_name(name).or_else(|| by_address(address));
        let is_said = !name.is_empty() && !name.starts_with("<<") && name.len() <= license::MAX_LEN;
        known.or_else(|| is_said.then(|| name.to_owned()))
    };
    parts.into_iter().filter_map(of_part).collect()
}

fn by_name(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase().replace([',', '(', ')'], " ");
    let is_number = |w: &str| w.starts_with(|c: char| c.is_ascii_digit());
    let words =
        lower.split_ascii_whitespace().filter(|w| !matches!(*w, "the" | "version" | "software" | "v." | "foundation"));
    let words: Vec<&str> = words.map(|w| w.strip_prefix('v').filter(|w| is_number(w)).unwrap_or(w)).collect();
    let plain = words.join(" ");
    let known = NAMES.binary_search_by(|(n, _)| (*n).cmp(plain.as_str())).ok().and_then(|at| NAMES.get(at));
    known.map(|(_, id)| (*id).to_owned()).or_else(|| license::normalise(name))
}

fn by_address(url: &str) -> Option<String> {
    let lower = url.trim().to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let rest = rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches('/');
    let rest = [".txt", ".html", ".php", ".htm"].iter().find_map(|e| rest.strip_suffix(e)).unwrap_or(rest);
    let known = ADDRESSES.binary_search_by(|(a, _)| (*a).cmp(rest)).ok().and_then(|at| ADDRESSES.get(at));
    known.map(|(_, id)| (*id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        assert!(ADDRESSES.is_sorted_by_key(|(a, _)| *a) && NAMES.is_sorted_by_key(|(n, _)| *n));
        for (name, id) in ADDRESSES.iter().chain(NAMES) {
            assert!(license::is_expression(id), "{name}");
        }
    }

    #[test]
    fn licences() {
        let pom = |name: &str, url: &str| of_pom(name, url).unwrap_or_default();
        assert_eq!(pom("The Apache Software License, Version 2.0", ""), "Apache-2.0");
        assert_eq!(pom("Apache License, Version 2.0", "http://www.apache.org/licenses/LICENSE-2.0.txt"), "Apache-2.0");
        assert_eq!(pom("Apache v2", "https://www.apache.org/licenses/LICENSE-2.0"), "Apache-2.0");
        assert_eq!(pom("Eclipse Public License v2.0", ""), "EPL-2.0");
        assert_eq!(pom("The MIT License (MIT)", "http://opensource.org/licenses/MIT"), "MIT");
        assert_eq!(pom("", "https://example.org/licence"), "https://example.org/licence");
        assert_eq!(pom("GNU Lesser General Public License", "x"), "GNU Lesser General Public License");
        assert_eq!(of_pom("", ""), None);
        assert_eq!(
            of_bundle("\"Apache-2.0\";link=\"https://www.apache.org/licenses/LICENSE-2.0.txt\""),
            ["Apache-2.0"]
        );
        assert_eq!(
            of_bundle("http://www.eclipse.org/legal/epl-2.0, https://www.gnu.org/x,<<EXTERNAL>>"),
            ["EPL-2.0", "https://www.gnu.org/x"]
        );
    }
}
