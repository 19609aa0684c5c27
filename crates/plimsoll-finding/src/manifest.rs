//! Manifests (area M): what the workload asks for that it should not.

area! {
    NON_ROOT_OVER_ROOT = "PL-M001" "run-as-non-root-over-root-image" Error
        "runAsNonRoot stands over an image whose only user is root"
        "The manifest promises that the container does not run as root while the image can only run as root: the kubelet refuses to start it, or somebody lifts the promise."
        "plimsoll harden IMAGE -o oci-dir:PATH, then deploy the hardened digest";
}
