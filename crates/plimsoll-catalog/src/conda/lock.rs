//! What conda would install: `environment.yml` as `conda env export` writes it, and `conda-lock.yml`. Both are read line
//! by line, in the shape that the tools write.

use super::{channel_and_subdir, package_url};
use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::digest;
use crate::facts::{Facts, File, Record};
use crate::python::name;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "conda-lock",
    about: "environments and lock files of conda",
    evidence: &[
        Evidence::Directory { glob: "**/environment.yml", limit: 4 * MIB },
        Evidence::Directory { glob: "**/environment.yaml", limit: 4 * MIB },
        Evidence::Directory { glob: "**/conda-lock.yml", limit: 64 * MIB },
    ],
    purls: &["conda", "pypi"],
    gives: &[Gives::Dependencies, Gives::Hashes],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    let text = String::from_utf8_lossy(file.bytes);
    match file.name() {
        "conda-lock.yml" => lock(&text, out),
        _ => environment(&text, out),
    }
}

fn join(join: &mut Join<'_>) {
    for (path, mut read) in std::mem::take(&mut join.files) {
        for record in &mut read.facts.records {
            // A lock holds several platforms: names are resolved in one.
            record.scope = format!("{path} {}", record.scope);
        }
        read.root.clear();
        join.place_all(read);
    }
}

/// A line's indentation, whether it begins an item, and its text without either and without a comment.
fn parts(line: &str) -> (usize, bool, &str) {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let text = text.split(" #").next().unwrap_or_default().trim_end();
    match text.strip_prefix("- ") {
        Some(item) => (indent, true, item.trim()),
        None => (indent, false, text),
    }
}

/// A scalar without its quotes.
fn scalar(text: &str) -> &str {
    let text = text.trim();
    let unquoted = |q: char| text.strip_prefix(q).and_then(|t| t.strip_suffix(q));
    unquoted('\'').or_else(|| unquoted('"')).unwrap_or(text)
}

fn environment(text: &str, out: &mut Facts) {
    let (mut inside, mut pip) = (false, None);
    for line in text.lines() {
        let (indent, is_item, text) = parts(line);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !is_item {
            if indent == 0 {
                (inside, pip) = (text == "dependencies:", None);
            }
            continue;
        }
        if !inside {
            continue;
        }
        let item = scalar(text);
        if pip.is_some_and(|p| indent <= p) {
            pip = None;
        }
        if item == "pip:" {
            pip = Some(indent);
        } else if pip.is_some() {
            if let Some((name, version)) = item.split_once("==") {
                let version = version.split([';', ' ']).next().unwrap_or_default();
                out.records.extend(distribution(name.split('[').next().unwrap_or_default(), version));
            }
        } else {
            out.records.extend(conda(item));
        }
    }
}

fn is_exact(version: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-' | b'!');
    !version.is_empty() && version.len() <= 256 && version.bytes().all(legal)
}

/// `channel::name=version=build`.
fn conda(item: &str) -> Option<Record> {
    let (channel, item) = item.rsplit_once("::").unwrap_or(("", item));
    let (name, rest) = item.split_once('=')?;
    let (version, build) = rest.trim_start_matches('=').split_once('=').unwrap_or((rest.trim_start_matches('='), ""));
    let name = super::wanted(name).filter(|n| n == name.trim())?;
    let (version, build) = (version.trim(), build.trim());
    if !is_exact(version) || !(build.is_empty() || is_exact(build)) {
        return None;
    }
    let purl = package_url(&name, version, build, channel_and_subdir(channel).0, "", "");
    Some(Record { ecosystem: Ecosystem::Conda, name, version: version.to_owned(), purl, ..Record::default() })
}

fn distribution(stated: &str, version: &str) -> Option<Record> {
    let name = name::normal(stated).filter(|_| is_exact(version))?;
    let purl = name::package_url(&name, version, "");
    Some(Record { ecosystem: Ecosystem::Pypi, name, version: version.to_owned(), purl, ..Record::default() })
}

/// An entry of `conda-lock.yml` as it is being read.
#[derive(Default)]
struct Entry {
    name: String,
    version: String,
    manager: String,
    platform: String,
    url: String,
    sums: Vec<(String, String)>,
    wants: Vec<Vec<String>>,
}

