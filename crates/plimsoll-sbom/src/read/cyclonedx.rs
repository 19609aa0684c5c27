//! CycloneDX 1.4 to 1.7, JSON and XML.

mod model;
mod xml;

use plimsoll_catalog::Distro;
use serde_json::Value;

use self::model::{Bom, Component, LicenseChoice};
use super::collect::{self, Collect, Found};
use super::markup::Fault;
use crate::{Sbom, Tool, identity};

pub(super) use self::xml::version as xml_version;

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    serde_json::from_slice(bytes).map(sbom)
}

pub(super) fn read_xml(text: &str) -> Result<Sbom, Fault> {
    xml::read(text).map(sbom)
}

fn sbom(bom: Bom) -> Sbom {
    let mut out = Collect::default();
    let mut format = 0;
    if let Some(metadata) = bom.metadata {
        out.created = metadata.timestamp;
        out.tool = tool(metadata.tools.as_ref());
        out.author = metadata.authors.into_iter().flatten().find_map(|a| a.name);
        if let Some(component) = metadata.component {
            subject(&component, &mut out);
            let said = properties(&component).find(|(name, _)| *name == "plimsoll:format");
            format = said.map_or(0, |(_, value)| value.parse().unwrap_or(2));
            // Some tools put every component below the one it is about.
            out.components(component.components.into_iter().flatten(), format);
        }
    }
    out.components(bom.components.into_iter().flatten(), format);
    for dependency in bom.dependencies.into_iter().flatten() {
        out.edges.entry(dependency.reference).or_default().extend(dependency.depends_on.into_iter().flatten());
    }
    for (name, value) in bom.properties.into_iter().flatten().filter_map(|p| Some((p.name?, p.value?))) {
        let Ok(value) = serde_json::from_str::<Value>(&value) else { continue };
        match name.as_str() {
            "plimsoll:removed" => out.removed.extend(collect::removed(&value)),
            "plimsoll:problem" => out.problems.extend(collect::problem(&value)),
            _ => {}
        }
    }
    out.finish()
}

fn tool(tools: Option<&Value>) -> Tool {
    let first = tools.and_then(|t| t.get("components").unwrap_or(t).get(0));
    let text = |key: &str| first.and_then(|f| f.get(key)?.as_str()).unwrap_or_default().to_owned();
    Tool { name: text("name"), version: text("version") }
}

fn subject(component: &Component, out: &mut Collect) {
    let hashes = component.hashes.iter().flatten();
    let (hash, sha512) = collect::image_hashes(hashes.filter_map(|h| Some((h.alg.as_deref()?, h.content.as_deref()?))));
    out.subject.sha512 = sha512;
    let version = component.version.as_deref();
    out.subject.name = component.name.clone().unwrap_or_default();
    out.subject.digest = collect::image_digest(hash, version, component.purl.as_deref());
    out.subject.version = version.filter(|v| v.parse::<plimsoll_oci::Digest>().is_err()).map(str::to_owned);
    for (name, value) in properties(component) {
        match name {
            "plimsoll:image:tag" => out.subject.version = Some(value.to_owned()),
            "plimsoll:form" => out.form = collect::form(Some(value)),
            "plimsoll:image:platform" => out.subject.platform = value.parse().ok(),
            "plimsoll:image:layer" | "aquasecurity:trivy:DiffID" => out.subject.layers.extend(value.parse()),
            _ => {}
        }
    }
}

fn properties(component: &Component) -> impl Iterator<Item = (&str, &str)> {
    component.properties.iter().flatten().filter_map(|p| Some((p.name.as_deref()?, p.value.as_deref()?)))
}

impl Collect {
    fn components(&mut self, list: impl Iterator<Item = Component>, format: u32) {
        // Depth first, in order, without recursion; the depth itself is bounded by the readers of JSON and XML.
        let mut stack: Vec<(Component, Option<String>)> = list.map(|c| (c, None)).collect();
        stack.reverse();
        while let Some((mut component, within)) = stack.pop() {
            let inner = component.components.take().unwrap_or_default();
            let is_package = match component.kind.as_deref() {
                Some("library" | "framework") => true,
                // An application without a package URL is a lock file or the like: not a package.
                Some("application") => component.purl.is_some(),
                _ => false,
            };
            if component.kind.as_deref() == Some("operating-system") {
                self.system(&component);
            }
            let mut holder = None;
            if is_package {
                let mut found = found(component, format);
                found.within = found.within.or(within);
                if found.reference.is_empty() && !inner.is_empty() {
                    // No reference of a document holds a control character, so that this is none of them.
                    found.reference = format!("\0{}", self.found.len());
                }
                holder = Some(found.reference.clone()).filter(|r| !r.is_empty());
                self.found.push(found);
            }
            stack.extend(inner.into_iter().rev().map(|c| (c, holder.clone())));
        }
    }

