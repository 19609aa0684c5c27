//! The plan carried out: layers, configuration and manifest of the hardened image (rule R15).

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use plimsoll_layer::{BlobWriter, COMPRESSOR, Entry, EntryKind, TarWriter, WrittenBlob};
use plimsoll_oci::{Descriptor, Digest, Manifest, media_type};
use plimsoll_tree::{ContentId, Contents, NodeKind, Tree};
use serde_json::{Value, json};

use crate::HardenError;
use crate::plan::Plan;

/// Identities the hardened image names.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Digest of the image that was hardened.
    pub digest: &'a Digest,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
}

/// Which layer of the hardened image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerKind {
    /// Everything from packages, and what hardening writes: shared by images of one base.
    Runtime,
    /// What no package owns.
    Application,
}

/// A hardened image. Its layers' bytes are where the caller had them written.
#[derive(Clone, Debug)]
pub struct Hardened {
    /// The layers in order, each with its blob's descriptor.
    pub layers: Vec<(LayerKind, WrittenBlob)>,
    /// The configuration blob.
    pub config: Vec<u8>,
    /// The manifest.
    pub manifest: Vec<u8>,
    /// Digest of the manifest: the hardened image's identity.
    pub digest: Digest,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Writes the hardened image. `runtime` and `application` take the compressed layers; where no path belongs to the
/// application, nothing is written to `application` and the image has one layer. `created` is SOURCE_DATE_EPOCH.
/// A plan that stops ([`Plan::stops`]) is refused.
pub fn apply(
    plan: &Plan,
    tree: &Tree,
    contents: &dyn Contents,
    source: &Source<'_>,
    created: Timestamp,
    runtime: impl Write,
    application: impl Write,
) -> Result<Hardened, HardenError> {
    let stops: Vec<String> = plan.stops().iter().map(|f| format!("{} {}", f.code, f.message)).collect();
    if !stops.is_empty() {
        return Err(HardenError::Stopped(stops));
    }
    let mut layers = vec![(LayerKind::Runtime, layer(plan, tree, contents, created, LayerKind::Runtime, runtime)?)];
    if !plan.application.is_empty() {
        let blob = layer(plan, tree, contents, created, LayerKind::Application, application)?;
        layers.push((LayerKind::Application, blob));
    }
    let time = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let closure = closure_digest(plan);
    let config = config(plan, &layers, &time);
    let mut annotations = BTreeMap::from([
        ("org.opencontainers.image.base.digest".to_owned(), source.digest.to_string()),
        ("org.opencontainers.image.created".to_owned(), time),
        ("dev.plimsoll.closure.digest".to_owned(), closure.to_string()),
        ("dev.plimsoll.compressor".to_owned(), COMPRESSOR.to_owned()),
    ]);
    if let Some(name) = source.name {
        annotations.insert("org.opencontainers.image.base.name".to_owned(), name.to_owned());
    }
    let manifest = Manifest {
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: None,
        config: Descriptor::of(media_type::CONFIG, &config),
        layers: layers.iter().map(|(_, blob)| blob.descriptor.clone()).collect(),
        subject: None,
        annotations: annotations.clone(),
    }
    .to_bytes();
    Ok(Hardened { layers, config, digest: Digest::sha256(&manifest), manifest, annotations })
}

/// A digest over what was kept and why: equal closures have equal digests whatever the files' bytes.
fn closure_digest(plan: &Plan) -> Digest {
    let mut text = String::new();
    for (path, kept) in &plan.kept {
        text.push_str(&format!(
            "{}\0{}\0{}\0{:o}\0{}\0{}\n",
            path,
            kept.rule.id(),
            kept.via,
            kept.mode,
            kept.uid,
            kept.gid
        ));
    }
    Digest::sha256(text.as_bytes())
}

fn layer(
    plan: &Plan,
    tree: &Tree,
    contents: &dyn Contents,
    created: Timestamp,
    kind: LayerKind,
    out: impl Write,
) -> Result<WrittenBlob, HardenError> {
    let epoch = created.as_second();
    let mut tar = TarWriter::new(BlobWriter::new(out));
    // The first path of a content in this layer holds it; the others are hard links to it.
    let mut first: BTreeMap<ContentId, String> = BTreeMap::new();
    for (path, kept) in &plan.kept {
        let is_application = plan.application.contains(path);
        let wanted = match kind {
            LayerKind::Runtime => !is_application,
            // Directories above an application file were written by the runtime layer.
            LayerKind::Application => is_application,
        };
        if !wanted || path == "/" {
            continue;
        }
        let node = tree.get(path);
        let mtime = node.map_or(epoch, |n| n.mtime.min(epoch));
        let mut entry = Entry {
            path: path.clone(),
            kind: EntryKind::Directory,
            size: 0,
            mode: kept.mode,
            uid: kept.uid,
            gid: kept.gid,
            mtime,
            xattrs: Vec::new(),
        };
        if let Some(written) = plan.written.get(path) {
            entry.kind = EntryKind::File;
            entry.mtime = epoch;
            entry.size = written.bytes.len() as u64;
            tar.append(&entry, &mut written.bytes.as_slice())?;
            continue;
        }
        match node.map(|n| &n.kind) {
            None | Some(NodeKind::Directory) => tar.append(&entry, &mut std::io::empty())?,
            Some(NodeKind::Symlink { target }) => {
                entry.kind = EntryKind::Symlink { target: target.clone() };
                entry.mode = 0o777;
                tar.append(&entry, &mut std::io::empty())?;
            }
            Some(NodeKind::File { size, content }) => {
                if let Some(target) = first.get(content) {
                    entry.kind = EntryKind::HardLink { target: target.clone() };
                    tar.append(&entry, &mut std::io::empty())?;
                    continue;
                }
                first.insert(*content, path.clone());
                let bytes = contents
                    .get(*content)
                    .map_err(|source| HardenError::Read { path: path.clone(), source })?
                    .ok_or_else(|| HardenError::NotHeld { path: path.clone() })?;
                if bytes.len() as u64 != *size {
                    return Err(HardenError::NotHeld { path: path.clone() });
                }
                entry.kind = EntryKind::File;
                entry.size = *size;
                tar.append(&entry, &mut &*bytes)?;
            }
            // Device nodes and FIFOs are denied by the plan; one that is there all the same is not written.
            Some(NodeKind::Special { .. }) => {}
        }
    }
    let blob = tar.finish()?;
    let (_, written) = blob.finish().map_err(|source| HardenError::Write { source })?;
    Ok(written)
}

fn config(plan: &Plan, layers: &[(LayerKind, WrittenBlob)], time: &str) -> Vec<u8> {
    let mut config = plan.config.clone();
    config.insert("created".to_owned(), Value::from(time));
    let diff_ids: Vec<String> = layers.iter().map(|(_, b)| b.diff_id.to_string()).collect();
    config.insert("rootfs".to_owned(), json!({"type": "layers", "diff_ids": diff_ids}));
    let history: Vec<Value> = layers
        .iter()
        .map(|(kind, _)| {
            let what = match kind {
                LayerKind::Runtime => "plimsoll harden: runtime",
                LayerKind::Application => "plimsoll harden: application",
            };
            json!({"created": time, "created_by": what})
        })
        .collect();
    config.insert("history".to_owned(), Value::Array(history));
    // Sorted keys: the order of the document that was read must not decide the digest.
    let sorted: BTreeMap<String, Value> = config.into_iter().collect();
    serde_json::to_vec(&sorted).unwrap_or_default()
}
