//! Hardening (area H): what in the image resists a minimal, unprivileged run.

area! {
    ROOT_USER = "PL-H001" "root-user" Error
        "image runs as root"
        "The image configuration names no user, or uid 0, so every process starts as root unless each manifest remembers to say otherwise."
        "plimsoll harden IMAGE -o oci-dir:PATH";
}
