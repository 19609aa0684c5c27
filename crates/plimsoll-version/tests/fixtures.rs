//! Every published ordering case of the fixtures, and the laws of a total order.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::cmp::Ordering;

use plimsoll_version::{VersionError, apk, coerced, dpkg};
use proptest::prelude::*;

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
        for compare in [dpkg::compare as Compare, apk::compare, coerced::compare] {
            prop_assert_eq!(compare(&a, &b).ok(), compare(&b, &a).ok().map(Ordering::reverse));
        }
    }
}
