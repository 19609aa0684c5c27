//! Every published ordering case of the fixtures, and the laws of a total order.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::cmp::Ordering;

use plimsoll_version::{VersionError, apk, coerced, dpkg, order};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

type Compare = fn(&str, &str) -> Result<Ordering, VersionError>;

/// Checks every line: a decided one must agree both ways. Returns (agreeing, undecidable lines).
fn run(text: &'static str, compare: Compare) -> (usize, Vec<&'static str>) {
    let (mut agreed, mut undecidable) = (0, Vec::new());
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['#', '/'])) {
        let [a, op, b] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let want = match op {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            ">" => Ordering::Greater,
            _ => panic!("{line}"),
        };
        match compare(a, b) {
            Ok(order) => {
                assert_eq!(order, want, "{line}");
                assert_eq!(compare(b, a).unwrap(), want.reverse(), "{line}, turned round");
                agreed += 1;
            }
            Err(_) => {
                assert!(compare(b, a).is_err(), "{line}: undecidable both ways or neither");
                undecidable.push(line);
            }
        }
    }
    (agreed, undecidable)
}

#[test]
fn debian() {
    let (agreed, undecidable) = run(include_str!("../testdata/debian.txt"), dpkg::compare);
    assert_eq!((agreed, undecidable), (30, vec![]));
}

#[test]
fn alpine() {
    // The 32 are spellings that apk's grammar does not know (`1-r0-1`, `.1`, `1.2_blah`, `0..8`): no order, not a guess.
    let (agreed, undecidable) = run(include_str!("../testdata/alpine.txt"), apk::compare);
    assert_eq!((agreed, undecidable.len()), (746, 32));
}

#[test]
fn semver() {
    let (agreed, undecidable) = run(include_str!("../testdata/semver.txt"), coerced::compare);
    assert_eq!((agreed, undecidable.len()), (86, 0));
}

fn laws(compare: Compare, a: &str, b: &str, c: &str) {
    let (Ok(ab), Ok(bc), Ok(ac)) = (compare(a, b), compare(b, c), compare(a, c)) else { return };
    assert_eq!(compare(a, a), Ok(Ordering::Equal), "{a}");
    assert_eq!(compare(b, a), Ok(ab.reverse()), "{a} {b}");
    if ab == bc || bc == Ordering::Equal {
        assert_eq!(ac, ab, "{a} {b} {c}");
    }
}

/// One shape for each ordering, dense enough that near-equal versions are common.
const SHAPES: [(&str, &str); 21] = [
    ("alpm", "([0-1]:)?[0-1a.]{0,4}[0-1a](-[0-1]{1,2}){0,1}"),
    ("apk", "[0-1](\\.[0-2]{1,2}){0,2}[a-b]?(_(rc|p)[0-1]?)?(-r[0-1])?"),
    ("cargo", "[0-1](\\.[0-1]){0,2}(-[a0-1]{1,2}(\\.[b0-1]{1,2}){0,2})?"),
    ("composer", "v?[0-1](\\.[0-1]){0,3}([.-]?(dev|a|alpha|b|RC|p|pl|stable)[.]?[0-1]?){0,2}"),
    ("conan", "[0-2a]{1,2}(\\.[0-1a]{1,2}){0,2}(-[a0-1]{1,2})?(\\+[a0-1]{1,2})?"),
    ("cpan", "[0-1]{1,2}(\\.[0-1]{1,4}(_[0-1])?)?|v?[0-1](\\.[0-1]{1,2}){2,3}"),
    ("cran", "[0-1]{1,2}([.-][0-1]{1,2}){0,3}"),
    ("deb", "([0-1]:)?[0-1][0-1a.+~-]{0,4}(-[0-1~+.]{1,2})?"),
    ("gem", "[0-1](\\.[0-1ab]{1,2}){0,3}(-[0-1a]{1,2})?"),
    ("golang", "(v|go)?[0-1](\\.[0-1]){0,2}((rc|beta)[0-2]|-(rc|0|a)(\\.[0-2])?)?(\\+x)?"),
    ("hackage", "[0-1]{1,2}(\\.[0-1]{1,2}){0,3}"),
    ("hex", "[0-1](\\.[0-1]){0,2}(-[a0-1]{1,2}(\\.[b0-1]{1,2}){0,2})?"),
    ("julia", "[0-1](\\.[0-1]){0,2}(-[a0-1]{1,2})?(\\+[a0-1]{1,2}(\\.[0-1])?)?"),
    ("maven", "[0-1]([.-]?([0-2]|a|x|rc|sp|alpha|ga|SNAPSHOT|final)){0,4}"),
    ("npm", "v?[0-1](\\.[0-1]){0,3}(-[a0-1]{1,2}(\\.[b0-1]{1,2}){0,2})?"),
    ("nuget", "[0-1](\\.[0-1]){0,3}(-[aAb0-1]{1,2}(\\.[B0-1]{1,2}){0,2})?(\\+x)?"),
    ("opam", "[0-1a.~+-]{1,5}"),
    ("pub", "[0-1](\\.[0-1]){0,2}(-[a0-1]{1,2})?(\\+[a0-1]{1,2}(\\.[0-1])?)?"),
    (
        "pypi",
        "([0-1]!)?[0-1](\\.[0-1]){0,2}(\\.?(a|rc|b)[0-1]?)?(-[0-1]|\\.post[0-1]?)?(\\.?dev[0-1]?)?(\\+[a0-1](\\.[a0-1])?)?",
    ),
    ("rpm", "([0-1]:)?[0-1a.~^]{1,5}(-[0-1a.~^]{0,3})?"),
    ("swift", "[0-1](\\.[0-1]){0,2}(-[a0-1]{1,2})?"),
];

