//! What can be decided from the manifest alone: the form of image names, where they come from, root, a writable root.

use plimsoll_finding::{Finding, Location, admission};
use plimsoll_intent::{AdmissionPolicy, glob_matches};
use plimsoll_oci::{Algorithm, Reference, ReferenceError};
use plimsoll_workload::{Field, Workload};

/// Findings that need no fact about any image: they are what the emitted policies of every engine decide too.
pub fn structural_findings(workload: &Workload, policy: &AdmissionPolicy) -> Vec<Finding> {
    if let Some(finding) = too_many_images(workload) {
        return vec![finding];
    }
    let mut found = malformed(workload);
    for used in workload.images() {
        let (_, findings) = image_name(workload, &used.field, used.image, policy);
        found.extend(findings);
    }
    found.extend(unknown_fields(workload));
    found.extend(contexts(workload));
    found
}

/// Most images in one pod. No pod comes near; a hostile one would make every verifier work for minutes.
const MAX_IMAGES: usize = 512;

pub(crate) fn too_many_images(workload: &Workload) -> Option<Finding> {
    let count = workload.images().len();
    (count > MAX_IMAGES).then(|| {
        let message = format!("workload names {count} images; at most {MAX_IMAGES} are checked");
        Finding::new(admission::MALFORMED_WORKLOAD, at(workload, ""), message)
    })
}

pub(crate) fn at(workload: &Workload, field: &str) -> Location {
    Location::Object { object: workload.display_name(), field: workload.object_field(field) }
}

pub(crate) fn malformed(workload: &Workload) -> Vec<Finding> {
    let finding = |m: plimsoll_workload::Malformed| {
        Finding::new(admission::MALFORMED_WORKLOAD, at(workload, &m.field), format!("workload cannot be read: {m}"))
    };
    workload.malformed().into_iter().map(finding).collect()
}

pub(crate) fn unknown_fields(workload: &Workload) -> Vec<Finding> {
    let finding = |field: String| {
        let message = format!("{field} may name an image and is no known image field");
        Finding::new(admission::UNKNOWN_IMAGE_FIELD, at(workload, &field), message)
    };
    workload.unknown_image_fields().into_iter().map(finding).collect()
}

/// The reference an image text is, if it is one, and what is wrong with its name. A reference comes back only when the
/// policy allows its repository and it is pinned: nothing else may ever be asked for.
pub(crate) fn image_name(
    workload: &Workload,
    field: &str,
    text: &str,
    policy: &AdmissionPolicy,
) -> (Option<Reference>, Vec<Finding>) {
    let finding = |code, message: String| {
        Finding::new(code, at(workload, field), message).with_evidence(format!("{field}: {text}"))
    };
    if text.is_empty() {
        return (None, vec![finding(admission::MISSING_DIGEST, format!("{field} names no image"))]);
    }
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let mut found = Vec::new();
    let mut name_of = text;
    if let Some(digest) = digest {
        let sha256 = digest.parse::<plimsoll_oci::Digest>().is_ok_and(|d| d.algorithm() == Algorithm::Sha256);
        if !sha256 {
            found.push(finding(
                admission::BAD_DIGEST,
                format!("image {text} has a digest that is not sha256 and 64 lower-case hex digits"),
            ));
            name_of = named;
        }
    }
    let reference = match parse(name_of) {
        Ok(reference) => reference,
        Err(problem) => {
            found.push(finding(admission::BAD_REFERENCE, format!("image {text} cannot be read: {problem}")));
            return (None, found);
        }
    };
    if digest.is_none() {
        found.push(match &reference.tag {
            Some(tag) => finding(admission::MUTABLE_TAG, format!("image {text} is named by the mutable tag {tag}")),
            None => finding(admission::MISSING_DIGEST, format!("image {text} has no digest")),
        });
    }
    if !policy.registries.iter().any(|glob| glob_matches(glob, &reference.name())) {
        let allowed = match policy.registries.is_empty() {
            true => "allowed: none".to_owned(),
            false => format!("allowed: {}", policy.registries.join(", ")),
        };
        let message = format!("image {text} comes from {}, which is not an allowed registry", reference.name());
        found.push(finding(admission::REGISTRY, message).with_evidence(allowed));
    }
    (found.is_empty().then_some(reference), found)
}

/// The distribution grammar, and one spelling of a host: clients differ in whether `Docker.io` is Docker Hub.
fn parse(text: &str) -> Result<Reference, String> {
    let reference: Reference = text.parse().map_err(|e: ReferenceError| e.to_string())?;
    let host = text.split('/').next().unwrap_or_default();
    if text.contains('/') && host.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(format!("registry host '{host}' is not in lower case"));
    }
    Ok(reference)
}

/// Root, group 0 and a writable root, per container.
pub(crate) fn contexts(workload: &Workload) -> Vec<Finding> {
    let mut found = Vec::new();
    for container in workload.containers() {
        let (field, context) = (container.field(), workload.security(&container));
        let who = format!("container {} ({field})", container.name);
        if let Some((message, place)) = root(&context, &who) {
            let place = place.unwrap_or_else(|| format!("{field}.securityContext.runAsNonRoot"));
            found.push(Finding::new(admission::ROOT_USER, at(workload, &place), message));
        }
        if context.run_as_group.value() == Some(0) {
            let place = context.run_as_group.field().unwrap_or(&field);
            found.push(Finding::new(admission::ROOT_GROUP, at(workload, place), format!("{who} runs in group 0")));
        }
        if context.read_only_root.value() != Some(true) {
            let place = format!("{field}.securityContext.readOnlyRootFilesystem");
            let message = format!("{who} has a writable root file system");
            found.push(Finding::new(admission::WRITABLE_ROOT, at(workload, &place), message));
        }
    }
    if workload.fs_group().value() == Some(0) {
        let place = at(workload, "securityContext.fsGroup");
        found.push(Finding::new(admission::ROOT_GROUP, place, "volumes belong to group 0 (fsGroup)"));
    }
    if workload.supplemental_groups().contains(&0) {
        let place = at(workload, "securityContext.supplementalGroups");
        found.push(Finding::new(admission::ROOT_GROUP, place, "processes belong to group 0 (supplementalGroups)"));
    }
    found
}

/// Why a container may be root, and the field that says so. A user namespace (`hostUsers: false`) changes nothing here.
fn root(context: &plimsoll_workload::Security, who: &str) -> Option<(String, Option<String>)> {
    let place = |f: Option<&str>| f.map(str::to_owned);
    if context.run_as_user.value() == Some(0) {
        return Some((format!("{who} runs as uid 0"), place(context.run_as_user.field())));
    }
    if context.windows_user.as_deref().is_some_and(|u| u.eq_ignore_ascii_case("ContainerAdministrator")) {
        return Some((format!("{who} runs as ContainerAdministrator"), None));
    }
    match &context.run_as_non_root {
        Field::Set(true, _) => None,
        Field::Set(false, field) => Some((format!("{who} sets runAsNonRoot: false"), Some(field.clone()))),
        Field::Malformed(field) => Some((format!("{who} sets runAsNonRoot to no boolean"), Some(field.clone()))),
        Field::Unset => Some((format!("{who} may run as root: runAsNonRoot is not set"), None)),
    }
}
