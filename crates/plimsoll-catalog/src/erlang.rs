//! Erlang and Elixir: the applications of a release or an installation, and the lock files of Rebar and Mix.

mod lock;
mod term;

use std::collections::{BTreeMap, BTreeSet};

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, plain};
use term::Term;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "erlang",
    about: "applications of Erlang and Elixir, in releases too",
    evidence: &[
        Evidence::Path { glob: "**/ebin/*.app", limit: 4 * MIB },
        Evidence::Path { glob: "**/releases/start_erl.data", limit: MIB },
        Evidence::Path { glob: "**/hex_metadata.config", limit: 4 * MIB },
        Evidence::Directory { glob: "**/mix.lock", limit: 16 * MIB },
        Evidence::Directory { glob: "**/rebar.lock", limit: 16 * MIB },
    ],
    purls: &["otp", "hex"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes],
    read,
    join: Some(join),
};

const APP: usize = 0;
const START: usize = 1;
const METADATA: usize = 2;
const MIX: usize = 3;

/// Reads one file.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    match file.which {
        START => {
            let version = text.split_ascii_whitespace().next().and_then(plain::token);
            match version.filter(|v| v.starts_with(|c: char| c.is_ascii_digit())) {
                Some(version) => out.records.push(application("erts", &version)),
                None => out.trouble(None, "does not begin with the version of the emulator"),
            }
        }
        MIX => lock::mix(&text, out),
        _ => match term::terms(&text) {
            Ok(terms) => match file.which {
                APP => app(file, &terms, out),
                METADATA => metadata(terms, out),
                _ => lock::rebar(&terms, out),
            },
            // Other programs keep other things in files that end so.
            Err(_) if file.which == APP && !text.contains("{application") => {}
            Err(why) => out.trouble(None, why),
        },
    }
}

/// `{application, NAME, [{vsn, "1"}, {applications, […]}, …]}.`
fn app(file: &File<'_>, terms: &[Term], out: &mut Facts) {
    let Some([kind, name, facts, ..]) = terms.first().map(Term::tuple) else { return };
    if kind.text() != Some("application") {
        return;
    }
    let Some(name) = name.text().and_then(plain::token) else {
        return out.trouble(None, "an application has a malformed name; left out");
    };
    let text = |key: &str| facts.get(key).and_then(Term::text);
    // The directory tells the version where the file leaves it to the build.
    let version = text("vsn").and_then(plain::token).filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    let directory = file.dir().strip_suffix("/ebin").and_then(|d| d.rsplit('/').next());
    let of_directory = || directory?.strip_prefix(name.as_str())?.strip_prefix('-').and_then(plain::token);
    let version = version.or_else(of_directory).unwrap_or_default();
    let mut record = application(&name, &version);
    record.description = text("description").and_then(plain::line);
    let lists = ["applications", "included_applications"].into_iter().filter_map(|k| facts.get(k));
    record.wants = names(lists.flat_map(Term::list));
    let licenses = facts.get("licenses").map(Term::list).unwrap_or_default();
    record.licenses = licenses.iter().filter_map(Term::text).flat_map(plain::licenses).collect();
    out.records.push(record);
}

fn names<'a>(terms: impl Iterator<Item = &'a Term>) -> Vec<Vec<String>> {
    terms.filter_map(Term::text).filter_map(plain::token).map(|n| vec![n]).take(4096).collect()
}

/// An application that nothing shows to come from Hex.
fn application(name: &str, version: &str) -> Record {
    Record {
        ecosystem: Ecosystem::Otp,
        name: name.to_owned(),
        version: version.to_owned(),
        purl: plain::purl("otp", "", name, version),
        ..Record::default()
    }
}

/// A package of Hex.
fn package(name: &str, version: &str) -> Record {
    Record {
        ecosystem: Ecosystem::Hex,
        name: name.to_owned(),
        version: version.to_owned(),
        purl: plain::purl("hex", "", name, version),
        ..Record::default()
    }
}

/// `hex_metadata.config`, which lies beside what was unpacked from Hex: `{<<"name">>,<<"phoenix">>}.`
fn metadata(terms: Vec<Term>, out: &mut Facts) {
    let terms = Term::List(terms);
    let text = |key: &str| terms.get(key).and_then(Term::text).and_then(plain::token);
    let (Some(name), Some(version)) = (text("name"), text("version")) else {
        return out.trouble(None, "has no name or no version; left out");
    };
    let mut record = package(&name, &version);
    let list = |key: &str| terms.get(key).map(Term::list).unwrap_or_default();
    record.licenses = list("licenses").iter().filter_map(Term::text).flat_map(plain::licenses).collect();
    record.description = terms.get("description").and_then(Term::text).and_then(plain::line);
    let links = list("links").iter().filter_map(|l| l.tuple().get(1)?.text());
    record.homepage = links.filter_map(plain::line).next();
    // Requirements are pairs of a name and its details, or lists that hold a name.
    let requirement = |t: &Term| match t.tuple().first() {
        Some(name) => name.text().map(str::to_owned),
        None => t.get("name").and_then(Term::text).map(str::to_owned),
    };
    record.wants = list("requirements").iter().filter_map(requirement).take(4096).map(|n| vec![n]).collect();
    out.note("app", text("app").into_iter().chain([name, version]).collect());
    out.records.push(record);
}

