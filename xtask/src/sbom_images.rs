//! The images that SBOM work is measured on: `small` (Debian's smallest), `base` (a server with many runtimes) and
//! `polyglot` (`base` with a layer each from pip, npm, Maven, Go, Cargo and .NET), made once and cached.
//!
//! Beside each image lies its truth: what the image's own package managers say is in it (`truth.rs`). What goes in is
//! listed in `bench/images/`.

mod layers;
mod stage;
mod truth;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::run::{cache, find, root, run};
use stage::Stage;

/// The images, smallest first.
pub(crate) const NAMES: [&str; 3] = ["small", "base", "polyglot"];

/// The time stamped on everything that a client would stamp with the time it ran.
const EPOCH: &str = "1700000000";

/// Makes what is not cached, of all images or of the one named: the layout, its truth and the other forms of it.
pub(crate) fn lane(only: Option<&str>) -> Result<()> {
    if let Some(name) = only
        && !NAMES.contains(&name)
    {
        bail!("no image is called {name}; there are {}", NAMES.join(", "));
    }
    let dir = cache("images")?;
    for name in NAMES.into_iter().filter(|n| only.is_none_or(|o| o == *n)) {
        if let Some(tool) = missing(name) {
            println!("skipped: {name} needs {tool}, which is not installed");
            continue;
        }
        let stage = Stage::new(&dir)?;
        let layout = make(name, &dir, &stage)?;
        println!("{name}: {}", layout.display());
        let counts = truth::record(&stage, &layout, &dir.join("truth").join(name))?;
        print!("{counts}");
        if name == "small" {
            forms(&layout, &dir)?;
        }
    }
    Ok(())
}

/// The cached layout of an image, if it was made.
pub(crate) fn cached(name: &str) -> Result<Option<PathBuf>> {
    let layout = cache("images")?.join(name);
    Ok(layout.join("index.json").is_file().then_some(layout))
}

fn missing(name: &str) -> Option<&'static str> {
    let mut tools = vec!["mmdebstrap", "umoci", "tar", "chroot"];
    if name == "polyglot" {
        tools.extend(["python3", "npm", "mvn", "go", "unzip"]);
    }
    tools.into_iter().find(|t| find(t).is_none())
}

fn make(name: &str, dir: &Path, stage: &Stage) -> Result<PathBuf> {
    let layout = dir.join(name);
    if layout.join("index.json").is_file() {
        return Ok(layout);
    }
    let work = dir.join(format!("{name}.partial"));
    let _ = std::fs::remove_dir_all(&work);
    let image = format!("{}:latest", work.display());
    let tars: Vec<&str> = if name == "polyglot" {
        let base = make("base", dir, stage)?;
        run(Command::new("cp").arg("-r").arg(base).arg(&work))?;
        layers::LAYERS.iter().map(|(name, _)| *name).collect()
    } else {
        run(Command::new("umoci").args(["init", "--layout"]).arg(&work))?;
        run(Command::new("umoci").args(["new", "--image", &image]))?;
        vec![name]
    };
    for tar in &tars {
        stage.tar(tar, |to| match *tar {
            "small" | "base" => debian(tar, to),
            layer => layers::make(layer, stage, to),
        })?;
        println!("{name}: packing {tar}");
        run(Command::new("umoci").args(["raw", "add-layer", "--image", &image]).arg(stage.path(tar)))?;
    }
    std::fs::rename(&work, &layout)?;
    for tar in tars {
        std::fs::remove_file(stage.path(tar)).with_context(|| format!("cannot remove the tar of {tar}"))?;
    }
    Ok(layout)
}

/// A root file system from Debian 12 packages.
fn debian(name: &str, to: &Path) -> Result<()> {
    let list = root().join("bench/images").join(format!("{name}.txt"));
    let mut command = Command::new("mmdebstrap");
    command.arg("--variant=minbase").env("SOURCE_DATE_EPOCH", EPOCH);
    if list.is_file() {
        command.arg(format!("--include={}", entries(&list)?.join(",")));
    }
    run(command.arg("bookworm").arg(to))?;
    Ok(())
}

/// The words of a list, without its comments.
fn entries(list: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    Ok(lines.flat_map(str::split_whitespace).map(str::to_owned).collect())
}

/// The small image in other forms: a docker archive, and with a zstd layer.
fn forms(layout: &Path, dir: &Path) -> Result<()> {
    if find("skopeo").is_none() {
        println!("skipped: the docker archive and zstd forms of small need skopeo, which is not installed");
        return Ok(());
    }
    let from = format!("oci:{}:latest", layout.display());
    let archive = dir.join("small.docker.tar");
    if !archive.is_file() {
        let partial = dir.join("small.docker.partial");
        let _ = std::fs::remove_file(&partial);
        let to = format!("docker-archive:{}:bench/small:latest", partial.display());
        run(Command::new("skopeo").args(["copy", "-q", &from, &to]))?;
        std::fs::rename(&partial, &archive)?;
    }
    let zstd = dir.join("small-zstd");
    if !zstd.join("index.json").is_file() {
        // A gzip layer is copied as it is, so the way to zstd goes over plain layers.
        let plain = dir.join("small-plain.partial");
        let partial = dir.join("small-zstd.partial");
        for work in [&plain, &partial] {
            let _ = std::fs::remove_dir_all(work);
        }
        let between = format!("dir:{}", plain.display());
        run(Command::new("skopeo").args(["copy", "-q", "--dest-decompress", &from, &between]))?;
        let to = format!("oci:{}:latest", partial.display());
        run(Command::new("skopeo").args(["copy", "-q", "--dest-compress-format", "zstd", &between, &to]))?;
        std::fs::remove_dir_all(&plain)?;
        std::fs::rename(&partial, &zstd)?;
    }
    Ok(())
}
