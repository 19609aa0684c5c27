//! What kept files ask for: ELF files, scripts, configuration (rules R2, R3, R4, R7, R8).

use plimsoll_finding::harden;
use plimsoll_tree::NodeKind;

use crate::closure::Closure;
use crate::deny::{self, Class, below};
use crate::elf::Elf;
use crate::linker::parent;
use crate::plan::{Rule, Undecided};
use crate::seed::{self, DEFAULT_PATH};
use crate::{conf, script};

/// Data directories a program's path string is enough to keep.
const DATA_DIRECTORIES: &[&str] = &[
    "/usr/share/zoneinfo",
    "/etc/ssl",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/etc/pki",
    "/usr/share/misc",
    "/usr/share/mime",
];
/// A directory named by a path string that is larger than this needs a decision.
const MAX_NAMED_DIRECTORY: u64 = 12 * 1024 * 1024;

impl Closure<'_, '_> {
    pub(crate) fn elf(&mut self, path: &str, found: &Elf) {
        self.linker.inherit(found, path);
        if let Some(interpreter) = &found.interpreter {
            self.keep(interpreter, Rule::Elf, path);
        }
        for name in &found.needed {
            self.charge(self.linker.effort(name));
            match self.linker.find(name, found, path, self.reader) {
                Some((places, _)) => {
                    for place in places {
                        self.keep(&place, Rule::Elf, path);
                    }
                }
                None => {
                    let message = format!("{path} asks for {name}, which is not in the image");
                    self.found(harden::LIBRARY_MISSING, Some(path), message);
                }
            }
        }
        for name in found.dlopen.iter().chain(&found.library_names) {
            self.charge(self.linker.effort(name));
            // A name that only the index knows is no library this program would find.
            let Some((places, false)) = self.linker.find(name, found, path, self.reader) else { continue };
            for place in places {
                self.keep(&place, Rule::Dlopen, path);
            }
        }
        crate::dlopen::table(self, path, found);
        self.path_strings(path, found);
    }

    fn path_strings(&mut self, path: &str, found: &Elf) {
        let own = self.units.is_taken_file(path);
        for named in &found.paths {
            self.charge(named.len() / 16);
            if own {
                self.named_paths.entry(named.clone()).or_insert_with(|| path.to_owned());
            }
            let Some((real, node)) = self.input.tree.lookup(named) else { continue };
            match node.kind {
                NodeKind::File { size, .. } => {
                    let program = node.mode & 0o111 != 0 || deny::tool(&real).is_some();
                    if !program && size <= MAX_NAMED_DIRECTORY {
                        self.keep(named, Rule::Data, path);
                    }
                }
                NodeKind::Directory if DATA_DIRECTORIES.iter().any(|d| below(&real, d)) => {
                    self.keep_below(named, Rule::Data, path)
                }
                NodeKind::Directory if own && below(&real, "/usr/share") && real.matches('/').count() > 2 => {
                    self.named_directory(named, &real, path);
                }
                _ => {}
            }
        }
    }

    fn named_directory(&mut self, named: &str, real: &str, path: &str) {
        if deny::class(real, &self.input.tree.get(real).cloned().unwrap_or_else(root_node), false).is_some() {
            return;
        }
        self.charge(self.input.tree.under(real).count());
        let size: u64 = self
            .input
            .tree
            .under(real)
            .map(|(_, n)| if let NodeKind::File { size, .. } = n.kind { size } else { 0 })
            .fold(0, u64::saturating_add);
        if size <= MAX_NAMED_DIRECTORY {
            self.keep_below(named, Rule::Data, path);
        } else if !self.undecided.iter().any(|u| u.path == real) && !self.kept.contains_key(real) {
            self.undecided.push(Undecided { path: real.to_owned(), size, named_by: path.to_owned() });
        }
    }

