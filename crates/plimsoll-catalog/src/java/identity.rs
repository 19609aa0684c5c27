//! Who an archive is, when it holds evidence of several or of none.

use super::archive::{Embedded, Evidence};
use super::coordinates::{Coordinates, part, version};
use super::known;

/// An archive's identity and where it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) coordinates: Coordinates,
    /// Which of its poms describes it, by index.
    pub(super) pom: Option<usize>,
    /// What told it: `pom.properties`.
    pub(super) from: &'static str,
}

/// The identity of an archive: by the repository it lies in, by its pom, by its manifest and packages, by its name.
pub(super) fn of(evidence: &Evidence<'_>) -> Identity {
    let pom = own_pom(evidence);
    if let Some(path) = &evidence.path {
        let same = |e: &Embedded| e.coordinates.group == path.group && e.coordinates.artifact == path.artifact;
        return Identity { coordinates: path.clone(), pom: evidence.poms.iter().position(same), from: "repository" };
    }
    if let Some((index, embedded)) = pom.and_then(|i| evidence.poms.get(i).map(|e| (i, e))) {
        let mut coordinates = embedded.coordinates.clone();
        if coordinates.version.is_empty() {
            coordinates.version = version_of(evidence);
        }
        return Identity { coordinates, pom: Some(index), from: "pom" };
    }
    from_manifest(evidence)
}

/// Which pom is the archive's own.
fn own_pom(evidence: &Evidence<'_>) -> Option<usize> {
    let ranked =
        evidence.poms.iter().enumerate().map(|(index, e)| (rank(evidence, e), e.coordinates.artifact.len(), index));
    // Of equals the longest artefact, then the first.
    let best = ranked.max_by_key(|(rank, len, index)| (*rank, *len, std::cmp::Reverse(*index)))?;
    let (rank, _, index) = best;
    if rank > 0 {
        return Some(index);
    }
    // The only pom of an archive is its own if it tells the version of its name, or the beginning of its packages: else
    // it was shaded in.
    let only = evidence.poms.first().filter(|_| evidence.poms.len() == 1)?;
    let (own, file) = (&only.coordinates, evidence.file.version);
    let is_own = match file.is_empty() || own.version.is_empty() {
        true => evidence.package.is_empty() || is_akin(&own.group, &evidence.package),
        false => file == own.version,
    };
    is_own.then_some(0)
}

/// Whether a group and a directory of classes begin alike.
fn is_akin(group: &str, package: &str) -> bool {
    let (mut group, mut package) = (group.split('.'), package.split('/'));
    let first = group.next() == package.next();
    let second = group.next();
    first && (second.is_none() || second == package.next())
}

/// How well a pom fits the archive's name and manifest; nothing fits at 0.
fn rank(evidence: &Evidence<'_>, embedded: &Embedded) -> u8 {
    let (file, own) = (evidence.file, &embedded.coordinates);
    let (artifact, version) = (own.artifact.as_str(), own.version.as_str());
    let rest = file.stem.strip_prefix(artifact);
    let versioned = rest.and_then(|r| r.strip_prefix('-')).and_then(|r| r.strip_prefix(version));
    match (versioned, rest) {
        (Some(""), _) if !version.is_empty() => return 6,
        (Some(r), _) if !version.is_empty() && r.starts_with(['-', '.']) => return 5,
        (_, Some("")) => return 5,
        _ if file.base == artifact => return 4,
        // Distributions add the major version to the name: `jline3.jar`.
        (_, Some(r)) if r.bytes().all(|b| b.is_ascii_digit()) => return 4,
        _ => {}
    }
    let manifest = &evidence.manifest;
    let bundle = manifest.bundle();
    let is_bundle = !bundle.is_empty()
        && (bundle == artifact
            || bundle == own.group
            || bundle.strip_prefix(own.group.as_str()) == Some(&format!(".{artifact}")));
    let is_titled = [manifest.get("implementation-title"), manifest.get("bundle-name"), manifest.get("short-name")]
        .iter()
        .any(|t| !t.is_empty() && *t == artifact);
    match rest {
        _ if is_bundle || is_titled => 3,
        // `a-shaded.jar`, `a-1.0.jar` beside a pom of another version.
        Some(r) if r.starts_with(['-', '_']) => 2,
        _ => 0,
    }
}

/// The identity without a pom.
fn from_manifest(evidence: &Evidence<'_>) -> Identity {
    let (manifest, file) = (&evidence.manifest, evidence.file);
    let version = version_of(evidence);
    let found = |group: &str, artifact: &str, from| Identity {
        coordinates: Coordinates::new(group, artifact, &version),
        pom: None,
        from,
    };
    let title = part(manifest.get("implementation-title"));
    let title = if title.contains('.') { String::new() } else { title };
    let (bundle, module) = (part(manifest.bundle()), part(manifest.get("automatic-module-name")));
    // Jenkins and a few others name their coordinates themselves.
    let (group, artifact) = (part(manifest.get("group-id")), part(manifest.get("short-name")));
    let artifact = if artifact.is_empty() { part(manifest.get("artifact-id")) } else { artifact };
    if !group.is_empty() && !artifact.is_empty() {
        return found(&group, &artifact, "manifest");
    }
    let base = part(file.base);
    for name in [bundle.as_str(), base.as_str(), module.as_str(), title.as_str()] {
        if let Some((group, artifact)) = known::artifact(name, &evidence.package) {
            return found(known::moved(group, &version), &artifact, "table");
        }
    }
    let artifact = match (&base, file.version) {
        (base, v) if !base.is_empty() && (!v.is_empty() || title.is_empty()) => base.clone(),
        _ if !title.is_empty() => title,
        _ => bundle.rsplit('.').next().unwrap_or_default().to_owned(),
    };
    let package = evidence.package.replace('/', ".");
    if let Some(group) = [bundle.as_str(), module.as_str(), package.as_str()].into_iter().find_map(known::group) {
        return found(known::moved(group, &version), &artifact, "table");
    }
    // Bundles are named by group and artefact, or by the artefact alone where that begins with the group.
    let of_bundle =
        bundle.strip_suffix(artifact.as_str()).and_then(|g| g.strip_suffix('.')).filter(|g| g.contains('.'));
    let vendor = part(manifest.get("implementation-vendor-id"));
    let dotted = Some(vendor.as_str()).filter(|v| v.contains('.'));
    let from = if of_bundle.or(dotted).is_some() { "manifest" } else { "file name" };
    found(of_bundle.or(dotted).unwrap_or_default(), &artifact, from)
}

/// The version by the name, or else by the manifest.
fn version_of(evidence: &Evidence<'_>) -> String {
    let is_real = |v: &&str| v.starts_with(|c: char| c.is_ascii_digit()) && !v.contains(".x");
    let manifest = &evidence.manifest;
    let told = ["implementation-version", "bundle-version", "plugin-version", "specification-version"].map(|n| {
        // `1.2.3 (build 4)`, `1.2.3 2020-01-01`
        manifest.get(n).split_ascii_whitespace().next().unwrap_or_default()
    });
    let candidates = [evidence.file.version].into_iter().chain(told);
    candidates.filter(is_real).map(version).find(|v| !v.is_empty()).unwrap_or_else(|| version(evidence.file.version))
}
