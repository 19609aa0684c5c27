//! What each engine cannot do: gaps that are stated, not hidden.

use plimsoll_intent::Engine;

/// What `engine` cannot do of what the native evaluator does, one sentence each. Each is a documented gap.
pub fn limits(engine: Engine) -> Vec<String> {
    const NO_CRYPTO: &str = "It cannot verify signatures or provenance: unsigned images, signatures by the wrong key and missing or foreign provenance (PL-A001, PL-A002, PL-A012 to PL-A014) pass it. Run Kyverno or plimsoll's webhook beside it.";
    const NO_IMAGE: &str = "It cannot read images: an image whose own user is root (PL-A004) passes where the manifest sets no runAsUser, and is then stopped only by the kubelet.";
    const NO_TAGS: &str =
        "It cannot resolve tags: a tag beside a digest of another image (PL-A010) passes; the digest is what runs.";
    const NO_WALK: &str =
        "It cannot walk unknown fields: an image in a future field or in a driver's options (PL-A015) passes.";
    let own: &[&str] = match engine {
        Engine::Vap => &[
            NO_CRYPTO,
            NO_IMAGE,
            NO_TAGS,
            NO_WALK,
            "Unless it is loaded by the API server from files (the static form), whoever may delete the policy or its binding lifts it.",
        ],
        Engine::Kyverno => &[
            NO_IMAGE,
            NO_TAGS,
            NO_WALK,
            "Signatures and provenance are checked on Pods only; their controllers are checked for everything else, as early feedback.",
            "Image volumes are covered by an extractor of our own, because its built-in ones do not know them.",
            "Its own defaults leave kube-system, its namespace and requests of system:nodes alone; review its configuration.",
            "It remembers verified images by name for an hour; the digest that is demanded here makes that name immutable.",
        ],
        Engine::Gatekeeper => &[
            NO_CRYPTO,
            NO_IMAGE,
            NO_TAGS,
            NO_WALK,
            "Its webhook is installed with failure policy Ignore and a timeout of three seconds: set failurePolicy Fail, and list pods/ephemeralcontainers among its rules.",
            "Namespaces that carry the label admission.gatekeeper.sh/ignore are not checked; protect that label.",
        ],
        Engine::Webhook => &[],
    };
    own.iter().map(|s| (*s).to_owned()).collect()
}
