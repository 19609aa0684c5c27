//! Signing (area S): what a signature or an attestation fails to show.

area! {
    NO_SIGNATURE = "PL-S001" "no-signature" Error
        "no signature was found for the digest"
        "The registry holds no signature bundle that refers to this digest, neither as a referrer nor under the fallback tag."
        "plimsoll sign REF@DIGEST --key KEY";
    MALFORMED_BUNDLE = "PL-S002" "malformed-bundle" Error
        "a signature bundle is malformed"
        "The bundle is not the JSON of a sigstore bundle, reads in two ways (a key stands twice, two kinds of content), holds other than one signature, or is too large. Nothing of it is believed."
        "plimsoll tree REF@DIGEST to see where it is stored; sign again and remove it";
    UNKNOWN_BUNDLE_VERSION = "PL-S003" "unknown-bundle-version" Error
        "a signature bundle is of a version that is not known"
        "Bundles of versions 0.1, 0.2 and 0.3 are read. One of another version may mean something else by the same fields, so it is refused rather than guessed at."
        "sign again with a tool that writes sigstore bundle v0.3";
    NOT_A_STATEMENT = "PL-S004" "not-a-statement" Error
        "a bundle does not hold an in-toto statement"
        "Image signatures and attestations are in-toto statements in a DSSE envelope. This bundle signs something else, a file or another payload type, and says nothing about an image digest."
        "plimsoll sign REF@DIGEST --key KEY";
    MALFORMED_STATEMENT = "PL-S005" "malformed-statement" Error
        "a signed statement is malformed"
        "The statement inside the envelope is of an unknown version, has no subject, lacks a field, or reads in two ways."
        "sign again with a tool that writes in-toto statements v1";
    OTHER_DIGEST = "PL-S006" "statement-of-another-digest" Error
        "a signed statement is about another digest"
        "The statement may well be signed by somebody trusted, but its subject is another image: it was copied here, or the image behind the tag has changed since it was signed."
        "sign or attest this digest itself: plimsoll sign REF@DIGEST --key KEY";
    UNTRUSTED_KEY = "PL-S007" "untrusted-key" Error
        "a signature does not verify with any trusted key"
        "The signature was made with a key that no signer of the intent has, or the payload or the signature was changed after signing."
        "sign with the decided key, or add its public key to trust.signers";
    SIGNER_NOT_FOR_IMAGE = "PL-S008" "signer-not-for-image" Error
        "the signer is trusted, but not for this image"
        "The signature verifies with the key of a trusted signer whose image patterns do not cover this image's name."
        "sign with a signer that is trusted for the image, or extend the signer's images in trust.signers";
    LOG_ENTRY_MISSING = "PL-S009" "log-entry-missing" Error
        "a bundle carries no transparency log entry although one is required"
        "The decision on transparency requires that every signature stands in a log, so that a stolen key cannot sign unseen. This bundle has no entry."
        "sign with a log entry, or decide trust.transparency: not-required for keys without network";
    LOG_ENTRY_INVALID = "PL-S010" "log-entry-invalid" Error
        "a transparency log entry or timestamp does not verify"
        "The entry's inclusion proof, checkpoint or promise does not verify under the trusted root, the entry belongs to another signature, or the time it shows cannot be true."
        "check that the trusted root is the one of the log that was used; otherwise sign again";
    TRUSTED_ROOT_MISSING = "PL-S011" "trusted-root-missing" Error
        "certificates or log entries cannot be verified without a trusted root"
        "A keyless signature, or a log entry that is required, is verified against a trusted root (the keys of the certificate authority, the logs and the timestamp authorities). None was given, or it cannot be read, so the signature counts for nothing."
        "give the trusted root with --trusted-root FILE";
    CERTIFICATE_INVALID = "PL-S012" "certificate-invalid" Error
        "a signing certificate does not verify"
        "The certificate does not chain to the trusted root, was not valid at the time of signing, or was not published to a certificate log."
        "check that the trusted root is the one of the certificate authority that was used; otherwise sign again";
    UNTRUSTED_IDENTITY = "PL-S013" "untrusted-identity" Error
        "a keyless signature is by an identity that is not trusted"
        "The certificate verifies, but its issuer and subject are not those of any signer trusted for this image."
        "sign from the decided identity, or add issuer and subject to trust.signers";
    ATTESTATION_IS_NOT_SIGNATURE = "PL-S014" "attestation-is-not-a-signature" Error
        "the image has a verified attestation but no signature"
        "An attestation states something about an image, such as its SBOM; it does not approve the image. Only a statement of the signature's own predicate type counts as a signature."
        "plimsoll sign REF@DIGEST --key KEY";
    OTHER_PREDICATE = "PL-S015" "other-predicate-type" Error
        "an attestation verified, but its predicate type is not the one asked for"
        "The predicate type says what an attestation means. One of another type, a signature included, does not answer the question that was asked."
        "plimsoll attest REF@DIGEST --type TYPE --predicate FILE";
    SIGNER_UNREADABLE = "PL-S016" "signer-unreadable" Error
        "a trusted signer's key or pattern cannot be read"
        "The public key of a signer in the intent is not a PEM public key of a supported kind, or its subject pattern is not a regular expression. The signer is ignored, so that what it signed is refused."
        "correct the signer in trust.signers";
    NO_ATTESTATION = "PL-S017" "no-attestation" Error
        "no attestation of the wanted type was found for the digest"
        "No verified attestation of this predicate type refers to the digest."
        "plimsoll attest REF@DIGEST --type TYPE --predicate FILE";
    PROVENANCE_MISSING = "PL-S018" "no-verified-provenance" Error
        "image has no verified provenance"
        "Provenance is required at this tier and no SLSA provenance v1 attestation by a trusted signer refers to the digest, so nothing shows how the image was built."
        "plimsoll provenance REF@DIGEST --key KEY";
    PROVENANCE_MALFORMED = "PL-S019" "provenance-malformed" Error
        "provenance lacks what SLSA build level 1 requires"
        "The predicate lacks buildDefinition, buildType, externalParameters or runDetails.builder.id, so it does not say what was built by whom."
        "produce the provenance again with a builder that writes SLSA provenance v1";
    BUILDER_NOT_ACCEPTED = "PL-S020" "builder-not-accepted" Error
        "provenance names a builder that is not accepted"
        "The builder.id of the provenance is not among the builders that the decision on provenance accepts. Identifiers are compared as exact strings."
        "build with an accepted builder, or add it to provenance.builders with the highest level it may claim";
    PROVENANCE_LEVEL = "PL-S021" "provenance-level-too-low" Error
        "provenance does not reach the required SLSA build level"
        "The highest level that the decision grants this builder is below the level required. What the provenance claims about itself does not count."
        "build with a builder of a higher level, or lower provenance.minLevel by decision";
    LONG_LIVED_KEY = "PL-S022" "long-lived-key" Note
        "signatures are trusted by a long-lived key"
        "A key that does not expire is stolen once and signs for ever. Keyless signing binds each signature to an identity and a moment; where it is available and approved, a long-lived key is an exception that needs a decision of its own."
        "decide keys.custody: keyless, or record why a key is kept and when it is rotated";
    NO_PROVENANCE = "PL-S023" "provenance-absent" Warning
        "image has no provenance"
        "No SLSA provenance attestation refers to the digest, so nothing says how the image was built. Whether it is required is for the decisions on the workload's tier to say."
        "plimsoll provenance REF@DIGEST --key KEY";
    LEGACY_FORMAT = "PL-S024" "legacy-signature-format" Warning
        "signatures or attestations are stored under tags in the older format"
        "They lie under tags made from the digest, not in sigstore bundles that refer to it. They were not read, so whether they sign or attest anything about the digest is not known."
        "sign and attest the digest again with a tool that writes sigstore bundles";
    NOT_VERIFIED = "PL-S025" "signature-not-verified" Note
        "a signature was found and not verified"
        "Without decisions nobody is trusted, so that somebody signed the digest is all that can be said. A key that anybody can generate proves nothing."
        "plimsoll verify REF@DIGEST --key KEY, or --policy DIR with the decisions";
}
