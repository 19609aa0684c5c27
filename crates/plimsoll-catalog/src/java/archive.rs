//! One archive and everything in it: its own identity, archives nested in it, and artefacts shaded into it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha1::Digest as _;

use super::coordinates::{Coordinates, FileName, of_path};
use super::identity::{self, Identity};
use super::licenses;
use super::manifest::{self, Manifest};
use super::pom::{self, Pom};
use crate::cataloger::MIB;
use crate::facts::{Facts, File, Record};
use crate::zip::{Archive, Budget, Fault, Member};
use crate::{Ecosystem, Hash, HashAlgorithm, link};

/// Archives nested deeper than this are told, not read. Java itself reads one level, launchers two or three.
const MAX_DEPTH: usize = 8;

/// The most packages that one file is taken to hold; the largest real ones hold some two thousand.
const MAX_RECORDS: usize = 50_000;

/// The most directories under `META-INF/maven` of one archive.
const MAX_POMS: usize = 4096;

/// The most packages of classes that are counted to find the one an archive is mostly made of.
const MAX_PACKAGES: usize = 4096;

/// Extensions of archives.
const EXTENSIONS: &[&str] = &["jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "kar", "lpkg", "aar"];

/// Reads an archive.
pub(super) fn read(file: &File<'_>, out: &mut Facts) {
    // What is taken out of a file is bounded by its own size, with room for small files that are packed tightly.
    let budget = Budget::new((file.bytes.len() as u64).saturating_mul(8).max(256 * MIB));
    let mut walk = Walk { out, budget, is_full: false };
    walk.archive(file.bytes, file.path, "", None, 0);
    within_file(out);
}

/// Dependencies on what the same file holds are resolved there: an application runs with its own libraries, whatever
/// else the image has.
fn within_file(out: &mut Facts) {
    let by_name: HashMap<String, u32> =
        out.records.iter().enumerate().rev().map(|(index, r)| (r.name.clone(), index as u32)).collect();
    if by_name.len() < 2 {
        return;
    }
    for record in &mut out.records {
        let (name, mut needs) = (record.name.clone(), BTreeSet::<u32>::new());
        record.wants.retain(|group| {
            let found = group.iter().find_map(|w| by_name.get(w).filter(|_| *w != name));
            needs.extend(found);
            found.is_none()
        });
        record.needs.extend(needs);
    }
}

/// What an archive says of itself.
#[derive(Default)]
pub(super) struct Evidence<'a> {
    /// Its file name.
    pub(super) file: FileName<'a>,
    /// What a repository's directories say.
    pub(super) path: Option<Coordinates>,
    /// What lies under `META-INF/maven`.
    pub(super) poms: Vec<Embedded>,
    /// The main section of its manifest.
    pub(super) manifest: Manifest,
    /// The directory that most of its classes lie in, at most four components.
    pub(super) package: String,
    /// The licence whose text it holds.
    pub(super) license: Option<String>,
}

/// A directory under `META-INF/maven`.
#[derive(Default)]
pub(super) struct Embedded {
    /// The path of its `pom.properties`, or else of its `pom.xml`.
    pub(super) inner: String,
    pub(super) coordinates: Coordinates,
    pub(super) pom: Pom,
}

struct Walk<'o> {
    out: &'o mut Facts,
    budget: Budget,
    is_full: bool,
}

