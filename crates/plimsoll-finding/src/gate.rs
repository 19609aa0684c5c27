//! Gate (area G): why the scan refuses, and what it could not decide.

area! {
    BLOCKING = "PL-G001" "blocking-vulnerability" Error
        "a vulnerability reaches the blocking severity of the tier"
        "The package at this version is affected by a published vulnerability whose severity blocks promotion at the decided tier."
        "upgrade the package to the fixed version, or record a waiver with owner, reason and expiry";
}
