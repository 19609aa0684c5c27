//! The bytes in which a layer's facts are kept between runs. Not a public format: [`crate::FACTS_VERSION`] names it, and
//! what cannot be read back is read from the layer again.

use crate::extract::Extracted;
use crate::facts::{Facts, Note, Record};
use crate::{Catalog, Distro, Ecosystem, Hash, HashAlgorithm, Package, Problem, SourcePackage};

/// Numbers as LEB128, texts and lists behind their length.
#[derive(Debug, Default)]
pub(crate) struct Encoder(pub(crate) Vec<u8>);

impl Encoder {
    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn option(&mut self, text: Option<&String>) {
        self.number(text.is_some().into());
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(crate) fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        for item in list {
            each(self, item);
        }
    }

    fn texts(&mut self, list: &[String]) {
        self.list(list, |e, t| e.text(t));
    }

    pub(crate) fn extracted(&mut self, x: &Extracted) {
        self.number(x.cataloger.into());
        self.number(x.which.into());
        self.text(&x.root);
        self.list(&x.facts.records, Self::record);
        self.list(&x.facts.notes, |e, n| {
            e.text(&n.kind);
            e.texts(&n.values);
        });
        self.list(&x.facts.troubles, |e, (line, why)| {
            e.number(line.map_or(0, |l| u64::from(l) + 1));
            e.text(why);
        });
    }

    fn ecosystem(&mut self, ecosystem: Ecosystem) {
        let place = Ecosystem::ALL.iter().position(|e| *e == ecosystem).map_or(0, |i| i + 1);
        self.number(place as u64);
    }

    fn hashes(&mut self, hashes: &[Hash]) {
        self.list(hashes, |e, h| {
            e.number(h.algorithm as u64);
            e.text(&h.hex);
        });
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.list(pairs, |e, (name, value)| {
            e.text(name);
            e.text(value);
        });
    }

    /// A catalogue without the files of its packages.
    pub(crate) fn catalog(&mut self, catalog: &Catalog) {
        self.number(catalog.distro.is_some().into());
        if let Some(distro) = &catalog.distro {
            self.text(&distro.id);
            self.text(&distro.version_id);
            self.option(distro.codename.as_ref());
            self.option(distro.pretty_name.as_ref());
        }
        self.list(&catalog.packages, Self::package);
        self.list(&catalog.problems, |e, p| {
            e.text(&p.path);
            e.number(p.line.map_or(0, |l| u64::from(l) + 1));
            e.text(&p.why);
        });
    }

    fn package(&mut self, p: &Package) {
        self.ecosystem(p.ecosystem);
        for text in [&p.name, &p.version, &p.arch, &p.source.name, &p.source.version, &p.purl] {
            self.text(text);
        }
        for list in [&p.cpes, &p.licenses, &p.depends, &p.owners, &p.evidence] {
            self.texts(list);
        }
        for text in [&p.maintainer, &p.description, &p.homepage, &p.download, &p.within] {
            self.option(text.as_ref());
        }
        self.hashes(&p.hashes);
        self.number(p.declared.into());
        self.number(p.first_layer.into());
        self.number(p.layer.into());
        self.pairs(&p.properties);
    }

    fn record(&mut self, r: &Record) {
        self.ecosystem(r.ecosystem);
        self.text(&r.name);
        self.text(&r.version);
        self.text(&r.arch);
        self.number(r.source.is_some().into());
        if let Some(source) = &r.source {
            self.text(&source.name);
            self.text(&source.version);
        }
        self.text(&r.purl);
        for list in [&r.cpes, &r.licenses, &r.provides, &r.owned] {
            self.texts(list);
        }
        for text in [&r.maintainer, &r.description, &r.homepage, &r.download] {
            self.option(text.as_ref());
        }
        self.hashes(&r.hashes);
        self.text(&r.inner);
        self.list(&r.wants, |e, group| e.texts(group));
        self.text(&r.scope);
        self.list(&r.needs, |e, n| e.number((*n).into()));
        self.number(r.within.map_or(0, |w| u64::from(w) + 1));
        self.number(r.declared.into());
        self.pairs(&r.properties);
    }
}

/// Reads what [`Encoder`] wrote. Every method gives `None` where the bytes are not such.
#[derive(Debug)]
pub(crate) struct Decoder<'a>(pub(crate) &'a [u8]);