/// The most applications of one name that another is related to.
const MAX_NAMED: usize = 16;

/// An application whose package's metadata lies in the same image comes from Hex. Dependencies are those beside it, as a
/// release has all of its own; else those anywhere, as Elixir's are in Erlang's directory.
fn join(join: &mut Join<'_>) {
    let files = std::mem::take(&mut join.files);
    let metadata = files.values().filter(|r| r.which == METADATA).flat_map(|r| &r.facts.records);
    let packages: BTreeSet<(String, String)> = metadata.map(|r| (r.name.clone(), r.version.clone())).collect();
    let mut beside: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut wanting: Vec<(usize, String, Vec<Vec<String>>)> = Vec::new();
    for (path, mut read) in files {
        let which = read.which;
        read.root.clear();
        for record in &mut read.facts.records {
            if record.ecosystem == Ecosystem::Otp && packages.contains(&(record.name.clone(), record.version.clone())) {
                record.ecosystem = Ecosystem::Hex;
                record.purl = plain::purl("hex", "", &record.name, &record.version);
            }
        }
        let index = join.place_all(read);
        if which != APP {
            continue;
        }
        // `LIB/NAME-VERSION/ebin/NAME.app`
        let lib = path.rsplitn(4, '/').nth(3).unwrap_or_default().to_owned();
        let Some(placed) = join.placed.get_mut(index) else { continue };
        let list = named.entry(placed.record.name.clone()).or_default();
        if list.len() < MAX_NAMED {
            list.push(index);
        }
        beside.insert((lib.clone(), placed.record.name.clone()), index);
        wanting.push((index, lib, std::mem::take(&mut placed.record.wants)));
    }
    for (index, lib, wants) in wanting {
        let mut needs = Vec::new();
        for name in wants.into_iter().flatten() {
            match beside.get(&(lib.clone(), name.clone())) {
                Some(own) => needs.push(*own),
                None => needs.extend(named.get(&name).into_iter().flatten()),
            }
        }
        if let Some(placed) = join.placed.get_mut(index) {
            placed.needs.extend(needs);
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

    const CRYPTO: &[u8] = b"%% Copyright\n{application, crypto,\n [{description, \"CRYPTO\"},\n {vsn, \"5.1.2\"},\n {modules, [crypto]},\n {applications, [kernel, stdlib]},\n {env, [{fips_mode, false}]}]}.\n";

    #[test]
    fn applications() {
        let out = facts("/usr/lib/erlang/lib/crypto-5.1.2/ebin/crypto.app", 0, CRYPTO);
        assert_eq!(out.records[0].purl, "pkg:otp/crypto@5.1.2");
        assert_eq!(out.records[0].wants, [vec!["kernel"], vec!["stdlib"]]);
        for cut in 0..CRYPTO.len() {
            facts("/x/ebin/crypto.app", 0, &CRYPTO[..cut]);
        }
        let out = facts("/r/lib/a-1.2/ebin/a.app", 0, b"{application,a,[{vsn,git}]}.");
        assert_eq!(out.records[0].version, "1.2");
        assert!(facts("/r/ebin/a.app", 0, b"<xml/>").is_empty());
    }

    #[test]
    fn the_emulator() {
        assert_eq!(
            facts("/usr/lib/erlang/releases/start_erl.data", 1, b"13.1.3 25").records[0].purl,
            "pkg:otp/erts@13.1.3"
        );
        assert_eq!(facts("/x/releases/start_erl.data", 1, b"\n").troubles.len(), 1);
    }

    #[test]
    fn metadata_of_hex() {
        let text = b"{<<\"app\">>,<<\"jason\">>}.\n{<<\"licenses\">>,[<<\"Apache-2.0\">>]}.\n{<<\"links\">>,[{<<\"GitHub\">>,<<\"https://example.org\">>}]}.\n\
            {<<\"name\">>,<<\"jason\">>}.\n{<<\"requirements\">>,[[{<<\"name\">>,<<\"decimal\">>},{<<\"app\">>,<<\"decimal\">>}]]}.\n{<<\"version\">>,<<\"1.4.1\">>}.\n";
        let record = &facts("/deps/jason/hex_metadata.config", 2, text).records[0];
        assert_eq!(record.purl, "pkg:hex/jason@1.4.1");
        assert_eq!((record.licenses[0].as_str(), &record.wants), ("Apache-2.0", &vec![vec!["decimal".to_owned()]]));
    }
}
