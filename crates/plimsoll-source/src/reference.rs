//! How sources are named on the command line.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use plimsoll_layer::{Limits, TarReader, decompress};
use plimsoll_oci::{Digest, Reference};

use crate::SourceError;
use crate::layout::open_regular;

/// Where an image, or what stands for one, is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRef {
    /// An OCI layout directory.
    OciDir {
        /// The directory.
        path: PathBuf,
        /// A tag, or `@` and a digest.
        name: Option<String>,
    },
    /// An OCI layout in a tar file.
    OciArchive {
        /// The file.
        path: PathBuf,
        /// A tag, or `@` and a digest.
        name: Option<String>,
    },
    /// What `docker save` writes.
    DockerArchive {
        /// The file.
        path: PathBuf,
        /// `repository:tag`, needed if the archive holds several images.
        name: Option<String>,
    },
    /// A root file system in a directory.
    Directory(PathBuf),
    /// An image in a registry; opened by the registry client.
    Registry(Reference),
    /// An SBOM document.
    Sbom(PathBuf),
    /// Another scanner's report.
    Report(PathBuf),
}

impl fmt::Display for SourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, path, name) = match self {
            Self::OciDir { path, name } => ("oci-dir", path, name.as_deref()),
            Self::OciArchive { path, name } => ("oci-archive", path, name.as_deref()),
            Self::DockerArchive { path, name } => ("docker-archive", path, name.as_deref()),
            Self::Directory(path) => ("dir", path, None),
            Self::Sbom(path) => ("sbom", path, None),
            Self::Report(path) => ("report", path, None),
            Self::Registry(reference) => return write!(f, "registry:{reference}"),
        };
        write!(f, "{prefix}:{}", path.display())?;
        match name {
            Some(digest) if digest.starts_with('@') => write!(f, "{digest}"),
            Some(name) => write!(f, ":{name}"),
            None => Ok(()),
        }
    }
}

/// Reads a source's name. Without a prefix an existing path is recognised by its content, and anything else is a
/// reference into a registry. A daemon is never asked: `docker:`, `podman:` and `containerd:` are refused by name.
pub fn parse_source(text: &str) -> Result<SourceRef, SourceError> {
    let prefixed = text.split_once(':');
    match prefixed {
        Some(("oci-dir" | "oci", rest)) => {
            let (path, name) = path_and_name(text, rest)?;
            Ok(SourceRef::OciDir { path, name })
        }
        Some(("oci-archive", rest)) => {
            let (path, name) = path_and_name(text, rest)?;
            Ok(SourceRef::OciArchive { path, name })
        }
        Some(("docker-archive", rest)) => {
            let (path, name) = path_and_name(text, rest)?;
            Ok(SourceRef::DockerArchive { path, name })
        }
        Some(("dir", rest)) => Ok(SourceRef::Directory(path(text, rest)?)),
        Some(("sbom", rest)) => Ok(SourceRef::Sbom(path(text, rest)?)),
        Some(("report", rest)) => Ok(SourceRef::Report(path(text, rest)?)),
        Some(("registry", rest)) => Ok(SourceRef::Registry(rest.parse()?)),
        // skopeo's spelling of a registry, which is not the daemon.
        Some(("docker", rest)) if rest.starts_with("//") => Ok(SourceRef::Registry(rest[2..].parse()?)),
        // A name with a tag, such as `podman:5`, is a daemon's; write `registry:podman:5` for the image of that name.
        Some(("docker" | "docker-daemon" | "podman" | "containers-storage" | "containerd", _)) => {
            Err(SourceError::Daemon(text.to_owned()))
        }
        _ => unprefixed(text),
    }
}

fn path(text: &str, rest: &str) -> Result<PathBuf, SourceError> {
    if rest.is_empty() {
        return Err(SourceError::Malformed { text: text.to_owned(), why: "it names no path".to_owned() });
    }
    Ok(PathBuf::from(rest))
}

