//! What an image shows: its posture, its vulnerabilities, and what was signed and attested about it.

use std::collections::BTreeMap;

use plimsoll_advisory::{Severity, Vulnerability};
use plimsoll_envelope::{Bundle, COSIGN_SIGN_V1, Content, IN_TOTO_PAYLOAD, Statement};
use plimsoll_finding::{Code, Finding, Level, Location, gate, harden, sbom, signing};
use plimsoll_gate::Verdict;
use plimsoll_harden::Inspection;
use plimsoll_oci::Digest;

use crate::audit::listed;
use crate::bundles::Found;

/// Paths or vulnerabilities shown as evidence.
const SHOWN: usize = 8;

fn at(image: &str) -> Location {
    Location::Image { image: image.to_owned(), path: None }
}

/// The image as it is, by what hardening would take away.
pub(crate) fn posture(image: &str, facts: &Inspection) -> Vec<Finding> {
    let mut out = Vec::new();
    if facts.runs_as_root {
        let user = if facts.user.is_empty() { "no user".to_owned() } else { format!("user '{}'", facts.user) };
        out.push(Finding::new(
            harden::ROOT_USER,
            at(image),
            format!("the image is configured with {user}, which is root"),
        ));
    }
    let lists: [(Code, &str, &[String]); 5] = [
        (harden::SHELL_PRESENT, "shells", &facts.files.shells),
        (harden::PACKAGE_MANAGER_PRESENT, "programs of package managers", &facts.files.package_managers),
        (harden::SETUID_FILES, "setuid or setgid files", &facts.files.setuid),
        (harden::FILE_CAPABILITIES, "files with capabilities", &facts.files.capabilities),
        (harden::WORLD_WRITABLE, "paths that anybody may write", &facts.files.world_writable),
    ];
    for (code, what, paths) in lists.into_iter().filter(|(_, _, paths)| !paths.is_empty()) {
        let finding = Finding::new(code, at(image), format!("{what} in the image: {}", paths.len()));
        out.push(finding.with_evidence(listed(paths.iter().map(String::as_str), SHOWN)));
    }
    out
}

/// The vulnerabilities of an image, one finding for each code and severity; what else the gate says stands by itself.
pub(crate) fn vulnerabilities(image: &str, verdict: &Verdict) -> Vec<Finding> {
    let about_one = [gate::BLOCKING, gate::UNKNOWN_SEVERITY, gate::EXPLOITED, gate::NOT_BLOCKING];
    let mut out: Vec<Finding> = verdict.findings.iter().filter(|f| !about_one.contains(&f.code)).cloned().collect();
    let mut groups: BTreeMap<(Code, Level, &'static str), Vec<&Vulnerability>> = BTreeMap::new();
    for vulnerability in &verdict.blocking {
        let code = match vulnerability.severity() {
            _ if vulnerability.kev => gate::EXPLOITED,
            Severity::Unknown => gate::UNKNOWN_SEVERITY,
            _ => gate::BLOCKING,
        };
        groups.entry((code, Level::Error, vulnerability.severity().name())).or_default().push(vulnerability);
    }
    for vulnerability in &verdict.passing {
        let key = (gate::NOT_BLOCKING, Level::Note, vulnerability.severity().name());
        groups.entry(key).or_default().push(vulnerability);
    }
    for ((code, level, severity), found) in groups {
        let known = if code == gate::EXPLOITED { ", known to be exploited" } else { "" };
        let noun = if found.len() == 1 { "vulnerability" } else { "vulnerabilities" };
        let message = format!("the image has {} {noun} of severity {severity}{known}", found.len());
        let one = |v: &&Vulnerability| {
            let fix = v.fixed.as_ref().map_or("no fix stated".to_owned(), |f| format!("fixed in {f}"));
            format!("{} in {} {} ({fix})", v.id, v.package, v.version)
        };
        let mut finding =
            Finding::new(code, at(image), message).with_hint("plimsoll scan IMAGE --db FILE lists each of them");
        finding.level = level;
        finding.evidence.extend(found.iter().take(SHOWN).map(one));
        if found.len() > SHOWN {
            finding.evidence.push(format!("and {} more", found.len() - SHOWN));
        }
        out.push(finding);
    }
    out
}

/// What stands beside an image and is no bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Tags of the older signature format, `sha256-….sig` and `.att`.
    pub(crate) legacy: Vec<String>,
    /// SBOMs that are attached and not attested.
    pub(crate) sboms: Vec<String>,
}

