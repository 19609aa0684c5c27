//! SBOM documents inside wheels (PEP 770): `*.dist-info/sboms/*`. What they name was compiled or copied into the wheel,
//! and nothing else in the image shows it.

use std::collections::{BTreeMap, HashMap};

use crate::Ecosystem;
use crate::assemble::Join;
use crate::cataloger::{Cataloger, Evidence, Gives, MIB};
use crate::document::{self, Declared};
use crate::facts::{Facts, File, Record};
use crate::python;

/// See the module.
pub(crate) static CATALOGER: Cataloger = Cataloger {
    name: "wheel-sbom",
    about: "components that wheels declare (PEP 770)",
    evidence: &[Evidence::Path { glob: "**/*.dist-info/sboms/*", limit: 64 * MIB }],
    purls: &["cargo", "generic", "pypi", "rpm"],
    gives: &[Gives::Licences, Gives::Dependencies, Gives::Hashes, Gives::Supplier],
    read,
    join: Some(join),
};

fn read(file: &File<'_>, out: &mut Facts) {
    document::read(file.bytes, out);
}

/// Places the components within the distribution whose metadata holds the document.
fn join(join: &mut Join<'_>) {
    let mut wheels: HashMap<String, usize> = HashMap::new();
    let mut installed: HashMap<(String, String), usize> = HashMap::new();
    for (index, placed) in join.placed.iter().enumerate().filter(|(_, p)| p.record.ecosystem == Ecosystem::Pypi) {
        if let Some((dir, _)) = placed.evidence.first().and_then(|e| e.rsplit_once('/')) {
            wheels.insert(dir.to_owned(), index);
            installed.insert((placed.record.scope.clone(), placed.record.name.clone()), index);
        }
    }
    let mut by_wheel: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (path, read) in std::mem::take(&mut join.files) {
        if let Some((dir, _)) = path.rsplit_once("/sboms/") {
            by_wheel.entry(dir.to_owned()).or_default().push(read);
        }
    }
    for (dir, reads) in by_wheel {
        let holder = wheels.get(&dir).copied();
        let own = holder.map(|h| {
            let record = &join.placed[h].record;
            (record.name.clone(), record.version.clone())
        });
        let site = dir.rsplit_once('/').map_or("", |(site, _)| site).to_owned();
        let known = |record: &Record| {
            if record.ecosystem != Ecosystem::Pypi {
                return None;
            }
            let (name, version) = own.as_ref()?;
            let same = python::name::normal(&record.name).is_some_and(|n| n == *name);
            if same && (record.version == *version || record.version.is_empty()) {
                return holder;
            }
            // Without a version it is a requirement, and what meets it is installed beside the wheel.
            let beside = || installed.get(&(site.clone(), record.name.clone())).copied();
            record.version.is_empty().then(beside).flatten()
        };
        let mut seen = HashMap::new();
        for read in reads {
            if holder.is_none() {
                join.tell(read.path, None, "belongs to no distribution that is listed");
            }
            document::place(join, read, &Declared { holder, excluded: true, known: &known }, &mut seen);
        }
    }
}
