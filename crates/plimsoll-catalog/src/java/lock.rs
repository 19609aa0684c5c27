//! What a source directory says it would be built with: `pom.xml` and Gradle's lock files.

use std::collections::BTreeSet;

use super::coordinates::{Coordinates, part, version};
use super::{archive, pom};
use crate::facts::{Facts, File};

/// The most dependencies of one lock file.
const MAX_LOCKED: usize = 100_000;

/// A project's own pom: the project, and what it needs at run time. What has no version gets it from a parent that is
/// not here.
pub(super) fn project(file: &File<'_>, out: &mut Facts) {
    let (pom, fault) = pom::parse(file.bytes);
    if let Some(fault) = fault {
        out.trouble(None, fault);
    }
    if pom.own.artifact.is_empty() {
        if out.troubles.is_empty() {
            out.trouble(None, "is no Maven project");
        }
        return;
    }
    let mut own = archive::record(&pom.own, "pom", "", None);
    pom.describe(&mut own);
    own.wants.clear();
    let needed = pom.dependencies.iter().filter(|d| d.is_needed && !d.coordinates.group.is_empty());
    let unique: BTreeSet<&Coordinates> = needed.map(|d| &d.coordinates).collect();
    own.needs = (1..=unique.len() as u32).collect();
    out.records.push(own);
    out.records.extend(unique.into_iter().map(|c| archive::record(c, "pom", "", None)));
}

/// `group:artifact:version=configurations`, one a line.
pub(super) fn gradle(file: &File<'_>, out: &mut Facts) {
    for (number, line) in (1u32..).zip(file.bytes.split(|&b| b == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        let locked = line.split_once('=').map_or(line, |(locked, _)| locked);
        let mut parts = locked.split(':');
        let (group, artifact, v) = (parts.next(), parts.next(), parts.next());
        let [group, artifact] = [group, artifact].map(|p| part(p.unwrap_or_default()));
        let v = version(v.unwrap_or_default());
        if group.is_empty() || artifact.is_empty() || v.is_empty() || parts.next().is_some() {
            if out.troubles.len() < 256 {
                out.trouble(Some(number), "is not group:artifact:version; left out");
            }
            continue;
        }
        if out.records.len() >= MAX_LOCKED {
            out.trouble(Some(number), "locks more than is listed");
            return;
        }
        out.records.push(archive::record(&Coordinates::new(&group, &artifact, &v), "gradle.lockfile", "", None));
    }
}