    fn system(&mut self, component: &Component) {
        let id = component.name.clone().unwrap_or_default().to_lowercase();
        if id.is_empty() {
            return;
        }
        if self.distro.as_ref().is_some_and(|d| d.id != id) {
            self.tell(&id, "the document names a second operating system; the first is taken");
            return;
        }
        let codename = properties(component).find(|(n, _)| *n == "plimsoll:distro:codename");
        self.distro = Some(Distro {
            id,
            version_id: component.version.clone().unwrap_or_default(),
            codename: codename.map(|(_, v)| v.to_owned()),
            pretty_name: component.description.clone(),
        });
    }
}

/// `format` is that of our own documents, and 0 of any other.
fn found(component: Component, format: u32) -> Found {
    let mut found = Found { cpes: component.cpe.iter().cloned().collect(), ..Found::default() };
    let (mut version, mut release, mut epoch) = (None, None, None);
    for (name, value) in properties(&component) {
        let text = value.to_owned();
        match name {
            // What other tools call the source does not stand before the package URL, as our own word does.
            "aquasecurity:trivy:SrcName" => found.source.0 = Some(text),
            "aquasecurity:trivy:SrcVersion" => version = Some(text),
            "aquasecurity:trivy:SrcRelease" => release = Some(text),
            "aquasecurity:trivy:SrcEpoch" => epoch = Some(text),
            "aquasecurity:trivy:LayerDiffID" => found.layers.push(text),
            "syft:cpe23" => found.cpes.push(text),
            _ if name.starts_with("syft:location:") && name.ends_with(":path") => found.evidence.push(text),
            _ if name.starts_with("syft:location:") && name.ends_with(":layerID") => found.layers.push(text),
            _ => {
                let Some(own) = name.strip_prefix("plimsoll:") else { continue };
                match own.strip_prefix("package:") {
                    Some(name) => found.properties.push((name.to_owned(), text)),
                    None => _ = found.own(own, value),
                }
            }
        }
    }
    if let Some(version) = version {
        let epoch = epoch.filter(|e| e != "0").map(|e| format!("{e}:")).unwrap_or_default();
        let release = release.map(|r| format!("-{r}")).unwrap_or_default();
        found.source.1 = Some(format!("{epoch}{version}{release}"));
    }
    let license = |c: LicenseChoice| c.expression.or_else(|| c.license.and_then(|l| l.id.or(l.name)));
    found.licenses = component.licenses.into_iter().flatten().filter_map(license).collect();
    let places = component.evidence.and_then(|e| e.occurrences).into_iter().flatten();
    found.evidence.extend(places.filter_map(|o| o.location));
    for hash in component.hashes.into_iter().flatten() {
        found.hash(&hash.alg.unwrap_or_default(), &hash.content.unwrap_or_default());
    }
    for reference in component.external.into_iter().flatten() {
        match reference.kind.as_deref() {
            Some("website") => found.homepage = found.homepage.or(reference.url),
            Some("distribution") => found.download = found.download.or(reference.url),
            _ => {}
        }
    }
    found.name = match (component.group.filter(|g| !g.is_empty()), component.name.unwrap_or_default()) {
        (Some(group), name) => format!("{group}/{name}"),
        (None, name) => name,
    };
    found.reference = component.reference.unwrap_or_default();
    found.version = component.version.unwrap_or_default();
    found.purl = component.purl;
    found.description = component.description;
    // Our own documents write the supplier of every package, and say where it is not the maintainer. Older ones write the
    // maintainer beside it, and those of the first format do not say that they are ours.
    let is_old = format < 3 && (format > 0 || found.beside.contains_key("source:version"));
    let supplier = component.supplier.filter(|_| !is_old && !found.is_supplier_derived);
    let named = supplier.and_then(|s| {
        let mail = s.contact.into_iter().flatten().find_map(|c| c.email).filter(|_| format >= 3);
        Some(identity::contact(&s.name?, mail.as_deref()))
    });
    found.maintainer = component.publisher.or(named);
    found
}
