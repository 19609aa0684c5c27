//! A source named on the command line, opened.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use plimsoll_catalog::{Catalog, Extracting, assemble};
use plimsoll_layer::Limits;
use plimsoll_oci::{
    Config, Descriptor, Digest, Document, Image, ImageError, LayerSource, Manifest, Platform, Reference,
};
use plimsoll_registry::blocking::Client;
use plimsoll_sbom::{Sbom, Subject};
use plimsoll_source::{
    BlobImage, OpenOptions, SourceError, SourceRef, SpoolContents, load, open_directory, parse_source,
};
use plimsoll_tree::{Contents, MemoryContents, Tree};

use crate::args::{Cataloguing, Common, ImageArg, host_platform};
use crate::cataloguing;
use crate::exit::{Exit, Failure};
use crate::net;
use crate::ui::{Step, Ui};

/// Contents kept in memory before they go to an unlinked temporary file.
const MEMORY: usize = 64 << 20;
/// Contents kept at all.
const SPOOL: u64 = 64 << 30;
/// The largest image configuration read.
const MAX_CONFIG: u64 = 8 << 20;

/// An image's manifest and blobs, and what it was called.
pub(crate) struct OpenedImage {
    /// As it is shown and named in documents: the repository, or the source as given.
    pub(crate) name: String,
    /// The tag it was found by.
    pub(crate) tag: Option<String>,
    /// The reference, when it came from a registry.
    pub(crate) reference: Option<Reference>,
    pub(crate) image: BlobImage,
}

/// Which contents a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// What catalogers read, and the accounts.
    Inspection,
    /// Every file.
    Everything,
}

/// An image merged into a tree.
pub(crate) struct LoadedImage {
    pub(crate) tree: Tree,
    pub(crate) contents: Box<dyn Contents>,
    pub(crate) catalog: Catalog,
}

/// What a command that lists or judges packages looks at.
pub(crate) struct Packages {
    pub(crate) subject: Subject,
    pub(crate) catalog: Catalog,
}

/// Opens an image and says which source was taken.
pub(crate) fn image(arg: &ImageArg, common: &Common, ui: &Ui) -> Result<OpenedImage> {
    let source = parse_source(&arg.image).map_err(source_failure)?;
    let opened = match &source {
        SourceRef::Registry(reference) => {
            net::allow(common, reference)?;
            from_registry(Arc::new(net::client(common)?), reference, arg.platform.as_ref(), ui)?
        }
        SourceRef::Directory(_) | SourceRef::Sbom(_) | SourceRef::Report(_) => {
            return Err(Failure::usage(format!("'{source}' is not an image; this command needs one")).into());
        }
        file => {
            let options = OpenOptions {
                platform: arg.platform.clone().unwrap_or_else(host_platform),
                explicit: arg.platform.is_some(),
                limits: Limits::default(),
            };
            let opened = plimsoll_source::open(file, &options).map_err(source_failure)?;
            OpenedImage { name: file_name(file), tag: opened.name, reference: None, image: opened.image }
        }
    };
    let platform = &opened.image.config().platform;
    ui.say(&format!("source {} → {} ({platform})", source, opened.image.digest()));
    Ok(opened)
}

