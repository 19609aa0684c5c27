//! What an image is, without judging it: for `plimsoll inspect` and for the findings about an image as it came.

use std::collections::BTreeMap;

use plimsoll_catalog::Catalog;
use plimsoll_tree::{Contents, NodeKind, Tree};

use crate::HardenError;
use crate::deny::{self, Class};
use crate::read::Reader;

/// Facts about an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The configured user, as written; empty is root.
    pub user: String,
    /// Whether that user is root. A name that `/etc/passwd` does not know counts as root: nothing shows otherwise.
    pub runs_as_root: bool,
    /// Accounts of `/etc/passwd`: name, uid, gid, shell.
    pub accounts: Vec<Account>,
    /// Facts read from the tree alone.
    pub files: Files,
    /// Declared volumes and directories of `/var` and `/run` that belong to a service user.
    pub writable: Vec<String>,
    /// Bytes each layer last wrote, by layer index.
    pub size_by_layer: BTreeMap<u32, u64>,
    /// Bytes of each package's files, largest first.
    pub size_by_package: Vec<(String, u64)>,
    /// Bytes of files that no package owns.
    pub size_unowned: u64,
    /// All bytes, hard links once.
    pub size: u64,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Login shell.
    pub shell: String,
}

/// Paths that matter for hardening, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Shells and multi-call binaries, links to them included.
    pub shells: Vec<String>,
    /// Programs of package managers.
    pub package_managers: Vec<String>,
    /// Network clients, debuggers, compilers and privilege tools.
    pub tools: Vec<String>,
    /// Files with a setuid or setgid bit.
    pub setuid: Vec<String>,
    /// Files with capabilities.
    pub capabilities: Vec<String>,
    /// Files anybody may write, and directories without the sticky bit.
    pub world_writable: Vec<String>,
}

/// Looks at an image.
pub fn inspect(
    tree: &Tree,
    contents: &dyn Contents,
    config: &plimsoll_oci::Config,
    catalog: &Catalog,
) -> Result<Inspection, HardenError> {
    let reader = Reader::new(tree, contents);
    let mut out = Inspection {
        user: config.container.user.clone(),
        runs_as_root: is_root(&config.container.user, tree, &reader)?,
        accounts: accounts(&reader)?,
        files: look(tree),
        ..Inspection::default()
    };
    let mut writable: Vec<String> = config.container.volumes.clone();
    let mut seen = std::collections::BTreeSet::new();
    let mut sizes = BTreeMap::new();
    for (path, node) in tree.iter() {
        match node.kind {
            NodeKind::File { size, content } => {
                *out.size_by_layer.entry(node.layer).or_default() += size;
                sizes.insert(path, size);
                if seen.insert(content) {
                    out.size = out.size.saturating_add(size);
                }
            }
            NodeKind::Directory if node.uid != 0 && (path.starts_with("/var/") || path.starts_with("/run/")) => {
                writable.push(path.to_owned());
            }
            _ => {}
        }
    }
    writable.sort();
    writable.dedup();
    out.writable = writable;
    for package in &catalog.packages {
        let size = package.files.iter().filter_map(|f| sizes.remove(f.as_str())).sum();
        out.size_by_package.push((package.name.clone(), size));
    }
    out.size_by_package.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out.size_unowned = sizes.values().sum();
    Ok(out)
}

/// Facts read from the tree alone.
pub(crate) fn look(tree: &Tree) -> Files {
    let mut out = Files::default();
    for (path, node) in tree.iter() {
        match deny::tool(path) {
            Some(Class::Shell) => out.shells.push(path.to_owned()),
            Some(Class::PackageManager) => out.package_managers.push(path.to_owned()),
            Some(_) => out.tools.push(path.to_owned()),
            None => {}
        }
        if matches!(node.kind, NodeKind::File { .. }) {
            if node.mode & 0o6000 != 0 {
                out.setuid.push(path.to_owned());
            }
            if node.xattrs.iter().any(|(name, _)| name == "security.capability") {
                out.capabilities.push(path.to_owned());
            }
        }
        let link = matches!(node.kind, NodeKind::Symlink { .. } | NodeKind::Special { .. });
        if !link && node.mode & 0o1002 == 0o002 {
            out.world_writable.push(path.to_owned());
        }
    }
    out
}

/// Whether a configured user is root.
pub(crate) fn is_root(user: &str, tree: &Tree, reader: &Reader<'_>) -> Result<bool, HardenError> {
    let _ = tree;
    let name = user.split(':').next().unwrap_or_default();
    if name.is_empty() {
        return Ok(true);
    }
    if let Ok(uid) = name.parse::<u32>() {
        return Ok(uid == 0);
    }
    Ok(accounts(reader)?.iter().find(|a| a.name == name).is_none_or(|a| a.uid == 0))
}

/// Accounts of `/etc/passwd`.
pub(crate) fn accounts(reader: &Reader<'_>) -> Result<Vec<Account>, HardenError> {
    let Some(bytes) = reader.read("/etc/passwd")? else { return Ok(Vec::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let read = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, _, shell] = fields.as_slice() else { return None };
        Some(Account {
            name: (*name).to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            shell: (*shell).to_owned(),
        })
    };
    Ok(text.lines().take(65_536).filter_map(read).collect())
}
