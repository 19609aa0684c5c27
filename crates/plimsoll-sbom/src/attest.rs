//! The form of an SBOM that is attested. Stores of attestations and admission controllers take documents of a few
//! megabytes only: it holds what identifies, matches and answers for a package, and leaves out what describes it.

use plimsoll_catalog::Package;

use crate::{Form, Sbom, identity};

/// What documents say of their form.
pub(crate) const ATTESTED: &str = "attested";

/// How many paths of evidence are kept of a package.
const PATHS: usize = 3;

/// The property that counts the paths beyond.
const MORE: &str = "evidence:more";

/// Properties that change what a package is, or how it is matched or judged.
const KEPT: [&str; 5] = ["npm:role", "plimsoll:licence:source", "python:vendored", "rpm:modularity", MORE];

/// The form that is attested. It keeps names, versions, package URLs, maintainers, licences, edges, owners, layers, the
/// strongest digest, the best CPE name and the first paths of evidence of every package, with what was removed and what
/// could not be read. Descriptions, addresses, other digests and CPE names and properties that only inform are left out.
#[must_use]
pub fn attestable(sbom: &Sbom) -> Sbom {
    Sbom { packages: sbom.packages.iter().map(lean).collect(), form: Form::Attested, ..sbom.head() }
}

fn lean(package: &Package) -> Package {
    let strongest = package.hashes.iter().map(|h| h.algorithm).max();
    let best = package.cpes.iter().find(|c| identity::is_cpe23(c)).or_else(|| package.cpes.first());
    let kept = package.properties.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
    let mut properties: Vec<(String, String)> = kept.cloned().collect();
    let more = package.evidence.len().saturating_sub(PATHS);
    if more > 0 {
        properties.push((MORE.to_owned(), more.to_string()));
        properties.sort();
    }
    Package {
        ecosystem: package.ecosystem,
        name: package.name.clone(),
        version: package.version.clone(),
        arch: package.arch.clone(),
        source: package.source.clone(),
        purl: package.purl.clone(),
        cpes: best.into_iter().cloned().collect(),
        licenses: package.licenses.clone(),
        maintainer: package.maintainer.clone(),
        hashes: package.hashes.iter().filter(|h| Some(h.algorithm) == strongest).cloned().collect(),
        depends: package.depends.clone(),
        within: package.within.clone(),
        owners: package.owners.clone(),
        declared: package.declared,
        evidence: package.evidence.iter().take(PATHS).cloned().collect(),
        first_layer: package.first_layer,
        layer: package.layer,
        properties,
        ..Package::default()
    }
}
