//! Every rule of the check, with the exact place of its complaint.

use plimsoll_finding::{Level, decision};
use plimsoll_intent::{Setting, read};

use super::common::*;

/// The findings of a `plimsoll.yaml` as `CODE line:column message`.
fn complaints(body: &str) -> Vec<String> {
    refused(&yaml(body))
        .iter()
        .map(|f| format!("{} {} {}", f.code, f.location.to_string().trim_start_matches("plimsoll.yaml:"), f.message))
        .collect()
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    assert_eq!(
        complaints("gate:\n  tier0:\n    failon: high\n    failOn: high\n"),
        ["PL-D004 4:5 unknown key 'failon' in 'gate.tier0'; did you mean 'failOn'?"]
    );
    assert_eq!(
        complaints("trsut: {}\n"),
        ["PL-D004 2:1 unknown key 'trsut' in the plimsoll block; did you mean 'trust'?"]
    );
    assert_eq!(complaints("gate: {sandbox: {failOn: high}}\n"), ["PL-D004 2:8 unknown key 'sandbox' in 'gate'"]);
    assert_eq!(
        complaints("tools: {\"<<\": x}\n"),
        ["PL-D004 2:9 unknown key '<<' in 'tools'"],
        "a quoted merge key is only an unknown key"
    );
}

#[test]
fn in_front_matter_the_line_is_the_files() {
    let findings = refused(&[adr("adrs/0001-x.md", "accepted", "keys:\n  custdy: kms")]);
    assert_eq!(places(&findings), ["PL-D004 adrs/0001-x.md:6:5", "PL-D016 adrs/0001-x.md:6:5"]);
    assert!(findings[1].message.contains("'keys' has no 'custody'"));
    assert_eq!(findings[0].evidence, ["known here: custody"]);
}

#[test]
fn wrong_types_name_what_stands_there() {
    let cases = [
        ("keys: kms\n", "PL-D005 2:7 keys must be a map, and the text 'kms' stands here"),
        (
            "keys: {custody: [kms]}\n",
            "PL-D005 2:17 keys.custody must be one of keyless, kms, key-file, and a list stands here",
        ),
        ("sbom: {formats: spdx}\n", "PL-D005 2:17 sbom.formats must be a list, and the text 'spdx' stands here"),
        (
            "sbom: {formats: [spdx, 2]}\n",
            "PL-D005 2:24 sbom.formats[1] must be one of cyclonedx, spdx, and the number 2 stands here",
        ),
        (
            "runtime: {uid: \"1000\"}\n",
            "PL-D005 2:16 runtime.uid must be a number from 1 to 2147483647, and the text '1000' stands here",
        ),
        (
            "runtime: {keepShell: yes}\n",
            "PL-D005 2:22 runtime.keepShell must be true or false, and the text 'yes' stands here",
        ),
        (
            "runtime:\n  tmpSizeLimit: 64\n",
            "PL-D005 3:17 runtime.tmpSizeLimit must be text, and the number 64 stands here; put it in quotes",
        ),
        ("vex:\n", "PL-D005 2:4 vex must be a map, and nothing stands here"),
        (
            "runtime: {uid: 1.5}\n",
            "PL-D005 2:16 runtime.uid must be a number from 1 to 2147483647, and the number 1.5 stands here",
        ),
    ];
    for (body, want) in cases {
        assert_eq!(complaints(body), [want], "{body}");
    }
}

