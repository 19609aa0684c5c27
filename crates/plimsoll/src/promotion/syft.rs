//! Syft as the decided SBOM tool: it is run, its documents are attested as it wrote them, and what it found is judged by
//! the same gate as plimsoll's own list would be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use plimsoll_catalog::Catalog;
use plimsoll_intent::SbomFormat;
use plimsoll_oci::Digest;

use crate::exit::{Exit, Failure};

/// What Syft said.
pub(crate) struct Listed {
    /// Name and version, as it states them itself.
    pub(crate) tool: String,
    pub(crate) catalog: Catalog,
    /// The decided documents, by file name.
    pub(crate) documents: BTreeMap<String, Vec<u8>>,
}

/// The installed program of that name.
pub(crate) fn installed(tool: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|dir| dir.join(tool)).find(|p| p.is_file())
}

/// Has Syft list the image of a layout, which must be the only one in it.
pub(crate) fn list(layout: &Path, digest: &Digest, formats: &[SbomFormat]) -> Result<Listed> {
    let fault = |why: String| Failure::input(format!("syft: {why}"));
    let program = installed("syft").ok_or_else(|| fault("it is not installed".to_owned()))?;
    let dir = tempfile::tempdir().map_err(|e| fault(e.to_string()))?;
    let own = dir.path().join("syft.json");
    let mut wanted = vec![("syft-json", own.clone(), None)];
    for format in formats {
        let (name, file) = match format {
            SbomFormat::CycloneDx => ("cyclonedx-json", "sbom.cyclonedx.json"),
            SbomFormat::Spdx => ("spdx-json", "sbom.spdx.json"),
        };
        wanted.push((name, dir.path().join(file), Some(file)));
    }
    let mut command = Command::new(program);
    command
        .arg("scan")
        .arg("--quiet")
        .arg(format!("oci-dir:{}", layout.display()))
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    for (name, path, _) in &wanted {
        command.arg("-o").arg(format!("{name}={}", path.display()));
    }
    let output = command.output().map_err(|e| fault(e.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(
            fault(format!("it ended with {}: {}", output.status, said.lines().last().unwrap_or_default())).into()
        );
    }
    let read = |path: &Path| std::fs::read(path).map_err(|e| fault(format!("it left no {}: {e}", path.display())));
    let sbom = plimsoll_sbom::read(&read(&own)?).map_err(|e| fault(e.to_string()))?;
    if !sbom.is_about(digest) {
        let found = sbom.subject.digest.map_or_else(|| "no digest".to_owned(), |d| d.to_string());
        let message = format!("syft listed another image: expected {digest}, found {found}");
        return Err(Failure::new(Exit::Undecidable, message).into());
    }
    let mut documents = BTreeMap::new();
    for (_, path, file) in &wanted {
        if let Some(file) = file {
            documents.insert((*file).to_owned(), read(path)?);
        }
    }
    let tool = format!("{} {}", sbom.tool.name, sbom.tool.version);
    let catalog = Catalog { distro: sbom.distro, packages: sbom.packages, problems: sbom.problems };
    Ok(Listed { tool, catalog, documents })
}
