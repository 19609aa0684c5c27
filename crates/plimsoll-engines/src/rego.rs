//! The rules as Rego v1.
//!
//! Written so that every evaluator reads it alike: no statement begins with a parenthesis, no `else` in a partial set, and
//! no negated call over an argument that may be undefined.

use crate::cel::{HOSTED, PINNED};

/// The module. Its constants are raw strings, which the patterns cannot break out of: they hold no back quote.
pub(crate) fn module(package: &str) -> String {
    MODULE.replace("PACKAGE", package).replace("PINNED", PINNED).replace("HOSTED", HOSTED)
}

const MODULE: &str = r#"package PACKAGE

object_kind := input.review.object.kind

pod_spec := input.review.object.spec if object_kind == "Pod"

pod_spec := input.review.object.template.spec if object_kind == "PodTemplate"

pod_spec := input.review.object.spec.jobTemplate.spec.template.spec if object_kind == "CronJob"

pod_spec := input.review.object.spec.template.spec if {
  not object_kind in {"Pod", "PodTemplate", "CronJob"}
}

# Only an update can meet an object on its way out; a new object that claims to be is checked.
terminating if {
  input.review.operation == "UPDATE"
  input.review.object.metadata.deletionTimestamp
}

listed(name) := object.get(pod_spec, name, [])

containers := array.concat(array.concat(listed("containers"), listed("initContainers")), listed("ephemeralContainers"))

volume_images := [reference |
  some volume in listed("volumes")
  volume.image
  reference := object.get(volume.image, "reference", "")
]

images := array.concat([image | some c in containers; image := object.get(c, "image", "")], volume_images)

# registry/repository, with Docker Hub's short names and other hosts written out: what would be pulled, not how it is written.
has_host(name) if regex.match(`HOSTED`, name)

hosted(name) := name if has_host(name)

hosted(name) := concat("", ["docker.io/", name]) if {
  not has_host(name)
  contains(name, "/")
}

hosted(name) := concat("", ["docker.io/library/", name]) if not contains(name, "/")

normal(image) := library if {
  untagged := regex.replace(split(image, "@")[0], `:[^/:]*$`, "")
  hub := regex.replace(hosted(untagged), `^(?:index|registry-1)[.]docker[.]io/`, "docker.io/")
  library := regex.replace(hub, `^docker[.]io/([^/]+)$`, "docker.io/library/$1")
}

allowed(image) if {
  name := normal(image)
  some pattern in input.parameters.registries
  regex.match(pattern, name)
}

pinned(image) if regex.match(`PINNED`, image)

# The container's setting, or else the pod's.
pod_context := object.get(pod_spec, "securityContext", {})

context(c) := object.get(c, "securityContext", {})

effective(c, key, absent) := object.get(context(c), key, object.get(pod_context, key, absent))

windows_user(c) := lower(object.get(own, "runAsUserName", object.get(inherited, "runAsUserName", ""))) if {
  own := object.get(context(c), "windowsOptions", {})
  inherited := object.get(pod_context, "windowsOptions", {})
}

problems contains "PL-A019: the pod cannot be read" if not pod_spec

problems contains msg if {
  some image in images
  not pinned(image)
  msg := sprintf("PL-A006, PL-A007, PL-A008: image must be pinned by a sha256 digest: %v", [image])
}

problems contains msg if {
  some image in images
  not allowed(image)
  msg := sprintf("PL-A011: image comes from a registry that is not allowed: %v", [image])
}

problems contains msg if {
  some c in containers
  effective(c, "runAsUser", -1) == 0
  msg := sprintf("PL-A003: container must not run as uid 0: %v", [object.get(c, "name", "?")])
}

problems contains msg if {
  some c in containers
  effective(c, "runAsNonRoot", false) != true
  msg := sprintf("PL-A003: container must set runAsNonRoot: true: %v", [object.get(c, "name", "?")])
}

problems contains msg if {
  some c in containers
  windows_user(c) == "containeradministrator"
  msg := sprintf("PL-A003: container must not run as ContainerAdministrator: %v", [object.get(c, "name", "?")])
}

problems contains msg if {
  some c in containers
  effective(c, "runAsGroup", -1) == 0
  msg := sprintf("PL-A005: container must not run in group 0: %v", [object.get(c, "name", "?")])
}

problems contains "PL-A005: volumes must not belong to group 0 (fsGroup)" if object.get(pod_context, "fsGroup", -1) == 0

problems contains "PL-A005: processes must not belong to group 0 (supplementalGroups)" if {
  some group in object.get(pod_context, "supplementalGroups", [])
  group == 0
}

problems contains msg if {
  some c in containers
  object.get(context(c), "readOnlyRootFilesystem", false) != true
  msg := sprintf("PL-A016: container must have a read-only root file system: %v", [object.get(c, "name", "?")])
}

violation contains {"msg": msg} if {
  not terminating
  some msg in problems
}
"#;
