//! Manifests nobody should have written: each is refused, told by its place, and never read without bound.

use std::fs::File;

use super::common::{NOW, Site};

const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n      image: x@sha256:1\n";

/// The sample with this manifest alone.
fn site(name: &str, text: impl AsRef<[u8]>) -> Site {
    let site = Site::new();
    std::fs::remove_dir_all(site.path("manifests")).unwrap();
    site.write(name, text);
    site
}

/// Both commands that read manifests refuse with this code and text, and write nothing.
#[track_caller]
fn refused(site: &Site, code: i32, text: &str) {
    let before = site.files().into_keys().collect::<Vec<_>>();
    site.promote(&[]).exit(code).says(text);
    site.run(["admit", "test", "manifests", "--decisions", "decisions", "--now", NOW]).exit(code);
    assert_eq!(site.files().into_keys().collect::<Vec<_>>(), before);
}

#[test]
fn a_duplicate_key_is_told_with_its_line() {
    let site = site("manifests/pod.yaml", format!("{POD}      image: y\n"));
    refused(&site, 2, "manifests/pod.yaml:9:7");
}

#[test]
fn a_duplicate_key_in_json_is_refused_too() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"hostPID": false, "hostPID": true}}"#;
    refused(&site("manifests/pod.json", text), 2, "hostPID");
}

#[test]
fn a_large_manifest_is_refused_unread() {
    let mut text = POD.to_owned().into_bytes();
    text.extend(b"# ".repeat(2 << 20));
    text.push(b'\n');
    refused(&site("manifests/pod.yaml", text), 2, "at most 4194304 are read");
}

#[test]
fn two_gigabytes_are_refused_unread() {
    let site = site("manifests/a.yaml", "");
    // Sparse: it takes no room, and reading it would take two gigabytes of memory.
    File::options().write(true).open(site.path("manifests/a.yaml")).unwrap().set_len(2 << 30).unwrap();
    site.promote(&[]).exit(2).says("manifests/a.yaml has 2147483648 bytes; at most 4194304 are read");
    std::fs::rename(site.path("manifests/a.yaml"), site.path("decisions/plimsoll.yaml")).unwrap();
    site.promote(&[]).exit(2).says("decisions/plimsoll.yaml has 2147483648 bytes");
    assert!(!site.path("out").exists());
}

#[test]
fn a_long_field_within_the_limit_is_read() {
    let long = "x".repeat(3 << 20);
    let site = site("manifests/pod.yaml", format!("{POD}      args: [\"{long}\"]\n"));
    site.run(["admit", "test", "manifests", "--decisions", "decisions", "--tier", "1", "--now", NOW]).exit(21);
}

#[test]
fn depth_is_bounded() {
    let deep = format!("a: {}{}\n", "[".repeat(50_000), "]".repeat(50_000));
    refused(&site("manifests/pod.yaml", format!("{POD}{deep}")), 2, "manifests/pod.yaml");
    let bomb: String = (1..12).fold("x0: &x0 [y, y, y, y, y, y, y, y, y]\n".to_owned(), |text, n| {
        let entry = format!("*x{}", n - 1);
        format!("{text}x{n}: &x{n} [{}]\n", vec![entry; 9].join(", "))
    });
    refused(&site("manifests/pod.yaml", format!("{POD}{bomb}")), 2, "manifests/pod.yaml");
}

#[test]
fn a_template_is_told_to_be_rendered_first() {
    let site = site("manifests/pod.yaml", POD.replace("name: a\nspec", "name: {{ .Values.name }}\nspec"));
    refused(&site, 2, "helm template");
}

#[test]
fn nothing_to_examine_has_its_own_code() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n";
    refused(&site("manifests/notes.txt", "none"), 32, "no workload");
    refused(&site("manifests/service.yaml", service), 32, "no workload");
}

#[test]
fn several_workloads_must_be_told_apart() {
    let site = Site::new();
    let other =
        site.read("manifests/deployment.yaml").replace("name: tidewater\n  namespace", "name: ebb\n  namespace");
    site.write("manifests/other.yaml", other);
    site.promote(&[]).exit(2).says("Deployment/ebb").says("--workload KIND/NAME");
    site.promote(&["--workload", "Deployment/tidewater"]).exit(0);
    site.promote(&["--workload", "Deployment/flood"]).exit(32).says("there is no workload 'Deployment/flood'");
}
