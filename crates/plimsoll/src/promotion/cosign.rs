//! cosign as the decided signer: it is run over each statement with the decided key, and plimsoll verifies what it made
//! before anything is pushed.

use std::process::Command;

use anyhow::Result;
use plimsoll_envelope::{Bundle, Statement};
use plimsoll_intent::Transparency;

use super::syft::installed;
use crate::exit::Failure;

/// cosign's name and version, as it states them itself.
pub(crate) fn version() -> String {
    let said = installed("cosign").and_then(|program| Command::new(program).args(["version", "--json"]).output().ok());
    let said: Option<serde_json::Value> = said.and_then(|output| serde_json::from_slice(&output.stdout).ok());
    let version = said.as_ref().and_then(|v| v.get("gitVersion")).and_then(serde_json::Value::as_str);
    format!("cosign {}", version.unwrap_or("of unknown version"))
}

/// Has cosign sign a statement. The password of a key file is what `COSIGN_PASSWORD` holds.
pub(crate) fn sign(statement: &Statement, key: &str, transparency: Transparency) -> Result<Vec<u8>> {
    let fault = |why: String| Failure::input(format!("cosign: {why}"));
    let program = installed("cosign").ok_or_else(|| fault("it is not installed".to_owned()))?;
    let dir = tempfile::tempdir().map_err(|e| fault(e.to_string()))?;
    let (input, output) = (dir.path().join("statement.json"), dir.path().join("bundle.json"));
    std::fs::write(&input, statement.to_bytes()).map_err(|e| fault(e.to_string()))?;
    let mut command = Command::new(program);
    command.args(["attest-blob", "--yes", "--new-bundle-format", "--key", key]);
    command.arg("--statement").arg(&input).arg("--bundle").arg(&output);
    if transparency == Transparency::NotRequired {
        // Nothing is decided to go to a log, so nothing of the private image goes to a public one.
        command.args(["--use-signing-config=false", "--tlog-upload=false"]);
    }
    let ended = command.output().map_err(|e| fault(e.to_string()))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        return Err(
            fault(format!("it ended with {}: {}", ended.status, said.lines().last().unwrap_or_default())).into()
        );
    }
    let bytes = std::fs::read(&output).map_err(|e| fault(format!("it left no bundle: {e}")))?;
    Bundle::parse(&bytes).map_err(|e| fault(format!("its bundle is not one: {e}")))?;
    Ok(bytes)
}
