//! Homebrew's cellar: each keg holds the formula it was made by and a receipt.

use serde_json::Value;

use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, license, plain};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "homebrew",
    about: "Homebrew's kegs",
    evidence: &[
        Evidence::Path { glob: "**/Cellar/*/*/.brew/*.rb", limit: MIB },
        Evidence::Path { glob: "**/Cellar/*/*/INSTALL_RECEIPT.json", limit: 4 * MIB },
    ],
    purls: &["brew"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes],
    read,
    join: None,
};

const FORMULA: usize = 0;

/// Reads a formula or a receipt. Both make the same package; they are one in the catalogue.
pub(crate) fn read(file: &File<'_>, out: &mut Facts) {
    let keg = file.path.rsplit_once("/Cellar/").map_or("", |(_, keg)| keg);
    let mut parts = keg.split('/');
    let (Some(name), Some(version)) = (parts.next().and_then(plain::token), parts.next().and_then(plain::token)) else {
        return out.trouble(None, "the keg is not named after a package and a version; left out");
    };
    let purl = plain::purl("brew", "", &name, &version);
    let mut record = Record { ecosystem: Ecosystem::Brew, name, version, purl, ..Record::default() };
    if file.which == FORMULA {
        // The keg also keeps formulae of what it was built with.
        if file.name() != format!("{}.rb", record.name) {
            return;
        }
        formula(file.bytes, &mut record);
    } else if let Err(why) = receipt(file.bytes, &mut record) {
        out.trouble(None, why);
    }
    out.records.push(record);
}

/// A formula's lines: `desc "…"`, `homepage "…"`, `url "…"`, `sha256 "…"`, `license "…"` or `license any_of: […]`.
fn formula(bytes: &[u8], record: &mut Record) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        // What follows describes resources, bottles and other branches, with addresses of their own.
        if ["resource ", "bottle do", "head do", "test do", "def ", "on_"].iter().any(|w| line.starts_with(w)) {
            break;
        }
        let Some((word, rest)) = line.split_once(' ') else { continue };
        let quoted = || rest.trim().strip_prefix('"').and_then(|r| r.split('"').next());
        match word {
            "desc" => record.description = quoted().and_then(plain::line),
            "homepage" => record.homepage = quoted().and_then(plain::line),
            "url" if record.download.is_none() => record.download = quoted().and_then(plain::line),
            "sha256" if record.hashes.is_empty() => record.hashes.extend(quoted().and_then(plain::hash)),
            "license" => {
                let mut all = rest.to_owned();
                // A list goes on until its brackets close.
                while all.matches('[').count() > all.matches(']').count() && all.len() < 4096 {
                    let Some(next) = lines.next() else { break };
                    all.push_str(next);
                }
                record.licenses = licenses(&all);
            }
            _ => {}
        }
    }
}

/// `"MIT"`, `any_of: ["A", "B"]`, `all_of: […]`, `:public_domain`, `"X" => { with: "E" }`. One level of lists is read; of
/// deeper ones the names are told one by one.
fn licenses(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut after = "";
    for (index, part) in text.split('"').enumerate().take(256) {
        if index % 2 == 0 {
            after = part;
            continue;
        }
        match names.last_mut() {
            Some(last) if after.contains("with:") => *last = format!("{last} WITH {part}"),
            _ => names.push(license::normalise(part).unwrap_or_else(|| part.to_owned())),
        }
    }
    if names.is_empty() && text.contains(":public_domain") {
        return vec!["public-domain".to_owned()];
    }
    let choice = text.trim_start().starts_with("any_of:") && !text.contains("all_of:");
    if choice && names.iter().all(|n| license::is_expression(n)) {
        return vec![names.join(" OR ")];
    }
    names
}

fn receipt(bytes: &[u8], record: &mut Record) -> Result<(), String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| format!("the receipt is not JSON: {e}"))?;
    let depends = value.get("runtime_dependencies").and_then(Value::as_array);
    let names = depends.into_iter().flatten().filter_map(|d| d.get("full_name").and_then(Value::as_str));
    // The full name of a formula outside Homebrew's own tap begins with its tap.
    record.wants = names.filter_map(|n| plain::token(n.rsplit('/').next()?)).map(|n| vec![n]).collect();
    if let Some(tap) = value.pointer("/source/tap").and_then(Value::as_str).and_then(plain::token) {
        record.properties.push(("brew:tap".to_owned(), tap));
    }
    if let Some(arch) = value.get("arch").and_then(Value::as_str).and_then(plain::token) {
        record.properties.insert(0, ("brew:arch".to_owned(), arch));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(which: usize, name: &str, bytes: &[u8]) -> Facts {
        let mut out = Facts::default();
        let path = format!("/home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1/{name}");
        read(&File { path: &path, root: "", which, bytes }, &mut out);
        out
    }

    const FORMULA_RB: &[u8] = b"class Jq < Formula\n  desc \"Lightweight JSON processor\"\n  homepage \"https://jqlang.github.io/jq/\"\n  url \"https://example.org/jq-1.7.1.tar.gz\"\n  \
        sha256 \"478c9ca129fd2e3443fe27314b455e211e0d8c60bc8ff7df703873deeee580c2\"\n  license any_of: [\n    \"MIT\",\n    \"Apache-2.0\",\n  ]\n\n  bottle do\n    sha256 \"00\"\n  end\nend\n";

    #[test]
    fn a_keg() {
        let out = facts(0, ".brew/jq.rb", FORMULA_RB);
        let record = &out.records[0];
        assert_eq!(record.purl, "pkg:brew/jq@1.7.1");
        assert_eq!(record.licenses, ["MIT OR Apache-2.0"]);
        assert_eq!(record.hashes.len(), 1);
        assert!(facts(0, ".brew/other.rb", FORMULA_RB).is_empty());
        let receipt = br#"{"arch":"x86_64","runtime_dependencies":[{"full_name":"oniguruma","version":"6.9.9"},{"full_name":"a/b/c"}],"source":{"tap":"homebrew/core"}}"#;
        let out = facts(1, "INSTALL_RECEIPT.json", receipt);
        assert_eq!(out.records[0].wants, [vec!["oniguruma"], vec!["c"]]);
        for cut in 0..FORMULA_RB.len() {
            facts(0, ".brew/jq.rb", &FORMULA_RB[..cut]);
        }
        assert_eq!(facts(1, "INSTALL_RECEIPT.json", b"{").troubles.len(), 1);
    }

    #[test]
    fn licence_lines() {
        assert_eq!(licenses("\"GPL-3.0-or-later\""), ["GPL-3.0-or-later"]);
        assert_eq!(licenses(":public_domain"), ["public-domain"]);
        assert_eq!(licenses("all_of: [\"MIT\", \"ISC\"]"), ["MIT", "ISC"]);
        assert_eq!(
            licenses("\"GPL-3.0-or-later\" => { with: \"GCC-exception-3.1\" }"),
            ["GPL-3.0-or-later WITH GCC-exception-3.1"]
        );
    }
}
