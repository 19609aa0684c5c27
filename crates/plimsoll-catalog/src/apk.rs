//! apk's database: `lib/apk/db/installed`, records of one-letter fields.

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::link;
use crate::{Ecosystem, SourcePackage, license};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "apk",
    about: "Alpine packages",
    evidence: &[
        Evidence::Path { glob: "**/usr/lib/apk/db/installed", limit: 128 * MIB },
        Evidence::Path { glob: "**/lib/apk/db/installed", limit: 128 * MIB },
    ],
    purls: &["apk"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files, Gives::Supplier],
    read,
    join: None,
};

/// Reads the database.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let mut raw = Raw::default();
    let end: &[u8] = &[];
    for (number, line) in (1u32..).zip(file.bytes.split(|&b| b == b'\n').chain([end])) {
        if line.trim_ascii().is_empty() {
            if raw.line != 0 {
                match std::mem::take(&mut raw).finish() {
                    Ok(record) => out.records.push(record),
                    Err((line, why)) => out.trouble(Some(line), why),
                }
            }
            continue;
        }
        if raw.line == 0 {
            raw.line = number;
        }
        match line {
            [letter, b':', value @ ..] => {
                if let Err(why) = raw.field(*letter, value.trim_ascii()) {
                    out.trouble(Some(number), why);
                }
            }
            _ => out.trouble(Some(number), "a line is not a one-letter field"),
        }
    }
}

/// A record as it is being read.
#[derive(Default)]
struct Raw<'a> {
    line: u32,
    name: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    arch: Option<&'a [u8]>,
    origin: Option<&'a [u8]>,
    license: Option<&'a [u8]>,
    title: Option<&'a [u8]>,
    url: Option<&'a [u8]>,
    maintainer: Option<&'a [u8]>,
    depends: Option<&'a [u8]>,
    provides: Option<&'a [u8]>,
    dir: String,
    owned: Vec<String>,
}

impl<'a> Raw<'a> {
    fn field(&mut self, letter: u8, value: &'a [u8]) -> Result<(), &'static str> {
        let slot = match letter {
            b'P' => &mut self.name,
            b'V' => &mut self.version,
            b'A' => &mut self.arch,
            b'o' => &mut self.origin,
            b'L' => &mut self.license,
            b'T' => &mut self.title,
            b'U' => &mut self.url,
            b'm' => &mut self.maintainer,
            b'D' => &mut self.depends,
            b'p' => &mut self.provides,
            b'F' => {
                self.dir = crate::owned::path(value.get(..value.len().min(4096)).unwrap_or_default());
                return Ok(());
            }
            b'R' => {
                let file = crate::owned::path(value.get(..value.len().min(4096)).unwrap_or_default());
                self.owned.push(if self.dir.is_empty() { format!("/{file}") } else { format!("/{}/{file}", self.dir) });
                return Ok(());
            }
            // Sizes, checksums, modes, triggers: not needed here.
            _ => return Ok(()),
        };
        if slot.is_some() {
            return Err("a field stands twice; the first is read");
        }
        *slot = Some(value);
        Ok(())
    }

    fn finish(self) -> Result<Record, (u32, String)> {
        let fail = |why: String| (self.line, why);
        let name = self.name.ok_or_else(|| fail("a record has no P: (name); left out".into()))?;
        let name = link::name(name).ok_or_else(|| fail("a record's P: is not a package name; left out".into()))?;
        let version = self.version.ok_or_else(|| fail(format!("package {name} has no V: (version); left out")))?;
        let version =
            link::token(version).ok_or_else(|| fail(format!("package {name} has a malformed V:; left out")))?;
        let origin = match self.origin.filter(|o| !o.is_empty()) {
            None => name.clone(),
            Some(o) => link::name(o).ok_or_else(|| fail(format!("package {name} has a malformed o:; left out")))?,
        };
        let arch = self.arch.and_then(link::name).unwrap_or_default();
        let mut licenses = self.license.and_then(link::text).map(|l| license::list(&l)).unwrap_or_default();
        licenses.sort();
        licenses.dedup();
        Ok(Record {
            ecosystem: Ecosystem::Apk,
            source: Some(SourcePackage { name: origin, version: version.clone() }),
            name,
            version,
            arch,
            licenses,
            maintainer: self.maintainer.and_then(link::text),
            description: self.title.and_then(link::text),
            homepage: self.url.and_then(link::text),
            wants: words(self.depends).filter(|w| !w.starts_with('!')).map(|w| vec![w]).collect(),
            provides: words(self.provides).collect(),
            owned: self.owned,
            ..Record::default()
        })
    }
}

/// The words of `D:` and `p:`: names, `so:`, `cmd:`, `pc:` and paths; version constraints and repository tags fall away.
fn words(value: Option<&[u8]>) -> impl Iterator<Item = String> {
    let words = value.unwrap_or_default().split(u8::is_ascii_whitespace).filter(|w| !w.is_empty() && w.len() <= 1024);
    words.filter_map(|word| {
        let end = word.iter().position(|b| matches!(b, b'<' | b'>' | b'=' | b'~' | b'@'));
        let word = &word[..end.unwrap_or(word.len())];
        (!word.is_empty()).then(|| String::from_utf8_lossy(word).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path: "/lib/apk/db/installed", root: "", which: 1, bytes }, &mut out);
        out
    }

    const TEXT: &[u8] = b"C:Q1x=\nP:libcrypto1.1\nV:1.1.1d-r2\nA:x86_64\nT:Crypto library\nU:https://www.openssl.org\nL:OpenSSL\n\
        o:openssl\nm:Timo <t@x>\nD:so:libc.musl-x86_64.so.1 a>=1 b~2 !c d@edge\np:so:libcrypto.so.1.1=1.1 cmd:x\nF:lib\nM:0:0:1777\n\
        R:libcrypto.so.1.1\nF:\nR:top\n\nP:.build-deps\nV:20200101.000000\nA:noarch\n";

    #[test]
    fn reads_records() {
        let out = parsed(TEXT);
        assert!(out.troubles.is_empty());
        assert_eq!(out.records.len(), 2);
        let record = &out.records[0];
        assert_eq!(record.source, Some(SourcePackage { name: "openssl".into(), version: "1.1.1d-r2".into() }));
        assert_eq!(record.wants, [["so:libc.musl-x86_64.so.1"], ["a"], ["b"], ["d"]]);
        assert_eq!(record.provides, ["so:libcrypto.so.1.1", "cmd:x"]);
        assert_eq!(record.owned, ["/lib/libcrypto.so.1.1", "/top"]);
        assert_eq!(record.licenses, ["OpenSSL"]);
        assert_eq!(out.records[1].name, ".build-deps");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let out = parsed(b"P:a\n\nV:1\n\nP:b\nP:c\nV:1\nnonsense\n\nP:\xff\nV:1");
        assert_eq!(out.records.len(), 1);
        assert_eq!(out.records[0].name, "b");
        assert_eq!(out.troubles.iter().map(|p| p.0.unwrap()).collect::<Vec<_>>(), [1, 3, 6, 8, 10]);
        assert!(parsed(b"").records.is_empty());
    }
}
