//! Package records rewritten to what is left (rule R12): `status.d` for dpkg, a filtered database for apk.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_catalog::{Catalog, Ecosystem, Package};
use plimsoll_tree::{NodeKind, Tree};

use crate::HardenError;
use crate::read::Reader;
use crate::units::canonical;

/// The records of the hardened image.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Path → bytes.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Packages that should be listed and whose record was not found.
    pub(crate) lost: Vec<String>,
}

/// Writes the records of `listed` packages (indexes into the catalogue). `kept` says which paths stay.
pub(crate) fn records(
    tree: &Tree,
    catalog: &Catalog,
    reader: &Reader<'_>,
    listed: &BTreeSet<usize>,
    kept: &dyn Fn(&str) -> bool,
) -> Result<Records, HardenError> {
    let mut out = Records::default();
    let packages = || listed.iter().filter_map(|i| catalog.packages.get(*i));
    let debs: Vec<&Package> = packages().filter(|p| p.ecosystem == Ecosystem::Deb).collect();
    let mut stanzas: BTreeMap<(String, String), Vec<u8>> = BTreeMap::new();
    let mut sources: Vec<String> = vec!["/var/lib/dpkg/status".to_owned()];
    sources.extend(
        tree.children("/var/lib/dpkg/status.d").filter(|(p, _)| !p.ends_with(".md5sums")).map(|(p, _)| p.to_owned()),
    );
    for source in sources {
        let Some(bytes) = reader.read(&source)? else { continue };
        for stanza in split_stanzas(&bytes) {
            if let Some(name) = field(stanza, "Package") {
                let arch = field(stanza, "Architecture").unwrap_or_default();
                stanzas.entry((name, arch)).or_insert_with(|| [stanza, b"\n"].concat());
            }
        }
    }
    let mut names = BTreeMap::<&str, usize>::new();
    for deb in &debs {
        *names.entry(deb.name.as_str()).or_default() += 1;
    }
    for deb in debs {
        let Some(stanza) = stanzas.get(&(deb.name.clone(), deb.arch.clone())) else {
            out.lost.push(deb.name.clone());
            continue;
        };
        // Two architectures of one package need two names.
        let twice = names.get(deb.name.as_str()).is_some_and(|n| *n > 1);
        let file = if twice { format!("{}:{}", deb.name, deb.arch) } else { deb.name.clone() };
        if file.contains('/') || file.starts_with('.') {
            out.lost.push(deb.name.clone());
            continue;
        }
        out.files.insert(format!("/var/lib/dpkg/status.d/{file}"), stanza.clone());
        let sums = [
            format!("/var/lib/dpkg/info/{}.md5sums", deb.name),
            format!("/var/lib/dpkg/info/{}:{}.md5sums", deb.name, deb.arch),
            format!("/var/lib/dpkg/status.d/{}.md5sums", deb.name),
            format!("/var/lib/dpkg/status.d/{file}.md5sums"),
        ];
        for source in sums {
            if let Some(bytes) = reader.read(&source)? {
                out.files.insert(format!("/var/lib/dpkg/status.d/{file}.md5sums"), filter_md5sums(&bytes, tree, kept));
                break;
            }
        }
    }
    let apks: BTreeMap<&str, &Package> =
        packages().filter(|p| p.ecosystem == Ecosystem::Apk).map(|p| (p.name.as_str(), p)).collect();
    for place in ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"] {
        let Some((real, node)) = tree.lookup(place) else { continue };
        if !matches!(node.kind, NodeKind::File { .. }) || out.files.contains_key(&real) {
            continue;
        }
        if let Some(bytes) = reader.read(&real)? {
            let names: BTreeSet<&str> = apks.keys().copied().collect();
            out.files.insert(real, filter_apk(&bytes, tree, &names, kept));
        }
    }
    Ok(out)
}

/// Blank-line separated stanzas, each ending in its last newline.
fn split_stanzas(bytes: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        if line.iter().all(u8::is_ascii_whitespace) {
            if at > start {
                out.push(&bytes[start..at]);
            }
            start = at + line.len();
        }
        at += line.len();
    }
    if bytes.len() > start {
        out.push(&bytes[start..]);
    }
    out
}

