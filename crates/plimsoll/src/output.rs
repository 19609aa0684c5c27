//! Where results go: `-o FORMAT[@VERSION][=FILE]`, and files written whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::exit::Failure;

/// One `-o` value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputSpec {
    pub(crate) format: String,
    pub(crate) version: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

impl OutputSpec {
    /// Reads the `-o` values and refuses formats the command does not know, and two results on one stdout.
    pub(crate) fn parse_all(values: &[String], known: &[&str]) -> Result<Vec<Self>> {
        let mut specs = Vec::new();
        for value in values {
            let (head, file) = match value.split_once('=') {
                Some((head, file)) => (head, Some(PathBuf::from(file))),
                None => (value.as_str(), None),
            };
            let (format, version) = match head.split_once('@') {
                Some((format, version)) => (format, Some(version.to_owned())),
                None => (head, None),
            };
            if !known.contains(&format) {
                let known = known.join(", ");
                return Err(Failure::usage(format!("unknown output format '{format}'; one of {known}")).into());
            }
            specs.push(Self { format: format.to_owned(), version, file });
        }
        if specs.iter().filter(|s| s.file.is_none()).count() > 1 {
            return Err(Failure::usage("two outputs would share stdout; give all but one a =FILE").into());
        }
        Ok(specs)
    }

    /// Writes the result to its file or to stdout.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        match &self.file {
            Some(file) => write_file(file, bytes),
            None => print(bytes),
        }
    }
}

/// The result on stdout. A reader that has gone away is not an error.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| match bytes.last() {
        Some(b'\n') | None => Ok(()),
        Some(_) => out.write_all(b"\n"),
    });
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to stdout"),
    }
}

/// Writes a file atomically, its directories made as needed.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        let mut file = tempfile::Builder::new().prefix(".plimsoll-").suffix(".tmp").tempfile_in(dir)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|e| Failure::input(format!("cannot write {}: {e}", path.display())).into())
}

/// Pretty JSON with a final newline.
pub(crate) fn pretty(value: &serde_json::Value) -> Vec<u8> {
    let mut text = format!("{value:#}");
    text.push('\n');
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_format_version_and_file() {
        let specs =
            OutputSpec::parse_all(&["spdx-json@2.3=a=b.json".into(), "table".into()], &["spdx-json", "table"]).unwrap();
        assert_eq!(specs[0].version.as_deref(), Some("2.3"));
        assert_eq!(specs[0].file.as_deref(), Some(Path::new("a=b.json")));
        assert!(OutputSpec::parse_all(&["xml".into()], &["json"]).is_err());
        assert!(OutputSpec::parse_all(&["json".into(), "table".into()], &["json", "table"]).is_err());
    }
}
