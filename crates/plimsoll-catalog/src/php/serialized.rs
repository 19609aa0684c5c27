//! PHP's `serialize` format, as far as PEAR's registry uses it: arrays and scalars.

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Php<'a> {
    Text(&'a [u8]),
    Array(Vec<(&'a [u8], Self)>),
    /// Numbers, booleans and null.
    Other,
}

impl<'a> Php<'a> {
    /// The element of an array.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.elements().iter().find(|(k, _)| *k == key.as_bytes()).map(|(_, v)| v)
    }

    /// The elements of an array; none of anything else.
    pub(super) fn elements(&self) -> &[(&'a [u8], Self)] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    /// A text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(bytes) => crate::link::text(bytes.trim_ascii()),
            _ => None,
        }
    }

    /// The text of an element.
    pub(super) fn member(&self, key: &str) -> Option<String> {
        self.get(key)?.text()
    }
}

/// Reads one value; `None` where it is not well formed.
pub(super) fn read(bytes: &[u8]) -> Option<Php<'_>> {
    Reader { bytes, at: 0 }.value(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Php<'a>> {
        let kind = *self.bytes.get(self.at)?;
        self.at += 1;
        match kind {
            b'N' => {
                self.expect(b';')?;
                Some(Php::Other)
            }
            b'i' | b'b' | b'd' => {
                self.scalar()?;
                Some(Php::Other)
            }
            b's' => self.string().map(Php::Text),
            b'a' if depth < MAX_DEPTH => {
                self.expect(b':')?;
                let count = self.number(b':')?;
                self.expect(b'{')?;
                // The announced count allocates nothing: each element takes bytes of its own.
                let mut elements = Vec::new();
                for _ in 0..count {
                    let key = match self.take()? {
                        b's' => self.string()?,
                        b'i' => self.scalar()?,
                        _ => return None,
                    };
                    elements.push((key, self.value(depth + 1)?));
                }
                self.expect(b'}')?;
                Some(Php::Array(elements))
            }
            _ => None,
        }
    }

    fn take(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.take()? == byte).then_some(())
    }

    /// `:text;`
    fn scalar(&mut self) -> Option<&'a [u8]> {
        self.expect(b':')?;
        let rest = self.bytes.get(self.at..)?;
        let end = memchr::memchr(b';', rest).filter(|end| *end <= 64)?;
        self.at += end + 1;
        rest.get(..end)
    }

    fn number(&mut self, end: u8) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        let length = memchr::memchr(end, rest).filter(|l| *l <= 10)?;
        self.at += length + 1;
        std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()
    }

    /// `:3:"abc";` with its length in bytes; as a key and as a value alike.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b':')?;
        let length = self.number(b':')?;
        self.expect(b'"')?;
        let text = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        self.expect(b'"')?;
        self.expect(b';')?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = b"a:4:{s:4:\"name\";s:3:\"a\"b\";i:0;i:5;s:1:\"n\";N;s:1:\"d\";a:1:{i:0;d:0.5;}}";
        let value = read(text).unwrap();
        assert_eq!(value.member("name").as_deref(), Some("a\"b"));
        assert_eq!(value.get("0"), Some(&Php::Other));
        assert_eq!(value.get("d").unwrap().elements().len(), 1);
        for end in 0..text.len() {
            assert_eq!(read(&text[..end]), None);
        }
        assert_eq!(read(b"a:9999999999:{}"), None);
        assert_eq!(read(b"s:9999999999:\"\";"), None);
        assert_eq!(read(b"a:1:{i:0;".repeat(100_000).as_slice()), None);
    }
}
