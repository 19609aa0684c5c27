//! The signers of the intent, made ready: keys read, patterns compiled, image globs applied.

use plimsoll_envelope::{PublicKey, PublicKeyError};
use plimsoll_finding::signing;
use plimsoll_intent::{Identity, Signer, glob_matches};
use regex_lite::Regex;

use crate::reason::{Fault, Reason};

/// A signer recognised by its key.
pub(crate) struct KeySigner<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: PublicKey,
    pub(crate) covers: bool,
}

/// A signer recognised by its certificate's claims.
pub(crate) struct KeylessSigner<'a> {
    pub(crate) name: &'a str,
    issuer: &'a str,
    subject: SubjectRule<'a>,
    pub(crate) covers: bool,
}

enum SubjectRule<'a> {
    Exact(&'a str),
    Pattern(&'a str, Regex),
}

impl KeylessSigner<'_> {
    pub(crate) fn is(&self, issuer: &str, subject: &str) -> bool {
        self.issuer == issuer
            && match &self.subject {
                SubjectRule::Exact(text) => *text == subject,
                SubjectRule::Pattern(_, pattern) => pattern.is_match(subject),
            }
    }

    pub(crate) fn describe(&self) -> String {
        match &self.subject {
            SubjectRule::Exact(text) => format!("'{text}' of {}", self.issuer),
            SubjectRule::Pattern(pattern, _) => format!("/{pattern}/ of {}", self.issuer),
        }
    }
}

/// All signers, each knowing whether it is trusted for the image in hand.
#[derive(Default)]
pub(crate) struct Signers<'a> {
    pub(crate) keys: Vec<KeySigner<'a>>,
    pub(crate) keyless: Vec<KeylessSigner<'a>>,
    pub(crate) unreadable: Vec<Reason>,
}

impl<'a> Signers<'a> {
    pub(crate) fn read(signers: &'a [Signer], image_name: &str) -> Self {
        let mut out = Self::default();
        for signer in signers {
            let covers = signer.images.iter().any(|pattern| glob_matches(pattern, image_name));
            if let Err(fault) = out.add(signer, covers) {
                out.unreadable.push(fault.of(&format!("signer '{}'", signer.name)));
            }
        }
        out
    }

    fn add(&mut self, signer: &'a Signer, covers: bool) -> Result<(), Fault> {
        let unreadable = |expected: &str, found: String| Fault::new(signing::SIGNER_UNREADABLE, expected, found);
        match &signer.identity {
            Identity::Key { pem, .. } => {
                let key = PublicKey::from_pem(pem).map_err(|e| unreadable("a PEM public key", e.to_string()))?;
                self.keys.push(KeySigner { name: &signer.name, key, covers });
            }
            Identity::Keyless { issuer, subject, subject_regexp } => {
                let subject = match (subject, subject_regexp) {
                    (Some(text), None) => SubjectRule::Exact(text),
                    (None, Some(pattern)) => SubjectRule::Pattern(
                        pattern,
                        anchored(pattern).map_err(|e| unreadable("a regular expression", e))?,
                    ),
                    (subject, _) => {
                        let found = if subject.is_some() { "both" } else { "neither" };
                        return Err(unreadable("either an exact subject or a subject pattern", found.to_owned()));
                    }
                };
                self.keyless.push(KeylessSigner { name: &signer.name, issuer, subject, covers });
            }
        }
        Ok(())
    }

    /// The signers trusted for the image, for "expected".
    pub(crate) fn trusted_keys(&self) -> String {
        let names = self.keys.iter().filter(|s| s.covers);
        let list: Vec<String> =
            names.map(|s| format!("'{}' ({}, {})", s.name, s.key.algorithm().name(), s.key.hint())).collect();
        if list.is_empty() { "no signer with a key is trusted for this image".to_owned() } else { list.join(", ") }
    }

    pub(crate) fn trusted_identities(&self) -> String {
        let list: Vec<String> =
            self.keyless.iter().filter(|s| s.covers).map(|s| format!("'{}' ({})", s.name, s.describe())).collect();
        if list.is_empty() { "no keyless signer is trusted for this image".to_owned() } else { list.join(", ") }
    }
}

/// The pattern, made to match whole subjects only. It is compiled alone first, so that `a)|(b` cannot break out.
fn anchored(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).and_then(|_| Regex::new(&format!(r"\A(?:{pattern})\z"))).map_err(|e| e.to_string())
}

/// A signer made on the spot from a PEM public key and trusted for every image: `verify --key`.
pub fn key_signer(name: &str, pem: &str) -> Result<Signer, PublicKeyError> {
    PublicKey::from_pem(pem)?;
    Ok(Signer {
        name: name.to_owned(),
        identity: Identity::Key { pem: pem.to_owned(), file: None },
        images: vec!["**".to_owned()],
    })
}

/// A signer made on the spot from a certificate's claims: `verify --certificate-identity --certificate-oidc-issuer`.
pub fn keyless_signer(name: &str, issuer: &str, subject: Option<&str>, subject_regexp: Option<&str>) -> Signer {
    Signer {
        name: name.to_owned(),
        identity: Identity::Keyless {
            issuer: issuer.to_owned(),
            subject: subject.map(str::to_owned),
            subject_regexp: subject_regexp.map(str::to_owned),
        },
        images: vec!["**".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_subjects() {
        let whole = anchored("https://ci/.*").unwrap();
        assert!(whole.is_match("https://ci/x") && !whole.is_match("evil https://ci/x"));
        let either = anchored("a|b").unwrap();
        assert!(either.is_match("b") && !either.is_match("ax") && !either.is_match("xb"));
        assert!(anchored("a)|(.*").is_err() && anchored("(").is_err());
    }

    #[test]
    fn unreadable_signers_are_named_and_trusted_for_nothing() {
        let mut bad = keyless_signer("ci", "https://i", None, None);
        bad.name = "both".into();
        let broken =
            Signer { identity: Identity::Key { pem: "no".into(), file: None }, name: "key".into(), images: vec![] };
        let list = [bad, broken];
        let signers = Signers::read(&list, "r/a");
        assert!(signers.keys.is_empty() && signers.keyless.is_empty());
        assert_eq!(signers.unreadable.len(), 2);
        assert_eq!(signers.unreadable[1].candidate, "signer 'key'");
        assert!(key_signer("x", "no").is_err());
    }
}
