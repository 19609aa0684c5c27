//! OCaml: opam's switches, and the `META` files of libraries that came without opam.

use std::collections::BTreeSet;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "ocaml",
    about: "packages of opam",
    evidence: &[
        Evidence::Path { glob: "**/.opam-switch/packages/*/opam", limit: 4 * MIB },
        Evidence::Path { glob: "**/lib/ocaml/*/META", limit: MIB },
        Evidence::Path { glob: "**/lib/*/META", limit: MIB },
    ],
    purls: &["opam"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes],
    read,
    join: Some(join),
};

const OPAM: usize = 0;

/// Reads one file.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    let directory = file.dir().rsplit('/').next().unwrap_or_default();
    if file.which != OPAM {
        out.records.extend(meta(directory, &text));
        return;
    }
    let Some((name, version)) = directory.split_once('.') else {
        return out.trouble(None, "the directory is not named after a package and a version; left out");
    };
    let (Some(name), Some(version)) = (plain::token(name), plain::token(version)) else {
        return out.trouble(None, "the directory is not named after a package and a version; left out");
    };
    let fields = fields(&text);
    let strings = |key: &str| fields.iter().find(|(k, _)| *k == key).map(|(_, v)| strings(v)).unwrap_or_default();
    let one = |key: &str| strings(key).into_iter().next().and_then(|s| plain::line(&s));
    let checksums = strings("checksum");
    let hashes = checksums.iter().filter_map(|c| plain::hash(c.split_once('=').map_or(c.as_str(), |(_, h)| h)));
    out.records.push(Record {
        ecosystem: Ecosystem::Opam,
        purl: plain::purl("opam", "", &name, &version),
        licenses: strings("license").iter().flat_map(|l| plain::licenses(l)).collect(),
        maintainer: one("maintainer"),
        description: one("synopsis"),
        homepage: one("homepage"),
        download: one("src").or_else(|| one("archive")),
        hashes: hashes.take(16).collect(),
        // Names stand in quotes, and so do the versions in the braces behind them.
        wants: depends(fields.iter().find(|(k, _)| *k == "depends").map_or("", |(_, v)| v)),
        name,
        version,
        ..Record::default()
    });
}

/// The fields of an opam file with all they hold: `key: value` at the beginning of a line, inside sections too.
fn fields(text: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let is_key = line.trim_start().contains(':')
            && !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'));
        // A line inside a list begins with a quote or a bracket, so that none of them looks like a key.
        if is_key && found.len() < 256 {
            let from = at + line.find(':').unwrap_or(0) + 1;
            if let Some(last) = found.last_mut() {
                last.2 = at;
            }
            found.push((key, from, text.len()));
        }
        at += line.len();
    }
    found.into_iter().filter_map(|(k, from, to)| Some((k, text.get(from..to)?))).collect()
}

/// What stands in quotes.
fn strings(value: &str) -> Vec<String> {
    let value = value.split("\n}").next().unwrap_or_default();
    let triple = value.trim_start().strip_prefix("\"\"\"");
    if let Some(text) = triple {
        return vec![text.split("\"\"\"").next().unwrap_or_default().trim().to_owned()];
    }
    value.split('"').skip(1).step_by(2).take(4096).map(str::to_owned).collect()
}

fn depends(value: &str) -> Vec<Vec<String>> {
    let (mut found, mut depth, mut rest) = (Vec::new(), 0usize, value);
    while let Some(at) = rest.find(['"', '{', '}', ']']) {
        let (sign, after) = (rest.as_bytes().get(at), rest.get(at + 1..).unwrap_or_default());
        rest = after;
        match sign {
            Some(b'{') => depth += 1,
            Some(b'}') => depth = depth.saturating_sub(1),
            Some(b']') if depth == 0 => break,
            Some(b'"') => {
                let (inner, after) = rest.split_once('"').unwrap_or((rest, ""));
                rest = after;
                if depth == 0 && found.len() < 4096 {
                    found.extend(plain::token(inner).map(|n| vec![n]));
                }
            }
            _ => {}
        }
    }
    found
}

