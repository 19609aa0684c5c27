//! The image configuration (OCI image specification, "Image Configuration").

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Digest, Platform};

/// An image configuration: the fields this project reads as types, and the whole document for what it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Platform the image was built for.
    pub platform: Platform,
    /// Creation time as written, RFC 3339.
    pub created: Option<String>,
    /// The execution part.
    pub container: ContainerConfig,
    /// Digests of the uncompressed layers, base first.
    pub diff_ids: Vec<Digest>,
    /// Build history, oldest first.
    pub history: Vec<History>,
    /// Every field as it was read, for rewriting without loss.
    pub raw: Map<String, Value>,
}

/// What a runtime applies when it starts the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerConfig {
    /// `user[:group]`, names or numbers; empty means root.
    pub user: String,
    /// `NAME=value` lines.
    pub env: Vec<String>,
    /// The entry point, exec form.
    pub entrypoint: Vec<String>,
    /// Default arguments.
    pub cmd: Vec<String>,
    /// Working directory; empty means `/`.
    pub working_dir: String,
    /// Declared ports: `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// Declared volumes, absolute paths.
    pub volumes: Vec<String>,
    /// Labels, sorted.
    pub labels: BTreeMap<String, String>,
    /// Signal that stops the process.
    pub stop_signal: Option<String>,
    /// Health check `Test`, Docker's extension.
    pub healthcheck: Vec<String>,
}

/// One step of the build history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Creation time as written.
    pub created: Option<String>,
    /// The instruction.
    pub created_by: Option<String>,
    /// The step made no layer.
    pub empty_layer: bool,
}

/// Why a configuration was refused; the image is at fault.
#[derive(Debug, thiserror::Error)]
pub enum ImageConfigError {
    /// Not a JSON object.
    #[error("image configuration is not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is missing or has the wrong type.
    #[error("image configuration field '{0}' is missing or has the wrong type")]
    Field(&'static str),
    /// A diffID is malformed.
    #[error("image configuration holds a malformed diffID: {0}")]
    DiffId(#[from] crate::DigestError),
}

impl Config {
    /// Reads an image configuration.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageConfigError> {
        let raw: Map<String, Value> = serde_json::from_slice(bytes)?;
        let platform = Platform {
            os: text(&raw, "os")?.unwrap_or_default(),
            architecture: text(&raw, "architecture")?.unwrap_or_default(),
            variant: text(&raw, "variant")?,
        };
        let diff_ids = raw
            .get("rootfs")
            .and_then(|r| r.get("diff_ids"))
            .and_then(Value::as_array)
            .ok_or(ImageConfigError::Field("rootfs.diff_ids"))?
            .iter()
            .map(|v| Ok(v.as_str().ok_or(ImageConfigError::Field("rootfs.diff_ids"))?.parse()?))
            .collect::<Result<_, ImageConfigError>>()?;
        let container = match raw.get("config") {
            None | Some(Value::Null) => ContainerConfig::default(),
            Some(Value::Object(map)) => ContainerConfig::read(map)?,
            Some(_) => return Err(ImageConfigError::Field("config")),
        };
        let history = match raw.get("history") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) => list.iter().map(History::read).collect::<Result<_, _>>()?,
            Some(_) => return Err(ImageConfigError::Field("history")),
        };
        Ok(Self { platform, created: text(&raw, "created")?, container, diff_ids, history, raw })
    }
}

impl ContainerConfig {
    fn read(map: &Map<String, Value>) -> Result<Self, ImageConfigError> {
        let labels = match map.get("Labels") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Object(labels)) => labels
                .iter()
                .map(|(k, v)| Ok((k.clone(), v.as_str().ok_or(ImageConfigError::Field("Labels"))?.to_owned())))
                .collect::<Result<_, ImageConfigError>>()?,
            Some(_) => return Err(ImageConfigError::Field("Labels")),
        };
        let healthcheck = match map.get("Healthcheck") {
            Some(Value::Object(check)) => strings(check, "Test")?,
            _ => Vec::new(),
        };
        Ok(Self {
            user: text(map, "User")?.unwrap_or_default(),
            env: strings(map, "Env")?,
            entrypoint: strings(map, "Entrypoint")?,
            cmd: strings(map, "Cmd")?,
            working_dir: text(map, "WorkingDir")?.unwrap_or_default(),
            exposed_ports: keys(map, "ExposedPorts")?,
            volumes: keys(map, "Volumes")?,
            labels,
            stop_signal: text(map, "StopSignal")?,
            healthcheck,
        })
    }

    /// The process the image starts: entry point, then arguments.
    pub fn argv(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.cmd).cloned().collect()
    }

    /// The value of an environment variable; the last line wins, as it does at run time.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find_map(|line| line.split_once('=').filter(|(k, _)| *k == name).map(|(_, v)| v))
    }
}

impl History {
    fn read(value: &Value) -> Result<Self, ImageConfigError> {
        let map = value.as_object().ok_or(ImageConfigError::Field("history"))?;
        Ok(Self {
            created: text(map, "created")?,
            created_by: text(map, "created_by")?,
            empty_layer: map.get("empty_layer").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

fn text(map: &Map<String, Value>, key: &'static str) -> Result<Option<String>, ImageConfigError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(ImageConfigError::Field(key)),
    }
}

fn strings(map: &Map<String, Value>, key: &'static str) -> Result<Vec<String>, ImageConfigError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|v| v.as_str().map(str::to_owned).ok_or(ImageConfigError::Field(key))).collect()
        }
        Some(_) => Err(ImageConfigError::Field(key)),
    }
}

fn keys(map: &Map<String, Value>, key: &'static str) -> Result<Vec<String>, ImageConfigError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(set)) => Ok(set.keys().cloned().collect()),
        Some(_) => Err(ImageConfigError::Field(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_docker_writes() {
        let config = Config::parse(
            br#"{"architecture":"amd64","os":"linux","config":{"User":"","Env":["A=1","A=2"],"Cmd":["/bin/sh"],
            "Entrypoint":null,"Volumes":{"/data":{}},"Labels":null},"rootfs":{"type":"layers","diff_ids":[]}}"#,
        )
        .unwrap();
        assert_eq!(config.container.argv(), ["/bin/sh"]);
        assert_eq!(config.container.env_value("A"), Some("2"));
        assert_eq!(config.container.volumes, ["/data"]);
    }

    #[test]
    fn a_wrong_type_is_named() {
        let error = Config::parse(br#"{"config":{"Env":"x"},"rootfs":{"diff_ids":[]}}"#).unwrap_err();
        assert!(error.to_string().contains("Env"));
        assert!(Config::parse(b"{}").unwrap_err().to_string().contains("diff_ids"));
    }
}
