//! Finding and installing the judges.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Bench, find, run};

/// A judge written in Go: its program, and the package it is built from.
pub(super) struct GoTool {
    pub(super) program: &'static str,
    module: &'static str,
    version: &'static str,
    package: &'static str,
    /// Whether the module replaces dependencies: `go install` refuses such, and it is built where it lies.
    replaces: bool,
}

pub(super) const GATOR: GoTool = GoTool {
    program: "gator",
    module: "github.com/open-policy-agent/gatekeeper/v3",
    version: "v3.23.1",
    package: "cmd/gator",
    replaces: false,
};
pub(super) const KYVERNO: GoTool = GoTool {
    program: "kubectl-kyverno",
    module: "github.com/kyverno/kyverno",
    version: "v1.19.1",
    package: "cmd/cli/kubectl-kyverno",
    replaces: true,
};
pub(super) const COSIGN: GoTool = GoTool {
    program: "cosign",
    module: "github.com/sigstore/cosign/v3",
    version: "v3.1.3",
    package: "cmd/cosign",
    replaces: false,
};

impl GoTool {
    fn build(&self, bin: &Path) -> Result<()> {
        if !self.replaces {
            let package = format!("{}/{}@{}", self.module, self.package, self.version);
            run(Command::new("go").args(["install", &package]).env("GOBIN", bin))?;
            return Ok(());
        }
        let module = format!("{}@{}", self.module, self.version);
        let found = run(Command::new("go").args(["mod", "download", "-json", &module]))?;
        let found: serde_json::Value = serde_json::from_slice(&found.stdout)?;
        let dir = found["Dir"].as_str().context("go mod download names no folder")?;
        let output = bin.join(self.program);
        run(Command::new("go")
            .args(["build", "-C", dir, "-mod=readonly", "-o"])
            .arg(output)
            .arg(format!("./{}", self.package)))?;
        Ok(())
    }
}

impl Bench {
    /// The program from PATH or the cache; built first if that was asked for. `Err` of the inner result is why not.
    pub(super) fn go_tool(&self, tool: &GoTool) -> Result<Result<PathBuf, String>> {
        let bin = self.dir.join("bin");
        let own = bin.join(tool.program);
        if let Some(path) = find(tool.program).or_else(|| own.is_file().then(|| own.clone())) {
            return Ok(Ok(path));
        }
        if std::env::var_os("PLIMSOLL_INTEROP_INSTALL").is_none_or(|v| v != "1") {
            return Ok(Err(format!("{} is not installed (PLIMSOLL_INTEROP_INSTALL=1 builds it)", tool.program)));
        }
        if find("go").is_none() {
            return Ok(Err(format!("{} is not installed, and there is no go to build it", tool.program)));
        }
        println!("building {} {}, which takes minutes", tool.program, tool.version);
        std::fs::create_dir_all(&bin)?;
        Ok(match tool.build(&bin) {
            Ok(()) => Ok(own),
            Err(error) => Err(format!("{} cannot be built: {error:#}", tool.program)),
        })
    }

    /// The interpreter of the environment with the pinned Python judges.
    pub(super) fn python(&self) -> Result<Result<PathBuf, String>> {
        let Some(python) = find("python3") else { return Ok(Err("python3 is not installed".to_owned())) };
        let venv = self.dir.join("venv");
        let wanted = std::fs::read(self.dir.join("requirements.txt"))?;
        let stamp = venv.join("requirements.done");
        if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
            run(Command::new(python).args(["-m", "venv"]).arg(&venv))?;
            run(Command::new(venv.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"])
                .current_dir(&self.dir))?;
            std::fs::write(&stamp, &wanted)?;
        }
        Ok(Ok(venv.join("bin/python")))
    }

    /// Installs the pinned JavaScript judges; `Err` of the inner result is why not.
    pub(super) fn node(&self) -> Result<Result<(), String>> {
        for tool in ["node", "npm"] {
            if find(tool).is_none() {
                return Ok(Err(format!("{tool} is not installed")));
            }
        }
        let wanted = std::fs::read(self.dir.join("package-lock.json"))?;
        let stamp = self.dir.join("node_modules/lock.done");
        if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
            run(Command::new("npm")
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .current_dir(&self.dir))?;
            std::fs::write(&stamp, &wanted)?;
        }
        Ok(Ok(()))
    }
}

/// The value, or leaves the function saying that the part was skipped.
macro_rules! or_skip {
    ($found:expr) => {
        match $found? {
            Ok(found) => found,
            Err(why) => return Ok(super::Outcome::Skipped(why)),
        }
    };
}
pub(super) use or_skip;
