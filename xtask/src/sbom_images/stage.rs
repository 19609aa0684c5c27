//! The workshop of the images: tars of layers, kept until the image is made, and folders that are filled to become one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::EPOCH;
use crate::run::run;

/// A folder below the image cache.
pub(super) struct Stage {
    dir: PathBuf,
}

impl Stage {
    pub(super) fn new(images: &Path) -> Result<Self> {
        let dir = images.join("stage");
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { dir })
    }

    /// Where a layer's tar is kept.
    pub(super) fn path(&self, layer: &str) -> PathBuf {
        self.dir.join(format!("{layer}.tar"))
    }

    /// Tools and what clients wrote about a layer while they made it, kept across runs.
    pub(super) fn side(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }

    /// An empty folder.
    pub(super) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        self.side(name)
    }

    /// Has `make` write a layer's tar, if it is not kept already. A tar that was cut short never gets its name.
    pub(super) fn tar(&self, layer: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let path = self.path(layer);
        if path.is_file() {
            return Ok(());
        }
        println!("making layer {layer}");
        // mmdebstrap takes the format from the name's end.
        let partial = self.dir.join(format!("{layer}.partial.tar"));
        let _ = std::fs::remove_file(&partial);
        make(&partial).with_context(|| format!("layer {layer} was not made"))?;
        std::fs::rename(&partial, &path).with_context(|| format!("cannot keep {}", path.display()))
    }

    /// Packs a filled folder and removes it.
    pub(super) fn pack(&self, dir: &Path, tar: &Path) -> Result<()> {
        run(Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", &format!("--mtime=@{EPOCH}"), "-cf"])
            .arg(tar)
            .arg("-C")
            .arg(dir)
            .arg("."))?;
        // Go's module cache and the like are read-only to their owner; only root's removal is sure to work.
        std::fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
    }
}
