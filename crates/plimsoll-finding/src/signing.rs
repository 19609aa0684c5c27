//! Signing (area S): what a signature or an attestation fails to show.

area! {
    NO_SIGNATURE = "PL-S001" "no-signature" Error
        "no signature was found for the digest"
        "The registry holds no signature bundle that refers to this digest, neither as a referrer nor under the fallback tag."
        "plimsoll sign REF@DIGEST --key KEY";
}