fn lock(text: &str, out: &mut Facts) {
    let (mut inside, mut entry, mut at, mut section) = (false, None::<Entry>, 0, String::new());
    for line in text.lines() {
        let (indent, is_item, text) = parts(line);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if indent == 0 && !is_item {
            inside = text == "package:";
            finish(entry.take(), out);
            continue;
        }
        let Some((key, value)) = text.split_once(':').filter(|_| inside) else { continue };
        let (key, value) = (scalar(key), scalar(value));
        if is_item && (entry.is_none() || indent < at) {
            finish(entry.take(), out);
            (entry, at) = (Some(Entry::default()), indent + 2);
        }
        let Some(own) = &mut entry else { continue };
        if indent > at || (is_item && indent + 2 != at) {
            match section.as_str() {
                "dependencies" if own.wants.len() < 4096 => own.wants.push(vec![key.to_owned()]),
                "hash" if own.sums.len() < 8 => own.sums.push((key.to_owned(), value.to_owned())),
                _ => {}
            }
            continue;
        }
        key.clone_into(&mut section);
        match key {
            "name" => value.clone_into(&mut own.name),
            "version" => value.clone_into(&mut own.version),
            "manager" => value.clone_into(&mut own.manager),
            "platform" => value.clone_into(&mut own.platform),
            "url" => value.clone_into(&mut own.url),
            _ => {}
        }
    }
    finish(entry, out);
}

fn finish(entry: Option<Entry>, out: &mut Facts) {
    let Some(entry) = entry else { return };
    let mut record = if entry.manager == "pip" {
        distribution(&entry.name, &entry.version)
    } else {
        let file = entry.url.rsplit('/').next().unwrap_or_default();
        let (channel, subdir) = channel_and_subdir(&entry.url);
        let stem = file.trim_end_matches(".conda").trim_end_matches(".tar.bz2");
        let build = stem.rsplit('-').next().filter(|_| stem.matches('-').count() >= 2).unwrap_or_default();
        let name = super::wanted(&entry.name).filter(|_| is_exact(&entry.version));
        name.map(|name| Record {
            ecosystem: Ecosystem::Conda,
            purl: package_url(&name, &entry.version, build, channel, subdir, file),
            name,
            version: entry.version.clone(),
            ..Record::default()
        })
    };
    match &mut record {
        Some(record) => {
            record.scope = entry.platform;
            record.wants = entry.wants;
            record.hashes = entry.sums.iter().filter_map(|(a, h)| digest::hex(a, h)).collect();
            record.download = crate::link::text(super::without_token(&entry.url).as_bytes());
        }
        None => out.trouble(None, "an entry has no name or version; left out"),
    }
    out.records.extend(record);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(name: &str, text: &str) -> Facts {
        let mut out = Facts::default();
        read(&File { path: &format!("/src/{name}"), root: "/src", which: 0, bytes: text.as_bytes() }, &mut out);
        out
    }

    #[test]
    fn an_environment() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11.8=hab00c5b_0_cpython\n  - numpy\n  - scipy>=1.2\n\
            \x20 - conda-forge::zlib=1.2.13 # why\n  - pip=24.0\n  - pip:\n      - Flask==3.0.2\n      - foo>=1\n  - six==1.16.0\nprefix: /opt/conda\n";
        let read = facts("environment.yml", text);
        let purls: Vec<&str> = read.records.iter().map(|r| r.purl.as_str()).collect();
        assert_eq!(
            purls,
            [
                "pkg:conda/python@3.11.8?build=hab00c5b_0_cpython",
                "pkg:conda/zlib@1.2.13?channel=conda-forge",
                "pkg:conda/pip@24.0",
                "pkg:pypi/flask@3.0.2",
                "pkg:conda/six@1.16.0"
            ]
        );
    }

    #[test]
    fn a_lock() {
        let text = "version: 1\nmetadata:\n  platforms:\n  - linux-64\npackage:\n- name: zlib\n  version: 1.2.13\n  manager: conda\n  platform: linux-64\n\
            \x20 dependencies:\n    libgcc-ng: '>=12'\n    libzlib: 1.2.13\n  url: https://conda.anaconda.org/conda-forge/linux-64/zlib-1.2.13-h4ab18f5_6.conda\n\
            \x20 hash:\n    md5: 559d338a4234c2ad6e676f460a093e67\n  category: main\n  optional: false\n- name: Flask\n  version: 3.0.2\n  manager: pip\n  platform: linux-64\n\
            \x20 dependencies: {}\n  url: https://files.pythonhosted.org/f.whl\n  hash:\n    sha256: x\n";
        let read = facts("conda-lock.yml", text);
        let zlib = &read.records[0];
        assert_eq!(zlib.purl, "pkg:conda/zlib@1.2.13?build=h4ab18f5_6&channel=conda-forge&subdir=linux-64&type=conda");
        assert_eq!(zlib.wants, [vec!["libgcc-ng"], vec!["libzlib"]]);
        assert_eq!((zlib.hashes.len(), zlib.scope.as_str()), (1, "linux-64"));
        assert_eq!(read.records[1].purl, "pkg:pypi/flask@3.0.2");
        assert_eq!(read.records.len(), 2);
        for end in 0..text.len() {
            facts("conda-lock.yml", &text[..end]);
            facts("environment.yml", &text[..end]);
        }
    }
}
