//! One test for each named outcome.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::date;
use plimsoll_advisory::{
    DistroStatus, Feed, FixState, KernelHeaders, Matches, Rating, Severity, Undecidable, Vulnerability,
};
use plimsoll_catalog::Problem;
use plimsoll_finding::{Code, Level, gate};
use plimsoll_gate::{Decision, IndexInfo, Inputs, Verdict, fail_on, judge};
use plimsoll_intent::{Action, GateRule, Origin, Severity as Decided, Waiver};
use plimsoll_oci::Digest;

fn vulnerability(package: &str, id: &str, severity: Severity, fixed: Option<&str>) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        aliases: vec![format!("GHSA-{id}")],
        package: package.into(),
        version: "1.0-1".into(),
        arch: "amd64".into(),
        purl: String::new(),
        source_name: format!("{package}-src"),
        source_version: "1.0-1".into(),
        namespace: "debian:12".into(),
        state: if fixed.is_some() { FixState::Fixed } else { FixState::NoFix },
        fixed: fixed.map(str::to_owned),
        ratings: Rating::from_word(severity.name(), "test").into_iter().collect(),
        kev: false,
        published: None,
        modified: None,
        summary: None,
        url: None,
        comparison: "dpkg: 1.0-1 < 2.0-1 (fixed)".into(),
        evidence: vec!["test: fixed in 2.0-1".into()],
        layer: 0,
    }
}

fn matches(vulnerabilities: Vec<Vulnerability>) -> Matches {
    Matches {
        distro: DistroStatus::Supported { namespace: "debian:12".into() },
        examined: 3,
        not_examined: BTreeMap::new(),
        vulnerabilities,
        undecidable: vec![],
        kernel_headers: vec![],
        unreadable: vec![],
    }
}

#[test]
fn records_that_could_not_be_read_are_never_a_pass() {
    let problem =
        Problem { path: "/var/lib/dpkg/status".into(), line: Some(7), why: "package a has no Version".into() };
    let clean = run(matches(vec![]), &high(), &[]);
    let verdict = run(Matches { unreadable: vec![problem], ..matches(vec![]) }, &high(), &[]);
    assert_eq!(clean.decision, Decision::Pass);
    assert_eq!((verdict.decision, verdict.exit_code()), (Decision::Undecidable, 33));
    let found = verdict.findings.iter().find(|f| f.code == gate::UNREADABLE_RECORDS).unwrap();
    assert_eq!(found.evidence, ["/var/lib/dpkg/status:7: package a has no Version"]);
}

fn inputs() -> Inputs {
    Inputs {
        name: "shop/web".into(),
        image: Digest::sha256(b"image"),
        index: IndexInfo {
            digest: Digest::sha256(b"index"),
            built_at: "2026-11-22T00:00:00Z".parse().unwrap(),
            feeds: vec![],
        },
        intent: Some(Digest::sha256(b"intent")),
        now: "2026-11-23T00:00:00Z".parse().unwrap(),
    }
}

fn waiver(id: &str, package: Option<&str>, until: jiff::civil::Date) -> Waiver {
    Waiver {
        vulnerability: id.into(),
        package: package.map(str::to_owned),
        owner: "sec@example.com".into(),
        reason: "not reachable".into(),
        until,
        origin: Origin { document: "plimsoll.yaml".into(), line: 7 },
    }
}

fn high() -> GateRule {
    fail_on(Decided::High, false)
}

fn level(verdict: &Verdict, code: Code) -> Option<Level> {
    verdict.findings.iter().find(|f| f.code == code).map(|f| f.level)
}

fn run(m: Matches, rule: &GateRule, waivers: &[Waiver]) -> Verdict {
    judge(&m, rule, waivers, inputs())
}

#[test]
fn severity_at_the_threshold_blocks_and_below_passes() {
    let found = vec![
        vulnerability("a", "CVE-2024-0001", Severity::High, Some("2.0-1")),
        vulnerability("a", "CVE-2024-0002", Severity::Medium, Some("10.0-1")),
        vulnerability("a2", "CVE-2024-0003", Severity::Critical, None),
    ];
    let verdict = run(matches(found.clone()), &high(), &[]);
    assert_eq!((verdict.decision, verdict.exit_code()), (Decision::Deny, 20));
    assert_eq!((verdict.blocking.len(), verdict.passing.len()), (2, 1));
    assert_eq!(verdict.count(Severity::High), 1);
    assert_eq!(level(&verdict, gate::NOT_BLOCKING), Some(Level::Note));
    assert_eq!(verdict.fixes.len(), 1);
    assert_eq!(verdict.fixes[0].to_string(), "upgrade a-src to 10.0-1: closes 2 vulnerabilities, 1 of them blocking");
    assert_eq!(verdict.findings[0].level, Level::Error, "the gravest first");
    let low = run(matches(vec![found[1].clone()]), &high(), &[]);
    assert_eq!((low.decision, low.exit_code()), (Decision::Pass, 0));
}

