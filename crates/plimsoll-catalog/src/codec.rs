//! The bytes in which a layer's facts are kept between runs. Not a public format: [`crate::FACTS_VERSION`] names it, and
//! what cannot be read back is read from the layer again.

use crate::extract::Extracted;
use crate::facts::{Facts, Note, Record};
use crate::{Ecosystem, Hash, HashAlgorithm, SourcePackage};

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

    fn record(&mut self, r: &Record) {
        let ecosystem = Ecosystem::ALL.iter().position(|e| *e == r.ecosystem).map_or(0, |i| i + 1);
        self.number(ecosystem as u64);
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
        self.list(&r.hashes, |e, h| {
            e.number(h.algorithm as u64);
            e.text(&h.hex);
        });
        self.text(&r.inner);
        self.list(&r.wants, |e, group| e.texts(group));
        self.text(&r.scope);
        self.list(&r.needs, |e, n| e.number((*n).into()));
        self.number(r.within.map_or(0, |w| u64::from(w) + 1));
        self.number(r.declared.into());
        self.list(&r.properties, |e, (name, value)| {
            e.text(name);
            e.text(value);
        });
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

    fn record(&mut self) -> Option<Record> {
        let ecosystem = match usize::try_from(self.number()?).ok()? {
            0 => Ecosystem::Other,
            n => *Ecosystem::ALL.get(n - 1)?,
        };
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
            hashes: self.list(|d| {
                let algorithm = *HashAlgorithm::ALL.get(usize::try_from(d.number()?).ok()?)?;
                Some(Hash { algorithm, hex: d.text()? })
            })?,
            inner: self.text()?,
            wants: self.list(Self::texts)?,
            scope: self.text()?,
            needs: self.list(Self::small)?,
            within: self.optional_number()?,
            declared: self.flag()?,
            properties: self.list(|d| Some((d.text()?, d.text()?)))?,
        })
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
