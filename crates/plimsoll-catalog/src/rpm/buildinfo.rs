//! Red Hat's build information: which repositories an image's packages come from, and which build of theirs it is.

use serde_json::Value;

use crate::facts::Facts;
use crate::link;

/// The most repositories of one file; real ones name a dozen.
const MAX_SETS: usize = 256;

/// Repositories (`content_sets`) of a content manifest.
pub(super) fn content_sets(bytes: &[u8], out: &mut Facts) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        out.trouble(None, "is no JSON");
        return;
    };
    let sets = value.get("content_sets").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names = sets.iter().take(MAX_SETS).filter_map(Value::as_str).filter_map(|s| link::token(s.as_bytes()));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        out.note("redhat:content-set", names);
    }
}

/// The build that a `Dockerfile-NAME-VERSION-RELEASE` belongs to: its component is a label, its version and release are
/// the file's name.
pub(super) fn build(name: &str, bytes: &[u8], out: &mut Facts) {
    let mut parts = name.rsplitn(3, '-');
    let (Some(release), Some(version)) = (parts.next(), parts.next()) else { return };
    if let Some(component) = label(bytes, b"com.redhat.component")
        && let Some(build) = link::token(format!("{component}-{version}-{release}").as_bytes())
    {
        out.note("redhat:build", vec![build]);
    }
}

/// The value of a label, in quotes or without: `LABEL "name"="value" other=value`. One with a variable is none.
fn label(bytes: &[u8], name: &[u8]) -> Option<String> {
    for line in bytes.split(|b| *b == b'\n').take(100_000) {
        let Some(at) = memchr::memmem::find(line, name) else { continue };
        let rest = line.get(at + name.len()..)?;
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest).trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"=") else { continue };
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let end = rest.iter().position(|b| matches!(b, b'"' | b' ' | b'\t' | b'\\' | b'\r')).unwrap_or(rest.len());
        if let Some(value) = rest.get(..end).and_then(link::name) {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_files() {
        let mut out = Facts::default();
        content_sets(
            br#"{"metadata":{"icm_version":1},"content_sets":["rhel-8-for-x86_64-baseos-rpms",3,""]}"#,
            &mut out,
        );
        assert_eq!(out.noted("redhat:content-set"), ["rhel-8-for-x86_64-baseos-rpms"]);
        let text = b"FROM x\nLABEL \"com.redhat.component\"=\"ubi8-container\" \\\n \"architecture\"=\"x86_64\"\n";
        build("Dockerfile-ubi8-8.3-227", text, &mut out);
        assert_eq!(out.noted("redhat:build"), ["ubi8-container-8.3-227"]);
        let mut none = Facts::default();
        build("Dockerfile-x-1-2", b"LABEL com.redhat.component=$NAME", &mut none);
        build("Dockerfile", b"", &mut none);
        content_sets(b"{}", &mut none);
        assert!(none.is_empty());
        content_sets(b"{", &mut none);
        assert_eq!(none.troubles.len(), 1);
    }
}