#[test]
fn bad_values_say_what_is_acceptable() {
    let signer = "trust:\n  signers:\n    - name: a\n      images: [r.io/x]\n      ";
    let cases: [(&str, &str); 22] = [
        (
            "keys: {custody: keyles}\n",
            "PL-D006 2:17 keys.custody 'keyles' must be one of keyless, kms, key-file; did you mean 'keyless'?",
        ),
        ("runtime: {uid: 0}\n", "PL-D006 2:16 runtime.uid 0 must be a number from 1 to 2147483647"),
        ("runtime: {gid: 0}\n", "PL-D006 2:16 runtime.gid 0 must be a number from 1 to 2147483647"),
        (
            "runtime: {capabilities: {NET_ADMN: why}}\n",
            "PL-D006 2:26 runtime.capabilities: key 'NET_ADMN' is not a capability; did you mean NET_ADMIN?",
        ),
        (
            "runtime: {writable: {/: why}}\n",
            "PL-D006 2:22 runtime.writable: key '/' must be an absolute path other than /, without wild cards, '.', '..' or a final slash",
        ),
        ("runtime: {writable: {/tmp: \" \"}}\n", "PL-D006 2:28 runtime.writable./tmp '' is blank"),
        (
            "gate: {tier0: {failOn: high, maxIndexAge: 1w}}\n",
            "PL-D006 2:43 gate.tier0.maxIndexAge '1w' must be a whole number with s, m, h or d, for example 24h or 7d",
        ),
        (
            "tiers: {assign: [{namespace: a, tier: 4}]}\n",
            "PL-D006 2:39 tiers.assign[0].tier 4 must be a number from 0 to 3",
        ),
        ("tiers: {assign: []}\n", "PL-D006 2:17 tiers.assign must not be an empty list"),
        (
            "tiers: {assign: [{workload: web, tier: 1}]}\n",
            "PL-D006 2:29 tiers.assign[0].workload 'web' must be Kind/name, exact, for example Deployment/web",
        ),
        (
            "admission: {registries: [\"*.example.com/x\"]}\n",
            "PL-D006 2:26 admission.registries[0] '*.example.com/x' must name the registry without a wild card",
        ),
        ("admission: {engines: [vap, vap]}\n", "PL-D006 2:28 admission.engines[1] stands twice in the list"),
        (
            "registry: {push: \"https://r.io/x\"}\n",
            "PL-D006 2:18 registry.push 'https://r.io/x' must begin with a registry; 'https:' is malformed",
        ),
        (
            "closure: {keep: [{path: usr/lib, why: x}]}\n",
            "PL-D006 2:25 closure.keep[0].path 'usr/lib' must be an absolute path or glob, for example /usr/share/zoneinfo/**",
        ),
        (
            "waivers: [{vulnerability: CVE-1-1, package: a, owner: o, reason: r, until: 2027-02-30}]\n",
            "PL-D006 2:76 waivers[0].until '2027-02-30' must be a day that exists, as YYYY-MM-DD",
        ),
        (
            "provenance: {required: [0]}\n",
            "PL-D006 2:13 provenance is required and no builder is believed; name them in provenance.builders",
        ),
        (
            "provenance: {required: [0], minLevel: 3, builders: {b: 2}}\n",
            "PL-D006 2:13 provenance of level 3 is required and no builder may claim it",
        ),
        (
            "deferred: {waivers: {owner: o, reason: r, until: 2027-01-01}}\n",
            "PL-D006 2:12 deferred: key 'waivers' needs no deferral: 'waivers' is optional",
        ),
        (
            "deferred: {gate.tier9: {owner: o, reason: r, until: 2027-01-01}}\n",
            "PL-D006 2:12 deferred: key 'gate.tier9' is not a decision; did you mean 'gate.tier0'?",
        ),
        (
            "tiers:\n  assign:\n    - {namespace: a, tier: 1}\n    - {namespace: a, workload: Pod/x, tier: 0}\n",
            "PL-D006 5:7 this assignment never matches: line 4 matches first, always",
        ),
        (
            &format!("{signer}keyless: {{issuer: \"https://i.example\", subject: s, subjectRegexp: ^a$}}\n"),
            "PL-D006 6:58 'trust.signers[0].keyless' has both 'subject' and 'subjectRegexp'; one of them",
        ),
        (
            &format!("{signer}keyless: {{issuer: \"https://i.example\", subjectRegexp: a.*}}\n"),
            "PL-D006 6:61 trust.signers[0].keyless.subjectRegexp 'a.*' must be anchored: begin with ^ and end with $",
        ),
    ];
    for (body, want) in cases {
        assert_eq!(complaints(body), [want], "{body}");
    }
}

#[test]
fn a_private_key_is_refused_and_never_repeated() {
    let body = "trust:\n  signers:\n    - name: a\n      images: [r.io/x]\n      key: |\n        -----BEGIN PRIVATE KEY-----\n        c2VjcmV0\n        -----END PRIVATE KEY-----\n";
    let findings = refused(&yaml(body));
    assert_eq!(places(&findings), ["PL-D006 plimsoll.yaml:7:9"]);
    assert!(findings[0].message.contains("holds a private key") && !format!("{findings:?}").contains("c2VjcmV0"));
}

