//! Image references (the distribution reference grammar, with Docker Hub's short names normalised).

use std::fmt;
use std::str::FromStr;

use crate::Digest;

/// A parsed, normalised reference to an image in a registry.
///
/// `nginx` and `index.docker.io/library/nginx` both become registry `docker.io`, repository `library/nginx`, so policies
/// compare what would be pulled, not how it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Registry host with optional port: `docker.io`, `registry.example.com:5000`.
    pub registry: String,
    /// Repository path: `library/nginx`.
    pub repository: String,
    /// The tag as written; never defaulted.
    pub tag: Option<String>,
    /// The digest as written. It wins over the tag at pull time.
    pub digest: Option<Digest>,
}

/// Why a reference was refused; the text that was given is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing, or only white space, was given.
    #[error("image reference is empty")]
    Empty,
    /// The text is longer than 4,096 bytes.
    #[error("image reference is {0} bytes long; at most 4096 are read")]
    TooLong(usize),
    /// The registry host is malformed.
    #[error("registry host in image reference '{0}' is malformed")]
    Registry(String),
    /// The repository path is malformed.
    #[error("repository in image reference '{0}' is malformed; it is lower-case letters, digits and . _ - /")]
    Repository(String),
    /// The tag is malformed.
    #[error("tag in image reference '{0}' is malformed")]
    Tag(String),
    /// The digest is malformed.
    #[error("digest in image reference '{0}' is malformed: {1}")]
    Digest(String, crate::DigestError),
}

impl Reference {
    /// `registry/repository`, without tag or digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository at `digest`, without a tag.
    pub fn at(&self, digest: &Digest) -> Self {
        Self { tag: None, digest: Some(digest.clone()), ..self.clone() }
    }

    /// Whether the registry is on this machine, where plain HTTP is acceptable: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.trim().is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > 4096 {
            return Err(ReferenceError::TooLong(text.len()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                (rest, Some(digest.parse().map_err(|e| ReferenceError::Digest(text.to_owned(), e))?))
            }
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((head, tag)) if !tag.contains('/') => {
                if !is_tag(tag) {
                    return Err(ReferenceError::Tag(text.to_owned()));
                }
                (head, Some(tag.to_owned()))
            }
            _ => (rest, None),
        };
        let (registry, repository) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => ("docker.io", rest.to_owned()),
            None => ("docker.io", format!("library/{rest}")),
        };
        let lower = registry.to_ascii_lowercase();
        let registry = match lower.as_str() {
            "index.docker.io" | "registry-1.docker.io" => "docker.io",
            other => other,
        };
        if !is_host(registry) {
            return Err(ReferenceError::Registry(text.to_owned()));
        }
        let repository = match repository.as_str() {
            short if registry == "docker.io" && !short.contains('/') => format!("library/{short}"),
            _ => repository,
        };
        if repository.len() > 255 || !repository.split('/').all(is_component) {
            return Err(ReferenceError::Repository(text.to_owned()));
        }
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

fn is_tag(tag: &str) -> bool {
    let mut bytes = tag.bytes();
    tag.len() <= 128
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (distribution specification, "Pulling manifests").
fn is_component(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    if !bytes.first().copied().is_some_and(alnum) || !bytes.last().copied().is_some_and(alnum) {
        return false;
    }
    bytes.split(|b| alnum(*b)).all(|sep| matches!(sep, b"" | b"." | b"_" | b"__") || sep.iter().all(|b| *b == b'-'))
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((ip, rest)) if ip.parse::<std::net::Ipv6Addr>().is_ok() => ("ipv6", rest),
            _ => return false,
        },
        None => host.find(':').map_or((host, ""), |at| host.split_at(at)),
    };
    let name_ok = name.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let port_ok = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    name_ok && port_ok
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Reference>().unwrap().to_string()
    }

    #[test]
    fn normalises_docker_hub() {
        for text in ["nginx", "library/nginx", "docker.io/nginx", "Index.Docker.io/library/nginx"] {
            assert_eq!(parsed(text), "docker.io/library/nginx", "{text}");
        }
        assert_eq!(parsed("acme/app:1"), "docker.io/acme/app:1");
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let reference: Reference = "localhost:5000/app".parse().unwrap();
        assert_eq!((reference.registry.as_str(), reference.tag.as_deref()), ("localhost:5000", None));
        assert!(reference.is_loopback());
        assert!("[::1]:5000/a".parse::<Reference>().unwrap().is_loopback());
        assert!(!"127.evil.io/a".parse::<Reference>().unwrap().is_loopback());
    }

    #[test]
    fn keeps_tag_and_digest() {
        let text = format!("ghcr.io/a/b:1@{}", Digest::sha256(b"x"));
        assert_eq!(parsed(&text), text);
    }

    #[test]
    fn refuses_malformed() {
        let upper = format!("a/b@sha256:{}", "A".repeat(64));
        for bad in [
            "",
            " ",
            "a b",
            "A/b",
            "a//b",
            "a/-b",
            "a:",
            "x.io:+80/a",
            "a@sha256:12",
            "x.io/a:b:c",
            "..",
            "-.io/a",
            &upper,
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad:?}");
        }
    }
}
