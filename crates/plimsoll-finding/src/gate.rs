//! Gate (area G): why the scan refuses, and what it could not decide.

area! {
    BLOCKING = "PL-G001" "blocking-vulnerability" Error
        "a vulnerability reaches the blocking severity of the tier"
        "The package at this version is affected by a published vulnerability whose severity blocks promotion at the decided tier."
        "upgrade the package to the fixed version, or record a waiver with owner, reason and expiry";
    UNKNOWN_SEVERITY = "PL-G002" "unknown-severity" Error
        "a vulnerability has no stated severity"
        "No source states how grave this vulnerability is. Unknown is not low: the decided rule says whether it blocks, and it never disappears behind a threshold."
        "upgrade the package to the fixed version, judge the vulnerability and record a waiver, or decide unknownSeverity: warn for the tier";
    EXPLOITED = "PL-G003" "exploited-vulnerability" Error
        "a vulnerability is known to be exploited"
        "CISA lists this vulnerability as exploited in the wild. The decided rule says whether that blocks at any severity; whether a fix exists does not matter to an attacker."
        "upgrade the package to the fixed version now, or remove the package from the image";
    END_OF_LIFE = "PL-G004" "distribution-end-of-life" Error
        "the distribution of the image is past its end of life"
        "Nobody looks for or fixes vulnerabilities in this release any more, so that a scan finds little says nothing about the image."
        "rebuild the image on a supported release of the distribution";
    UNKNOWN_DISTRIBUTION = "PL-G005" "unknown-distribution" Error
        "the distribution of the image is not known"
        "The image holds distribution packages, but it does not say which release they are of, or no advisories are read for it. Its packages were not compared with anything, which is no pass."
        "keep /etc/os-release in the image, or scan it with a scanner that knows the distribution and give its report";
    NOT_IN_INDEX = "PL-G006" "distribution-not-in-index" Error
        "the advisory index holds nothing on the image's release"
        "The release of the distribution is known, but the index has no advisory for it: finding nothing in it means nothing."
        "plimsoll db build with the feed of that release";
    STALE_INDEX = "PL-G007" "stale-index" Error
        "the advisory index is older than the decided limit"
        "Vulnerabilities that were published since the index was built cannot be found with it, so its answer does not count."
        "plimsoll db build SOURCE_DIR -o FILE, from current data";
    FUTURE_INDEX = "PL-G008" "index-from-the-future" Error
        "the advisory index was built after the time of the judgement"
        "Either the clock (or --now) is wrong, or the index is not what it says; its age cannot be judged."
        "check the clock and the --now given, then plimsoll db verify";
    NO_PACKAGES = "PL-G009" "nothing-to-examine" Error
        "the image has no packages that could be examined"
        "No package database was found and nothing could be looked up. A binary that is in no package is not known to be free of vulnerabilities."
        "give an SBOM of the image, or build it so that its package records stay in place";
    UNDECIDABLE_VERSION = "PL-G010" "undecidable-version" Error
        "a version cannot be compared with an advisory"
        "The installed version, or the one in the advisory, is not a version of its ecosystem, so whether the package is affected is not known. It is read neither as smaller nor as larger."
        "check the package by hand and record a waiver for this vulnerability and package, or install a version of the distribution";
    EXPIRED_WAIVER = "PL-G011" "expired-waiver" Error
        "a waiver for this vulnerability has expired"
        "Somebody accepted this vulnerability for a time, and that time is over: it counts again."
        "upgrade the package, or have the waiver's owner decide anew";
    UNUSED_WAIVER = "PL-G012" "unused-waiver" Warning
        "a waiver covers nothing in this image"
        "No vulnerability of the image matches this waiver. It may belong to another image, or what it excused is gone; waivers that linger excuse what comes later."
        "remove the waiver if no image needs it any more";
    BROAD_WAIVER = "PL-G013" "over-broad-waiver" Warning
        "a waiver names no package"
        "The waiver covers every package with this vulnerability, also those that nobody looked at when it was written."
        "name the package in the waiver";
    NOT_BLOCKING = "PL-G014" "vulnerability-below-threshold" Note
        "a vulnerability does not block under the decided rule"
        "The package is affected, but the decided rule does not let it block: its severity is below the threshold, or only findings with a fix block and there is none."
        "upgrade the package when it is next rebuilt";
    WAIVED = "PL-G015" "waived-vulnerability" Note
        "a vulnerability is waived"
        "A waiver with owner, reason and last day covers this vulnerability in this package."
        "fix it before the waiver ends";
    LONG_TERM_SUPPORT = "PL-G016" "distribution-in-long-term-support" Warning
        "the distribution of the image gets long-term support only"
        "Regular security support of the release has ended. Long-term support fixes fewer packages, and later."
        "plan the move to the next release of the distribution";
    LIFETIME_UNKNOWN = "PL-G017" "support-window-unknown" Warning
        "how long the image's release is supported is not known"
        "The index holds advisories for the release, but not until when anybody looks after it. Where an end of life blocks, this does too."
        "plimsoll db build with a current table of releases";
    NOT_EXAMINED = "PL-G018" "packages-not-examined" Warning
        "some packages were not examined"
        "The image or SBOM holds packages of kinds that the index has no advisories for; nothing is known about them."
        "scan these packages with a scanner that knows them, or add their feed to the index";
    KERNEL_HEADERS = "PL-G019" "kernel-headers" Note
        "vulnerabilities of the kernel are counted for its headers only"
        "The image holds kernel headers. They are data for compilers; the kernel that runs is the node's, so its vulnerabilities are counted here and judged nowhere."
        "remove development packages from the runtime image";
    OLD_FEED = "PL-G020" "old-feed" Warning
        "a feed in the advisory index is older than the decided limit"
        "The index is fresh, but it was built from a snapshot that is not: what was published since that snapshot cannot be found."
        "plimsoll db build SOURCE_DIR -o FILE, from a current snapshot of the feed";
    SOURCES_DISAGREE = "PL-G021" "severity-disputed" Warning
        "another source rates a vulnerability graver than the one that was believed"
        "The severity that was judged is the most believed source's; another source states one that would block."
        "read both advisories; if the graver one is right for this image, upgrade the package";
    UNREADABLE_RECORDS = "PL-G022" "unreadable-package-records" Error
        "a record of installed packages could not be read"
        "The image holds package records that are damaged or malformed: packages may be installed that were not examined, so a clean result would show nothing."
        "repair or rebuild the image; plimsoll sbom IMAGE names every place that was not read";
}