/// What versions are made of, in any order.
const SOUP: &str = "[0-2]([0-2a-brcpx.+~^_:!-]){0,6}";

const DEB: &str = "([0-2]:)?[0-9][0-9a-b.+~-]{0,5}(-[0-9a~+.]{1,3})?";
const APK: &str =
    "[0-9]{1,2}(\\.[0-2]{1,2}){0,2}[a-b]?[0-1]?(_(alpha|rc|git|p)[0-1]{0,2}){0,2}(~[a-b]{1,2})?(-r[0-2])?";
const SEMVER: &str = "v?[0-2]{1,2}(\\.[0-2]){0,3}(-[a0-1]{1,2}(\\.[b0-1]{1,2}){0,2})?";

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dpkg_is_a_total_order(a in DEB, b in DEB, c in DEB) { laws(dpkg::compare, &a, &b, &c); }

    #[test]
    fn apk_is_a_total_order(a in APK, b in APK, c in APK) { laws(apk::compare, &a, &b, &c); }

    #[test]
    fn coerced_semver_is_a_total_order(a in SEMVER, b in SEMVER, c in SEMVER) { laws(coerced::compare, &a, &b, &c); }

    #[test]
    fn any_text_is_decided_or_refused(a in ".{0,24}", b in ".{0,24}") {
        for (name, compare) in order::ALL {
            prop_assert_eq!(compare(&a, &b).ok(), compare(&b, &a).ok().map(Ordering::reverse), "{}", name);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_ascii_is_ordered_lawfully(a in SOUP, b in SOUP, c in SOUP) {
        for (_, compare) in order::ALL { laws(compare, &a, &b, &c); }
    }
}

#[test]
fn every_ordering_is_total_on_its_own_versions() {
    const CASES: u32 = 500;
    for ((name, compare), (same, shape)) in order::ALL.into_iter().zip(SHAPES) {
        assert_eq!(name, same);
        let count = std::cell::Cell::new(0_u32);
        let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
        TestRunner::new(config)
            .run(&(shape, shape, shape), |(a, b, c)| {
                laws(compare, &a, &b, &c);
                count.set(count.get() + u32::from(compare(&a, &b).is_ok()));
                Ok(())
            })
            .unwrap();
        let decided = count.get();
        // Laws over undecided versions would prove nothing.
        assert!(decided > CASES / 2, "{name}: {decided} of {CASES} are decided");
    }
}

#[test]
fn every_ordering_refuses_what_is_too_long() {
    for (name, compare) in order::ALL {
        let long = "1".repeat(2000);
        assert!(compare(&long, "1").is_err() && compare("1", &long).is_err(), "{name}");
    }
}
