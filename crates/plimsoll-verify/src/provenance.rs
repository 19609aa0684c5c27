//! The SLSA build level that verified provenance is worth under the intent.

use plimsoll_envelope::{ProvenanceSummary, SLSA_PROVENANCE_V1};
use plimsoll_finding::{Finding, Location, signing};
use plimsoll_intent::ProvenanceRule;

use crate::{ImageFacts, Verified};

/// What provenance is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenanceLevel {
    /// SLSA build level, granted by the intent, never by the provenance itself.
    pub level: u8,
    /// The builder.
    pub builder_id: String,
    /// Who signed the provenance.
    pub signer: String,
}

/// The best level among the verified provenance of an image, if it reaches the rule's. A builder is worth what the
/// rule's map grants it. Where the map is empty any builder is accepted, for level 1: that is what provenance whose
/// builder nobody vouched for can show. Otherwise the finding says what the best attempt lacked.
pub fn provenance_level(facts: &ImageFacts, rule: &ProvenanceRule) -> Result<ProvenanceLevel, Box<Finding>> {
    let location = || Location::Image { image: facts.digest.to_string(), path: None };
    let of_type = facts
        .attestations
        .iter()
        .map(Verified::get)
        .filter(|a| a.predicate_type == SLSA_PROVENANCE_V1 && a.digest == facts.digest);
    let mut best: Option<ProvenanceLevel> = None;
    let mut refused: Option<Finding> = None;
    for attestation in of_type {
        let summary = match ProvenanceSummary::read(&attestation.predicate) {
            Ok(summary) => summary,
            Err(error) => {
                let finding = Finding::new(signing::PROVENANCE_MALFORMED, location(), error.to_string())
                    .with_evidence(format!("signed by '{}'", attestation.signer));
                refused.get_or_insert(finding);
                continue;
            }
        };
        let level = match rule.builders.get(&summary.builder_id) {
            Some(level) => *level,
            None if rule.builders.is_empty() => 1,
            None => {
                let message = format!("provenance is by builder '{}', which is not accepted", summary.builder_id);
                let accepted: Vec<&str> = rule.builders.keys().map(String::as_str).collect();
                let finding = Finding::new(signing::BUILDER_NOT_ACCEPTED, location(), message)
                    .with_evidence(format!("signed by '{}'", attestation.signer))
                    .with_evidence(format!("accepted: {}", accepted.join(", ")));
                // More telling than provenance that could not even be read.
                refused = Some(finding);
                continue;
            }
        };
        if best.as_ref().is_none_or(|b| level > b.level) {
            best = Some(ProvenanceLevel { level, builder_id: summary.builder_id, signer: attestation.signer.clone() });
        }
    }
    match best {
        Some(best) if best.level >= rule.min_level => Ok(best),
        Some(best) => {
            let message = format!(
                "provenance by builder '{}' is worth SLSA build level {}; level {} is required",
                best.builder_id, best.level, rule.min_level
            );
            let finding = Finding::new(signing::PROVENANCE_LEVEL, location(), message);
            Err(Box::new(finding.with_evidence(format!("signed by '{}'", best.signer))))
        }
        None => Err(Box::new(refused.unwrap_or_else(|| {
            let message = format!("no verified SLSA provenance v1 refers to {}", facts.digest);
            Finding::new(signing::PROVENANCE_MISSING, location(), message)
        }))),
    }
}
