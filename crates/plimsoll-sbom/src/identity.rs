//! What a package URL says of a package. Readers take it from there, and writers tell beside it only what differs.

use plimsoll_catalog::{Ecosystem, Package, SourcePackage};
use plimsoll_version::purl::Purl;

/// What is implied by a package URL, and by the name and version that stand beside it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) ecosystem: Ecosystem,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) arch: String,
    /// Source name and version, where the package URL names them.
    pub(crate) upstream: Option<(String, Option<String>)>,
}

impl Identity {
    /// What the package URL says stands before what stands beside it, for it is what other tools match by.
    pub(crate) fn of(purl: Option<&Purl>, name: &str, version: &str) -> Self {
        let Some(purl) = purl else {
            return Self {
                ecosystem: Ecosystem::Other,
                name: name.to_owned(),
                version: version.to_owned(),
                arch: String::new(),
                upstream: None,
            };
        };
        let ecosystem = Ecosystem::of_purl_type(purl.kind());
        let namespace = purl.namespace().filter(|_| !ecosystem.is_system());
        let name = match namespace {
            None => purl.name().to_owned(),
            Some(ns) if ecosystem == Ecosystem::Maven => format!("{ns}:{}", purl.name()),
            Some(ns) => format!("{ns}/{}", purl.name()),
        };
        let mut version = purl.version().unwrap_or(version).to_owned();
        // Trivy takes the epoch out of the version and into a qualifier.
        let epoch = purl.qualifier("epoch").filter(|e| e.bytes().all(|b| b.is_ascii_digit()));
        if let Some(epoch) = epoch.filter(|e| *e != "0" && ecosystem == Ecosystem::Deb && !version.contains(':')) {
            version = format!("{epoch}:{version}");
        }
        let upstream = purl.upstream().map(|(name, version)| (name.to_owned(), version.map(str::to_owned)));
        Self { ecosystem, name, version, arch: purl.qualifier("arch").unwrap_or_default().to_owned(), upstream }
    }

    /// The source package, with what stands beside the package URL where that says nothing.
    pub(crate) fn source(&self, beside: (Option<String>, Option<String>)) -> SourcePackage {
        let (name, version) = self.upstream.clone().map_or(beside, |(name, version)| (Some(name), version));
        SourcePackage {
            name: name.unwrap_or_else(|| self.name.clone()),
            version: version.unwrap_or_else(|| self.version.clone()),
        }
    }
}

/// The name as documents with groups split it: `org.ow2.asm:asm`, `@babel/core`, `symfony/console`.
pub(crate) fn split(package: &Package) -> (Option<&str>, &str) {
    let split = match package.ecosystem {
        Ecosystem::Maven => package.name.split_once(':'),
        Ecosystem::Npm if package.name.starts_with('@') => package.name.split_once('/'),
        Ecosystem::Composer => package.name.split_once('/'),
        _ => None,
    };
    match split.filter(|(group, name)| !group.is_empty() && !name.is_empty()) {
        Some((group, name)) => (Some(group), name),
        None => (None, &package.name),
    }
}

/// What a document has to tell of a package besides its package URL, name and version, so that a reader finds the
/// same package: names of this program's properties, without their prefix, and their values.
pub(crate) fn beside(package: &Package, written_name: &str) -> Vec<(&'static str, String)> {
    let parsed = package.purl.parse::<Purl>().ok();
    let mut list = Vec::new();
    if parsed.as_ref().map(ToString::to_string).unwrap_or_default() != package.purl {
        list.push(("purl", package.purl.clone()));
    }
    let implied = Identity::of(parsed.as_ref(), written_name, &package.version);
    let mut differs = |key, implied: &str, own: &str| {
        if implied != own {
            list.push((key, own.to_owned()));
        }
    };
    differs("ecosystem", implied.ecosystem.name(), package.ecosystem.name());
    differs("name", &implied.name, &package.name);
    differs("version", &implied.version, &package.version);
    differs("arch", &implied.arch, &package.arch);
    // The reader takes the package's own name and version where nothing names a source.
    let own = Identity { name: package.name.clone(), version: package.version.clone(), ..implied };
    let source = own.source((None, None));
    differs("source:name", &source.name, &package.source.name);
    differs("source:version", &source.version, &package.source.version);
    list
}

/// `Person: Name (mail)`, as SPDX writes it, as `Name <mail>`.
pub(crate) fn maintainer(actor: &str) -> String {
    let text = actor.split_once(": ").map_or(actor, |(_, name)| name);
    match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
        Some((name, mail)) if mail.contains('@') => format!("{name} <{mail}>"),
        _ => text.trim_end_matches("()").trim().to_owned(),
    }
}