#[test]
fn only_fixed_excuses_what_has_no_fix_but_says_so() {
    let verdict = run(
        matches(vec![vulnerability("a", "CVE-2024-0003", Severity::Critical, None)]),
        &fail_on(Decided::High, true),
        &[],
    );
    assert_eq!((verdict.decision, level(&verdict, gate::NOT_BLOCKING)), (Decision::Pass, Some(Level::Warning)));
}

#[test]
fn unknown_severity_blocks_or_warns_as_decided() {
    let found = || matches(vec![vulnerability("a", "CVE-2024-0001", Severity::Unknown, Some("2.0-1"))]);
    let verdict = run(found(), &high(), &[]);
    assert_eq!((verdict.decision, level(&verdict, gate::UNKNOWN_SEVERITY)), (Decision::Deny, Some(Level::Error)));
    let warns = run(found(), &GateRule { unknown_severity: Action::Warn, ..high() }, &[]);
    assert_eq!((warns.decision, level(&warns, gate::UNKNOWN_SEVERITY)), (Decision::Pass, Some(Level::Warning)));
    let everything =
        run(found(), &GateRule { unknown_severity: Action::Warn, ..fail_on(Decided::Unknown, false) }, &[]);
    assert_eq!(everything.decision, Decision::Deny);
}

#[test]
fn exploited_blocks_at_any_severity_and_without_a_fix() {
    let found =
        || matches(vec![Vulnerability { kev: true, ..vulnerability("a", "CVE-2024-0001", Severity::Low, None) }]);
    let verdict = run(found(), &fail_on(Decided::Critical, true), &[]);
    assert_eq!((verdict.decision, level(&verdict, gate::EXPLOITED)), (Decision::Deny, Some(Level::Error)));
    let warns = run(found(), &GateRule { kev: Action::Warn, ..fail_on(Decided::Critical, true) }, &[]);
    assert_eq!((warns.decision, level(&warns, gate::EXPLOITED)), (Decision::Pass, Some(Level::Warning)));
}

#[test]
fn the_release_has_a_named_outcome() {
    let namespace = || "debian:12".to_owned();
    let day = date(2024, 1, 1);
    let warn = GateRule { end_of_life: Action::Warn, ..high() };
    for (distro, rule, code, decision, exit) in [
        (DistroStatus::EndOfLife { namespace: namespace(), since: day }, high(), gate::END_OF_LIFE, Decision::Deny, 20),
        (
            DistroStatus::EndOfLife { namespace: namespace(), since: day },
            warn.clone(),
            gate::END_OF_LIFE,
            Decision::Pass,
            0,
        ),
        (
            DistroStatus::Unknown { why: "no os-release".into() },
            warn.clone(),
            gate::UNKNOWN_DISTRIBUTION,
            Decision::Undecidable,
            33,
        ),
        (
            DistroStatus::NotInIndex { namespace: namespace() },
            warn.clone(),
            gate::NOT_IN_INDEX,
            Decision::Undecidable,
            33,
        ),
        (
            DistroStatus::LifetimeUnknown { namespace: namespace() },
            high(),
            gate::LIFETIME_UNKNOWN,
            Decision::Undecidable,
            33,
        ),
        (
            DistroStatus::LifetimeUnknown { namespace: namespace() },
            warn.clone(),
            gate::LIFETIME_UNKNOWN,
            Decision::Pass,
            0,
        ),
        (
            DistroStatus::LongTerm { namespace: namespace(), until: day },
            high(),
            gate::LONG_TERM_SUPPORT,
            Decision::Pass,
            0,
        ),
    ] {
        let verdict = run(Matches { distro, ..matches(vec![]) }, &rule, &[]);
        assert_eq!(
            (verdict.decision, verdict.exit_code(), level(&verdict, code).is_some()),
            (decision, exit, true),
            "{code}"
        );
    }
}

#[test]
fn the_index_has_an_age() {
    let at = |built: &str, feed: &str| {
        let mut inputs = inputs();
        inputs.index.built_at = built.parse().unwrap();
        inputs.index.feeds = vec![Feed { name: "f".into(), snapshot: feed.parse().ok(), records: 1, bad: 0 }];
        judge(&matches(vec![]), &high(), &[], inputs)
    };
    let stale = at("2026-11-17T23:59:59Z", "2026-11-17T00:00:00Z");
    assert_eq!((stale.decision, stale.exit_code(), stale.has(gate::STALE_INDEX)), (Decision::Undecidable, 31, true));
    let future = at("2026-11-23T00:00:01Z", "2026-11-23T00:00:00Z");
    assert_eq!((future.exit_code(), future.has(gate::FUTURE_INDEX)), (31, true));
    let limit = at("2026-11-18T00:00:00Z", "2026-11-18T00:00:00Z");
    assert_eq!((limit.decision, limit.findings.len()), (Decision::Pass, 0));
    let old_feed = at("2026-11-22T00:00:00Z", "2024-12-31T00:00:00Z");
    assert_eq!((old_feed.decision, level(&old_feed, gate::OLD_FEED)), (Decision::Pass, Some(Level::Warning)));
}

