//! The lock files of Mix (an Elixir map) and Rebar (Erlang terms).

use super::package;
use super::term::Term;
use crate::facts::Facts;
use crate::plain;

/// The most packages read of one file.
const MOST: usize = 16_384;

/// `"name": {:hex, :package, "version", "sha256", [:mix], [{:dep, "~> 1", […]}], "hexpm", "sha256"},`, one a line. Those
/// from Git have no version and are told as such.
pub(super) fn mix(text: &str, out: &mut Facts) {
    for (number, line) in (1u32..).zip(text.lines()) {
        let Some((_, entry)) = line.trim().split_once("\": {:") else { continue };
        if out.records.len() >= MOST {
            return out.trouble(Some(number), "holds more packages than are read");
        }
        let words: Vec<&str> = entry.splitn(4, ", ").collect();
        match words.as_slice() {
            ["hex", name, version, rest] => {
                let (name, version) = (name.trim_start_matches(':').trim_matches('"'), version.trim_matches('"'));
                let (Some(name), Some(version)) = (plain::token(name), plain::token(version)) else {
                    out.trouble(Some(number), "a package has a malformed name or version; left out");
                    continue;
                };
                let mut record = package(&name, &version);
                // The last checksum is the archive's, the first one of its contents.
                let quoted = rest.split('"').skip(1).step_by(2);
                record.hashes = quoted.filter_map(plain::hash).last().into_iter().collect();
                let depends = rest.split("{:").skip(1);
                record.wants =
                    depends.filter_map(|d| plain::token(plain::before(d, &[',']))).map(|d| vec![d]).collect();
                out.records.push(record);
            }
            ["git", ..] => {}
            _ => out.trouble(Some(number), "a package is not one that Mix writes; left out"),
        }
    }
}

/// `{"1.2.0", [{<<"name">>,{pkg,<<"package">>,<<"1.0">>},0}, …]}.` and then the checksums.
pub(super) fn rebar(terms: &[Term], out: &mut Facts) {
    let entries = match terms.first() {
        Some(Term::Tuple(parts)) => parts.get(1).map(Term::list).unwrap_or_default(),
        Some(list) => list.list(),
        None => &[],
    };
    // Of two kinds of checksum that of the archive (`pkg_hash_ext`) is meant.
    let sums = terms.get(1).and_then(|t| t.get("pkg_hash_ext").or_else(|| t.get("pkg_hash")));
    let sums: std::collections::BTreeMap<&str, &str> = sums
        .map(Term::list)
        .unwrap_or_default()
        .iter()
        .filter_map(|p| Some((p.tuple().first()?.text()?, p.tuple().get(1)?.text()?)))
        .collect();
    for entry in entries.iter().take(MOST) {
        let [name, source, ..] = entry.tuple() else { continue };
        let [kind, package_name, version, ..] = source.tuple() else { continue };
        if kind.text() != Some("pkg") {
            continue;
        }
        let word = |t: &Term| t.text().and_then(plain::token);
        let (Some(package_name), Some(version)) = (word(package_name), word(version)) else {
            out.trouble(None, "a package has a malformed name or version; left out");
            continue;
        };
        let mut record = package(&package_name, &version);
        record.hashes = name.text().and_then(|n| sums.get(n)).and_then(|s| plain::hash(s)).into_iter().collect();
        out.records.push(record);
    }
    if entries.len() > MOST {
        out.trouble(None, "holds more packages than are read");
    }
}

#[cfg(test)]
mod tests {
    use super::super::term;
    use super::*;

    #[test]
    fn mix_lock() {
        let text = format!(
            "%{{\n  \"jason\": {{:hex, :jason, \"1.4.1\", \"{}\", [:mix], [{{:decimal, \"~> 1.0 or ~> 2.0\", [hex: :decimal, repo: \"hexpm\", optional: true]}}], \"hexpm\", \"{}\"}},\n  \
             \"x\": {{:git, \"https://example.org/x.git\", \"abc\", []}},\n  \"bad\": {{:hex, :bad}},\n}}\n",
            "a".repeat(64),
            "b".repeat(64)
        );
        let mut out = Facts::default();
        mix(&text, &mut out);
        assert_eq!((out.records.len(), out.troubles.len()), (1, 1));
        let record = &out.records[0];
        assert_eq!(
            (record.purl.as_str(), record.hashes[0].hex.as_str()),
            ("pkg:hex/jason@1.4.1", "b".repeat(64).as_str())
        );
        assert_eq!(record.wants, [vec!["decimal"]]);
    }

    #[test]
    fn rebar_lock() {
        let text = format!(
            "{{\"1.2.0\",\n[{{<<\"cowlib\">>,{{pkg,<<\"cowlib\">>,<<\"2.11.0\">>}},1}},\n {{<<\"x\">>,{{git,\"u\",{{ref,\"a\"}}}},0}}]}}.\n[\n{{pkg_hash,[\n {{<<\"cowlib\">>, <<\"{}\">>}}]}}\n].\n",
            "C".repeat(64)
        );
        let mut out = Facts::default();
        rebar(&term::terms(&text).unwrap(), &mut out);
        assert_eq!(out.records.len(), 1);
        assert_eq!((out.records[0].purl.as_str(), out.records[0].hashes.len()), ("pkg:hex/cowlib@2.11.0", 1));
        let mut out = Facts::default();
        rebar(&term::terms("[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1\">>},0}].").unwrap(), &mut out);
        assert_eq!(out.records.len(), 1);
    }
}
