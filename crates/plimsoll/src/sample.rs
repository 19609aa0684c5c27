//! The embedded sample: an image as teams ship them (root, a shell, a package manager, a setuid file, packages with
//! published vulnerabilities), the manifests that run it, the decisions that judge it, and the advisories it is judged by.
//!
//! Everything is generated and deterministic. The program really runs; the files of Debian packages that nothing needs
//! are stand-ins, their records in the package database are not: names, versions and sources are Debian 12's own.

mod packages;

use std::borrow::Cow;
use std::io::Write as _;

use anyhow::Result;
use plimsoll_layer::{BlobWriter, Entry, EntryKind, TarWriter};
use plimsoll_oci::{Descriptor, Digest, Manifest, media_type};
use serde_json::json;

use packages::{PACKAGES, Package};

/// The demo's program (`demo/tidewater.S`).
const PROGRAM: &[u8] = include_bytes!("../demo/tidewater.elf");

/// The time the sample was built: 2026-11-20T09:00:00Z.
pub(crate) const CREATED: i64 = 1_795_165_200;

/// Where the sample's image is said to live.
pub(crate) const REPOSITORY: &str = "registry.tidewater.example/harbour/tidewater";

/// Password of the demonstration key. It is published with plimsoll and protects nothing.
pub(crate) const KEY_PASSWORD: &str = "high-water";

/// The demonstration key, which the sample's decisions trust.
pub(crate) const TRUSTED_KEY: &str = include_str!("../demo/keys/harbour-release.key");
/// Records of real advisories for the sample's packages (`cargo xtask demo-data`).
pub(crate) const ADVISORIES: &str = include_str!("../demo/advisories.jsonl");

/// The decisions and manifests: path below the demo's folder, text.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("decisions/architecture/tidewater.md", include_str!("../demo/decisions/architecture/tidewater.md")),
    (
        "decisions/adrs/0001-one-threshold-for-all-gates.md",
        include_str!("../demo/decisions/adrs/0001-one-threshold-for-all-gates.md"),
    ),
    ("decisions/adrs/0002-who-may-sign.md", include_str!("../demo/decisions/adrs/0002-who-may-sign.md")),
    ("decisions/adrs/0003-gates-by-tier.md", include_str!("../demo/decisions/adrs/0003-gates-by-tier.md")),
    ("decisions/adrs/0004-what-is-attested.md", include_str!("../demo/decisions/adrs/0004-what-is-attested.md")),
    ("decisions/adrs/0005-admission.md", include_str!("../demo/decisions/adrs/0005-admission.md")),
    ("decisions/keys/harbour-release.pub", include_str!("../demo/keys/harbour-release.pub")),
    ("manifests/deployment.yaml", include_str!("../demo/manifests/deployment.yaml")),
    ("manifests/service.yaml", include_str!("../demo/manifests/service.yaml")),
];

/// The sample image.
pub(crate) struct Sample {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) layers: Vec<(Descriptor, Vec<u8>)>,
}

/// A file of a layer.
enum File {
    Directory,
    Bytes(u32, Cow<'static, [u8]>),
    Link(&'static str),
}

fn bytes(mode: u32, bytes: &'static [u8]) -> File {
    File::Bytes(mode, Cow::Borrowed(bytes))
}

fn text(mode: u32, text: String) -> File {
    File::Bytes(mode, Cow::Owned(text.into_bytes()))
}

/// Makes the image.
pub(crate) fn image() -> Result<Sample> {
    let base = layer(&base_files())?;
    let application = layer(&[
        ("/etc/tidewater".into(), File::Directory),
        ("/etc/tidewater/gauge.conf".into(), bytes(0o644, b"gauge = inner-harbour\ndatum = chart\n")),
        ("/usr/local".into(), File::Directory),
        ("/usr/local/bin".into(), File::Directory),
        ("/usr/local/bin/tidewater".into(), bytes(0o755, PROGRAM)),
    ])?;
    let history = |by: &str| json!({"created": "2026-11-20T09:00:00Z", "created_by": by});
    let config = json!({
        "created": "2026-11-20T09:00:00Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": ["/usr/local/bin/tidewater"],
            "Cmd": ["serve"],
            "ExposedPorts": {"8080/tcp": {}},
            "Labels": {"org.opencontainers.image.title": "tidewater", "org.opencontainers.image.version": "1.4.0"},
        },
        "rootfs": {"type": "layers", "diff_ids": [base.1.to_string(), application.1.to_string()]},
        "history": [history("ADD rootfs.tar / # Debian 12"), history("COPY tidewater /usr/local/bin/")],
    })
    .to_string()
    .into_bytes();
    let layers = vec![(base.0, base.2), (application.0, application.2)];
    let manifest = Manifest {
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, &config),
        layers: layers.iter().map(|(d, _)| d.clone()).collect(),
        subject: None,
        annotations: std::collections::BTreeMap::new(),
    };
    Ok(Sample { manifest: manifest.to_bytes(), config, layers })
}

