//! The sample in a directory of its own, the binary run in it, and registries to talk to.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use plimsoll_registry::blocking::RunningServer;
use plimsoll_registry::{Fault, FaultRule, Faults, ServerOptions};
use serde_json::Value;
use tempfile::TempDir;

/// The sample's present.
pub const NOW: &str = "2026-11-21T10:00:00Z";
/// What is written into artefacts.
pub const EPOCH: &str = "1795165200";
/// Password of the sample's key, which is public.
pub const PASSWORD: &str = "high-water";
/// The registry that the sample's decisions name.
pub const SAMPLE_REGISTRY: &str = "registry.tidewater.example";
/// The sample's private key.
pub const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/keys/harbour-release.key");
/// Its public half.
pub const PUBLIC_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/keys/harbour-release.pub");

/// Files by path below a directory.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Every file below `dir`.
pub fn files(dir: &Path) -> Files {
    fn into(root: &Path, dir: &Path, found: &mut Files) {
        let Ok(entries) = fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                into(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = Files::new();
    into(dir, dir, &mut found);
    found
}

/// What a demonstration writes, made once. Nothing can be started in it: `PATH` is empty.
pub fn demo() -> &'static Files {
    static DEMO: OnceLock<Files> = OnceLock::new();
    DEMO.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        Plimsoll::new(dir.path()).run(["demo", "--offline", "--out", "demo"]).exit(0);
        files(&dir.path().join("demo"))
    })
}

/// The binary, its environment and its working directory.
pub struct Plimsoll {
    dir: PathBuf,
    env: BTreeMap<String, String>,
}

impl Plimsoll {
    pub fn new(dir: &Path) -> Self {
        let env = [
            ("SOURCE_DATE_EPOCH", EPOCH),
            ("COSIGN_PASSWORD", PASSWORD),
            ("PATH", ""),
            ("HOME", "/nonexistent"),
            ("PLIMSOLL_NO_CACHE", "true"),
        ];
        Self { dir: dir.to_owned(), env: env.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(args).current_dir(&self.dir).env_clear().envs(&self.env).stdin(Stdio::null());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        Done::of(self.command(args).output().unwrap())
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            code: output.status.code().expect("it was not killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// It ended with this code.
    #[track_caller]
    pub fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// stderr says this.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "'{text}' is not on stderr:\n{}\nstdout:\n{}", self.err, self.out);
        self
    }

    /// stdout is JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in:\n{}\nstderr:\n{}", self.out, self.err))
    }
}

/// The sample without what a promotion writes, in a temporary directory.
pub struct Site {
    dir: TempDir,
    registry: String,
}

impl Site {
    /// The sample as it is.
    pub fn new() -> Self {
        Self::of(SAMPLE_REGISTRY)
    }

    /// The sample with another registry in its decisions and manifests.
    pub fn of(registry: &str) -> Self {
        let site = Self { dir: TempDir::new().unwrap(), registry: registry.to_owned() };
        for (name, bytes) in demo().iter().filter(|(name, _)| !name.starts_with("promoted/")) {
            if name.starts_with("decisions/adrs") || name.starts_with("manifests/") {
                let text = String::from_utf8(bytes.clone()).unwrap();
                site.write(name, text.replace(SAMPLE_REGISTRY, registry));
            } else {
                site.write(name, bytes);
            }
        }
        site
    }

    /// An empty one.
    pub fn empty() -> Self {
        Self { dir: TempDir::new().unwrap(), registry: String::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Replaces text that must be there.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "'{from}' is not in {name}:\n{text}");
        self.write(name, text.replace(from, to));
    }

    pub fn files(&self) -> Files {
        files(self.dir.path())
    }

    pub fn plimsoll(&self) -> Plimsoll {
        Plimsoll::new(self.dir.path())
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        self.plimsoll().run(args)
    }

    /// The repository that the manifests name.
    pub fn repository(&self) -> String {
        format!("{}/harbour/tidewater", self.registry)
    }

    /// Promotes the sample, with further arguments.
    pub fn promote(&self, more: &[&str]) -> Done {
        self.promote_image("oci-dir:image", more)
    }

    /// Promotes an image, with further arguments.
    pub fn promote_image(&self, image: &str, more: &[&str]) -> Done {
        self.promote_by(&self.plimsoll(), image, more)
    }

    /// Promotes the sample in another environment.
    pub fn promote_with(&self, plimsoll: &Plimsoll, more: &[&str]) -> Done {
        self.promote_by(plimsoll, "oci-dir:image", more)
    }

    fn promote_by(&self, plimsoll: &Plimsoll, image: &str, more: &[&str]) -> Done {
        let mut args = vec!["promote", image, "--manifests", "manifests", "--decisions", "decisions", "--out", "out"];
        args.extend(["--platform", "linux/amd64"]);
        for (flag, value) in [("--db", "plimsoll.db"), ("--key", KEY), ("--now", NOW)] {
            if !more.contains(&flag) {
                args.extend([flag, value]);
            }
        }
        args.extend(more);
        plimsoll.run(args)
    }
}

/// A registry on loopback.
pub struct Registry {
    server: RunningServer,
    pub faults: Faults,
    root: TempDir,
}

impl Registry {
    pub fn start() -> Self {
        Self::with(ServerOptions::default())
    }

    pub fn with(options: ServerOptions) -> Self {
        let root = TempDir::new().unwrap();
        let faults = options.faults.clone();
        let server = RunningServer::start(([127, 0, 0, 1], 0).into(), root.path(), options).unwrap();
        Self { server, faults, root }
    }

    /// `127.0.0.1:PORT`.
    pub fn name(&self) -> String {
        self.server.local_addr().to_string()
    }

    /// The sample, whose registry is this one.
    pub fn site(&self) -> Site {
        Site::of(&self.name())
    }

    /// Everything that was ever pushed.
    pub fn files(&self) -> Files {
        files(self.root.path())
    }

    /// Every request whose path holds `path` meets `fault`.
    pub fn break_with(&self, path: &str, fault: Fault) {
        self.faults.add(FaultRule { method: None, path_contains: path.to_owned(), times: u32::MAX, fault });
    }
}

/// The sample promoted to a registry.
pub struct Promoted {
    pub registry: Registry,
    pub site: Site,
    /// `registry/repository@sha256:…`.
    pub image: String,
}

impl Promoted {
    pub fn new() -> Self {
        let registry = Registry::start();
        let site = registry.site();
        let push = format!("{}:1.4.1", site.repository());
        let image = site.promote(&["--push", &push]).exit(0).out.trim().to_owned();
        Self { registry, site, image }
    }

    pub fn digest(&self) -> &str {
        self.image.rsplit_once('@').unwrap().1
    }
}