#[test]
fn fields_that_must_be_there() {
    assert_eq!(
        complaints("waivers:\n  - {vulnerability: CVE-1-1, package: a, owner: o, reason: r}\n"),
        ["PL-D016 3:5 'waivers[0]' has no 'until': last day it holds"]
    );
    assert_eq!(
        complaints("trust:\n  signers:\n    - {name: a, images: [r.io/x]}\n"),
        ["PL-D016 4:7 'trust.signers[0]' has neither key nor keyless"]
    );
    let bare = [document("plimsoll.yaml", "keys: {custody: kms}\n")];
    assert_eq!(places(&refused(&bare)), ["PL-D016 plimsoll.yaml:1:1"]);
    let other = [document("plimsoll.yaml", "apiVersion: plimsoll.dev/v2\n")];
    assert_eq!(places(&refused(&other)), ["PL-D006 plimsoll.yaml:1:13"]);
    assert_eq!(places(&refused(&[document("plimsoll.yaml", "")])), ["PL-D016 plimsoll.yaml:1:1"]);
}

#[test]
fn key_files_must_be_there_and_hold_a_public_key() {
    let body = "trust:\n  signers:\n    - {name: a, key: \"file:keys/a.pub\", images: [r.io/x]}\n";
    let raw = read(&yaml(body));
    let at = |text: Option<&str>| {
        let files = text.map(|t| ("keys/a.pub".to_owned(), t.to_owned())).into_iter().collect();
        raw.resolve(&files, TODAY).map(|_| ()).map_err(|f| (places(&f), f[0].message.clone()))
    };
    let place = vec!["PL-D013 plimsoll.yaml:4:22".to_owned()];
    let (places, message) = at(None).unwrap_err();
    assert_eq!((places, message.as_str()), (place.clone(), "signer 'a': keys/a.pub is not there or cannot be read"));
    assert_eq!(at(Some("nonsense")).unwrap_err().0, place);
    assert!(at(Some("-----BEGIN EC PRIVATE KEY-----\n")).unwrap_err().1.contains("holds a private key"));
    assert_eq!(at(Some(KEY)), Ok(()));
}

#[test]
fn two_documents_that_set_one_key_conflict() {
    let findings = refused(&[
        adr("adrs/0003-a.md", "accepted", "keys: {custody: kms}"),
        adr("adrs/0007-b.md", "accepted", "runtime: {uid: 7}\nkeys: {custody: kms}"),
    ]);
    assert_eq!(places(&findings), ["PL-D003 adrs/0007-b.md:6:10"]);
    assert_eq!(findings[0].message, "'keys.custody' is decided in adrs/0003-a.md:5 and again in adrs/0007-b.md:6");
    let parts = [
        adr("adrs/0003-a.md", "accepted", "gate: {tier0: {failOn: low}}"),
        adr("adrs/0007-b.md", "accepted", "gate: {tier1: {failOn: low}}"),
    ];
    assert!(resolve(&parts).is_ok(), "different keys of one section do not conflict");
}

#[test]
fn waivers_add_up_over_documents_and_the_same_one_twice_conflicts() {
    let waiver =
        |id: &str| format!("waivers:\n  - {{vulnerability: {id}, package: p, owner: o, reason: r, until: 2026-12-31}}");
    let a = adr("adrs/0001-a.md", "accepted", &waiver("CVE-2026-0001"));
    let b = adr("adrs/0002-b.md", "accepted", &waiver("CVE-2026-0002"));
    let both = intent(&[a.clone(), b]);
    assert_eq!(both.waivers.iter().map(|w| w.origin.line).collect::<Vec<_>>(), [6, 6]);
    let again = adr("adrs/0002-b.md", "accepted", &waiver("CVE-2026-0001"));
    assert_eq!(places(&refused(&[a, again])), ["PL-D003 adrs/0002-b.md:6:7"]);
}

#[test]
fn one_path_cannot_be_kept_and_dropped() {
    assert_eq!(
        complaints("closure:\n  keep: [{path: /a, why: x}]\n  drop: [{path: /a, why: y}]\n"),
        ["PL-D003 4:10 'closure line for /a' is decided in plimsoll.yaml:3 and again in plimsoll.yaml:4"]
    );
}

#[test]
fn deferrals_are_gaps_until_their_day_and_errors_after_it() {
    let body =
        |until: &str| format!("deferred:\n  provenance: {{owner: security, reason: builders move, until: {until}}}\n");
    let resolved = resolve(&yaml(&body("2026-11-23"))).unwrap();
    assert_eq!(places(&resolved.findings), ["PL-D017 plimsoll.yaml:3:3"]);
    let Setting::Deferred(deferred) = &resolved.intent.provenance else { panic!("deferred") };
    assert_eq!((deferred.owner.as_str(), deferred.origin.line), ("security", 3));
    let findings = refused(&yaml(&body("2026-11-22")));
    assert_eq!(places(&findings), ["PL-D002 plimsoll.yaml:3:3"]);
    assert_eq!(findings[0].message, "the deferral of 'provenance' by security ended on 2026-11-22");
    let both = format!("{}provenance: {{required: []}}\n", body("2027-01-01"));
    let findings = refused(&yaml(&both));
    assert_eq!(places(&findings), ["PL-D003 plimsoll.yaml:3:3"]);
    assert_eq!(findings[0].message, "'provenance' is decided in plimsoll.yaml:4 and again in plimsoll.yaml:3");
}