fn base_files() -> Vec<(String, File)> {
    let mut files: Vec<(String, File)> = [
        "/etc",
        "/etc/ssl",
        "/etc/ssl/certs",
        "/home",
        "/opt",
        "/root",
        "/run",
        "/srv",
        "/tmp",
        "/usr",
        "/usr/bin",
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/sbin",
        "/usr/share",
        "/usr/share/doc",
        "/usr/share/man",
        "/usr/share/man/man1",
        "/usr/share/zoneinfo",
        "/usr/share/zoneinfo/Etc",
        "/var",
        "/var/cache",
        "/var/cache/apt",
        "/var/lib",
        "/var/lib/apt",
        "/var/lib/apt/lists",
        "/var/lib/dpkg",
        "/var/lib/dpkg/info",
        "/var/log",
        "/var/tmp",
    ]
    .iter()
    .map(|d| ((*d).to_owned(), File::Directory))
    .collect();
    for (link, target) in [("/bin", "usr/bin"), ("/lib", "usr/lib"), ("/lib64", "usr/lib"), ("/sbin", "usr/sbin")] {
        files.push((link.to_owned(), File::Link(target)));
    }
    let plain: [(&str, &[u8]); 6] = [
        ("/etc/passwd", b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
        ("/etc/group", b"root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n"),
        ("/etc/hostname", b"buildhost\n"),
        ("/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_InRelease", b"Origin: Debian\nSuite: stable\nCodename: bookworm\n"),
        ("/var/cache/apt/pkgcache.bin", &[0; 4096]),
        ("/var/log/dpkg.log", b"2026-11-20 09:00:00 startup archives unpack\n"),
    ];
    for (path, content) in plain {
        files.push((path.to_owned(), bytes(0o644, content)));
    }
    let mut status = String::new();
    for package in PACKAGES {
        package.install(&mut files, &mut status);
    }
    files.push(("/var/lib/dpkg/status".to_owned(), text(0o644, status)));
    files
}

impl Package {
    /// Adds the package's files and its records.
    fn install(&self, files: &mut Vec<(String, File)>, status: &mut String) {
        let doc = format!("/usr/share/doc/{}", self.name);
        let copyright = format!(
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: {}\n\nFiles: *\nCopyright: its authors\nLicense: {}\n",
            self.homepage, self.licence
        );
        let mut list = vec!["/.".to_owned(), doc.clone()];
        files.push((doc.clone(), File::Directory));
        files.push((format!("{doc}/copyright"), text(0o644, copyright)));
        list.push(format!("{doc}/copyright"));
        for (path, mode, content) in self.files {
            list.push((*path).to_owned());
            files.push(((*path).to_owned(), bytes(*mode, content)));
        }
        for (path, target) in self.links {
            list.push((*path).to_owned());
            files.push(((*path).to_owned(), File::Link(target)));
        }
        list.push(String::new());
        let info = format!("/var/lib/dpkg/info/{}.list", self.name);
        files.push((info, text(0o644, list.join("\n"))));
        status.push_str(&self.stanza());
    }
}

/// A gzip layer of the files, sorted: its descriptor, diffID and bytes.
fn layer(files: &[(String, File)]) -> Result<(Descriptor, Digest, Vec<u8>)> {
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut tar = TarWriter::new(BlobWriter::new(Vec::new()));
    for (path, file) in sorted {
        let (kind, mode, bytes): (_, _, &[u8]) = match file {
            File::Directory if path.ends_with("tmp") => (EntryKind::Directory, 0o1777, b""),
            File::Directory if path == "/root" => (EntryKind::Directory, 0o700, b""),
            File::Directory => (EntryKind::Directory, 0o755, b""),
            File::Bytes(mode, bytes) => (EntryKind::File, *mode, bytes),
            File::Link(target) => (EntryKind::Symlink { target: (*target).to_owned() }, 0o777, b""),
        };
        let mut entry = Entry::new(path.as_str(), kind, mode, bytes.len() as u64);
        entry.mtime = CREATED;
        tar.append(&entry, &mut &*bytes)?;
    }
    let mut blob = tar.finish()?;
    blob.flush()?;
    let (bytes, written) = blob.finish()?;
    Ok((written.descriptor, written.diff_id, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_the_same_every_time() {
        let (one, two) = (image().unwrap(), image().unwrap());
        assert_eq!(one.manifest, two.manifest);
        assert_eq!(one.layers.len(), 2);
    }
}
