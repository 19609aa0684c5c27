//! The layers that `polyglot` has above `base`, each made with the ecosystem's ordinary client.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::stage::Stage;
use super::{EPOCH, entries};
use crate::run::{root, run};

/// Fills a folder that becomes the layer.
type Fill = fn(&Stage, &Path) -> Result<()>;

/// Lowest first.
pub(super) const LAYERS: [(&str, Fill); 6] =
    [("python", python), ("java", java), ("go", go), ("dotnet", dotnet), ("npm", npm), ("rust", rust)];

/// Nothing newer than this is taken where no version is pinned.
const BEFORE: &str = "2026-11-01";

/// The client for wheels.
const UV: &str = "uv==0.13.9";

/// Rust programs that are built with the list of their dependencies inside.
const CRATES: [&str; 2] = ["cargo-auditable@0.7.7", "ripgrep@14.1.1"];

/// npm packages that carry .NET programs with their `.deps.json`.
const DOTNET_NPM: [&str; 3] = [
    "@typespec/http-client-csharp@1.0.0-alpha.20260929.2",
    "@azure-tools/typespec-csharp@0.2.0-beta.20251203.1",
    "@autorest/csharp@3.0.0-beta.20251203.1",
];

pub(super) fn make(layer: &str, stage: &Stage, to: &Path) -> Result<()> {
    let Some((_, fill)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        bail!("no layer is called {layer}");
    };
    let dir = stage.fresh(&format!("{layer}-layer"))?;
    fill(stage, &dir)?;
    stage.pack(&dir, to)
}

fn folder(below: &Path, path: &str) -> Result<std::path::PathBuf> {
    let dir = below.join(path);
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}

/// Wheels for Debian 12's Python, whichever Python is here, by uv: pip takes ten times as long.
fn wheels(stage: &Stage, target: &Path, what: &[&str]) -> Result<()> {
    let tools = stage.side("uv-tools")?;
    let uv = tools.join("bin/uv");
    if !uv.is_file() {
        run(Command::new("python3").args(["-m", "pip", "install", "-q", "--target"]).arg(&tools).arg(UV))?;
    }
    run(Command::new(&uv)
        .args(["pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--target"])
        .arg(target)
        .args(what)
        .env("SOURCE_DATE_EPOCH", EPOCH))?;
    let lock = target.join(".lock");
    if lock.is_file() {
        std::fs::remove_file(&lock).with_context(|| format!("cannot remove {}", lock.display()))?;
    }
    Ok(())
}

fn python(stage: &Stage, dir: &Path) -> Result<()> {
    let list = root().join("bench/images/python.txt");
    let site = folder(dir, "opt/venv/lib/python3.11/site-packages")?;
    wheels(stage, &site, &["-r", &list.display().to_string()])
}

fn npm(_: &Stage, dir: &Path) -> Result<()> {
    let app = folder(dir, "app")?;
    std::fs::copy(root().join("bench/images/npm/package.json"), app.join("package.json"))
        .context("cannot copy the application's package.json")?;
    npm_install(&app, &[])
}

fn npm_install(dir: &Path, what: &[&str]) -> Result<()> {
    run(Command::new("npm")
        .args(["install", "--silent", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"])
        .arg(format!("--before={BEFORE}"))
        .args(what)
        .current_dir(dir))?;
    Ok(())
}

/// A folder of libraries, shaded ones among them, and a Spring Boot application that nests its own.
fn java(stage: &Stage, dir: &Path) -> Result<()> {
    let work = stage.fresh("java-work")?;
    let side = stage.side("java-truth")?;
    run(Command::new("cp").arg("-r").arg(root().join("bench/images/java")).arg(work.join("java")))?;
    let mvn = |project: &str, goal: &[String]| {
        run(Command::new("mvn")
            .args(["-B", "-q"])
            .args(goal)
            .arg("dependency:list")
            .arg(format!("-DoutputFile={}", side.join(format!("{project}.txt")).display()))
            .current_dir(work.join("java").join(project)))
    };
    let lib = folder(dir, "opt/java/lib")?;
    mvn("lib", &["dependency:copy-dependencies".to_owned(), format!("-DoutputDirectory={}", lib.display())])?;
    mvn("app", &["package".to_owned()])?;
    let jar = "application-1.0.0.jar";
    std::fs::copy(work.join("java/app/target").join(jar), folder(dir, "opt/java/app")?.join(jar))
        .context("Maven left no application JAR")?;
    Ok(())
}

fn go(_: &Stage, dir: &Path) -> Result<()> {
    let bin = folder(dir, "usr/local/bin")?;
    for module in entries(&root().join("bench/images/go.txt"))? {
        run(Command::new("go")
            .args(["install", "-trimpath", &module])
            .env("GOBIN", &bin)
            .env("CGO_ENABLED", "0")
            .env("GOTOOLCHAIN", "local"))?;
    }
    Ok(())
}

fn rust(stage: &Stage, dir: &Path) -> Result<()> {
    let tools = stage.side("cargo-tools")?;
    let install = |auditable: bool, to: &Path, crates: &[&str]| -> Result<()> {
        let mut command = Command::new(env!("CARGO"));
        if auditable {
            command.arg("auditable");
        }
        command.args(["install", "--quiet", "--locked", "--root"]).arg(to).args(crates);
        let mut paths = vec![tools.join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        // The workspace's own settings (target directory, toolchain file) are not the programs'.
        command.env("PATH", std::env::join_paths(paths)?).env_remove("CARGO_TARGET_DIR").current_dir(&tools);
        run(&mut command)?;
        Ok(())
    };
    install(false, &tools, &[CRATES[0], super::truth::AUDIT_INFO])?;
    let local = folder(dir, "usr/local")?;
    install(true, &local, &CRATES)?;
    for state in [".crates.toml", ".crates2.json"] {
        std::fs::remove_file(local.join(state)).with_context(|| format!("cargo left no {state}"))?;
    }
    Ok(())
}

/// A .NET runtime from a wheel, and programs for it from npm.
fn dotnet(stage: &Stage, dir: &Path) -> Result<()> {
    wheels(stage, &folder(dir, "opt/dotnet/runtime")?, &["dotnetcore2==3.1.23"])?;
    npm_install(&folder(dir, "opt/dotnet/generators")?, &DOTNET_NPM)
}
