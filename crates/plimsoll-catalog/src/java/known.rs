//! Groups and artefacts of libraries whose archives do not say them: those built without Maven, or by distributions.

use super::table::{ARTIFACTS, FAMILIES, GROUPS, Known, MOVED};

/// The group and artefact of an archive called `name` (its file without version, its bundle or its module), most of
/// whose classes lie in `package`.
pub(super) fn artifact(name: &str, package: &str) -> Option<(&'static str, String)> {
    if name.is_empty() {
        return None;
    }
    let fits = |row: &&Known| package.is_empty() || package.starts_with(row.package);
    let start = ARTIFACTS.partition_point(|row| row.name < name);
    let mut rows = ARTIFACTS.iter().skip(start).take_while(|row| row.name == name);
    if let Some(row) = rows.find(fits) {
        return Some((row.group, row.artifact.to_owned()));
    }
    FAMILIES.iter().filter(fits).find_map(|row| {
        let rest = name.strip_prefix(row.name)?;
        Some((row.group, format!("{}{rest}", row.artifact)))
    })
}

/// The group that `group` is called by since some version.
pub(super) fn moved(group: &'static str, version: &str) -> &'static str {
    let major = version.split('.').next().and_then(|m| m.parse().ok()).unwrap_or(0u32);
    MOVED.iter().find(|(old, since, _)| *old == group && major >= *since).map_or(group, |(_, _, new)| *new)
}

/// The group of a dotted name (a bundle, a module or a package), by the longest prefix that is known.
pub(super) fn group(name: &str) -> Option<&'static str> {
    let mut prefix = name;
    loop {
        if let Ok(at) = GROUPS.binary_search_by(|(p, _)| (*p).cmp(prefix)) {
            return GROUPS.get(at).map(|(_, group)| *group);
        }
        prefix = prefix.rsplit_once('.')?.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(GROUPS.is_sorted_by_key(|(p, _)| *p));
        assert!(ARTIFACTS.is_sorted_by_key(|row| row.name));
    }

    #[test]
    fn prefixes() {
        assert_eq!(group("org.objectweb.asm.tree"), Some("org.ow2.asm"));
        assert_eq!(group("org.objectwebasm"), None);
        assert_eq!(group(""), None);
        assert_eq!(artifact("", ""), None);
    }
}
