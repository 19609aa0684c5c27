//! The registry client of this run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use plimsoll_oci::Reference;
use plimsoll_registry::blocking::Client;
use plimsoll_registry::{Credentials, Options, RegistryError, docker_config_path};

use crate::args::Common;
use crate::exit::{Exit, Failure};

/// A client with the user's credentials.
pub(crate) fn client(common: &Common) -> Result<Client> {
    client_with(common, Options::default())
}

/// A client with other options than the default; credentials and time limits are the user's.
pub(crate) fn client_with(common: &Common, options: Options) -> Result<Client> {
    let credentials = match docker_config_path(|name| std::env::var_os(name)).filter(|p: &PathBuf| p.is_file()) {
        Some(path) => Credentials::from_file(&path).map_err(failure)?,
        None => Credentials::anonymous(),
    };
    let limit = Duration::from_secs(common.timeout);
    let stall_timeout = options.stall_timeout.min(limit);
    Ok(Client::new(Options { credentials, operation_timeout: limit, stall_timeout, ..options }).map_err(failure)?)
}

/// Refuses a registry that `--offline` forbids.
pub(crate) fn allow(common: &Common, reference: &Reference) -> Result<()> {
    if common.offline && !reference.is_loopback() {
        let message = format!("--offline: {} is not on this machine", reference.registry);
        return Err(Failure::input(message).into());
    }
    Ok(())
}

/// A registry error with its exit code.
pub(crate) fn failure(error: RegistryError) -> Failure {
    let (exit, hint) = match &error {
        RegistryError::NotFound { .. } => (Exit::NoImage, None),
        RegistryError::Unauthorized { .. } | RegistryError::Denied { .. } => {
            (Exit::Input, Some("log in with docker login, or set DOCKER_CONFIG or REGISTRY_AUTH_FILE"))
        }
        RegistryError::Invalid { .. } => (Exit::Usage, None),
        _ => (Exit::Input, None),
    };
    Failure { exit, message: error.to_string(), hint: hint.map(str::to_owned) }
}