impl Walk<'_> {
    /// Reads the archive that stands at `path`, or inside the file at `inner`.
    fn archive(&mut self, bytes: &[u8], path: &str, inner: &str, within: Option<u32>, depth: usize) {
        let name = FileName::of(if inner.is_empty() { path } else { inner });
        let archive = match Archive::open(bytes) {
            Ok(archive) => archive,
            // Other things go by the lesser extensions too: recovery volumes, reports of system activity.
            Err(_) if !is_certain(if inner.is_empty() { path } else { inner }) && !bytes.starts_with(b"PK") => return,
            Err(fault) => {
                // That it is there is known by its name, whatever else it holds.
                self.tell(inner, &fault.to_string());
                let evidence =
                    Evidence { file: name, path: of_path(path).filter(|_| inner.is_empty()), ..Evidence::default() };
                self.place(&evidence, &identity::of(&evidence), bytes, inner, within);
                return;
            }
        };
        let contents = self.list(&archive, inner);
        if name.is_sources() && !contents.has_classes {
            return;
        }
        let evidence = self.evidence(&archive, &contents, name, path, inner);
        let identity = identity::of(&evidence);
        let Some(own) = self.place(&evidence, &identity, bytes, inner, within) else { return };
        self.shaded(&evidence, &identity, inner, own);
        drop(evidence);
        for member in &contents.archives {
            if self.is_full {
                return;
            }
            let at = join(inner, &member.text());
            if depth + 1 >= MAX_DEPTH {
                self.tell(&at, "is nested deeper than is read");
                continue;
            }
            match archive.read(member, u64::MAX, &mut self.budget) {
                Ok(nested) => self.archive(&nested, path, &at, Some(own), depth + 1),
                Err(fault) => {
                    self.is_full |= fault == Fault::Exhausted;
                    self.tell(&at, &fault.to_string());
                }
            }
        }
    }

    /// Looks through the archive's directory once.
    fn list<'a>(&mut self, archive: &Archive<'a>, inner: &str) -> Contents<'a> {
        let mut out = Contents::default();
        for member in archive.members() {
            let member = match member {
                Ok(member) if member.is_dir() => continue,
                Ok(member) => member,
                Err(fault) => {
                    self.tell(inner, &fault.to_string());
                    break;
                }
            };
            let name = member.name;
            if name.ends_with(b".class") {
                out.has_classes = true;
            } else if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
                out.manifest.get_or_insert(member);
            } else if name.ends_with(b"/pom.properties") || name.ends_with(b"/pom.xml") {
                if let Some(dir) = maven_dir(&member.text()) {
                    if out.poms.len() >= MAX_POMS && !out.poms.contains_key(dir) {
                        out.has_more_poms = true;
                        continue;
                    }
                    let slot = out.poms.entry(dir.to_owned()).or_default();
                    *(if name.ends_with(b".xml") { &mut slot.1 } else { &mut slot.0 }) = Some(member);
                }
            } else if is_archive(name) {
                out.archives.push(member);
            } else if licenses::is_text(name) {
                out.license.get_or_insert(member);
            }
        }
        if out.has_more_poms {
            self.tell(inner, "holds more artefacts under META-INF/maven than are listed");
        }
        out
    }

    /// Reads what says who the archive is.
    fn evidence<'n>(
        &mut self,
        archive: &Archive<'_>,
        contents: &Contents<'_>,
        file: FileName<'n>,
        path: &str,
        inner: &str,
    ) -> Evidence<'n> {
        let mut out = Evidence { file, path: of_path(path).filter(|_| inner.is_empty()), ..Evidence::default() };
        if let Some(member) = &contents.manifest {
            match archive.start(member, manifest::START, &mut self.budget) {
                Ok(bytes) => out.manifest = manifest::parse(&bytes),
                Err(fault) => self.tell(&join(inner, &member.text()), &fault.to_string()),
            }
        }
        for (dir, (properties, xml)) in &contents.poms {
            let mut found = Embedded::default();
            if let Some(member) = properties {
                found.inner = member.text().into_owned();
                match archive.read(member, MIB, &mut self.budget) {
                    Ok(bytes) => found.coordinates = pom::properties(&bytes),
                    Err(fault) => self.tell(&join(inner, &found.inner), &fault.to_string()),
                }
            }
            if let Some(member) = xml {
                let name = member.text().into_owned();
                match archive.read(member, pom::LIMIT, &mut self.budget) {
                    Ok(bytes) => {
                        let (pom, fault) = pom::parse(&bytes);
                        found.pom = pom;
                        if let Some(fault) = fault {
                            self.tell(&join(inner, &name), &fault);
                        }
                    }
                    Err(fault) => self.tell(&join(inner, &name), &fault.to_string()),
                }
                if found.inner.is_empty() {
                    found.inner = name;
                }
            }
            found.complete(dir);
            if !found.coordinates.artifact.is_empty() {
                out.poms.push(found);
            }
        }
        // Where nothing declares a licence, the text beside the classes does, unless it may be of what was shaded in.
        if out.poms.len() < 2
            && let Some(member) = &contents.license
            && let Ok(bytes) = archive.start(member, licenses::TEXT, &mut self.budget)
        {
            out.license = licenses::of_text(&bytes);
        }
        if out.poms.len() < 2 && contents.has_classes {
            out.package = package(archive);
        }
        out
    }

    /// Places the archive itself.
    fn place(
        &mut self,
        evidence: &Evidence<'_>,
        identity: &Identity,
        bytes: &[u8],
        inner: &str,
        within: Option<u32>,
    ) -> Option<u32> {
        let coordinates = &identity.coordinates;
        let manifest = &evidence.manifest;
        let mut record = record(coordinates, identity.from, inner, within);
        if record.name.is_empty() {
            self.tell(inner, "has no name");
            return None;
        }
        record.hashes = hashes(bytes);
        if let Some(own) = identity.pom.and_then(|i| evidence.poms.get(i)) {
            own.pom.describe(&mut record);
        }
        if record.licenses.is_empty() {
            record.licenses = licenses::of_bundle(manifest.get("bundle-license"));
        }
        if record.licenses.is_empty() {
            record.licenses.extend(evidence.license.clone());
        }
        let line = |name: &str| link::text(manifest.get(name).as_bytes());
        record.description = record.description.or_else(|| line("bundle-description"));
        record.homepage = record.homepage.or_else(|| line("bundle-docurl").filter(|u| u.starts_with("http")));
        self.push(record)
    }

    /// Places what was shaded into the archive that is record `own`.
    fn shaded(&mut self, evidence: &Evidence<'_>, identity: &Identity, inner: &str, own: u32) {
        let mut seen = BTreeSet::from([&identity.coordinates]);
        for (index, embedded) in evidence.poms.iter().enumerate() {
            if identity.pom == Some(index) || !seen.insert(&embedded.coordinates) {
                continue;
            }
            let mut record = record(&embedded.coordinates, "pom.properties", &join(inner, &embedded.inner), Some(own));
            embedded.pom.describe(&mut record);
            if self.push(record).is_none() {
                return;
            }
        }
    }

    fn push(&mut self, record: Record) -> Option<u32> {
        if self.out.records.len() >= MAX_RECORDS {
            if !self.is_full {
                self.is_full = true;
                self.tell("", "holds more packages than are listed");
            }
            return None;
        }
        self.out.records.push(record);
        u32::try_from(self.out.records.len() - 1).ok()
    }

    fn tell(&mut self, inner: &str, why: &str) {
        /// The most problems told of one file.
        const MAX_TROUBLES: usize = 256;
        if self.out.troubles.len() < MAX_TROUBLES {
            let why = if inner.is_empty() { why.to_owned() } else { format!("{inner}: {why}") };
            self.out.trouble(None, why);
        }
    }
}

