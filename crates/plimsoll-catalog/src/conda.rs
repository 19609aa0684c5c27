//! conda packages as conda, mamba, micromamba and pixi record them: `conda-meta/*.json` in each environment.
//!
//! A package owns its files, so that the Python distribution it brings is known to be the same thing.

pub(crate) mod lock;

use plimsoll_version::purl::Purl;
use serde::Deserialize;

use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::facts::{Facts, File, Record};
use crate::{Ecosystem, digest, license, link};

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "conda",
    about: "conda packages",
    evidence: &[Evidence::Path { glob: "**/conda-meta/*.json", limit: 128 * MIB }],
    purls: &["conda"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Files, Gives::Hashes],
    read,
    join: Some(join),
};

/// Files and dependencies that are read of one package.
const MAX_ENTRIES: usize = 1_000_000;

#[derive(Deserialize)]
struct Meta {
    name: Option<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    build: String,
    #[serde(default)]
    channel: Channel,
    subdir: Option<String>,
    #[serde(rename = "fn")]
    file: Option<String>,
    url: Option<String>,
    license: Option<String>,
    md5: Option<String>,
    sha256: Option<String>,
    #[serde(default)]
    depends: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    requested_spec: Option<String>,
}

/// A channel: its URL, or an object that old versions wrote.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Channel {
    Url(String),
    Other(serde::de::IgnoredAny),
    #[default]
    None,
}

/// Reads a package's record.
fn read(file: &File<'_>, out: &mut Facts) {
    let meta: Meta = match serde_json::from_slice(file.bytes) {
        Ok(meta) => meta,
        Err(error) => {
            let line = u32::try_from(error.line()).ok();
            return out.trouble(line, format!("is not a record of a conda package: {error}"));
        }
    };
    // Settings of the environment lie in the same directory, without a name and files.
    let Some(name) = meta.name.as_deref() else { return };
    let (Some(name), true) = (link::token(name.as_bytes()), printable(&meta.version) && printable(&meta.build)) else {
        return out.trouble(None, "name, version or build is malformed; left out");
    };
    if meta.files.len() > MAX_ENTRIES || meta.depends.len() > MAX_ENTRIES {
        out.trouble(None, format!("more than {MAX_ENTRIES} files or dependencies; the first are read"));
    }
    let url = meta.url.as_deref().unwrap_or_default();
    let channel = match &meta.channel {
        Channel::Url(url) => url.as_str(),
        _ => url.rsplit_once('/').map_or("", |(above, _)| above),
    };
    let subdir = meta.subdir.as_deref().unwrap_or_else(|| channel_and_subdir(url).1);
    let file_name = meta.file.as_deref().or_else(|| url.rsplit('/').next()).unwrap_or_default();
    let purl = package_url(&name, &meta.version, &meta.build, channel_and_subdir(channel).0, subdir, file_name);
    let sums = [("md5", meta.md5), ("sha256", meta.sha256)];
    out.records.push(Record {
        ecosystem: Ecosystem::Conda,
        purl,
        licenses: meta
            .license
            .iter()
            .filter_map(|l| link::text(l.as_bytes()))
            .flat_map(|l| license::list(&l))
            .collect(),
        download: meta.url.as_deref().and_then(|u| link::text(without_token(u).as_bytes())),
        hashes: sums.iter().filter_map(|(a, h)| digest::hex(a, h.as_deref()?)).collect(),
        wants: meta.depends.iter().take(MAX_ENTRIES).filter_map(|d| Some(vec![wanted(d)?])).collect(),
        // Relative to the environment, which is the record's root.
        owned: meta.files.into_iter().take(MAX_ENTRIES).filter(|f| f.len() <= 4096).collect(),
        properties: meta
            .requested_spec
            .iter()
            .filter_map(|s| Some(("conda:requested".to_owned(), link::text(s.as_bytes())?)))
            .collect(),
        name,
        version: meta.version,
        ..Record::default()
    });
}

/// Places each package in its environment: dependencies and files mean nothing beyond it.
fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        let Some((prefix, name)) = path.rsplit_once("/conda-meta/") else { continue };
        if !name.contains('/') && name.ends_with(".json") {
            prefix.clone_into(&mut read.root);
            join.place_all(read);
        }
    }
}

fn printable(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// The package's name in a match specification: `python >=3.9,<3.10.0a0`, `conda-forge::numpy=1.26`.
pub(crate) fn wanted(specification: &str) -> Option<String> {
    let name = specification.trim().rsplit("::").next()?;
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '=' | '<' | '>' | '!' | '~' | '[' | ','));
    let name = name.get(..end.unwrap_or(name.len()))?;
    // `__glibc` and its like are properties of the machine.
    link::token(name.as_bytes()).filter(|n| !n.starts_with("__")).map(|n| n.to_ascii_lowercase())
}

