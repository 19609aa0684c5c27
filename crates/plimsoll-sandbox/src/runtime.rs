//! Which runtime is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A runtime this crate can drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeKind {
    /// bubblewrap.
    Bubblewrap,
    /// runc.
    Runc,
}

impl RuntimeKind {
    /// The program's name.
    pub fn program(self) -> &'static str {
        match self {
            Self::Bubblewrap => "bwrap",
            Self::Runc => "runc",
        }
    }
}

/// An installed runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// Which.
    pub kind: RuntimeKind,
    /// Its program.
    pub path: PathBuf,
    /// First line of what it says about its version.
    pub version: String,
}

/// The installed runtime to use: `bwrap` where it is there, else `runc`. `search` is the value of `PATH`.
pub fn detect(search: &str) -> Option<Runtime> {
    [RuntimeKind::Bubblewrap, RuntimeKind::Runc].into_iter().find_map(|kind| find(kind, search))
}

/// This runtime, if it is installed and answers.
pub fn find(kind: RuntimeKind, search: &str) -> Option<Runtime> {
    let places = search.split(':').filter(|d| d.starts_with('/')).map(|d| Path::new(d).join(kind.program()));
    places.filter(|p| p.is_file()).find_map(|path| {
        let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().next().unwrap_or_default().to_owned();
        output.status.success().then_some(Runtime { kind, path, version })
    })
}
