//! The house rules as tests. Each failure says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::root;

/// The layer of each crate; an edge may not point upward (ARCHITECTURE.md, "Layers").
const LAYERS: &[(&str, u8)] = &[
    ("plimsoll-oci", 0),
    ("plimsoll-finding", 0),
    ("plimsoll-version", 0),
    ("plimsoll-layer", 1),
    ("plimsoll-tree", 1),
    ("plimsoll-catalog", 1),
    ("plimsoll-sbom", 1),
    ("plimsoll-advisory", 1),
    ("plimsoll-envelope", 1),
    ("plimsoll-workload", 1),
    ("plimsoll-intent", 2),
    ("plimsoll-harden", 2),
    ("plimsoll-gate", 2),
    ("plimsoll-verify", 2),
    ("plimsoll-admit", 2),
    ("plimsoll-engines", 2),
    ("plimsoll-registry", 3),
    ("plimsoll-source", 3),
    ("plimsoll-trust", 3),
    ("plimsoll-sandbox", 3),
    ("plimsoll-report", 4),
    ("plimsoll", 5),
];

/// Crates that would bring an async runtime, a network, a command line or a file system below the adapters.
const RIM_ONLY: &[&str] =
    &["tokio", "hyper", "hyper-util", "reqwest", "rustls", "clap", "tempfile", "memmap2", "indicatif", "rustix"];

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Direct normal dependencies of every workspace crate.
fn edges(kinds: &[Option<&str>]) -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|p| {
            let deps = p["dependencies"].as_array().expect("dependencies").iter();
            let deps = deps.filter(|d| kinds.contains(&d["kind"].as_str()));
            let names = deps.map(|d| d["name"].as_str().expect("name").to_owned()).collect();
            (p["name"].as_str().expect("name").to_owned(), names)
        })
        .collect()
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(n, _)| *n == name).map(|(_, l)| *l)
}

#[test]
fn every_crate_has_a_layer() {
    for name in edges(&[None]).keys().filter(|n| !matches!(n.as_str(), "bench" | "testkit" | "xtask")) {
        assert!(
            layer(name).is_some(),
            "{name} has no layer: add it to LAYERS in xtask/src/tidy.rs and to ARCHITECTURE.md"
        );
    }
}

#[test]
fn no_edge_points_upward() {
    const BETWEEN_ADAPTERS: &[(&str, &str)] = &[("plimsoll-source", "plimsoll-registry")];
    for (from, to) in edges(&[None]) {
        let Some(own) = layer(&from) else { continue };
        for dep in to {
            let Some(other) = layer(&dep) else { continue };
            let adapters = own == 3 && other == 3;
            assert!(
                other <= own && (!adapters || BETWEEN_ADAPTERS.contains(&(from.as_str(), dep.as_str()))),
                "{from} may not depend on {dep}: it points upward, or from one adapter to another"
            );
        }
    }
}

#[test]
fn forbidden_edges_are_absent() {
    let edges = edges(&[None]);
    let forbidden = [
        ("plimsoll-admit", &["plimsoll-engines"][..], "both come from the intent and never see each other"),
        (
            "plimsoll-engines",
            &["plimsoll-admit", "plimsoll-verify"],
            "both come from the intent and never see each other",
        ),
        ("plimsoll-verify", &["plimsoll-registry", "plimsoll-trust"], "there is no network inside verification"),
        ("plimsoll-harden", &["plimsoll-advisory", "plimsoll-gate"], "hardening does not look at vulnerabilities"),
        ("plimsoll-report", &["plimsoll-registry", "plimsoll-source", "plimsoll-trust"], "renderers never fetch"),
    ];
    for (from, to, why) in forbidden {
        for dep in to {
            assert!(!edges[from].contains(*dep), "{from} may not depend on {dep}: {why}");
        }
    }
    for (from, to) in &edges {
        assert!(!to.contains("testkit"), "{from}: testkit is for dev-dependencies only");
        assert!(from == "xtask" || !to.contains("plimsoll"), "{from}: no library depends on the binary");
    }
}

#[test]
fn effects_stay_at_the_rim() {
    for (from, to) in edges(&[None]) {
        let Some(own) = layer(&from) else { continue };
        if own <= 2 {
            let found: Vec<_> = RIM_ONLY.iter().filter(|r| to.contains(**r)).collect();
            assert!(found.is_empty(), "{from} is below the adapters and may not depend on {found:?}");
        }
        if own < 5 {
            assert!(!to.contains("anyhow"), "{from}: libraries have one typed error enum; anyhow is for the binary");
        }
    }
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !matches!(path.file_name().and_then(|n| n.to_str()), Some("target" | ".git" | "node_modules")) {
                rust_files(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for dir in ["crates", "xtask", "fuzz"] {
        rust_files(&root().join(dir), &mut files);
    }
    files.sort();
    let name = |p: &Path| p.strip_prefix(root()).unwrap_or(p).display().to_string();
    files.iter().map(|p| (name(p), std::fs::read_to_string(p).expect("source is UTF-8"))).collect()
}

#[test]
fn files_are_short_and_documented() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines; split it by noun (at most 600)");
        assert!(!name.ends_with("/mod.rs") || name.contains("/tests/"), "{name}: modules are name.rs, not mod.rs");
        assert!(text.trim_start().starts_with("//!"), "{name} has no module documentation: begin it with `//! ...`");
    }
}