#[test]
fn deferred_decisions_are_gaps_and_the_strictest_stands_in() {
    let all: String = plimsoll_intent::required_keys()
        .map(|k| format!("  {k}: {{owner: o, reason: r, until: 2027-01-01}}\n"))
        .collect();
    let intent = intent(&yaml(&format!("deferred:\n{all}")));
    let effective = intent.resolve_for(&workload("Pod", "a", "b")).unwrap();
    assert_eq!(effective.tier.number(), 0, "a deferred tier is held to the strictest");
    assert_eq!((effective.tier_origin, effective.gate, effective.provenance), (None, None, None));
    assert!(effective.admission.signers.is_empty() && effective.admission.registries.is_empty());
    assert_eq!(effective.admission.transparency, plimsoll_intent::Transparency::Required);
    let gaps: Vec<&str> = effective.gaps.iter().map(|g| g.key.as_str()).collect();
    let expected: Vec<&str> =
        plimsoll_intent::required_keys().filter(|k| !["gate.tier1", "gate.tier2", "gate.tier3"].contains(k)).collect();
    let mut sorted = (gaps.clone(), expected.clone());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1);
}

#[test]
fn duplicate_keys_and_broken_yaml_refuse_the_document() {
    assert_eq!(
        complaints("keys: {custody: kms}\nkeys: {custody: keyless}\n"),
        ["PL-D009 3:1 'keys' stands twice in one map; first in line 2"]
    );
    let twice = [document("a.md", "---\nstatus: proposed\nstatus: accepted\n---\n")];
    assert_eq!(places(&refused(&twice)), ["PL-D009 a.md:3:1"]);
    let broken = refused(&yaml("keys: {custody: kms\ngate: {}\n"));
    assert_eq!(broken[0].code, decision::INVALID_YAML);
    let in_markdown = refused(&[document("a.md", "---\nstatus: accepted\nplimsoll: *nowhere\n---\n")]);
    assert_eq!(places(&in_markdown), ["PL-D010 a.md:3:11"]);
    let deep = format!("plimsoll: {}1{}\n", "[".repeat(40), "]".repeat(40));
    let deep = refused(&yaml(&deep));
    assert_eq!(deep[0].code, decision::TOO_LARGE, "{deep:?}");
}

#[test]
fn warnings_do_not_refuse() {
    let body = "gate:\n  tier0: {failOn: high}\n  tier1: {failOn: medium}\nwaivers:\n  - {vulnerability: CVE-1-1, owner: o, reason: r, until: 2028-01-01}\n";
    let resolved = resolve(&yaml(body)).unwrap();
    assert_eq!(
        places(&resolved.findings),
        ["PL-D015 plimsoll.yaml:3", "PL-D018 plimsoll.yaml:6:5", "PL-D018 plimsoll.yaml:6:5"]
    );
    assert!(resolved.findings.iter().all(|f| f.level == Level::Warning));
    assert!(resolved.findings.iter().any(|f| f.message.contains("404 more days")));
}

#[test]
fn a_tier_stated_twice_must_agree() {
    let tiers = adr("adrs/0001-a.md", "accepted", "tiers: {assign: [{namespace: shop, tier: 1}]}");
    let component = document(
        "architecture/web.md",
        "---\nplimsoll: {apiVersion: plimsoll.dev/v1, component: {name: web, tier: 2}}\n---\n",
    );
    let missing = intent(&[tiers, component]).resolve_for(&workload("Deployment", "shop", "web")).unwrap_err();
    assert_eq!(missing[0].why, "Deployment/shop/web is tier 1 by adrs/0001-a.md:5 and tier 2 by architecture/web.md:2");
}

#[test]
fn many_faults_are_bounded_and_still_refuse() {
    let body: String = (0..1000).map(|n| format!("unknown{n}: 1\n")).collect();
    assert_eq!(refused(&yaml(&body)).len(), 100);
}