/// What an archive's directory lists of interest.
#[derive(Default)]
struct Contents<'a> {
    manifest: Option<Member<'a>>,
    /// `pom.properties` and `pom.xml` by their directory.
    poms: BTreeMap<String, (Option<Member<'a>>, Option<Member<'a>>)>,
    archives: Vec<Member<'a>>,
    license: Option<Member<'a>>,
    has_classes: bool,
    has_more_poms: bool,
}

impl Embedded {
    /// Fills what the properties do not say from the pom, and then from the directory.
    fn complete(&mut self, dir: &str) {
        let mut parts = dir.rsplit('/');
        let (artifact, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let own = &mut self.coordinates;
        for (slot, pom, dir) in [
            (&mut own.group, &self.pom.own.group, group),
            (&mut own.artifact, &self.pom.own.artifact, artifact),
            (&mut own.version, &self.pom.own.version, ""),
        ] {
            if slot.is_empty() {
                *slot = if pom.is_empty() { super::coordinates::part(dir) } else { pom.clone() };
            }
        }
    }
}

/// A record of an artefact.
pub(super) fn record(coordinates: &Coordinates, from: &str, inner: &str, within: Option<u32>) -> Record {
    Record {
        ecosystem: Ecosystem::Maven,
        name: coordinates.name(),
        version: coordinates.version.clone(),
        purl: coordinates.purl(),
        inner: inner.to_owned(),
        within,
        properties: vec![("java:identity".to_owned(), from.to_owned())],
        ..Record::default()
    }
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    let hex = |digest: &[u8]| digest.iter().map(|b| format!("{b:02x}")).collect::<String>();
    vec![
        Hash { algorithm: HashAlgorithm::Sha1, hex: hex(&sha1::Sha1::digest(bytes)) },
        Hash { algorithm: HashAlgorithm::Sha256, hex: hex(&sha2::Sha256::digest(bytes)) },
    ]
}

/// The directory `META-INF/maven/<group>/<artifact>` of a pom, wherever in the archive it stands.
fn maven_dir(name: &str) -> Option<&str> {
    let (dir, _) = name.rsplit_once('/')?;
    let at = dir.rfind("META-INF/maven/")?;
    let below = dir.get(at + "META-INF/maven/".len()..)?;
    let starts = at == 0 || dir.as_bytes().get(at - 1) == Some(&b'/');
    (starts && below.split('/').count() == 2).then_some(dir)
}

fn is_archive(name: &[u8]) -> bool {
    // Android's classes lie in an archive of their own, which has no other identity than the whole.
    let extension = name.rsplit(|&b| b == b'.').next().unwrap_or_default();
    name != b"classes.jar"
        && extension.len() < 5
        && EXTENSIONS.iter().any(|e| extension.eq_ignore_ascii_case(e.as_bytes()))
}

/// Whether a path's extension means a Java archive and nothing else.
fn is_certain(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e);
    ["jar", "war", "ear"].iter().any(|e| extension.eq_ignore_ascii_case(e))
}

fn join(inner: &str, name: &str) -> String {
    if inner.is_empty() { name.to_owned() } else { format!("{inner}!{name}") }
}

/// The directory that most classes lie in, by at most four components.
fn package(archive: &Archive<'_>) -> String {
    let mut counts: HashMap<&[u8], u32> = HashMap::new();
    for member in archive.members().map_while(Result::ok) {
        let name = member.name;
        let name =
            name.strip_prefix(b"BOOT-INF/classes/").or_else(|| name.strip_prefix(b"WEB-INF/classes/")).unwrap_or(name);
        // What Spring Boot's launcher brings is not what the archive is made of.
        if !name.ends_with(b".class")
            || [&b"META-INF/"[..], b"org/springframework/boot/loader/"].iter().any(|p| name.starts_with(p))
        {
            continue;
        }
        let ends = memchr::memchr_iter(b'/', name).take(4).last();
        let Some(dir) = ends.and_then(|end| name.get(..end)) else { continue };
        if counts.len() < MAX_PACKAGES || counts.contains_key(dir) {
            *counts.entry(dir).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by_key(|(dir, count)| (*count, std::cmp::Reverse(*dir)));
    most.map(|(dir, _)| String::from_utf8_lossy(dir).into_owned()).unwrap_or_default()
}
