//! apk's database: `lib/apk/db/installed`, records of one-letter fields.

use plimsoll_version::purl::{self, OsPackage};

use crate::link::{self, Record};
use crate::{Distro, Ecosystem, Package, Problem, SourcePackage, license};

/// Reads the database. `Package::depends`, `files` and layers are left for the caller; `Record::owned` holds the files.
pub fn parse(bytes: &[u8], path: &str, distro: Option<&Distro>) -> (Vec<Record>, Vec<Problem>) {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let mut raw = Raw::default();
    let mut tell = |line: u32, why: String| problems.push(Problem { path: path.to_owned(), line: Some(line), why });
    let end: &[u8] = &[];
    for (number, line) in (1u32..).zip(bytes.split(|&b| b == b'\n').chain([end])) {
        if line.trim_ascii().is_empty() {
            if raw.line != 0 {
                match std::mem::take(&mut raw).finish(path, distro) {
                    Ok(record) => records.push(record),
                    Err((line, why)) => tell(line, why),
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
                    tell(number, why.to_owned());
                }
            }
            _ => tell(number, "a line is not a one-letter field".to_owned()),
        }
    }
    (records, problems)
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

    fn finish(self, path: &str, distro: Option<&Distro>) -> Result<Record, (u32, String)> {
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
        let purl = purl::apk(&OsPackage {
            name: &name,
            version: &version,
            arch: &arch,
            source_name: &origin,
            source_version: &version,
            distro: distro.map(|d| (d.id.as_str(), d.version_id.as_str())),
        });
        let purl = purl.map_err(|e| fail(format!("package {name}: {e}; left out")))?.to_string();
        let mut licenses = self.license.and_then(link::text).map(|l| license::list(&l)).unwrap_or_default();
        licenses.sort();
        licenses.dedup();
        let package = Package {
            ecosystem: Ecosystem::Apk,
            name,
            source: SourcePackage { name: origin, version: version.clone() },
            version,
            arch,
            licenses,
            maintainer: self.maintainer.and_then(link::text),
            description: self.title.and_then(link::text),
            homepage: self.url.and_then(link::text),
            depends: Vec::new(),
            files: Vec::new(),
            evidence: vec![path.to_owned()],
            first_layer: 0,
            layer: 0,
            purl,
        };
        let wants = words(self.depends).filter(|w| !w.starts_with('!')).map(|w| vec![w]).collect();
        Ok(Record { package, wants, provides: words(self.provides).collect(), owned: self.owned })
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

    const TEXT: &[u8] = b"C:Q1x=\nP:libcrypto1.1\nV:1.1.1d-r2\nA:x86_64\nT:Crypto library\nU:https://www.openssl.org\nL:OpenSSL\n\
        o:openssl\nm:Timo <t@x>\nD:so:libc.musl-x86_64.so.1 a>=1 b~2 !c d@edge\np:so:libcrypto.so.1.1=1.1 cmd:x\nF:lib\nM:0:0:1777\n\
        R:libcrypto.so.1.1\nF:\nR:top\n\nP:.build-deps\nV:20200101.000000\nA:noarch\n";

    #[test]
    fn reads_records() {
        let (records, problems) = parse(TEXT, "/lib/apk/db/installed", None);
        assert!(problems.is_empty());
        assert_eq!(records.len(), 2);
        let record = &records[0];
        assert_eq!(record.package.source, SourcePackage { name: "openssl".into(), version: "1.1.1d-r2".into() });
        assert_eq!(record.wants, [["so:libc.musl-x86_64.so.1"], ["a"], ["b"], ["d"]]);
        assert_eq!(record.provides, ["so:libcrypto.so.1.1", "cmd:x"]);
        assert_eq!(record.owned, ["/lib/libcrypto.so.1.1", "/top"]);
        assert_eq!(record.package.licenses, ["OpenSSL"]);
        assert_eq!(records[1].package.purl, "pkg:apk/.build-deps@20200101.000000?arch=noarch");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (records, problems) = parse(b"P:a\n\nV:1\n\nP:b\nP:c\nV:1\nnonsense\n\nP:\xff\nV:1", "/i", None);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].package.name, "b");
        assert_eq!(problems.iter().map(|p| p.line.unwrap()).collect::<Vec<_>>(), [1, 3, 6, 8, 10]);
        assert!(parse(b"", "/i", None).0.is_empty());
    }
}
