//! Admission reviews: total on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = plimsoll_workload::parse_admission_review(data) {
        assert!(!request.uid.is_empty());
        if let Some(workload) = request.workload() {
            let _ = (workload.images(), workload.malformed(), workload.unknown_image_fields());
        }
    }
});
