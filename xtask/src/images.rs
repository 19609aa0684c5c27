//! Real Debian images from packages: made once, hardened, started without privileges and asked for an answer.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{cache, find, plimsoll, run};

/// An image the lane makes.
struct Recipe {
    name: &'static str,
    package: &'static str,
    command: &'static [&'static str],
    port: u16,
    /// What the hardened image must show, as `plimsoll harden --probe` takes it.
    probe: &'static str,
    /// Files of the application layer: path in the image, content.
    files: &'static [(&'static str, &'static str)],
}

const RECIPES: [Recipe; 2] = [
    Recipe {
        name: "nginx",
        package: "nginx-light",
        command: &["nginx", "-g", "daemon off;"],
        port: 8080,
        probe: "http:8080/",
        files: &[
            (
                "etc/nginx/sites-enabled/default",
                "server {\n    listen 8080;\n    root /var/www/html;\n    index index.html;\n}\n",
            ),
            ("var/www/html/index.html", "served by the hardened image\n"),
        ],
    },
    Recipe {
        name: "redis",
        package: "redis-server",
        command: &["redis-server", "--protected-mode", "no", "--bind", "127.0.0.1"],
        port: 6379,
        probe: "tcp:6379:PING\\r\\n=+PONG",
        files: &[],
    },
];

/// Makes what is not cached, hardens every image, proves that it runs, and prints before and after.
pub(crate) fn lane() -> Result<()> {
    let dir = cache("images")?;
    let binary = plimsoll()?;
    for recipe in &RECIPES {
        let Some(layout) = make(recipe, &dir)? else { continue };
        harden(recipe, &layout, &dir, &binary)?;
        crate::promote::lane(recipe.name, recipe.port, &layout, &dir, &binary)?;
    }
    Ok(())
}

/// The cached layout of the first image, if it was made.
pub(crate) fn nginx() -> Result<Option<PathBuf>> {
    make(&RECIPES[0], &cache("images")?)
}

fn make(recipe: &Recipe, dir: &Path) -> Result<Option<PathBuf>> {
    let layout = dir.join(recipe.name);
    if layout.join("index.json").is_file() {
        return Ok(Some(layout));
    }
    for tool in ["mmdebstrap", "umoci", "tar"] {
        if find(tool).is_none() {
            println!("skipped: {} needs {tool}, which is not installed", recipe.name);
            return Ok(None);
        }
    }
    println!("making {} from Debian 12 packages", recipe.name);
    let base = dir.join(format!("{}.tar", recipe.name));
    run(Command::new("mmdebstrap")
        .args(["--variant=minbase", &format!("--include={}", recipe.package), "bookworm"])
        .arg(&base))?;
    let application = dir.join(format!("{}-application", recipe.name));
    for (path, content) in recipe.files {
        let path = application.join(path);
        std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        std::fs::write(path, content)?;
    }
    let work = dir.join(format!("{}.partial", recipe.name));
    let _ = std::fs::remove_dir_all(&work);
    run(Command::new("umoci").args(["init", "--layout"]).arg(&work))?;
    let image = format!("{}:latest", work.display());
    run(Command::new("umoci").args(["new", "--image", &image]))?;
    run(Command::new("umoci").args(["raw", "add-layer", "--image", &image]).arg(&base))?;
    if !recipe.files.is_empty() {
        let layer = dir.join(format!("{}-application.tar", recipe.name));
        run(Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "-cf"])
            .arg(&layer)
            .arg("-C")
            .arg(&application)
            .arg("."))?;
        run(Command::new("umoci").args(["raw", "add-layer", "--image", &image]).arg(&layer))?;
    }
    let mut config = Command::new("umoci");
    config.args(["config", "--image", &image, "--config.exposedports", &format!("{}/tcp", recipe.port)]);
    for argument in recipe.command {
        config.arg(format!("--config.cmd={argument}"));
    }
    run(&mut config)?;
    std::fs::rename(&work, &layout)?;
    Ok(Some(layout))
}

fn harden(recipe: &Recipe, layout: &Path, dir: &Path, binary: &Path) -> Result<()> {
    let hardened = dir.join(format!("{}-hardened", recipe.name));
    let _ = std::fs::remove_dir_all(&hardened);
    let from = format!("oci-dir:{}", layout.display());
    let to = format!("oci-dir:{}", hardened.display());
    let output = Command::new(binary)
        .args(["harden", &from, "-o", &to, "--probe", recipe.probe])
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .context("cannot start plimsoll")?;
    println!("\n{} hardened", recipe.name);
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("hardening {} ended with {}", recipe.name, output.status);
    }
    if !String::from_utf8_lossy(&output.stdout).contains("run proven") {
        bail!("{} was not shown to run", recipe.name);
    }
    Ok(())
}
