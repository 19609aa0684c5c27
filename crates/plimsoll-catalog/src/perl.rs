//! CPAN: what `cpanm` and `make install` record of the distributions they install.

use serde_json::Value;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "perl",
    about: "distributions of CPAN",
    evidence: &[
        Evidence::Path { glob: "**/.meta/*/install.json", limit: 4 * MIB },
        Evidence::Path { glob: "**/.meta/*/MYMETA.json", limit: 4 * MIB },
        Evidence::Path { glob: "**/perllocal.pod", limit: 16 * MIB },
        Evidence::Path { glob: "**/.packlist", limit: 16 * MIB },
    ],
    purls: &["cpan"],
    gives: &[Gives::Licences, Gives::Dependencies],
    read,
    join: Some(join),
};

const INSTALL: usize = 0;
const META: usize = 1;
const LOCAL: usize = 2;

/// The most modules read of one file.
const MOST: usize = 16_384;

/// Reads one file.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    match file.which {
        INSTALL | META => match serde_json::from_slice::<Value>(file.bytes) {
            Ok(value) if file.which == INSTALL => install(&value, out),
            Ok(value) => meta(&value, out),
            Err(error) => out.trouble(u32::try_from(error.line()).ok(), format!("is not JSON: {error}")),
        },
        LOCAL => local(&String::from_utf8_lossy(file.bytes), out),
        _ => {
            // Perl's own list lies beside no module: it is not below `auto`.
            let Some((_, module)) = file.dir().rsplit_once("/auto/") else { return };
            if let Some(name) = plain::token(&module.replace('/', "-")) {
                out.records.push(distribution("", &name, ""));
            }
        }
    }
}

/// A distribution; its author stands in the package URL where known.
fn distribution(author: &str, name: &str, version: &str) -> Record {
    Record {
        ecosystem: Ecosystem::Cpan,
        name: name.to_owned(),
        version: version.to_owned(),
        purl: plain::purl("cpan", author, name, version),
        ..Record::default()
    }
}

/// cpanm's record: `{"dist": "Try-Tiny-0.31", "pathname": "E/ET/ETHER/Try-Tiny-0.31.tar.gz", "version": "0.31", …}`.
fn install(value: &Value, out: &mut Facts) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let dist = text("dist").unwrap_or_default();
    let parts =
        dist.rsplit_once('-').filter(|(_, v)| v.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()));
    let (name, version) = match (parts, text("name"), text("version")) {
        (Some((name, version)), ..) => (name.to_owned(), version.to_owned()),
        (None, Some(name), version) => (name.replace("::", "-"), version.unwrap_or_default().to_owned()),
        _ => (String::new(), String::new()),
    };
    let (Some(name), version) = (plain::token(&name), plain::token(&version).unwrap_or_default()) else {
        return out.trouble(None, "names no distribution; left out");
    };
    // `A/AU/AUTHOR/file`; what came from elsewhere has no author.
    let pathname = text("pathname").unwrap_or_default().trim_start_matches("authors/id/");
    let author = pathname.split('/').nth(2).filter(|a| pathname.matches('/').count() >= 3 && !a.is_empty());
    let author = author.filter(|a| a.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'));
    let mut record = distribution(author.unwrap_or_default(), &name, &version);
    let provides = value.get("provides").and_then(Value::as_object);
    record.provides = provides.into_iter().flat_map(|p| p.keys()).take(MOST).cloned().collect();
    record.download = (author.is_some()).then(|| format!("cpan:///distfile/{}", pathname.get(5..).unwrap_or_default()));
    record.download = record.download.filter(|_| pathname.is_ascii());
    out.records.push(record);
}

/// `MYMETA.json` beside it: licences, what it needs at run time, who wrote it.
fn meta(value: &Value, out: &mut Facts) {
    let strings = |v: Option<&Value>| -> Vec<String> {
        let list = v.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).filter_map(plain::line).collect()
    };
    let licenses: Vec<String> = strings(value.get("license")).iter().flat_map(|l| spdx(l)).collect();
    out.note("licenses", licenses);
    let requires = value.pointer("/prereqs/runtime/requires").and_then(Value::as_object);
    out.note(
        "requires",
        requires.into_iter().flat_map(|r| r.keys()).filter(|k| *k != "perl").take(MOST).cloned().collect(),
    );
    out.note("author", strings(value.get("author")).into_iter().take(1).collect());
    out.note("abstract", value.get("abstract").and_then(Value::as_str).and_then(plain::line).into_iter().collect());
    let home = value.pointer("/resources/homepage").or(value.pointer("/resources/repository/web"));
    out.note("home", home.and_then(Value::as_str).and_then(plain::line).into_iter().collect());
}

/// The names that the CPAN Meta specification gives to licences.
fn spdx(name: &str) -> Vec<String> {
    let id = match name {
        "perl_5" => "Artistic-1.0-Perl OR GPL-1.0-or-later",
        "apache_1_1" => "Apache-1.1",
        "apache_2_0" => "Apache-2.0",
        "artistic_1" => "Artistic-1.0",
        "artistic_2" => "Artistic-2.0",
        "bsd" => "BSD-3-Clause",
        "freebsd" => "BSD-2-Clause",
        "gpl_1" => "GPL-1.0-only",
        "gpl_2" => "GPL-2.0-only",
        "gpl_3" => "GPL-3.0-only",
        "lgpl_2_1" => "LGPL-2.1-only",
        "lgpl_3_0" => "LGPL-3.0-only",
        "agpl_3" => "AGPL-3.0-only",
        "mit" => "MIT",
        "mozilla_1_0" => "MPL-1.0",
        "mozilla_1_1" => "MPL-1.1",
        "openssl" => "OpenSSL",
        "qpl_1_0" => "QPL-1.0",
        "zlib" => "Zlib",
        "unknown" | "open_source" | "" => return Vec::new(),
        other => return license::list(other),
    };
    vec![id.to_owned()]
}

