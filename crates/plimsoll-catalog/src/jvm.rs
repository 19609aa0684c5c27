//! Java runtimes by their `release` file.

use plimsoll_version::purl::Purl;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, link};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "jvm",
    about: "Java runtimes",
    evidence: &[Evidence::Path { glob: "**/release", limit: MIB }],
    purls: &["generic"],
    gives: &[Gives::Supplier],
    read,
    join: Some(join),
};

/// What a `release` file says, in the order of the note.
const KEYS: [&str; 7] = [
    "JAVA_RUNTIME_VERSION",
    "FULL_VERSION",
    "JAVA_VERSION",
    "IMPLEMENTOR",
    "IMAGE_TYPE",
    "SOURCE_REPO",
    "BUILD_SOURCE_REPO",
];

/// Reads `KEY="value"` lines. Many other things are called `release`: those without a Java version say nothing.
fn read(file: &File<'_>, out: &mut Facts) {
    let mut values = vec![String::new(); KEYS.len()];
    for line in file.bytes.split(|&b| b == b'\n') {
        let Some(at) = memchr::memchr(b'=', line) else { continue };
        let (key, value) = line.split_at(at);
        let index = KEYS.iter().position(|k| k.as_bytes() == key.trim_ascii());
        if let Some(slot) = index.and_then(|i| values.get_mut(i)) {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
            *slot = link::text(value).unwrap_or_default();
        }
    }
    if values.iter().take(3).any(|v| v.starts_with(|c: char| c.is_ascii_digit())) {
        out.note("release", values);
    }
}

/// Whether it is a development kit is told by the compiler beside it.
fn join(join: &mut Join<'_>) {
    for (path, read) in std::mem::take(&mut join.files) {
        let [runtime, full, java, implementor, image, source, build] = read.facts.noted("release") else { continue };
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        let is_kit = join.tree.lookup(&format!("{dir}/bin/javac")).is_some() || image.eq_ignore_ascii_case("jdk");
        let version = version(runtime, full, java);
        let (vendor, product) = product(implementor, path, is_kit);
        let repository = if source.is_empty() { build } else { source };
        let purl = Purl::new("generic", product).map(|p| {
            p.with_namespace(vendor).with_version(version).with_qualifier("repository_url", repository).to_string()
        });
        let record = Record {
            ecosystem: Ecosystem::Binary,
            name: product.to_owned(),
            version: version.to_owned(),
            purl: purl.unwrap_or_default(),
            cpes: cpes(vendor, product, version, is_kit),
            maintainer: Some(implementor.clone()).filter(|i| !i.is_empty() && i != "N/A"),
            ..Record::default()
        };
        join.place(record, &read.root, path, read.node);
    }
}

/// The most exact version: the runtime's, the full one unless it counts differently (`8.0.422` for `1.8.0_422`), and
/// then Java's.
fn version<'a>(runtime: &'a str, full: &'a str, java: &'a str) -> &'a str {
    let major = |v: &'a str| v.split('.').next();
    match (runtime, full) {
        ("", "") => java,
        ("", full) if java.is_empty() || major(full) == major(java) => full,
        ("", _) => java,
        (runtime, _) => runtime,
    }
}

/// Vendor and product, as vulnerability data call them: every build of OpenJDK is Oracle's OpenJDK.
fn product(implementor: &str, path: &str, is_kit: bool) -> (&'static str, &'static str) {
    let implementor = implementor.to_ascii_lowercase();
    let kind = if is_kit { "jdk" } else { "jre" };
    if implementor.contains("azul") || path.contains("zulu") {
        ("azul", "zulu")
    } else if implementor.contains("sun microsystems") {
        ("sun", kind)
    } else if implementor.contains("oracle") || path.contains("oracle") {
        ("oracle", kind)
    } else {
        ("oracle", "openjdk")
    }
}