impl<'a> Decoder<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn option(&mut self) -> Option<Option<String>> {
        if self.flag()? { self.text().map(Some) } else { Some(None) }
    }

    pub(crate) fn list<T>(&mut self, mut each: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        // Every item has a byte at least, so that a false count ends soon; nothing is reserved by it.
        (0..count).map(|_| each(self)).collect()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        self.list(Self::text)
    }

    /// A number that stands for none (0) or itself, moved up by one.
    fn optional_number(&mut self) -> Option<Option<u32>> {
        match self.number()? {
            0 => Some(None),
            n => u32::try_from(n - 1).ok().map(Some),
        }
    }

    pub(crate) fn extracted(&mut self) -> Option<Extracted> {
        Some(Extracted {
            cataloger: u16::try_from(self.number()?).ok()?,
            which: u16::try_from(self.number()?).ok()?,
            root: self.text()?,
            facts: Facts {
                records: self.list(Self::record)?,
                notes: self.list(|d| Some(Note { kind: d.text()?, values: d.texts()? }))?,
                troubles: self.list(|d| Some((d.optional_number()?, d.text()?)))?,
            },
        })
    }

    fn ecosystem(&mut self) -> Option<Ecosystem> {
        match usize::try_from(self.number()?).ok()? {
            0 => Some(Ecosystem::Other),
            n => Ecosystem::ALL.get(n - 1).copied(),
        }
    }

    fn hashes(&mut self) -> Option<Vec<Hash>> {
        self.list(|d| {
            let algorithm = *HashAlgorithm::ALL.get(usize::try_from(d.number()?).ok()?)?;
            Some(Hash { algorithm, hex: d.text()? })
        })
    }

    fn pairs(&mut self) -> Option<Vec<(String, String)>> {
        self.list(|d| Some((d.text()?, d.text()?)))
    }

    /// See [`Encoder::catalog`].
    pub(crate) fn catalog(&mut self) -> Option<Catalog> {
        let distro = match self.flag()? {
            true => Some(Distro {
                id: self.text()?,
                version_id: self.text()?,
                codename: self.option()?,
                pretty_name: self.option()?,
            }),
            false => None,
        };
        let packages = self.list(Self::package)?;
        let problems = self.list(|d| Some(Problem { path: d.text()?, line: d.optional_number()?, why: d.text()? }))?;
        Some(Catalog { distro, packages, problems })
    }

    fn package(&mut self) -> Option<Package> {
        let ecosystem = self.ecosystem()?;
        let (name, version, arch) = (self.text()?, self.text()?, self.text()?);
        let source = SourcePackage { name: self.text()?, version: self.text()? };
        let purl = self.text()?;
        let (cpes, licenses, depends) = (self.texts()?, self.texts()?, self.texts()?);
        let (owners, evidence) = (self.texts()?, self.texts()?);
        let (maintainer, description) = (self.option()?, self.option()?);
        let (homepage, download, within) = (self.option()?, self.option()?, self.option()?);
        Some(Package {
            ecosystem,
            name,
            version,
            arch,
            source,
            purl,
            cpes,
            licenses,
            depends,
            owners,
            evidence,
            maintainer,
            description,
            homepage,
            download,
            within,
            hashes: self.hashes()?,
            declared: self.flag()?,
            first_layer: self.small()?,
            layer: self.small()?,
            properties: self.pairs()?,
            files: Vec::new(),
        })
    }

    fn record(&mut self) -> Option<Record> {
        let ecosystem = self.ecosystem()?;
        let (name, version, arch) = (self.text()?, self.text()?, self.text()?);
        let source = match self.flag()? {
            true => Some(SourcePackage { name: self.text()?, version: self.text()? }),
            false => None,
        };
        let purl = self.text()?;
        let (cpes, licenses, provides, owned) = (self.texts()?, self.texts()?, self.texts()?, self.texts()?);
        let (maintainer, description) = (self.option()?, self.option()?);
        let (homepage, download) = (self.option()?, self.option()?);
        Some(Record {
            ecosystem,
            name,
            version,
            arch,
            source,
            purl,
            cpes,
            licenses,
            provides,
            owned,
            maintainer,
            description,
            homepage,
            download,
            hashes: self.hashes()?,
            inner: self.text()?,
            wants: self.list(Self::texts)?,
            scope: self.text()?,
            needs: self.list(Self::small)?,
            within: self.optional_number()?,
            declared: self.flag()?,
            properties: self.pairs()?,
        })
    }
}

