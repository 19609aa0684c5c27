//! Which documents count, and who follows whom.

use plimsoll_intent::{Custody, Document, read};

use super::common::*;

fn keys(path: &str, status: &str, custody: &str) -> Document {
    adr(path, status, &format!("keys: {{custody: {custody}}}"))
}

fn custody(documents: &[Document]) -> Option<Custody> {
    intent(documents).custody.value().copied()
}

#[test]
fn a_superseded_document_is_followed_to_its_successor() {
    let new = keys("adrs/0005-new.md", "accepted", "keyless");
    for reference in
        ["ADR-0005", "adr-5", "0005-new.md", "\"[ADR-0005](./0005-new.md#decision)\"", "\"#5\"", "0005-new"]
    {
        let old = keys("adrs/0003-old.md", &format!("superseded by {reference}"), "kms");
        let resolved = resolve(&[old, new.clone()]).unwrap_or_else(|f| panic!("{reference}: {f:?}"));
        assert_eq!(
            (resolved.intent.custody.value(), resolved.findings.len()),
            (Some(&Custody::Keyless), 0),
            "{reference}"
        );
    }
}

#[test]
fn chains_are_followed() {
    let chain = [
        keys("adrs/0001-a.md", "superseded by ADR-0002", "kms"),
        keys("adrs/0002-b.md", "superseded by ADR-0003", "kms"),
        document("adrs/0003-c.md", "# 3. C\n\n## Status\n\nAccepted\n"),
    ];
    assert_eq!(custody(&chain), None, "the successor does not repeat the key, so nobody decides it");
}

#[test]
fn without_an_accepted_successor_it_is_an_error() {
    let cases = [
        ("superseded", None, "adrs/0003-old.md is superseded and names no successor"),
        (
            "superseded by ADR-0009",
            None,
            "adrs/0003-old.md is superseded by 'ADR-0009', which is not among the documents",
        ),
        (
            "superseded by ADR-0005",
            Some("proposed"),
            "adrs/0003-old.md is superseded by adrs/0005-new.md, whose status is proposed, not accepted",
        ),
        (
            "superseded by ADR-0005",
            Some("superseded by ADR-0003"),
            "adrs/0003-old.md is superseded in a circle, so nothing holds",
        ),
    ];
    for (status, successor, why) in cases {
        let mut documents = vec![keys("adrs/0003-old.md", status, "kms")];
        documents.extend(successor.map(|s| document("adrs/0005-new.md", &format!("---\nstatus: {s}\n---\n"))));
        let findings = refused(&documents);
        assert_eq!(places(&findings), ["PL-D007 adrs/0003-old.md:2:1"], "{status}");
        assert_eq!(findings[0].message, why);
    }
}

#[test]
fn a_superseded_document_without_decisions_is_none_of_our_business() {
    assert!(resolve(&[document("adrs/0003-old.md", "---\nstatus: superseded by ADR-0099\n---\n")]).is_ok());
}

#[test]
fn an_accepted_successor_replaces_a_document_that_still_says_accepted() {
    let old = keys("adrs/0003-old.md", "accepted", "kms");
    let mut new = keys("adrs/0005-new.md", "accepted", "keyless");
    new.text = new.text.replace("status: accepted\n", "status: accepted\nsupersedes: ADR-0003\n");
    let resolved = resolve(&[old.clone(), new.clone()]).unwrap();
    assert_eq!(resolved.intent.custody.value(), Some(&Custody::Keyless));
    assert_eq!(places(&resolved.findings), ["PL-D014 adrs/0003-old.md:2:1"]);
    // A proposed one replaces nothing.
    new.text = new.text.replace("status: accepted\n", "status: proposed\n");
    let resolved = resolve(&[old, new]).unwrap();
    assert_eq!(resolved.intent.custody.value(), Some(&Custody::Kms));
    assert_eq!(places(&resolved.findings), ["PL-D008 adrs/0005-new.md:2:1"]);
}

#[test]
fn two_that_supersede_each_other_hold_neither() {
    let with = |path: &str, other: &str| {
        let mut d = keys(path, "accepted", "kms");
        d.text = d.text.replace("status: accepted\n", &format!("status: accepted\nsupersedes: {other}\n"));
        d
    };
    let findings = refused(&[with("adrs/0001-a.md", "ADR-0002"), with("adrs/0002-b.md", "ADR-0001")]);
    assert_eq!(places(&findings), ["PL-D007 adrs/0001-a.md:2:1", "PL-D007 adrs/0002-b.md:2:1"]);
}

#[test]
fn x_superseded_by_is_followed() {
    let mut old = keys("adrs/0003-old.md", "superseded", "kms");
    old.text = old.text.replace("status: superseded\n", "status: superseded\nx-superseded-by: 0005-new.md\n");
    assert_eq!(custody(&[old, keys("adrs/0005-new.md", "accepted", "keyless")]), Some(Custody::Keyless));
}

#[test]
fn numbers_are_those_of_the_same_directory_first() {
    let old = keys("a/adrs/0001-old.md", "superseded by ADR-0002", "kms");
    let other = document("b/adrs/0002-x.md", "---\nstatus: proposed\n---\n");
    let own = keys("a/adrs/0002-y.md", "accepted", "keyless");
    assert_eq!(custody(&[old.clone(), other.clone(), own]), Some(Custody::Keyless));
    let third = document("c/adrs/0002-z.md", "---\nstatus: accepted\n---\n");
    assert_eq!(places(&refused(&[old, other, third])), ["PL-D007 a/adrs/0001-old.md:2:1"], "one of two is not chosen");
}

#[test]
fn only_accepted_documents_count() {
    for status in ["proposed", "rejected", "deprecated", "draft", "approved", "\"accepted?\"", "~"] {
        let documents = [keys("adrs/0001-a.md", status, "kms")];
        let counts = status == "\"accepted?\"";
        assert_eq!(read(&documents).documents().len(), usize::from(counts), "{status}");
        if !counts {
            let resolved = resolve(&documents).unwrap();
            assert_eq!(resolved.findings[0].code.as_str(), "PL-D008", "{status}");
        }
    }
    // What does not count is not checked either: a draft may be wrong.
    assert!(resolve(&[adr("adrs/0001-a.md", "proposed", "nonsense: 1")]).is_ok());
}

#[test]
fn the_order_of_the_documents_does_not_matter() {
    let mut documents = set();
    let forward = resolve(&documents).unwrap();
    documents.reverse();
    assert_eq!(resolve(&documents).unwrap(), forward);
}