#[test]
fn unsafe_and_left_overs_are_absent() {
    // The words are put together here so that this file does not find itself.
    let left_overs = [
        "to".to_owned() + "do!(",
        "unimpl".to_owned() + "emented!(",
        "FIX".to_owned() + "ME",
        "#[ign".to_owned() + "ore",
    ];
    let word = "uns".to_owned() + "afe";
    let allow_unsafe = ["crates/plimsoll/src/map.rs"];
    for (name, text) in sources() {
        for word in &left_overs {
            assert!(!text.contains(word.as_str()), "{name} holds {word}: finish it or delete it");
        }
        let opens =
            text.lines().any(|l| l.trim_start().starts_with(&format!("{word} ")) || l.contains(&format!("{word} {{")));
        assert!(!opens || allow_unsafe.contains(&name.as_str()), "{name}: unsafe code is only for {allow_unsafe:?}");
    }
}

#[test]
fn domain_types_do_not_serialise() {
    for krate in
        ["plimsoll-oci", "plimsoll-finding", "plimsoll-catalog", "plimsoll-intent", "plimsoll-gate", "plimsoll-admit"]
    {
        for (name, text) in sources().iter().filter(|(n, _)| n.starts_with(&format!("crates/{krate}/src"))) {
            assert!(
                !text.contains("Serialize)") && !text.contains("Serialize,"),
                "{name}: wire shapes are separate types"
            );
        }
    }
}

#[test]
fn the_repository_names_no_machine() {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git ls-files");
    let machine = ["/wo".to_owned() + "rk/", "/fa".to_owned() + "rm/"];
    for name in String::from_utf8_lossy(&output.stdout).split('\0').filter(|n| !n.is_empty()) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for path in &machine {
            let clean = text.match_indices(path.as_str()).all(|(at, _)| {
                text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            });
            assert!(clean, "{name} names a path of a machine ({path})");
        }
    }
}

#[test]
fn every_fuzz_target_is_wired() {
    let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("fuzz/Cargo.toml");
    let mut files = Vec::new();
    rust_files(&root().join("fuzz/fuzz_targets"), &mut files);
    assert!(!files.is_empty(), "there are no fuzz targets");
    for file in files {
        let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        assert!(manifest.contains(&format!("\"{stem}\"")), "fuzz/Cargo.toml has no [[bin]] for {stem}");
    }
}

#[test]
fn every_finding_code_has_its_entry_in_the_docs() {
    let page = std::fs::read_to_string(root().join("docs/findings.md")).expect("docs/findings.md");
    assert_eq!(page, crate::schemas::findings_page(), "docs/findings.md is stale: run `cargo xtask schemas`");
}

#[test]
fn every_cataloger_has_its_row_in_the_docs() {
    let page = std::fs::read_to_string(root().join("docs/catalogers.md")).expect("docs/catalogers.md");
    assert_eq!(page, crate::schemas::catalogers_page(), "docs/catalogers.md is stale: run `cargo xtask schemas`");
}

/// The files of each cataloger: the one that defines it, and those of its module.
fn cataloger_files<'s>(
    name: &str,
    sources: &'s [(String, String)],
) -> (&'s str, impl Iterator<Item = &'s (String, String)>) {
    let definition = format!("    name: \"{name}\",\n    about:");
    let own = sources.iter().find(|(_, text)| text.contains(&definition)).map(|(n, _)| n.as_str());
    let own = own.unwrap_or_else(|| panic!("no file defines the cataloger {name}"));
    let folder = own.replace(".rs", "/");
    (own, sources.iter().filter(move |(n, _)| n == own || n.starts_with(&folder)))
}

#[test]
fn every_cataloger_is_tested_and_fuzzed() {
    let sources = sources();
    for cataloger in plimsoll_catalog::CATALOGERS {
        let name = cataloger.name;
        let (own, mut files) = cataloger_files(name, &sources);
        let stem = own.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let named = [format!("\"{name}\""), format!("`{name}`"), format!("mod {stem}")];
        // Catalogers of languages are tested on whole trees, in `tests/`.
        let outside = |(file, text): &(String, String)| {
            file.starts_with("crates/plimsoll-catalog/tests/")
                && !file.contains("hostile")
                && named.iter().any(|n| text.contains(n.as_str()))
        };
        assert!(
            files.any(|(_, text)| text.contains("#[cfg(test)]")) || sources.iter().any(outside),
            "{own}: the cataloger {name} has no test data: add tests to the module, or name it in a file in tests/"
        );
        let target = format!("fuzz/fuzz_targets/catalog_{}.rs", name.replace('-', "_"));
        assert!(sources.iter().any(|(n, _)| *n == target), "{target} is missing: copy that of another cataloger");
    }
}