/// `PATH[:TAG|@DIGEST]`. A path that exists as it is written is never cut.
fn path_and_name(text: &str, rest: &str) -> Result<(PathBuf, Option<String>), SourceError> {
    let whole = path(text, rest)?;
    if whole.exists() {
        return Ok((whole, None));
    }
    if let Some((head, digest)) = rest.rsplit_once('@') {
        if let Ok(digest) = digest.parse::<Digest>() {
            return Ok((path(text, head)?, Some(format!("@{digest}"))));
        }
        if digest.starts_with("sha256:") || digest.starts_with("sha512:") {
            return Err(SourceError::Malformed { text: text.to_owned(), why: "its digest is malformed".to_owned() });
        }
    }
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b':'))
    };
    // The first cut that leaves a path that exists; names of docker archives hold colons themselves.
    for (at, _) in rest.match_indices(':') {
        let (head, name) = (&rest[..at], &rest[at + 1..]);
        if !head.is_empty() && is_name(name) && Path::new(head).exists() {
            return Ok((PathBuf::from(head), Some(name.to_owned())));
        }
    }
    match rest.rsplit_once(':') {
        Some((head, tag)) if !head.is_empty() && is_name(tag) && !tag.contains('/') => {
            Ok((PathBuf::from(head), Some(tag.to_owned())))
        }
        _ => Ok((whole, None)),
    }
}

fn unprefixed(text: &str) -> Result<SourceRef, SourceError> {
    let path = Path::new(text);
    if !path.exists() {
        // What is written as a path is not looked for on the network.
        if text.starts_with(['/', '.', '~']) {
            return Err(SourceError::Io {
                what: format!("open '{text}'"),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        return Ok(SourceRef::Registry(text.parse()?));
    }
    recognise(path)
}

fn recognise(path: &Path) -> Result<SourceRef, SourceError> {
    let shown = path.display().to_string();
    let owned = path.to_path_buf();
    if path.is_dir() {
        let is_layout = path.join("oci-layout").is_file() && path.join("index.json").is_file();
        return Ok(if is_layout { SourceRef::OciDir { path: owned, name: None } } else { SourceRef::Directory(owned) });
    }
    let read = || SourceError::io(format!("read '{shown}'"));
    let mut head = Vec::new();
    open_regular(path).and_then(|f| f.take(4096).read_to_end(&mut head)).map_err(read())?;
    let text = head.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.starts_with(b"{") || text.starts_with(b"[") {
        let is_report = is_report(&head);
        return Ok(if is_report { SourceRef::Report(owned) } else { SourceRef::Sbom(owned) });
    }
    if text.starts_with(b"<?xml") || text.starts_with(b"<bom") || text.starts_with(b"SPDXVersion:") {
        return Ok(SourceRef::Sbom(owned));
    }
    let file = open_regular(path).map_err(read())?;
    let limits = Limits::default();
    let Ok(stream) = decompress(file, &limits) else { return Err(SourceError::Unrecognised(shown)) };
    let mut tar = TarReader::new(stream, &limits);
    let (mut is_layout, mut is_docker) = (false, false);
    loop {
        match tar.next_entry() {
            Ok(Some(entry)) => match entry.path.as_str() {
                "/manifest.json" => is_docker = true,
                "/oci-layout" => is_layout = true,
                _ => {}
            },
            Ok(None) => break,
            Err(_) => return Err(SourceError::Unrecognised(shown)),
        }
        if is_docker {
            break;
        }
    }
    match (is_docker, is_layout) {
        (true, _) => Ok(SourceRef::DockerArchive { path: owned, name: None }),
        (false, true) => Ok(SourceRef::OciArchive { path: owned, name: None }),
        _ => Err(SourceError::Unrecognised(shown)),
    }
}

/// Trivy's and Grype's JSON reports, by the fields they begin with; other JSON is taken for an SBOM.
fn is_report(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let sbom = ["\"bomFormat\"", "\"spdxVersion\"", "\"@context\"", "\"artifactRelationships\""];
    let report = ["\"ArtifactName\"", "\"SchemaVersion\"", "\"matches\""];
    !sbom.iter().any(|field| head.contains(field)) && report.iter().any(|field| head.contains(field))
}
