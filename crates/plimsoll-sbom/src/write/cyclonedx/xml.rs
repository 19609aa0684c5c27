//! CycloneDX 1.6 as XML, in the order that its schema demands.

use std::io::{self, Write};

use super::build::Builder;
use super::model::{
    Choice, Component, Composition, Contact, Dependency, Evidence, External, Hash, Metadata, Organisation, Property,
};

/// Elements being written.
struct Xml<'w> {
    out: &'w mut dyn Write,
}

/// What elements may hold in one line.
type Body<'b> = &'b mut dyn FnMut(&mut Xml<'_>) -> io::Result<()>;

pub(super) fn document(builder: &Builder<'_>, unique: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut xml = Xml { out };
    xml.out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    let serial = format!("urn:uuid:{unique}");
    let attributes =
        [("xmlns", "http://cyclonedx.org/schema/bom/1.6"), ("serialNumber", serial.as_str()), ("version", "1")];
    xml.element("bom", &attributes, &mut |x| {
        x.metadata(&builder.metadata())?;
        x.element("components", &[], &mut |x| builder.components().try_for_each(|c| x.component(&c)))?;
        x.element("dependencies", &[], &mut |x| builder.dependencies().try_for_each(|d| x.dependency(&d)))?;
        x.element("compositions", &[], &mut |x| builder.compositions().try_for_each(|c| x.composition(&c)))?;
        x.properties(&builder.notes().collect::<Vec<_>>())
    })?;
    xml.out.write_all(b"\n")
}

impl Xml<'_> {
    fn element(&mut self, name: &str, attributes: &[(&str, &str)], body: Body<'_>) -> io::Result<()> {
        write!(self.out, "<{name}")?;
        for (key, value) in attributes {
            write!(self.out, " {key}=\"")?;
            self.escaped(value)?;
            self.out.write_all(b"\"")?;
        }
        self.out.write_all(b">")?;
        body(self)?;
        write!(self.out, "</{name}>")
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.element(name, attributes, &mut |x| x.escaped(text))
    }

    /// The element if there is a text.
    fn some(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.filter(|t| !t.is_empty()).map_or(Ok(()), |text| self.text(name, &[], text))
    }

    /// Text with what XML reserves escaped. What XML cannot hold at all becomes the replacement character.
    fn escaped(&mut self, text: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in text.char_indices() {
            let instead: &[u8] = match c {
                '&' => b"&amp;",
                '<' => b"&lt;",
                '>' => b"&gt;",
                '"' => b"&quot;",
                '\t' => b"&#9;",
                '\n' => b"&#10;",
                '\r' => b"&#13;",
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => "\u{fffd}".as_bytes(),
                _ => continue,
            };
            self.out.write_all(&text.as_bytes()[from..at])?;
            self.out.write_all(instead)?;
            from = at + c.len_utf8();
        }
        self.out.write_all(&text.as_bytes()[from..])
    }

    fn metadata(&mut self, metadata: &Metadata<'_>) -> io::Result<()> {
        self.element("metadata", &[], &mut |x| {
            x.text("timestamp", &[], &metadata.timestamp)?;
            x.element("lifecycles", &[], &mut |x| {
                let phase = metadata.lifecycles[0].phase;
                x.element("lifecycle", &[], &mut |x| x.text("phase", &[], phase))
            })?;
            x.element("tools", &[], &mut |x| {
                x.element("components", &[], &mut |x| x.component(&metadata.tools.components[0]))
            })?;
            if !metadata.authors.is_empty() {
                x.element("authors", &[], &mut |x| metadata.authors.iter().try_for_each(|a| x.contact("author", a)))?;
            }
            x.component(&metadata.component)?;
            metadata.manufacturer.iter().try_for_each(|m| x.organisation("manufacturer", m))
        })
    }

    fn contact(&mut self, name: &str, contact: &Contact) -> io::Result<()> {
        self.element(name, &[], &mut |x| {
            x.some("name", contact.name.as_deref())?;
            x.some("email", contact.email.as_deref())
        })
    }

    fn organisation(&mut self, name: &str, organisation: &Organisation) -> io::Result<()> {
        self.element(name, &[], &mut |x| {
            x.text("name", &[], &organisation.name)?;
            organisation.contact.iter().try_for_each(|c| x.contact("contact", c))
        })
    }

    fn component(&mut self, component: &Component<'_>) -> io::Result<()> {
        let mut attributes = vec![("type", component.kind)];
        if !component.reference.is_empty() {
            attributes.push(("bom-ref", &component.reference));
        }
        self.element("component", &attributes, &mut |x| {
            component.supplier.iter().try_for_each(|s| x.organisation("supplier", s))?;
            x.some("publisher", component.publisher)?;
            x.some("group", component.group)?;
            x.text("name", &[], &component.name)?;
            x.some("version", Some(&component.version))?;
            x.some("description", component.description)?;
            x.hashes(&component.hashes)?;
            x.licenses(&component.licenses)?;
            x.some("cpe", component.cpe)?;
            x.some("purl", Some(&component.purl))?;
            x.external(&component.external)?;
            x.properties(&component.properties)?;
            if !component.components.is_empty() {
                let inner = &component.components;
                x.element("components", &[], &mut |x| inner.iter().try_for_each(|c| x.component(c)))?;
            }
            component.evidence.iter().try_for_each(|e| x.evidence(e))
        })
    }

    fn hashes(&mut self, hashes: &[Hash<'_>]) -> io::Result<()> {
        if hashes.is_empty() {
            return Ok(());
        }
        let each = &mut |x: &mut Xml<'_>| hashes.iter().try_for_each(|h| x.text("hash", &[("alg", h.alg)], h.content));
        self.element("hashes", &[], each)
    }

    fn licenses(&mut self, licenses: &[Choice<'_>]) -> io::Result<()> {
        if licenses.is_empty() {
            return Ok(());
        }
        self.element("licenses", &[], &mut |x| {
            licenses.iter().try_for_each(|choice| match choice {
                Choice::Expression { expression, acknowledgement } => {
                    let attributes: Vec<_> = acknowledgement.iter().map(|a| ("acknowledgement", *a)).collect();
                    x.text("expression", &attributes, expression)
                }
                Choice::License { license } => {
                    let attributes: Vec<_> = license.acknowledgement.iter().map(|a| ("acknowledgement", *a)).collect();
                    x.element("license", &attributes, &mut |x| {
                        x.some("id", license.id)?;
                        x.some("name", license.name)
                    })
                }
            })
        })
    }

    fn external(&mut self, references: &[External<'_>]) -> io::Result<()> {
        if references.is_empty() {
            return Ok(());
        }
        self.element("externalReferences", &[], &mut |x| {
            references
                .iter()
                .try_for_each(|r| x.element("reference", &[("type", r.kind)], &mut |x| x.text("url", &[], &r.url)))
        })
    }

    fn properties(&mut self, properties: &[Property<'_>]) -> io::Result<()> {
        if properties.is_empty() {
            return Ok(());
        }
        self.element("properties", &[], &mut |x| {
            properties.iter().try_for_each(|p| x.text("property", &[("name", &p.name)], &p.value))
        })
    }

    fn evidence(&mut self, evidence: &Evidence<'_>) -> io::Result<()> {
        let places = &evidence.occurrences;
        self.element("evidence", &[], &mut |x| {
            x.element("occurrences", &[], &mut |x| {
                places
                    .iter()
                    .try_for_each(|o| x.element("occurrence", &[], &mut |x| x.text("location", &[], o.location)))
            })
        })
    }

    fn dependency(&mut self, dependency: &Dependency<'_>) -> io::Result<()> {
        self.element("dependency", &[("ref", dependency.reference)], &mut |x| {
            dependency.depends_on.iter().try_for_each(|to| x.text("dependency", &[("ref", to)], ""))
        })
    }

    fn composition(&mut self, composition: &Composition<'_>) -> io::Result<()> {
        self.element("composition", &[], &mut |x| {
            x.text("aggregate", &[], composition.aggregate)?;
            for (list, item, references) in [
                ("assemblies", "assembly", &composition.assemblies),
                ("dependencies", "dependency", &composition.dependencies),
            ] {
                if !references.is_empty() {
                    let each =
                        &mut |x: &mut Xml<'_>| references.iter().try_for_each(|r| x.text(item, &[("ref", r)], ""));
                    x.element(list, &[], each)?;
                }
            }
            Ok(())
        })
    }
}
