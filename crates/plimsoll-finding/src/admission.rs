//! Admission (area A): why a workload is refused at the door.

area! {
    UNSIGNED = "PL-A001" "unsigned-image" Error
        "image has no signature by a trusted signer"
        "The image's digest carries no signature that verifies under a signer trusted for it, so nothing shows that it came from the pipeline that was approved."
        "plimsoll sign REF@DIGEST --key KEY";
}