#[test]
fn nothing_examined_is_no_pass() {
    let none = run(Matches { examined: 0, distro: DistroStatus::NotNeeded, ..matches(vec![]) }, &high(), &[]);
    assert_eq!((none.decision, none.exit_code()), (Decision::Undecidable, 32));
    let some = run(Matches { not_examined: [("pypi".to_owned(), 4)].into(), ..matches(vec![]) }, &high(), &[]);
    assert_eq!((some.decision, level(&some, gate::NOT_EXAMINED)), (Decision::Pass, Some(Level::Warning)));
}

#[test]
fn what_cannot_be_compared_is_undecidable_until_a_person_decides() {
    let undecided = || Matches {
        undecidable: vec![Undecidable {
            package: "a".into(),
            version: "?".into(),
            source_name: "a-src".into(),
            id: "CVE-2024-0001".into(),
            why: "'?' is not a dpkg version".into(),
        }],
        ..matches(vec![])
    };
    let verdict = run(undecided(), &high(), &[]);
    assert_eq!((verdict.decision, verdict.exit_code()), (Decision::Undecidable, 33));
    let decided = run(undecided(), &high(), &[waiver("CVE-2024-0001", Some("a"), date(2026, 12, 1))]);
    assert_eq!(decided.decision, Decision::Pass);
    let late = run(undecided(), &high(), &[waiver("CVE-2024-0001", Some("a"), date(2026, 11, 1))]);
    assert_eq!((late.decision, late.has(gate::EXPIRED_WAIVER)), (Decision::Undecidable, true));
}

#[test]
fn waivers_hold_until_their_last_day() {
    let found = || matches(vec![vulnerability("a", "CVE-2024-0001", Severity::High, Some("2.0-1"))]);
    for (w, held) in [
        (waiver("CVE-2024-0001", Some("a"), date(2026, 11, 23)), true),
        (waiver("cve-2024-0001", Some("a-src"), date(2026, 11, 24)), true),
        (waiver("GHSA-CVE-2024-0001", Some("a"), date(2026, 11, 24)), true),
        (waiver("CVE-2024-0001", None, date(2026, 11, 24)), true),
        (waiver("CVE-2024-0001", Some("b"), date(2026, 11, 24)), false),
        (waiver("CVE-2024-0001", Some("a"), date(2026, 11, 22)), false),
    ] {
        let verdict = run(found(), &high(), std::slice::from_ref(&w));
        let want = if held { Decision::Pass } else { Decision::Deny };
        assert_eq!((verdict.decision, verdict.waived.len()), (want, usize::from(held)), "{w:?}");
        assert_eq!(level(&verdict, gate::BROAD_WAIVER).is_some(), w.package.is_none());
        assert_eq!(level(&verdict, gate::UNUSED_WAIVER).is_some(), w.package.as_deref() == Some("b"));
        assert_eq!(verdict.has(gate::EXPIRED_WAIVER), w.until < date(2026, 11, 23));
    }
    // An expired waiver beside one that holds is only a leftover; one of another image's is no reason to refuse this one.
    let both = [waiver("CVE-2024-0001", Some("a"), date(2026, 1, 1)), waiver("CVE-2024-0001", None, date(2027, 1, 1))];
    let verdict = run(found(), &high(), &both);
    assert_eq!((verdict.decision, level(&verdict, gate::EXPIRED_WAIVER)), (Decision::Pass, Some(Level::Warning)));
}

#[test]
fn disputes_and_kernel_headers_are_said() {
    let mut disputed = vulnerability("a", "CVE-2024-0001", Severity::Medium, Some("2.0-1"));
    disputed.ratings.extend(Rating::from_word("critical", "BIT-x"));
    let headers = KernelHeaders { package: "linux-libc-dev".into(), version: "6.1".into(), count: 84 };
    let verdict = run(Matches { kernel_headers: vec![headers], ..matches(vec![disputed]) }, &high(), &[]);
    assert_eq!(verdict.decision, Decision::Pass);
    assert_eq!(level(&verdict, gate::SOURCES_DISAGREE), Some(Level::Warning));
    assert_eq!(level(&verdict, gate::KERNEL_HEADERS), Some(Level::Note));
}