/// What a bundle says, unverified.
struct Said<'a> {
    found: &'a Found,
    statement: Statement,
    by_key: bool,
}

/// What was signed and attested about an image that is known under `digests`. Nobody is trusted here: what is found is
/// not verified, and only what is missing is certain.
pub(crate) fn signed(
    image: &str,
    digests: &[Digest],
    bundles: &[Found],
    beside: &Beside,
    demanded: bool,
) -> Vec<Finding> {
    let said: Vec<Said<'_>> = bundles.iter().filter_map(read).collect();
    let about = |s: &&Said<'_>| digests.iter().any(|d| s.statement.is_about(d));
    let signatures: Vec<&Said<'_>> = said.iter().filter(|s| s.statement.predicate_type == COSIGN_SIGN_V1).collect();
    let ours: Vec<&&Said<'_>> = signatures.iter().filter(|s| about(s)).collect();
    let digest = digests.first().map(ToString::to_string).unwrap_or_default();
    let finding = |code, message: String| Finding::new(code, at(image), message);
    let mut out = Vec::new();
    if let Some(first) = ours.first() {
        let sources = listed(ours.iter().map(|s| s.found.source.as_str()), SHOWN);
        out.push(
            finding(signing::NOT_VERIFIED, format!("{digest} is signed, by whom was not verified"))
                .with_evidence(sources),
        );
        if ours.iter().all(|s| s.by_key) {
            let message = format!("{digest} is signed by long-lived keys only");
            out.push(finding(signing::LONG_LIVED_KEY, message).with_evidence(first.found.source.clone()));
        }
    } else if beside.legacy.is_empty() {
        let mut missing = finding(signing::NO_SIGNATURE, format!("no signature was found for {digest}"));
        if !signatures.is_empty() {
            missing = missing.with_evidence(format!("{} signatures are about another digest", signatures.len()));
        }
        out.push(missing);
    }
    if !beside.legacy.is_empty() {
        let message = format!("what was signed for {digest} in the older format was not read");
        let mut legacy = finding(signing::LEGACY_FORMAT, message).with_evidence(beside.legacy.join(", "));
        if ours.is_empty() {
            // Nothing else signs the image, and what is not known does not pass.
            legacy.level = Level::Error;
        }
        out.push(legacy);
    }
    // Attestations in the older format may be what is looked for; that they were not read is said already.
    let attested_before = beside.legacy.iter().any(|t| t.ends_with(".att"));
    let of = |prefixes: &[&str]| -> Vec<&Said<'_>> {
        said.iter().filter(|s| prefixes.iter().any(|p| s.statement.predicate_type.starts_with(p))).collect()
    };
    let documents = of(&["https://spdx.dev/Document", "https://cyclonedx.org/bom"]);
    if !documents.iter().any(about) {
        let mut missing = match documents.first() {
            Some(other) => {
                finding(sbom::OTHER_DIGEST, format!("the SBOM attested beside {digest} is about another digest"))
                    .with_evidence(other.found.source.clone())
            }
            None => finding(sbom::MISSING, format!("no SBOM is attested to {digest}")),
        };
        if !beside.sboms.is_empty() {
            let attached = listed(beside.sboms.iter().map(String::as_str), SHOWN);
            missing = missing.with_evidence(format!("attached without a signature: {attached}"));
        }
        if !attested_before || !beside.sboms.is_empty() {
            out.push(missing);
        }
    }
    if !of(&["https://slsa.dev/provenance/"]).iter().any(about) && !attested_before {
        let code = if demanded { signing::PROVENANCE_MISSING } else { signing::NO_PROVENANCE };
        let mut missing = finding(code, format!("no SLSA provenance is attested to {digest}"));
        if demanded {
            missing = missing.with_evidence("an admission policy among the manifests demands it");
        }
        out.push(missing);
    }
    out
}

fn read(found: &Found) -> Option<Said<'_>> {
    let bundle = Bundle::parse(&found.bytes).ok()?;
    let by_key = !bundle.material.key.is_certificate();
    let Content::Envelope(envelope) = bundle.content else { return None };
    if envelope.payload_type != IN_TOTO_PAYLOAD {
        return None;
    }
    Some(Said { found, statement: Statement::parse(&envelope.payload).ok()?, by_key })
}

#[cfg(test)]
mod tests;
