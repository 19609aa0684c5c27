//! `pom.xml` and `pom.properties`: what Maven itself wrote about an artefact.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::coordinates::{Coordinates, part, version};
use super::licenses;
use crate::cataloger::MIB;
use crate::facts::Record;
use crate::link;

/// The largest `pom.xml` that is read.
pub(super) const LIMIT: u64 = 8 * MIB;

/// The most elements of one kind that are kept.
const MAX_LIST: usize = 4096;

/// The longest text of an element that is kept.
const MAX_TEXT: usize = 4096;

/// Elements nested deeper than this are passed over.
const MAX_DEPTH: usize = 32;

/// How often a property may lead to another.
const MAX_STEPS: usize = 16;

/// A `pom.xml`, with its properties filled in as far as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pom {
    /// What it describes; parts that it does not say are empty.
    pub(super) own: Coordinates,
    /// `debian.originalVersion`: Debian's poms replace the version.
    pub(super) original_version: Option<String>,
    /// What it depends on.
    pub(super) dependencies: Vec<Dependency>,
    /// Declared licences, normalised where they can be.
    pub(super) licenses: Vec<String>,
    /// One line.
    pub(super) description: Option<String>,
    /// Home page.
    pub(super) homepage: Option<String>,
}

/// A dependency that its declaring artefact needs to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) coordinates: Coordinates,
    /// Whether it is needed at run time: not for tests only, not provided by others, not optional.
    pub(super) is_needed: bool,
}

impl Pom {
    /// Adds to a record what the pom says besides its identity.
    pub(super) fn describe(&self, record: &mut Record) {
        let needed = self.dependencies.iter().filter(|d| d.is_needed && !d.coordinates.group.is_empty());
        record.wants.extend(needed.map(|d| vec![d.coordinates.name()]));
        record.licenses.extend(self.licenses.iter().cloned());
        record.description = record.description.take().or_else(|| self.description.clone());
        record.homepage = record.homepage.take().or_else(|| self.homepage.clone());
    }
}

/// Elements as they stand, before properties are filled in.
#[derive(Default)]
struct Raw {
    values: BTreeMap<String, String>,
    properties: BTreeMap<String, String>,
    dependencies: Vec<BTreeMap<String, String>>,
    managed: Vec<BTreeMap<String, String>>,
    licenses: Vec<(String, String)>,
}

/// Reads a `pom.xml`. What follows a fault in it is lost, and told.
pub(super) fn parse(bytes: &[u8]) -> (Pom, Option<String>) {
    let (raw, fault) = raw(bytes);
    (fill(&raw), fault)
}

fn raw(bytes: &[u8]) -> (Raw, Option<String>) {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    let (mut out, mut stack, mut text) = (Raw::default(), Vec::<String>::new(), String::new());
    let mut depth = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                depth += 1;
                if depth <= MAX_DEPTH {
                    stack.push(element.local_name().as_ref().to_owned());
                    out.open(&stack);
                }
                text.clear();
            }
            Ok(Event::End(_)) => {
                if depth <= MAX_DEPTH {
                    out.close(&stack, text.trim());
                    stack.pop();
                }
                depth = depth.saturating_sub(1);
                text.clear();
            }
            Ok(Event::Text(piece)) if text.len() < MAX_TEXT => text.push_str(&piece),
            Ok(Event::CData(piece)) if text.len() < MAX_TEXT => text.push_str(&piece),
            Ok(Event::GeneralRef(name)) if text.len() < MAX_TEXT => {
                let plain = match name.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => name.resolve_char_ref().ok().flatten(),
                };
                text.push(plain.unwrap_or(' '));
            }
            Ok(Event::Eof) if depth > 0 => return (out, Some("pom.xml is cut off".to_owned())),
            Ok(Event::Eof) => return (out, None),
            Ok(_) => {}
            Err(error) => return (out, Some(format!("pom.xml cannot be read to its end: {error}"))),
        }
    }
}

