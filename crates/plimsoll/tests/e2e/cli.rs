//! The command line's contract: exit codes, what is on stdout, colours, pipes.

use std::process::Stdio;

use super::common::{Done, NOW, Site};

#[test]
fn codes_are_explained() {
    let site = Site::empty();
    let done = site.run(["explain", "PL-A001"]).exit(0);
    assert!(done.out.starts_with("PL-A001 unsigned-image (error)\n") && done.out.contains("\nnext: "), "{}", done.out);
    assert_eq!(done.err, "");
    let all = site.run(["explain"]).exit(0).out;
    for code in all.lines().filter_map(|l| l.split_whitespace().next()) {
        assert!(site.run(["explain", code]).exit(0).out.starts_with(code));
    }
    assert!(all.lines().count() > 50, "{all}");
    for unknown in ["PL-A999", "A001", ""] {
        let done = site.run(["explain", unknown]).exit(2).says("plimsoll explain lists every code");
        assert_eq!(done.out, "");
    }
}

#[test]
fn version_and_completion_are_on_stdout() {
    let site = Site::empty();
    let version = concat!("plimsoll ", env!("CARGO_PKG_VERSION"), "\n");
    for args in [["version"], ["--version"]] {
        let done = site.run(args).exit(0);
        assert_eq!((done.out.as_str(), done.err.as_str()), (version, ""));
    }
    for shell in ["bash", "zsh", "fish"] {
        let done = site.run(["completion", shell]).exit(0);
        assert!(done.out.contains("verify-attestation"), "{shell}");
    }
    site.run(["completion", "tcl"]).exit(2);
}

#[test]
fn usage_errors_are_2_and_leave_stdout_empty() {
    let site = Site::empty();
    let cases: [&[&str]; 9] = [
        &[],
        &["--nonsense"],
        &["nonsense"],
        &["promote"],
        &["scan", "dir:.", "--tier", "1"],
        &["scan", "dir:.", "--fail-on", "dreadful"],
        &["sbom", "dir:.", "-o", "nonsense"],
        &["sbom", "dir:.", "-o", "purls", "-o", "table"],
        &["sbom", "dir:.", "--now", "yesterday"],
    ];
    for args in cases {
        let done = site.run(args).exit(2);
        assert!(done.out.is_empty() && !done.err.is_empty(), "{args:?}");
    }
    let bad = site.plimsoll().env("SOURCE_DATE_EPOCH", "soon");
    bad.run(["sbom", "dir:."]).exit(2).says("SOURCE_DATE_EPOCH is 'soon'");
}

#[test]
fn stdout_carries_the_result_alone() {
    let site = Site::new();
    let args = ["sbom", "oci-dir:image", "--platform", "linux/amd64", "-o", "cyclonedx-json"];
    let loud = site.run(args).exit(0).says("source oci-dir:image → sha256:");
    assert_eq!(loud.json()["bomFormat"], "CycloneDX");
    let quiet = site.run(args.iter().chain(&["-q"])).exit(0);
    assert_eq!((quiet.out, quiet.err.as_str()), (loud.out, ""));
    // Quiet does not silence what went wrong.
    let done = site.run(["sbom", "oci-dir:gone", "-q"]).exit(30).says("error: ");
    assert_eq!(done.out, "");
    let quiet = site.promote(&["-q"]).exit(0);
    assert_eq!((quiet.out.lines().count(), quiet.err.as_str()), (1, ""));
}

#[test]
fn colour_is_for_those_who_ask() {
    let site = Site::empty();
    let coloured = |done: Done| done.out.contains('\x1b') || done.err.contains('\x1b');
    let run = |env: &[(&str, &str)], more: &[&str]| {
        let plimsoll = env.iter().fold(site.plimsoll(), |p, (k, v)| p.env(k, v));
        coloured(plimsoll.run(["explain", "PL-A001"].iter().chain(more)))
    };
    assert!(!run(&[], &[]), "not into a pipe");
    assert!(run(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(run(&[], &["--color", "always"]));
    assert!(!run(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
}

#[test]
fn progress_is_on_stderr_and_can_be_json() {
    let site = Site::new();
    let args = ["sbom", "oci-dir:image", "--platform", "linux/amd64", "-o", "purls", "--progress"];
    let json = site.run(args.iter().chain(&["json"])).exit(0);
    let lines: Vec<&str> = json.err.lines().filter(|l| l.starts_with('{')).collect();
    assert!(!lines.is_empty(), "{}", json.err);
    for line in lines {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let none = site.run(args.iter().chain(&["none"])).exit(0);
    assert_eq!(none.out, json.out);
}

#[test]
fn outputs_go_to_files() {
    let site = Site::new();
    let args = ["sbom", "oci-dir:image", "--platform", "linux/amd64", "-o", "spdx-json=a/b.json", "-o", "purls"];
    let done = site.run(args).exit(0);
    assert!(done.out.lines().all(|l| l.starts_with("pkg:")), "{}", done.out);
    let spdx: serde_json::Value = serde_json::from_str(&site.read("a/b.json")).unwrap();
    assert_eq!(spdx["spdxVersion"], "SPDX-2.3");
    site.run(["sbom", "oci-dir:image", "--platform", "linux/amd64", "-o", "spdx-json@9"]).exit(2);
    site.run(["sbom", "oci-dir:image", "--platform", "linux/amd64", "-o", "purls=a/b.json/c"])
        .exit(30)
        .says("cannot write");
}

#[test]
fn exit_zero_forgives_findings_and_not_faults() {
    let site = Site::new();
    let scan = ["scan", "oci-dir:image", "--platform", "linux/amd64", "--db", "plimsoll.db", "--now", NOW];
    site.run(scan).exit(20);
    site.run(scan.iter().chain(&["--exit-zero"])).exit(0);
    site.run(["scan", "oci-dir:gone", "--db", "plimsoll.db", "--exit-zero"]).exit(30);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let site = Site::new();
    let commands: [&[&str]; 3] = [
        &["explain"],
        &["completion", "bash"],
        &["sbom", "oci-dir:image", "--platform", "linux/amd64", "-q", "-o", "cyclonedx-json"],
    ];
    for args in commands {
        let mut child = site.plimsoll().command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // The pipe is closed before anything was read.
        drop(child.stdout.take());
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn offline_takes_no_word_of_the_command_line() {
    let site = Site::new();
    let plain = site.run(["sbom", "--offline", "oci-dir:image", "-o", "purls"]).exit(0);
    let before = site.run(["--offline", "sbom", "oci-dir:image", "-o", "purls"]).exit(0);
    assert!(plain.out.starts_with("pkg:deb/debian/") && plain.out == before.out, "{}", plain.out);
    site.run(["sbom", "--offline", "registry.example.com/shop/web:1"]).exit(30).says("--offline: registry.example.com");
}
