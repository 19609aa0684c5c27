//! SBOM (area B): what could not be catalogued or stated.

area! {
    MISSING = "PL-B001" "sbom-missing" Error
        "image has no SBOM attested to its digest"
        "Without an SBOM attested to the digest nobody can answer which running images hold a package when its next vulnerability is published."
        "plimsoll attest REF@DIGEST --type cyclonedx --predicate FILE";
    EVIDENCE_UNREADABLE = "PL-B002" "sbom-evidence-unreadable" Warning
        "package record could not be read"
        "A package manager's record is there and could not be read in full: it is malformed, too large, or leads to a file that is not one. Packages may be missing from the SBOM, which says that it is incomplete, and a scan of it cannot be trusted to be whole."
        "Repair or rebuild the image so that the record reads; the message names the path and the line";
    DISTRIBUTION_UNKNOWN = "PL-B003" "sbom-distribution-unknown" Error
        "image does not say which distribution it is"
        "Packages of an operating system can only be matched with advisories of their distribution and release. Without os-release, or with one that names no ID, every such package is undecidable, and what is undecidable never passes."
        "Keep /etc/os-release or /usr/lib/os-release in the image, with ID and VERSION_ID";
    NO_PACKAGES = "PL-B004" "sbom-no-packages" Error
        "no packages were found in the image"
        "No package manager's record is in the image, so the SBOM names nothing and a scan of it would find nothing, whatever the image holds. An empty list is not evidence that there is nothing to list."
        "Keep the package database in the image (var/lib/dpkg/status or status.d, lib/apk/db/installed), or give an SBOM of the build with sbom:FILE";
    OTHER_DIGEST = "PL-B005" "sbom-of-another-digest" Error
        "SBOM is about another image"
        "The document names a digest other than the image's, or none. What it lists was found in something else, so nothing it says may decide about this image."
        "plimsoll sbom REF@DIGEST -o cyclonedx-json=FILE";
    FORMAT_NOT_DECIDED = "PL-B006" "sbom-format-not-decided" Error
        "SBOM is not in the decided format"
        "The decisions name the SBOM's format, and the readers downstream rely on it. A document in another format, or in a version of it that they do not read, leaves them without one."
        "plimsoll sbom REF@DIGEST -o spdx-json=FILE or -o cyclonedx-json=FILE, as decided";
    UNREADABLE = "PL-B007" "sbom-unreadable" Error
        "SBOM document could not be read"
        "The document is not SPDX 2, CycloneDX or Syft JSON, or it is malformed: a key stands twice, a field has the wrong type, it ends too early. A document that two readers could understand differently is refused."
        "Write the document again with the decided tool; the message names the line and column";
}
