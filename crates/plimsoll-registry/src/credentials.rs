//! Credentials, from Docker's and podman's configuration file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Map, Value};

use crate::RegistryError;
use crate::helper;
use crate::secret::Secret;

/// The largest configuration file that is read.
const MAX_CONFIG_BYTES: u64 = 4 * 1024 * 1024;

/// What a registry may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// User name and password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An OAuth2 refresh token, exchanged at the registry's token service.
    Identity(Secret),
    /// A bearer token for the registry itself.
    Registry(Secret),
}

/// Credentials by registry, and the helper programs that hold more. Nothing of it is ever printed.
#[derive(Clone, Default)]
pub struct Credentials {
    logins: BTreeMap<String, Login>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("registries", &self.logins.keys()).field("helpers", &self.helpers).finish()
    }
}

impl Credentials {
    /// No credentials: every access is anonymous.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// One user name and password for one registry.
    #[must_use]
    pub fn with_basic(mut self, registry: &str, username: &str, password: &str) -> Self {
        let login = Login::Basic { username: username.to_owned(), password: Secret::new(password.to_owned()) };
        self.logins.insert(normalise(registry), login);
        self
    }

    /// Reads a Docker `config.json` or a podman `auth.json`.
    pub fn from_docker_config(json: &[u8]) -> Result<Self, RegistryError> {
        let fault = |why: String| RegistryError::Credentials { host: "all registries".to_owned(), why };
        // serde_json's own message quotes the input, which may be a secret; only the position is repeated.
        let map: Map<String, Value> = serde_json::from_slice(json).map_err(|e| {
            fault(format!("the Docker configuration is not a JSON object (line {}, column {})", e.line(), e.column()))
        })?;
        let mut read = Self::default();
        if let Some(auths) = map.get("auths").and_then(Value::as_object) {
            for (key, entry) in auths {
                let login = login(entry).map_err(|why| fault(format!("entry '{}': {why}", visible(key))))?;
                if let Some(login) = login {
                    read.logins.insert(normalise(key), login);
                }
            }
        }
        if let Some(helpers) = map.get("credHelpers").and_then(Value::as_object) {
            for (key, name) in helpers {
                if let Some(name) = name.as_str().filter(|n| !n.is_empty()) {
                    read.helpers.insert(normalise(key), name.to_owned());
                }
            }
        }
        read.store = map.get("credsStore").and_then(Value::as_str).filter(|n| !n.is_empty()).map(str::to_owned);
        Ok(read)
    }

    /// Reads the configuration file at `path`; an absent file means anonymous access.
    pub fn from_file(path: &Path) -> Result<Self, RegistryError> {
        let io = |source| RegistryError::Io { what: format!("reading {}", path.display()), source };
        match std::fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::anonymous()),
            Err(e) => Err(io(e)),
            Ok(meta) if meta.len() > MAX_CONFIG_BYTES => Err(RegistryError::Credentials {
                host: "all registries".to_owned(),
                why: format!("{} is larger than {MAX_CONFIG_BYTES} bytes", path.display()),
            }),
            Ok(_) => Self::from_docker_config(&std::fs::read(path).map_err(io)?),
        }
    }

    /// The credentials for a repository: the most specific entry of the file, then the registry's helper, then the
    /// general store.
    pub(crate) async fn find(&self, registry: &str, repository: &str) -> Result<Option<Login>, RegistryError> {
        let mut name = format!("{registry}/{repository}");
        loop {
            if let Some(login) = self.logins.get(&name) {
                return Ok(Some(login.clone()));
            }
            match name.rfind('/') {
                Some(at) => name.truncate(at),
                None => break,
            }
        }
        match self.helpers.get(registry).or(self.store.as_ref()) {
            Some(helper) => helper::ask(helper, registry).await,
            None => Ok(None),
        }
    }
}

