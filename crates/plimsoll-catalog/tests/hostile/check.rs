//! What holds of every cataloger, whatever bytes it is given. The tests and the fuzz targets share it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use plimsoll_catalog::cataloger::{Cataloger, Evidence, Format};
use plimsoll_catalog::{
    CATALOGERS, Catalog, Extracting, Facts, FactsByContent, File, LayerFacts, Record, assemble, merge_layers,
    read_layer,
};
use plimsoll_layer::{Entry, EntryKind, Limits, TarWriter};
use plimsoll_tree::{Builder, MemoryContents, Tree};
use plimsoll_version::purl::Purl;

/// Stands between the files of an input that holds several; the byte behind it says which pattern the next one matches.
pub const NEXT_FILE: &[u8] = b"\xffFILE";

/// The cataloger of a name.
pub fn named(name: &str) -> &'static Cataloger {
    CATALOGERS.iter().find(|c| c.name == name).expect("the target names a cataloger")
}

/// Everything at once: the bytes as a file of each pattern, and as whole images.
pub fn everything(cataloger: &Cataloger, bytes: &[u8]) {
    reading(cataloger, bytes);
    images(cataloger, bytes);
}

/// A path that matches a pattern.
fn path(evidence: &Evidence) -> String {
    match *evidence {
        Evidence::Path { glob, .. } | Evidence::Directory { glob, .. } | Evidence::Head { glob, .. } => {
            format!("/{}", glob.trim_start_matches('/').replace("**/", "opt/").replace('*', "x1"))
        }
        Evidence::Executable { format: Format::Pe, .. } => "/opt/x1.dll".to_owned(),
        Evidence::Executable { .. } => "/opt/x1".to_owned(),
    }
}

/// Reads the bytes as a file of each of the cataloger's patterns, and checks what came out.
pub fn reading(cataloger: &Cataloger, bytes: &[u8]) {
    reading_as(cataloger, bytes, usize::MAX);
}

/// The same for its first few patterns, where the bytes are many.
pub fn reading_as(cataloger: &Cataloger, bytes: &[u8], patterns: usize) {
    for (which, evidence) in cataloger.evidence.iter().enumerate().take(patterns) {
        let path = path(evidence);
        let root =
            if path.starts_with("/opt/") && !matches!(evidence, Evidence::Executable { .. }) { "/opt" } else { "" };
        let mut facts = Facts::default();
        (cataloger.read)(&File { path: &path, root, which, bytes }, &mut facts);
        check_facts(&facts, cataloger.join.is_some(), bytes.len(), &path);
    }
}

fn check_facts(facts: &Facts, joined: bool, input: usize, path: &str) {
    let records = u32::try_from(facts.records.len()).expect("no file holds four thousand million packages");
    for record in &facts.records {
        // A join may find the name elsewhere.
        assert!(joined || !record.name.is_empty(), "{path}: a package has no name: {record:?}");
        check_purl(&record.purl);
        assert!(record.needs.iter().chain(&record.within).all(|i| *i < records), "{path}: an edge leads nowhere");
    }
    let notes = facts.notes.iter().flat_map(|n| &n.values).map(|v| v.len() + size_of::<String>()).sum::<usize>();
    let troubles = facts.troubles.iter().map(|(_, why)| why.len() + size_of::<String>()).sum::<usize>();
    let records = facts.records.iter().map(size).sum::<usize>();
    let most = most(input);
    assert!(
        records + notes + troubles <= most,
        "{path}: {input} bytes became {records} of records, {notes} of notes, {troubles} of troubles"
    );
}

/// The most bytes that facts or a catalogue may take: inputs this small never need more than 64 MiB.
fn most(input: usize) -> usize {
    assert!(input <= 2 << 20, "the bound is meant for small inputs");
    (64 << 20).min((4 << 20) + 1024 * input)
}

fn size(record: &Record) -> usize {
    let one = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let many = |texts: &[String]| texts.iter().map(|t| t.len() + size_of::<String>()).sum::<usize>();
    size_of::<Record>()
        + [&record.name, &record.version, &record.arch, &record.purl, &record.inner, &record.scope]
            .map(String::len)
            .iter()
            .sum::<usize>()
        + [&record.maintainer, &record.description, &record.homepage, &record.download].map(one).iter().sum::<usize>()
        + [&record.cpes, &record.licenses, &record.provides, &record.owned].map(|l| many(l)).iter().sum::<usize>()
        + record.wants.iter().map(|w| many(w) + size_of::<Vec<String>>()).sum::<usize>()
        + record.needs.len() * size_of::<u32>()
        + record.hashes.iter().map(|h| h.hex.len() + size_of_val(h)).sum::<usize>()
        + record.properties.iter().map(|(k, v)| k.len() + v.len() + 2 * size_of::<String>()).sum::<usize>()
}

fn check_purl(purl: &str) {
    assert!(purl.is_empty() || purl.parse::<Purl>().is_ok(), "{purl:?} is no package URL");
}