impl Raw {
    fn open(&mut self, stack: &[String]) {
        let path: Vec<&str> = stack.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["project", "dependencies", "dependency"] => self.dependencies.push(BTreeMap::new()),
            ["project", "dependencyManagement", "dependencies", "dependency"] => self.managed.push(BTreeMap::new()),
            ["project", "licenses", "license"] => self.licenses.push(Default::default()),
            _ => return,
        }
        self.dependencies.truncate(MAX_LIST);
        self.managed.truncate(MAX_LIST);
        self.licenses.truncate(64);
    }

    fn close(&mut self, stack: &[String], text: &str) {
        if text.is_empty() {
            return;
        }
        let path: Vec<&str> = stack.iter().map(String::as_str).collect();
        let value = || text.to_owned();
        match path.as_slice() {
            ["project", name @ ("groupId" | "artifactId" | "version" | "description" | "url" | "name")] => {
                self.values.insert((*name).to_owned(), value());
            }
            ["project", "parent", name @ ("groupId" | "artifactId" | "version")] => {
                self.values.insert(format!("parent.{name}"), value());
            }
            ["project", "properties", name] if self.properties.len() < MAX_LIST => {
                self.properties.insert((*name).to_owned(), value());
            }
            ["project", "dependencies", "dependency", name] => set(self.dependencies.last_mut(), name, text),
            ["project", "dependencyManagement", "dependencies", "dependency", name] => {
                set(self.managed.last_mut(), name, text);
            }
            ["project", "licenses", "license", "name"] => {
                if let Some(last) = self.licenses.last_mut() {
                    last.0 = value();
                }
            }
            ["project", "licenses", "license", "url"] => {
                if let Some(last) = self.licenses.last_mut() {
                    last.1 = value();
                }
            }
            _ => {}
        }
    }

    /// What a property stands for, before properties in it are filled in.
    fn property(&self, name: &str) -> Option<&str> {
        let own = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")).unwrap_or(name);
        let inherited = || self.values.get(&format!("parent.{own}"));
        let coordinate = || match own {
            "groupId" | "version" => self.values.get(own).or_else(inherited),
            "artifactId" | "parent.groupId" | "parent.artifactId" | "parent.version" => self.values.get(own),
            _ => None,
        };
        self.properties.get(name).or_else(coordinate).map(String::as_str)
    }

    /// `text` with its properties filled in; empty where one is not known.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..MAX_STEPS {
            let Some(open) = text.find("${") else { return text };
            let Some(len) = text.get(open..).and_then(|t| t.find('}')) else { return String::new() };
            let name = text.get(open + 2..open + len).unwrap_or_default();
            let Some(value) = self.property(name) else { return String::new() };
            text =
                [text.get(..open).unwrap_or_default(), value, text.get(open + len + 1..).unwrap_or_default()].concat();
            if text.len() > MAX_TEXT {
                return String::new();
            }
        }
        String::new()
    }
}

fn set(slot: Option<&mut BTreeMap<String, String>>, name: &str, text: &str) {
    if let Some(slot) = slot
        && matches!(name, "groupId" | "artifactId" | "version" | "scope" | "optional" | "type" | "classifier")
    {
        slot.insert(name.to_owned(), text.to_owned());
    }
}

fn fill(raw: &Raw) -> Pom {
    let value = |name: &str| {
        let inherited = || raw.values.get(&format!("parent.{name}")).filter(|_| name != "artifactId");
        raw.values.get(name).or_else(inherited).map(|v| raw.filled(v)).unwrap_or_default()
    };
    let managed: BTreeMap<String, &BTreeMap<String, String>> =
        raw.managed.iter().map(|m| (coordinates(raw, m).name(), m)).collect();
    let dependencies = raw.dependencies.iter().map(|d| {
        let mut coordinates = coordinates(raw, d);
        let rule = managed.get(&coordinates.name());
        let inherited = |name: &str| d.get(name).or_else(|| rule?.get(name)).map(|v| raw.filled(v)).unwrap_or_default();
        if coordinates.version.is_empty() {
            coordinates.version = version(&inherited("version"));
        }
        let is_needed = matches!(inherited("scope").as_str(), "" | "compile" | "runtime")
            && inherited("optional") != "true"
            && !coordinates.artifact.is_empty();
        Dependency { coordinates, is_needed }
    });
    let original = raw.properties.get("debian.originalVersion").map(|v| version(v)).filter(|v| !v.is_empty());
    let licenses = raw.licenses.iter().filter_map(|(name, url)| licenses::of_pom(&raw.filled(name), &raw.filled(url)));
    let line = |name: &str| {
        let text = raw.values.get(name).map(|v| raw.filled(v)).unwrap_or_default();
        link::text(text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").as_bytes())
    };
    Pom {
        own: Coordinates {
            group: part(&value("groupId")),
            artifact: part(&value("artifactId")),
            version: version(&value("version")),
        },
        original_version: original,
        dependencies: dependencies.collect(),
        licenses: licenses.collect(),
        description: line("description").or_else(|| line("name")),
        homepage: line("url").filter(|u| u.starts_with("http")),
    }
}

fn coordinates(raw: &Raw, fields: &BTreeMap<String, String>) -> Coordinates {
    let field = |name: &str| fields.get(name).map(|v| raw.filled(v)).unwrap_or_default();
    Coordinates {
        group: part(&field("groupId")),
        artifact: part(&field("artifactId")),
        version: version(&field("version")),
    }
}

/// The coordinates in a `pom.properties`, which Maven writes beside the pom of what it packs.
pub(super) fn properties(bytes: &[u8]) -> Coordinates {
    let mut out = Coordinates::default();
    for line in bytes.split(|&b| b == b'\n' || b == b'\r') {
        let Some(at) = line.iter().position(|&b| b == b'=' || b == b':') else { continue };
        let (key, value) = line.split_at(at);
        let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default());
        match key.trim_ascii() {
            b"groupId" => out.group = part(value.trim()),
            b"artifactId" => out.artifact = part(value.trim()),
            b"version" => out.version = version(value.trim()),
            _ => {}
        }
    }
    out
}