/// findlib's `META`: `version = "2.0.0"`, `requires = "a b"`. A file that says neither version nor archive is not one.
fn meta(directory: &str, text: &str) -> Option<Record> {
    // Packages inside the file follow after the library's own variables.
    let own = text.split("package \"").next().unwrap_or_default();
    let value = |key: &str| {
        own.lines().find_map(|line| {
            let rest = line.trim().strip_prefix(key)?.trim_start();
            let quoted = rest.strip_prefix('=').or_else(|| rest.strip_prefix("+="))?.trim_start().strip_prefix('"')?;
            quoted.split('"').next()
        })
    };
    let version = plain::token(value("version")?).filter(|v| v.bytes().any(|b| b.is_ascii_digit()))?;
    let name = plain::token(directory)?;
    let shaped = ["archive(", "requires", "description", "directory", "exists_if"];
    if !shaped.iter().any(|s| text.lines().any(|l| l.trim_start().starts_with(s))) {
        return None;
    }
    let requires = value("requires").unwrap_or_default().split([' ', ',']).filter(|r| !r.is_empty());
    Some(Record {
        ecosystem: Ecosystem::Opam,
        purl: plain::purl("opam", "", &name, &version),
        description: value("description").and_then(plain::line),
        // `a.b` is a part of the library `a`.
        wants: requires.filter_map(|r| plain::token(r.split('.').next()?)).take(4096).map(|r| vec![r]).collect(),
        name,
        version,
        ..Record::default()
    })
}

/// Below a switch of opam, opam's own records say all.
fn join(join: &mut Join<'_>) {
    let files = std::mem::take(&mut join.files);
    let switches: BTreeSet<String> = files
        .values()
        .filter(|r| r.which == OPAM)
        .filter_map(|r| r.path.split_once("/.opam-switch/"))
        .map(|(switch, _)| format!("{switch}/"))
        .collect();
    for (path, mut read) in files {
        let inside = path.match_indices('/').any(|(at, _)| path.get(..=at).is_some_and(|p| switches.contains(p)));
        if read.which == OPAM || !inside {
            // Each switch has its own packages; what is before it is no root file system.
            let switch = path.split_once("/.opam-switch/").map_or("", |(s, _)| s).to_owned();
            read.root.clear();
            for record in &mut read.facts.records {
                record.scope.clone_from(&switch);
            }
            join.place_all(read);
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

    const OPAM_FILE: &[u8] = b"opam-version: \"2.0\"\nsynopsis: \"Lightweight thread library\"\nmaintainer: [\n  \"A B <a@example.org>\"\n]\nlicense: \"MIT\"\nhomepage: \"https://example.org/lwt\"\n\
        depends: [\n  \"dune\" {>= \"1.8.0\"}\n  \"ocaml\" {>= \"4.08\"}\n  (\"a\" | \"b\" {build})\n]\nbuild: [[\"dune\" \"build\" \"-p\" name]]\nurl {\n  src: \"https://example.org/5.7.0.tar.gz\"\n  checksum: [\n    \"md5=737039d29d45b2d2b35db6931c8d75c6\"\n  ]\n}\n";

    #[test]
    fn an_opam_file() {
        let path = "/home/o/.opam/default/.opam-switch/packages/lwt.5.7.0/opam";
        let record = &facts(path, 0, OPAM_FILE).records[0];
        assert_eq!(record.purl, "pkg:opam/lwt@5.7.0");
        assert_eq!(record.wants, [vec!["dune"], vec!["ocaml"], vec!["a"], vec!["b"]]);
        assert_eq!((record.licenses.as_slice(), record.hashes.len()), (["MIT".to_owned()].as_slice(), 1));
        assert_eq!(record.maintainer.as_deref(), Some("A B <a@example.org>"));
        for cut in 0..OPAM_FILE.len() {
            facts(path, 0, &OPAM_FILE[..cut]);
        }
    }

    #[test]
    fn a_findlib_file() {
        let text =
            b"version = \"2.0.0\"\ndescription = \"\"\nrequires = \"stdlib-shims\"\narchive(byte) = \"graph.cma\"\n";
        let record = &facts("/usr/lib/ocaml/ocamlgraph/META", 1, text).records[0];
        assert_eq!(
            (record.purl.as_str(), &record.wants),
            ("pkg:opam/ocamlgraph@2.0.0", &vec![vec!["stdlib-shims".to_owned()]])
        );
        assert!(facts("/usr/lib/x/META", 2, b"version = 1\n").is_empty());
        assert!(facts("/usr/lib/x/META", 2, b"{\"a\": 1}").is_empty());
    }
}
