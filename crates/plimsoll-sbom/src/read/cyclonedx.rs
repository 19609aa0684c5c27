//! CycloneDX JSON 1.4 to 1.7.

use plimsoll_catalog::Distro;
use serde::Deserialize;
use serde_json::Value;

use super::collect::{self, Collect, Found};
use crate::{Sbom, Tool};

#[derive(Deserialize)]
struct Bom {
    metadata: Option<Metadata>,
    components: Option<Vec<Component>>,
    dependencies: Option<Vec<Dependency>>,
    properties: Option<Vec<Property>>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<String>,
    /// A list of tools up to 1.4, an object with components since.
    tools: Option<Value>,
    authors: Option<Vec<Named>>,
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    group: Option<String>,
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    purl: Option<String>,
    publisher: Option<String>,
    supplier: Option<Named>,
    hashes: Option<Vec<Hash>>,
    licenses: Option<Vec<LicenseChoice>>,
    properties: Option<Vec<Property>>,
    evidence: Option<Evidence>,
    #[serde(rename = "externalReferences")]
    external: Option<Vec<External>>,
    components: Option<Vec<Self>>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    alg: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct LicenseChoice {
    license: Option<License>,
    expression: Option<String>,
}

#[derive(Deserialize)]
struct License {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Property {
    name: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Evidence {
    occurrences: Option<Vec<Occurrence>>,
}

#[derive(Deserialize)]
struct Occurrence {
    location: Option<String>,
}

#[derive(Deserialize)]
struct External {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn")]
    depends_on: Option<Vec<String>>,
}

pub(super) fn read(bytes: &[u8]) -> Result<Sbom, serde_json::Error> {
    let bom: Bom = serde_json::from_slice(bytes)?;
    let mut out = Collect::default();
    if let Some(metadata) = bom.metadata {
        out.created = metadata.timestamp;
        out.tool = tool(metadata.tools.as_ref());
        out.author = metadata.authors.into_iter().flatten().find_map(|a| a.name);
        if let Some(component) = metadata.component {
            subject(&component, &mut out);
            // Some tools put every component below the one it is about.
            out.components(component.components.into_iter().flatten());
        }
    }
    out.components(bom.components.into_iter().flatten());
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
    Ok(out.finish())
}

fn tool(tools: Option<&Value>) -> Tool {
    let first = tools.and_then(|t| t.get("components").unwrap_or(t).get(0));
    let text = |key: &str| first.and_then(|f| f.get(key)?.as_str()).unwrap_or_default().to_owned();
    Tool { name: text("name"), version: text("version") }
}

fn subject(component: &Component, out: &mut Collect) {
    let hashes = component.hashes.iter().flatten();
    let hash =
        hashes.filter_map(|h| Some((h.alg.as_deref()?, h.content.as_deref()?))).find_map(|(alg, hex)| match alg {
            "SHA-256" => Some(format!("sha256:{hex}")),
            "SHA-512" => Some(format!("sha512:{hex}")),
            _ => None,
        });
    let version = component.version.as_deref();
    out.subject.name = component.name.clone().unwrap_or_default();
    out.subject.digest = collect::image_digest(hash, version, component.purl.as_deref());
    out.subject.version = version.filter(|v| v.parse::<plimsoll_oci::Digest>().is_err()).map(str::to_owned);
    for (name, value) in properties(component) {
        match name {
            "plimsoll:image:tag" => out.subject.version = Some(value.to_owned()),
            "plimsoll:image:platform" => out.subject.platform = value.parse().ok(),
            "plimsoll:image:layer" => out.subject.layers.extend(value.parse()),
            _ => {}
        }
    }
}

fn properties(component: &Component) -> impl Iterator<Item = (&str, &str)> {
    component.properties.iter().flatten().filter_map(|p| Some((p.name.as_deref()?, p.value.as_deref()?)))
}

impl Collect {
    fn components(&mut self, list: impl Iterator<Item = Component>) {
        // Depth first, in order, without recursion; the depth itself is bounded by the JSON reader.
        let mut stack: Vec<Component> = list.collect();
        stack.reverse();
        while let Some(mut component) = stack.pop() {
            let mut inner = component.components.take().unwrap_or_default();
            inner.reverse();
            match component.kind.as_deref() {
                Some("operating-system") => self.system(&component),
                Some("library" | "framework") => self.found.push(found(component)),
                // An application without a package URL is a lock file or the like: not a package.
                Some("application") if component.purl.is_some() => self.found.push(found(component)),
                _ => {}
            }
            stack.extend(inner);
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

fn found(component: Component) -> Found {
    let mut found = Found::default();
    let (mut version, mut release, mut epoch) = (None, None, None);
    for (name, value) in properties(&component) {
        let value = value.to_owned();
        match name {
            "plimsoll:source:name" | "aquasecurity:trivy:SrcName" => found.source.0 = Some(value),
            "plimsoll:source:version" => found.source.1 = Some(value),
            "plimsoll:layer:first" => found.first_layer = value.parse().unwrap_or_default(),
            "plimsoll:layer:last" => found.layer = value.parse().unwrap_or_default(),
            "aquasecurity:trivy:SrcVersion" => version = Some(value),
            "aquasecurity:trivy:SrcRelease" => release = Some(value),
            "aquasecurity:trivy:SrcEpoch" => epoch = Some(value),
            _ => {}
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
    found.evidence = places.filter_map(|o| o.location).collect();
    let external = component.external.into_iter().flatten();
    found.homepage = external.filter(|e| e.kind.as_deref() == Some("website")).find_map(|e| e.url);
    found.name = match (component.group.filter(|g| !g.is_empty()), component.name.unwrap_or_default()) {
        (Some(group), name) => format!("{group}/{name}"),
        (None, name) => name,
    };
    found.reference = component.reference.unwrap_or_default();
    found.version = component.version.unwrap_or_default();
    found.purl = component.purl;
    found.description = component.description;
    // Our own documents write the supplier of every package, and the maintainer only where the record names one.
    let is_ours = found.source.1.is_some() && !found.evidence.is_empty();
    found.maintainer = component.publisher.or_else(|| component.supplier.filter(|_| !is_ours).and_then(|s| s.name));
    found
}
