//! SBOM (area B): what could not be catalogued or stated.

area! {
    MISSING = "PL-B001" "sbom-missing" Error
        "image has no SBOM attested to its digest"
        "Without an SBOM attested to the digest nobody can answer which running images hold a package when its next vulnerability is published."
        "plimsoll attest REF@DIGEST --type cyclonedx --predicate FILE";
}
