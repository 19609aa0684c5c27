//! One layer read for cataloguing: what stands in it, and the facts of its files. It depends on the layer's bytes alone,
//! so that layers can be read in any order, on any thread, and a known one need not be read at all.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use plimsoll_layer::{Entry, EntryKind, LayerError, Limits, TarReader};
use plimsoll_tree::{Builder, ContentId, ContentSink, Tree, TreeError};

use crate::assemble::FactsByContent;
use crate::codec::{Decoder, Encoder};
use crate::extract::{Extracted, Extractor};
use crate::{FACTS_VERSION, Mode, evidence};

/// What marks kept facts; the version follows.
const MAGIC: &[u8] = b"plimsoll-layer-facts\n";

/// A layer's members and facts, packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerFacts {
    /// Members: each path told by how much it shares with the one before. Owners, modes and times are left out, for no
    /// cataloger asks for them.
    members: Vec<u8>,
    count: u32,
    /// Facts by the member's number.
    facts: BTreeMap<u32, Vec<Extracted>>,
    /// Members passed over because their own name is no evidence, while a hard link to them that came later has a name
    /// that is: pnpm's store is such. By the member's path the link's.
    passed_over: BTreeMap<String, String>,
}

/// The most members that are read again for the sake of links to them.
const MAX_PASSED_OVER: usize = 1_000_000;

/// Reads a layer from its uncompressed stream, to its end.
pub fn read_layer(tar: impl Read, limits: &Limits) -> Result<LayerFacts, LayerError> {
    let mut tar = TarReader::new(tar, limits);
    let mut extractor = Extractor::new(Mode::Image);
    let mut layer = LayerFacts::default();
    let mut members = Encoder::default();
    let mut before = String::new();
    while let Some(entry) = tar.next_entry()? {
        match &entry.kind {
            EntryKind::File => {
                let read = extractor.read(&entry.path, entry.size, &mut tar)?;
                if !read.is_empty() {
                    layer.facts.insert(layer.count, read);
                }
            }
            EntryKind::HardLink { target }
                if layer.passed_over.len() < MAX_PASSED_OVER && only_link_is_evidence(&entry.path, target) =>
            {
                layer.passed_over.insert(target.clone(), entry.path.clone());
            }
            _ => {}
        }
        pack(&mut members, &entry, &before);
        before = entry.path;
        layer.count += 1;
    }
    tar.drain()?;
    layer.members = members.0;
    Ok(layer)
}

fn only_link_is_evidence(link: &str, target: &str) -> bool {
    let by_link = evidence::by_path(link, Mode::Image);
    if by_link.is_empty() {
        return false;
    }
    let by_target = evidence::by_path(target, Mode::Image);
    by_link.iter().any(|m| by_target.iter().all(|t| t.cataloger != m.cataloger))
}

/// Reads what [`read_layer`] passed over, from the same stream once more. Few layers need it: see
/// [`LayerFacts::is_complete`].
pub fn read_layer_again(tar: impl Read, limits: &Limits, layer: &LayerFacts) -> Result<LayerFacts, LayerError> {
    let mut layer = layer.clone();
    let mut tar = TarReader::new(tar, limits);
    let mut extractor = Extractor::new(Mode::Image);
    let mut number = 0;
    while let Some(entry) = tar.next_entry()? {
        if entry.kind == EntryKind::File
            && let Some(link) = layer.passed_over.get(&entry.path)
        {
            let read = extractor.read(link, entry.size, &mut tar)?;
            let known = layer.facts.entry(number).or_default();
            let new = read.into_iter().filter(|r| known.iter().all(|k| k.cataloger != r.cataloger));
            let new: Vec<Extracted> = new.collect();
            known.extend(new);
        }
        number += 1;
    }
    tar.drain()?;
    layer.passed_over.clear();
    layer.facts.retain(|_, facts| !facts.is_empty());
    Ok(layer)
}

fn pack(out: &mut Encoder, entry: &Entry, before: &str) {
    let (tag, numbers, target): (u8, [u64; 2], Option<&str>) = match &entry.kind {
        EntryKind::File => (0, [entry.size, 0], None),
        EntryKind::Directory => (1, [0; 2], None),
        EntryKind::Symlink { target } => (2, [0; 2], Some(target)),
        EntryKind::HardLink { target } => (3, [0; 2], Some(target)),
        EntryKind::Character { major, minor } => (4, [(*major).into(), (*minor).into()], None),
        EntryKind::Block { major, minor } => (5, [(*major).into(), (*minor).into()], None),
        EntryKind::Fifo => (6, [0; 2], None),
    };
    let shared = before.bytes().zip(entry.path.bytes()).take_while(|(a, b)| a == b).count();
    out.number(tag.into());
    out.number(shared as u64);
    out.bytes(&entry.path.as_bytes()[shared..]);
    match tag {
        0 => out.number(numbers[0]),
        4 | 5 => numbers.iter().for_each(|n| out.number(*n)),
        _ => {}
    }
    if let Some(target) = target {
        out.bytes(target.as_bytes());
    }
}

