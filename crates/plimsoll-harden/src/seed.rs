//! What is started in an image: its own process, and what the workloads' manifests start in it (rule R0).

use plimsoll_oci::{ContainerConfig, Reference};
use plimsoll_tree::{NodeKind, Tree};
use plimsoll_workload::{Container, Workload};

use crate::words;

/// Search path where the image's environment names none.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a command line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Entry point and command of the image.
    Image,
    /// The image's health check, which Kubernetes ignores.
    HealthCheck,
    /// A field of a workload's container.
    Manifest {
        /// `Deployment/shop/web`.
        object: String,
        /// Field path inside the object.
        field: String,
        /// It replaces the image's own process.
        main: bool,
    },
}

/// A command line that must work in the hardened image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    pub(crate) place: Place,
    /// As written.
    pub(crate) original: Vec<String>,
    /// Without a shell where that is possible, else as written.
    pub(crate) argv: Vec<String>,
}

impl Seed {
    fn new(place: Place, original: Vec<String>) -> Self {
        let argv = words::unshell(&original).unwrap_or_else(|| original.clone());
        Self { place, original, argv }
    }

    /// Whether a shell was taken away.
    pub(crate) fn rewritten(&self) -> bool {
        self.original != self.argv
    }

    /// For reasons and messages.
    pub(crate) fn label(&self) -> String {
        match &self.place {
            Place::Image => "the image's entry point".to_owned(),
            Place::HealthCheck => "the image's health check".to_owned(),
            Place::Manifest { object, field, .. } => format!("{object} {field}"),
        }
    }
}

/// Every command line of the image and of the workloads that use it.
pub(crate) fn seeds(config: &ContainerConfig, workloads: &[Workload], references: &[String]) -> Vec<Seed> {
    let mut out = Vec::new();
    if !config.argv().is_empty() {
        out.push(Seed::new(Place::Image, config.argv()));
    }
    match config.healthcheck.split_first() {
        Some((kind, rest)) if kind == "CMD" => out.push(Seed::new(Place::HealthCheck, rest.to_vec())),
        Some((kind, [script])) if kind == "CMD-SHELL" => {
            let argv = ["/bin/sh".to_owned(), "-c".to_owned(), script.clone()];
            out.push(Seed::new(Place::HealthCheck, argv.into()));
        }
        _ => {}
    }
    for workload in workloads {
        let object = workload.display_name();
        for container in workload.containers().iter().filter(|c| uses(c, references)) {
            let field = |name: &str| workload.object_field(&format!("{}.{name}", container.field()));
            let (command, args) = (container.command(), container.args());
            let command_field = field(if command.is_some() { "command" } else { "args" });
            let argv: Option<Vec<String>> = match (command, args) {
                (None, None) => None,
                (Some(command), args) => Some(command.into_iter().chain(args.unwrap_or_default()).collect()),
                (None, Some(args)) => Some(config.entrypoint.iter().cloned().chain(args).collect()),
            };
            if let Some(argv) = argv.filter(|a| !a.is_empty()) {
                out.push(Seed::new(Place::Manifest { object: object.clone(), field: command_field, main: true }, argv));
            }
            for hook in container.hook_commands() {
                if !hook.argv.is_empty() {
                    let place = Place::Manifest { object: object.clone(), field: field(&hook.field), main: false };
                    out.push(Seed::new(place, hook.argv));
                }
            }
        }
    }
    out
}

/// Whether there are containers that use the image and each gives a command of its own.
pub(crate) fn overridden(workloads: &[Workload], references: &[String]) -> bool {
    let mut any = false;
    for workload in workloads {
        for container in workload.containers().iter().filter(|c| uses(c, references)) {
            any = true;
            if container.command().is_none_or(|c| c.is_empty()) {
                return false;
            }
        }
    }
    any
}

/// Whether a container uses the image that `references` name. No reference: every container does.
pub(crate) fn uses(container: &Container<'_>, references: &[String]) -> bool {
    references.is_empty() || references.iter().any(|r| same_repository(container.image, r))
}

fn same_repository(a: &str, b: &str) -> bool {
    let name = |text: &str| text.parse::<Reference>().ok().map(|r| r.name());
    match (name(a), name(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The path of the program `name` starts, links not followed: as written if it has a slash, else along `search`.
pub(crate) fn program(tree: &Tree, name: &str, search: &str, working_dir: &str) -> Option<String> {
    let is_file = |path: &str| matches!(tree.lookup(path), Some((_, n)) if matches!(n.kind, NodeKind::File { .. }));
    if name.starts_with('/') {
        return is_file(name).then(|| name.to_owned());
    }
    if name.contains('/') {
        let path = format!("{}/{name}", working_dir.trim_end_matches('/'));
        return is_file(&path).then_some(path);
    }
    search
        .split(':')
        .filter(|d| d.starts_with('/'))
        .map(|d| format!("{}/{name}", d.trim_end_matches('/')))
        .find(|p| is_file(p))
}
