//! The published ordering cases of the data folder that `PLIMSOLL_DATA` names, one fixture for each ecosystem. Where a
//! line is not decided as the fixture says, it stands here with the reason.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::cmp::Ordering;
use std::path::PathBuf;

use plimsoll_version::order;

/// Runs `scalibr-NAME-versions.txt`: `(lines decided as it says, lines undecided, lines decided otherwise)`.
#[expect(clippy::disallowed_methods, reason = "the data folder is named by the environment")]
fn run(name: &str, purl_type: &str) -> Option<(usize, Vec<String>, Vec<String>)> {
    let Some(data) = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from) else {
        eprintln!("skipped: PLIMSOLL_DATA is not set");
        return None;
    };
    let path = data.join(format!("versions/scalibr-{name}-versions.txt"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let compare = order::of(purl_type).unwrap();
    let (mut agreed, mut undecided, mut otherwise) = (0, Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['#', '/'])) {
        let [a, op, b] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let want = match op {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            ">" => Ordering::Greater,
            _ => panic!("{line}"),
        };
        let order = compare(a, b).ok();
        assert_eq!(compare(b, a).ok(), order.map(Ordering::reverse), "{line}, turned round");
        match order {
            Some(order) if order == want => agreed += 1,
            Some(_) => otherwise.push(line.to_owned()),
            None => undecided.push(line.to_owned()),
        }
    }
    eprintln!("{name}: {agreed} as published, {} undecided, {} otherwise", undecided.len(), otherwise.len());
    Some((agreed, undecided, otherwise))
}

/// Every line must be decided as the fixture says.
fn exact(name: &str, purl_type: &str) {
    let Some((agreed, undecided, otherwise)) = run(name, purl_type) else { return };
    assert_eq!((undecided, otherwise), (vec![], vec![]));
    assert!(agreed > 0);
}

#[test]
fn rpm() {
    exact("redhat", "rpm");
}

#[test]
fn maven() {
    exact("maven", "maven");
}

#[test]
fn gem() {
    exact("rubygems", "gem");
}

#[test]
fn nuget() {
    exact("nuget", "nuget");
}

#[test]
fn pub_dev() {
    exact("pub", "pub");
}

#[test]
fn cran() {
    exact("cran", "cran");
}

#[test]
fn hackage() {
    exact("hackage", "hackage");
}

#[test]
fn dpkg() {
    exact("debian", "deb");
}

#[test]
fn hex_and_swift() {
    exact("semver", "hex");
    exact("semver", "swift");
}

#[test]
fn golang() {
    let Some((_, undecided, otherwise)) = run("semver", "golang") else { return };
    // Go has three numbers.
    assert_eq!((undecided, otherwise), (vec!["1.1.3.4.5 = 1.1.3.4.5".to_owned()], vec![]));
}

#[test]
fn pep440() {
    let Some((_, undecided, otherwise)) = run("pypi", "pypi") else { return };
    assert_eq!(otherwise, Vec::<String>::new());
    // Versions of the time before PEP 440: 8 of `-word`, 3 of `-class.…`.
    assert_eq!(undecided.iter().filter(|l| l.starts_with('0')).count(), 8);
    assert_eq!(undecided.iter().filter(|l| l.starts_with("-class")).count(), 3);
    assert_eq!(undecided.len(), 11);
}

#[test]
fn composer() {
    let Some((_, undecided, otherwise)) = run("packagist", "composer") else { return };
    // The fixture runs `version_compare` on the versions as written; Composer pads them to four numbers first.
    assert_eq!(otherwise, ["1.0.0 > 1.0"]);
    // Branches, and a `#` that Composer refuses.
    assert_eq!(undecided.iter().filter(|l| l.contains("dev-foo")).count(), 2);
    assert_eq!(undecided.iter().filter(|l| l.contains('#')).count(), 6);
    assert_eq!(undecided.len(), 8);
}