fn field(stanza: &[u8], name: &str) -> Option<String> {
    let prefix = format!("{name}:");
    stanza.split(|b| *b == b'\n').find_map(|line| {
        let value = line.strip_prefix(prefix.as_bytes())?;
        Some(String::from_utf8_lossy(value).trim().to_owned())
    })
}

/// Lines of files that stay: hex, two spaces, path without the leading slash. A malformed line goes; scanners stumble on it.
fn filter_md5sums(bytes: &[u8], tree: &Tree, kept: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for line in bytes.split(|b| *b == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((sum, path)) = line.split_once("  ") else { continue };
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let sound = sum.len() == 32 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        if sound && kept(&canonical(tree, &format!("/{path}"))) {
            out.extend_from_slice(format!("{sum}  {path}\n").as_bytes());
        }
    }
    out
}

/// Blocks of listed packages, their file lines reduced to files that stay.
fn filter_apk(bytes: &[u8], tree: &Tree, listed: &BTreeSet<&str>, kept: &dyn Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for block in split_stanzas(bytes) {
        let lines: Vec<&[u8]> = block.split(|b| *b == b'\n').filter(|l| !l.is_empty()).collect();
        let name = lines.iter().find_map(|l| l.strip_prefix(b"P:")).map(String::from_utf8_lossy);
        if !name.is_some_and(|n| listed.contains(n.as_ref())) {
            continue;
        }
        let mut dir = String::new();
        // Directory lines wait until a file of the directory stays.
        let mut waiting: Vec<&[u8]> = Vec::new();
        let mut file_stays = false;
        for line in lines {
            match line {
                [b'F', b':', rest @ ..] => {
                    dir = String::from_utf8_lossy(rest).into_owned();
                    waiting = vec![line];
                    file_stays = false;
                }
                [b'M', b':', ..] => waiting.push(line),
                [b'R', b':', rest @ ..] => {
                    let place = format!("/{dir}/{}", String::from_utf8_lossy(rest)).replace("//", "/");
                    file_stays = kept(&canonical(tree, &place));
                    if file_stays {
                        for held in waiting.drain(..).chain([line]) {
                            out.extend_from_slice(held);
                            out.push(b'\n');
                        }
                    }
                }
                [b'a' | b'Z', b':', ..] if !dir.is_empty() || !waiting.is_empty() => {
                    if file_stays {
                        out.extend_from_slice(line);
                        out.push(b'\n');
                    }
                }
                _ => {
                    out.extend_from_slice(line);
                    out.push(b'\n');
                }
            }
        }
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_and_fields() {
        let text = b"Package: a\nArchitecture: all\n\n\nPackage: b\nDescription: x\n y\n";
        let stanzas = split_stanzas(text);
        assert_eq!(stanzas, [&b"Package: a\nArchitecture: all\n"[..], b"Package: b\nDescription: x\n y\n"]);
        assert_eq!(field(stanzas[1], "Package").as_deref(), Some("b"));
    }

    #[test]
    fn md5sums_keep_only_sound_lines_of_kept_files() {
        let text =
            b"0123456789abcdef0123456789abcdef  usr/bin/a\n0123456789abcdef0123456789abcdef  usr/bin/b\nbroken\n";
        let out = filter_md5sums(text, &Tree::default(), &|p| p == "/usr/bin/a");
        assert_eq!(out, b"0123456789abcdef0123456789abcdef  usr/bin/a\n");
    }

    #[test]
    fn apk_blocks_keep_identity_and_lose_files() {
        let text = b"C:Q1x\nP:musl\nV:1.2\nA:x86_64\nF:lib\nR:ld-musl.so.1\na:0:0:755\nZ:Q1a\nR:gone\nZ:Q1b\nF:etc\nR:x\n\nP:busybox\nV:1\n\n";
        let out = filter_apk(text, &Tree::default(), &BTreeSet::from(["musl"]), &|p| p == "/lib/ld-musl.so.1");
        assert_eq!(out, b"C:Q1x\nP:musl\nV:1.2\nA:x86_64\nF:lib\nR:ld-musl.so.1\na:0:0:755\nZ:Q1a\n\n");
    }
}
