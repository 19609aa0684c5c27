//! pacman's database: a directory for each package with `desc` and `files`.

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, SourcePackage, license, link, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "alpm",
    about: "Arch Linux packages",
    evidence: &[
        Evidence::Path { glob: "**/var/lib/pacman/local/*/desc", limit: 4 * MIB },
        Evidence::Path { glob: "**/var/lib/pacman/local/*/files", limit: 64 * MIB },
    ],
    purls: &["alpm"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files, Gives::Supplier],
    read,
    join: Some(join),
};

const DESC: usize = 0;

/// Reads `desc` or `files`.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    if file.which == DESC {
        match desc(file.bytes) {
            Ok(record) => out.records.push(record),
            Err(why) => out.trouble(None, why),
        }
        return;
    }
    let section = sections(file.bytes).find(|(name, _)| *name == b"FILES");
    let paths = section.into_iter().flat_map(|(_, lines)| lines);
    let files = paths.filter(|l| !l.ends_with(b"/") && l.len() <= 4096);
    out.note("owned", files.map(|l| format!("/{}", crate::owned::path(l))).collect());
}

/// Gives each package its files.
fn join(join: &mut Join<'_>) {
    let (descs, beside): (Vec<_>, Vec<_>) =
        std::mem::take(&mut join.files).into_iter().partition(|(_, r)| r.which == DESC);
    let mut beside: std::collections::BTreeMap<&str, _> = beside.into_iter().collect();
    for (path, mut read) in descs {
        if let Some(dir) = path.strip_suffix("/desc")
            && let Some(files) = beside.remove(format!("{dir}/files").as_str())
            && let Some(record) = read.facts.records.first_mut()
        {
            record.owned = files.facts.noted("owned").to_vec();
        }
        join.place_all(read);
    }
}

/// `%NAME%` and the lines below it, up to the next heading; blank lines are left out.
fn sections(bytes: &[u8]) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
    let mut lines = bytes.split(|&b| b == b'\n').peekable();
    let heading = |l: &[u8]| l.len() > 2 && l.starts_with(b"%") && l.ends_with(b"%");
    std::iter::from_fn(move || {
        let name = lines.find(|l| heading(l))?;
        let mut values = Vec::new();
        while let Some(line) = lines.next_if(|l| !heading(l)) {
            if !line.trim_ascii().is_empty() {
                values.push(line);
            }
        }
        name.get(1..name.len() - 1).map(|n| (n, values))
    })
}

fn desc(bytes: &[u8]) -> Result<Record, String> {
    let mut record = Record { ecosystem: Ecosystem::Alpm, ..Record::default() };
    let mut base = None;
    for (name, values) in sections(bytes) {
        let first = values.first().copied().unwrap_or_default();
        let names = || {
            let name = |v: &&[u8]| {
                let text = String::from_utf8_lossy(v);
                plain::token(plain::before(&text, &['<', '>', '=', ':']))
            };
            values.iter().filter_map(name)
        };
        match name {
            b"NAME" => record.name = link::token(first).ok_or("%NAME% is not a package name")?,
            b"VERSION" => record.version = link::token(first).ok_or("%VERSION% is not a version")?,
            b"BASE" => base = link::token(first),
            b"ARCH" => record.arch = link::token(first).unwrap_or_default(),
            b"DESC" => record.description = link::text(first),
            b"URL" => record.homepage = link::text(first),
            b"PACKAGER" => record.maintainer = link::text(first).filter(|p| p != "Unknown Packager"),
            b"LICENSE" => {
                let lists = values.iter().map(|v| String::from_utf8_lossy(v));
                // Several licences of one package all hold.
                record.licenses = lists.filter(|l| l.len() <= license::MAX_LEN).flat_map(|l| spdx(&l)).collect();
            }
            b"DEPENDS" => record.wants = names().map(|n| vec![n]).collect(),
            b"PROVIDES" => record.provides = names().collect(),
            _ => {}
        }
    }
    if record.name.is_empty() || record.version.is_empty() {
        return Err("a package has no %NAME% or no %VERSION%; left out".to_owned());
    }
    record.source = base.map(|name| SourcePackage { name, version: record.version.clone() });
    Ok(record)
}

/// Arch's old short names: `custom:X` names a text of its own; a bare `GPL` says no version.
fn spdx(text: &str) -> Vec<String> {
    match text.trim() {
        "" | "custom" | "unknown" => Vec::new(),
        "BSD" => vec!["BSD".to_owned()],
        other => license::list(other.strip_prefix("custom:").unwrap_or(other).trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESC: &[u8] = b"%NAME%\ncurl\n\n%VERSION%\n1:8.5.0-1\n\n%BASE%\ncurl\n\n%DESC%\ncommand line tool\n\n%URL%\nhttps://curl.se\n\n\
        %ARCH%\nx86_64\n\n%PACKAGER%\nA B <a@example.org>\n\n%LICENSE%\nMIT\ncustom:foo\n\n%DEPENDS%\nca-certificates\nopenssl>=3\nlibz.so=1-64\n\n%PROVIDES%\nlibcurl.so=4-64\n\n";

    fn facts(which: usize, bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        let path = "/var/lib/pacman/local/curl-1:8.5.0-1/desc";
        read(&File { path, root: "", which, bytes }, &mut out);
        out
    }

    #[test]
    fn reads_a_package() {
        let out = facts(0, DESC);
        let record = &out.records[0];
        assert_eq!(
            (record.name.as_str(), record.version.as_str(), record.arch.as_str()),
            ("curl", "1:8.5.0-1", "x86_64")
        );
        assert_eq!(record.wants, [vec!["ca-certificates"], vec!["openssl"], vec!["libz.so"]]);
        assert_eq!(record.provides, ["libcurl.so"]);
        assert_eq!(record.licenses, ["MIT", "foo"]);
        assert_eq!(record.maintainer.as_deref(), Some("A B <a@example.org>"));
    }

    #[test]
    fn reads_the_files() {
        let out = facts(1, b"%FILES%\nusr/\nusr/bin/\nusr/bin/curl\nusr/a b\n\n%BACKUP%\netc/x\tabc\n");
        assert_eq!(out.noted("owned"), ["/usr/bin/curl", "/usr/a b"]);
    }

    #[test]
    fn what_is_cut_short_is_told_or_read() {
        for cut in 0..DESC.len() {
            let out = facts(0, &DESC[..cut]);
            assert_eq!(out.records.len() + out.troubles.len(), 1, "{cut}");
        }
        assert!(facts(0, b"%NAME%\na b\n%VERSION%\n1\n").records.is_empty());
    }
}
