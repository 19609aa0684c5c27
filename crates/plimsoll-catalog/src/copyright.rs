//! Licences that a Debian `copyright` file declares.
//!
//! Machine-readable files (DEP-5) name them in `License:` fields. Others are searched, once, for references to
//! `/usr/share/common-licenses/` and for sentences of well-known licences; texts are not compared as wholes, which is
//! where other tools spend most of their time.

use std::collections::BTreeSet;

use crate::license;

/// The most licences told of one package.
pub(crate) const MAX_LICENSES: usize = 256;

/// The licences of a `copyright` file, sorted; an empty list where it names none.
pub(crate) fn licenses(bytes: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    if is_machine_readable(bytes) {
        let mut last: &[u8] = &[];
        for line in bytes.split(|&b| b == b'\n') {
            let Some(value) = field(line, b"license") else { continue };
            // The same short name stands in paragraph after paragraph.
            if value == last || value.len() > license::MAX_LEN {
                continue;
            }
            last = value;
            insert(&mut found, license::list(&String::from_utf8_lossy(value)));
        }
    }
    if found.is_empty() {
        let stated = license::text::recognise(bytes);
        // "either version 2 of the License, or any later": then the reference to the file of version 2 says less.
        let family = |name: &str| ["AGPL", "LGPL", "GPL"].into_iter().find(|f| name.starts_with(f));
        let families: BTreeSet<&str> = stated.iter().filter_map(|s| family(s)).collect();
        insert(&mut found, stated.iter().map(|s| (*s).to_owned()).collect());
        for name in references(bytes) {
            if family(name).is_some_and(|f| families.contains(f)) {
                continue;
            }
            // "GPL-2" here is the file that was referred to, not a statement that later versions are excluded.
            let name = name.strip_suffix('.').unwrap_or(name);
            let certain = !name.contains("GPL") && !name.contains("GFDL");
            let normal = if certain { license::normalise(name) } else { None };
            insert(&mut found, vec![normal.unwrap_or_else(|| name.to_owned())]);
        }
    }
    found.into_iter().collect()
}

fn insert(found: &mut BTreeSet<String>, names: Vec<String>) {
    for name in names {
        let plain = !name.is_empty() && !name.chars().any(char::is_control);
        if plain && found.len() < MAX_LICENSES {
            found.insert(name);
        }
    }
}

/// Whether the first paragraph says `Format:` with the address of the format.
fn is_machine_readable(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    head.split(|&b| b == b'\n').take(20).any(|line| {
        let value = field(line, b"format").or_else(|| field(line, b"format-specification"));
        value.is_some_and(|v| {
            find(v, b"copyright-format").is_some() || find(v, b"dep5").is_some() || find(v, b"DEP").is_some()
        })
    })
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    (head.eq_ignore_ascii_case(name) && rest.first() == Some(&b':')).then(|| rest[1..].trim_ascii())
}

fn references(bytes: &[u8]) -> impl Iterator<Item = &str> {
    const PREFIX: &[u8] = b"/usr/share/common-licenses/";
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let at = find(rest, PREFIX)?;
        rest = &rest[at + PREFIX.len()..];
        let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+')));
        let (name, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        Some(std::str::from_utf8(name).unwrap_or_default())
    })
    .filter(|n| !n.is_empty() && n.len() <= 64)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(step) = haystack.get(at..)?.iter().position(|&b| b == first) {
        at += step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_readable_files() {
        let text = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\n\
            Files: *\nCopyright: a\nLicense: GPL-2+ and Expat\n\nFiles: b\nlicense: BSD-custom\n text\n License: not-a-field\n\n\
            License: GPL-2+\n On Debian see /usr/share/common-licenses/GPL-2.\n";
        assert_eq!(licenses(text), ["BSD-custom", "GPL-2.0-or-later", "GPL-2.0-or-later AND MIT"]);
    }

    #[test]
    fn other_files_by_the_texts_they_refer_to() {
        let text = b"see `/usr/share/common-licenses/GPL-2'. and /usr/share/common-licenses/Apache-2.0.\n/usr/share/common-licenses/";
        assert_eq!(licenses(text), ["Apache-2.0", "GPL-2"]);
        let stated = b"GNU General Public License as published by the Free Software Foundation; either version 2 of the\nLicense, or later.\n\
            See /usr/share/common-licenses/GPL-2 and /usr/share/common-licenses/LGPL-2.1";
        assert_eq!(licenses(stated), ["GPL-2.0-or-later", "LGPL-2.1"]);
        assert!(licenses(b"All rights reserved.").is_empty());
        assert!(licenses(b"").is_empty());
    }

    #[test]
    fn hostile_files_are_bounded() {
        let mut text = b"Format: copyright-format\n".to_vec();
        for n in 0..10_000 {
            text.extend_from_slice(format!("License: L{n}\n").as_bytes());
        }
        text.extend_from_slice(b"License: ");
        text.extend(std::iter::repeat_n(b'x', 1_000_000));
        assert_eq!(licenses(&text).len(), MAX_LICENSES);
    }
}
