//! Manifest files: total on any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = plimsoll_workload::parse_manifests("fuzz.yaml", text);
    for problem in &found.problems {
        assert!(problem.line >= 1);
        let _ = problem.finding();
    }
    for workload in &found.workloads {
        let (containers, images) = (workload.containers(), workload.images());
        assert!(images.len() >= containers.len());
        for container in &containers {
            let _ = (workload.security(container), container.hook_commands(), container.mounts(), container.ports());
        }
        let _ = (workload.malformed(), workload.unknown_image_fields(), workload.display_name());
    }
});