/// Names that vulnerability data know it by.
fn cpes(vendor: &str, product: &str, version: &str, is_kit: bool) -> Vec<String> {
    // `1.8.0_302-b08` is update 302 of 1.8.0; newer versions end at the plus.
    let (short, update) = match version.split_once('_') {
        Some((short, rest)) => (short, rest.split('-').next().unwrap_or_default().trim_start_matches('0')),
        None => (version.split(['+', '-']).next().unwrap_or_default(), ""),
    };
    let is_plain = |t: &str| t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    if short.is_empty() || !is_plain(short) || !is_plain(update) {
        return Vec::new();
    }
    let update = if update.is_empty() { "*".to_owned() } else { format!("update{update}") };
    let names: &[(&str, &str)] = match (vendor, product, is_kit) {
        ("azul", ..) => &[("azul", "zulu"), ("oracle", "openjdk")],
        ("sun", _, true) => &[("sun", "jre"), ("sun", "jdk")],
        ("sun", _, false) => &[("sun", "jre")],
        (_, "openjdk", _) => &[("oracle", "openjdk")],
        (_, _, true) => &[("oracle", "java_se"), ("oracle", "jre"), ("oracle", "jdk")],
        (_, _, false) => &[("oracle", "java_se"), ("oracle", "jre")],
    };
    names.iter().map(|(v, p)| format!("cpe:2.3:a:{v}:{p}:{short}:{update}:*:*:*:*:*:*")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(text: &str) -> Vec<String> {
        let mut out = Facts::default();
        read(
            &File { path: "/opt/java/openjdk/release", root: "/opt/java/openjdk", which: 0, bytes: text.as_bytes() },
            &mut out,
        );
        assert!(out.troubles.is_empty() && out.records.is_empty());
        out.noted("release").to_vec()
    }

    #[test]
    fn release_files() {
        let temurin = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"21.0.4+7-LTS\"\nJAVA_VERSION=\"21.0.4\"\n\
            SOURCE_REPO=\"https://github.com/adoptium/jdk21u.git\"\nFULL_VERSION=\"21.0.4+7-LTS\"\nIMAGE_TYPE=\"JDK\"\n";
        let values = noted(temurin);
        assert_eq!(values[0], "21.0.4+7-LTS");
        assert_eq!(values[3], "Eclipse Adoptium");
        assert_eq!(noted("JAVA_VERSION=\"1.8.0_422\"")[2], "1.8.0_422");
        assert!(noted("VERSION=1\n").is_empty() && noted("JAVA_VERSION=x").is_empty() && noted("").is_empty());
        for end in 0..temurin.len() {
            noted(&temurin[..end]);
        }
    }

    #[test]
    fn versions_and_products() {
        assert_eq!(version("21.0.4+7-LTS", "x", "y"), "21.0.4+7-LTS");
        assert_eq!(version("", "1.8.0_422-b05", "1.8.0_422"), "1.8.0_422-b05");
        assert_eq!(version("", "8.0.422+5", "1.8.0_422"), "1.8.0_422");
        assert_eq!(version("", "", "11"), "11");
        assert_eq!(product("Azul Systems, Inc.", "/x", true), ("azul", "zulu"));
        assert_eq!(product("Oracle Corporation", "/x", false), ("oracle", "jre"));
        assert_eq!(product("Amazon.com Inc.", "/x", true), ("oracle", "openjdk"));
    }

    #[test]
    fn cpe_names() {
        assert_eq!(cpes("oracle", "openjdk", "21.0.4+7-LTS", true), ["cpe:2.3:a:oracle:openjdk:21.0.4:*:*:*:*:*:*:*"]);
        assert_eq!(cpes("sun", "jre", "1.6.0_45-b06", false), ["cpe:2.3:a:sun:jre:1.6.0:update45:*:*:*:*:*:*"]);
        assert_eq!(cpes("oracle", "jdk", "17:1", true), Vec::<String>::new());
    }
}
