//! Declared components placed in the image.

use std::collections::HashMap;

use super::SCOPE;
use crate::assemble::{Join, Read};
use crate::facts::Record;

/// What a document's components are to what is already placed.
pub(crate) struct Declared<'f> {
    /// The record that the document belongs to.
    pub(crate) holder: Option<usize>,
    /// Whether components outside of what is shipped (build tools, sources) are listed.
    pub(crate) excluded: bool,
    /// A record already placed that a component is, so that it is not listed again.
    pub(crate) known: &'f dyn Fn(&Record) -> Option<usize>,
}

/// Places a document's components: each within the one that holds it, or else within `holder`. `seen` has what other
/// documents of the same holder declared.
pub(crate) fn place<'t>(
    join: &mut Join<'t>,
    read: Read<'t>,
    declared: &Declared<'_>,
    seen: &mut HashMap<(String, String, String), usize>,
) -> Vec<Option<usize>> {
    let mut indices: Vec<Option<usize>> = Vec::with_capacity(read.facts.records.len());
    let mut relations = Vec::with_capacity(read.facts.records.len());
    for mut record in read.facts.records {
        relations.push((std::mem::take(&mut record.needs), record.within.take()));
        let key = (record.purl.clone(), record.name.clone(), record.version.clone());
        let is_excluded = record.properties.iter().any(|(n, v)| n == SCOPE && v == "excluded");
        let index = if let Some(known) = (declared.known)(&record).or_else(|| seen.get(&key).copied()) {
            Some(known)
        } else if is_excluded && !declared.excluded {
            None
        } else {
            // Names are never resolved among declared components, and never to them.
            read.path.clone_into(&mut record.scope);
            let index = join.place(record, "", read.path, read.node);
            seen.insert(key, index);
            Some(index)
        };
        indices.push(index);
    }
    let of = |i: u32| indices.get(i as usize).copied().flatten();
    for (own, (needs, within)) in indices.iter().zip(&relations) {
        let Some(own) = *own else { continue };
        let is_new = join.placed[own].record.scope == read.path && join.placed[own].record.declared;
        if is_new && join.placed[own].within.is_none() {
            join.placed[own].within = within.and_then(of).or(declared.holder).filter(|w| *w != own);
        }
        join.placed[own].needs.extend(needs.iter().filter_map(|n| of(*n)).filter(|n| *n != own));
    }
    if let Some(holder) = declared.holder {
        let id = join.placed[holder].record.purl.clone();
        for own in indices.iter().flatten().filter(|i| **i != holder) {
            let record = &mut join.placed[*own].record;
            // A package has one holder in the end, and may be declared by many.
            let property = ("declared:by".to_owned(), id.clone());
            if record.declared && !id.is_empty() && !record.properties.contains(&property) {
                record.properties.push(property);
                record.properties.sort();
            }
        }
    }
    indices
}
