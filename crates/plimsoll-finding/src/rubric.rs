//! Rubric (area R): the lines a finished workload is checked against. `supply-chain.md` shows each as pass or gap.

area! {
    MINIMAL_BASE = "PL-R001" "image-minimal-base" Warning
        "image has a minimal base"
        "What is not in the image cannot be exploited and need not be patched: the runtime layers hold what the workload reaches, and the ledger names everything that was left out."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    NON_ROOT = "PL-R002" "image-non-root-baked-in" Warning
        "a numeric non-root user and group are baked into the image"
        "A securityContext protects only the manifests that set it. A numeric user and group in the image configuration protect every run, and let the kubelet check runAsNonRoot."
        "plimsoll harden IMAGE -o oci-dir:PATH";
    READ_ONLY_ROOT = "PL-R003" "image-works-read-only" Warning
        "image works under a read-only root file system"
        "The process was started with its root mounted read-only and only the declared writable paths as temporary file systems, and it did its work."
        "install bubblewrap or runc, then run plimsoll harden again so that the run is proven";
    CAPABILITIES = "PL-R004" "image-capabilities-dropped" Warning
        "all capabilities are dropped and any added one is justified"
        "The manifests drop ALL for every container, and a capability that is added stands in a decision with its reason."
        "apply k8s/security/patches, and decide runtime.capabilities with a reason for each";
    NO_SHELL = "PL-R005" "image-no-shell" Warning
        "no shell and no package manager in the runtime layers"
        "A shell and a package manager are what an intruder reaches for first. They stay only where a decision keeps them."
        "plimsoll harden IMAGE -o oci-dir:PATH, or decide runtime.keepShell";
    SIGNED = "PL-R006" "signed-on-digest" Warning
        "image is signed on its digest"
        "The signature covers the immutable manifest digest, never a tag, and was verified again after it was written."
        "plimsoll sign REF@DIGEST --key KEY";
    CUSTODY = "PL-R007" "custody-as-decided" Warning
        "the signing key is held as decided"
        "The key that signed is on the custody path the operations decision names: keyless, a key management service, or an explicitly accepted key file."
        "decide keys.custody, and sign on that path";
    SBOM_FORMAT = "PL-R008" "sbom-as-decided" Warning
        "SBOM exists in the decided formats"
        "The bill of materials was written in every format that the decision names, from the image that will be deployed."
        "plimsoll sbom IMAGE -o cyclonedx-json=FILE";
    SBOM_ATTESTED = "PL-R009" "sbom-attested" Warning
        "SBOM is attested to the digest"
        "The bill of materials is a signed attestation whose subject is the image digest, so it can be found from the running image and cannot be swapped."
        "plimsoll attest REF@DIGEST --type cyclonedx --predicate FILE";
    GATED = "PL-R010" "scan-gates-at-tier" Warning
        "scan ran at the tier's threshold and its breach blocks promotion"
        "The vulnerabilities of the deployed image were judged by the tier's rule, and the verdict decides whether promotion goes on."
        "plimsoll promote IMAGE --manifests DIR --decisions DIR";
    PROVENANCE = "PL-R011" "provenance-produced" Warning
        "provenance is produced and, where required, verified at admission"
        "SLSA provenance v1 says how the image was built, at a level that is honest, and the admission policies of the tiers that require it check it."
        "plimsoll provenance REF@DIGEST, and decide provenance.required";
    ADMISSION = "PL-R012" "admission-rejects" Warning
        "admission rejects unsigned, root, mutable tag and missing digest"
        "Policies for every decided engine were emitted and evaluated against the built-in workloads: a bypassed pipeline still cannot deploy."
        "plimsoll policy emit --engine ENGINE --decisions DIR -o DIR";
    FLOOR = "PL-R013" "extends-the-floor" Warning
        "admission extends the Pod Security floor without owning it"
        "No emitted file sets a pod-security.kubernetes.io label: the namespace labels are handed off, and the policies add what the floor does not check."
        "remove the label from the emitted files and hand it off to the cluster's owners";
    BAD_IMAGES = "PL-R014" "bad-images-refused" Warning
        "deliberately bad images were shown to be refused"
        "Unsigned, root, mutable-tag and provenance-less workloads were evaluated and each was refused for its own reason; the image with known vulnerabilities failed the gate."
        "plimsoll policy test DIR";
    TIERED = "PL-R015" "tier-drove-strictness" Warning
        "the tier drove the strictness"
        "The workload's tier was resolved from a document and selected the gate, the provenance demand and the admission policy."
        "decide tiers.assign";
    NAMES = "PL-R016" "names-are-kebab-case" Warning
        "names are kebab-case and suffixed by kind"
        "Every emitted file and object is named in kebab-case with its kind where it would be ambiguous, so that it can be found by its name."
        "rename the file or object that the finding names";
    OBSERVABLE = "PL-R017" "refusals-are-observable" Warning
        "rejections and gate failures are observable"
        "Every refusal is a finding with a stable code in JSON and SARIF, and the exit code tells its class; metrics and traces belong to the admission webhook."
        "plimsoll admit serve exposes metrics; collect them with the platform's own tools";
    REPRODUCIBLE = "PL-R018" "identified-and-reproducible" Warning
        "artefacts are identified by digest and reproducible"
        "The image, its SBOM, policies and reports are the same bytes for the same inputs; only signatures differ between runs."
        "run again with the same SOURCE_DATE_EPOCH and --now, and compare the digests";
}
