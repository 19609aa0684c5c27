//! XML read into elements: bounded in depth, without entities but those that XML itself defines, and without DTDs.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// How deep elements are nested at most. Real documents stay below twenty.
const MAX_DEPTH: usize = 96;

/// What is wrong with a text document, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// The byte.
    pub(super) at: u64,
    pub(super) why: String,
}

/// An element with all that stands in it.
#[derive(Default)]
pub(super) struct Node {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The namespaces that the element declares.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let declared = self.attributes.iter().filter(|(name, _)| name == "xmlns" || name.starts_with("xmlns:"));
        declared.map(|(_, value)| value.as_str())
    }

    /// The one child of a name. One that stands twice could say one thing to us and another to the next reader.
    pub(super) fn child(&self, name: &str) -> Result<Option<&Self>, String> {
        let mut found = self.children.iter().filter(|c| c.name == name);
        let first = found.next();
        match found.next() {
            Some(_) => Err(format!("<{name}> stands twice in one <{}>", self.name)),
            None => Ok(first),
        }
    }

    /// The text of the one child of a name.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.child(name)?.map(|c| c.text.clone()))
    }

    /// The children of the one child of a name.
    pub(super) fn list(&self, name: &str) -> Result<Option<&[Self]>, String> {
        Ok(self.child(name)?.map(|c| c.children.as_slice()))
    }
}

/// Reads a document. `done` is given each element that ends, with the names of those it stands in, and gives it back
/// where it is to be kept in its parent. The root is what comes back.
pub(super) fn read(
    text: &str,
    mut done: impl FnMut(&[&str], Node) -> Result<Option<Node>, String>,
) -> Result<Node, Fault> {
    let mut reader = Reader::from_str(text);
    let mut stack: Vec<Node> = Vec::new();
    loop {
        let event = reader.read_event();
        let at = reader.buffer_position();
        let fault = |why: String| Fault { at, why };
        let mut end = false;
        match event.map_err(|e| fault(e.to_string()))? {
            Event::Start(start) => stack.push(open(&start).map_err(fault)?),
            Event::Empty(start) => {
                stack.push(open(&start).map_err(fault)?);
                end = true;
            }
            Event::End(_) => end = true,
            Event::Text(text) => put(&mut stack, &text.xml10_content()),
            Event::CData(text) => put(&mut stack, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref().map_err(|e| fault(e.to_string()))? {
                    Some(c) => c,
                    None => match &*reference.xml10_content() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return Err(fault("an entity that XML does not define".to_owned())),
                    },
                };
                put(&mut stack, known.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(fault("a document type definition, which is not read".to_owned())),
            Event::Eof => return Err(fault("the document ends before its root does".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if stack.len() > MAX_DEPTH {
            return Err(fault(format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        if !end {
            continue;
        }
        let Some(node) = stack.pop() else { return Err(fault("an element ends that did not begin".to_owned())) };
        if stack.is_empty() {
            return finished(&mut reader, node);
        }
        let path: Vec<&str> = stack.iter().map(|n| n.name.as_str()).collect();
        let kept = done(&path, node).map_err(fault)?;
        if let Some(parent) = stack.last_mut() {
            parent.children.extend(kept);
        }
    }
}

/// After the root only what says nothing may stand.
fn finished(reader: &mut Reader<&[u8]>, root: Node) -> Result<Node, Fault> {
    loop {
        let event = reader.read_event();
        let at = reader.buffer_position();
        match event.map_err(|e| Fault { at, why: e.to_string() })? {
            Event::Eof => return Ok(root),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Text(text) if text.xml10_content().trim().is_empty() => {}
            _ => return Err(Fault { at, why: "something stands behind the root".to_owned() }),
        }
    }
}

/// The root's start, without reading further.
pub(super) fn root(text: &str) -> Option<Node> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => return open(&start).ok(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Text(_) => {}
            _ => return None,
        }
    }
}

fn put(stack: &mut [Node], text: &str) {
    if let Some(node) = stack.last_mut() {
        node.text.push_str(text);
    }
}

fn open(start: &BytesStart<'_>) -> Result<Node, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Node { name: start.local_name().as_ref().to_owned(), attributes, ..Node::default() })
}