/// What marks a kept catalogue; the version follows.
const MAGIC: &[u8] = b"plimsoll-catalogue\n";

impl Catalog {
    /// The bytes to keep: everything but [`Package::files`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Encoder(MAGIC.to_vec());
        out.number(crate::FACTS_VERSION.into());
        out.catalog(self);
        out.0
    }

    /// What [`Catalog::to_bytes`] gave; `None` for anything else, and for a catalogue of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder(bytes.strip_prefix(MAGIC)?);
        let known = from.number()? == u64::from(crate::FACTS_VERSION);
        let catalog = if known { from.catalog()? } else { return None };
        from.0.is_empty().then_some(catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Extracted {
        let text = |t: &str| t.to_owned();
        let record = Record {
            ecosystem: Ecosystem::Npm,
            name: text("@a/b"),
            version: text("1"),
            arch: text("x"),
            source: Some(SourcePackage { name: text("s"), version: text("2") }),
            purl: text("pkg:npm/%40a/b@1"),
            cpes: vec![text("cpe")],
            licenses: vec![text("MIT")],
            maintainer: Some(text("m")),
            description: None,
            homepage: Some(String::new()),
            download: Some(text("d")),
            hashes: vec![Hash { algorithm: HashAlgorithm::Sha512, hex: text("ab") }],
            inner: text("i"),
            wants: vec![vec![text("w"), text("v")], vec![]],
            provides: vec![text("p")],
            scope: text("/app"),
            needs: vec![0, u32::MAX],
            within: Some(0),
            owned: vec![text("/o")],
            declared: true,
            properties: vec![(text("k"), text("v"))],
        };
        let mut facts = Facts { records: vec![record, Record::default()], ..Facts::default() };
        facts.note("owned", vec![text("/x"), text("")]);
        facts.trouble(Some(u32::MAX), "why");
        facts.trouble(None, "ü");
        Extracted { cataloger: 7, which: 300, root: text("/r"), facts }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = Encoder::default();
        out.extracted(&full());
        let mut decoder = Decoder(&out.0);
        assert_eq!(decoder.extracted().unwrap(), full());
        assert!(decoder.0.is_empty());
    }

    #[test]
    fn catalogues_come_back_without_files() {
        let text = |t: &str| t.to_owned();
        let package = Package {
            ecosystem: Ecosystem::Maven,
            name: text("g:a"),
            version: text("1"),
            arch: text("x"),
            source: SourcePackage { name: text("s"), version: text("2") },
            purl: text("pkg:maven/g/a@1"),
            cpes: vec![text("c")],
            licenses: vec![text("MIT"), text("ISC")],
            maintainer: Some(text("m")),
            description: Some(String::new()),
            homepage: None,
            download: Some(text("d")),
            hashes: vec![Hash { algorithm: HashAlgorithm::Md5, hex: text("00") }],
            depends: vec![text("x@1")],
            within: Some(text("w")),
            owners: vec![text("o")],
            declared: true,
            files: Vec::new(),
            evidence: vec![text("/a!b")],
            first_layer: 1,
            layer: u32::MAX,
            properties: vec![(text("k"), text("v"))],
        };
        let distro =
            Distro { id: text("debian"), version_id: text("12"), codename: None, pretty_name: Some(text("D")) };
        let problem = Problem { path: text("/p"), line: Some(0), why: text("w") };
        let catalog =
            Catalog { distro: Some(distro), packages: vec![package, Package::default()], problems: vec![problem] };
        let bytes = catalog.to_bytes();
        assert_eq!(Catalog::from_bytes(&bytes), Some(catalog));
        assert!((0..bytes.len()).all(|end| Catalog::from_bytes(&bytes[..end]).is_none()));
    }

    #[test]
    fn damaged_bytes_give_nothing() {
        let mut out = Encoder::default();
        out.extracted(&full());
        for end in 0..out.0.len() {
            assert!(Decoder(&out.0[..end]).extracted().is_none(), "{end}");
        }
        for at in 0..out.0.len() {
            let mut bytes = out.0.clone();
            bytes[at] = 0xff;
            let _ = Decoder(&bytes).extracted();
        }
        assert!(Decoder(&[0xff; 12]).number().is_none());
    }
}