/// What a file source is called in documents: its last path component.
fn file_name(source: &SourceRef) -> String {
    let (SourceRef::OciDir { path, .. }
    | SourceRef::OciArchive { path, .. }
    | SourceRef::DockerArchive { path, .. }
    | SourceRef::Directory(path)
    | SourceRef::Sbom(path)
    | SourceRef::Report(path)) = source
    else {
        return source.to_string();
    };
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// An image of a registry. Layers are fetched to unlinked temporary files as they are opened.
pub(crate) fn from_registry(
    client: Arc<Client>,
    reference: &Reference,
    explicit: Option<&Platform>,
    ui: &Ui,
) -> Result<OpenedImage> {
    let platform = &explicit.cloned().unwrap_or_else(host_platform);
    let mut resolved = client.resolve(reference).map_err(net::failure)?;
    if let Document::Index(index) = &resolved.document {
        let entry = index.manifests.iter().find(|m| m.platform.as_ref().is_some_and(|p| p.serves(platform)));
        let Some(entry) = entry else {
            let found: Vec<String> =
                index.manifests.iter().filter_map(|m| m.platform.as_ref().map(ToString::to_string)).collect();
            let message = format!("{reference} has no image for {platform}; there is: {}", found.join(", "));
            return Err(Failure::new(Exit::NoImage, message).into());
        };
        ui.detail(&format!("index {} lists {}", resolved.digest, entry.digest));
        resolved = client.manifest(&reference.at(&entry.digest)).map_err(net::failure)?;
    }
    let Document::Manifest(manifest) = &resolved.document else {
        return Err(Failure::input(format!("{reference} is an index of indexes")).into());
    };
    let config = client.blob_bytes(reference, &manifest.config, MAX_CONFIG).map_err(net::failure)?;
    let repository = reference.clone();
    let fetch = move |blob: &Descriptor| -> std::io::Result<Box<dyn Read + Send>> {
        let file = tempfile::NamedTempFile::new()?;
        client.blob_to_file(&repository, blob, file.path(), None).map_err(std::io::Error::other)?;
        // Opened again: the client replaces the file. The name goes with `file` at the end of this block.
        Ok(Box::new(std::io::BufReader::new(std::fs::File::open(file.path())?)))
    };
    let digest = resolved.digest.clone();
    let image = BlobImage::new(Some(&digest), resolved.bytes, config, fetch).map_err(image_failure)?;
    if let Some(wanted) = explicit.filter(|wanted| !image.config().platform.serves(wanted)) {
        let message = format!("{reference} is for {}, not for {wanted}", image.config().platform);
        return Err(Failure::new(Exit::NoImage, message).into());
    }
    Ok(OpenedImage { name: reference.name(), tag: reference.tag.clone(), reference: Some(reference.clone()), image })
}

/// Every image of an index, by platform, and the index's digest.
pub(crate) struct OpenedIndex {
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Digest,
    pub(crate) images: Vec<BlobImage>,
}

/// Opens an index as a whole.
pub(crate) fn index(source: &str, common: &Common, ui: &Ui) -> Result<OpenedIndex> {
    let source = parse_source(source).map_err(source_failure)?;
    let opened = match &source {
        SourceRef::Registry(reference) => {
            net::allow(common, reference)?;
            let client = Arc::new(net::client(common)?);
            let resolved = client.resolve(reference).map_err(net::failure)?;
            let Document::Index(index) = &resolved.document else {
                return Err(Failure::usage(format!("{reference} is no index: it is for one platform")).into());
            };
            let mut images = Vec::new();
            let listed = index.manifests.iter().filter(|m| m.platform.as_ref().is_some_and(|p| p.os != "unknown"));
            for entry in listed {
                images.push(from_registry(Arc::clone(&client), &reference.at(&entry.digest), None, ui)?.image);
            }
            let (name, tag) = (reference.name(), reference.tag.clone());
            OpenedIndex { name, tag, digest: resolved.digest.clone(), images }
        }
        file => {
            let limits = Limits::default();
            let options = OpenOptions { platform: host_platform(), explicit: false, limits };
            let (parent, found) = plimsoll_source::open_index(file, &options).map_err(source_failure)?;
            let tag = found.first().and_then(|o| o.name.clone());
            let images = found.into_iter().map(|o| o.image).collect();
            OpenedIndex { name: file_name(file), tag, digest: parent.digest, images }
        }
    };
    ui.say(&format!("source {source} → {} ({} platforms)", opened.digest, opened.images.len()));
    Ok(opened)
}

/// Merges an image's layers and catalogues it.
pub(crate) fn load_image(image: &dyn Image, need: Need, ui: &Ui) -> Result<LoadedImage> {
    let total = image.layers().iter().map(|l| l.descriptor.size).sum();
    let step = ui.step_of("reading layers", Some(total));
    let accounts = |path: &str| matches!(path, "/etc/passwd" | "/etc/group");
    let wants = move |path: &str, _| need == Need::Everything || accounts(path);
    let mut contents = Extracting::new(SpoolContents::new(wants, MEMORY, SPOOL));
    let watched = Watched::new(image, &step);
    let tree = load(&watched, &mut contents, &Limits::default()).map_err(source_failure)?;
    step.done();
    let catalog = assemble(&tree, contents.facts);
    Ok(LoadedImage { tree, contents: Box::new(contents.inner), catalog })
}

/// An image whose layers' progress is shown.
pub(crate) struct Watched<'a> {
    image: &'a dyn Image,
    step: &'a Step,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(image: &'a dyn Image, step: &'a Step) -> Self {
        Self { image, step }
    }
}

