//! CycloneDX XML, read into the same parts as JSON.

use serde_json::json;

use super::model::{
    Bom, Component, Contact, Dependency, Evidence, External, Hash, License, LicenseChoice, Metadata, Named, Occurrence,
    Property,
};
use crate::read::markup::{self, Fault, Node};

/// What the namespaces of all versions begin with.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// The version that a document's root names, if it is a CycloneDX one.
pub(in crate::read) fn version(text: &str) -> Option<String> {
    let root = markup::root(text).filter(|root| root.name == "bom")?;
    root.namespaces().find_map(|ns| ns.strip_prefix(NAMESPACE)).map(str::to_owned)
}

pub(super) fn read(text: &str) -> Result<Bom, Fault> {
    let mut bom = Bom::default();
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    let root = markup::read(text, |path, node| {
        // The long lists are not kept as elements.
        match (path, node.name.as_str()) {
            (["bom", "components"], "component") => components.push(component(&node)?),
            (["bom", "dependencies"], "dependency") => dependencies.push(dependency(&node)),
            (["bom"], "metadata" | "properties" | "components" | "dependencies") => return Ok(Some(node)),
            // Nothing of what else a document holds is read.
            (["bom"], _) => {}
            _ => return Ok(Some(node)),
        }
        Ok(None)
    })?;
    let fault = |why| Fault { at: 0, why };
    for list in ["components", "dependencies"] {
        root.child(list).map_err(fault)?;
    }
    bom.components = Some(components);
    bom.dependencies = Some(dependencies);
    bom.properties = properties(&root).map_err(fault)?;
    bom.metadata = root.child("metadata").map_err(fault)?.map(metadata).transpose().map_err(fault)?;
    Ok(bom)
}

fn metadata(node: &Node) -> Result<Metadata, String> {
    let mut tools = Vec::new();
    if let Some(node) = node.child("tools")? {
        let list = node.list("components")?.unwrap_or(&node.children);
        for tool in list {
            tools.push(json!({"name": tool.text_of("name")?, "version": tool.text_of("version")?}));
        }
    }
    let authors = node.list("authors")?;
    Ok(Metadata {
        timestamp: node.text_of("timestamp")?,
        tools: Some(json!(tools)),
        authors: authors.map(|list| list.iter().map(named).collect::<Result<_, _>>()).transpose()?,
        component: node.child("component")?.map(component).transpose()?,
    })
}

fn named(node: &Node) -> Result<Named, String> {
    let contacts = node.children.iter().filter(|c| c.name == "contact");
    let contact = contacts.map(|c| Ok(Contact { email: c.text_of("email")? })).collect::<Result<_, String>>()?;
    Ok(Named { name: node.text_of("name")?, contact: Some(contact) })
}

/// A component with those in it. The reader of elements bounds the depth.
fn component(node: &Node) -> Result<Component, String> {
    let inner = node.list("components")?;
    let attribute = |name: &str| node.attribute(name).map(str::to_owned);
    Ok(Component {
        reference: attribute("bom-ref"),
        kind: attribute("type"),
        group: node.text_of("group")?,
        name: node.text_of("name")?,
        version: node.text_of("version")?,
        description: node.text_of("description")?,
        cpe: node.text_of("cpe")?,
        purl: node.text_of("purl")?,
        publisher: node.text_of("publisher")?,
        supplier: node.child("supplier")?.map(named).transpose()?,
        hashes: node.list("hashes")?.map(|list| list.iter().map(hash).collect()),
        licenses: node.list("licenses")?.map(|l| l.iter().map(license).collect::<Result<_, _>>()).transpose()?,
        properties: properties(node)?,
        evidence: node.child("evidence")?.map(evidence).transpose()?,
        external: { node.list("externalReferences")? }
            .map(|list| list.iter().map(external).collect::<Result<_, _>>())
            .transpose()?,
        components: inner.map(|list| list.iter().map(component).collect::<Result<_, _>>()).transpose()?,
    })
}

fn hash(node: &Node) -> Hash {
    Hash { alg: node.attribute("alg").map(str::to_owned), content: Some(node.text.clone()) }
}

fn license(node: &Node) -> Result<LicenseChoice, String> {
    if node.name == "expression" {
        return Ok(LicenseChoice { expression: Some(node.text.clone()), license: None });
    }
    let license = License { id: node.text_of("id")?, name: node.text_of("name")? };
    Ok(LicenseChoice { expression: None, license: Some(license) })
}

fn properties(node: &Node) -> Result<Option<Vec<Property>>, String> {
    let property = |p: &Node| Property { name: p.attribute("name").map(str::to_owned), value: Some(p.text.clone()) };
    Ok(node.list("properties")?.map(|list| list.iter().map(property).collect()))
}

fn evidence(node: &Node) -> Result<Evidence, String> {
    let place = |o: &Node| Ok(Occurrence { location: o.text_of("location")? });
    let list = node.list("occurrences")?;
    let occurrences = list.map(|list| list.iter().map(place).collect::<Result<_, String>>()).transpose()?;
    Ok(Evidence { occurrences })
}

fn external(node: &Node) -> Result<External, String> {
    Ok(External { kind: node.attribute("type").map(str::to_owned), url: node.text_of("url")? })
}

fn dependency(node: &Node) -> Dependency {
    let reference = |node: &Node| node.attribute("ref").unwrap_or_default().to_owned();
    let depends_on = node.children.iter().filter(|c| c.name == "dependency").map(reference).collect();
    Dependency { reference: reference(node), depends_on: Some(depends_on) }
}