/// Images that hold the bytes: cut at [`NEXT_FILE`] into several files, or else one file for each pattern.
pub fn images(cataloger: &Cataloger, bytes: &[u8]) {
    let patterns = cataloger.evidence;
    let mut parts = memchr::memmem::find_iter(bytes, NEXT_FILE);
    let mut files: BTreeMap<String, &[u8]> = BTreeMap::new();
    match parts.next() {
        _ if patterns.is_empty() => {
            // The names alone are the evidence.
            for line in bytes.split(|&b| b == b'\n').take(1024) {
                let name = plimsoll_layer::path_from_bytes(line);
                files.insert(format!("/nix/store/{name}"), &[]);
            }
        }
        None => files.extend(patterns.iter().map(|e| (path(e), bytes))),
        Some(first) => {
            let mut add =
                |which: usize, part| patterns.get(which % patterns.len()).map(|e| files.insert(path(e), part));
            add(0, &bytes[..first]);
            let starts: Vec<usize> = std::iter::once(first).chain(parts).map(|at| at + NEXT_FILE.len()).collect();
            for (index, at) in starts.iter().enumerate() {
                let end = starts.get(index + 1).map_or(bytes.len(), |next| next - NEXT_FILE.len());
                if let Some((which, part)) = bytes.get(*at..end).and_then(<[u8]>::split_first) {
                    add((*which).into(), part);
                }
            }
        }
    }
    let limits = Limits { max_layer_bytes: 64 << 20, max_entries: 1 << 14, ..Limits::default() };
    let most = most(bytes.len()).saturating_mul(4);
    if patterns.iter().any(|e| matches!(e, Evidence::Directory { .. })) {
        let mut sink = Extracting::of_directory(MemoryContents::new(|_: &str, _| false));
        if let Some(tree) = tree(&files, &limits, &mut sink) {
            check_catalog(&assemble(&tree, sink.facts), most);
        }
    }
    let mut sink = Extracting::new(MemoryContents::new(|_: &str, _| false));
    let Some(tree) = tree(&files, &limits, &mut sink) else { return };
    let catalog = assemble(&tree, sink.facts);
    check_catalog(&catalog, most);
    if let Some(tar) = layer(&files) {
        let layer = read_layer(tar.as_slice(), &limits).expect("a layer that was written is read");
        if let Some((tree, facts)) = kept(layer, &limits) {
            assert_eq!(assemble(&tree, facts), catalog, "kept facts say something else");
        }
    }
}

fn tree(files: &BTreeMap<String, &[u8]>, limits: &Limits, sink: &mut dyn plimsoll_tree::ContentSink) -> Option<Tree> {
    let mut builder = Builder::new(limits);
    for (path, bytes) in files {
        let mut data = *bytes;
        let entry = Entry::new(path.as_str(), EntryKind::File, 0o644, bytes.len() as u64);
        builder.insert(0, entry, &mut data as &mut dyn Read, sink).ok()?;
    }
    Some(builder.finish())
}

fn layer(files: &BTreeMap<String, &[u8]>) -> Option<Vec<u8>> {
    let mut tar = TarWriter::new(Vec::new());
    for (path, bytes) in files {
        let entry = Entry::new(path.as_str(), EntryKind::File, 0o644, bytes.len() as u64);
        tar.append(&entry, &mut &**bytes).ok()?;
    }
    tar.finish().ok()
}

/// Facts kept and taken back are the same; then the layer is merged.
pub fn kept(layer: LayerFacts, limits: &Limits) -> Option<(Tree, FactsByContent)> {
    let bytes = layer.to_bytes();
    let back = LayerFacts::from_bytes(&bytes).expect("kept facts are read");
    assert_eq!(back, layer);
    merge_layers([back], limits).ok()
}

/// What holds of every catalogue.
pub fn check_catalog(catalog: &Catalog, most: usize) {
    let ids: BTreeSet<String> = catalog.packages.iter().map(plimsoll_catalog::Package::id).collect();
    let mut before = None;
    let mut size = 0;
    for package in &catalog.packages {
        assert!(!package.name.is_empty(), "a package has no name");
        check_purl(&package.purl);
        let key = (package.ecosystem, &package.name, &package.version, &package.arch, &package.purl);
        assert!(before.replace(key).is_none_or(|b| b < key), "{key:?} stands twice or in the wrong place");
        let edges = package.depends.iter().chain(&package.within).chain(&package.owners);
        for edge in edges {
            assert!(ids.contains(edge), "{} names {edge}, which there is not", package.id());
            size += edge.len();
        }
        assert!(!package.evidence.is_empty(), "{} has no evidence", package.id());
        size += package.files.iter().chain(&package.evidence).chain(&package.licenses).map(String::len).sum::<usize>();
    }
    assert!(size <= most, "the catalogue takes {size} bytes");
}