/// Where the configuration file is: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG/config.json`, `~/.docker/config.json`, or
/// podman's file under `XDG_RUNTIME_DIR` when Docker's is absent. `env` reads the environment.
pub fn docker_config_path(env: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let var = |name: &str| env(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(file) = var("REGISTRY_AUTH_FILE") {
        return Some(file);
    }
    if let Some(dir) = var("DOCKER_CONFIG") {
        return Some(dir.join("config.json"));
    }
    let docker = var("HOME").map(|home| home.join(".docker").join("config.json"));
    let podman = var("XDG_RUNTIME_DIR").map(|dir| dir.join("containers").join("auth.json"));
    match (docker, podman) {
        (Some(docker), Some(podman)) if !docker.exists() && podman.exists() => Some(podman),
        (docker, podman) => docker.or(podman),
    }
}

fn login(entry: &Value) -> Result<Option<Login>, &'static str> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    if let Some(token) = text("registrytoken") {
        return Ok(Some(Login::Registry(Secret::new(token.to_owned()))));
    }
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Login::Identity(Secret::new(token.to_owned()))));
    }
    if let Some(auth) = text("auth") {
        let bytes = STANDARD
            .decode(auth)
            .or_else(|_| STANDARD_NO_PAD.decode(auth))
            .map_err(|_| "the field 'auth' is not base64")?;
        let pair = String::from_utf8(bytes).map_err(|_| "the field 'auth' is not text")?;
        let (username, password) = pair.split_once(':').ok_or("the field 'auth' is not user:password")?;
        // Docker pads some passwords with NUL bytes.
        let password = Secret::new(password.trim_end_matches('\0').to_owned());
        return Ok(Some(Login::Basic { username: username.to_owned(), password }));
    }
    Ok(match (text("username"), text("password")) {
        (Some(username), Some(password)) => {
            Some(Login::Basic { username: username.to_owned(), password: Secret::new(password.to_owned()) })
        }
        _ => None,
    })
}

/// `https://index.docker.io/v1/` and `index.docker.io` are both `docker.io`; podman's keys may hold a path.
fn normalise(key: &str) -> String {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let name = match bare {
        Some(url) => url.split('/').next().unwrap_or_default(),
        None => key.trim_end_matches('/').trim_end_matches("/v1").trim_end_matches("/v2"),
    };
    let (host, path) = name.find('/').map_or((name, ""), |at| name.split_at(at));
    let host = match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_ascii_lowercase(),
    };
    host + path
}

fn visible(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(credentials: &Credentials, registry: &str, repository: &str) -> Option<Login> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(credentials.find(registry, repository)).unwrap()
    }

    #[test]
    fn reads_every_kind_of_entry() {
        let auth = STANDARD.encode("ann:pass:word");
        let json = format!(
            r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}},"ghcr.io":{{"identitytoken":"t1"}},
            "quay.io/team":{{"username":"u","password":"p"}},"empty.io":{{}},"r.io":{{"registrytoken":"t2"}}}}}}"#
        );
        let credentials = Credentials::from_docker_config(json.as_bytes()).unwrap();
        let Some(Login::Basic { username, password }) = found(&credentials, "docker.io", "library/nginx") else {
            panic!("no login")
        };
        assert_eq!((username.as_str(), password.reveal()), ("ann", "pass:word"));
        assert!(matches!(found(&credentials, "ghcr.io", "a/b"), Some(Login::Identity(_))));
        assert!(matches!(found(&credentials, "r.io", "a"), Some(Login::Registry(_))));
        assert!(found(&credentials, "quay.io", "team/app").is_some());
        assert!(found(&credentials, "quay.io", "other/app").is_none());
        assert!(found(&credentials, "empty.io", "a").is_none());
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("word") && !shown.contains("t1"), "{shown}");
    }

    #[test]
    fn a_bad_file_is_refused_without_its_secrets() {
        let bad = Credentials::from_docker_config(br#"{"auths":{"x.io":{"auth":"hunter2!"}}}"#).unwrap_err();
        assert!(bad.to_string().contains("x.io") && !bad.to_string().contains("hunter2"), "{bad}");
        let bad = Credentials::from_docker_config(b"hunter2").unwrap_err();
        assert!(!bad.to_string().contains("hunter2"), "{bad}");
    }

    #[test]
    fn the_file_is_found_as_other_tools_find_it() {
        let env = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &str| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| OsString::from(v))
        };
        let path = |pairs| docker_config_path(env(pairs));
        assert_eq!(path(&[("REGISTRY_AUTH_FILE", "/a"), ("DOCKER_CONFIG", "/d")]), Some("/a".into()));
        assert_eq!(path(&[("DOCKER_CONFIG", "/d"), ("HOME", "/h")]), Some("/d/config.json".into()));
        assert_eq!(path(&[("HOME", "/h")]), Some("/h/.docker/config.json".into()));
        assert_eq!(path(&[]), None);
    }
}
