//! Dependencies resolved to what is installed, and the texts that records hold.

use std::collections::{BTreeSet, HashMap};

use crate::Ecosystem;
use crate::assemble::Placed;

/// The most providers of one virtual name that are followed; `mail-transport-agent` has about ten.
const MAX_PROVIDERS: usize = 32;

/// Where a name means something: an ecosystem, a root file system and a scope in it.
type Scope<'a> = (Ecosystem, &'a str, &'a str);

/// Follows what records want by name: each alternative that is installed; where none is by that name, those that provide
/// it. What is not installed is left out, for the record says what was wanted, not what is there.
pub(crate) fn link(placed: &mut [Placed]) {
    let mut found: Vec<BTreeSet<usize>> = Vec::with_capacity(placed.len());
    {
        let scope = |p: &'_ Placed| -> (Ecosystem, String, String) {
            (p.record.ecosystem, p.root.clone(), p.record.scope.clone())
        };
        let wanting: BTreeSet<_> = placed.iter().filter(|p| !p.record.wants.is_empty()).map(scope).collect();
        let mut installed: HashMap<(Scope<'_>, &str), Vec<usize>> = HashMap::new();
        let mut providers: HashMap<(Scope<'_>, &str), Vec<usize>> = HashMap::new();
        for (index, p) in placed.iter().enumerate() {
            if !wanting.contains(&scope(p)) {
                continue;
            }
            let scope: Scope<'_> = (p.record.ecosystem, &p.root, &p.record.scope);
            installed.entry((scope, &p.record.name)).or_default().push(index);
            for name in &p.record.provides {
                let list = providers.entry((scope, name)).or_default();
                if list.len() < MAX_PROVIDERS {
                    list.push(index);
                }
            }
        }
        for p in placed.iter() {
            let scope: Scope<'_> = (p.record.ecosystem, &p.root, &p.record.scope);
            let mut needs = BTreeSet::new();
            for name in p.record.wants.iter().flatten() {
                let key = (scope, name.as_str());
                if let Some(list) = installed.get(&key) {
                    needs.extend(of_architecture(placed, p, list));
                } else if let Some(list) = providers.get(&key) {
                    needs.extend(of_architecture(placed, p, list));
                }
            }
            found.push(needs);
        }
    }
    for (p, needs) in placed.iter_mut().zip(found) {
        p.needs.extend(needs);
        p.record.wants.clear();
        p.record.provides.clear();
    }
}

/// Of packages with one name those of the wanting package's own architecture or of none; all where there is no such.
fn of_architecture(placed: &[Placed], own: &Placed, list: &[usize]) -> Vec<usize> {
    let fits = |i: &usize| {
        let arch = &placed[*i].record.arch;
        *arch == own.record.arch || arch == "all" || arch == "noarch"
    };
    let fitting: Vec<usize> = list.iter().copied().filter(fits).collect();
    if fitting.is_empty() { list.to_vec() } else { fitting }
}

/// A field's text: one line, no control characters, at most 1,024 characters; `None` if nothing is left.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|&b| b == b'\n').next()?;
    let line = line.get(..line.len().min(8192))?;
    let text: String = String::from_utf8_lossy(line).trim().chars().filter(|c| !c.is_control()).take(1024).collect();
    (!text.is_empty()).then_some(text)
}

/// A name or version: printable ASCII without white space, at most 256 bytes.
pub(crate) fn token(bytes: &[u8]) -> Option<String> {
    let plain = !bytes.is_empty() && bytes.len() <= 256 && bytes.iter().all(u8::is_ascii_graphic);
    plain.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A package name: letters, digits and `+-._`, as the package managers of operating systems require.
pub(crate) fn name(bytes: &[u8]) -> Option<String> {
    let legal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
    token(bytes).filter(|_| bytes.iter().all(legal) && !matches!(bytes, b"." | b".."))
}
