//! `container-manifest-2`: what rpm printed of its database before it was removed from an image without a shell
//! (CBL-Mariner, Azure Linux). One package a line, ten fields between tabs.

use crate::facts::{Facts, Record};
use crate::{Ecosystem, link};

use super::package;

/// Reads the manifest.
pub(super) fn read(bytes: &[u8], out: &mut Facts) {
    for (number, line) in (1u32..).zip(bytes.split(|b| *b == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match record(line) {
            Ok(record) => out.records.extend(record),
            Err(why) => out.trouble(Some(number), why),
        }
    }
}

/// Name, version-release, install time, build time, vendor, epoch or `(none)`, size, architecture, epoch or 0, source.
fn record(line: &[u8]) -> Result<Option<Record>, String> {
    let fields: Vec<&[u8]> = line.split(|b| *b == b'\t').take(11).map(<[u8]>::trim_ascii).collect();
    let field = |n: usize| fields.get(n).copied().filter(|f| !f.is_empty() && *f != b"(none)");
    let name = field(0).and_then(link::token).ok_or("a line has no package name; left out")?;
    if name == "gpg-pubkey" {
        return Ok(None);
    }
    let version = field(1).and_then(link::token).filter(|_| fields.len() >= 10);
    let version = version.ok_or_else(|| format!("package {name} has no version, or fields are missing; left out"))?;
    let version = match field(5).and_then(link::token) {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version,
    };
    Ok(Some(Record {
        ecosystem: Ecosystem::Rpm,
        name,
        version,
        arch: field(7).and_then(link::name).unwrap_or_default(),
        source: field(9).and_then(link::token).and_then(|file| package::source(&file)),
        maintainer: field(4).and_then(link::text),
        ..Record::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourcePackage;

    #[test]
    fn reads_lines() {
        let text = b"glibc\t2.35-2.cm2\t1653816591\t1653628955\tMicrosoft Corporation\t(none)\t10855265\tx86_64\t0\tglibc-2.35-2.cm2.src.rpm\n\
            openssl-libs\t1.1.1k-15.cm2\t1\t1\tMicrosoft Corporation\t2\t4365048\tx86_64\t2\topenssl-1.1.1k-15.cm2.src.rpm\n\
            gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n\nbad\t1-1\n\t\n";
        let mut out = Facts::default();
        read(text, &mut out);
        assert_eq!(out.records.len(), 2);
        assert_eq!(out.records[0].version, "2.35-2.cm2");
        assert_eq!(out.records[1].version, "2:1.1.1k-15.cm2");
        let source = SourcePackage { name: "openssl".into(), version: "1.1.1k-15.cm2".into() };
        assert_eq!(out.records[1].source, Some(source));
        assert_eq!(out.records[1].maintainer.as_deref(), Some("Microsoft Corporation"));
        assert_eq!(out.troubles.len(), 1, "{:?}", out.troubles);
        assert_eq!(out.troubles[0].0, Some(5));
    }
}