/// A text in one line: a backslash and what is no character of a text stand as their number between `\\` and `;`.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || c == '\\' {
            out.push_str(&format!("\\{:x};", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// The reverse of [`quoted`].
pub(crate) fn unquoted(text: &str) -> String {
    let (first, rest) = text.split_once('\\').map_or((text, None), |(a, b)| (a, Some(b)));
    let mut out = first.to_owned();
    for part in rest.into_iter().flat_map(|r| r.split('\\')) {
        let known = part
            .split_once(';')
            .and_then(|(number, after)| Some((u32::from_str_radix(number, 16).ok().and_then(char::from_u32)?, after)));
        if let Some((c, after)) = known {
            out.push(c);
            out.push_str(after);
        } else {
            out.push('\\');
            out.push_str(part);
        }
    }
    out
}

/// `Name <mail>`.
pub(crate) fn contact(name: &str, mail: Option<&str>) -> String {
    mail.map_or_else(|| name.to_owned(), |mail| format!("{name} <{mail}>"))
}

/// The fields of a CPE name; colons may be quoted with a backslash.
fn fields(cpe: &str) -> Vec<&str> {
    let (mut list, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in cpe.char_indices() {
        if c == ':' && !quoted {
            list.push(&cpe[from..at]);
            from = at + 1;
        }
        quoted = c == '\\' && !quoted;
    }
    list.push(&cpe[from..]);
    list
}

/// Where vendor and product stand.
const NAMES: std::ops::Range<usize> = 3..5;

/// CPE names that differ from a first one only in vendor and product, as `vendor:product`, with commas between.
/// Others stand whole; `None` where one of them would be read as another.
pub(crate) fn gathered<'c>(first: &str, others: impl Iterator<Item = &'c str>) -> Option<String> {
    let model = fields(first);
    let short = |cpe: &'c str| {
        if cpe.contains(',') {
            return None;
        }
        let own = fields(cpe);
        let alike = own.len() == model.len() && model.len() > NAMES.end;
        let alike = alike && own.iter().zip(&model).enumerate().all(|(at, (a, b))| NAMES.contains(&at) || a == b);
        match own.len() {
            _ if alike => Some(own[NAMES].join(":")),
            // It would be taken for a vendor and a product.
            2 => None,
            _ => Some(cpe.to_owned()),
        }
    };
    Some(others.map(short).collect::<Option<Vec<_>>>()?.join(","))
}

/// The reverse of [`gathered`].
pub(crate) fn spread(first: &str, text: &str) -> Vec<String> {
    let model = fields(first);
    let whole = |item: &str| {
        let names = fields(item);
        if names.len() != NAMES.len() || model.len() <= NAMES.end {
            return item.to_owned();
        }
        [&model[..NAMES.start], &names, &model[NAMES.end..]].concat().join(":")
    };
    text.split(',').map(whole).collect()
}

/// What a CPE name begins with.
const CPE23: &str = "cpe:2.3:";

/// How many fields follow it.
const CPE23_FIELDS: usize = 11;

/// A CPE name without what every one begins with and most end with: `a:gnu:glibc:2.36`.
pub(crate) fn trimmed(cpe: &str) -> &str {
    let Some(mut text) = cpe.strip_prefix(CPE23).filter(|_| is_cpe23(cpe)) else { return cpe };
    while let Some(shorter) = text.strip_suffix(":*").filter(|t| fields(t).len() >= NAMES.end - 1) {
        text = shorter;
    }
    text
}

/// The reverse of [`trimmed`].
pub(crate) fn untrimmed(text: &str) -> String {
    let missing = CPE23_FIELDS.saturating_sub(fields(text).len());
    let whole = format!("{CPE23}{text}{}", ":*".repeat(missing));
    if is_cpe23(&whole) { whole } else { text.to_owned() }
}

/// The ecosystem that a document names.
pub(crate) fn ecosystem(name: &str) -> Option<Ecosystem> {
    Ecosystem::ALL.iter().copied().chain([Ecosystem::Other]).find(|e| e.name() == name)
}

/// Whether a text is a CPE 2.3 name in the form that the formats' schemas ask for.
pub(crate) fn is_cpe23(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    // Colons may be quoted with a backslash.
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in rest.chars() {
        if c == ':' && !quoted {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.push(c);
        }
        quoted = c == '\\' && !quoted;
    }
    let component = |field: &str| {
        if field == "*" || field == "-" {
            return true;
        }
        let core = field.strip_prefix('*').unwrap_or_else(|| field.trim_start_matches('?'));
        let trimmed = core.trim_end_matches('?');
        let core = match core.strip_suffix('*') {
            Some(core) if !core.ends_with('\\') => core,
            _ if !trimmed.ends_with('\\') => trimmed,
            _ => core,
        };
        let mut chars = core.chars();
        while let Some(c) = chars.next() {
            let legal = match c {
                '\\' => chars.next().is_some_and(|q| q.is_ascii_punctuation() && !matches!(q, '-' | '.' | '_')),
                c => c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'),
            };
            if !legal {
                return false;
            }
        }
        !core.is_empty()
    };
    let language = |field: &str| {
        let (tag, region) = field.split_once('-').map_or((field, None), |(t, r)| (t, Some(r)));
        let alphabetic = |t: &str| t.bytes().all(|b| b.is_ascii_alphabetic());
        field == "*"
            || field == "-"
            || (matches!(tag.len(), 2 | 3)
                && alphabetic(tag)
                && region.is_none_or(|r| {
                    r.len() == 2 && alphabetic(r) || r.len() == 3 && r.bytes().all(|b| b.is_ascii_digit())
                }))
    };
    fields.len() == 11
        && matches!(fields[0].as_str(), "a" | "o" | "h" | "*" | "-")
        && fields.iter().enumerate().skip(1).all(|(at, field)| if at == 6 { language(field) } else { component(field) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpe_names() {
        for good in [
            "cpe:2.3:a:openssl:openssl:3.0.16:*:*:*:*:*:*:*",
            "cpe:2.3:a:a\\:b:c\\+\\+:-:*:*:en-us:*:*:*:*",
            "cpe:2.3:o:*:x*:??y:*:*:*:*:*:*:*",
        ] {
            assert!(is_cpe23(good), "{good}");
        }
        for bad in ["", "cpe:2.3:a:b", "cpe:/a:b:c", "cpe:2.3:a:a b:c:*:*:*:*:*:*:*:*", "cpe:2.3:x:b:c:*:*:*:*:*:*:*:*"]
        {
            assert!(!is_cpe23(bad), "{bad}");
        }
    }

    #[test]
    fn cpe_names_are_told_short() {
        let first = "cpe:2.3:a:types:lodash\\:x:4.9.3:*:*:*:*:*:*:*";
        let list = [
            "cpe:2.3:a:b_project:b:4.9.3:*:*:*:*:*:*:*",
            "cpe:2.3:o:b:b:4.9.3:*:*:*:*:*:*:*",
            "cpe:/a:b",
            "x",
            "a:b:c",
        ];
        let text = gathered(first, list.into_iter()).unwrap();
        assert_eq!(text, "b_project:b,cpe:2.3:o:b:b:4.9.3:*:*:*:*:*:*:*,cpe:/a:b,x,a:b:c");
        assert_eq!(spread(first, &text), list);
        assert_eq!(gathered(first, ["a,b"].into_iter()), None);
        assert_eq!(gathered(first, ["a:b"].into_iter()), None);
        for cpe in [
            first,
            list[0],
            list[1],
            "cpe:2.3:a:*:*:*:*:*:*:*:*:*:*",
            "cpe:2.3:a:b:c:1:-:*:*:*:*:*:*",
            "cpe:2.3:a:b",
            "x",
        ] {
            assert_eq!(untrimmed(trimmed(cpe)), cpe);
        }
        assert_eq!(trimmed(list[0]), "a:b_project:b:4.9.3");
    }

    #[test]
    fn what_a_package_url_says_is_not_told_twice() {
        let package = Package {
            ecosystem: Ecosystem::Npm,
            name: "@a/b".into(),
            version: "1".into(),
            source: SourcePackage { name: "@a/b".into(), version: "1".into() },
            purl: "pkg:npm/%40a/b@1".into(),
            ..Package::default()
        };
        assert_eq!(split(&package), (Some("@a"), "b"));
        assert_eq!(beside(&package, "@a/b"), []);
        let kernel = Package { ecosystem: Ecosystem::Kernel, purl: "pkg:generic/%40a/b@1".into(), ..package.clone() };
        assert_eq!(beside(&kernel, "@a/b"), [("ecosystem", "kernel".to_owned())]);
        let broken = Package { purl: "pkg:".into(), ..package };
        assert_eq!(beside(&broken, "@a/b"), [("purl", "pkg:".to_owned()), ("ecosystem", "npm".to_owned())]);
    }
}
