//! Admission (area A): why a workload is refused at the door.

area! {
    UNSIGNED = "PL-A001" "unsigned-image" Error
        "image has no signature by a trusted signer"
        "The image's digest carries no signature that verifies under a signer trusted for it, so nothing shows that it came from the pipeline that was approved."
        "plimsoll sign REF@DIGEST --key KEY";
    WRONG_SIGNER = "PL-A002" "wrong-signer" Error
        "image is signed, but not by a signer trusted for it"
        "Signatures exist for the image's digest, yet none verifies under a signer that the decisions trust for this repository. A key that anybody can generate proves nothing."
        "plimsoll verify REF@DIGEST -o json shows who signed; sign with the decided key or identity";
    ROOT_USER = "PL-A003" "workload-runs-as-root" Error
        "container may run as root"
        "After pod and container settings are laid over each other, runAsNonRoot is not true or runAsUser is 0 for this container. Root in the container is root on the node as soon as anything else gives way."
        "set securityContext.runAsNonRoot: true and a runAsUser other than 0, on the pod or on every container";
    ROOT_IMAGE = "PL-A004" "image-user-is-root" Error
        "the manifest leaves the user to the image, and the image's user is root or unknown"
        "No runAsUser is set, so the container runs as the USER of its image configuration. That user is root, a name the kubelet cannot check, or was never established; the promise of runAsNonRoot then fails at start or is lifted by somebody."
        "plimsoll harden IMAGE -o oci-dir:PATH, then deploy the hardened digest";
    ROOT_GROUP = "PL-A005" "workload-runs-in-root-group" Error
        "container runs in group 0"
        "runAsGroup, fsGroup or supplementalGroups names group 0, to which many files of an image belong. The Pod Security Standards never check it."
        "set runAsGroup and fsGroup to a group other than 0 and remove 0 from supplementalGroups";
    MUTABLE_TAG = "PL-A006" "mutable-tag" Error
        "image is named by a tag without a digest"
        "A tag is re-pointed at will: what was verified is not what the kubelet pulls later, and every node may run something else."
        "pin the image: REPOSITORY@sha256:…; plimsoll verify REF prints the digest a tag resolves to now";
    MISSING_DIGEST = "PL-A007" "missing-digest" Error
        "image has neither digest nor tag"
        "Without a digest the runtime pulls whatever the tag latest points to at that moment, so nothing that was verified before says anything about it."
        "pin the image: REPOSITORY@sha256:…";
    BAD_DIGEST = "PL-A008" "malformed-digest" Error
        "image's digest is not sha256 and 64 lower-case hex digits"
        "Digests of another algorithm, in upper case or shortened are read differently by registries, runtimes and policies. Only the one shape that all agree on is let in."
        "write the digest as sha256: and 64 lower-case hex digits";
    BAD_REFERENCE = "PL-A009" "malformed-image-reference" Error
        "image reference is malformed"
        "The reference does not follow the distribution grammar, so runtime and policy may disagree about what it names; what cannot be named cannot be verified."
        "write the image as REGISTRY/REPOSITORY@sha256:DIGEST in lower case";
    TAG_MISMATCH = "PL-A010" "tag-of-another-image" Error
        "tag and digest name different images"
        "The reference carries a tag beside its digest. The digest wins at pull, and the tag resolves to another image, so whoever reads the manifest is told a version that does not run."
        "correct the tag or the digest, or leave the tag out";
    REGISTRY = "PL-A011" "registry-not-allowed" Error
        "image comes from a repository that is not allowed"
        "The normalised repository matches none of the decided registries. This is checked before anything is fetched, so a manifest cannot make the verifier talk to a host of its author's choice."
        "push the image below a decided registry, or decide admission.registries";
    NO_PROVENANCE = "PL-A012" "provenance-missing" Error
        "image has no provenance by a trusted signer"
        "The tier requires SLSA provenance, and the image's digest carries no provenance attestation that verifies under a signer trusted for it: who signed is known, how it was built is not."
        "plimsoll provenance REF@DIGEST";
    PROVENANCE_MISMATCH = "PL-A013" "provenance-of-another-image" Error
        "provenance is about another digest"
        "A provenance attestation was found whose subject is not this image's digest. It says how something else was built."
        "plimsoll provenance REF@DIGEST for the digest that is deployed";
    PROVENANCE_WEAK = "PL-A014" "provenance-insufficient" Error
        "provenance does not reach what the tier requires"
        "The provenance names a builder that is not among the decided ones, or one that may not claim the level the tier requires."
        "build on a decided builder, or decide provenance.builders";
    UNKNOWN_IMAGE_FIELD = "PL-A015" "unknown-image-field" Error
        "an unknown field may name an image"
        "A field of the pod spec is called image or reference and is none of the known ones, so an image may be pulled that nobody checked: a new volume source, or the options of a driver."
        "remove the field, or use containers, initContainers, ephemeralContainers or an image volume";
    WRITABLE_ROOT = "PL-A016" "writable-root-file-system" Error
        "container's root file system is writable"
        "readOnlyRootFilesystem is not true for this container, so whoever gets in can change the program, drop tools and stay. The Pod Security Standards do not check it."
        "set securityContext.readOnlyRootFilesystem: true and mount an emptyDir where the program writes";
    UNVERIFIABLE = "PL-A017" "image-not-verifiable" Error
        "nothing could be established about the image"
        "No verification result exists for the image's digest: the registry could not be asked, or nobody looked. Unknown is never a pass."
        "plimsoll verify REF@DIGEST shows what fails";
    EXCLUDED_NAMESPACE = "PL-A018" "namespace-excluded" Note
        "workload was not checked because its namespace is excluded"
        "The decisions leave this namespace alone. Whoever may create pods in it gets round admission, so every such pass is recorded."
        "decide admission.excludeNamespaces as narrowly as possible";
    MALFORMED_WORKLOAD = "PL-A019" "malformed-workload" Error
        "workload cannot be read"
        "A part that admission decides on is missing or does not have the type Kubernetes gives it, so nothing about the workload can be decided, and it is refused."
        "kubectl apply --dry-run=server -f FILE names the field";
    NOT_APPLICABLE = "PL-A020" "not-applicable" Note
        "request changes no workload"
        "The request deletes, connects to, or touches a subresource that cannot bring in an image, or the object is already being deleted. Nothing is decided about it."
        "nothing is to be done";
    UNREADABLE_MANIFEST = "PL-A021" "manifest-not-readable" Error
        "manifest cannot be read"
        "The file is not YAML or JSON, names a key twice, exceeds the bounds on size, depth or aliases, or holds something that is no Kubernetes object. What was read differently by another tool would be decided on falsely."
        "correct the file at the line that is named";
    TEMPLATE = "PL-A022" "manifest-is-a-template" Error
        "file is a template, not a manifest"
        "The file holds template expressions, so what would be deployed depends on values that are not here."
        "helm template | plimsoll admit test -";
}