impl Image for Watched<'_> {
    fn digest(&self) -> &Digest {
        self.image.digest()
    }

    fn manifest_bytes(&self) -> &[u8] {
        self.image.manifest_bytes()
    }

    fn manifest(&self) -> &Manifest {
        self.image.manifest()
    }

    fn config_bytes(&self) -> &[u8] {
        self.image.config_bytes()
    }

    fn config(&self) -> &Config {
        self.image.config()
    }

    fn layers(&self) -> &[LayerSource] {
        self.image.layers()
    }

    fn open_layer(&self, index: usize) -> Result<Box<dyn Read + Send + '_>, ImageError> {
        Ok(Box::new(WatchedReader { inner: self.image.open_layer(index)?, step: self.step }))
    }
}

struct WatchedReader<'a> {
    inner: Box<dyn Read + Send + 'a>,
    step: &'a Step,
}

impl Read for WatchedReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.step.advance(n as u64);
        Ok(n)
    }
}

/// The packages of an image, a directory or an SBOM.
pub(crate) fn packages(
    arg: &ImageArg,
    how: &Cataloguing,
    with_files: bool,
    common: &Common,
    ui: &Ui,
) -> Result<Packages> {
    match parse_source(&arg.image).map_err(source_failure)? {
        SourceRef::Sbom(path) => {
            let sbom = read_sbom(&path)?;
            ui.say(&format!("source sbom:{} about {}", path.display(), sbom.subject.name));
            let catalog = Catalog { distro: sbom.distro, packages: sbom.packages, problems: sbom.problems };
            Ok(Packages { subject: sbom.subject, catalog })
        }
        SourceRef::Directory(path) => {
            let mut contents = Extracting::of_directory(MemoryContents::new(|_: &str, _| false));
            let found = open_directory(&path, &mut contents, &Limits::default()).map_err(source_failure)?;
            ui.say(&format!("source dir:{} ({} paths)", path.display(), found.tree.len()));
            let catalog = assemble(&found.tree, contents.facts);
            let name = file_name(&SourceRef::Directory(path));
            Ok(Packages { subject: Subject { name, ..Subject::default() }, catalog })
        }
        SourceRef::Report(path) => {
            let message = format!("{} is another scanner's report; reports are not read yet", path.display());
            Err(Failure::usage(message).into())
        }
        _ => {
            let opened = image(arg, common, ui)?;
            let catalog = cataloguing::catalog(&opened.image, how, with_files, ui)?;
            Ok(Packages { subject: subject(&opened.name, opened.tag, &opened.image), catalog })
        }
    }
}

/// The SBOM subject of an image.
pub(crate) fn subject(name: &str, tag: Option<String>, image: &dyn Image) -> Subject {
    let subject = Subject {
        name: name.to_owned(),
        version: tag,
        platform: Some(image.config().platform.clone()),
        layers: image.layers().iter().map(|l| l.diff_id.clone()).collect(),
        ..Subject::default()
    };
    Subject { digest: Some(image.digest().clone()), ..subject.of_manifest(image.manifest_bytes()) }
}

fn read_sbom(path: &Path) -> Result<Sbom> {
    let fault = |e: std::io::Error| Failure::input(format!("cannot read {}: {e}", path.display()));
    let limit = plimsoll_sbom::MAX_BYTES as u64;
    let size = std::fs::metadata(path).map_err(fault)?.len();
    if size > limit {
        return Err(Failure::input(format!("{} has {size} bytes; at most {limit} are read", path.display())).into());
    }
    let bytes = std::fs::read(path).map_err(fault)?;
    plimsoll_sbom::read(&bytes).map_err(|e| Failure::input(format!("{}: {e}", path.display())).into())
}

/// A source error with its exit code.
pub(crate) fn source_failure(error: SourceError) -> Failure {
    let exit = match &error {
        SourceError::Malformed { .. }
        | SourceError::Reference(_)
        | SourceError::Daemon(_)
        | SourceError::NotAnImage(_) => Exit::Usage,
        SourceError::NoSuchImage { .. } | SourceError::NoPlatform { .. } => Exit::NoImage,
        _ => Exit::Input,
    };
    Failure::new(exit, error.to_string())
}

fn image_failure(error: ImageError) -> Failure {
    Failure::input(error.to_string())
}