fn unpack(from: &mut Decoder<'_>, path: &mut Vec<u8>) -> Option<Entry> {
    let tag = from.number()?;
    let shared = usize::try_from(from.number()?).ok().filter(|s| *s <= path.len())?;
    path.truncate(shared);
    path.extend_from_slice(from.bytes()?);
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let mut size = 0;
    let kind = match tag {
        0 => {
            size = from.number()?;
            EntryKind::File
        }
        1 => EntryKind::Directory,
        2 => EntryKind::Symlink { target: text(from.bytes()?)? },
        3 => EntryKind::HardLink { target: text(from.bytes()?)? },
        4 => EntryKind::Character { major: from.small()?, minor: from.small()? },
        5 => EntryKind::Block { major: from.small()?, minor: from.small()? },
        6 => EntryKind::Fifo,
        _ => return None,
    };
    Some(Entry::new(text(path)?, kind, 0, size))
}

impl LayerFacts {
    /// Whether nothing was passed over that [`read_layer_again`] should read.
    pub fn is_complete(&self) -> bool {
        self.passed_over.is_empty()
    }

    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Encoder(MAGIC.to_vec());
        out.number(FACTS_VERSION.into());
        out.number(self.count.into());
        out.bytes(&self.members);
        out.number(self.facts.len() as u64);
        for (number, list) in &self.facts {
            out.number((*number).into());
            out.list(list, Encoder::extracted);
        }
        out.0
    }

    /// What [`LayerFacts::to_bytes`] gave; `None` for anything else, and for facts of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder(bytes.strip_prefix(MAGIC)?);
        if from.number()? != u64::from(FACTS_VERSION) {
            return None;
        }
        let count = from.small()?;
        let members = from.bytes()?.to_vec();
        let facts = from.list(|d| Some((d.small()?, d.list(Decoder::extracted)?)))?;
        let all_members = {
            let (mut from, mut path) = (Decoder(&members), Vec::new());
            (0..count).all(|_| unpack(&mut from, &mut path).is_some()) && from.0.is_empty()
        };
        (from.0.is_empty() && all_members).then(|| Self {
            members,
            count,
            facts: facts.into_iter().collect(),
            passed_over: BTreeMap::new(),
        })
    }
}

/// Merges layers, base first, into a tree and the facts of the files it holds. An error comes with the layer's number.
pub fn merge_layers(
    layers: impl IntoIterator<Item = LayerFacts>,
    limits: &Limits,
) -> Result<(Tree, FactsByContent), (usize, TreeError)> {
    let mut builder = Builder::new(limits);
    let mut replay = Replay::default();
    for (index, layer) in (0..).zip(layers) {
        let LayerFacts { members, count, facts, .. } = layer;
        let (mut from, mut path) = (Decoder(&members), Vec::new());
        replay.facts = facts;
        for number in 0..count {
            // Packed by this module: what does not come back would be a fault of it, and ends the layer.
            let Some(entry) = unpack(&mut from, &mut path) else { break };
            replay.member = number;
            let inserted = builder.insert(index, entry, &mut io::empty(), &mut replay);
            inserted.map_err(|error| (index as usize, error))?;
        }
    }
    Ok((builder.finish(), replay.by_content))
}

/// Stands in for the contents: hands the facts of each member to the content it became.
#[derive(Default)]
struct Replay {
    member: u32,
    facts: BTreeMap<u32, Vec<Extracted>>,
    by_content: HashMap<ContentId, Vec<Extracted>>,
}

impl ContentSink for Replay {
    fn wants(&mut self, _path: &str, _size: u64) -> bool {
        self.facts.contains_key(&self.member)
    }

    fn put(&mut self, id: ContentId, _size: u64, _data: &mut dyn Read) -> io::Result<()> {
        if let Some(facts) = self.facts.remove(&self.member) {
            self.by_content.insert(id, facts);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_back() {
        let kinds = [
            EntryKind::File,
            EntryKind::Directory,
            EntryKind::Symlink { target: "../x".into() },
            EntryKind::HardLink { target: "/usr/ü".into() },
            EntryKind::Character { major: 1, minor: 3 },
            EntryKind::Block { major: 8, minor: 300 },
            EntryKind::Fifo,
        ];
        let paths = ["/usr/ü", "/usr/ý", "/", "/usr/bin/a", "/usr/bin/ab", "/usr/bin/", "/x"];
        let (mut out, mut before) = (Encoder::default(), String::new());
        let entries: Vec<Entry> = kinds
            .iter()
            .zip(paths)
            .map(|(kind, path)| Entry::new(path, kind.clone(), 0, if *kind == EntryKind::File { 1 << 40 } else { 0 }))
            .collect();
        for entry in &entries {
            pack(&mut out, entry, &before);
            before.clone_from(&entry.path);
        }
        let layer = LayerFacts { members: out.0, count: 7, ..LayerFacts::default() };
        let (mut from, mut path) = (Decoder(&layer.members), Vec::new());
        for entry in &entries {
            assert_eq!(unpack(&mut from, &mut path).as_ref(), Some(entry));
        }
        let bytes = layer.to_bytes();
        assert_eq!(LayerFacts::from_bytes(&bytes), Some(layer));
        for end in 0..bytes.len() {
            assert_eq!(LayerFacts::from_bytes(&bytes[..end]), None);
        }
    }
}