    pub(crate) fn script(&mut self, path: &str, interpreter: &script::Interpreter) {
        let search = self.input.config.container.env_value("PATH").unwrap_or(DEFAULT_PATH);
        let Some(program) = seed::program(self.input.tree, &interpreter.program, search, "/") else { return };
        let is_shell = crate::words::is_shell(&program);
        if is_shell && !self.input.runtime.keep_shell {
            let seeded = self.kept.get(path).is_some_and(|r| matches!(r.rule, Rule::Seed | Rule::Decided));
            let owned = self.units.owner(path).is_some();
            if owned && !seeded {
                // Reached only as part of its package: without the shell it is dead.
                self.kept.remove(path);
                self.deny(path, Class::DeadScript, None);
            }
            return;
        }
        // An interpreter reached only through an auxiliary script of a package is not a reason to keep a language.
        let auxiliary = self.kept.get(path).is_some_and(|r| r.rule == Rule::Unit) && !self.is_taken_program(path);
        if auxiliary {
            return;
        }
        if let Some(env) = &interpreter.env {
            self.keep(env, Rule::Script, path);
        }
        let Some(real) = self.keep(&program, Rule::Script, path) else { return };
        for place in [program, real] {
            if let Some(package) = self.units.owner(&place) {
                self.keep_unit(package);
            }
        }
    }

    fn is_taken_program(&self, path: &str) -> bool {
        self.kept.values().any(|r| r.rule == Rule::Link && r.via == path)
            || self.kept.get(path).is_some_and(|r| r.rule == Rule::Seed)
    }

    pub(crate) fn configuration(&mut self, path: &str, bytes: &[u8]) {
        // What every process may read (accounts, services) names paths that mean nothing to this one.
        let relevant =
            self.kept.get(path).is_some_and(|r| !matches!(r.rule, Rule::Licence | Rule::Metadata | Rule::Data));
        if !relevant {
            return;
        }
        if !self.input.runtime.capabilities.contains_key("NET_BIND_SERVICE") {
            for port in conf::low_ports(bytes) {
                let message =
                    format!("{path} listens on port {port}, which a user other than root may not bind by itself");
                self.found(plimsoll_finding::manifest::PRIVILEGED_PORT, Some(path), message);
            }
        }
        let tree = self.input.tree;
        for reference in conf::references(bytes) {
            let absolute = reference.starts_with('/');
            if absolute {
                self.named_paths.entry(reference.clone()).or_insert_with(|| path.to_owned());
            }
            let patterns = if absolute { vec![reference] } else { self.relative(path, &reference) };
            self.charge(patterns.iter().map(|p| conf::effort(tree, p)).fold(0, usize::saturating_add));
            if self.budget == 0 {
                return;
            }
            for found in patterns.iter().flat_map(|p| conf::expand_glob(tree, p)) {
                let Some((real, node)) = tree.lookup(&found) else { continue };
                match node.kind {
                    // A program that a configuration names is run by it only on demand: ELF and scripts are left to R0.
                    NodeKind::File { .. } if node.mode & 0o111 != 0 && !real.contains(".so") => {}
                    NodeKind::Directory if self.units.is_private(&real) || self.units.is_unowned(&real) => {
                        if deny::class(&real, node, true).is_none()
                            && real.matches('/').count() > 1
                            && !deny::unowned_state(&real, node)
                        {
                            self.keep_below(&found, Rule::Configuration, path);
                        }
                    }
                    NodeKind::Directory => {}
                    _ => self.keep_node(&found, Rule::Configuration, path),
                }
            }
        }
    }

    /// Where a relative reference of a configuration file may lead: beside it, or in a directory of its package.
    fn relative(&self, path: &str, reference: &str) -> Vec<String> {
        let mut out = vec![format!("{}/{reference}", parent(path))];
        let mut parts = path.split('/').skip(1);
        let _ = parts.next();
        if let Some(package) = parts.next() {
            out.push(format!("/etc/{package}/{reference}"));
            out.push(format!("/usr/share/{package}/{reference}"));
            out.push(format!("/usr/lib/{package}/{reference}"));
        }
        if reference.ends_with(".so") {
            let suffix = format!("/{reference}");
            out.extend(self.linker.named(&suffix).filter(|p| p.ends_with(&suffix)).map(str::to_owned));
            // `modules/x.so` below a prefix where `modules` is a link.
            let dir = parent(&suffix);
            let file = reference.rsplit('/').next().unwrap_or_default();
            out.extend(self.linker.links(dir).filter(|p| p.ends_with(dir)).map(|p| format!("{p}/{file}")));
        }
        out
    }
}

fn root_node() -> plimsoll_tree::Node {
    plimsoll_tree::Node {
        kind: NodeKind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: Vec::new(),
        first_layer: 0,
        layer: 0,
    }
}
