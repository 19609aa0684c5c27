//! JSON written member by member, so that a document never stands in memory as a tree.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// A JSON object that is being written.
pub(super) struct Object<'w> {
    out: &'w mut dyn Write,
    is_first: bool,
}

impl<'w> Object<'w> {
    pub(super) fn begin(out: &'w mut dyn Write) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, is_first: true })
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *self.out, key)?;
        self.out.write_all(b":")
    }

    pub(super) fn member(&mut self, key: &str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        self.key(key)?;
        Ok(serde_json::to_writer(&mut *self.out, value)?)
    }

    /// A list whose items are made one by one.
    pub(super) fn list<T: Serialize>(&mut self, key: &str, items: impl Iterator<Item = T>) -> io::Result<()> {
        self.key(key)?;
        self.out.write_all(b"[")?;
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *self.out, &item)?;
        }
        self.out.write_all(b"]")
    }

    /// As [`Object::list`], and nothing where there are no items.
    pub(super) fn some<T: Serialize>(&mut self, key: &str, items: impl Iterator<Item = T>) -> io::Result<()> {
        let mut items = items.peekable();
        if items.peek().is_none() { Ok(()) } else { self.list(key, items) }
    }

    /// Ends the object, and the line.
    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }
}

/// What stands for the identifier while the document's digest is taken.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// Writes a document whose identifier is derived from its own bytes: once to take their digest, once to keep them.
pub(super) fn identified(
    out: &mut dyn Write,
    render: impl Fn(&str, &mut dyn Write) -> io::Result<()>,
) -> io::Result<String> {
    struct Hasher(Sha256);
    impl Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut hasher = io::BufWriter::new(Hasher(Sha256::new()));
    render(NIL, &mut hasher)?;
    let hasher = hasher.into_inner().map_err(io::IntoInnerError::into_error)?;
    let unique = uuid(hasher.0.finalize().into());
    render(&unique, out)?;
    Ok(unique)
}

/// The same for a document that names its identifier before anything that comes from outside: it is rendered once, and
/// the identifier put in afterwards.
pub(super) fn identified_at_the_head(
    out: &mut dyn Write,
    render: impl Fn(&str, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    render(NIL, &mut bytes)?;
    let unique = uuid(Sha256::digest(&bytes).into());
    match bytes.windows(NIL.len()).position(|window| window == NIL.as_bytes()) {
        Some(at) => {
            out.write_all(&bytes[..at])?;
            out.write_all(unique.as_bytes())?;
            out.write_all(&bytes[at + NIL.len()..])
        }
        None => out.write_all(&bytes),
    }
}

/// A UUID derived from a digest: version 8 (RFC 9562), the variant of RFC 4122.
fn uuid(digest: [u8; 32]) -> String {
    let mut raw = [0_u8; 16];
    raw.copy_from_slice(&digest[..16]);
    raw[6] = raw[6] & 0x0f | 0x80;
    raw[8] = raw[8] & 0x3f | 0x80;
    let hex: String = raw.iter().map(|b| format!("{b:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_form_and_follow_the_content() {
        let unique = |text: &'static str| identified(&mut io::sink(), |id, out| write!(out, "{id}{text}")).unwrap();
        let id = unique("x");
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'8');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        let mut at_the_head = Vec::new();
        identified_at_the_head(&mut at_the_head, |id, out| write!(out, "{id}x{NIL}")).unwrap();
        let twice = |id: &str, out: &mut dyn Write| write!(out, "{id}x{NIL}");
        let mut other = Vec::new();
        identified(&mut other, twice).unwrap();
        assert_eq!(at_the_head, other, "what only looks like it stays");
        assert_eq!(id, unique("x"));
        assert_ne!(id, unique("y"));
    }
}
