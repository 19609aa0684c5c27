//! Where a decision takes its facts from.

use std::collections::BTreeMap;

use plimsoll_oci::{Digest, Reference};
use plimsoll_verify::{ImageFacts, Reason, Verification};

/// What is known about images. Nothing here does IO: the caller fetched and verified before.
pub trait Facts {
    /// What was verified about the reference's digest; `None` if nothing could be established.
    fn image(&self, reference: &Reference) -> Option<&ImageFacts>;

    /// Why what else was found counted for nothing: evidence for a better message, never a fact.
    fn reasons(&self, _reference: &Reference) -> &[Reason] {
        &[]
    }

    /// The digest the reference's tag resolves to, where the caller resolved it.
    fn tag(&self, _reference: &Reference) -> Option<&Digest> {
        None
    }
}

impl Facts for BTreeMap<Digest, ImageFacts> {
    fn image(&self, reference: &Reference) -> Option<&ImageFacts> {
        self.get(reference.digest.as_ref()?)
    }
}

/// Facts, reasons and tag resolutions in one place.
#[derive(Clone, Debug, Default)]
pub struct FactTable {
    /// Verified facts by digest.
    pub images: BTreeMap<Digest, ImageFacts>,
    /// Why other candidates counted for nothing, by digest.
    pub reasons: BTreeMap<Digest, Vec<Reason>>,
    /// Tag resolutions; the key is the reference with its tag and without a digest.
    pub tags: BTreeMap<Reference, Digest>,
}

impl FactTable {
    /// Adds what a verification established. `user` is the `User` of the image configuration, if that was read.
    pub fn insert(&mut self, verification: Verification, user: Option<String>) {
        let Verification { mut facts, reasons } = verification;
        facts.user = user.or(facts.user);
        self.reasons.insert(facts.digest.clone(), reasons);
        self.images.insert(facts.digest.clone(), facts);
    }

    /// Adds what a tag resolves to. A reference without a tag resolves nothing and is left out.
    pub fn resolve(&mut self, reference: &Reference, digest: Digest) {
        if reference.tag.is_some() {
            self.tags.insert(Reference { digest: None, ..reference.clone() }, digest);
        }
    }
}

impl Facts for FactTable {
    fn image(&self, reference: &Reference) -> Option<&ImageFacts> {
        self.images.image(reference)
    }

    fn reasons(&self, reference: &Reference) -> &[Reason] {
        let found = reference.digest.as_ref().and_then(|d| self.reasons.get(d));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    fn tag(&self, reference: &Reference) -> Option<&Digest> {
        reference.tag.as_ref()?;
        self.tags.get(&Reference { digest: None, ..reference.clone() })
    }
}
