//! `demo`: offline, the same every time, and every essential bad case refused for its own reason.

use std::collections::BTreeSet;

use tempfile::TempDir;

use super::common::{Done, Files, Plimsoll, demo, files};

/// The essential cases: name, and how each is decided.
const CASES: [(&str, &str); 16] = [
    ("pod-good", "allow"),
    ("pod-good-tag-and-digest", "allow"),
    ("pod-unsigned", "PL-A001"),
    ("pod-wrong-key", "PL-A002"),
    ("pod-root-image", "PL-A004"),
    ("pod-no-provenance", "PL-A012"),
    ("pod-provenance-of-another-digest", "PL-A013"),
    ("pod-root", "PL-A003"),
    ("pod-tag-only", "PL-A006"),
    ("pod-missing-digest", "PL-A007"),
    ("pod-tag-with-digest-of-another-image", "PL-A010"),
    ("pod-unsigned-init-container", "PL-A001"),
    ("pod-unsigned-ephemeral-container", "PL-A001"),
    ("pod-unsigned-image-volume", "PL-A001"),
    ("pod-writable-root", "PL-A016"),
    ("pod-foreign-registry", "PL-A011"),
];

fn run(plimsoll: &Plimsoll) -> Done {
    plimsoll.run(["demo", "--offline", "--out", "demo"])
}

#[test]
fn nine_steps_and_every_bad_case_refused() {
    let dir = TempDir::new().unwrap();
    let done = run(&Plimsoll::new(dir.path())).exit(0);
    let steps: Vec<&str> =
        done.err.lines().filter(|l| l.as_bytes().get(1..3) == Some(b"/9")).map(|l| &l[..3]).collect();
    assert_eq!(steps, ["1/9", "2/9", "3/9", "4/9", "5/9", "6/9", "7/9", "8/9", "9/9"]);
    for (case, decided) in CASES {
        let line = done.out.lines().find(|l| l.starts_with(&format!("{case} ")));
        let line = line.unwrap_or_else(|| panic!("{case} is not in the matrix:\n{}", done.out));
        assert!(line.contains(&format!(" {decided} ")) && line.ends_with("holds"), "{line}");
    }
    assert!(!done.out.contains("DOES NOT HOLD"));
    // The image as it came is the known-vulnerable one: the gate refuses it by name, the exploited flaw among them.
    for text in
        ["\ndenied: 15 packages", "CVE-2024-2961", "CVE-2023-4911", "is promoted, and every bad case above was refused"]
    {
        assert!(done.out.contains(text), "'{text}' is not in:\n{}", done.out);
    }
}

#[test]
fn without_a_runtime_the_run_is_a_documented_gap() {
    let dir = TempDir::new().unwrap();
    run(&Plimsoll::new(dir.path())).exit(0).says("not verified: neither bwrap nor runc is installed");
    let chain = std::fs::read_to_string(dir.path().join("demo/promoted/supply-chain.md")).unwrap();
    assert!(chain.contains("| run | not verified: neither bwrap nor runc is installed |"), "{chain}");
    let gaps = &chain[chain.find("\n## Gaps").expect("a section of gaps")..];
    for line in ["works under a read-only root file system", "all capabilities are dropped"] {
        assert!(
            gaps.lines().any(|l| l.starts_with("* **") && l.contains(line) && l.contains("not proven here")),
            "{gaps}"
        );
    }
}

#[test]
fn where_a_runtime_is_installed_the_run_is_proven() {
    let dir = TempDir::new().unwrap();
    let plimsoll = Plimsoll::new(dir.path()).env("PATH", &std::env::var("PATH").unwrap_or_default());
    let done = run(&plimsoll).exit(0);
    let line = done.err.lines().find(|l| l.starts_with("2/9")).unwrap();
    if let Some((_, proof)) = line.split_once("; proven: ") {
        for evidence in ["listens on port 8080", "uid 65532", "CapEff 0", "NoNewPrivs 1", "/ read-only"] {
            assert!(proof.contains(evidence), "'{evidence}' is not in: {proof}");
        }
    } else {
        assert!(line.contains("; not verified: "), "{line}");
    }
}

#[test]
fn two_runs_differ_in_what_is_listed_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let done = run(&Plimsoll::new(dir.path()).env("TZ", "Asia/Tokyo").env("LC_ALL", "tr_TR.UTF-8")).exit(0);
    let (first, second) = (demo(), files(&dir.path().join("demo")));
    let listed: BTreeSet<&str> = done.err.lines().filter_map(|l| l.strip_prefix("  promoted/")).collect();
    assert!(listed.len() > 5, "{}", done.err);
    // A blob of the layout is named by its digest: what a bundle holds is another blob every time.
    let is_listed = |name: &str| {
        let below = name.strip_prefix("promoted/").unwrap_or_default();
        listed.contains(below)
            || (below.starts_with("image/blobs/sha256/") && listed.iter().any(|l| l.starts_with("image/blobs/")))
    };
    let differing = |a: &Files, b: &Files| -> BTreeSet<String> {
        a.iter().filter(|(name, bytes)| b.get(*name) != Some(bytes)).map(|(name, _)| name.clone()).collect()
    };
    let differ: BTreeSet<String> = &differing(first, &second) | &differing(&second, first);
    let others: Vec<&String> = differ.iter().filter(|name| !is_listed(name)).collect();
    assert!(others.is_empty(), "these differ and are not listed: {others:?}");
    // Five bundles: the blob of each and the manifest that refers to the image. Layers, configuration, image stay.
    let blobs = |files: &Files| {
        differing(files, if std::ptr::eq(files, first) { &second } else { first })
            .iter()
            .filter(|n| n.contains("/blobs/"))
            .count()
    };
    assert_eq!((blobs(first), blobs(&second)), (10, 10));
    for name in listed.iter().filter(|l| l.ends_with(".json")) {
        assert!(differ.contains(&format!("promoted/{name}")), "{name} is listed and does not differ");
    }
}

#[test]
fn a_second_run_takes_the_place_of_the_first() {
    let dir = TempDir::new().unwrap();
    let plimsoll = Plimsoll::new(dir.path());
    run(&plimsoll).exit(0);
    run(&plimsoll).exit(0);
    let names = |files: &Files| -> Vec<String> { files.keys().filter(|n| !n.contains("/blobs/")).cloned().collect() };
    assert_eq!(names(&files(&dir.path().join("demo"))), names(demo()));
    assert_eq!(files(dir.path()).keys().filter(|n| !n.starts_with("demo/")).count(), 0, "nothing is left beside it");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("demo"), "a file").unwrap();
    let done = run(&Plimsoll::new(dir.path())).exit(30).says("error: cannot write");
    assert_eq!(done.out, "");
}

/// Digests as the README shortens them.
fn shortened(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hex = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digest, rest) = part.split_at(hex);
        out += &format!("sha256:{}…{rest}", &digest[..12]);
    }
    out
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = include_str!("../../../../README.md");
    let (_, block) = readme.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("\n```\n").unwrap();
    let (said, printed) = block.split_once("\n\n").unwrap();
    let dir = TempDir::new().unwrap();
    let done = run(&Plimsoll::new(dir.path())).exit(0);
    assert_eq!(shortened(&done.out).trim(), printed.trim(), "README.md does not show what plimsoll demo prints");
    // The port and what could be started depend on the machine.
    let steady = |line: &&str| line.as_bytes().get(1..3) == Some(b"/9") && !line.starts_with(['2', '9']);
    let said: Vec<&str> = said.lines().filter(steady).collect();
    let err = shortened(&done.err);
    assert_eq!(said, err.lines().filter(steady).collect::<Vec<_>>());
}