/// `perllocal.pod`: `=head2 DATE: C<Module> L<Try::Tiny|Try::Tiny>`, then `C<VERSION: 0.31>`. The last entry of a module
/// is the installed one.
fn local(text: &str, out: &mut Facts) {
    let mut found: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    let mut module: Option<String> = None;
    for line in text.lines() {
        if line.starts_with("=head2") {
            let name = line.split_once("C<Module> L<").and_then(|(_, n)| n.split(['|', '>']).next());
            module = name.and_then(plain::token).map(|n| n.replace("::", "-"));
            if found.len() >= MOST {
                return out.trouble(None, "holds more modules than are read");
            }
        } else if let Some((_, version)) = line.split_once("C<VERSION: ")
            && let Some(module) = module.take()
        {
            let version = version.split('>').next().and_then(plain::token).unwrap_or_default();
            found.insert(module, version);
        }
    }
    out.records.extend(found.iter().map(|(name, version)| distribution("", name, version)));
}

/// cpanm's record says most; a list of installed files says least. What one of them told is not told again by another.
fn join(join: &mut Join<'_>) {
    let mut files = std::mem::take(&mut join.files);
    let metas: Vec<&str> = files.iter().filter(|(_, r)| r.which == META).map(|(p, _)| *p).collect();
    let metas: std::collections::BTreeMap<&str, _> =
        metas.into_iter().filter_map(|p| Some((p, files.remove(p)?))).collect();
    let mut reads: Vec<_> = files.into_values().collect();
    reads.sort_by_key(|r| r.which);
    let mut known: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for mut read in reads {
        for mut record in std::mem::take(&mut read.facts.records) {
            if read.which == INSTALL {
                let beside = read.path.strip_suffix("install.json").map(|d| format!("{d}MYMETA.json"));
                if let Some(meta) = beside.and_then(|b| metas.get(b.as_str())) {
                    let one = |kind: &str| meta.facts.noted(kind).first().cloned();
                    record.licenses = meta.facts.noted("licenses").to_vec();
                    record.wants = meta.facts.noted("requires").iter().map(|r| vec![r.clone()]).collect();
                    (record.maintainer, record.description, record.homepage) =
                        (one("author"), one("abstract"), one("home"));
                }
            } else if let Some(&index) = known.get(&record.name) {
                let told = &join.placed[index].record.version;
                if record.version.is_empty() || *told == record.version {
                    join.placed[index].evidence.push(read.path.to_owned());
                    continue;
                }
            }
            let name = record.name.clone();
            let provided: Vec<String> = record.provides.iter().map(|m| m.replace("::", "-")).collect();
            let index = join.place(record, "", read.path, read.node);
            // A distribution's modules may have lists of their own.
            for name in provided.into_iter().chain([name]) {
                known.insert(name, index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str, which: usize, bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        read(&File { path, root: "", which, bytes }, &mut out);
        out
    }

    #[test]
    fn what_cpanm_records() {
        let text = br#"{"pathname":"E/ET/ETHER/Try-Tiny-0.31.tar.gz","target":"Try::Tiny","dist":"Try-Tiny-0.31","name":"Try::Tiny","version":"0.31","provides":{"Try::Tiny":{"version":"0.31","file":"lib/Try/Tiny.pm"}}}"#;
        let record = &facts("/l/.meta/Try-Tiny-0.31/install.json", 0, text).records[0];
        assert_eq!(record.purl, "pkg:cpan/ETHER/Try-Tiny@0.31");
        assert_eq!(record.download.as_deref(), Some("cpan:///distfile/ETHER/Try-Tiny-0.31.tar.gz"));
        for cut in 0..text.len() {
            facts("/l/.meta/x/install.json", 0, &text[..cut]);
        }
        let meta = br#"{"license":["perl_5"],"prereqs":{"runtime":{"requires":{"perl":"5.006","Carp":"0"}}},"author":["A <a@x>"]}"#;
        let out = facts("/l/.meta/Try-Tiny-0.31/MYMETA.json", 1, meta);
        assert_eq!(out.noted("licenses"), ["Artistic-1.0-Perl OR GPL-1.0-or-later"]);
        assert_eq!(out.noted("requires"), ["Carp"]);
    }

    #[test]
    fn the_journal_and_lists() {
        let pod = b"=head2 Wed May  1 10:00:00 2024: C<Module> L<Foo::Bar|Foo::Bar>\n\n=over 4\n\n=item *\n\nC<installed into: /usr/local>\n\n=item *\n\nC<VERSION: 1.0>\n\n\
            =head2 Wed May  2 10:00:00 2024: C<Module> L<Foo::Bar|Foo::Bar>\n\nC<VERSION: 1.1>\n";
        let out = facts("/usr/local/lib/perl5/perllocal.pod", 2, pod);
        assert_eq!(out.records.len(), 1);
        assert_eq!(out.records[0].purl, "pkg:cpan/Foo-Bar@1.1");
        let list = facts("/usr/local/lib/perl5/site_perl/5.36.0/x86_64-linux-gnu/auto/Foo/Bar/.packlist", 3, b"/x\n");
        assert_eq!(list.records[0].name, "Foo-Bar");
        assert!(facts("/usr/lib/perl/5.36/.packlist", 3, b"").is_empty());
    }
}