/// A channel's name and platform from its URL: `https://conda.anaconda.org/conda-forge/linux-64` is `conda-forge` and
/// `linux-64`.
pub(crate) fn channel_and_subdir(url: &str) -> (&str, &str) {
    let url = url.trim_end_matches('/');
    let file = [".conda", ".tar.bz2"].iter().any(|e| url.ends_with(e));
    let url = if file { url.rsplit_once('/').map_or("", |(above, _)| above) } else { url };
    let (above, last) = url.rsplit_once('/').unwrap_or(("", url));
    let is_subdir = last == "noarch"
        || ["linux-", "osx-", "win-", "emscripten-", "wasi-", "freebsd-", "zos-"].iter().any(|p| last.starts_with(p));
    if is_subdir { (above.rsplit('/').next().unwrap_or_default(), last) } else { (last, "") }
}

/// A URL without the token (`/t/…/`) or password that a private channel's holds.
fn without_token(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let path = match path.strip_prefix("t/").and_then(|p| p.split_once('/')) {
        Some((_, below)) => below,
        None => path,
    };
    format!("{scheme}://{host}/{path}")
}

/// The package URL as its specification writes it.
pub(crate) fn package_url(name: &str, version: &str, build: &str, channel: &str, subdir: &str, file: &str) -> String {
    let kind = [("conda", ".conda"), ("tar.bz2", ".tar.bz2")].iter().find(|(_, e)| file.ends_with(e));
    let purl = Purl::new("conda", name).map(|p| {
        p.with_version(version)
            .with_qualifier("build", build)
            .with_qualifier("channel", channel)
            .with_qualifier("subdir", subdir)
            .with_qualifier("type", kind.map_or("", |(k, _)| k))
    });
    purl.map(|p| p.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As micromamba writes it, with fewer files.
    const ZLIB: &str = r#"{
      "arch": "x86_64", "build": "h4ab18f5_6", "build_number": 6,
      "depends": ["__glibc >=2.17,<3.0.a0", "libgcc-ng >=12", "libzlib 1.2.13 h4ab18f5_6"],
      "license": "Zlib", "md5": "559d338a4234c2ad6e676f460a093e67", "name": "zlib", "version": "1.2.13",
      "sha256": "8ced4afed6322172182af503f21725d072a589a6eb918f8a58135c1e00d35980",
      "subdir": "linux-64", "fn": "zlib-1.2.13-h4ab18f5_6.conda",
      "url": "https://user:pw@conda.anaconda.org/t/secret/conda-forge/linux-64/zlib-1.2.13-h4ab18f5_6.conda",
      "channel": "https://conda.anaconda.org/conda-forge", "requested_spec": "zlib",
      "files": ["include/zlib.h", "lib/libz.so"], "paths_data": {"paths": [{"_path": "include/zlib.h"}]},
      "link": {"source": "/opt/conda/pkgs/zlib-1.2.13-h4ab18f5_6", "type": 1}}"#;

    fn facts(text: &str) -> Facts {
        let mut out = Facts::default();
        let path = "/opt/conda/conda-meta/zlib.json";
        read(&File { path, root: "/opt/conda", which: 0, bytes: text.as_bytes() }, &mut out);
        out
    }

    #[test]
    fn reads_a_record() {
        let facts = facts(ZLIB);
        let record = &facts.records[0];
        assert_eq!(
            record.purl,
            "pkg:conda/zlib@1.2.13?build=h4ab18f5_6&channel=conda-forge&subdir=linux-64&type=conda"
        );
        assert_eq!(record.wants, [vec!["libgcc-ng"], vec!["libzlib"]]);
        assert_eq!(record.licenses, ["Zlib"]);
        assert_eq!(record.owned, ["include/zlib.h", "lib/libz.so"]);
        assert_eq!(record.hashes.len(), 2);
        let download = "https://conda.anaconda.org/conda-forge/linux-64/zlib-1.2.13-h4ab18f5_6.conda";
        assert_eq!(record.download.as_deref(), Some(download));
    }

    #[test]
    fn what_is_none_and_what_is_broken() {
        assert!(facts("{\"env_vars\": {}}").is_empty(), "the environment's settings");
        assert!(
            facts("{\"name\": \"a\", \"channel\": {\"name\": \"x\"}, \"url\": \"https://x.org/c/noarch/a-1-0.conda\"}")
                .records[0]
                .purl
                .contains("channel=c&subdir=noarch&type=conda")
        );
        for end in 0..ZLIB.len() - 1 {
            let facts = facts(&ZLIB[..end]);
            assert!(facts.records.is_empty() && facts.troubles.len() == 1, "{end}");
        }
    }

    #[test]
    fn channels() {
        for (url, expected) in [
            ("https://conda.anaconda.org/conda-forge/linux-64", ("conda-forge", "linux-64")),
            ("https://repo.anaconda.com/pkgs/main/noarch/", ("main", "noarch")),
            ("conda-forge", ("conda-forge", "")),
            ("https://x.org/c/osx-arm64/a-1-0.tar.bz2", ("c", "osx-arm64")),
            ("", ("", "")),
        ] {
            assert_eq!(channel_and_subdir(url), expected, "{url}");
        }
    }
}
